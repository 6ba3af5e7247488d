# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The manager of domains: read, plan, apply, read again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._deadline import Deadline
from .._driver.base import Driver
from .._errors import OutcomeUnknown, StillDifferent, StratumError, names
from .._host.base import Host
from .domain_plan import DomainPlan
from .domain_request import DomainRequest
from .domain_result import spec_of, summary, xml_of
from .domain_seen import Seen, read
from .domain_state import Verb, condition_of, satisfied
from .domain_want import differences, missing_of_xml, raw_differences
from .plan import NEXT_START, Effect, Pending


class DomainManager:
    """Makes one domain what a task asks for."""

    def __init__(self, connect: Callable[[], Driver], host: Host, request: DomainRequest) -> None:
        self._connect = connect
        self._host = host
        self._request = request
        self._done: list[str] = []
        self._changed = False

    def run(self, *, check_mode: bool) -> dict[str, Any]:
        """Do it, or only say what would be done; return the task's result."""
        with self._connect() as driver:
            if check_mode:
                seen = self._read(driver)
                return self._predict(driver, seen, self._plan(driver, seen))
            # Two tasks on one domain take turns: each defines a whole document, and would undo the other's. The URI
            # does not count, because many URIs reach the same domain.
            with self._host.lock(f"domain {self._request.name}", Deadline(self._request.timeout)):
                return self._carry_out(driver)

    def _read(self, driver: Driver) -> Seen:
        return read(driver, self._request.name, self._request.spec.get("uuid"))

    def _plan(self, driver: Driver, seen: Seen) -> DomainPlan:
        return DomainPlan(driver, self._host, self._request, seen)

    def _predict(self, driver: Driver, seen: Seen, plan: DomainPlan) -> dict[str, Any]:
        steps = plan.expected()
        result = self._result(driver, plan)
        result["changed"] = bool(steps)
        result["actions"] = [step.action for step in steps]
        result["domain"] = self._foreseen(seen, plan)
        self._show_pending(result, plan.pending)
        return result

    def _foreseen(self, seen: Seen, plan: DomainPlan) -> dict[str, Any]:
        if plan.wanted is None:
            return {"name": self._request.name, "state": "absent"}
        domain: dict[str, Any] = {"autostart": False} if seen.record is None else summary(seen.record)
        if plan.end != seen.condition:
            # The hypervisor will have another reason for the new state.
            domain.pop("reason", None)
        domain.update(name=self._request.name, state=plan.end, persistent=True)
        if self._request.autostart is not None:
            domain["autostart"] = self._request.autostart
        domain.update(spec=spec_of(plan.wanted.document), xml=xml_of(plan.wanted.document))
        return domain

    def _carry_out(self, driver: Driver) -> dict[str, Any]:
        plan = self._plan(driver, self._read(driver))
        try:
            self._apply(plan)
        except OutcomeUnknown as error:
            return self._recover(plan, error)
        seen = self._read(driver)
        pending = self._verify(plan, seen)
        if self._request.restart and plan.may_cycle(pending):
            # Only trying has shown that the running domain does not take the change.
            cycle = self._plan(driver, seen)
            cycle.steps.clear()
            cycle.add_verbs(cycle.cycle(), self._request.name)
            self._apply(cycle)
            seen = self._read(driver)
            pending = self._verify(cycle, seen)
        return self._finish(driver, plan, seen, pending)

    def _finish(self, driver: Driver, plan: DomainPlan, seen: Seen, pending: dict[str, Pending]) -> dict[str, Any]:
        result = self._report(driver, plan, seen, pending)
        if self._request.wait_for:
            from .domain_wait import await_guest, show

            addresses = await_guest(driver, self._request.name, self._request.wait_for, self._request.timeout)
            if "address" in self._request.wait_for:
                result["addresses"] = [show(address) for address in addresses]
        return result

    def _apply(self, plan: DomainPlan) -> None:
        for step in plan.steps:
            try:
                effect = step.run()
            except StratumError as error:
                error.facts.setdefault("actions", list(self._done))
                error.facts.setdefault("failed_action", step.action)
                error.facts.setdefault("changed", self._changed)
                raise
            if effect or not step.uncertain:
                self._changed = True
                self._done.append(step.action)

    def _recover(self, plan: DomainPlan, error: OutcomeUnknown) -> dict[str, Any]:
        """Look whether what was sent had its effect after all; raise the error with what is known if not."""
        sent = str(error.facts["failed_action"])
        request = self._request
        if request.state == "restarted" and sent == Verb.START.value:
            # Only this start was left to do; a plan made anew would restart it once more.
            request = request._replace(state="running")
        try:
            with self._connect() as driver:
                seen = self._read(driver)
                rest = DomainPlan(driver, self._host, request, seen)
        except StratumError as second:
            raise OutcomeUnknown(
                f"{error.reason} It could not be read again: {second.reason}",
                hint="Run the task again when the hypervisor answers.",
                **error.facts,
            ) from error
        left = [step.action for step in rest.steps]
        files = _not_deleted(plan, sent)
        if left or files:
            raise OutcomeUnknown(
                f"{error.reason} Reading it again shows that this is still to be done: {names([*left, *files])}.",
                hint="Run the task again." if left else "The domain is gone, so look at these files yourself.",
                **error.facts,
            ) from error
        self._changed = True
        self._done.append(sent)
        with self._connect() as driver:
            return self._finish(driver, plan, seen, self._verify(rest, seen))

    def _verify(self, plan: DomainPlan, seen: Seen) -> dict[str, Pending]:
        """Return what waits for a restart; raise StillDifferent when something else is not as wanted."""
        request = self._request
        if plan.wanted is None:
            if seen.record is not None:
                raise StillDifferent(
                    f"the domain {request.name} is still there.", hint="Another task may have made it."
                )
            return {}
        if seen.record is None or seen.config is None:
            raise StillDifferent(f"the domain {request.name} is gone.", hint="Another task may have removed it.")
        left = differences(seen.config, plan.wanted.spec, request)
        if left:
            raise StillDifferent(
                f"the configuration of {request.name} still differs in {names([item.path for item in left])}.",
                hint="The hypervisor does not keep these values, or another task is changing the domain.",
                differences={item.path: {"wanted": item.after, "found": item.before} for item in left},
            )
        condition = condition_of(seen.record)
        if not satisfied(condition, request.state):
            raise StillDifferent(
                f"the domain {request.name} is {condition} ({seen.record.reason}), not {request.state}.",
                hint="Look at the hypervisor's log of this domain.",
            )
        return self._pending(plan, seen)

    def _pending(self, plan: DomainPlan, seen: Seen) -> dict[str, Pending]:
        if plan.wanted is None or plan.fresh:
            return {}
        if seen.live is None:
            return plan.pending
        pending = {}
        for item in differences(seen.live, plan.wanted.spec, self._request):
            if item.path == "name":
                continue
            planned = plan.pending.get(item.path)
            device = item.device.label if item.device else item.path
            reason = plan.reasons.get(item.path) or plan.reasons.get(device)
            pending[item.path] = Pending(item.path, reason or (planned.reason if planned else NEXT_START))
        for missing in raw_differences(seen.live, seen.config, self._request) if seen.config is not None else ():
            pending.setdefault(missing.path, Pending(missing.path, NEXT_START))
        return pending

    def _report(self, driver: Driver, plan: DomainPlan, seen: Seen, pending: dict[str, Pending]) -> dict[str, Any]:
        result = self._result(driver, plan)
        result["changed"] = self._changed
        result["actions"] = self._done
        if not self._changed:
            result["diff"] = {"before": {}, "after": {}}
        self._show_pending(result, pending)
        if seen.record is None or seen.config is None:
            result["domain"] = {"name": self._request.name, "state": "absent"}
        else:
            result["domain"] = {**summary(seen.record), "spec": spec_of(seen.config), "xml": xml_of(seen.config)}
            ignored = missing_of_xml(seen.config, self._request)
            if ignored:
                result["warnings"] = [f"the hypervisor does not keep {names([item.path for item in ignored])}"]
        return result

    def _result(self, driver: Driver, plan: DomainPlan) -> dict[str, Any]:
        result: dict[str, Any] = {"uri": driver.uri, "diff": plan.diff()}
        if plan.kept:
            result["kept_storage"] = [disk._asdict() for disk in plan.kept]
        return result

    @staticmethod
    def _show_pending(result: dict[str, Any], pending: dict[str, Pending]) -> None:
        result["pending"] = [item._asdict() for item in pending.values()]
        result["restart_required"] = bool(pending)


def _not_deleted(plan: DomainPlan, sent: str) -> list[str]:
    """Return what a plan that ended with an action was still to delete: reading a domain does not show that."""
    actions = [step.action for step in plan.steps]
    return [step.action for step in plan.steps[actions.index(sent) :] if step.effect is Effect.DESTROY_DATA]
