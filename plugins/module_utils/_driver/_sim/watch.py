# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Events of a simulated domain, read from the log in the state file."""

from __future__ import annotations

import time
from collections import deque

from ..._deadline import Deadline
from ..domains import DomainEvent, EventKind, Watch
from .model import Event
from .session import Session

PAUSE = 0.025
"""Seconds between two looks at the state file; a look is one system call unless it was replaced."""
LOOK = 0.2
"""Seconds after which the file is read although nobody replaced it: a guest may have something to do by itself."""


class SimWatch(Watch):
    """The events of one domain after a moment of the log."""

    def __init__(self, session: Session, name: str, uuid: str, sequence: int) -> None:
        self._session = session
        self._what = f"watching the domain {name!r}"
        self._uuid = uuid
        self._sequence = sequence
        self._waiting: deque[Event] = deque()
        self._mark: tuple[int, int] | None = None
        self._look_at = 0.0

    def next(self, deadline: Deadline) -> DomainEvent | None:
        while not self._waiting:
            self._look()
            if self._waiting:
                break
            if deadline.passed:
                return None
            time.sleep(min(PAUSE, deadline.remaining()))
        event = self._waiting.popleft()
        return DomainEvent(EventKind(event.kind), event.name, event.detail)

    def _look(self) -> None:
        """Read the log when there may be something new in it."""
        mark = self._session.store.mark()
        if mark == self._mark and time.monotonic() < self._look_at:
            return
        with self._session.glance(self._what) as state:
            new = [event for event in state.events if event.sequence > self._sequence]
            self._sequence = state.sequence
            due = [each.at - time.time() for domain in state.domains.values() for each in domain.due]
        self._waiting.extend(event for event in new if event.uuid == self._uuid)
        self._mark = mark
        self._look_at = time.monotonic() + max(0.0, min([LOOK, *due]))
