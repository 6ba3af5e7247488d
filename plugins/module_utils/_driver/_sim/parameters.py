# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a ``sim`` URI may say: the file, and how the node and its guests behave."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ..._errors import InputError
from ..._uri import Uri
from ..base import Capability
from .calls import FAULT_ERRORS, WHEN, call_name
from .model import Fault, Guest

HINT = "See the page about the simulated node in the collection's documentation."
SECONDS_LIMIT = 3600.0
TIMES_LIMIT = 1000000

GUESTS: dict[str, dict[str, bool]] = {
    "normal": {},
    "agent": {"agent": True},
    "deaf": {"acpi": False, "unplug": False, "balloon": False, "network": False},
    "no_acpi": {"acpi": False},
    "no_unplug": {"unplug": False},
    "no_balloon": {"balloon": False},
    "no_network": {"network": False},
}
"""The words of ``guest=``, and what each changes in an ordinary guest."""


@dataclass(frozen=True)
class Settings:
    """What one URI asks for."""

    path: str
    without: frozenset[Capability] = frozenset()
    delay: float = 0.0
    """Seconds that every answer takes."""
    guest: Guest | None = None
    """How guests behave that are asked for something over this connection; ``None``: as they did before."""
    faults: tuple[Fault, ...] = field(default=())
    """Calls that fail on this connection, apart from those in the state file."""


def read_settings(uri: Uri) -> Settings:
    """Read a URI; raise InputError."""
    if uri.host or uri.user or uri.port or uri.transport:
        raise InputError("uri", f"{uri}: a simulated node is a file on this host.", hint="Write sim:///path/to/state.")
    if not uri.path.startswith("/") or uri.path.endswith("/") or "\0" in uri.path:
        raise InputError("uri", f"{uri}: it does not name a file.", hint="Write sim:///path/to/state.")
    for name in uri.parameters:
        if name not in PARAMETERS:
            raise InputError(
                "uri", f"{uri}: the parameter {name!r} is not known.", hint=f"Known: {', '.join(PARAMETERS)}."
            )
    settings = Settings(uri.path)
    for name, read in PARAMETERS.items():
        if name in uri.parameters:
            settings = read(settings, uri.parameters[name])
    return settings


def _words(name: str, text: str) -> list[str]:
    words = text.split(",")
    if not all(words):
        raise InputError("uri", f"{name}={text}: a word is missing.", hint=HINT)
    return words


def _seconds(name: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0.0 <= seconds <= SECONDS_LIMIT:
        raise InputError("uri", f"{name}={text}: not a number of seconds from 0 to {SECONDS_LIMIT:g}.")
    return seconds


def _without(settings: Settings, text: str) -> Settings:
    known = {capability.name.lower(): capability for capability in Capability}
    words = _words("without", text)
    for word in words:
        if word not in known:
            raise InputError("uri", f"without={word}: not a capability.", hint=f"Known: {', '.join(sorted(known))}.")
    return replace(settings, without=frozenset(known[word] for word in words))


def _delay(settings: Settings, text: str) -> Settings:
    return replace(settings, delay=_seconds("delay", text))


def _guest(settings: Settings, text: str) -> Settings:
    changes: dict[str, bool] = {}
    for word in _words("guest", text):
        if word not in GUESTS:
            raise InputError("uri", f"guest={word}: not a kind of guest.", hint=f"Known: {', '.join(GUESTS)}.")
        changes.update(GUESTS[word])
    return replace(settings, guest=Guest(**changes))


def _reaction(settings: Settings, text: str) -> Settings:
    seconds = _seconds("reaction", text)
    return replace(settings, guest=replace(settings.guest or Guest(), reaction=seconds))


def _fail(settings: Settings, text: str) -> Settings:
    return replace(settings, faults=tuple(_fault(word) for word in _words("fail", text)))


def _fault(text: str) -> Fault:
    """Read ``call[:when[:times[:error]]]``."""
    parts = text.split(":")
    fault = Fault(call_name(parts[0], "uri"))
    if len(parts) > 1:
        fault.when = parts[1]
    if len(parts) > 2:
        fault.times = int(parts[2]) if parts[2].isascii() and parts[2].isdigit() else 0
    if len(parts) > 3:
        fault.error = parts[3]
    good = fault.when in WHEN and 1 <= fault.times <= TIMES_LIMIT and fault.error in FAULT_ERRORS and len(parts) < 5
    if not good:
        raise InputError(
            "uri",
            f"fail={text}: not of the form call[:when[:times[:error]]].",
            hint=f"when: {' or '.join(WHEN)}; times: 1 to {TIMES_LIMIT}; error: {', '.join(FAULT_ERRORS)}.",
        )
    return fault


PARAMETERS: dict[str, Callable[[Settings, str], Settings]] = {
    "without": _without,
    "delay": _delay,
    "guest": _guest,
    "reaction": _reaction,
    "fail": _fail,
}
"""``reaction`` stands after ``guest``, which it completes."""
