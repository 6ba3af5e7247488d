# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""From libvirt's error numbers to our error tree."""

from __future__ import annotations

import re
from typing import Any

from ..._errors import (
    AlreadyExists,
    AuthenticationFailed,
    DeadlineExceeded,
    Denied,
    DriverError,
    GuestAgentError,
    InvalidDocument,
    NotFound,
    NotSupported,
    OperationInvalid,
    StratumError,
)
from .protocol import QEMU

MESSAGE_LIMIT = 2000
"""Characters of a daemon's message that are passed on."""

INTERNAL, INVALID_ARGUMENT, OPERATION_FAILED, RPC, OPERATION_INVALID = 1, 8, 9, 39, 55
ARGUMENT_UNSUPPORTED = 74

_CLASSES: dict[int, type[DriverError]] = {
    **dict.fromkeys((42, 43, 49, 50, 53, 57, 62, 66, 72, 80, 99, 101, 103, 104, 107), NotFound),
    **dict.fromkeys((28, 37, 76, 90, 106), AlreadyExists),
    **dict.fromkeys((3, RPC, 67, ARGUMENT_UNSUPPORTED, 84), NotSupported),
    **dict.fromkeys((29, 88), Denied),
    **dict.fromkeys((OPERATION_INVALID, 77, 81, 83, 87), OperationInvalid),
    **dict.fromkeys((86, 97), GuestAgentError),
}
_OTHERS: dict[int, type[StratumError]] = {
    **dict.fromkeys((27, 35, 92), InvalidDocument),
    **dict.fromkeys((45, 79, 94), AuthenticationFailed),
    68: DeadlineExceeded,
}
"""Classes outside DriverError: they have no code of their own."""

_HINTS = {
    29: "The connection is read-only: use the daemon's ordinary socket.",
    88: "The node's access rules (polkit) do not allow it to this user.",
    94: "Use become, or add the user to the group libvirt.",
}
_EXISTS_WORDS = {
    **dict.fromkeys(
        (OPERATION_FAILED, OPERATION_INVALID), ("already exists", "already defined with uuid", "is already defined")
    ),
    INTERNAL: ("storage volume name",),
}
_AGENT_CODES = (INTERNAL, OPERATION_FAILED, ARGUMENT_UNSUPPORTED)
"""What a guest agent's refusal looks like when the call went to nobody else."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_UNKNOWN_FLAGS = re.compile(r"\(0x([0-9a-f]{1,16})\)")


class UnknownFlags(NotSupported):
    """The daemon does not know ``flags``, of those it was given."""

    flags = 0


def printable(text: str) -> str:
    """Make one line of bounded length out of what a peer says."""
    cleaned = _CONTROL.sub(" ", text[: MESSAGE_LIMIT + 1]).strip()
    return cleaned if len(cleaned) <= MESSAGE_LIMIT else cleaned[:MESSAGE_LIMIT] + "…"


def from_remote(fields: tuple[Any, ...], what: str, program: int) -> StratumError:
    """Return the exception for an error that the daemon sent as the answer to ``what``."""
    code, message = fields[0], printable(fields[2] or "")
    if not message:
        message = f"libvirt error {code} without a message"
    reason = f"{printable(what)}: {message}{'' if message[-1] in '.!?…' else '.'}"
    hint = _HINTS.get(code)
    if code in _OTHERS:
        return _OTHERS[code](reason, hint=hint, code=code)
    if program == QEMU and code in _AGENT_CODES:
        return GuestAgentError(reason, code=code)
    if code == INVALID_ARGUMENT:
        return _invalid_argument(reason)
    # libvirt has no number of its own for a name that is taken; only its words tell.
    if any(words in message for words in _EXISTS_WORDS.get(code, ())):
        return AlreadyExists(reason, code=code)
    return _CLASSES.get(code, DriverError)(reason, code=code, hint=hint)


def _invalid_argument(reason: str) -> DriverError:
    # Every driver refuses flags in the same words, which may be translated; the number in them is not.
    found = _UNKNOWN_FLAGS.search(reason)
    if not found:
        return DriverError(reason, code=INVALID_ARGUMENT)
    error = UnknownFlags(reason, code=INVALID_ARGUMENT)
    error.flags = int(found.group(1), 16)
    return error
