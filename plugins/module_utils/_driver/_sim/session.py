# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""One connection to a simulated node: every call passes here, and meets its faults here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NoReturn

from ..._deadline import Deadline
from ..._errors import ConnectionFailed, DeadlineExceeded, NotSupported, OutcomeUnknown, StratumError
from ..base import Capability
from .calls import CALLS, FAULT_ERRORS, READING
from .guest import settle
from .model import Fault, State
from .parameters import Settings
from .store import Store

NEVER = frozenset({Capability.NODE_FILES})
"""The simulated domains' files are words in their documents: none of them is on this host."""


class Session:
    """An open connection. ``timeout`` is how many seconds the node may take to answer a call."""

    def __init__(self, settings: Settings, timeout: float) -> None:
        self.settings = settings
        self.capabilities = frozenset(Capability) - NEVER - settings.without
        self.store = Store(settings.path)
        self._timeout = timeout
        # Copies, because they count down: they are this connection's.
        self._faults = [replace(fault) for fault in settings.faults]
        self._ended: str | None = None
        self._busy: str | None = None

    def close(self) -> None:
        """Refuse all further calls."""
        self._ended = self._ended or "it was closed"

    def require(self, capability: Capability, what: str) -> None:
        """Raise NotSupported when the node cannot do this."""
        if capability not in self.capabilities:
            raise NotSupported(f"{what}: this simulated node cannot {capability.value}.")

    @contextmanager
    def call(self, name: str, what: str, partly: Callable[[State], None] | None = None) -> Iterator[State]:
        """Make one call: the state as it is now, saved again when the call succeeds.

        ``what`` says in messages what was tried, on which object; ``partly`` does what a call of some length has done
        when it fails.
        """
        self._usable(what)
        needed = CALLS[name]
        if needed is not None:
            self.require(needed, what)
        time.sleep(min(self.settings.delay, self._timeout))
        with self.store.locked(Deadline(self._timeout)):
            state = self.store.load()
            fault = self._fault(state, name)
            settled = settle(state, time.time())
            if fault is not None and fault.when == "before":
                if partly is not None:
                    partly(state)
                self.store.save(state)
                self._fail(fault, what, sent=partly is not None)
            yield state
            if name not in READING or settled or fault is not None:
                self.store.save(state)
        self._answer(name, what, fault)

    @contextmanager
    def glance(self, what: str) -> Iterator[State]:
        """Look at the state without making a call: no delay, no faults."""
        self._usable(what)
        with self.store.locked(Deadline(self._timeout)):
            state = self.store.load()
            if settle(state, time.time()):
                self.store.save(state)
            yield state

    @contextmanager
    def aside(self) -> Iterator[State]:
        """Change the state without making a call: something that was begun has an effect although it was given up."""
        with self.store.locked(Deadline(self._timeout)):
            state = self.store.load()
            yield state
            self.store.save(state)

    @contextmanager
    def busy(self, what: str) -> Iterator[None]:
        """Refuse all calls while a volume's content is written or read."""
        self._usable(what)
        self._busy = what
        try:
            yield
        finally:
            self._busy = None

    def _usable(self, what: str) -> None:
        if self._busy is not None:
            raise StratumError(f"{what}: this connection is {self._busy}, and can do nothing else until that ends.")
        if self._ended is not None:
            raise ConnectionFailed(f"{what}: the connection to the simulated node is closed, because {self._ended}.")

    def _fault(self, state: State, name: str) -> Fault | None:
        """Take one fault for this call, the connection's own first."""
        for faults in (self._faults, state.faults):
            for fault in faults:
                if name in (fault.call, f"domains.{fault.call}") and fault.times > 0:
                    fault.times -= 1
                    if not fault.times:
                        faults.remove(fault)
                    return fault
        return None

    def _fail(self, fault: Fault, what: str, *, sent: bool) -> None:
        kind, reason = FAULT_ERRORS[fault.error]
        if issubclass(kind, ConnectionFailed):
            self._ended = "it failed earlier"
            if sent:
                self._lose(what)
        raise kind(f"{what}: {reason}.")

    def _answer(self, name: str, what: str, fault: Fault | None) -> None:
        """Lose the answer where a fault says so, or when it comes too late."""
        reading = name in READING
        if fault is not None:
            self._ended = "it failed earlier"
            if reading:
                raise ConnectionFailed(f"{what}: the connection to the simulated node failed.")
            self._lose(what)
        if self.settings.delay > self._timeout:
            raise DeadlineExceeded(
                f"{what}: the simulated node did not answer within {self._timeout:g} s.",
                hint=None if reading else "It may still happen.",
                outcome_unknown=not reading,
            )

    def _lose(self, what: str) -> NoReturn:
        raise OutcomeUnknown(
            f"{what}: the connection to the simulated node failed before the answer came.",
            hint="It may or may not have happened.",
        )
