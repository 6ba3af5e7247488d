# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The manager of networks."""

from __future__ import annotations

from typing import Any

from .._document import tree
from .._driver.base import Driver
from .._errors import DriverError, OutcomeUnknown, StillDifferent, names
from .manager import Manager
from .network_plan import NetworkPlan
from .network_request import NetworkRequest
from .network_result import spec_of, summary
from .network_seen import Seen, condition_of, read
from .network_want import differences, live_differences, missing_of_xml, raw_differences
from .plan import NEXT_START, Pending


class NetworkManager(Manager[NetworkRequest, Seen, NetworkPlan]):
    """Makes one network what a task asks for."""

    kind = "network"

    def read(self, driver: Driver) -> Seen:
        return read(driver, self.request.name, self.request.spec.get("uuid"))

    def plan(self, driver: Driver, seen: Seen) -> NetworkPlan:
        return NetworkPlan(driver, self.request, seen)

    def rest(self, driver: Driver, plan: NetworkPlan, sent: str) -> tuple[Seen, NetworkPlan]:
        seen = self.read(driver)
        if self.request.state in ("present", "active") and sent.startswith(("stop", "start", "reconnect ")):
            # It was being started, and nobody may be left cut off: a plan made anew does not know who was connected.
            if seen.condition == {"stop": "inactive", "start": "active"}.get(sent):
                self.done.append(sent)
            request = self.request._replace(state="active")
            healing = NetworkPlan(driver, request, seen, heal=True)
            self.apply(healing)
            seen = self.read(driver)
            left = self.plan(driver, seen)
            left.cut.update(healing.cut)
            return seen, left
        return seen, self.plan(driver, seen)

    def settle(
        self, driver: Driver, plan: NetworkPlan, seen: Seen, pending: dict[str, Pending]
    ) -> tuple[Seen, dict[str, Pending]]:
        cycle = plan
        if self.request.restart and pending and plan.may_restart(pending):
            # Only trying has shown that the active network does not take the change.
            cycle = self.plan(driver, seen)
            cycle.steps.clear()
            cycle.add_restart()
            plan.warnings += cycle.warnings
            try:
                self.apply(cycle)
            except OutcomeUnknown as error:
                return self._finish(cycle, error)
        if not cycle.restarts:
            return seen, pending
        # Somebody may have been connected after the plan was made, and before the network stopped.
        cycle.steps.clear()
        cycle.add_connections()
        self.apply(cycle)
        seen = self.read(driver)
        return seen, self.verify(cycle, seen)

    def _finish(self, cycle: NetworkPlan, error: OutcomeUnknown) -> tuple[Seen, dict[str, Pending]]:
        """Finish a restart whose connection died in the middle, over a new one."""
        with self._connect() as driver:
            seen, rest = self.rest(driver, cycle, str(error.facts["failed_action"]))
            if rest.steps:
                raise error
            return seen, self.verify(rest, seen)

    def verify(self, plan: NetworkPlan, seen: Seen) -> dict[str, Pending]:
        request = self.request
        if plan.wanted is None:
            if seen.record is not None:
                raise StillDifferent(
                    f"the network {request.name} is still there.", hint="Another task may have made it."
                )
            return {}
        if seen.record is None or seen.config is None:
            raise StillDifferent(f"the network {request.name} is gone.", hint="Another task may have removed it.")
        left = differences(seen.config, request)
        if left:
            raise StillDifferent(
                f"the configuration of {request.name} still differs in {names([item.path for item in left])}.",
                hint="The hypervisor does not keep these values, or another task is changing the network.",
                differences={item.path: {"wanted": item.after, "found": item.before} for item in left},
            )
        condition = condition_of(seen.record)
        if condition != plan.end:
            raise StillDifferent(f"the network {request.name} is {condition}, not {plan.end}.")
        if plan.cut:
            raise DriverError(
                f"the network {request.name} was started, and these are not connected to it: {names([*plan.cut])}.",
                hint="Start these domains anew.",
                reasons=dict(plan.cut),
            )
        return self._pending(plan, seen)

    def foreseen(self, plan: NetworkPlan, seen: Seen) -> dict[str, Any]:
        if plan.wanted is None:
            return {"name": self.request.name, "state": "absent"}
        network: dict[str, Any] = {"autostart": False} if seen.record is None else summary(seen.record)
        network.update(name=self.request.name, state=plan.end, persistent=True)
        if self.request.autostart is not None:
            network["autostart"] = self.request.autostart
        network.update(spec=spec_of(plan.wanted.document), xml=tree.serialize(plan.wanted.document))
        return network

    def shown(self, plan: NetworkPlan, seen: Seen) -> dict[str, Any]:
        if seen.record is None or seen.config is None:
            return {"name": self.request.name, "state": "absent"}
        ignored = missing_of_xml(seen.config, self.request)
        if ignored:
            plan.warnings.append(f"the hypervisor does not keep {names([item.path for item in ignored])}")
        return {**summary(seen.record), "spec": spec_of(seen.config), "xml": tree.serialize(seen.config)}

    def _pending(self, plan: NetworkPlan, seen: Seen) -> dict[str, Pending]:
        if plan.wanted is None or plan.fresh or seen.live is None or seen.config is None:
            return {}
        pending = {}
        for item in live_differences(seen.live, self.request):
            planned = plan.pending.get(item.path)
            reason = plan.reasons.get(item.device.label if item.device else item.path)
            pending[item.path] = Pending(item.path, reason or (planned.reason if planned else NEXT_START))
        for missing in raw_differences(seen.live, seen.config, self.request):
            pending.setdefault(missing.path, Pending(missing.path, NEXT_START))
        return pending
