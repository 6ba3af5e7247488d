# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restarting a network: who is connected again, who would be cut off, and what happens when something fails."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.control import Fault
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.domains import SimDomains
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.networks import SimNetworks
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    DriverError,
    OperationInvalid,
    StratumError,
)

from .conftest import SMALL, Node
from .networks import LAB, MAC, both, config, connected, live, ports, record, refused, task

OTHER = "52:54:00:00:00:02"
RESTART = ["change the configuration", "stop", "start", f"reconnect web1 ({MAC})"]


def test_running_domains_are_connected_again(node: Node) -> None:
    task(node, **LAB, state="active")
    connected(node, MAC, OTHER)
    before = node.live().findall("devices/interface")
    done = both(node, mtu=9000, restart="if_needed")
    assert done["actions"] == [*RESTART, f"reconnect web1 ({OTHER})"]
    assert sorted(ports(node)) == [MAC, OTHER]
    for old, new in zip(before, node.live().findall("devices/interface")):
        assert new.get("type") == "network"
        assert new.find("source").get("network") == "lab"
        assert new.find("alias").get("name") == old.find("alias").get("name")
        assert new.find("target").get("dev") == old.find("target").get("dev")


def test_a_group_of_ports_is_kept(node: Node) -> None:
    task(node, **LAB, state="active")
    interface = {"network": "lab", "mac": MAC, "portgroup": "slow"}
    node.task(SMALL, interfaces=[interface], state="running")
    node.settled()
    both(node, mtu=9000, restart="if_needed")
    assert node.live().find("devices/interface/source").get("portgroup") == "slow"
    assert not node.task(SMALL, interfaces=[interface])["changed"]


def test_domains_of_other_networks_and_stopped_ones_are_left_alone(node: Node) -> None:
    task(node, **LAB, state="active")
    connected(node, MAC, network="default")
    done = both(node, mtu=9000, restart="if_needed")
    assert done["actions"] == ["change the configuration", "stop", "start"]


def test_a_new_name_of_the_bridge(node: Node) -> None:
    task(node, **LAB, state="active")
    connected(node, MAC)
    assert both(node, bridge={"name": "vbr-other"}, restart="if_needed")["actions"] == RESTART
    assert node.live().find("devices/interface/source").get("bridge") == "vbr-other"


def test_no_restart_without_consent_or_need(node: Node) -> None:
    task(node, **LAB, state="active")
    assert both(node, mtu=9000)["restart_required"]
    assert both(node, dns={"txt": [{"name": "a", "value": "b"}]}, restart="if_needed")["actions"] == [
        "change the configuration",
        "add dns.txt[a]",
    ]


BRIDGE: dict[str, Any] = {"name": "lab", "forward": {"mode": "bridge"}, "bridge": {"name": "br0"}}


def test_another_bridge_of_the_node(node: Node) -> None:
    task(node, **BRIDGE, state="active")
    connected(node, MAC)
    assert both(node, bridge={"name": "br1"}, restart="if_needed")["actions"] == RESTART
    assert node.live().find("devices/interface/source").get("bridge") == "br1"
    assert ports(node) == [MAC]


def test_a_bridge_of_the_node_takes_nobody_with_it(node: Node) -> None:
    task(node, **BRIDGE, state="active")
    connected(node, MAC)
    done = both(node, bridge={"name": "br1"}, restart="if_needed", parameters="without=update_device")
    assert done["actions"] == ["change the configuration", "stop", "start"]
    assert f"as they were before: web1 ({MAC})" in done["warnings"][0]


def test_who_cannot_be_connected_again_is_not_cut_off(node: Node) -> None:
    task(node, **LAB, state="active")
    connected(node, MAC)
    without = {"parameters": "without=update_device"}
    error = refused(node, OperationInvalid, mtu=9000, restart="if_needed", **without)
    assert f"web1 ({MAC})" in str(error)
    done = task(node, mtu=9000, restart="if_needed", force=True, **without)
    assert done["actions"] == ["change the configuration", "stop", "start"]
    assert f"web1 ({MAC})" in done["warnings"][0]


def test_nobody_moves_from_a_bridge_to_a_direct_connection(node: Node) -> None:
    task(node, **LAB, state="active")
    connected(node, MAC)
    document = {
        "forward": {"mode": "private", "interfaces": ["eth0"]},
        "ip": [],
        "dns": {"hosts": [], "txt": [], "srv": []},
        "portgroups": [],
        "exclusive": ["ip", "dns.hosts", "dns.txt", "dns.srv", "portgroups"],
    }
    error = refused(node, OperationInvalid, **document, restart="if_needed")
    assert f"web1 ({MAC})" in str(error)
    done = both(node, **document, restart="if_needed", force=True)
    assert done["actions"] == ["change the configuration", "stop", "start"]
    assert config(node).find("bridge") is None
    assert config(node).find("mac") is None


@pytest.mark.parametrize("what", ["update_device:before", "update_device:before:1:invalid"])
def test_one_that_fails_does_not_keep_the_others_from_it(node: Node, what: str) -> None:
    task(node, **LAB, state="active")
    connected(node, MAC, OTHER)
    with pytest.raises(DriverError) as error:
        task(node, mtu=9000, restart="if_needed", parameters=f"fail={what}")
    assert f"web1 ({MAC})" in str(error.value)
    assert f"web1 ({OTHER})" not in str(error.value)
    assert ports(node) == [OTHER]


def test_a_network_that_does_not_start_is_put_back(node: Node) -> None:
    task(node, **LAB, state="active")
    connected(node, MAC)
    before = record(node)
    with pytest.raises(DriverError, match="active again as it was before") as error:
        task(node, mtu=9000, restart="if_needed", parameters="fail=networks.start:before")
    assert error.value.facts["failed_action"] == "start"
    after = record(node)
    assert before is not None
    assert after is not None
    assert after.active
    assert after.config == before.config
    assert config(node).find("mtu") is None
    assert live(node).find("mtu") is None
    assert ports(node) == [MAC]


def test_a_configuration_that_never_started_does_not_take_the_network_with_it(node: Node) -> None:
    """The change was configured by an earlier task, so that the configuration is no way back."""
    task(node, **LAB, state="active")
    connected(node, MAC)
    task(node, mtu=9000)
    with node.edit() as state:
        state.faults.append(Fault("networks.start"))
    with pytest.raises(DriverError, match="active again as it was before"):
        task(node, mtu=9000, restart="if_needed")
    assert live(node).find("mtu") is None
    assert config(node).find("mtu").get("size") == "9000"  # type: ignore[union-attr]
    assert ports(node) == [MAC]
    assert both(node, mtu=9000, restart="if_needed")["actions"] == ["stop", "start", f"reconnect web1 ({MAC})"]


def test_a_network_that_cannot_be_put_back_says_who_lost_it(node: Node) -> None:
    task(node, **LAB, state="active")
    before = record(node)
    with node.edit() as state:
        state.faults.append(Fault("networks.start", times=2))
    with pytest.raises(DriverError, match="nobody is connected to it") as error:
        task(node, mtu=9000, restart="if_needed")
    assert error.value.facts["failed_action"] == "start"
    after = record(node)
    assert before is not None
    assert after is not None
    assert not after.active
    assert after.config == before.config


def test_who_connects_right_before_the_network_stops_is_connected_again(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    task(node, **LAB, state="active")
    node.task(SMALL, interfaces=[{"network": "lab", "mac": MAC}])
    destroy = SimNetworks.destroy

    def meanwhile(networks: SimNetworks, name: str) -> None:
        with node.connect() as driver:
            driver.domains.start("web1")
        destroy(networks, name)

    monkeypatch.setattr(SimNetworks, "destroy", meanwhile)
    assert task(node, mtu=9000, restart="if_needed")["actions"] == RESTART
    assert ports(node) == [MAC]


# A task, and the calls that carry it out, one after the other.
CALLS = {
    "create": ("absent", {**LAB, "state": "active", "autostart": True}, ["define", "start", "set_autostart"]),
    "update": ("active", {"dns": {"txt": [{"name": "a", "value": "b"}]}}, ["define", "update"]),
    "stop": ("active", {"state": "inactive"}, ["destroy"]),
    "remove": ("active", {"state": "absent"}, ["destroy", "undefine"]),
}
LAST = [(name, calls[-1]) for name, (_condition, _options, calls) in CALLS.items()]
EVERY = [(name, call) for name, (_condition, _options, calls) in CALLS.items() for call in calls]


def prepared(node: Node, name: str) -> dict[str, object]:
    condition, options, _calls = CALLS[name]
    if condition != "absent":
        task(node, **LAB, state=condition)
    return {**options, "name": "lab"}


@pytest.mark.parametrize(("name", "call"), LAST)
def test_a_change_whose_answer_got_lost_is_found_out(node: Node, name: str, call: str) -> None:
    options = prepared(node, name)
    done = task(node, **options, parameters=f"fail=networks.{call}:after")
    assert done["changed"]
    assert done["actions"]
    assert not task(node, **options)["changed"]


@pytest.mark.parametrize(("name", "call"), EVERY)
def test_a_task_that_broke_off_is_finished_by_the_next(node: Node, name: str, call: str) -> None:
    options = prepared(node, name)
    for when in ("before", "after"):
        with suppress(StratumError):
            task(node, **options, parameters=f"fail=networks.{call}:{when}")
    task(node, **options)
    assert not task(node, **options)["changed"]


@pytest.mark.parametrize("call", ["networks.destroy", "networks.start", "domains.update_device"])
def test_a_restart_that_broke_off_is_finished(node: Node, call: str) -> None:
    task(node, **LAB, state="active")
    connected(node, MAC, OTHER)
    with node.edit() as state:
        state.faults.append(Fault(call, when="after"))
    done = task(node, mtu=9000, restart="if_needed")
    assert done["actions"] == [*RESTART, f"reconnect web1 ({OTHER})"]
    assert sorted(ports(node)) == [MAC, OTHER]
    assert [found.get("type") for found in node.live().iterfind("devices/interface")] == ["network", "network"]


def test_a_restart_that_broke_off_says_who_is_cut_off(node: Node) -> None:
    task(node, **LAB, state="active")
    connected(node, MAC)
    with node.edit() as state:
        state.faults += [Fault("networks.destroy", when="after"), Fault("domains.update_device", error="invalid")]
    with pytest.raises(DriverError, match="are not connected to it") as error:
        task(node, mtu=9000, restart="if_needed")
    assert f"web1 ({MAC})" in str(error.value)


@pytest.mark.parametrize("call", ["networks.destroy", "networks.start", "domains.update_device"])
def test_a_restart_after_a_refused_update_that_broke_off_is_finished(node: Node, call: str) -> None:
    task(node, **LAB, state="active")
    connected(node, MAC)
    with node.edit() as state:
        state.faults += [Fault("networks.update", error="unsupported"), Fault(call, when="after")]
    done = task(node, dns={"txt": [{"name": "a", "value": "b"}]}, restart="if_needed")
    assert done["actions"] == RESTART
    assert ports(node) == [MAC]


def test_a_guaranteed_rate_is_only_for_interfaces_of_a_network(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """libvirt refuses one at a bridge, which the interface is on its way back."""
    task(node, **LAB, bandwidth={"inbound": {"average": 10000}}, state="active")
    limits = {"inbound": {"average": 1000, "floor": 500}}
    node.task(SMALL, interfaces=[{"network": "lab", "mac": MAC, "bandwidth": limits}], state="running")
    node.settled()
    seen: list[str] = []
    update = SimDomains.update_device

    def noted(domains: SimDomains, name: str, document: str) -> None:
        seen.append(document)
        update(domains, name, document)

    monkeypatch.setattr(SimDomains, "update_device", noted)
    task(node, mtu=9000, restart="if_needed")
    assert ["floor=" in document for document in seen] == [False, True]
    assert node.live().find("devices/interface/bandwidth/inbound").get("floor") == "500"
