# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests of networks on a simulated node share."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from ansible_collections.stratum.virt.plugins.module_utils._document import tree
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Driver
from ansible_collections.stratum.virt.plugins.module_utils._driver.networks import NetworkRecord, Networks
from ansible_collections.stratum.virt.plugins.module_utils._errors import StratumError
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost
from ansible_collections.stratum.virt.plugins.module_utils._reconcile.network import NetworkManager
from ansible_collections.stratum.virt.plugins.module_utils._reconcile.network_request import load

from .conftest import SMALL, Node, Result, validated

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

MAC = "52:54:00:00:00:01"

LAB: dict[str, Any] = {
    "name": "lab",
    "forward": {"mode": "nat"},
    "bridge": {"name": "vbr-lab"},
    "ip": [
        {
            "address": "10.1.2.1",
            "prefix": 24,
            "dhcp": {
                "ranges": [{"start": "10.1.2.100", "end": "10.1.2.149"}],
                "hosts": [{"mac": MAC, "ip": "10.1.2.11", "name": "one"}, {"name": "two", "ip": "10.1.2.12"}],
            },
        },
        {"address": "fd00:12::1", "prefix": 64},
    ],
    "dns": {
        "hosts": [{"ip": "10.1.2.20", "hostnames": ["db", "database"]}],
        "txt": [{"name": "about", "value": "a lab"}],
        "srv": [{"service": "ldap", "protocol": "tcp", "target": "db", "port": 389}],
    },
    "portgroups": [{"name": "fast", "default": True}, {"name": "slow"}],
}


class NoFiles(LocalHost):
    """A host that shows no routes."""

    def status(self, path: str) -> None:
        return None


def task(
    node: Node, *, check: bool = False, parameters: str = "", host: LocalHost | None = None, **options: Any
) -> Result:
    """Run one task; ``parameters`` are those of the URI."""
    request = load(validated("network", {"name": "lab", **options}))._replace(timeout=5.0)
    node.host = host or NoFiles()
    manager = NetworkManager(partial(node.connect, parameters), node.host, request)
    printed: Result = json.loads(json.dumps(manager.run(check_mode=check)))
    return printed


def both(node: Node, **options: Any) -> Result:
    """Run a task in check mode, then really, and once more; what was foretold must come true."""
    before = node.bytes()
    foretold = task(node, check=True, **options)
    assert node.bytes() == before, "check mode changed something"
    done = task(node, **options)
    for what in ("changed", "actions", "diff", "pending", "restart_required"):
        assert foretold[what] == done[what], f"check mode foretold another {what}"
    assert foretold["network"]["state"] == done["network"]["state"]
    again = task(node, **{name: value for name, value in options.items() if name != "force"})
    assert not again["changed"], again["actions"]
    assert again["actions"] == []
    assert again["diff"] == {"before": {}, "after": {}}
    assert again["pending"] == done["pending"]
    return done


def refused(node: Node, kind: type[StratumError] = StratumError, **options: Any) -> StratumError:
    """Run a task that has to fail before it changes anything, in check mode and out of it."""
    before, messages = node.bytes(), []
    for check in (True, False):
        try:
            task(node, check=check, **options)
        except kind as error:
            messages.append(error)
        else:
            raise AssertionError("it was not refused")
        assert node.bytes() == before
    assert str(messages[0]) == str(messages[1])
    return messages[0]


def networks(driver: Driver) -> Networks:
    assert driver.networks is not None
    return driver.networks


def record(node: Node, name: str = "lab") -> NetworkRecord | None:
    with node.connect() as driver:
        return next(iter(networks(driver).describe([name])), None)


def config(node: Node, name: str = "lab") -> Element:
    found = record(node, name)
    assert found is not None
    assert found.config is not None
    return tree.parse(found.config, name)


def live(node: Node, name: str = "lab") -> Element:
    found = record(node, name)
    assert found is not None
    assert found.live is not None
    return tree.parse(found.live, name)


def put(node: Node, condition: str, name: str = "lab") -> None:
    """Bring a network, which exists and is inactive, into a condition (``transient``: without a configuration)."""
    with node.connect() as driver:
        if condition == "absent":
            networks(driver).undefine(name)
        elif condition in ("active", "transient"):
            networks(driver).start(name)
        if condition == "transient":
            networks(driver).undefine(name)


def connected(node: Node, *macs: str, network: str = "lab", **options: Any) -> None:
    """Start a domain with an interface in a network for each MAC address."""
    interfaces = [{"network": network, "mac": mac} for mac in macs]
    node.task(SMALL, interfaces=interfaces, state="running", **options)
    node.settled()


def ports(node: Node, name: str = "lab") -> list[str]:
    """Return the MAC addresses of what is plugged into a network."""
    with node.connect() as driver:
        return [port.mac for port in networks(driver).ports([name])[name]]
