# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Networks: the table of all their options. Source: https://libvirt.org/formatnetwork.html."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .address import family_of
from .field import Field, Group, Items, Spec, Table, Values, settle
from .identifier import Mac, Uuid
from .interface import bandwidth, virtualport, vlan
from .kind import Flag, Integer, Line, Name, Word
from .network_dns import DNS, DNS_HOSTS, SRV, TXT
from .network_forward import FORWARD, is_managed, settle_interfaces
from .network_ip import HOSTS, IP, RANGES, ROUTES
from .pairing import by
from .tree import Place, remove

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.etree import _Element as Element

PORTGROUPS = Items(
    "portgroups",
    "portgroup",
    Field("name", "@name", Name(), required=True),
    Field("default", "@default", Flag(absent=False)),
    Field("trust_guest_rx_filters", "@trustGuestRxFilters", Flag(absent=False)),
    virtualport(),
    bandwidth(),
    vlan(),
    identity=(by("name"),),
    hotplug=True,
)

NETWORK = Table(
    Field("name", "name", Name(), required=True),
    Field("uuid", "uuid", Uuid()),
    Values("tags", "metadata/network:network/network:tag", Line(), ordered=False),
    Field("ipv6", "@ipv6", Flag(absent=False)),
    Field("trust_guest_rx_filters", "@trustGuestRxFilters", Flag(absent=False)),
    FORWARD,
    Group(
        "bridge",
        "bridge",
        Field("name", "@name", Name()),
        Field("stp", "@stp", Flag("on", "off", absent=True)),
        Field("delay", "@delay", Integer(absent=0)),
        Field("zone", "@zone", Line()),
        Field("mac_table_manager", "@macTableManager", Word("kernel", "libvirt")),
    ),
    Field("mtu", "mtu/@size", Integer(68, 65535)),
    Field("mac", "mac/@address", Mac()),
    Group(
        "domain",
        "domain",
        Field("name", "@name", Line()),
        Field("local_only", "@localOnly", Flag(absent=False)),
    ),
    DNS,
    vlan(),
    bandwidth(),
    virtualport(),
    Field("isolated", "port/@isolated", Flag(absent=False)),
    PORTGROUPS,
    IP,
    ROUTES,
)

LISTS: Mapping[str, Items] = {
    "ip": IP,
    "ip/dhcp/range": RANGES,
    "ip/dhcp/host": HOSTS,
    "dns/host": DNS_HOSTS,
    "dns/txt": TXT,
    "dns/srv": SRV,
    "portgroup": PORTGROUPS,
    "route": ROUTES,
}
"""The lists by their places, by which a raw document is merged in."""


def complete(spec: Spec, current: Spec | None) -> Spec:
    """Return the spec with what follows from it (``current`` is what is there, ``None`` of a new network)."""
    completed = dict(spec)
    for option in ("ip", "routes"):
        # libvirt takes every address for one of IPv4 that does not say otherwise.
        completed[option] = [
            {"family": "ipv6", **entry} if family_of(entry["address"]) == "ipv6" else entry
            for entry in spec.get(option, ())
        ]
        if option not in spec:
            del completed[option]
    return completed


def write(document: Element, spec: Spec, exclusive: frozenset[str] = frozenset()) -> None:
    """Edit a network's document so that it says what the spec says; all else stays as it is."""
    was_managed = len(document) > 0 and is_managed(document)
    settle(NETWORK, document, spec, exclusive)
    settle_interfaces(document, spec)
    if was_managed and not is_managed(document):
        # The bridge that libvirt made for itself goes, with what it has filled in.
        for tag in ("bridge", "mac"):
            for found in document.findall(tag):
                remove(found)
        NETWORK.write(document, {option: spec[option] for option in ("bridge", "mac") if option in spec})


def without_connections(document: Element) -> Element:
    """Take out of a document how many interfaces are connected, which is no part of what is wanted; return it."""
    for element in document.iter():
        if "connections" in element.attrib:
            del element.attrib["connections"]
    return document


def simplify(document: Element) -> None:
    """Bring a document that a person wrote, or copied from libvirt, into the form that is compared.

    It has prefixes instead of netmasks, and not the ports that libvirt writes down when such a network starts.
    """
    place = Place("forward/nat/port")
    ports = place.find(document)
    if ports is not None and (ports.get("start"), ports.get("end")) == ("1024", "65535"):
        place.remove(document)
    for element in without_connections(document).iter():
        if "netmask" in element.attrib:
            table = IP.table if element.tag == "ip" else ROUTES.table
            prefix = table.read(element).get("prefix")
            if prefix is not None:
                element.set("prefix", str(prefix))
                del element.attrib["netmask"]
