# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What hosts the inventory has, with which names, groups and variables."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.inventory.conftest import AGENT, ON_DEFAULT, Nodes


def test_every_domain_is_a_host(nodes: Nodes) -> None:
    nodes.define("kvm1", "web", start=True, tags=("front", "Zone 1"))
    nodes.define("kvm2", "db")
    found = nodes.load("kvm1", "kvm2")
    assert found.names == ["db", "web"]
    assert found.warnings == []
    web = found.hosts["web"]
    assert web["stratum_virt_name"] == "web"
    assert web["stratum_virt_state"] == "running"
    assert web["stratum_virt_reason"] == "booted"
    assert (web["stratum_virt_persistent"], web["stratum_virt_autostart"]) == (True, False)
    assert web["stratum_virt_spec"]["memory"] == "64MiB"
    assert web["stratum_virt_tags"] == ["Zone 1", "front"]
    assert web["stratum_virt_networks"] == ["default"]
    assert web["stratum_virt_node"] == "kvm1"
    assert web["stratum_virt_uri"].startswith(f"sim://{nodes.folder}/kvm1?")
    assert len(web["stratum_virt_uuid"]) == 36
    (address,) = web["stratum_virt_addresses"]
    assert address["source"] == "lease"
    assert web["ansible_host"] == address["address"]
    assert "ansible_connection" not in web
    assert "ansible_host" not in found.hosts["db"]
    assert found.hosts["db"]["stratum_virt_addresses"] == []


def test_groups_by_what_a_domain_is(nodes: Nodes) -> None:
    nodes.define("kvm1", "web", start=True, tags=("front", "Zone 1"))
    nodes.define("kvm1", "db", devices="<interface type='bridge'><source bridge='br-lan'/></interface>")
    found = nodes.load("kvm1")
    groups = {name: hosts for name, hosts in found.groups.items() if hosts and name != "all"}
    assert groups == {
        "state_running": ["web"],
        "state_stopped": ["db"],
        "node_kvm1": ["db", "web"],
        "network_default": ["web"],
        "network_br_lan": ["db"],
        "tag_front": ["web"],
        "tag_Zone_1": ["web"],
    }
    found = nodes.load("kvm1", group_by=["tag"], group_prefix="virt_")
    assert {name for name in found.groups if name not in ("all", "ungrouped")} == {"virt_tag_front", "virt_tag_Zone_1"}


def test_groups_and_variables_of_ones_own(nodes: Nodes) -> None:
    nodes.define("kvm1", "web", "db")
    found = nodes.load(
        "kvm1",
        group_by=[],
        compose={"size": "stratum_virt_spec.memory", "missing": "stratum_virt_spec.nothing.at.all"},
        groups={"small": "size == '64MiB'"},
        keyed_groups=[{"key": "stratum_virt_spec.arch", "prefix": "arch"}],
    )
    assert found.hosts["db"]["size"] == "64MiB"
    assert "missing" not in found.hosts["db"]
    assert found.groups["small"] == found.groups["arch_x86_64"] == ["db", "web"]


def test_strict_makes_an_error_of_what_fails(nodes: Nodes) -> None:
    nodes.define("kvm1", "web")
    found = nodes.load("kvm1", strict=True, compose={"missing": "stratum_virt_spec.nothing.at.all"})
    assert "missing" in " ".join(found.warnings)
    assert "Failed to parse" in " ".join(found.warnings)


def test_a_name_that_two_nodes_have_is_nobodys_alone(nodes: Nodes) -> None:
    for node in ("kvm1", "kvm2"):
        nodes.define(node, "web", f"only-{node}")
    expected = ["only-kvm1", "only-kvm2", "web.kvm1", "web.kvm2"]
    assert nodes.load("kvm1", "kvm2").names == expected
    found = nodes.load("kvm2", "kvm1")
    assert found.names == expected
    assert found.hosts["web.kvm1"]["stratum_virt_node"] == "kvm1"


def test_what_the_nodes_name_does_not_tell_apart_has_its_uuid(nodes: Nodes) -> None:
    nodes.define("kvm1", "web", "web.kvm1")
    nodes.define("kvm2", "web")
    found = nodes.load("kvm1", "kvm2")
    # A domain that has the name of its own keeps it.
    assert found.hosts["web.kvm1"]["stratum_virt_name"] == "web.kvm1"
    (other,) = (name for name in found.names if name not in ("web.kvm1", "web.kvm2"))
    assert other == found.hosts[other]["stratum_virt_uuid"]
    assert (found.hosts[other]["stratum_virt_name"], found.hosts[other]["stratum_virt_node"]) == ("web", "kvm1")


def test_one_domain_on_two_nodes_is_two_hosts(nodes: Nodes) -> None:
    uuid = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"
    for node in ("kvm1", "kvm2"):
        nodes.define(node, "web", more=f"<uuid>{uuid}</uuid>")
    assert nodes.load("kvm1", "kvm2").names == ["web.kvm1", "web.kvm2"]
    assert nodes.load("kvm1", "kvm2", hostnames=["stratum_virt_uuid"]).names == [f"{uuid}.kvm1", f"{uuid}.kvm2"]
    names = nodes.load("kvm1", "kvm2", hostnames=["'all'"]).names
    assert names == [f"{uuid}.kvm1", f"{uuid}.kvm2"]


def test_names_come_from_the_first_expression_that_gives_one(nodes: Nodes) -> None:
    nodes.define("kvm1", "web", more="<title>Front door</title>")
    nodes.define("kvm1", "db")
    found = nodes.load("kvm1", hostnames=["stratum_virt_spec.title", "stratum_virt_name ~ '.' ~ stratum_virt_node"])
    assert found.names == ["Front door", "db.kvm1"]
    assert "hostnames[0]: it could not be evaluated for 1 of the domains" in " ".join(found.warnings)


def test_two_domains_of_a_node_that_want_the_same_name(nodes: Nodes) -> None:
    nodes.define("kvm1", "web", "db", more="<title>same</title>")
    found = nodes.load("kvm1", hostnames=["stratum_virt_spec.title"])
    assert found.names == sorted(host["stratum_virt_uuid"] for host in found.hosts.values())


@pytest.mark.parametrize("connection", ["none", "guest_agent"])
def test_how_guests_are_reached_is_a_choice(nodes: Nodes, connection: str) -> None:
    nodes.define("kvm1", "web", start=True)
    web = nodes.load("kvm1", connection=connection).hosts["web"]
    assert web["stratum_virt_addresses"]
    assert "ansible_host" not in web
    assert web.get("ansible_connection") == {"none": None, "guest_agent": "stratum.virt.guest_agent"}[connection]


def test_addresses_come_from_whom_was_asked(nodes: Nodes) -> None:
    nodes.define("kvm1", "web", start=True, devices=ON_DEFAULT + AGENT)
    nodes.define("kvm1", "mute", start=True)
    found = nodes.load("kvm1", address_sources=["agent", "lease"])
    assert {each["source"] for each in found.hosts["web"]["stratum_virt_addresses"]} == {"agent", "lease"}
    assert found.hosts["web"]["ansible_host"].startswith("192.168.122.")
    assert {each["source"] for each in found.hosts["mute"]["stratum_virt_addresses"]} == {"lease"}
    found = nodes.load("kvm1", address_sources=["arp"])
    assert {each["source"] for each in found.hosts["web"]["stratum_virt_addresses"]} == {"arp"}
    found = nodes.load("kvm1", address_sources=[])
    assert found.hosts["web"]["stratum_virt_addresses"] == []
    assert "ansible_host" not in found.hosts["web"]


def test_the_preferred_network_comes_first(nodes: Nodes) -> None:
    networks = nodes.driver("kvm1").networks
    assert networks is not None
    networks.define(
        "<network><name>inner</name><ip address='10.9.0.1' netmask='255.255.255.0'>"
        "<dhcp><range start='10.9.0.2' end='10.9.0.9'/></dhcp></ip></network>"
    )
    networks.start("inner")
    inner = "<interface type='network'><source network='inner'/></interface>"
    nodes.define("kvm1", "web", start=True, devices=ON_DEFAULT + inner)
    assert nodes.load("kvm1").hosts["web"]["ansible_host"].startswith("192.168.122.")
    assert nodes.load("kvm1", address_network="inner").hosts["web"]["ansible_host"].startswith("10.9.0.")
    # A preference: where there is none, any other will do.
    assert nodes.load("kvm1", address_network="none").hosts["web"]["ansible_host"].startswith("192.168.122.")
    assert "ansible_host" not in nodes.load("kvm1", address_family="ipv6").hosts["web"]


def test_the_spec_can_be_left_out(nodes: Nodes) -> None:
    nodes.define("kvm1", "web", start=True, tags=("front",), devices=ON_DEFAULT + AGENT)
    nodes.define("kvm1", "db", start=True)
    more: tuple[dict[str, Any], ...] = (
        {},
        {"address_sources": ["agent"], "address_network": "default", "tags": ["front"]},
    )
    for options in more:
        whole, brief = nodes.load("kvm1", **options), nodes.load("kvm1", spec=False, **options)
        assert brief.groups == whole.groups
        for name, variables in whole.hosts.items():
            assert variables.pop("stratum_virt_spec")
            assert brief.hosts[name] == variables
    found = nodes.load("kvm1", spec=False, filters=[{"exclude": "stratum_virt_spec.memory"}])
    assert "stratum_virt_spec" in " ".join(found.warnings)
