# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Reading domains: many of them in two round trips."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ..._errors import NotFound, NotSupported, PeerError, StratumError
from ..domains import STATES, DomainRecord, DomainState
from . import protocol
from .client import Call, Client
from .objects import Found, Kind, Objects, Question, uuid_text
from .protocol import Domain, Procedure

DOMAIN = Kind(protocol.LIST_DOMAINS, protocol.DOMAIN_BY_NAME, protocol.DOMAIN_BY_UUID)
ATTEMPTS = 3
"""How often a domain is read that keeps starting or stopping in between."""

LIST_TRANSIENT, LIST_SAVED, LIST_AUTOSTART = 1 << 3, 1 << 8, 1 << 10
STATS_STATE = 1 << 0
_QUESTIONS = {
    "persistent": Question(protocol.DOMAIN_PERSISTENT, (), LIST_TRANSIENT, listed=False),
    "autostart": Question(protocol.DOMAIN_AUTOSTART, (), LIST_AUTOSTART),
    "saved": Question(protocol.DOMAIN_SAVED, (0,), LIST_SAVED),
}
ALL_STATES: Call = (protocol.DOMAIN_STATS, ([], STATS_STATE, 0))
XML_SECURE, XML_INACTIVE = 1 << 0, 1 << 1

_REASONS: dict[int, tuple[str, ...]] = {
    1: (
        "unknown",
        "booted",
        "migrated",
        "restored",
        "from snapshot",
        "unpaused",
        "migration canceled",
        "save canceled",
        "wakeup",
        "crashed",
        "post-copy",
        "post-copy failed",
    ),
    3: (
        "unknown",
        "user",
        "migration",
        "save",
        "dump",
        "I/O error",
        "watchdog",
        "from snapshot",
        "shutting down",
        "snapshot",
        "crashed",
        "starting up",
        "post-copy",
        "post-copy failed",
    ),
    4: ("unknown", "user"),
    5: (
        "unknown",
        "shutdown",
        "destroyed",
        "crashed",
        "migrated",
        "saved",
        "failed",
        "from snapshot",
        "daemon",
    ),
    6: ("unknown", "panicked"),
}
_ACTIVE_ROOT = re.compile(r"\s*<domain\b[^>]*\sid=")


class Reading:
    """What is known of one domain while it is being read. ``None``: not known yet."""

    __slots__ = ("autostart", "config", "domain", "live", "persistent", "reason", "saved", "state")

    def __init__(self, domain: Domain, facts: dict[str, Any]) -> None:
        self.domain = domain
        self.state: int | None = None
        self.reason = 0
        self.persistent: bool | None = facts.get("persistent")
        self.autostart: bool | None = facts.get("autostart")
        self.saved: bool | None = facts.get("saved")
        self.live: str | None = None
        self.config: str | None = None

    @property
    def active(self) -> bool:
        return STATES.get(self.state or 0, DomainState.RUNNING).active

    @property
    def settled(self) -> bool:
        """Whether state and documents are of one moment: only the document of an active domain has its id."""
        return self.active == (self.live is not None and _ACTIVE_ROOT.match(self.live) is not None)

    def record(self, documents: bool) -> DomainRecord:
        state = self.state or 0
        reasons = _REASONS.get(state, ())
        persistent = self.persistent is not False
        return DomainRecord(
            name=self.domain.name,
            uuid=uuid_text(self.domain.uuid),
            state=STATES.get(state, DomainState.RUNNING),
            reason=reasons[self.reason] if 0 <= self.reason < len(reasons) else "unknown",
            persistent=persistent,
            autostart=bool(self.autostart),
            saved=bool(self.saved),
            live=self.live if documents and self.active else None,
            config=self.config if documents and persistent else None,
        )


def read(
    client: Client,
    domains: Objects,
    names: Sequence[str] | None,
    *,
    documents: bool,
    secrets: bool,
    bulk_state: bool,
) -> list[Reading]:
    """Read the domains of these names, all when ``None``. ``bulk_state``: the driver tells all states in one call."""
    ask = _Asking(client, documents=documents, secrets=secrets, bulk_state=bulk_state)
    readings = ask.about(domains.choose(names, _QUESTIONS))
    for _attempt in range(ATTEMPTS if documents else 0):
        # Those that started or stopped while they were being read.
        moved = [reading.domain.name for reading in readings if not reading.settled]
        if not moved:
            break
        found = {each.domain.name: each for each in ask.about(domains.choose(moved, _QUESTIONS))}
        readings = [
            found.get(each.domain.name) or each for each in readings if each.settled or each.domain.name in found
        ]
    return readings


class _Asking:
    """How domains are asked about."""

    def __init__(self, client: Client, *, documents: bool, secrets: bool, bulk_state: bool) -> None:
        self._client = client
        self._documents = documents
        self._flags = XML_SECURE if secrets else 0
        self._bulk_state = bulk_state

    def about(self, found: Sequence[Found]) -> list[Reading]:
        """Ask for everything in one round trip; leave out the domains that are gone."""
        readings = [Reading(domain, facts) for domain, facts in found]
        # Domains of which facts are known already were listed, so there may be many of them.
        bulk = [ALL_STATES] if self._bulk_state and any(facts for _domain, facts in found) else []
        asked = [
            (reading, attribute, procedure, arguments)
            for reading in readings
            for attribute, procedure, arguments in self._questions(reading)
            if not (bulk and attribute == "state")
        ]
        answers = self._client.pipeline(
            [*bulk, *((procedure, (reading.domain, *rest)) for reading, _attribute, procedure, rest in asked)]
        )
        if bulk:
            readings = spread(readings, answers[0])
        gone: set[bytes] = set()
        for (reading, attribute, *_call), answer in zip(asked, answers[len(bulk) :]):
            if isinstance(answer, NotFound):
                gone.add(reading.domain.uuid)
            else:
                _store(reading, attribute, answer)
        return [reading for reading in readings if reading.domain.uuid not in gone]

    def _questions(self, reading: Reading) -> Iterator[tuple[str, Procedure, tuple[Any, ...]]]:
        yield "state", protocol.DOMAIN_STATE, (0,)
        for name, question in _QUESTIONS.items():
            if getattr(reading, name) is None:
                yield name, question.procedure, question.arguments
        if self._documents and reading.domain.id != -1:
            yield "live", protocol.DOMAIN_DOCUMENT, (self._flags,)
        if self._documents:
            yield "config", protocol.DOMAIN_DOCUMENT, (self._flags | XML_INACTIVE,)


def spread(readings: list[Reading], answer: Any) -> list[Reading]:
    """Give each domain the state that was told for all at once; leave out those of which none was told any more."""
    if isinstance(answer, StratumError):
        raise answer
    states = {domain.uuid: values for domain, values in answer}
    for reading in readings:
        values = states.get(reading.domain.uuid, {})
        reading.state, reading.reason = values.get("state.state"), values.get("state.reason", 0)
        if not isinstance(reading.state or 0, int) or not isinstance(reading.reason, int):
            raise PeerError(f"reading statistics of domains: the state of {reading.domain.name} is no number.")
    return [reading for reading in readings if reading.state is not None]


def _store(reading: Reading, attribute: str, answer: Any) -> None:
    if isinstance(answer, NotSupported) and attribute in _QUESTIONS:
        return
    if isinstance(answer, StratumError):
        raise answer
    if attribute == "state":
        reading.state, reading.reason = answer
    else:
        setattr(reading, attribute, answer)
