# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A survey of domains: one round trip for which there are, and one for what those are that somebody wants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..._deadline import Deadline
from ..._errors import Denied, NotFound, StratumError
from ..domains import Choose
from . import protocol
from .client import Call, Client
from .objects import whole
from .reading import ALL_STATES, LIST_AUTOSTART, LIST_SAVED, LIST_TRANSIENT, XML_INACTIVE, Reading, spread

STATE_LISTS = {1 << 4: 1, 1 << 5: 3, 1 << 6: 5}
"""The numbers of the states of which a list can be had alone, by its flag."""

Question = tuple[str, Call]
"""What is asked about a domain: ``state``, ``live``, ``config`` or ``addresses``."""


class Survey:
    """One survey. ``bulk_state``: the driver tells all states in one call."""

    def __init__(self, client: Client, deadline: Deadline, *, bulk_state: bool) -> None:
        self._client = client
        self._deadline = deadline
        self._bulk_state = bulk_state

    def listed(self, choose: Choose) -> list[Reading]:
        """Return the domains that are wanted, with their states, sorted by name."""
        flags = [0, LIST_TRANSIENT, LIST_AUTOSTART, LIST_SAVED, *(() if self._bulk_state else STATE_LISTS)]
        calls: list[Call] = [(protocol.LIST_DOMAINS, (1, flag)) for flag in flags]
        answers = whole(self._client.pipeline([*calls, *([ALL_STATES] if self._bulk_state else ())], self._deadline))
        domains, *lists = (listed for listed, _count in answers[: len(calls)])
        transient, autostart, saved, *states = ({each.uuid for each in listed} for listed in lists)
        readings = []
        for domain in sorted(domains, key=lambda domain: str(domain.name)):
            uuid = domain.uuid
            facts = {"persistent": uuid not in transient, "autostart": uuid in autostart, "saved": uuid in saved}
            readings.append(Reading(domain, facts))
        if self._bulk_state:
            readings = spread(readings, answers[-1])
        else:
            self._find_states(readings, states)
        return [reading for reading in readings if choose(reading.record(False)._replace(reason="unknown"))]

    def read(
        self, readings: Sequence[Reading], sources: Sequence[int], *, live: bool
    ) -> list[tuple[Reading, list[Any]]]:
        """Ask for documents and addresses; return the domains that are still there, with an answer per source."""
        asked = [(reading, question) for reading in readings for question in self._questions(reading, sources, live)]
        answers = self._client.pipeline([call for _reading, (_what, call) in asked], self._deadline)
        gone: set[bytes] = set()
        addresses: dict[bytes, list[Any]] = {reading.domain.uuid: [] for reading in readings}
        for (reading, (what, _call)), answer in zip(asked, answers):
            uuid, refused = reading.domain.uuid, isinstance(answer, StratumError)
            if what == "addresses":
                if isinstance(answer, Denied):
                    raise answer
                addresses[uuid].append(() if refused else answer)
            elif isinstance(answer, NotFound):
                gone.add(uuid)
            elif what == "state" and not refused:
                reading.state, reading.reason = answer
            elif not refused:
                setattr(reading, what, answer)
        return [(each, addresses[each.domain.uuid]) for each in readings if each.domain.uuid not in gone]

    def _find_states(self, readings: Sequence[Reading], lists: Sequence[set[bytes]]) -> None:
        """Find the states by the lists in which domains are, and ask for the rare ones that have no list."""
        for reading in readings:
            fitting = (state for state, uuids in zip(STATE_LISTS.values(), lists) if reading.domain.uuid in uuids)
            reading.state = next(fitting, None)
        rare = [reading for reading in readings if reading.state is None]
        answers = self._client.pipeline(
            [(protocol.DOMAIN_STATE, (reading.domain, 0)) for reading in rare], self._deadline
        )
        for reading, answer in zip(rare, answers):
            # One that has gone since stays in the survey until its documents are asked for.
            if not isinstance(answer, StratumError):
                reading.state, _reason = answer

    def _questions(self, reading: Reading, sources: Sequence[int], live: bool) -> Iterator[Question]:
        domain, running = reading.domain, reading.active
        if not self._bulk_state:
            # The lists told no reasons.
            yield "state", (protocol.DOMAIN_STATE, (domain, 0))
        if reading.persistent:
            yield "config", (protocol.DOMAIN_DOCUMENT, (domain, XML_INACTIVE))
        if running and (live or not reading.persistent):
            yield "live", (protocol.DOMAIN_DOCUMENT, (domain, 0))
        for source in sources if running else ():
            yield "addresses", (protocol.DOMAIN_ADDRESSES, (domain, source, 0))
