# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which entry of a network is which, and what an edit takes along."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.stratum.virt.plugins.module_utils._document import tree
from ansible_collections.stratum.virt.plugins.module_utils._document.network import NETWORK, complete, simplify, write
from ansible_collections.stratum.virt.plugins.module_utils._document.network_ip import HOSTS, IP
from ansible_collections.stratum.virt.plugins.module_utils._document.pairing import pair
from hypothesis import given
from hypothesis import strategies as st

NAT = (
    "<network><name>a</name><forward mode='nat'><nat><port start='1024' end='65535'/></nat></forward>"
    "<bridge name='virbr1' stp='on' delay='0'/><mac address='52:54:00:00:00:01'/>"
    "<ip address='10.1.2.1' netmask='255.255.255.0'><dhcp><range start='10.1.2.2' end='10.1.2.9'/>"
    "<host mac='52:54:00:00:00:02' ip='10.1.2.11'/><host name='b' ip='10.1.2.12'/></dhcp></ip></network>"
)


def edited(before: str, text: str, *exclusive: str) -> str:
    document = tree.parse(before, "a test")
    spec = complete(NETWORK.load(yaml.safe_load(text)), NETWORK.read(document))
    write(document, spec, frozenset(exclusive))
    assert list(NETWORK.differences(document, spec, "", frozenset(exclusive))) == []
    return tree.serialize(document)


@pytest.mark.parametrize(
    ("wanted", "found", "places"),
    [
        (["10.1.2.1"], ["10.1.2.1", "10.1.3.1"], [0]),
        (["10.1.3.1"], ["10.1.2.1", "10.1.3.1"], [1]),
        (["10.9.0.1"], ["10.1.2.1", "10.1.3.1"], [0]),
        (["10.9.0.1"], ["fd00::1", "10.1.2.1"], [1]),
        (["fd00::9"], ["10.1.2.1"], [None]),
        (["10.1.2.1", "10.9.0.1"], ["10.1.2.1"], [0, None]),
        (["10.9.0.1", "10.1.2.1"], ["10.1.2.1", "10.1.3.1"], [1, 0]),
    ],
)
def test_which_address_is_meant(wanted: list[str], found: list[str], places: list[int | None]) -> None:
    entries = [[{"address": address} for address in addresses] for addresses in (wanted, found)]
    assert pair(*entries, IP.identity) == places


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ({"mac": "m1"}, 0),
        ({"mac": "m1", "ip": "i2", "name": "n2"}, 0),
        ({"mac": "m9", "ip": "i1", "name": "n1"}, None),
        ({"id": "d2"}, 1),
        ({"name": "n3", "ip": "i9"}, 2),
        ({"name": "n9", "ip": "i3"}, None),
        ({"ip": "i3"}, 2),
        ({"ip": "i9"}, None),
    ],
)
def test_which_host_is_meant(wanted: dict[str, str], place: int | None) -> None:
    found = [
        {"mac": "m1", "ip": "i1", "name": "n1"},
        {"id": "d2", "ip": "i2", "name": "n2"},
        {"name": "n3", "ip": "i3"},
    ]
    assert pair([wanted], found, HOSTS.identity) == [place]


@given(
    st.lists(
        st.fixed_dictionaries({}, optional={key: st.sampled_from("abc") for key in ("mac", "id", "name", "ip")}),
        max_size=5,
    ),
    st.lists(
        st.fixed_dictionaries({}, optional={key: st.sampled_from("abc") for key in ("mac", "id", "name", "ip")}),
        max_size=5,
    ),
)
def test_no_host_is_two(wanted: list[dict[str, str]], found: list[dict[str, str]]) -> None:
    places = pair(wanted, found, HOSTS.identity)
    taken = [place for place in places if place is not None]
    assert len(taken) == len(set(taken))
    for entry, place in zip(wanted, places):
        if place is not None:
            assert any(key in entry and entry[key] == found[place].get(key) for key in ("mac", "id", "name", "ip"))
        if "mac" in entry and place is not None:
            assert entry["mac"] == found[place]["mac"]


def test_exclusive_reaches_the_lists_of_an_address() -> None:
    text = "ip: [{address: 10.1.2.1, dhcp: {hosts: [{name: b}]}}]"
    kept = edited(NAT, text)
    assert "52:54:00:00:00:02" in kept
    gone = edited(NAT, text, "ip.dhcp.hosts")
    assert "52:54:00:00:00:02" not in gone
    assert "10.1.2.12" in gone
    assert "<range" in gone
    assert "<dhcp" not in edited(
        NAT, "ip: [{address: 10.1.2.1, dhcp: {hosts: [], ranges: []}}]", "ip.dhcp.hosts", "ip.dhcp.ranges"
    )


def test_an_address_of_the_second_protocol_says_so() -> None:
    text = edited(NAT, "ip: [{address: 10.1.2.1}, {address: 'FD00::1', prefix: 64}]")
    assert '<ip prefix="64" address="fd00::1" family="ipv6"/>' in text


def test_a_netmask_stays_until_the_prefix_changes() -> None:
    assert 'netmask="255.255.255.0"' in edited(NAT, "ip: [{address: 10.1.2.1, prefix: 24}]")
    changed = edited(NAT, "ip: [{address: 10.1.2.1, prefix: 25}]")
    assert 'prefix="25"' in changed
    assert "netmask" not in changed


def test_a_mode_takes_along_what_described_the_old_one() -> None:
    routed = edited(NAT, "forward: {mode: route}")
    assert "<nat>" not in routed
    assert 'name="virbr1"' in routed
    bridged = edited(NAT, "{forward: {mode: bridge}, bridge: {name: br0}, ip: []}", "ip")
    assert "virbr1" not in bridged
    assert "stp" not in bridged
    assert "<mac" not in bridged
    assert '<bridge name="br0"/>' in bridged
    assert "<forward" not in edited(NAT, "forward: {mode: none}")


def test_the_default_ports_are_no_difference() -> None:
    without = NAT.replace("<nat><port start='1024' end='65535'/></nat>", "")
    same = edited(without, "forward: {mode: nat, nat: {port: {start: 1024, end: 65535}}}")
    assert same == tree.serialize(tree.parse(without, "a test"))
    assert '<port start="1024" end="2000"/>' in edited(without, "forward: {nat: {port: {start: 1024, end: 2000}}}")


def test_what_a_person_copied_from_libvirt_is_simplified() -> None:
    document = tree.parse(NAT.replace("<network>", "<network connections='3'>"), "a test")
    simplify(document)
    assert document.get("connections") is None
    assert document.find("forward/nat") is None
    found: Any = document.find("ip")
    assert dict(found.attrib) == {"address": "10.1.2.1", "prefix": "24"}
