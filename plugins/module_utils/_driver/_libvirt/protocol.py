# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What libvirt's remote protocol looks like: programs, packets, and the procedures that we use.

The numbers and the order of the fields are the protocol's, which libvirt keeps stable; one line here per procedure.
"""

from __future__ import annotations

from struct import Struct
from typing import Any, NamedTuple

from .xdr import (
    BOOL,
    HYPER,
    INT,
    STRING,
    UHYPER,
    UINT,
    Type,
    array,
    characters,
    fixed_opaque,
    opaque,
    optional,
    parameters,
    record,
)

REMOTE = 0x20008086
QEMU = 0x20008087
KEEPALIVE = 0x6B656570
VERSION = 1

CALL, REPLY, MESSAGE, STREAM = 0, 1, 2, 3
STREAM_HOLE = 6
"""Kinds of packets."""

OK, ERROR, CONTINUE = 0, 1, 2
"""States of packets."""

PING, PONG = 1, 2
"""Procedures of the keepalive program."""

HEADER = Struct(">7I")
"""Length of the whole packet, program, version, procedure, type, serial, status."""
PACKET_LIMIT = 33554432 + 4
"""The largest packet, its length included; older daemons stop at half of it."""
STREAM_CHUNK = 262120
"""The most bytes in one packet of a stream."""

LIST_LIMIT = 16384


class Domain(NamedTuple):
    """A domain as the wire names it. ``uuid`` is 16 bytes, ``id`` is -1 for one that is not active."""

    name: str
    uuid: bytes
    id: int


class Network(NamedTuple):
    name: str
    uuid: bytes


class Port(NamedTuple):
    """What is plugged into a network. ``uuid`` is the port's own."""

    network: Network
    uuid: bytes

    @property
    def name(self) -> str:
        return self.network.name


class Lease(NamedTuple):
    """An address that a network gave away. ``family`` is 0 for IPv4, 1 for IPv6."""

    bridge: str
    expires: int
    family: int
    mac: str | None
    association: str | None
    address: str
    prefix: int
    hostname: str | None
    client_id: str | None


class Pool(NamedTuple):
    name: str
    uuid: bytes


class PoolInfo(NamedTuple):
    """A pool's state as a number, and its sizes in bytes."""

    state: int
    capacity: int
    allocation: int
    available: int


class Volume(NamedTuple):
    pool: str
    name: str
    key: str


class HostInterface(NamedTuple):
    """A network interface of the node. The wire calls it by both."""

    name: str
    mac: str


class NodeInfo(NamedTuple):
    """The node's processors and memory. ``memory`` in KiB; ``sockets`` of one NUMA cell, ``cores`` of one socket."""

    arch: str
    memory: int
    cpus: int
    mhz: int
    cells: int
    sockets: int
    cores: int
    threads: int


class Procedure:
    """One thing that can be asked of the daemon.

    ``what`` says it in words, with ``%s`` for what the first argument names. ``changes``: whether it has an effect
    that may have happened although no answer came. ``long``: whether it lasts as long as it lasts, because memory is
    written or read: then a daemon that is alive is waited for beyond the usual time.
    """

    __slots__ = ("changes", "gives", "long", "number", "program", "single", "takes", "what")

    def __init__(
        self,
        number: int,
        what: str,
        takes: tuple[Type, ...],
        gives: tuple[Type, ...],
        *,
        changes: bool,
        long: bool = False,
        program: int = REMOTE,
    ) -> None:
        self.number = number
        self.what = what
        self.takes = record(*takes)
        self.gives = record(*gives)
        self.single = len(gives) == 1
        self.changes = changes
        self.long = long
        self.program = program


def _reads(
    number: int, what: str, takes: tuple[Type, ...] = (), gives: tuple[Type, ...] = (), *, long: bool = False
) -> Procedure:
    return Procedure(number, what, takes, gives, changes=False, long=long)


def _changes(
    number: int, what: str, takes: tuple[Type, ...] = (), gives: tuple[Type, ...] = (), *, long: bool = False
) -> Procedure:
    return Procedure(number, what, takes, gives, changes=True, long=long)


_UUID = fixed_opaque(16)
_TEXT = optional(STRING)
_DOMAIN = record(STRING, _UUID, INT, make=Domain._make)
_NETWORK = record(STRING, _UUID, make=Network._make)
_POOL = record(STRING, _UUID, make=Pool._make)
_VOLUME = record(STRING, STRING, STRING, make=Volume._make)
_DOMAINS = array(_DOMAIN, LIST_LIMIT)
_VOLUMES = array(_VOLUME, LIST_LIMIT)
_PORT = record(_NETWORK, _UUID, make=Port._make)
_LEASE = record(STRING, HYPER, INT, _TEXT, _TEXT, STRING, UINT, _TEXT, _TEXT, make=Lease._make)
_INTERFACE = record(STRING, _TEXT, array(record(INT, STRING, UINT), 2048))

_HOST_INTERFACE = record(STRING, STRING, make=HostInterface._make)
_COUNTERS = array(record(STRING, UHYPER), 16)
CELLS_LIMIT = 1024
"""The most NUMA cells, and pages of them, in one answer."""

REMOTE_ERROR = record(INT, INT, _TEXT, INT, optional(_DOMAIN), _TEXT, _TEXT, _TEXT, INT, INT, optional(_NETWORK))
"""Code, origin, message, level, five details that nobody fills in, and two numbers."""
HOLE = record(HYPER, UINT)
"""How many bytes a hole in a stream has, and flags."""

_ANY = (INT, UINT)
"""Want results, and flags: the arguments of every list."""
_FLAGS = (_DOMAIN, UINT)
_DEVICE = (_DOMAIN, STRING, UINT)
_POOL_FLAGS = (_POOL, UINT)
_VOLUME_FLAGS = (_VOLUME, UINT)

AUTH_LIST = _reads(66, "asking how to authenticate", (), (array(INT, 20),))
AUTH_POLKIT = _reads(70, "authenticating with polkit", (), (INT,))
CONNECT_OPEN = _reads(1, "opening %s", (_TEXT, UINT))
CONNECT_CAPABILITIES = _reads(7, "reading the node's capabilities", (), (STRING,))
CONNECT_DOMAIN_CAPABILITIES = _reads(
    342, "reading what domains may have", (_TEXT, _TEXT, _TEXT, _TEXT, UINT), (STRING,)
)

CONNECT_TYPE = _reads(3, "asking which hypervisor it is", (), (STRING,))
CONNECT_VERSION = _reads(4, "asking for the hypervisor's version", (), (UHYPER,))
CONNECT_LIBRARY_VERSION = _reads(157, "asking for libvirt's version", (), (UHYPER,))
CONNECT_HOSTNAME = _reads(59, "asking for the node's name", (), (STRING,))
NODE_INFO = _reads(
    6,
    "reading the node's processors and memory",
    (),
    (characters(32), UHYPER, INT, INT, INT, INT, INT, INT),
)
NODE_CPU_MAP = _reads(293, "reading which processors are online", (INT, INT, UINT), (opaque(2048), UINT, INT))
NODE_CPU_STATS = _reads(227, "reading the times of the node's processors", (INT, INT, UINT), (_COUNTERS, INT))
NODE_MEMORY_STATS = _reads(228, "reading what the node's memory is used for", (INT, INT, UINT), (_COUNTERS, INT))
NODE_FREE_MEMORY = _reads(102, "reading the node's free memory", (), (UHYPER,))
NODE_CELLS_FREE_MEMORY = _reads(101, "reading the free memory of NUMA cells", (INT, INT), (array(UHYPER, CELLS_LIMIT),))
NODE_FREE_PAGES = _reads(
    340,
    "reading the free pages of NUMA cells",
    (array(UINT, CELLS_LIMIT), INT, UINT, UINT),
    (array(UHYPER, CELLS_LIMIT),),
)
LIST_HOST_INTERFACES = _reads(284, "listing the node's interfaces", _ANY, (array(_HOST_INTERFACE, LIST_LIMIT), UINT))
HOST_INTERFACE_DOCUMENT = _reads(130, "reading the document of the interface %s", (_HOST_INTERFACE, UINT), (STRING,))
LIST_NODE_DEVICES = _reads(285, "listing the node's devices", _ANY, (array(STRING, 65536), UINT))
NODE_DEVICE_DOCUMENT = _reads(114, "reading the document of the device %s", (STRING, UINT), (STRING,))

LIST_DOMAINS = _reads(273, "listing domains", _ANY, (_DOMAINS, UINT))
DOMAIN_BY_NAME = _reads(23, "looking up the domain %s", (STRING,), (_DOMAIN,))
DOMAIN_BY_UUID = _reads(24, "looking up a domain by its UUID", (_UUID,), (_DOMAIN,))
DOMAIN_DOCUMENT = _reads(14, "reading the document of the domain %s", _FLAGS, (STRING,))
DOMAIN_STATE = _reads(212, "reading the state of the domain %s", _FLAGS, (INT, INT))
DOMAIN_AUTOSTART = _reads(15, "reading the autostart flag of the domain %s", (_DOMAIN,), (BOOL,))
DOMAIN_SAVED = _reads(183, "looking for a managed save image of the domain %s", _FLAGS, (BOOL,))
DOMAIN_PERSISTENT = _reads(151, "asking whether the domain %s is persistent", (_DOMAIN,), (BOOL,))
DOMAIN_ADDRESSES = _reads(
    353, "reading the addresses of the domain %s", (_DOMAIN, UINT, UINT), (array(_INTERFACE, 2048),)
)
DOMAIN_STATS = _reads(
    344,
    "reading statistics of domains",
    (_DOMAINS, UINT, UINT),
    (array(record(_DOMAIN, parameters(262144)), LIST_LIMIT),),
)

DOMAIN_DEFINE = _changes(350, "defining a domain", (STRING, UINT), (_DOMAIN,))
DOMAIN_UNDEFINE = _changes(231, "undefining the domain %s", _FLAGS)
DOMAIN_START = _changes(196, "starting the domain %s", _FLAGS, (_DOMAIN,), long=True)
DOMAIN_SHUTDOWN = _changes(258, "shutting down the domain %s", _FLAGS)
DOMAIN_REBOOT = _changes(27, "rebooting the domain %s", _FLAGS)
DOMAIN_RESET = _changes(245, "resetting the domain %s", _FLAGS)
DOMAIN_DESTROY = _changes(234, "destroying the domain %s", _FLAGS)
DOMAIN_SUSPEND = _changes(34, "pausing the domain %s", (_DOMAIN,))
DOMAIN_RESUME = _changes(28, "resuming the domain %s", (_DOMAIN,))
DOMAIN_WAKE_UP = _changes(267, "waking up the domain %s", _FLAGS)
DOMAIN_SAVE = _changes(182, "saving the domain %s", _FLAGS, (), long=True)
DOMAIN_DISCARD_SAVE = _changes(184, "removing the managed save image of the domain %s", _FLAGS)
DOMAIN_SET_AUTOSTART = _changes(29, "setting the autostart flag of the domain %s", (_DOMAIN, INT))
DOMAIN_RENAME = _changes(358, "renaming the domain %s", (_DOMAIN, _TEXT, UINT), (INT,))
DOMAIN_ATTACH = _changes(160, "attaching a device to the domain %s", _DEVICE)
DOMAIN_DETACH = _changes(161, "detaching a device from the domain %s", _DEVICE)
DOMAIN_UPDATE = _changes(174, "changing a device of the domain %s", _DEVICE)
DOMAIN_SET_MEMORY = _changes(204, "setting the memory of the domain %s", (_DOMAIN, UHYPER, UINT))
DOMAIN_SET_VCPUS = _changes(199, "setting the vCPUs of the domain %s", (_DOMAIN, UINT, UINT))
DOMAIN_SET_METADATA = _changes(264, "setting the metadata of the domain %s", (_DOMAIN, INT, _TEXT, _TEXT, _TEXT, UINT))
DOMAIN_RESIZE_BLOCK = _changes(251, "resizing a disk of the domain %s", (_DOMAIN, STRING, UHYPER, UINT))
DOMAIN_AGENT = Procedure(
    3,
    "sending a command to the guest agent of the domain %s",
    (_DOMAIN, STRING, INT, UINT),
    (_TEXT,),
    changes=True,
    program=QEMU,
)

EVENT_REGISTER = _reads(316, "registering for events", (INT, optional(_DOMAIN)), (INT,))
EVENT_DEREGISTER = _reads(317, "deregistering from events", (INT,))

CONNECT_FEATURE = _reads(60, "asking what the daemon knows", (INT,), (BOOL,))

LIST_NETWORKS = _reads(283, "listing networks", _ANY, (array(_NETWORK, LIST_LIMIT), UINT))
NETWORK_BY_NAME = _reads(46, "looking up the network %s", (STRING,), (_NETWORK,))
NETWORK_BY_UUID = _reads(47, "looking up a network by its UUID", (_UUID,), (_NETWORK,))
NETWORK_DOCUMENT = _reads(43, "reading the document of the network %s", (_NETWORK, UINT), (STRING,))
NETWORK_ACTIVE = _reads(152, "asking whether the network %s is active", (_NETWORK,), (BOOL,))
NETWORK_PERSISTENT = _reads(153, "asking whether the network %s is persistent", (_NETWORK,), (BOOL,))
NETWORK_AUTOSTART = _reads(44, "reading the autostart flag of the network %s", (_NETWORK,), (BOOL,))
NETWORK_LEASES = _reads(
    341, "reading the leases of the network %s", (_NETWORK, _TEXT, INT, UINT), (array(_LEASE, 65536), UINT)
)
NETWORK_PORTS = _reads(
    404, "listing the ports of the network %s", (_NETWORK, INT, UINT), (array(_PORT, LIST_LIMIT), UINT)
)
NETWORK_PORT_DOCUMENT = _reads(409, "reading the document of a port of the network %s", (_PORT, UINT), (STRING,))

NETWORK_DEFINE = _changes(432, "defining a network", (STRING, UINT), (_NETWORK,))
NETWORK_DEFINE_UNCHECKED = _changes(41, "defining a network as it is", (STRING,), (_NETWORK,))
NETWORK_UNDEFINE = _changes(49, "undefining the network %s", (_NETWORK,))
NETWORK_START = _changes(39, "starting the network %s", (_NETWORK,), long=True)
NETWORK_DESTROY = _changes(42, "destroying the network %s", (_NETWORK,))
NETWORK_SET_AUTOSTART = _changes(48, "setting the autostart flag of the network %s", (_NETWORK, INT))
NETWORK_UPDATE = _changes(291, "updating the network %s", (_NETWORK, UINT, UINT, INT, STRING, UINT))

LIST_POOLS = _reads(281, "listing pools", _ANY, (array(_POOL, LIST_LIMIT), UINT))
POOL_BY_NAME = _reads(84, "looking up the pool %s", (STRING,), (_POOL,))
POOL_BY_UUID = _reads(85, "looking up a pool by its UUID", (_UUID,), (_POOL,))
POOL_DOCUMENT = _reads(88, "reading the document of the pool %s", _POOL_FLAGS, (STRING,))
POOL_INFO = _reads(
    87, "reading the state of the pool %s", (_POOL,), (record(UINT, UHYPER, UHYPER, UHYPER, make=PoolInfo._make),)
)
POOL_PERSISTENT = _reads(155, "asking whether the pool %s is persistent", (_POOL,), (BOOL,))
POOL_AUTOSTART = _reads(89, "reading the autostart flag of the pool %s", (_POOL,), (BOOL,))
POOL_VOLUMES = _reads(282, "listing the volumes of the pool %s", (_POOL, INT, UINT), (_VOLUMES, UINT))
POOL_CAPABILITIES = _reads(403, "reading what pools the node can have", (UINT,), (STRING,))
POOL_SOURCES = _reads(75, "looking for sources of %s pools", (STRING, _TEXT, UINT), (STRING,), long=True)

POOL_DEFINE = _changes(77, "defining a pool", (STRING, UINT), (_POOL,))
POOL_UNDEFINE = _changes(82, "undefining the pool %s", (_POOL,))
POOL_BUILD = _changes(79, "building the pool %s", _POOL_FLAGS, long=True)
POOL_START = _changes(78, "starting the pool %s", _POOL_FLAGS, long=True)
POOL_DESTROY = _changes(80, "stopping the pool %s", (_POOL,), long=True)
POOL_DELETE = _changes(81, "deleting the storage of the pool %s", _POOL_FLAGS, long=True)
POOL_REFRESH = _changes(83, "refreshing the pool %s", _POOL_FLAGS, long=True)
POOL_SET_AUTOSTART = _changes(90, "setting the autostart flag of the pool %s", (_POOL, INT))

VOLUME_BY_NAME = _reads(95, "looking up a volume of the pool %s", (_POOL, STRING), (_VOLUME,))
VOLUME_BY_PATH = _reads(97, "looking up the volume %s", (STRING,), (_VOLUME,))
VOLUME_DOCUMENT = _reads(99, "reading the document of the volume %s", _VOLUME_FLAGS, (STRING,))
VOLUME_PATH = _reads(100, "reading the path of the volume %s", (_VOLUME,), (STRING,))
VOLUME_SIZES = _reads(378, "reading the sizes of the volume %s", _VOLUME_FLAGS, (INT, UHYPER, UHYPER))
VOLUME_DOWNLOAD = _reads(209, "reading the volume %s", (_VOLUME, UHYPER, UHYPER, UINT))

VOLUME_CREATE = _changes(93, "creating a volume in the pool %s", (_POOL, STRING, UINT), (_VOLUME,), long=True)
VOLUME_CLONE = _changes(
    125, "creating a volume from another one in the pool %s", (_POOL, STRING, _VOLUME, UINT), (_VOLUME,), long=True
)
VOLUME_DELETE = _changes(94, "deleting the volume %s", _VOLUME_FLAGS, long=True)
VOLUME_RESIZE = _changes(260, "resizing the volume %s", (_VOLUME, UHYPER, UINT), long=True)
VOLUME_WIPE = _changes(259, "wiping the volume %s", (_VOLUME, UINT, UINT), long=True)
VOLUME_UPLOAD = _changes(208, "writing the volume %s", (_VOLUME, UHYPER, UHYPER, UINT))

EVENTS: dict[int, Type] = {
    318: record(INT, record(_DOMAIN, INT, INT)),
    348: record(INT, record(_DOMAIN, INT, INT)),
    354: record(INT, record(_DOMAIN, STRING)),
    333: record(INT, record(_DOMAIN, STRING)),
    367: record(INT, record(_DOMAIN, STRING)),
    331: record(INT, record(_DOMAIN, UHYPER)),
}
"""What arrives without having been asked for, by procedure: the registration it belongs to, and the event."""


def subject(procedure: Procedure, arguments: tuple[Any, ...]) -> str:
    """Say what a call does, and to which object."""
    if "%s" not in procedure.what:
        return procedure.what
    first = arguments[0]
    return procedure.what.replace("%s", str(getattr(first, "name", first)))
