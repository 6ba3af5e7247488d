# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The plan of a network: from what is to what is wanted, in order. Only reads; nothing is changed here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .._document import tree
from .._document.field import Spec
from .._document.network import NETWORK
from .._document.statable import statable
from .._driver.base import Driver
from .._errors import InputError
from .diff import changes
from .network_request import NetworkRequest
from .network_seen import Seen, networks_of
from .network_want import Wanted, live_differences, raw_differences, want
from .plan import NEXT_START, Change, Effect, Plan

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

    from .network_live import LivePlanner

# What few tasks need is imported where it is used: a node has no bytecode of ours, and importing is most of what a task
# that changes nothing takes there.


class NetworkPlan(Plan):
    """The plan for one network as it was seen.

    ``heal``: connect interfaces again that an active network has forgotten.
    """

    def __init__(self, driver: Driver, request: NetworkRequest, seen: Seen, *, heal: bool = False) -> None:
        super().__init__()
        self._driver = driver
        self._networks = networks_of(driver)
        self._request = request
        self._seen = seen
        self.wanted: Wanted | None = None
        """``None`` when the network is to be absent."""
        self.reasons: dict[str, str] = {}
        """Why the active network did not take a change, by entry; filled while steps run."""
        self.cut: dict[str, str] = {}
        """Why an interface could not be connected again, by its domain and MAC address; filled while steps run."""
        self._raw_before: set[str] = set()
        """What only ``xml`` says, was configured before, and the active network does not show."""
        self.fresh = False
        """Whether the network ends with all of its configuration, or inactive."""
        self.restarts = False
        """Whether the network is stopped and started again."""
        _check_identity(request, seen)
        if request.state == "absent":
            self._remove()
        else:
            self.wanted = want(request, seen)
            self._reconcile(self.wanted, heal=heal)

    @property
    def end(self) -> str:
        """The condition that the network will be in."""
        if self._request.state == "present":
            return "inactive" if self._seen.record is None else self._seen.condition
        return self._request.state

    def may_restart(self, pending: Iterable[str]) -> bool:
        """Whether a restart would help these fields: the network is active at the end, and was not just started.

        What only ``xml`` says counts when it is new: an active network may show it otherwise whenever it is started,
        and would be restarted by every task.
        """
        return not self.fresh and self.end == "active" and not self._raw_before.issuperset(pending)

    def add_restart(self) -> None:
        """Add the steps of a restart; raise OperationInvalid when somebody would lose the connection by it."""
        from .network_restart import Restart

        if self._seen.live is not None and self.wanted is not None:
            Restart(self._driver, self._request, self.cut).plan(self, self._seen, self.wanted.document)
            self.fresh = self.restarts = True

    def add_connections(self) -> None:
        """Add steps that connect the running domains which an earlier instance of the network has left without."""
        from .network_restart import Restart

        if self.wanted is not None:
            Restart(self._driver, self._request, self.cut).heal(self, self.wanted.document)

    def _reconcile(self, wanted: Wanted, *, heal: bool) -> None:
        live = self._seen.live if self.end == "active" else None
        found = [] if live is None else live_differences(live, self._request)
        waiting = {} if live is None else self._waiting(wanted, live)
        self._check_free(wanted, live)
        if self._seen.condition != self.end:
            self.show([Change("state", self._seen.condition, self.end)])
        self._define(wanted)
        if live is None:
            self.fresh = True
            self._change_state()
        elif self._request.restart and waiting and self.may_restart(waiting):
            self.show(changes(found))
            self.add_restart()
        else:
            for field, reason in waiting.items():
                self.wait(field, reason)
            self.show(changes(item for item in found if item.path not in waiting))
            if found:
                self._live_planner(wanted, live).plan(self, found, frozenset(waiting))
            if heal:
                self.add_connections()
        self._autostart()

    def _waiting(self, wanted: Wanted, live: Element) -> dict[str, str]:
        """Return what the active network cannot take, with the reason."""
        found = live_differences(live, self._request)
        waiting = dict(self._live_planner(wanted, live).pending(found)) if found else {}
        raw = {item.path for item in raw_differences(live, wanted.document, self._request)}
        self._raw_before = raw.difference(item.path for item in wanted.raw)
        return {**dict.fromkeys(sorted(raw), NEXT_START), **waiting}

    def _live_planner(self, wanted: Wanted, live: Element) -> LivePlanner:
        from .network_live import LivePlanner

        return LivePlanner(self._driver, self._request, live, wanted.document, self.reasons)

    def _check_free(self, wanted: Wanted, live: Element | None) -> None:
        """Check that nobody has the addresses of a network that will be active, unless it has them itself."""
        if self.end != "active":
            return
        config, there = spec_of(wanted.document), {} if live is None else spec_of(live)
        if live is not None and all(config.get(option) == there.get(option) for option in ("ip", "bridge")):
            return
        from .network_overlap import check_free

        own = (spec.get("bridge", {}).get("name") for spec in (config, there))
        check_free(self._driver, self._request.name, config, frozenset(name for name in own if name))

    def _define(self, wanted: Wanted) -> None:
        record = self._seen.record
        text = tree.serialize(wanted.document)
        if record is None:
            shown = NETWORK.show(NETWORK.read(wanted.document))
            self.show(Change(path, None, value) for path, value in shown.items())
            self.add("define", Effect.CONFIG, lambda: self._networks.define(text))
            return
        self.show(changes([*wanted.differences, *wanted.raw]))
        if not record.persistent:
            self.show([Change("persistent", False, True)])
        if wanted.differences or not record.persistent:
            self.add("change the configuration", Effect.CONFIG, lambda: self._networks.define(text))
        elif wanted.raw:
            # The hypervisor may not keep what only the raw document says: then nothing has changed.
            self.add("change the configuration", Effect.CONFIG, self._redefining(text), uncertain=True)

    def _redefining(self, text: str) -> Callable[[], bool]:
        name, before = self._request.name, self._seen.record

        def run() -> bool:
            self._networks.define(text)
            after = self._networks.describe([name])
            return bool(after) and before is not None and after[0].config != before.config

        return run

    def _change_state(self) -> None:
        name = self._request.name
        if self._seen.condition == "active":
            self._stop()
        elif self.end == "active":
            self.add("start", Effect.LIVE, lambda: self._networks.start(name))
            self.add_connections()

    def _stop(self) -> None:
        from .network_restart import Restart

        Restart(self._driver, self._request, self.cut).stop(self)

    def _autostart(self) -> None:
        wanted, record = self._request.autostart, self._seen.record
        if wanted is None or wanted == (record is not None and record.autostart):
            return
        name = self._request.name
        self.show([Change("autostart", not wanted, wanted)])
        self.add(
            "switch autostart on" if wanted else "switch autostart off",
            Effect.CONFIG,
            lambda: self._networks.set_autostart(name, wanted),
        )

    def _remove(self) -> None:
        record = self._seen.record
        if record is None:
            return
        name = record.name
        self.show([Change("state", self._seen.condition, "absent")])
        if record.active:
            self._stop()
        if record.persistent:
            self.add("undefine", Effect.CONFIG, lambda: self._networks.undefine(name))


def spec_of(document: Element) -> Spec:
    """Return what a document says of the options."""
    return statable(NETWORK, NETWORK.read(document))


def _check_identity(request: NetworkRequest, seen: Seen) -> None:
    """Raise InputError when the network of the wanted name or UUID is another one than the task means."""
    record = seen.record
    if record is None:
        return
    if record.name != request.name:
        raise InputError(
            "name",
            f"the network with the UUID {record.uuid} is {record.name}, and networks cannot be renamed.",
            hint="Call it by that name, or remove it first.",
        )
    if request.spec.get("uuid", record.uuid) != record.uuid:
        raise InputError("uuid", f"{record.name} has the UUID {record.uuid}, which never changes.")
