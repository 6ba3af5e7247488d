# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses, networks and ranges of them."""

from __future__ import annotations

import ipaddress

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document import tree
from ansible_collections.stratum.virt.plugins.module_utils._document.address import (
    RANGE_BITS,
    Address,
    IpAddress,
    Prefix,
    default_prefix,
    network_of,
    overlap,
    problem_of_range,
)
from hypothesis import given
from hypothesis import strategies as st

ADDRESSES = st.ip_addresses()


def networks(version: int) -> st.SearchStrategy[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    prefixes = st.integers(1, {4: 32, 6: 128}[version])
    return st.tuples(st.ip_addresses(v=version), prefixes).map(  # type: ignore[arg-type]
        lambda found: ipaddress.ip_network(found, strict=False)
    )


@st.composite
def ranges(draw: st.DrawFn) -> tuple[Address, Address]:
    version = draw(st.sampled_from([4, 6]))
    # Few addresses, so that ranges meet.
    numbers = sorted(draw(st.lists(st.integers(2**24, 2**24 + 12), min_size=2, max_size=2)))
    start, end = (ipaddress.IPv4Address(n) if version == 4 else ipaddress.IPv6Address(n) for n in numbers)
    return start, end


def members(span: tuple[Address, Address]) -> set[Address]:
    return {type(span[0])(number) for number in range(int(span[0]), int(span[1]) + 1)}  # type: ignore[misc]


@given(ranges(), ranges())
def test_ranges_overlap_when_they_share_an_address(one: tuple[Address, Address], two: tuple[Address, Address]) -> None:
    assert overlap(one, two) == bool(members(one) & members(two))
    for first, second in ((one, two), (two, one)):
        assert overlap(first, second) == overlap(one, two)
    assert overlap(one, one)


@given(st.data(), st.sampled_from([4, 6]))
def test_a_range_is_taken_when_all_of_it_is_of_the_network(data: st.DataObject, version: int) -> None:
    network = data.draw(networks(version))
    within = st.integers(int(network.network_address), int(network.broadcast_address))
    start, end = sorted(type(network.network_address)(data.draw(within)) for _end in range(2))
    fits = int(start) >> RANGE_BITS == int(end) >> RANGE_BITS
    if version == 4:
        fits = fits and start != network.network_address and end != network.broadcast_address
    assert (problem_of_range(start, end, network) is None) == fits
    if start != end:
        first, last = end, start
        assert problem_of_range(first, last, network) is not None


@given(networks(4), ADDRESSES, ADDRESSES)
def test_a_range_outside_of_the_network_is_refused(
    network: ipaddress.IPv4Network, start: Address, end: Address
) -> None:
    if start not in network or end not in network:
        assert problem_of_range(start, end, network) is not None


@given(ADDRESSES)
def test_every_form_of_an_address_is_the_same(address: Address) -> None:
    kind = IpAddress()
    assert kind.parse(str(address)) == kind.parse(address.exploded.upper()) == kind.of_document(address.exploded)
    assert ipaddress.ip_address(kind.parse(address.exploded)) == address


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_a_netmask_is_a_prefix(address: ipaddress.IPv4Address, prefix: int) -> None:
    mask = ipaddress.ip_network((0, prefix)).netmask
    element = tree.parse(f"<ip address='{address}' netmask='{mask}'/>", "a test")
    kind = Prefix()
    assert kind.read(element, "prefix") == prefix
    kind.write(element, "prefix", prefix)
    assert dict(element.attrib) == {"address": str(address), "prefix": str(prefix)}
    assert kind.read(element, "prefix") == prefix


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("10.0.0.1", 8),
        ("127.0.0.1", 8),
        ("128.0.0.1", 16),
        ("172.16.0.1", 16),
        ("192.168.1.1", 24),
        ("223.255.255.1", 24),
        ("224.0.0.1", None),
        ("0.0.0.0", 0),
        ("fd00::1", 64),
        ("::", 0),
    ],
)
def test_the_class_of_an_address_decides_without_a_prefix(address: str, prefix: int | None) -> None:
    assert default_prefix(ipaddress.ip_address(address)) == prefix
    network = network_of({"address": address})
    assert (None if network is None else network.prefixlen) == prefix
    element = tree.parse(f"<ip address='{address}'/>", "a test")
    assert Prefix().same(prefix, None, element) == (prefix is not None)


@pytest.mark.parametrize(
    "text", ["", "10.1", "10.1.2.256", "010.1.2.3", "fe80::1%eth0", "fd00:::1", "a.example", "10.0.0.1/8"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not an IP address|has a zone"):
        IpAddress().parse(text)


def test_an_address_of_the_other_protocol() -> None:
    with pytest.raises(ValueError, match="IPv4"):
        IpAddress(4).parse("fd00::1")
    assert IpAddress(6).parse("FD00:0::1") == "fd00::1"
