# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Which domains are in the inventory, decided as early as what is known allows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

from ...module_utils._errors import InputError
from ...module_utils._reconcile.selection import matches
from .expressions import Evaluator, needs

PREFIX = "stratum_virt_"


class Stage(IntEnum):
    """What is known of a domain at some moment."""

    LISTED = 0
    """What the list of all domains says."""
    READ = 1
    """And its document."""
    KNOWN = 2
    """And its addresses."""


LISTED = ("name", "uuid", "state", "persistent", "autostart", "node", "uri")
READ = (*LISTED, "reason", "spec", "tags", "networks")
_STAGES = {f"{PREFIX}{name}": Stage.LISTED if name in LISTED else Stage.READ for name in READ}


class Filter(NamedTuple):
    """One entry of the option filters."""

    expression: Any
    includes: bool
    """Whether what it fits is in, or out."""
    stage: Stage
    """From when on it can be evaluated."""
    where: str


class Candidate:
    """A domain, on its way into the inventory."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.passed = 0
        """How many of the filters did not fit it."""
        self.included = False
        """Whether one of the filters has let it in."""


class Selection:
    """The options names, states, tags and filters. Empty ones select everything."""

    def __init__(
        self,
        evaluator: Evaluator,
        *,
        names: Sequence[str],
        states: Sequence[str],
        tags: Sequence[str],
        filters: Sequence[Any],
    ) -> None:
        self._evaluator = evaluator
        self._names = tuple(names)
        self._states = frozenset(states)
        self._tags = frozenset(tags)
        self._filters = [_load(entry, f"filters[{index}]") for index, entry in enumerate(filters)]

    def reads(self) -> bool:
        """Whether something may be decided by documents."""
        return bool(self._tags or any(each.stage is Stage.READ for each in self._filters))

    def wants(self, candidate: Candidate, stage: Stage, variables: Mapping[str, Any]) -> bool:
        """Whether a domain is wanted, as far as this can be said yet."""
        if self._names and not matches(variables[f"{PREFIX}name"], self._names):
            return False
        if self._states and variables[f"{PREFIX}state"] not in self._states:
            return False
        if stage >= Stage.READ and not self._tags.issubset(variables[f"{PREFIX}tags"]):
            return False
        while not candidate.included and candidate.passed < len(self._filters):
            current = self._filters[candidate.passed]
            # The first one that fits decides, so none may be asked before those ahead of it.
            if current.stage > stage:
                return True
            if self._evaluator.holds(current.expression, variables, current.where, candidate.name):
                candidate.included = current.includes
                return current.includes
            candidate.passed += 1
        return True


def _load(entry: Any, where: str) -> Filter:
    if not isinstance(entry, Mapping) or len(entry) != 1 or not {"include", "exclude"}.issuperset(entry):
        raise InputError(where, "a filter is a dictionary that has either include or exclude.")
    ((word, expression),) = entry.items()
    if not isinstance(expression, (str, bool)):
        raise InputError(f"{where}.{word}", "it is neither an expression nor true or false.")
    names = needs(expression, f"{where}.{word}")
    stage = max((_STAGES.get(name, Stage.KNOWN) for name in names), default=Stage.LISTED)
    return Filter(expression, word == "include", stage, f"{where}.{word}")
