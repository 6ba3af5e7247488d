# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The form of a simulated node in its state file.

It is checked when it is read: the file may have been edited by hand, and a value of the wrong type must say so there,
not somewhere in the middle of a task.
"""

from __future__ import annotations

import binascii
import json
from base64 import b64decode
from collections.abc import Callable, Container
from dataclasses import asdict
from typing import Any, TypeVar

from ..domains import DomainState, EventKind
from ..storage import PoolState
from .calls import CALLS, FAULT_ERRORS, WHEN
from .model import (
    DUE_ACTIONS,
    FORMAT,
    Domain,
    Due,
    Event,
    Fault,
    Guest,
    Network,
    Piece,
    Pool,
    State,
    Storage,
    Volume,
)

DOMAIN_STATES = frozenset(state.value for state in DomainState)
EVENT_KINDS = frozenset(kind.value for kind in EventKind)
POOL_STATES = frozenset(state.value for state in PoolState)


class NotThisForm(ValueError):
    """The text is not a state of this form; the message says where it differs."""


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
    for name, network in state.networks.items():
        if not (network.live or network.config):
            raise NotThisForm(f"networks.{name}: it has no document")
    for name, pool in state.pools.items():
        _check_pool(state, pool, f"pools.{name}")
    for place, storage in state.storages.items():
        for name, volume in storage.volumes.items():
            _check_volume(volume, f"storages.{place}.{name}")
    for event in state.events:
        _word(event.kind, EVENT_KINDS, "events.kind")
    for fault in state.faults:
        _word(fault.call if "." in fault.call else f"domains.{fault.call}", CALLS, "faults.call")
        _word(fault.when, WHEN, "faults.when")
        _word(fault.error, FAULT_ERRORS, "faults.error")
    return state


def _check_pool(state: State, pool: Pool, where: str) -> None:
    _word(pool.state, POOL_STATES, f"{where}.state")
    if pool.active != PoolState(pool.state).active or not (pool.active or pool.config):
        raise NotThisForm(f"{where}: its state and its documents do not agree")
    if pool.active and pool.storage not in state.storages:
        raise NotThisForm(f"{where}: it is active without the storage {pool.storage!r}")


def _check_volume(volume: Volume, where: str) -> None:
    end = 0
    for piece in volume.content:
        try:
            data = b64decode(piece.data, validate=True)
        except (ValueError, binascii.Error) as error:
            raise NotThisForm(f"{where}: its content is not in base64") from error
        if piece.offset < end or not data:
            raise NotThisForm(f"{where}: its content is not in order")
        end = piece.offset + len(data)


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
_DOCUMENTS: dict[str, Reader] = {"uuid": _WORD, "config": _OPTIONAL, "live": _OPTIONAL, "autostart": _FLAG}
_NETWORK: dict[str, Reader] = {**_DOCUMENTS, "ports": _many(_WORD)}
_POOL: dict[str, Reader] = {**_DOCUMENTS, "storage": _WORD, "state": _WORD}
_VOLUME: dict[str, Reader] = {
    **dict.fromkeys(("path", "document"), _WORD),
    **dict.fromkeys(("capacity", "allocation"), _WHOLE),
    "content": _many(_one({"offset": _WHOLE, "data": _WORD}, Piece)),
    "length": _plain(int, type(None)),
    "mark": _OPTIONAL,
}
_STORAGE: dict[str, Reader] = {"capacity": _WHOLE, "volumes": _named(_one(_VOLUME, Volume))}
_STATE: dict[str, Reader] = {
    **dict.fromkeys(("format", "sequence", "next_identifier"), _WHOLE),
    "host_uuid": _WORD,
    "domains": _named(_one(_DOMAIN, Domain)),
    "networks": _named(_one(_NETWORK, Network)),
    "pools": _named(_one(_POOL, Pool)),
    "storages": _named(_one(_STORAGE, Storage)),
    "events": _many(_one(_EVENT, Event)),
    "faults": _many(_one(_FAULT, Fault)),
}
