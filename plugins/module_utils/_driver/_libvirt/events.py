# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Events of one domain, as the daemon tells them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..._deadline import Deadline
from ..._errors import DeadlineExceeded, StratumError
from ..domains import DomainEvent, EventKind, Watch
from . import protocol
from .client import Client, Event
from .protocol import Domain

LIFECYCLE = (
    "defined",
    "undefined",
    "started",
    "suspended",
    "resumed",
    "stopped",
    "shutdown",
    "pm suspended",
    "crashed",
)
AGENT = {1: "connected", 2: "disconnected"}


def _lifecycle(content: tuple[Any, ...]) -> str:
    return LIFECYCLE[content[1]] if 0 <= content[1] < len(LIFECYCLE) else f"event {content[1]}"


def _agent(content: tuple[Any, ...]) -> str:
    return AGENT.get(content[1], f"state {content[1]}")


def _second(content: tuple[Any, ...]) -> str:
    return str(content[1])


_KINDS: dict[int, tuple[int, EventKind, Callable[[tuple[Any, ...]], str]]] = {
    318: (0, EventKind.LIFECYCLE, _lifecycle),
    348: (18, EventKind.AGENT, _agent),
    354: (19, EventKind.DEVICE_ADDED, _second),
    333: (15, EventKind.DEVICE_REMOVED, _second),
    367: (22, EventKind.DEVICE_REMOVAL_FAILED, _second),
    331: (13, EventKind.BALLOON, _second),
}
"""By the procedure that brings it: the number to register for, the kind, and how its detail is said."""


class LibvirtWatch(Watch):
    """Events of one domain."""

    def __init__(self, client: Client, registrations: frozenset[int]) -> None:
        self._client = client
        self._registrations = registrations

    def next(self, deadline: Deadline) -> DomainEvent | None:
        event = self._client.next_event(self._registrations, deadline)
        return None if event is None else _domain_event(event)


def _domain_event(event: Event) -> DomainEvent:
    _number, kind, detail = _KINDS[event.procedure]
    return DomainEvent(kind, event.content[0].name, detail(event.content))


@contextmanager
def watch(client: Client, domain: Domain) -> Iterator[LibvirtWatch]:
    """Register for the events of a domain, and deregister at the end."""
    answers = client.pipeline([(protocol.EVENT_REGISTER, (number, domain)) for number, *_rest in _KINDS.values()])
    registrations = frozenset(answer for answer in answers if not isinstance(answer, StratumError))
    silent = False
    try:
        for answer in answers:
            if isinstance(answer, StratumError):
                raise answer
        yield LibvirtWatch(client, registrations)
    except DeadlineExceeded as error:
        # A daemon that has fallen silent would be waited for once more, and the call on which it did be hidden.
        silent = "outcome_unknown" in error.facts
        raise
    finally:
        if not silent and not client.closed:
            client.pipeline([(protocol.EVENT_DEREGISTER, (number,)) for number in registrations])
            client.drop_events(registrations)
