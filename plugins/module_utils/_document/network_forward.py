# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""How a network reaches the world: ``forward``. Source: https://libvirt.org/formatnetwork.html#connectivity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import InputError
from .address import IpAddress
from .field import Field, Group, Single, Spec, Values
from .identifier import PciAddress
from .kind import Flag, Integer, Name, Word

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

ISOLATED = "none"
"""The mode of a network whose document says nothing about forwarding."""

MODES = ("nat", "route", "open", "bridge", "private", "vepa", "passthrough", "hostdev", ISOLATED)

MANAGED = frozenset(("nat", "route", "open", ISOLATED))
"""The modes in which libvirt makes the bridge, and serves addresses and names on it."""


def _complete(made: Element, spec: Spec) -> None:
    made.set("mode", spec.get("mode", "nat"))


def _complete_ports(made: Element, spec: Spec) -> None:
    """Write down both ends of a new range, even where one is what libvirt would take."""
    for end, number in spec.items():
        made.set(end, str(number))


def _check(spec: Spec, path: str) -> None:
    for option in spec if spec.get("mode") == ISOLATED else ():
        if option != "mode":
            raise InputError(f"{path}.{option}", f"a network with mode: {ISOLATED} forwards nothing.")
    interfaces = spec.get("interfaces")
    if interfaces and spec.get("dev", interfaces[0]) != interfaces[0]:
        raise InputError(
            f"{path}.dev", f"it is the first of interfaces, {interfaces[0]}, or nothing.", hint="Leave it out."
        )


FORWARD = Single(
    "forward",
    "forward",
    # What describes the old mode goes with it.
    Field("mode", "@mode", Word(*MODES, absent="nat"), drops=("nat", "driver")),
    Field("dev", "@dev", Name(), also=("interface/@dev",)),
    Field("managed", "@managed", Flag(absent=False)),
    Values("interfaces", "interface/@dev", Name(), ordered=False, live="forward-interface"),
    Values("addresses", "address[@type='pci']", PciAddress()),
    Field("pf", "pf/@dev", Name()),
    Field("driver", "driver/@name", Word("kvm", "vfio")),
    Group(
        "nat",
        "nat",
        Group(
            "port",
            "port",
            Field("start", "@start", Integer(1, 65535, absent=1024), required=True),
            Field("end", "@end", Integer(1, 65535, absent=65535), required=True),
            create=_complete_ports,
        ),
        Group(
            "address",
            "address",
            Field("start", "@start", IpAddress(4), required=True),
            Field("end", "@end", IpAddress(4), required=True),
        ),
        Field("ipv6", "@ipv6", Flag(absent=False)),
    ),
    create=_complete,
    check=_check,
    switch="mode",
)


def is_managed(document: Element) -> bool:
    """Whether libvirt makes the bridge of a document's network."""
    forward = document.find("forward")
    return forward is None or forward.get("mode", "nat") in MANAGED


def settle_interfaces(document: Element, spec: Spec) -> None:
    """Let the ``dev`` of a document, which repeats the first interface, not contradict the stated interfaces."""
    forward = document.find("forward")
    if forward is None or "interfaces" not in spec.get("forward", {}):
        return
    devices = [interface.get("dev") for interface in forward.iterfind("interface")]
    if "dev" in forward.attrib and forward.get("dev") != (devices[0] if devices else None):
        del forward.attrib["dev"]
