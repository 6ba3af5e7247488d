# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever guests tell of their names and addresses, what comes out is names and addresses."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt import protocol
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.addresses import addresses, leases
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.protocol import Procedure
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.xdr import decode, encode
from ansible_collections.stratum.virt.plugins.module_utils._driver.domains import Address
from hypothesis import given
from hypothesis import strategies as st

HOSTILE = [
    "{{ lookup('pipe', 'id') }}",
    "a\nansible_connection: local",
    "x" * 10_000,
    "-oProxyCommand=id",
    "\x1b[2J",
    "",
]
TEXTS = st.sampled_from([*HOSTILE, "eth0", "52:54:00:00:00:01", "web"]) | st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40
)
PLACES = TEXTS | st.ip_addresses().map(str) | st.builds(lambda place, zone: f"{place}%{zone}", st.ip_addresses(), TEXTS)
UNSIGNED = st.integers(0, 2**32 - 1)
SIGNED = st.integers(-(2**31), 2**31 - 1)
INTERFACES = st.lists(
    st.tuples(TEXTS, st.none() | TEXTS, st.lists(st.tuples(SIGNED, PLACES, UNSIGNED), max_size=4)), max_size=4
)
LEASES = st.lists(
    st.builds(
        protocol.Lease,
        TEXTS,
        st.integers(-(2**63), 2**63 - 1),
        SIGNED,
        st.none() | TEXTS,
        st.none() | TEXTS,
        PLACES,
        UNSIGNED,
        st.none() | TEXTS,
        st.none() | TEXTS,
    ),
    max_size=4,
)


def received(procedure: Procedure, *values: Any) -> Any:
    """Return values as they come off the wire."""
    body = bytearray()
    encode(procedure.gives, values, body)
    return decode(procedure.gives, bytes(body))[0]


def check_place(family: str, address: str, prefix: int | None, mac: str) -> None:
    place = ipaddress.ip_address(address)
    assert "%" not in address
    assert family == f"ipv{place.version}"
    assert prefix is None or 0 < prefix <= place.max_prefixlen
    assert set(mac) <= set("0123456789abcdefABCDEF:")


def check_name(name: str | None) -> None:
    assert name is None or (len(name) <= 256 and not set(name) & {"\n", "\r", "\x1b", "\u2028", "\x85"})


@given(INTERFACES)
def test_interfaces(told: Any) -> None:
    for found in addresses(received(protocol.DOMAIN_ADDRESSES, told), "agent"):
        check_place(found.family, found.address, found.prefix, found.mac)
        check_name(found.interface)


@given(LEASES)
def test_leases(told: Any) -> None:
    for found in leases(received(protocol.NETWORK_LEASES, told, len(told))):
        check_place(found.family, found.address, found.prefix, found.mac)
        check_name(found.hostname)
        check_name(found.client_id)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((0, "192.0.2.7", 24), ("ipv4", "192.0.2.7", 24)),
        # It says that it is of the other family, and that its network is smaller than itself.
        ((0, "2001:db8::7", 129), ("ipv6", "2001:db8::7", None)),
        ((7, "192.0.2.7", 33), ("ipv4", "192.0.2.7", None)),
    ],
)
def test_what_an_address_is_decides_what_it_is_called(told: Any, expected: Any) -> None:
    assert addresses([("Ethernet 2", "52:54:00:00:00:01", [told])], "agent") == [
        Address("Ethernet 2", "52:54:00:00:00:01", *expected, "agent")
    ]


@pytest.mark.parametrize("name", HOSTILE[1:3])
def test_a_name_that_is_none_is_left_out(name: str) -> None:
    told = protocol.Lease("virbr0", 7, 0, "52:54:00:00:00:01", None, "192.0.2.7", 24, name, name)
    (lease,) = leases([told])
    assert (lease.hostname, lease.client_id) == (None, None)
