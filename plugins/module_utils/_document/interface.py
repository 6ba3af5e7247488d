# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Network interfaces: ``devices/interface``. Source: https://libvirt.org/formatdomain.html#network-interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import InputError
from .field import Constant, Field, Group, Items, Live, Spec, Table, Variants
from .identifier import Mac, PciAddress, Uuid
from .kind import ON_OFF, YES_NO, AbsolutePath, Flag, Integer, Is, Kind, Line, Name, Word
from .pairing import by, like

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_SOURCES = ("network", "bridge", "direct", "user", "vhostuser", "hostdev")


def _complete(interface: Element, spec: Spec) -> None:
    """Fill in what a new interface needs and its spec does not say."""
    if "hostdev" in spec:
        INTERFACE.write(interface, {"managed": spec.get("managed", True)})
    elif "model" not in spec and _is_machine(interface):
        INTERFACE.write(interface, {"model": "virtio"})


def _is_machine(element: Element) -> bool:
    root = element.getroottree().getroot()
    return root.get("type") in ("kvm", "qemu", "hvf")


def _rewired(interface: Element, variant: str) -> str | None:
    """Say whether a running guest can be connected elsewhere: only from one bridge of the node to another."""
    bridges = ("network", "bridge")
    return "update" if variant in bridges and interface.get("type") in bridges else None


def _switched(interface: Element) -> str | None:
    """Say whether VLANs can change while the domain runs: only Open vSwitch does that."""
    return "update" if interface.find("virtualport[@type='openvswitch']") is not None else None


def _check(spec: Spec, path: str) -> None:
    if not any(option in spec for option in (*_SOURCES, "mac", "alias")):
        raise InputError(
            path,
            "it says neither what the interface is connected to, nor which one it is.",
            hint=f"State one of {', '.join(_SOURCES)}, or the mac or alias of one that is there.",
        )


def vlan(live: Live = None) -> Group:
    """Return the VLANs that an interface, a group of ports or a whole network is in."""
    return Group(
        "vlan",
        "vlan",
        Field("trunk", "@trunk", YES_NO),
        Items(
            "tags",
            "tag",
            Field("id", "@id", Integer(0, 4095), required=True),
            Field("native_mode", "@nativeMode", Word("tagged", "untagged")),
            whole=True,
        ),
        live=live,
    )


def bandwidth(live: Live = None, *, floor: bool = False) -> Group:
    """Return the limits for traffic; ``floor``: a rate can be guaranteed, too."""
    limits = ("average", "peak", "burst")
    options = {"inbound": (*limits, "floor") if floor else limits, "outbound": limits}
    return Group(
        "bandwidth",
        "bandwidth",
        *(
            Group(option, option, *(Field(name, f"@{name}", Integer(), live=live) for name in names))
            for option, names in options.items()
        ),
    )


def virtualport() -> Group:
    """Return the port of the switch at the other end."""
    return Group(
        "virtualport",
        "virtualport",
        Field("type", "@type", Word("openvswitch", "802.1Qbg", "802.1Qbh", "midonet")),
        Field("interfaceid", "parameters/@interfaceid", Uuid()),
        Field("profileid", "parameters/@profileid", Line()),
        Field("managerid", "parameters/@managerid", Integer()),
        Field("typeid", "parameters/@typeid", Integer()),
        Field("typeidversion", "parameters/@typeidversion", Integer()),
        Field("instanceid", "parameters/@instanceid", Uuid()),
    )


INTERFACE = Table(
    Field("mac", "mac/@address", Mac()),
    Field("alias", "alias/@name", Line()),
    Variants(
        "type",
        {
            "network": Table(
                Field("network", "source/@network", Name()),
                Field("portgroup", "source/@portgroup", Line()),
            ),
            "bridge": Field("bridge", "source/@bridge", Name()),
            "direct": Group(
                "direct",
                "source",
                Field("dev", "@dev", Name(), required=True),
                Field("mode", "@mode", Word("vepa", "bridge", "private", "passthrough", absent="vepa")),
            ),
            "user": Field("user", "@type", Is("user")),
            "vhostuser": Group(
                "vhostuser",
                "source",
                Constant("@type", "unix"),
                Field("path", "@path", AbsolutePath(), required=True),
                Field("mode", "@mode", Word("client", "server"), required=True),
                Field("reconnect", "reconnect/@enabled", YES_NO),
                Field("reconnect_timeout", "reconnect/@timeout", Integer()),
            ),
            "hostdev": Field("hostdev", "source/address[@type='pci']", PciAddress()),
        },
        live=_rewired,
        cleared="source",
    ),
    Field("managed", "@managed", YES_NO),
    Field("backend", "backend/@type", Word("passt")),
    Field("model", "model/@type", Line()),
    Field("mtu", "mtu/@size", Integer(68, 65535)),
    Field("link", "link/@state", Flag("up", "down", absent=True), live="update"),
    Field("target", "target/@dev", Name()),
    Field("guest_dev", "guest/@dev", Name()),
    Items(
        "ips",
        "ip",
        Field("address", "@address", Line(), required=True),
        Field("family", "@family", Word("ipv4", "ipv6")),
        Field("prefix", "@prefix", Integer(0, 128)),
        Field("peer", "@peer", Line()),
        whole=True,
    ),
    vlan(_switched),
    bandwidth("update", floor=True),
    Field("filter", "filterref/@filter", Line(), live="update"),
    Items(
        "filter_parameters",
        "filterref/parameter",
        Field("name", "@name", Line(), required=True),
        Field("value", "@value", Kind(), required=True),
        whole=True,
        live="update",
    ),
    virtualport(),
    Field("isolated", "port/@isolated", Flag(absent=False), live="update"),
    Field("trust_guest_rx_filters", "@trustGuestRxFilters", Flag(absent=False)),
    Field("rx_frames", "coalesce/rx/frames/@max", Integer(), live="update"),
    Group(
        "driver",
        "driver",
        Field("name", "@name", Word("vhost", "qemu", "kvm", "vfio", "xen")),
        Field("queues", "@queues", Integer(1)),
        Field("rx_queue_size", "@rx_queue_size", Integer(1)),
        Field("tx_queue_size", "@tx_queue_size", Integer(1)),
        Field("txmode", "@txmode", Word("iothread", "timer")),
        Field("ioeventfd", "@ioeventfd", ON_OFF),
        Field("event_idx", "@event_idx", ON_OFF),
        Field("iommu", "@iommu", ON_OFF),
        Field("packed", "@packed", ON_OFF),
    ),
    Group(
        "rom",
        "rom",
        Field("enabled", "@enabled", YES_NO),
        Field("bar", "@bar", ON_OFF),
        Field("file", "@file", AbsolutePath()),
    ),
    Field("boot_order", "boot/@order", Integer(1)),
)

INTERFACES = Items(
    "interfaces",
    "devices/interface",
    *INTERFACE.nodes,
    identity=(
        *(by(option) for option in ("mac", "alias", "hostdev", "vhostuser.path")),
        *(like(option) for option in ("network", "bridge", "direct.dev", "user")),
    ),
    hotplug=True,
    create=_complete,
    check=_check,
)
