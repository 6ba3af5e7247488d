# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""States of a domain: what has to happen to get from any to any other.

Conditions are what a domain is in; wanted states are what a task may ask for. Both are words of the task's result.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from .._driver.base import Capability
from .._driver.domains import DomainRecord, DomainState

WANTED = ("present", "running", "stopped", "paused", "saved", "restarted", "absent")
WITHOUT_GUEST = ("stopped", "saved", "crashed")
"""The conditions in which there is nothing that could answer."""


class Verb(Enum):
    """One thing that is done to a domain's state, as actions call it."""

    START = "start"
    START_PAUSED = "start paused"
    RESUME = "resume"
    SUSPEND = "suspend"
    SHUTDOWN = "shut down"
    AWAIT_STOP = "wait until it has stopped"
    SAVE = "save"
    DISCARD_SAVE = "discard the saved memory"
    DESTROY = "end the crashed instance"


NEEDS: Mapping[Verb, Capability] = {
    Verb.START_PAUSED: Capability.START_PAUSED,
    Verb.RESUME: Capability.SUSPEND,
    Verb.SUSPEND: Capability.SUSPEND,
    Verb.SHUTDOWN: Capability.SHUTDOWN,
    Verb.SAVE: Capability.MANAGED_SAVE,
    Verb.DISCARD_SAVE: Capability.MANAGED_SAVE,
}

_STOP: Mapping[str, tuple[Verb, ...]] = {
    "stopped": (),
    # Saved memory belongs to a guest that never shut down: it gets the chance to do so.
    "saved": (Verb.START, Verb.SHUTDOWN),
    "running": (Verb.SHUTDOWN,),
    "paused": (Verb.RESUME, Verb.SHUTDOWN),
    "suspended": (Verb.RESUME, Verb.SHUTDOWN),
    "crashed": (Verb.DESTROY,),
    "shutting down": (Verb.AWAIT_STOP,),
}

_RUN: Mapping[str, tuple[Verb, ...]] = {
    "stopped": (Verb.START,),
    "saved": (Verb.START,),
    "running": (),
    "paused": (Verb.RESUME,),
    "suspended": (Verb.RESUME,),
    "crashed": (Verb.DESTROY, Verb.START),
    "shutting down": (Verb.AWAIT_STOP, Verb.START),
}

_PAUSE: Mapping[str, tuple[Verb, ...]] = {
    "stopped": (Verb.START_PAUSED,),
    "saved": (Verb.START_PAUSED,),
    "running": (Verb.SUSPEND,),
    "paused": (),
    "suspended": (Verb.RESUME, Verb.SUSPEND),
    "crashed": (Verb.DESTROY, Verb.START_PAUSED),
    "shutting down": (Verb.AWAIT_STOP, Verb.START_PAUSED),
}

_SAVE: Mapping[str, tuple[Verb, ...]] = {
    # A domain that does not run has no memory to save.
    "stopped": (),
    "saved": (),
    "running": (Verb.SAVE,),
    "paused": (Verb.SAVE,),
    "suspended": (Verb.RESUME, Verb.SAVE),
    "crashed": (Verb.DESTROY,),
    "shutting down": (Verb.AWAIT_STOP,),
}

_TRANSITIONS: Mapping[str, Mapping[str, tuple[Verb, ...]]] = {
    "present": dict.fromkeys(_STOP, ()),
    "running": _RUN,
    "stopped": _STOP,
    "paused": _PAUSE,
    "saved": _SAVE,
    "restarted": {condition: (*verbs, Verb.START) for condition, verbs in _STOP.items()},
    "absent": {**_STOP, "saved": ()},
}

_SATISFIED_BY: Mapping[str, frozenset[str]] = {
    "running": frozenset(("running",)),
    "stopped": frozenset(("stopped",)),
    "paused": frozenset(("paused",)),
    "saved": frozenset(("saved", "stopped")),
    "restarted": frozenset(("running",)),
}


def condition_of(record: DomainRecord) -> str:
    """Return the one word for what a domain is in: ``saved`` when its memory waits in a managed save image."""
    if record.state is DomainState.STOPPED and record.saved:
        return "saved"
    return record.state.value


def verbs(condition: str, wanted: str, *, force: bool) -> tuple[Verb, ...]:
    """Return what leads from a condition to a wanted state; ``force`` consents to the loss of saved memory."""
    if condition == "saved" and wanted == "stopped" and force:
        return (Verb.DISCARD_SAVE,)
    return _TRANSITIONS[wanted][condition]


def satisfied(condition: str, wanted: str) -> bool:
    """Whether a domain in this condition is as wanted."""
    return wanted not in _SATISFIED_BY or condition in _SATISFIED_BY[wanted]


def outcome(condition: str, wanted: str) -> str:
    """Return the condition that a domain will be in."""
    if wanted in ("present", "absent"):
        return condition
    if wanted == "saved":
        return "saved" if condition in ("saved", "running", "paused", "suspended") else "stopped"
    return "running" if wanted == "restarted" else wanted
