# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The one error tree: what was tried, on what, why it failed, what is still known."""

from __future__ import annotations

from collections.abc import Sequence


class StratumError(Exception):
    """Root of every error that this collection raises on purpose.

    ``reason`` is a sentence that names what was tried, on which object and why it failed; ``hint`` says what the
    person can do; ``facts`` are simple values (str, int, bool, list) for the task's result. None of them may hold
    a secret: the message is printed.
    """

    def __init__(self, reason: str, *, hint: str | None = None, **facts: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.facts = facts

    def __str__(self) -> str:
        return f"{self.reason} {self.hint}" if self.hint else self.reason


class InputError(StratumError):
    """What the task asks for cannot be right. Raised before any change."""

    def __init__(self, option: str, reason: str, *, hint: str | None = None, **facts: object) -> None:
        super().__init__(f"{option}: {reason}", hint=hint, option=option, **facts)
        self.option = option


class InvalidDocument(StratumError):
    """A document is not well-formed, not safe to parse, or refused by the hypervisor's schema."""


class StillDifferent(StratumError):
    """Everything was applied, yet reading again shows a difference."""


class DeadlineExceeded(StratumError):
    """Something did not happen in the time that the task gave it."""


class ConnectionFailed(StratumError):
    """The driver could not be reached; nothing was sent."""


class AuthenticationFailed(ConnectionFailed):
    """The peer was reached and does not accept us."""


class PeerError(StratumError):
    """The peer does not speak the protocol as its description says; the connection is closed."""


class OutcomeUnknown(StratumError):
    """The connection died after a request was sent: it may or may not have had its effect."""


class DriverError(StratumError):
    """The hypervisor answered a request with an error.

    ``code`` is the driver's own number for it, ``None`` where it has none.
    """

    def __init__(self, reason: str, *, code: int | None = None, hint: str | None = None, **facts: object) -> None:
        super().__init__(reason, hint=hint, **facts)
        self.code = code


class NotFound(DriverError):
    """The object is not there."""


class AlreadyExists(DriverError):
    """An object with that name or UUID is already there."""


class NotSupported(DriverError):
    """The hypervisor, the driver or its version cannot do this."""


class Denied(DriverError):
    """The peer knows us and does not let us do this."""


class OperationInvalid(DriverError):
    """The object is not in a state in which this can be done."""


class GuestAgentError(DriverError):
    """The guest agent is missing, does not answer, or answered with an error."""


class MissingLibrary(StratumError):
    """A Python library that is needed for this is not installed on the node."""

    def __init__(self, library: str, *, needed_for: str, traceback: str | None = None) -> None:
        super().__init__(f"the Python library {library} is missing, and {needed_for} needs it")
        self.library = library
        self.traceback = traceback


def names(items: Sequence[str]) -> str:
    """Write names as a person would: ``a, b and c``."""
    return f"{', '.join(items[:-1])} and {items[-1]}" if len(items) > 1 else "".join(items)
