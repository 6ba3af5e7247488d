# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""States of a pool: what has to happen to get from any to any other."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from .._driver.storage import PoolState

WANTED = ("present", "active", "inactive", "absent")

CONDITIONS = ("active", "inactive", "building", "degraded", "inaccessible")


class Verb(Enum):
    """One thing that is done to a pool's state, as actions call it."""

    START = "start"
    STOP = "stop"


_STOP: Mapping[str, tuple[Verb, ...]] = {
    "absent": (),
    "inactive": (),
    "active": (Verb.STOP,),
    "degraded": (Verb.STOP,),
    "inaccessible": (Verb.STOP,),
}

_START: Mapping[str, tuple[Verb, ...]] = {
    "absent": (Verb.START,),
    "inactive": (Verb.START,),
    "active": (),
    "degraded": (),
    # Its storage has gone away, and may be back by now.
    "inaccessible": (Verb.STOP, Verb.START),
}

_TRANSITIONS: Mapping[str, Mapping[str, tuple[Verb, ...]]] = {
    "present": dict.fromkeys(("absent", *CONDITIONS), ()),
    "active": _START,
    "inactive": _STOP,
    "absent": _STOP,
}

ACTIVE = ("active", "degraded")
"""Conditions of a pool that is as good as it gets by being started."""


def verbs(condition: str, wanted: str) -> tuple[Verb, ...] | None:
    """Return what leads from a condition to a wanted state; ``None`` when nothing does, as while it is being built."""
    return _TRANSITIONS[wanted].get(condition)


def satisfied(condition: str, wanted: str) -> bool:
    """Whether a pool in this condition is as wanted."""
    if wanted == "active":
        return condition in ACTIVE
    return wanted != "inactive" or condition == "inactive"


def outcome(condition: str, wanted: str) -> str:
    """Return the condition that a pool will be in."""
    if wanted == "active" and condition in ACTIVE:
        return condition
    if wanted in ("active", "inactive"):
        return wanted
    return "inactive" if condition == "absent" else condition


def is_active(condition: str) -> bool:
    """Whether the hypervisor shows the volumes of a pool in this condition."""
    return condition != "absent" and PoolState(condition).active
