# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A point in time that every wait shares."""

from __future__ import annotations

import time

from ._errors import DeadlineExceeded


class Deadline:
    """The moment at which waiting ends, on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds that are left, never below zero."""
        return max(0.0, self._end - time.monotonic())

    @property
    def passed(self) -> bool:
        return self.remaining() <= 0.0

    def sooner(self, seconds: float) -> Deadline:
        """Return a deadline at most ``seconds`` away and never later than this one."""
        return Deadline(min(seconds, self.remaining()))

    def check(self, waiting_for: str) -> float:
        """Return the seconds that are left; raise DeadlineExceeded when there are none."""
        left = self.remaining()
        if left <= 0.0:
            raise self.exceeded(waiting_for)
        return left

    def exceeded(self, waiting_for: str) -> DeadlineExceeded:
        return DeadlineExceeded(f"no answer within {self.seconds:g} s: {waiting_for}")
