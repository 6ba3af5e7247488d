# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The manager of volumes."""

from __future__ import annotations

from typing import Any

from .._driver.base import Driver
from .._errors import StillDifferent, names
from .manager import Manager
from .plan import Pending
from .volume_plan import VolumePlan
from .volume_request import VolumeRequest
from .volume_result import facts, spec_of, summary, xml_of
from .volume_seen import Seen, read
from .volume_want import comparable, differences


class VolumeManager(Manager[VolumeRequest, Seen, VolumePlan]):
    """Makes one volume what a task asks for."""

    kind = "volume"

    @property
    def lock(self) -> str:
        return f"volume {self.request.pool}/{self.request.name}"

    def read(self, driver: Driver) -> Seen:
        return read(driver, self.request.pool, self.request.name, self.request.timeout)

    def plan(self, driver: Driver, seen: Seen) -> VolumePlan:
        return VolumePlan(driver, self.host, self.request, seen)

    def unseen(self, plan: VolumePlan, sent: str) -> list[str]:
        # Reading a volume shows whether its data is still there.
        return []

    def verify(self, plan: VolumePlan, seen: Seen) -> dict[str, Pending]:
        request = self.request
        if request.state == "absent":
            if seen.document is not None or seen.incomplete:
                raise StillDifferent(
                    f"the volume {request.name} is still there.", hint="Another task may have made it."
                )
            return {}
        if seen.document is None:
            raise StillDifferent(f"the volume {request.name} is gone.", hint="Another task may have removed it.")
        spec = comparable(plan.driver, plan.spec, seen.document)
        if facts(seen.document).get("capacity", 0) > spec.get("capacity", 0):
            # The storage gives more where it cannot give exactly that.
            spec.pop("capacity", None)
        left = differences(seen.document, spec)
        if left:
            raise StillDifferent(
                f"the volume {request.name} still differs in {names([item.path for item in left])}.",
                hint="The hypervisor does not keep these values, or another task is changing the volume.",
                differences={item.path: {"wanted": item.after, "found": item.before} for item in left},
            )
        return plan.pending

    def foreseen(self, plan: VolumePlan, seen: Seen) -> dict[str, Any]:
        request = self.request
        if plan.wanted is None:
            return {"name": request.name, "pool": request.pool, "state": "absent"}
        volume = {} if seen.record is None or seen.document is None else summary(seen.record, seen.document)
        volume.update(name=request.name, pool=request.pool, state="present", **facts(plan.wanted))
        volume.update(spec=spec_of(request.pool, plan.wanted), xml=xml_of(plan.wanted))
        return volume

    def shown(self, plan: VolumePlan, seen: Seen) -> dict[str, Any]:
        if seen.record is None or seen.document is None:
            return {"name": self.request.name, "pool": self.request.pool, "state": "absent"}
        document = seen.document
        return {
            **summary(seen.record, document),
            "spec": spec_of(self.request.pool, document),
            "xml": xml_of(document),
        }

    def extend(self, plan: VolumePlan, result: dict[str, Any]) -> None:
        if self.request.content is not None:
            result["content_needed"] = plan.content_needed
