# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A network's addresses, and what it gives to guests: ``ip``. Source: https://libvirt.org/formatnetwork.html#addressing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import InputError
from .address import Exactly, Family, IpAddress, Prefix
from .field import Field, Group, Items, Spec
from .identifier import Mac
from .kind import AbsolutePath, Flag, Integer, Line, Word
from .pairing import by, like

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


def _complete(made: Element, spec: Spec) -> None:
    """Say the prefix of a new element even where libvirt would take the same one from the address."""
    if "prefix" in spec:
        made.set("prefix", str(spec["prefix"]))


def _check_host(spec: Spec, path: str) -> None:
    known_by = ("mac", "id", "name", "ip")
    if not any(option in spec for option in known_by):
        raise InputError(path, "it does not say which host it is.", hint=f"State one of {', '.join(known_by)}.")


def _lease() -> Group:
    return Group(
        "lease",
        "lease",
        Field("expiry", "@expiry", Integer(), required=True),
        Field("unit", "@unit", Word("seconds", "minutes", "hours", absent="minutes")),
    )


RANGES = Items(
    "ranges",
    "range",
    Field("start", "@start", IpAddress(), required=True),
    Field("end", "@end", IpAddress(), required=True),
    _lease(),
    identity=(by("start", "end"),),
    hotplug=True,
)

HOSTS = Items(
    "hosts",
    "host",
    Field("mac", "@mac", Mac()),
    Field("id", "@id", Line()),
    Field("ip", "@ip", IpAddress()),
    Field("name", "@name", Line()),
    _lease(),
    identity=(by("mac"), by("id"), by("name"), by("ip")),
    hotplug=True,
    check=_check_host,
)

IP = Items(
    "ip",
    "ip",
    Field("address", "@address", IpAddress(), required=True),
    Field("prefix", "@prefix", Prefix()),
    Field("family", "@family", Word("ipv4", "ipv6")),
    Field("localptr", "@localPtr", Flag(absent=False)),
    Field("tftp", "tftp/@root", AbsolutePath()),
    Group(
        "dhcp",
        "dhcp",
        RANGES,
        HOSTS,
        Group(
            "bootp",
            "bootp",
            Field("file", "@file", Line(), required=True),
            Field("server", "@server", Line()),
        ),
    ),
    identity=(like("address"), Family()),
    create=_complete,
    deep=True,
)

ROUTES = Items(
    "routes",
    "route",
    Field("address", "@address", IpAddress(), required=True),
    Field("prefix", "@prefix", Prefix()),
    Field("family", "@family", Word("ipv4", "ipv6")),
    Field("gateway", "@gateway", IpAddress(), required=True),
    Field("metric", "@metric", Integer(1)),
    identity=(Exactly("address", "prefix"),),
    create=_complete,
)
