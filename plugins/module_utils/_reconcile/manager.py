# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What the managers of all kinds of objects do alike: read, plan, apply, read again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from .._deadline import Deadline
from .._driver.base import Driver
from .._errors import OutcomeUnknown, StratumError, names
from .._host.base import Host
from .plan import Effect, Pending, Plan


class Request(Protocol):
    """What a manager has to know of any task's options."""

    @property
    def name(self) -> str: ...

    @property
    def timeout(self) -> float: ...


AnyRequest = TypeVar("AnyRequest", bound=Request)
AnySeen = TypeVar("AnySeen")
AnyPlan = TypeVar("AnyPlan", bound=Plan)


class Manager(ABC, Generic[AnyRequest, AnySeen, AnyPlan]):
    """Makes one object what a task asks for.

    A kind of object says how it is read, planned, verified and shown. ``plan`` only reads; its steps do the work.
    """

    kind: ClassVar[str]
    """The object's word, in messages and as the key of the result."""

    def __init__(self, connect: Callable[[], Driver], host: Host, request: AnyRequest) -> None:
        self._connect = connect
        self.host = host
        """The machine that the task runs on; where the node is, is for the driver to say."""
        self.request = request
        self.done: list[str] = []
        self._changed = False

    @abstractmethod
    def read(self, driver: Driver) -> AnySeen:
        """Read the object as it is."""

    @abstractmethod
    def plan(self, driver: Driver, seen: AnySeen) -> AnyPlan:
        """Return what leads from what was seen to what is wanted; raise InputError for what cannot be."""

    @abstractmethod
    def verify(self, plan: AnyPlan, seen: AnySeen) -> dict[str, Pending]:
        """Return what waits for a restart, by field; raise StillDifferent when something else is not as wanted."""

    @abstractmethod
    def foreseen(self, plan: AnyPlan, seen: AnySeen) -> dict[str, Any]:
        """Return the object as check mode shows it: as it would be."""

    @abstractmethod
    def shown(self, plan: AnyPlan, seen: AnySeen) -> dict[str, Any]:
        """Return the object as the result shows it."""

    @property
    def lock(self) -> str:
        """What two tasks at one node take turns by. Of the URI only the machine counts, because many reach the same."""
        return f"{self.kind} {self.request.name}"

    def rest(self, driver: Driver, plan: AnyPlan, sent: str) -> tuple[AnySeen, AnyPlan]:
        """Read again after the outcome of the action ``sent`` of a plan got lost, and plan what is left."""
        seen = self.read(driver)
        return seen, self.plan(driver, seen)

    def go_on(self, driver: Driver, rest: AnyPlan, sent: str) -> tuple[AnySeen, AnyPlan]:
        """Carry out the ``rest`` of a plan whose action ``sent`` got lost, where one made anew would not have it."""
        if sent not in [step.action for step in rest.steps]:
            self.done.append(sent)
        self.apply(rest)
        seen = self.read(driver)
        return seen, self.plan(driver, seen)

    def unseen(self, plan: AnyPlan, sent: str) -> list[str]:
        """Return what a plan that ended with an action was still to delete, where reading does not show it."""
        return _not_deleted(plan, sent)

    def settle(
        self, driver: Driver, plan: AnyPlan, seen: AnySeen, pending: dict[str, Pending]
    ) -> tuple[AnySeen, dict[str, Pending]]:
        """Do what only trying has shown to be necessary; return what is there then, and what waits."""
        return seen, pending

    def finish(self, driver: Driver, plan: AnyPlan, seen: AnySeen, result: dict[str, Any]) -> None:
        """Add to the result of a real run what only this kind of object has."""

    def extend(self, plan: AnyPlan, result: dict[str, Any]) -> None:
        """Add to every result, check mode's too, what only this kind of object has."""

    def run(self, *, check_mode: bool) -> dict[str, Any]:
        """Do it, or only say what would be done; return the task's result."""
        with self._connect() as driver:
            if check_mode:
                seen = self.read(driver)
                return self._predict(driver, seen, self.plan(driver, seen))
            # Two tasks on one object take turns: each writes the whole of it, and would undo the other's.
            lock = f"{self.lock} of {driver.machine}" if driver.machine else self.lock
            with self.host.lock(lock, Deadline(self.request.timeout)):
                return self._carry_out(driver)

    def apply(self, plan: Plan) -> None:
        """Run the steps of a plan, and note what was done."""
        for step in plan.steps:
            try:
                effect = step.run()
            except StratumError as error:
                error.facts.setdefault("actions", list(self.done))
                error.facts.setdefault("failed_action", step.action)
                error.facts.setdefault("changed", self._changed)
                raise
            if effect or not step.uncertain:
                self._changed = True
                self.done.append(step.action)

    def _predict(self, driver: Driver, seen: AnySeen, plan: AnyPlan) -> dict[str, Any]:
        steps = plan.expected()
        return self._result(driver, plan, self.foreseen(plan, seen), plan.pending, [step.action for step in steps])

    def _carry_out(self, driver: Driver) -> dict[str, Any]:
        plan = self.plan(driver, self.read(driver))
        try:
            self.apply(plan)
        except OutcomeUnknown as error:
            return self._recover(plan, error)
        seen = self.read(driver)
        seen, pending = self.settle(driver, plan, seen, self.verify(plan, seen))
        return self._report(driver, plan, seen, pending)

    def _recover(self, plan: AnyPlan, error: OutcomeUnknown) -> dict[str, Any]:
        """Look whether what was sent had its effect after all; raise the error with what is known if not."""
        sent = str(error.facts["failed_action"])
        with ExitStack() as connection:
            try:
                driver = connection.enter_context(self._connect())
                seen, rest = self.rest(driver, plan, sent)
            except StratumError as second:
                raise OutcomeUnknown(
                    f"{error.reason} It could not be read again: {second.reason}",
                    hint="Run the task again when the hypervisor answers.",
                    **error.facts,
                ) from error
            left = [step.action for step in rest.steps]
            data = self.unseen(plan, sent)
            if left or data:
                raise OutcomeUnknown(
                    f"{error.reason} Reading it again shows that this is still to be done: {names([*left, *data])}.",
                    hint="Run the task again."
                    if left
                    else f"The {self.kind} is gone, so look at these files yourself.",
                    **error.facts,
                ) from error
            self._changed = True
            if sent not in self.done:
                self.done.append(sent)
            return self._report(driver, plan, seen, self.verify(rest, seen))

    def _report(self, driver: Driver, plan: AnyPlan, seen: AnySeen, pending: dict[str, Pending]) -> dict[str, Any]:
        result = self._result(driver, plan, self.shown(plan, seen), pending, self.done)
        result["changed"] = self._changed
        if not self._changed:
            result["diff"] = {"before": {}, "after": {}}
        self.finish(driver, plan, seen, result)
        return result

    def _result(
        self, driver: Driver, plan: AnyPlan, shown: dict[str, Any], pending: dict[str, Pending], actions: list[str]
    ) -> dict[str, Any]:
        result: dict[str, Any] = {
            "changed": bool(actions),
            "uri": driver.uri,
            "diff": plan.diff(),
            "actions": actions,
            "pending": [item._asdict() for item in pending.values()],
            "restart_required": bool(pending),
            self.kind: shown,
        }
        if plan.warnings:
            result["warnings"] = list(plan.warnings)
        self.extend(plan, result)
        return result


def _not_deleted(plan: Plan, sent: str) -> list[str]:
    """Return what a plan that ended with an action was still to delete: reading the object does not show that."""
    actions = [step.action for step in plan.steps]
    return [step.action for step in plan.steps[actions.index(sent) :] if step.effect is Effect.DESTROY_DATA]
