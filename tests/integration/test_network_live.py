# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changing an active network: at once where libvirt can, and in its configuration, too; else pending, by name."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from tests.integration.modules import Tasks

NEXT_START = "takes effect at the next start"

LAB: dict[str, Any] = {
    "name": "lab",
    "forward": {"mode": "nat"},
    "bridge": {"name": "vbr-lab", "delay": 0},
    "ip": [
        {
            "address": "192.168.130.1",
            "prefix": 24,
            "dhcp": {
                "ranges": [{"start": "192.168.130.100", "end": "192.168.130.149"}],
                "hosts": [
                    {"mac": "52:54:00:00:13:01", "ip": "192.168.130.11", "name": "one"},
                    {"name": "two", "ip": "192.168.130.12"},
                ],
            },
        },
        {
            "address": "fd00:130::1",
            "prefix": 64,
            "dhcp": {
                "ranges": [{"start": "fd00:130::100", "end": "fd00:130::1ff"}],
                "hosts": [{"id": "0:1:0:1:18:aa:62:fe:0:16:3e:44:55:66", "name": "six", "ip": "fd00:130::11"}],
            },
        },
    ],
    "dns": {
        "hosts": [{"ip": "192.168.130.20", "hostnames": ["db", "db.lab"]}],
        "txt": [{"name": "about", "value": "a lab"}],
        "srv": [{"service": "ldap", "protocol": "tcp", "domain": "lab", "target": "db", "port": 389, "priority": 1}],
    },
    "portgroups": [{"name": "fast", "default": True}, {"name": "slow", "bandwidth": {"inbound": {"average": 100}}}],
}


def documents(tasks: Tasks, name: str = "lab") -> list[ElementTree.Element]:
    """Return what virsh says of a network: active, and configured."""
    return [ElementTree.fromstring(tasks.virsh("net-dumpxml", *option, name)) for option in ((), ("--inactive",))]


def everywhere(tasks: Tasks, path: str) -> list[dict[str, str]]:
    """Return the attributes of all elements at a path, which are the same in both documents."""
    live, config = ([dict(found.attrib) for found in document.findall(path)] for document in documents(tasks))
    assert live == config
    return live


def ip(address: str = "192.168.130.1", **dhcp: Any) -> dict[str, Any]:
    return {"ip": [{"address": address, "dhcp": dhcp}]}


ADDED_HOST = {"mac": "52:54:00:00:13:09", "ip": "192.168.130.19", "name": "nine"}


@pytest.mark.parametrize(
    ("options", "actions", "path", "found"),
    [
        pytest.param(
            ip(hosts=[ADDED_HOST]),
            ["add ip[192.168.130.1].dhcp.hosts[52:54:00:00:13:09]"],
            "ip/dhcp/host[@mac='52:54:00:00:13:09']",
            [ADDED_HOST],
            id="a host is added",
        ),
        pytest.param(
            ip(hosts=[{"mac": "52:54:00:00:13:01", "ip": "192.168.130.51"}]),
            ["change ip[192.168.130.1].dhcp.hosts[52:54:00:00:13:01]"],
            "ip/dhcp/host[@name='one']",
            [{"mac": "52:54:00:00:13:01", "ip": "192.168.130.51", "name": "one"}],
            id="a host moves",
        ),
        pytest.param(
            ip(hosts=[{"name": "two", "ip": "192.168.130.52"}]),
            ["change ip[192.168.130.1].dhcp.hosts[two]"],
            "ip/dhcp/host[@name='two']",
            [{"ip": "192.168.130.52", "name": "two"}],
            id="a host that is known by its name moves",
        ),
        pytest.param(
            ip("fd00:130::1", hosts=[{"id": "0:1:0:1:18:aa:62:fe:0:16:3e:44:55:66", "ip": "fd00:130::12"}]),
            ["change ip[fd00:130::1].dhcp.hosts[0:1:0:1:18:aa:62:fe:0:16:3e:44:55:66]"],
            "ip/dhcp/host[@name='six']",
            [{"id": "0:1:0:1:18:aa:62:fe:0:16:3e:44:55:66", "ip": "fd00:130::12", "name": "six"}],
            id="a host of the second protocol moves",
        ),
        pytest.param(
            {
                **ip(hosts=[{"mac": "52:54:00:00:13:09", "ip": "192.168.130.11", "name": "one"}]),
                "exclusive": ["ip.dhcp.hosts"],
            },
            [
                "remove ip[192.168.130.1].dhcp.hosts[52:54:00:00:13:01]",
                "remove ip[192.168.130.1].dhcp.hosts[two]",
                "add ip[192.168.130.1].dhcp.hosts[52:54:00:00:13:09]",
            ],
            "ip[@address='192.168.130.1']/dhcp/host",
            [{"mac": "52:54:00:00:13:09", "ip": "192.168.130.11", "name": "one"}],
            id="a host takes the place of others",
        ),
        pytest.param(
            ip(ranges=[{"start": "192.168.130.160", "end": "192.168.130.169"}]),
            ["add ip[192.168.130.1].dhcp.ranges[192.168.130.160,192.168.130.169]"],
            "ip[@address='192.168.130.1']/dhcp/range",
            [
                {"start": "192.168.130.100", "end": "192.168.130.149"},
                {"start": "192.168.130.160", "end": "192.168.130.169"},
            ],
            id="a range is added",
        ),
        pytest.param(
            {
                **ip(ranges=[{"start": "192.168.130.100", "end": "192.168.130.199"}]),
                "exclusive": ["ip.dhcp.ranges"],
            },
            [
                "remove ip[192.168.130.1].dhcp.ranges[192.168.130.100,192.168.130.149]",
                "add ip[192.168.130.1].dhcp.ranges[192.168.130.100,192.168.130.199]",
            ],
            "ip[@address='192.168.130.1']/dhcp/range",
            [{"start": "192.168.130.100", "end": "192.168.130.199"}],
            id="a range grows",
        ),
        pytest.param(
            {"dns": {"hosts": [{"ip": "192.168.130.21", "hostnames": ["web"]}]}},
            ["add dns.hosts[192.168.130.21]"],
            "dns/host[@ip='192.168.130.21']",
            [{"ip": "192.168.130.21"}],
            id="a name is added",
        ),
        pytest.param(
            {"dns": {"txt": [{"name": "about", "value": "another lab"}]}},
            ["change dns.txt[about]"],
            "dns/txt",
            [{"name": "about", "value": "another lab"}],
            id="a text changes",
        ),
        pytest.param(
            {"dns": {"txt": []}, "exclusive": ["dns.txt"]},
            ["remove dns.txt[about]"],
            "dns/txt",
            [],
            id="a text goes",
        ),
        pytest.param(
            {
                "dns": {
                    "srv": [
                        {"service": "ldap", "protocol": "tcp", "domain": "lab", "target": "db", "port": 389,
                         "priority": 5},
                        {"service": "sip", "protocol": "udp", "domain": "lab", "target": "db", "port": 5060},
                    ]
                }
            },
            ["change dns.srv[ldap,tcp,lab,db,389]", "add dns.srv[sip,udp,lab,db,5060]"],
            "dns/srv[@protocol='tcp']",
            [{"service": "ldap", "protocol": "tcp", "domain": "lab", "target": "db", "port": "389", "priority": "5"}],
            id="services change and come",
        ),
        pytest.param(
            {"portgroups": [{"name": "slow", "default": True}, {"name": "fast", "default": False}]},
            ["change portgroups[fast]", "change portgroups[slow]"],
            "portgroup[@default='yes']",
            [{"name": "slow", "default": "yes"}],
            id="another group is the default",
        ),
        pytest.param(
            {"portgroups": [{"name": "medium", "bandwidth": {"inbound": {"average": 500}}}]},
            ["add portgroups[medium]"],
            "portgroup[@name='medium']/bandwidth/inbound",
            [{"average": "500"}],
            id="a group is added",
        ),
    ],
)  # fmt: skip
def test_it_changes_at_once_and_for_good(
    networks: Tasks, options: dict[str, Any], actions: list[str], path: str, found: list[dict[str, str]]
) -> None:
    networks.make(**LAB, state="active")
    done = networks.apply(name="lab", **options)
    assert done["actions"] == ["change the configuration", *actions]
    assert done["pending"] == []
    assert not done["restart_required"]
    assert everywhere(networks, path) == found


def test_a_name_that_was_given_is_answered(networks: Tasks) -> None:
    networks.make(**LAB, state="active")
    networks.apply(name="lab", dns={"hosts": [{"ip": "192.168.130.77", "hostnames": ["seventyseven"]}]})
    answer = networks.node.run(["busybox", "nslookup", "-type=a", "seventyseven", "192.168.130.1"])
    assert "192.168.130.77" in answer.stdout


def test_interfaces_change_at_once(networks: Tasks) -> None:
    networks.make(name="direct", forward={"mode": "private", "interfaces": ["lo"]}, state="active")
    done = networks.apply(name="direct", forward={"interfaces": ["eth0"]})
    assert done["actions"] == ["change the configuration", "change forward.interfaces"]
    assert done["pending"] == []
    for document in documents(networks, "direct"):
        assert [found.get("dev") for found in document.findall("forward/interface")] == ["eth0"]


@pytest.mark.parametrize(
    ("options", "pending"),
    [
        ({"mtu": 1400}, ["mtu"]),
        ({"domain": {"name": "lab.example"}}, ["domain.name"]),
        ({"dns": {"forwarders": [{"address": "192.0.2.53"}]}}, ["dns.forwarders"]),
        ({"bridge": {"stp": False}}, ["bridge.stp"]),
        ({"forward": {"mode": "route"}}, ["forward.mode"]),
        ({"routes": [{"address": "10.99.0.0", "prefix": 16, "gateway": "192.168.130.2"}]}, ["routes[10.99.0.0,16]"]),
    ],
)
def test_what_cannot_waits_for_the_next_start(networks: Tasks, options: dict[str, Any], pending: list[str]) -> None:
    networks.make(**LAB, state="active")
    done = networks.apply(name="lab", **options)
    assert done["actions"] == ["change the configuration"]
    assert done["pending"] == [{"field": field, "reason": NEXT_START} for field in pending]
    assert done["restart_required"]
    networks.virsh("net-destroy", "lab")
    done = networks.make(name="lab", **options, state="active")
    assert done["actions"] == ["start"]
    assert done["pending"] == []


def test_hosts_of_an_address_that_waits_wait_with_it(networks: Tasks) -> None:
    networks.make(**LAB, state="active")
    moved = ip("192.168.131.1", hosts=[{"mac": "52:54:00:00:13:01", "ip": "192.168.131.11"}], ranges=[])
    done = networks.apply(name="lab", **moved, exclusive=["ip.dhcp.hosts", "ip.dhcp.ranges"])
    assert done["actions"] == ["change the configuration"]
    waiting = {item["field"]: item["reason"] for item in done["pending"]}
    assert waiting.pop("ip[192.168.131.1].address") == NEXT_START
    assert waiting
    assert set(waiting.values()) == {f"{NEXT_START}, with the address"}


def test_tags_need_no_restart(networks: Tasks) -> None:
    networks.make(**LAB, state="active")
    done = networks.apply(name="lab", tags=["production", "customer: 17"])
    assert done["actions"] == ["change the configuration"]
    assert done["pending"] == []
    assert [found["name"] for found in networks.info(tags=["production"])] == ["lab"]
    networks.apply(name="lab", tags=[])


def test_what_libvirt_filled_in_is_no_difference(networks: Tasks) -> None:
    networks.make(**LAB, state="active")
    networks.unchanged(**LAB, state="active")
    (found,) = networks.info(name=["lab"], gather=["spec", "xml"])
    networks.unchanged(**found["spec"])
    networks.unchanged(xml=found["xml"])
    networks.unchanged(xml=networks.virsh("net-dumpxml", "lab"))
    (default,) = networks.info(name=["default"], gather=["spec", "xml"])
    networks.unchanged(**default["spec"])
    networks.unchanged(xml=default["xml"])
    assert default["spec"]["ip"][0]["prefix"] == 24


def test_what_no_option_knows_is_within_reach_of_xml(networks: Tasks) -> None:
    namespace = "http://libvirt.org/schemas/network/dnsmasq/1.0"
    networks.make(**LAB, state="active")
    document = (
        f"<network xmlns:dnsmasq='{namespace}'><name>lab</name>"
        "<dnsmasq:options><dnsmasq:option value='no-ping'/></dnsmasq:options></network>"
    )
    done = networks.apply(xml=document)
    assert done["restart_required"]
    done = networks.apply(name="lab", mtu=1400, restart="if_needed")
    assert done["actions"] == ["change the configuration", "stop", "start"]
    for found in documents(networks):
        assert [item.get("value") for item in found.iter(f"{{{namespace}}}option")] == ["no-ping"]
    assert not networks.unchanged(xml=document, restart="if_needed")["restart_required"]
