# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a network's name server knows: ``dns``. Source: https://libvirt.org/formatnetwork.html#addressing."""

from __future__ import annotations

from .address import Exactly, IpAddress
from .field import Field, Group, Items, Values
from .kind import Flag, Integer, Kind, Line, Word
from .pairing import by

DNS_HOSTS = Items(
    "hosts",
    "host",
    Field("ip", "@ip", IpAddress(), required=True),
    Values("hostnames", "hostname", Line(), ordered=False),
    identity=(by("ip"),),
    hotplug=True,
)

TXT = Items(
    "txt",
    "txt",
    Field("name", "@name", Line(), required=True),
    Field("value", "@value", Kind(), required=True),
    identity=(by("name"),),
    hotplug=True,
)

SRV = Items(
    "srv",
    "srv",
    Field("service", "@service", Line(), required=True),
    Field("protocol", "@protocol", Word("tcp", "udp"), required=True),
    Field("domain", "@domain", Line()),
    Field("target", "@target", Line()),
    Field("port", "@port", Integer(1, 65535)),
    Field("priority", "@priority", Integer(0, 65535)),
    Field("weight", "@weight", Integer(0, 65535)),
    identity=(Exactly("service", "protocol", "domain", "target", "port"),),
    hotplug=True,
)

DNS = Group(
    "dns",
    "dns",
    Field("enabled", "@enable", Flag(absent=True)),
    Field("forward_plain_names", "@forwardPlainNames", Flag(absent=True)),
    Items(
        "forwarders",
        "forwarder",
        Field("address", "@addr", IpAddress()),
        Field("domain", "@domain", Line()),
        whole=True,
    ),
    TXT,
    SRV,
    DNS_HOSTS,
)
