# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The manager of pools."""

from __future__ import annotations

from typing import Any

from .._document.pool import MEASURED
from .._driver.base import Driver
from .._errors import StillDifferent, names
from .manager import Manager
from .plan import Pending
from .pool_plan import PoolPlan
from .pool_request import PoolRequest
from .pool_result import spec_of, summary, xml_of
from .pool_seen import Seen, read
from .pool_state import is_active, satisfied
from .pool_want import differences, missing_of_xml


class PoolManager(Manager[PoolRequest, Seen, PoolPlan]):
    """Makes one pool what a task asks for."""

    kind = "pool"

    def read(self, driver: Driver) -> Seen:
        return read(driver, self.request.name, self.request.spec.get("uuid"))

    def plan(self, driver: Driver, seen: Seen) -> PoolPlan:
        return PoolPlan(driver, self.request, seen)

    def rest(self, driver: Driver, plan: PoolPlan, sent: str) -> tuple[Seen, PoolPlan]:
        seen = self.read(driver)
        if self.request.state == "present" and is_active(plan.end) and not is_active(seen.condition):
            # It was stopped only to be started again, which a plan made anew does not know.
            request = self.request._replace(state="active")
            return self.go_on(driver, PoolPlan(driver, request, seen), sent)
        return seen, self.plan(driver, seen)

    def verify(self, plan: PoolPlan, seen: Seen) -> dict[str, Pending]:
        request = self.request
        if plan.wanted is None:
            if seen.record is not None:
                raise StillDifferent(f"the pool {request.name} is still there.", hint="Another task may have made it.")
            return {}
        if seen.record is None or seen.config is None:
            raise StillDifferent(f"the pool {request.name} is gone.", hint="Another task may have removed it.")
        left = plan.definable(differences(seen.config, plan.wanted.spec))
        if left:
            raise StillDifferent(
                f"the configuration of {request.name} still differs in {names([item.path for item in left])}.",
                hint="The hypervisor does not keep these values, or another task is changing the pool.",
                differences={item.path: {"wanted": item.after, "found": item.before} for item in left},
            )
        if not satisfied(seen.condition, request.state):
            raise StillDifferent(
                f"the pool {request.name} is {seen.condition}, not {request.state}.",
                hint="Look at the hypervisor's log.",
            )
        return plan.waiting(seen)

    def foreseen(self, plan: PoolPlan, seen: Seen) -> dict[str, Any]:
        if plan.wanted is None:
            return {"name": self.request.name, "state": "absent"}
        pool: dict[str, Any] = {"autostart": False} if seen.record is None else summary(seen.record)
        if not is_active(plan.end):
            pool.update(dict.fromkeys(MEASURED, 0))
        elif not is_active(seen.condition):
            # They are measured when it is started.
            for size in MEASURED:
                pool.pop(size, None)
        pool.update(name=self.request.name, state=plan.end, persistent=True)
        if self.request.autostart is not None:
            pool["autostart"] = self.request.autostart
        pool.update(spec=spec_of(plan.wanted.document), xml=xml_of(plan.wanted.document))
        return pool

    def shown(self, plan: PoolPlan, seen: Seen) -> dict[str, Any]:
        if seen.record is None or seen.config is None:
            return {"name": self.request.name, "state": "absent"}
        ignored = missing_of_xml(seen.config, self.request)
        if ignored:
            plan.warnings.append(f"the hypervisor does not keep {names([item.path for item in ignored])}")
        return {**summary(seen.record), "spec": spec_of(seen.config), "xml": xml_of(seen.config)}

    def extend(self, plan: PoolPlan, result: dict[str, Any]) -> None:
        result["restart_required"] = plan.cures(item["field"] for item in result["pending"])
