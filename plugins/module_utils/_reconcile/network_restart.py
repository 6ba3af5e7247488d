# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Stopping and restarting a network without cutting off the running domains that are connected to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .._document import tree
from .._document.field import Spec
from .._document.network import NETWORK, without_connections
from .._document.network_check import mode_of
from .._document.network_forward import MANAGED
from .._driver.base import Capability, Driver
from .._errors import DriverError, OperationInvalid, names
from .network_connected import Connection, connections, half_connected, listed, reconnect
from .network_request import NetworkRequest
from .network_seen import Seen, networks_of
from .plan import Effect, Plan

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


class Restart:
    """Plans the steps that end an instance of one network, and those that begin a new one.

    ``cut`` collects, by interface, why it could not be connected again.
    """

    def __init__(self, driver: Driver, request: NetworkRequest, cut: dict[str, str]) -> None:
        self._driver = driver
        self._networks = networks_of(driver)
        self._request = request
        self._cut = cut

    def stop(self, plan: Plan) -> None:
        """Add the step that stops it; raise OperationInvalid when running domains are connected."""
        name = self._request.name
        self._consent(
            plan,
            connections(self._driver, name),
            f"stopping the network {name}, to which {{}} would not be connected any more",
            "Stop these domains first, or allow it with force: true.",
        )
        plan.add("stop", Effect.RESTART, lambda: self._networks.destroy(name))

    def plan(self, plan: Plan, seen: Seen, document: Element) -> None:
        """Add the steps of a restart; raise OperationInvalid when somebody would lose the connection by it."""
        name = self._request.name
        before = {} if seen.live is None else NETWORK.read(seen.live)
        found = connections(self._driver, name)
        back = [connection for connection in found if self._can_return(connection, NETWORK.read(document))]
        others = [connection for connection in found if connection not in back]
        if mode_of(before) in MANAGED:
            self._consent(
                plan,
                others,
                f"restarting the network {name}, to which {{}} could not be connected again",
                "Change it without a restart, or allow it with force: true.",
            )
        elif others:
            # A bridge, or an interface, that is not libvirt's stays when the network goes.
            plan.warnings.append(f"until they start anew, these are connected as they were before: {listed(others)}")
        plan.add("stop", Effect.RESTART, lambda: self._networks.destroy(name))
        plan.add("start", Effect.LIVE, self._starting(seen, back))
        self._reconnect(plan, back)

    def heal(self, plan: Plan, document: Element) -> None:
        """Add steps that connect the running domains which an instance that has ended left without a connection."""
        spec = NETWORK.read(document)
        if Capability.UPDATE_DEVICE in self._driver.capabilities and _has_bridge(spec):
            name, bridge = self._request.name, spec.get("bridge", {}).get("name", "")
            found = connections(self._driver, name)
            left = [connection for connection in found if connection.at_bridge and not connection.plugged]
            self._reconnect(plan, sorted([*left, *half_connected(self._driver, name, bridge)], key=str))

    def _can_return(self, connection: Connection, spec: Spec) -> bool:
        return Capability.UPDATE_DEVICE in self._driver.capabilities and connection.at_bridge and _has_bridge(spec)

    def _consent(self, plan: Plan, found: Sequence[Connection], what: str, hint: str) -> None:
        """Raise OperationInvalid when somebody would lose the connection, or warn when the task consents to it."""
        cut = [connection for connection in found if connection.plugged]
        if not cut:
            return
        message = what.format(listed(cut))
        if not self._request.force:
            raise OperationInvalid(f"{message}.", hint=hint, connected=[connection.domain for connection in cut])
        plan.warnings.append(message)

    def _starting(self, seen: Seen, back: Sequence[Connection]) -> Callable[[], None]:
        """Return a step that starts the network; as it was before when it does not start with its configuration."""
        name = self._request.name

        def run() -> None:
            try:
                self._networks.start(name)
            except DriverError as error:
                hint = self._put_back(seen, back)
                raise DriverError(f"the network does not start: {error.reason}", code=error.code, hint=hint) from error

        return run

    def _put_back(self, seen: Seen, back: Sequence[Connection]) -> str:
        """Make the network again what it was before, with who was connected; say what has come of it."""
        try:
            self._start_as_before(seen)
        except DriverError as error:
            return f"It does not start as it was before, either, so nobody is connected to it: {error.reason}"
        for connection in back:
            self._try(connection)
        cut = f" These are not connected to it: {names([*self._cut])}." if self._cut else ""
        return f"It is active again as it was before.{cut}"

    def _start_as_before(self, seen: Seen) -> None:
        """Start the network with the document that it had while it was active, and give it back its configuration."""
        if seen.record is None or seen.live is None:
            return
        self._networks.define(tree.serialize(without_connections(tree.clone(seen.live))))
        try:
            self._networks.start(seen.record.name)
        finally:
            if seen.record.config is not None:
                self._networks.define(seen.record.config)
        if seen.record.config is None:
            self._networks.undefine(seen.record.name)

    def _reconnect(self, plan: Plan, back: Sequence[Connection]) -> None:
        for connection in back:
            plan.add(f"reconnect {connection}", Effect.LIVE, self._reconnecting(connection), uncertain=True)

    def _reconnecting(self, connection: Connection) -> Callable[[], bool]:
        return lambda: self._try(connection)

    def _try(self, connection: Connection) -> bool:
        """Connect an interface again. One that fails must not keep the others from it."""
        try:
            return reconnect(self._driver, self._request.name, connection)
        except DriverError as error:
            self._cut[str(connection)] = error.reason
            return False


def _has_bridge(spec: Spec) -> bool:
    """Whether a network with this spec is a bridge, to which an interface of a running domain can move."""
    return mode_of(spec) in MANAGED or "name" in spec.get("bridge", {})
