# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Waiting: for a state, woken by events, with a deadline; what is already there is success."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar

from .._deadline import Deadline
from .._driver.domains import DomainEvent, Domains, Watch
from .._errors import NotFound, NotSupported

Seen = TypeVar("Seen")

RECHECK = 1.0
"""Seconds after which a state is looked at even without an event: some changes have none, and some get lost."""


class _NoEvents(Watch):
    """For a driver without events, and a domain that is gone: looking now and then has to do."""

    def next(self, deadline: Deadline) -> DomainEvent | None:
        time.sleep(deadline.remaining())
        return None


def wait_until(
    domains: Domains,
    name: str,
    look: Callable[[], Seen | None],
    deadline: Deadline,
    *,
    after: Callable[[], object] | None = None,
    recheck: float = RECHECK,
) -> Seen | None:
    """Return what ``look`` sees as soon as it is not ``None``; ``None`` when the deadline passes first.

    ``after`` starts what is waited for; it runs when events are already being collected, so that none is missed.
    """
    with ExitStack() as stack:
        events: Watch
        try:
            events = stack.enter_context(domains.watch(name))
        except (NotFound, NotSupported):
            events = _NoEvents()
        if after is not None:
            after()
        while True:
            seen = look()
            if seen is not None:
                return seen
            if deadline.passed:
                return None
            events.next(deadline.sooner(recheck))
