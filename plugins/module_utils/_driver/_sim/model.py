# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a simulated node remembers, and its form in the state file.

The form is checked when it is read: the file may have been edited by hand, and a value of the wrong type must say
so there, not somewhere in the middle of a task.
"""

from __future__ import annotations

import json
import uuid as uuids
from collections.abc import Callable, Container
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from ..base import DomainState, EventKind
from .calls import CALLS, FAULT_ERRORS, WHEN

FORMAT = 1
"""Raised when an older version of the driver could not read the file any more."""
EVENT_LIMIT = 1000
"""Events that are kept; a watch that falls further behind misses the oldest."""
DOMAIN_STATES = frozenset(state.value for state in DomainState)
EVENT_KINDS = frozenset(kind.value for kind in EventKind)
DUE_ACTIONS = ("boot", "power off", "reboot", "unplug", "balloon")
REACTION = 0.1
"""Seconds after which a guest does what it was asked, when nobody says."""


class NotThisForm(ValueError):
    """The text is not a state of this form; the message says where it differs."""


@dataclass
class Guest:
    """How the operating system in a domain behaves."""

    acpi: bool = True
    """Whether it powers off when the button is pressed."""
    unplug: bool = True
    """Whether it lets go of devices and vCPUs."""
    balloon: bool = True
    """Whether it gives memory back, and takes it."""
    agent: bool = False
    """Whether it runs the guest agent, in a domain that has the channel for it."""
    network: bool = True
    """Whether it asks for an address."""
    reaction: float = REACTION
    """Seconds until it does what it was asked."""


@dataclass
class Due:
    """Something that the guest does when its time has come."""

    at: float
    """Seconds since the epoch: other processes must understand it too."""
    action: str
    """One of ``DUE_ACTIONS``."""
    detail: str = ""


@dataclass
class Domain:
    """One domain."""

    uuid: str
    config: str | None
    live: str | None = None
    saved: str | None = None
    """The document of the managed save image, ``None`` when there is no image."""
    state: str = DomainState.STOPPED.value
    reason: str = "unknown"
    autostart: bool = False
    identifier: int = 0
    """libvirt's id of the running instance."""
    since: float = 0.0
    """When the running instance was started, in seconds since the epoch."""
    booted: bool = False
    """Whether the guest's operating system is up: it has its address and its agent."""
    guest: Guest = field(default_factory=Guest)
    due: list[Due] = field(default_factory=list)
    capacities: dict[str, int] = field(default_factory=dict)
    """Bytes of the disks that were resized, by target."""

    @property
    def active(self) -> bool:
        return self.live is not None


@dataclass
class Event:
    """One event, in the order of ``sequence``."""

    sequence: int
    kind: str
    uuid: str
    name: str
    detail: str


@dataclass
class Fault:
    """A call that is to fail. See docs/sim.md."""

    call: str
    """``start``, ``node.capabilities``… A name without a dot is one of the domains' calls."""
    when: str = "before"
    """``before`` the effect, or ``after`` it."""
    times: int = 1
    """How many times yet."""
    error: str = "refused"
    """Before the effect: ``refused``, ``denied``, ``invalid``, ``unsupported``, ``connection`` or ``deadline``."""


@dataclass
class Volume:
    """One storage volume."""

    path: str
    capacity: int = 0


@dataclass
class Network:
    """One virtual network. Its guests get addresses in ``prefix``.0/24."""

    active: bool = True
    prefix: str = "192.168.122"


@dataclass
class State:
    """Everything that a simulated node remembers."""

    format: int = FORMAT
    host_uuid: str = field(default_factory=lambda: str(uuids.uuid4()))
    sequence: int = 0
    next_identifier: int = 1
    domains: dict[str, Domain] = field(default_factory=dict)
    networks: dict[str, Network] = field(default_factory=lambda: {"default": Network()})
    pools: dict[str, dict[str, Volume]] = field(default_factory=lambda: {"default": {}})
    events: list[Event] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def tell(self, kind: EventKind, name: str, detail: str) -> None:
        """Add an event."""
        self.sequence += 1
        self.events.append(Event(self.sequence, kind.value, self.domains[name].uuid, name, detail))
        del self.events[:-EVENT_LIMIT]


def encode(state: State) -> str:
    """Write a state as text."""
    return json.dumps(asdict(state), indent=1, sort_keys=True) + "\n"


def decode(text: str) -> State:
    """Read a state; raise NotThisForm."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotThisForm(f"it is not JSON ({error})") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise NotThisForm(f"it is not a simulated node of format {FORMAT}")
    state = _record(State, _STATE, data, "")
    for name, domain in state.domains.items():
        _word(domain.state, DOMAIN_STATES, f"domains.{name}.state")
        for due in domain.due:
            _word(due.action, DUE_ACTIONS, f"domains.{name}.due.action")
        if domain.active != DomainState(domain.state).active or not (domain.active or domain.config):
            raise NotThisForm(f"domains.{name}: its state and its documents do not agree")
    for event in state.events:
        _word(event.kind, EVENT_KINDS, "events.kind")
    for fault in state.faults:
        _word(fault.call if "." in fault.call else f"domains.{fault.call}", CALLS, "faults.call")
        _word(fault.when, WHEN, "faults.when")
        _word(fault.error, FAULT_ERRORS, "faults.error")
    return state


def _word(word: str, known: Container[str], where: str) -> None:
    if word not in known:
        raise NotThisForm(f"{where}: {word!r} is not known")


# Reading: one table per record, from the field's name to what reads its value.

Reader = Callable[[Any, str], Any]
Record = TypeVar("Record")


def _record(kind: type[Record], readers: dict[str, Reader], data: object, where: str) -> Record:
    if not isinstance(data, dict):
        raise NotThisForm(f"{where} is not an object")
    unknown = sorted(set(data) - set(readers))
    if unknown:
        raise NotThisForm(f"{where or 'it'} has {unknown[0]!r}, which is not known")
    values = {name: readers[name](value, f"{where}.{name}".lstrip(".")) for name, value in data.items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise NotThisForm(f"{where or 'it'} lacks something ({error})") from error


def _one(readers: dict[str, Reader], kind: type[Record]) -> Reader:
    return lambda value, where: _record(kind, readers, value, where)


def _many(reader: Reader) -> Reader:
    def read(value: object, where: str) -> list[Any]:
        if not isinstance(value, list):
            raise NotThisForm(f"{where} is not a list")
        return [reader(each, f"{where}.{index}") for index, each in enumerate(value)]

    return read


def _named(reader: Reader) -> Reader:
    def read(value: object, where: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise NotThisForm(f"{where} is not an object")
        return {name: reader(each, f"{where}.{name}") for name, each in value.items()}

    return read


def _plain(*kinds: type) -> Reader:
    def read(value: object, where: str) -> object:
        if type(value) not in kinds:
            raise NotThisForm(f"{where} is not of the type {kinds[0].__name__}")
        return value

    return read


_WORD = _plain(str)
_OPTIONAL = _plain(str, type(None))
_FLAG = _plain(bool)
_WHOLE = _plain(int)
_SECONDS = _plain(float, int)
_GUEST = dict.fromkeys(("acpi", "unplug", "balloon", "agent", "network"), _FLAG)
_DUE = {"at": _SECONDS, "action": _WORD, "detail": _WORD}
_DOMAIN: dict[str, Reader] = {
    **dict.fromkeys(("uuid", "state", "reason"), _WORD),
    **dict.fromkeys(("config", "live", "saved"), _OPTIONAL),
    **dict.fromkeys(("autostart", "booted"), _FLAG),
    "identifier": _WHOLE,
    "since": _SECONDS,
    "guest": _one({**_GUEST, "reaction": _SECONDS}, Guest),
    "due": _many(_one(_DUE, Due)),
    "capacities": _named(_WHOLE),
}
_EVENT = {"sequence": _WHOLE, **dict.fromkeys(("kind", "uuid", "name", "detail"), _WORD)}
_FAULT = {"times": _WHOLE, **dict.fromkeys(("call", "when", "error"), _WORD)}
_STATE: dict[str, Reader] = {
    **dict.fromkeys(("format", "sequence", "next_identifier"), _WHOLE),
    "host_uuid": _WORD,
    "domains": _named(_one(_DOMAIN, Domain)),
    "networks": _named(_one({"active": _FLAG, "prefix": _WORD}, Network)),
    "pools": _named(_named(_one({"path": _WORD, "capacity": _WHOLE}, Volume))),
    "events": _many(_one(_EVENT, Event)),
    "faults": _many(_one(_FAULT, Fault)),
}
