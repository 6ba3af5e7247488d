# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changing a network: live and in its configuration where that can be, else pending, or with a restart."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._errors import StratumError

from .conftest import Node
from .networks import LAB, MAC, both, config, live, record, task

NEXT_START = "takes effect at the next start"


def dhcp(address: str = "10.1.2.1", **parts: Any) -> dict[str, Any]:
    return {"ip": [{"address": address, "dhcp": parts}]}


def attributes(root: Any, path: str) -> list[dict[str, str]]:
    return [{str(name): str(value) for name, value in found.attrib.items()} for found in root.iterfind(path)]


@pytest.mark.parametrize(
    ("options", "actions", "path", "found"),
    [
        (
            dhcp(hosts=[{"mac": "52:54:00:00:00:09", "ip": "10.1.2.19"}]),
            ["add ip[10.1.2.1].dhcp.hosts[52:54:00:00:00:09]"],
            "ip/dhcp/host[@ip='10.1.2.19']",
            [{"mac": "52:54:00:00:00:09", "ip": "10.1.2.19"}],
        ),
        (
            dhcp(hosts=[{"mac": MAC.upper(), "ip": "10.1.2.51"}]),
            [f"change ip[10.1.2.1].dhcp.hosts[{MAC}]"],
            "ip/dhcp/host[@name='one']",
            [{"mac": MAC, "ip": "10.1.2.51", "name": "one"}],
        ),
        (
            dhcp(hosts=[{"name": "two", "ip": "10.1.2.52"}]),
            ["change ip[10.1.2.1].dhcp.hosts[two]"],
            "ip/dhcp/host[@name='two']",
            [{"name": "two", "ip": "10.1.2.52"}],
        ),
        (
            {**dhcp(hosts=[{"name": "two", "ip": "10.1.2.11"}]), "exclusive": ["ip.dhcp.hosts"]},
            [f"remove ip[10.1.2.1].dhcp.hosts[{MAC}]", "change ip[10.1.2.1].dhcp.hosts[two]"],
            "ip/dhcp/host",
            [{"name": "two", "ip": "10.1.2.11"}],
        ),
        (
            {**dhcp(ranges=[{"start": "10.1.2.100", "end": "10.1.2.199"}]), "exclusive": ["ip.dhcp.ranges"]},
            [
                "remove ip[10.1.2.1].dhcp.ranges[10.1.2.100,10.1.2.149]",
                "add ip[10.1.2.1].dhcp.ranges[10.1.2.100,10.1.2.199]",
            ],
            "ip/dhcp/range",
            [{"start": "10.1.2.100", "end": "10.1.2.199"}],
        ),
        (
            {"dns": {"hosts": [{"ip": "10.1.2.20", "hostnames": ["other"]}]}},
            ["change dns.hosts[10.1.2.20]"],
            "dns/host[@ip='10.1.2.20']",
            [{"ip": "10.1.2.20"}],
        ),
        (
            {"dns": {"txt": [{"name": "about", "value": "b"}, {"name": "more", "value": "c"}]}},
            ["change dns.txt[about]", "add dns.txt[more]"],
            "dns/txt",
            [{"name": "about", "value": "b"}, {"name": "more", "value": "c"}],
        ),
        (
            {"dns": {"srv": []}, "exclusive": ["dns.srv"]},
            ["remove dns.srv[ldap,tcp,,db,389]"],
            "dns/srv",
            [],
        ),
        (
            {"portgroups": [{"name": "slow", "default": True}, {"name": "fast", "default": False}]},
            ["change portgroups[fast]", "change portgroups[slow]"],
            "portgroup[@default='yes']",
            [{"name": "slow", "default": "yes"}],
        ),
        (
            {"portgroups": [], "exclusive": ["portgroups"]},
            ["remove portgroups[fast]", "remove portgroups[slow]"],
            "portgroup",
            [],
        ),
    ],
)
def test_an_active_network_is_changed_at_once(
    node: Node, options: dict[str, Any], actions: list[str], path: str, found: list[dict[str, str]]
) -> None:
    task(node, **LAB, state="active")
    done = both(node, **options)
    assert done["actions"] == ["change the configuration", *actions]
    assert done["pending"] == []
    assert attributes(live(node), path) == attributes(config(node), path) == found


def test_interfaces_change_at_once(node: Node) -> None:
    task(node, name="lab", forward={"mode": "private", "interfaces": ["eth0", "eth1"]}, state="active")
    done = both(node, forward={"interfaces": ["eth2", "eth1"]})
    assert done["actions"] == ["change the configuration", "change forward.interfaces"]
    for document in (live(node), config(node)):
        assert {found["dev"] for found in attributes(document, "forward/interface")} == {"eth1", "eth2"}


@pytest.mark.parametrize(
    ("options", "pending"),
    [
        ({"mtu": 9000}, ["mtu"]),
        ({"forward": {"mode": "route"}}, ["forward.mode"]),
        ({"forward": {"mode": "none"}}, ["forward"]),
        ({"bridge": {"stp": False, "delay": 3}}, ["bridge.stp", "bridge.delay"]),
        ({"domain": {"name": "lab.example"}}, ["domain.name"]),
        ({"dns": {"forward_plain_names": False}}, ["dns.forward_plain_names"]),
        ({"ip": [{"address": "10.1.2.1", "prefix": 25, "dhcp": {"ranges": []}}], "exclusive": ["ip.dhcp.ranges"]},
         ["ip[10.1.2.1].prefix", "ip[10.1.2.1].dhcp.ranges[10.1.2.100,10.1.2.149]"]),
        ({"routes": [{"address": "10.9.0.0", "prefix": 16, "gateway": "10.1.2.9"}]}, ["routes[10.9.0.0,16]"]),
        ({"ip": [{"address": "10.1.2.1"}], "exclusive": ["ip"]}, ["ip[fd00:12::1]"]),
    ],
)  # fmt: skip
def test_the_rest_waits(node: Node, options: dict[str, Any], pending: list[str]) -> None:
    task(node, **LAB, state="active")
    done = both(node, **options)
    assert done["actions"] == ["change the configuration"]
    assert [item["field"] for item in done["pending"]] == pending
    assert all(item["reason"].startswith(NEXT_START) for item in done["pending"])
    assert done["restart_required"]
    restarted = both(node, **options, restart="if_needed")
    assert restarted["actions"] == ["stop", "start"]
    assert not restarted["restart_required"]


def test_one_task_does_both(node: Node) -> None:
    task(node, **LAB, state="active")
    done = both(node, mtu=9000, dns={"txt": [{"name": "about", "value": "b"}]})
    assert done["actions"] == ["change the configuration", "change dns.txt[about]"]
    assert [item["field"] for item in done["pending"]] == ["mtu"]
    done = both(node, mtu=1400, dns={"txt": [{"name": "about", "value": "c"}]}, restart="if_needed")
    assert done["actions"] == ["change the configuration", "stop", "start"]


def test_an_inactive_network_has_nothing_to_wait_for(node: Node) -> None:
    task(node, **LAB)
    done = both(node, mtu=9000, restart="if_needed")
    assert done["actions"] == ["change the configuration"]
    assert done["pending"] == []


def test_tags_need_no_restart(node: Node) -> None:
    task(node, **LAB, state="active")
    done = both(node, tags=["b", "a"], restart="if_needed")
    assert done["actions"] == ["change the configuration"]
    assert done["diff"]["after"] == {"tags": ["b", "a"]}
    assert not both(node, tags=["a", "b"])["changed"]
    assert both(node, tags=[])["changed"]
    assert config(node).find("metadata") is None


def test_what_is_not_stated_is_left_alone(node: Node) -> None:
    task(node, **LAB)
    with node.connect() as driver:
        assert driver.networks is not None
        text = record(node).config.replace(  # type: ignore[union-attr]
            "</network>",
            "<x:options xmlns:x='http://libvirt.org/schemas/network/dnsmasq/1.0'><x:option value='no-ping'/>"
            "</x:options></network>",
        )
        driver.networks.define(text)
    both(node, mtu=9000)
    assert "no-ping" in record(node).config  # type: ignore[union-attr, operator]
    assert len(config(node).findall("ip/dhcp/host")) == 2


def test_an_address_changes_in_its_place(node: Node) -> None:
    task(node, **LAB)
    options = dhcp("10.1.3.1", ranges=[], hosts=[])
    both(node, **options, exclusive=["ip.dhcp.ranges", "ip.dhcp.hosts"])
    assert [found["address"] for found in attributes(config(node), "ip")] == ["10.1.3.1", "fd00:12::1"]
    both(node, ip=[{"address": "10.1.3.1"}, {"address": "10.1.4.1", "prefix": 24}])
    assert [found["address"] for found in attributes(config(node), "ip")] == ["10.1.3.1", "fd00:12::1", "10.1.4.1"]


def test_a_raw_document_goes_through_the_same_tables(node: Node) -> None:
    task(node, **LAB, state="active")
    document = (
        "<network connections='3'><name>lab</name><ip address='10.1.2.1' netmask='255.255.255.0'><dhcp>"
        f"<host mac='{MAC}' ip='10.1.2.51'/></dhcp></ip></network>"
    )
    done = both(node, name=None, xml=document)
    assert done["actions"] == ["change the configuration", f"change ip[10.1.2.1].dhcp.hosts[{MAC}]"]
    assert config(node).get("connections") is None
    assert not both(node, xml=record(node).live)["changed"]  # type: ignore[union-attr]


def test_an_option_wins_over_the_raw_document(node: Node) -> None:
    document = "<network><name>lab</name><mtu size='1400'/></network>"
    both(node, xml=document, mtu=9000)
    assert attributes(config(node), "mtu") == [{"size": "9000"}]


def test_an_option_leaves_what_the_raw_document_says_beside_it(node: Node) -> None:
    task(node, **LAB, state="active")
    host = "<dns><host ip='10.1.2.77'><hostname>web</hostname></host></dns>"
    done = both(node, xml=f"<network><name>lab</name>{host}</network>", dns={"txt": LAB["dns"]["txt"]})
    assert done["actions"] == ["change the configuration", "add dns.hosts[10.1.2.77]"]
    assert attributes(config(node), "dns/host[@ip='10.1.2.77']")


def test_entries_of_one_list_come_from_options_and_the_raw_document(node: Node) -> None:
    task(node, **LAB, state="active")
    host = "<ip address='10.1.2.1'><dhcp><host mac='52:54:00:00:00:09' ip='10.1.2.19'/></dhcp></ip>"
    document = f"<network><name>lab</name>{host}</network>"
    done = both(node, xml=document, **dhcp(hosts=[{"name": "two", "ip": "10.1.2.12"}]))
    assert done["actions"] == ["change the configuration"]
    assert done["restart_required"]
    assert attributes(config(node), "ip/dhcp/host[@ip='10.1.2.19']")


@pytest.mark.parametrize(
    ("there", "options"),
    [
        (
            dhcp(hosts=[{"name": "three", "ip": "10.1.2.13"}]),
            dhcp(hosts=[{"name": "two", "ip": "10.1.2.13"}, {"name": "three", "ip": "10.1.2.12"}]),
        ),
        (
            {"dns": {"hosts": [{"ip": "10.1.2.21", "hostnames": ["web"]}]}},
            {"dns": {"hosts": [{"ip": "10.1.2.20", "hostnames": ["web"]}, {"ip": "10.1.2.21", "hostnames": ["db"]}]}},
        ),
    ],
)
def test_entries_exchange_what_they_have(node: Node, there: dict[str, Any], options: dict[str, Any]) -> None:
    task(node, **LAB, state="active")
    task(node, **there)
    assert both(node, **options)["pending"] == []


def test_a_change_that_is_refused_waits(node: Node) -> None:
    task(node, **LAB, state="active")
    options = dhcp(hosts=[{"mac": "52:54:00:00:00:09", "ip": "10.1.2.19"}])
    done = task(node, **options, parameters="fail=networks.update:before:1:unsupported")
    assert done["actions"] == ["change the configuration"]
    (pending,) = done["pending"]
    assert pending["field"] == "ip[10.1.2.1].dhcp.hosts[52:54:00:00:00:09]"
    assert pending["reason"].startswith(f"{NEXT_START}: ")
    done = task(node, **options, restart="if_needed", parameters="fail=networks.update:before:1:unsupported")
    assert done["actions"] == ["stop", "start"]
    assert done["pending"] == []


def test_a_hypervisor_that_cannot_update_says_so(node: Node) -> None:
    task(node, **LAB, state="active")
    done = task(node, dns={"txt": [{"name": "a", "value": "b"}]}, parameters="without=network_update")
    assert done["actions"] == ["change the configuration"]
    assert "cannot change parts of an active network" in done["pending"][0]["reason"]


def test_an_error_names_what_was_done(node: Node) -> None:
    task(node, **LAB, state="active")
    with pytest.raises(StratumError) as error:
        task(node, dns={"txt": [{"name": "a", "value": "b"}]}, parameters="fail=networks.update:before:1:denied")
    assert error.value.facts["actions"] == ["change the configuration"]
    assert error.value.facts["failed_action"] == "add dns.txt[a]"
