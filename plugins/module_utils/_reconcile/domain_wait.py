# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Waiting for a guest: until its agent answers, until it has an address."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

from .._deadline import Deadline
from .._document import tree
from .._driver.base import Driver
from .._driver.domains import Address
from .._errors import DeadlineExceeded, DriverError, GuestAgentError
from .domain_power import agent_connected
from .wait import wait_until

ADDRESS_SOURCES = ("lease", "agent", "arp")

_PING = '{"execute": "guest-ping"}'
_PING_PATIENCE = 5.0
_RECHECK_ADDRESS = 0.5
"""Seconds; a new lease sends no event."""


def await_guest(driver: Driver, name: str, things: Sequence[str], timeout: float) -> list[Address]:
    """Wait for all ``things`` (``agent``, ``address``); return the guest's addresses, none when not asked for.

    Raises DeadlineExceeded when one does not come within ``timeout`` seconds.
    """
    deadline = Deadline(timeout)
    if "agent" in things and wait_until(driver.domains, name, lambda: _agent(driver, name), deadline) is None:
        raise DeadlineExceeded(
            f"the guest agent of {name} does not answer after {timeout:g} s.",
            hint="The guest needs qemu-guest-agent running, and the domain its channel (org.qemu.guest_agent.0).",
        )
    if "address" not in things:
        return []
    found = wait_until(driver.domains, name, lambda: usable(driver, name) or None, deadline, recheck=_RECHECK_ADDRESS)
    if found is None:
        raise DeadlineExceeded(
            f"the guest of {name} has no address after {timeout:g} s.",
            hint="Addresses are known from DHCP leases of virtual networks, from the guest agent, and from ARP.",
        )
    return found


def usable(driver: Driver, name: str) -> list[Address]:
    """Return the addresses at which the guest can be reached: neither loopback nor link-local, each one once."""
    found: dict[str, Address] = {}
    for address in driver.domains.addresses([name], ADDRESS_SOURCES).get(name, []):
        parsed = ipaddress.ip_address(address.address)
        if not parsed.is_loopback and not parsed.is_link_local:
            found.setdefault(address.address, address)
    return list(found.values())


def show(address: Address) -> dict[str, Any]:
    """Return an address as results have it."""
    return dict(address._asdict())


def _agent(driver: Driver, name: str) -> bool | None:
    record = next(iter(driver.domains.describe([name])), None)
    if record is None or record.live is None:
        raise DriverError(f"the domain {name} stopped while its agent was waited for.")
    if not agent_connected(tree.parse(record.live, f"the document of {name}")):
        return None
    try:
        driver.domains.agent(name, _PING, Deadline(_PING_PATIENCE))
    except (GuestAgentError, DeadlineExceeded):
        return None
    return True
