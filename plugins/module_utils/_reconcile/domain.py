# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The manager of domains."""

from __future__ import annotations

from typing import Any

from .._driver.base import Driver
from .._errors import StillDifferent, names
from .domain_plan import DomainPlan
from .domain_request import DomainRequest
from .domain_result import spec_of, summary, xml_of
from .domain_seen import Seen, read
from .domain_state import Verb, condition_of, satisfied
from .domain_want import differences, missing_of_xml, raw_differences
from .manager import Manager
from .plan import NEXT_START, Pending


class DomainManager(Manager[DomainRequest, Seen, DomainPlan]):
    """Makes one domain what a task asks for."""

    kind = "domain"

    def read(self, driver: Driver) -> Seen:
        return read(driver, self.request.name, self.request.spec.get("uuid"))

    def plan(self, driver: Driver, seen: Seen) -> DomainPlan:
        return DomainPlan(driver, self.request, seen)

    def rest(self, driver: Driver, plan: DomainPlan, sent: str) -> tuple[Seen, DomainPlan]:
        request = self.request
        if request.state == "restarted" and sent == Verb.START.value:
            # Only this start was left to do; a plan made anew would restart it once more.
            request = request._replace(state="running")
        seen = self.read(driver)
        cycled = request.state == "present" and sent in [verb.value for verb in plan.cycle()]
        if cycled and seen.condition == "stopped":
            # It was stopped only to be started again, which a plan made anew does not know.
            request = request._replace(state=plan.end)
            return self.go_on(driver, DomainPlan(driver, request, seen), sent)
        return seen, DomainPlan(driver, request, seen)

    def settle(
        self, driver: Driver, plan: DomainPlan, seen: Seen, pending: dict[str, Pending]
    ) -> tuple[Seen, dict[str, Pending]]:
        if not (self.request.restart and plan.may_cycle(pending)):
            return seen, pending
        # Only trying has shown that the running domain does not take the change.
        cycle = self.plan(driver, seen)
        cycle.steps.clear()
        cycle.add_verbs(cycle.cycle(), self.request.name)
        self.apply(cycle)
        seen = self.read(driver)
        return seen, self.verify(cycle, seen)

    def verify(self, plan: DomainPlan, seen: Seen) -> dict[str, Pending]:
        request = self.request
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

    def foreseen(self, plan: DomainPlan, seen: Seen) -> dict[str, Any]:
        if plan.wanted is None:
            return {"name": self.request.name, "state": "absent"}
        domain: dict[str, Any] = {"autostart": False} if seen.record is None else summary(seen.record)
        if plan.end != seen.condition:
            # The hypervisor will have another reason for the new state.
            domain.pop("reason", None)
        domain.update(name=self.request.name, state=plan.end, persistent=True)
        if self.request.autostart is not None:
            domain["autostart"] = self.request.autostart
        domain.update(spec=spec_of(plan.wanted.document), xml=xml_of(plan.wanted.document))
        return domain

    def shown(self, plan: DomainPlan, seen: Seen) -> dict[str, Any]:
        if seen.record is None or seen.config is None:
            return {"name": self.request.name, "state": "absent"}
        ignored = missing_of_xml(seen.config, self.request)
        if ignored:
            plan.warnings.append(f"the hypervisor does not keep {names([item.path for item in ignored])}")
        return {**summary(seen.record), "spec": spec_of(seen.config), "xml": xml_of(seen.config)}

    def extend(self, plan: DomainPlan, result: dict[str, Any]) -> None:
        if plan.kept:
            result["kept_storage"] = [disk._asdict() for disk in plan.kept]

    def finish(self, driver: Driver, plan: DomainPlan, seen: Seen, result: dict[str, Any]) -> None:
        if not self.request.wait_for:
            return
        from .domain_wait import await_guest, show

        addresses = await_guest(driver, self.request.name, self.request.wait_for, self.request.timeout)
        if "address" in self.request.wait_for:
            result["addresses"] = [show(address) for address in addresses]

    def _pending(self, plan: DomainPlan, seen: Seen) -> dict[str, Pending]:
        if plan.wanted is None or plan.fresh:
            return {}
        if seen.live is None:
            return plan.pending
        pending = {}
        for item in differences(seen.live, plan.wanted.spec, self.request):
            if item.path == "name":
                continue
            planned = plan.pending.get(item.path)
            device = item.device.label if item.device else item.path
            reason = plan.reasons.get(item.path) or plan.reasons.get(device)
            pending[item.path] = Pending(item.path, reason or (planned.reason if planned else NEXT_START))
        for missing in raw_differences(seen.live, seen.config, self.request) if seen.config is not None else ():
            pending.setdefault(missing.path, Pending(missing.path, NEXT_START))
        return pending
