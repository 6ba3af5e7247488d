# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Plans: the ordered steps that turn what is into what is wanted. No I/O here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, NamedTuple

NEXT_START = "takes effect at the next start"


class Effect(Enum):
    """What a step touches, from the mildest to the gravest."""

    CONFIG = "config"
    LIVE = "live"
    RESTART = "restart"
    DESTROY_DATA = "destroy data"


class Step(NamedTuple):
    """One thing to do."""

    action: str
    """In words, for the result: ``attach disks[vdb]``."""
    effect: Effect
    run: Callable[[], Any]
    uncertain: bool = False
    """It may have no effect (a guest ignores it): it counts as a change only if ``run`` returns True."""
    asked: str | None = None
    """The field, when an earlier task has asked the guest for it already: nobody knows whether it will come."""


class Pending(NamedTuple):
    """A field that is not yet as wanted in the running object."""

    field: str
    reason: str


class Change(NamedTuple):
    """One line of a diff."""

    path: str
    before: Any
    after: Any


class Plan:
    """Steps in order, what they change, and what has to wait."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.changes: dict[str, Change] = {}
        self.pending: dict[str, Pending] = {}
        self.warnings: list[str] = []

    def add(
        self, action: str, effect: Effect, run: Callable[[], Any], *, uncertain: bool = False, asked: str | None = None
    ) -> None:
        """Add a step at the end."""
        self.steps.append(Step(action, effect, run, uncertain, asked))

    def show(self, changes: Iterable[Change]) -> None:
        """Add lines to the diff; of several with one path the first stays."""
        for change in changes:
            self.changes.setdefault(change.path, change)

    def wait(self, field: str, reason: str) -> None:
        """Note a field that waits; of several reasons the first stays."""
        self.pending.setdefault(field, Pending(field, reason))

    def expected(self) -> list[Step]:
        """Return the steps that check mode counts on; fields that the guest was asked for before become pending."""
        for step in self.steps:
            if step.asked is not None:
                self.changes.pop(step.asked, None)
                self.wait(step.asked, "the guest was asked for it before, and has not done it yet")
        return [step for step in self.steps if step.asked is None]

    def diff(self) -> dict[str, dict[str, Any]]:
        """Return Ansible's ``diff``: the differing fields only, in the order of the plan."""
        return {
            "before": {change.path: change.before for change in self.changes.values() if change.before is not None},
            "after": {change.path: change.after for change in self.changes.values() if change.after is not None},
        }
