# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Many nodes at the same time, none of which can hold up the others."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from ...module_utils._deadline import Deadline
from ...module_utils._errors import DeadlineExceeded

T = TypeVar("T")
GRACE = 0.5
"""Seconds after the deadline in which a thread can still say by itself what it was waiting for."""


class Job(NamedTuple):
    """Something to do in a thread of its own."""

    what: str
    """In the words of a message: ``reading the node kvm1``."""
    seconds: float
    work: Callable[[Deadline], Any]


class Outcome(Generic[T]):
    """What became of a job: a value, or an error."""

    def __init__(self, number: int, value: T | None = None, error: BaseException | None = None) -> None:
        self.number = number
        """Which of the jobs it was."""
        self.value = value
        self.error = error


def run_all(jobs: Sequence[Job], limit: int) -> Iterator[Outcome[Any]]:
    """Yield the outcome of each job as it comes, with at most ``limit`` of them under way at the same time.

    A job that goes on after its deadline is left alone: it is late, and its thread counts no more. Nothing waits for
    such a thread, not even the end of the process, because it may be in a call that never comes back.
    """
    waiting = deque(enumerate(jobs))
    running: dict[int, tuple[Deadline, Deadline]] = {}
    finished: queue.SimpleQueue[Outcome[Any]] = queue.SimpleQueue()
    while waiting or running:
        while waiting and len(running) < limit:
            number, job = waiting.popleft()
            running[number] = (Deadline(job.seconds), Deadline(job.seconds + GRACE))
            arguments = (number, job, running[number][0], finished)
            threading.Thread(target=_run, args=arguments, name=job.what, daemon=True).start()
        patience = min(last.remaining() for _deadline, last in running.values())
        try:
            outcome = finished.get(timeout=patience)
        except queue.Empty:
            for number in [number for number, (_deadline, last) in running.items() if last.passed]:
                deadline, _last = running.pop(number)
                yield Outcome(number, error=late(jobs[number].what, deadline.seconds))
            continue
        if running.pop(outcome.number, None) is not None:
            yield outcome


def late(what: str, seconds: float) -> DeadlineExceeded:
    """Return the error for something that was not done in its time."""
    return DeadlineExceeded(f"{what}: it was not done within {seconds:g} s.")


def _run(number: int, job: Job, deadline: Deadline, finished: queue.SimpleQueue[Outcome[Any]]) -> None:
    outcome: Outcome[Any] = Outcome(number)
    with _Kept(outcome):
        outcome.value = job.work(deadline)
    finished.put(outcome)


class _Kept:
    """Keeps every exception for whoever reads the outcome, which raises what it does not expect.

    None may reach the end of the thread: Python would write it out, and a process that ends just then waits for ever
    for the lock that Ansible holds around each write.
    """

    def __init__(self, outcome: Outcome[Any]) -> None:
        self._outcome = outcome

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> bool:
        self._outcome.error = error
        return True
