# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Reading domains: many of them in two round trips."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from ..._errors import NotFound, NotSupported, PeerError, StratumError
from ..base import DomainRecord, DomainState
from . import protocol
from .client import Call, Client
from .protocol import Domain, Procedure

ONE_BY_ONE = 8
"""Up to so many domains are looked up by name; for more of them everything is listed, which takes fewer calls."""
ATTEMPTS = 3
"""How often a domain is read that keeps starting or stopping in between."""

LIST_TRANSIENT, LIST_SAVED, LIST_AUTOSTART = 1 << 3, 1 << 8, 1 << 10
STATS_STATE = 1 << 0
_FILTERS: tuple[Call, ...] = tuple(
    (protocol.LIST_DOMAINS, (1, each)) for each in (LIST_TRANSIENT, LIST_AUTOSTART, LIST_SAVED)
)
_ALL_STATES: Call = (protocol.DOMAIN_STATS, ([], STATS_STATE, 0))
XML_SECURE, XML_INACTIVE = 1 << 0, 1 << 1

_STATES = {
    0: DomainState.RUNNING,  # hypervisors that do not say more about a domain that is there
    1: DomainState.RUNNING,
    2: DomainState.RUNNING,  # blocked on a resource
    3: DomainState.PAUSED,
    4: DomainState.SHUTTING_DOWN,
    5: DomainState.STOPPED,
    6: DomainState.CRASHED,
    7: DomainState.SUSPENDED,
}
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

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self.state: int | None = None
        self.reason = 0
        self.persistent: bool | None = None
        self.autostart: bool | None = None
        self.saved: bool | None = None
        self.live: str | None = None
        self.config: str | None = None

    @property
    def active(self) -> bool:
        return _STATES.get(self.state or 0, DomainState.RUNNING).active

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
            state=_STATES.get(state, DomainState.RUNNING),
            reason=reasons[self.reason] if 0 <= self.reason < len(reasons) else "unknown",
            persistent=persistent,
            autostart=bool(self.autostart),
            saved=bool(self.saved),
            live=self.live if documents and self.active else None,
            config=self.config if documents and persistent else None,
        )


def uuid_text(uuid: bytes) -> str:
    """Write 16 bytes the way people read a UUID."""
    digits = uuid.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def look_up(client: Client, names: Iterable[str]) -> list[Domain]:
    """Return the domains of these names that exist."""
    return present(client.pipeline([(protocol.DOMAIN_BY_NAME, (name,)) for name in dict.fromkeys(names)]))


def present(answers: Iterable[Any]) -> list[Any]:
    """Return the answers less those that say that the object is gone; raise any other refusal."""
    kept = []
    for answer in answers:
        if isinstance(answer, NotFound):
            continue
        if isinstance(answer, StratumError):
            raise answer
        kept.append(answer)
    return kept


def read(
    client: Client, names: Sequence[str] | None, *, documents: bool, secrets: bool, bulk_state: bool
) -> list[Reading]:
    """Read the domains of these names, all when ``None``. ``bulk_state``: the driver tells all states in one call."""
    if names is not None and len(names) <= ONE_BY_ONE:
        domains, bulk = look_up(client, names), []
    else:
        domains, _count = client.call(protocol.LIST_DOMAINS, 1, 0)
        if names is None:
            domains.sort(key=lambda domain: domain.name)
        else:
            by_name = {domain.name: domain for domain in domains}
            domains = [by_name[name] for name in dict.fromkeys(names) if name in by_name]
        bulk = [*_FILTERS, *((_ALL_STATES,) if bulk_state else ())]
    readings = _complete(client, [Reading(domain) for domain in domains], bulk, documents=documents, secrets=secrets)
    return _settle(client, readings, secrets=secrets) if documents else readings


def _settle(client: Client, readings: list[Reading], *, secrets: bool) -> list[Reading]:
    """Read those again that started or stopped while they were being read."""
    for _attempt in range(ATTEMPTS):
        moved = [reading.domain.name for reading in readings if not reading.settled]
        if not moved:
            break
        again = [Reading(domain) for domain in look_up(client, moved)]
        found = {each.domain.name: each for each in _complete(client, again, [], documents=True, secrets=secrets)}
        readings = [
            found.get(each.domain.name) or each for each in readings if each.settled or each.domain.name in found
        ]
    return readings


def _complete(
    client: Client, readings: list[Reading], bulk: list[Call], *, documents: bool, secrets: bool
) -> list[Reading]:
    """Ask for everything in one round trip, facts in ``bulk`` for all at once; leave out the domains that are gone."""
    flags = XML_SECURE if secrets else 0
    calls = list(bulk)
    places: list[tuple[Reading, str]] = []

    def ask(reading: Reading, attribute: str, procedure: Procedure, *arguments: Any) -> None:
        places.append((reading, attribute))
        calls.append((procedure, (reading.domain, *arguments)))

    for reading in readings:
        if _ALL_STATES not in bulk:
            ask(reading, "state", protocol.DOMAIN_STATE, 0)
        if not bulk:
            ask(reading, "persistent", protocol.DOMAIN_PERSISTENT)
            ask(reading, "autostart", protocol.DOMAIN_AUTOSTART)
            ask(reading, "saved", protocol.DOMAIN_SAVED, 0)
        if documents and reading.domain.id != -1:
            ask(reading, "live", protocol.DOMAIN_DOCUMENT, flags)
        if documents:
            ask(reading, "config", protocol.DOMAIN_DOCUMENT, flags | XML_INACTIVE)
    answers = client.pipeline(calls)
    if bulk:
        readings = _spread(readings, answers[: len(bulk)])
    gone: set[bytes] = set()
    for (reading, attribute), answer in zip(places, answers[len(bulk) :]):
        if isinstance(answer, NotFound):
            gone.add(reading.domain.uuid)
        else:
            _store(reading, attribute, answer)
    return [reading for reading in readings if reading.domain.uuid not in gone]


def _spread(readings: list[Reading], answers: list[Any]) -> list[Reading]:
    """Give each domain what was told for all at once; leave out those of which nothing was told any more."""
    for answer in answers:
        if isinstance(answer, StratumError):
            raise answer
    transient, autostart, saved = ({domain.uuid for domain in domains} for domains, _count in answers[:3])
    for reading in readings:
        uuid = reading.domain.uuid
        reading.persistent = uuid not in transient
        reading.autostart = uuid in autostart
        reading.saved = uuid in saved
    if len(answers) == len(_FILTERS):
        return readings
    states = {domain.uuid: values for domain, values in answers[-1]}
    for reading in readings:
        values = states.get(reading.domain.uuid, {})
        reading.state, reading.reason = values.get("state.state"), values.get("state.reason", 0)
        if not isinstance(reading.state or 0, int) or not isinstance(reading.reason, int):
            raise PeerError(f"reading statistics of domains: the state of {reading.domain.name} is no number.")
    return [reading for reading in readings if reading.state is not None]


def _store(reading: Reading, attribute: str, answer: Any) -> None:
    if isinstance(answer, NotSupported) and attribute in ("persistent", "autostart", "saved"):
        return
    if isinstance(answer, StratumError):
        raise answer
    if attribute == "state":
        reading.state, reading.reason = answer
    else:
        setattr(reading, attribute, answer)
