# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Addresses and names that guests told: what makes no sense of them is left out."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..._document import untrusted
from ..domains import Address
from ..networks import Lease
from . import protocol

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5,19}", re.IGNORECASE)
"""InfiniBand has 20 bytes."""


class _Place(NamedTuple):
    """An address that is one, whatever was said of its family."""

    family: str
    address: str
    prefix: int | None


def addresses(interfaces: Sequence[Any], source: str) -> list[Address]:
    """Return what one source says about one domain, less what is no address: a guest's agent may say anything."""
    return [
        Address(untrusted.text(interface) or "", _mac(mac), place.family, place.address, place.prefix, source)
        for interface, mac, told in interfaces
        for _family, address, prefix in told
        for place in _places(address, prefix)
    ]


def leases(told: Sequence[protocol.Lease]) -> list[Lease]:
    """Return the leases of a network; a guest chose the names in them."""
    return [
        Lease(
            mac=_mac(lease.mac),
            family=place.family,
            address=place.address,
            prefix=place.prefix,
            hostname=untrusted.text(lease.hostname),
            client_id=untrusted.text(lease.client_id),
            expires=lease.expires,
        )
        for lease in told
        for place in _places(lease.address, lease.prefix)
    ]


def _places(text: str, prefix: int) -> list[_Place]:
    # The zone of a link-local address is a name of the guest's own.
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return []
    fits = 0 < prefix <= address.max_prefixlen
    return [_Place(f"ipv{address.version}", str(address), prefix if fits else None)]


def _mac(text: str | None) -> str:
    return text if text and _MAC.fullmatch(text) else ""
