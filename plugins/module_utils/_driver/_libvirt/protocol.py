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
    fixed_opaque,
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


class Pool(NamedTuple):
    name: str
    uuid: bytes


class Volume(NamedTuple):
    pool: str
    name: str
    key: str


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


def _reads(number: int, what: str, takes: tuple[Type, ...] = (), gives: tuple[Type, ...] = ()) -> Procedure:
    return Procedure(number, what, takes, gives, changes=False)


def _changes(number: int, what: str, takes: tuple[Type, ...] = (), gives: tuple[Type, ...] = ()) -> Procedure:
    return Procedure(number, what, takes, gives, changes=True)


_UUID = fixed_opaque(16)
_TEXT = optional(STRING)
_DOMAIN = record(STRING, _UUID, INT, make=Domain._make)
_NETWORK = record(STRING, _UUID, make=Network._make)
_POOL = record(STRING, _UUID, make=Pool._make)
_VOLUME = record(STRING, STRING, STRING, make=Volume._make)
_DOMAINS = array(_DOMAIN, LIST_LIMIT)
_INTERFACE = record(STRING, _TEXT, array(record(INT, STRING, UINT), 2048))

REMOTE_ERROR = record(INT, INT, _TEXT, INT, optional(_DOMAIN), _TEXT, _TEXT, _TEXT, INT, INT, optional(_NETWORK))
"""Code, origin, message, level, five details that nobody fills in, and two numbers."""
HOLE = record(HYPER, UINT)
"""How many bytes a hole in a stream has, and flags."""

_ANY = (INT, UINT)
"""Want results, and flags: the arguments of every list."""
_FLAGS = (_DOMAIN, UINT)
_DEVICE = (_DOMAIN, STRING, UINT)

AUTH_LIST = _reads(66, "asking how to authenticate", (), (array(INT, 20),))
AUTH_POLKIT = _reads(70, "authenticating with polkit", (), (INT,))
CONNECT_OPEN = _reads(1, "opening %s", (_TEXT, UINT))
CONNECT_CAPABILITIES = _reads(7, "reading the node's capabilities", (), (STRING,))
CONNECT_DOMAIN_CAPABILITIES = _reads(
    342, "reading what domains may have", (_TEXT, _TEXT, _TEXT, _TEXT, UINT), (STRING,)
)

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
DOMAIN_START = Procedure(196, "starting the domain %s", _FLAGS, (_DOMAIN,), changes=True, long=True)
DOMAIN_SHUTDOWN = _changes(258, "shutting down the domain %s", _FLAGS)
DOMAIN_REBOOT = _changes(27, "rebooting the domain %s", _FLAGS)
DOMAIN_RESET = _changes(245, "resetting the domain %s", _FLAGS)
DOMAIN_DESTROY = _changes(234, "destroying the domain %s", _FLAGS)
DOMAIN_SUSPEND = _changes(34, "pausing the domain %s", (_DOMAIN,))
DOMAIN_RESUME = _changes(28, "resuming the domain %s", (_DOMAIN,))
DOMAIN_WAKE_UP = _changes(267, "waking up the domain %s", _FLAGS)
DOMAIN_SAVE = Procedure(182, "saving the domain %s", _FLAGS, (), changes=True, long=True)
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

LIST_NETWORKS = _reads(283, "listing networks", _ANY, (array(_NETWORK, LIST_LIMIT), UINT))

POOL_BY_NAME = _reads(84, "looking up the pool %s", (STRING,), (_POOL,))
VOLUME_BY_NAME = _reads(95, "looking up a volume of the pool %s", (_POOL, STRING), (_VOLUME,))
VOLUME_BY_PATH = _reads(97, "looking up the volume %s", (STRING,), (_VOLUME,))
VOLUME_PATH = _reads(100, "reading the path of the volume %s", (_VOLUME,), (STRING,))
VOLUME_DELETE = _changes(94, "deleting the volume %s", (_VOLUME, UINT))
VOLUME_UPLOAD = _changes(208, "writing the volume %s", (_VOLUME, UHYPER, UHYPER, UINT))
VOLUME_DOWNLOAD = _reads(209, "reading the volume %s", (_VOLUME, UHYPER, UHYPER, UINT))

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
