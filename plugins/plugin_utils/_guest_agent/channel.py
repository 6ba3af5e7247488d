# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The way to one domain's guest agent, over a connection to its node that is opened when it is needed."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from ...module_utils._deadline import Deadline
from ...module_utils._document.tree import parse
from ...module_utils._driver.base import Capability, Driver
from ...module_utils._driver.domains import DomainState
from ...module_utils._errors import (
    ConnectionFailed,
    GuestAgentError,
    NotFound,
    NotSupported,
    OperationInvalid,
    OutcomeUnknown,
    PeerError,
    StratumError,
)

CHANNEL = "org.qemu.guest_agent.0"
_HINTS = {
    DomainState.PAUSED: "Resume it.",
    DomainState.STOPPED: "Start it.",
    DomainState.SUSPENDED: "Wake it up.",
}


class NotRunning(OperationInvalid):
    """The domain has stopped."""


class Channel:
    """Carries one command at a time to the agent of one domain, and its answer back.

    A connection that died between two commands is opened again, once; what may have been done is never sent again.
    """

    def __init__(self, connect: Callable[[], Driver], domain: str) -> None:
        self._connect = connect
        self.domain = domain
        """The name or UUID that was asked for."""
        self._name = domain
        self._driver: Driver | None = None

    def open(self) -> None:
        """Connect to the node and find the domain; raise an error that says why its agent cannot be asked."""
        driver = self._connect()
        try:
            self._name = _find(driver, self.domain)
        except StratumError:
            driver.close()
            raise
        self._driver = driver

    def close(self) -> None:
        """Close the connection; it is opened again when it is needed."""
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.close()

    def ask(self, command: str, deadline: Deadline, *, repeatable: bool) -> str:
        """Return the agent's answer (JSON, untrusted). ``repeatable``: doing it twice is the same as doing it once."""
        if self._driver is not None:
            try:
                return self._once(self._driver, command, deadline)
            except (ConnectionFailed, PeerError):
                pass
            except OutcomeUnknown:
                if not repeatable:
                    raise
        self.open()
        if self._driver is None:
            raise ConnectionFailed(f"the connection for the domain {self.domain} was closed.")
        return self._once(self._driver, command, deadline)

    def condition_behind(self, error: StratumError) -> StratumError | None:
        """Return what a person should know when the agent did not answer, ``None`` when the error says it best."""
        if not isinstance(error, (GuestAgentError, OperationInvalid)) or self._driver is None:
            return None
        try:
            return _condition(self._driver, self._name)
        except StratumError:
            return None

    def _once(self, driver: Driver, command: str, deadline: Deadline) -> str:
        intact = False
        try:
            answer = driver.domains.agent(self._name, command, deadline)
            intact = True
        except (ConnectionFailed, OutcomeUnknown, PeerError):
            raise
        except StratumError:
            intact = True
            raise
        finally:
            # Also when a signal's handler broke off in the middle of a packet.
            if not intact:
                self.close()
        return answer


def _find(driver: Driver, domain: str) -> str:
    """Return the name of the domain with this name or UUID."""
    if Capability.AGENT not in driver.capabilities:
        raise NotSupported(f"the hypervisor at {driver.uri} has no guest agents.")
    if driver.domains.describe([domain], documents=False):
        return domain
    try:
        found = driver.domains.find(str(uuid.UUID(domain)))
    except ValueError:
        found = None
    if found is None:
        raise NotFound(
            f"there is no domain {domain} on {driver.uri}.",
            hint="The connection's options domain and uri say which one is meant.",
        )
    return found


def _condition(driver: Driver, name: str) -> StratumError | None:
    """Return why nobody can talk to the agent of a domain, ``None`` when the domain does not show it."""
    records = driver.domains.describe([name])
    if not records:
        return NotFound(f"there is no domain {name} on {driver.uri}.")
    (record,) = records
    if record.state is not DomainState.RUNNING:
        kind = OperationInvalid if record.state.active else NotRunning
        return kind(
            f"the guest of the domain {name} does nothing, because the domain is {record.state.value}.",
            hint=_HINTS.get(record.state),
        )
    document = parse(record.live or "", f"the running domain {name}")
    states = [
        target.get("state") for target in document.iterfind("devices/channel/target") if target.get("name") == CHANNEL
    ]
    if not states:
        return GuestAgentError(
            f"the running domain {name} has no channel for a guest agent.",
            hint=f"Give it one: channels: [{{name: {CHANNEL}}}].",
        )
    if "connected" not in states:
        return GuestAgentError(
            f"the guest agent of the domain {name} is not connected.",
            hint="The guest may still be starting, or it does not run qemu-guest-agent.",
        )
    return None
