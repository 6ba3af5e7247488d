# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Serial ports, consoles, channels and redirected USB devices: what connects the guest with a stream of bytes.

Source: https://libvirt.org/formatdomain.html#consoles-serial-parallel-channel-devices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import InputError
from .field import Field, Group, Items, Node, Spec
from .kind import ON_OFF, YES_NO, AbsolutePath, Integer, Line, Value, Word
from .pairing import ORDER, by, like

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_TYPES = ("pty", "unix", "tcp", "udp", "file", "dev", "pipe", "stdio", "null", "vc", "spicevmc", "spiceport", "nmdm")
_NEEDS = {"tcp": ("host", "service"), "udp": ("service",), "file": ("path",), "dev": ("path",), "pipe": ("path",)}


class SocketMode(Word):
    """Whether a socket is made or used. Where the document says nothing of a source at all, libvirt chooses a path and
    makes the socket there; it then drops the words that say so."""

    def same(self, wanted: Value, found: Value | None, element: Element | None) -> bool:
        if wanted == "bind" and found is None and element is None:
            return True
        return super().same(wanted, found, element)


def _connection(*types: str) -> tuple[Node, ...]:
    """Return the options that say what is at the node's end."""
    return (
        Field("type", "@type", Word(*types, absent=types[0]), drops=("source", "protocol", "@tty")),
        Field("path", "source/@path", AbsolutePath()),
        Field("host", "source/@host", Line()),
        Field("service", "source/@service", Line()),
        Field("tls", "source/@tls", YES_NO),
        Field("reconnect", "source/reconnect/@enabled", YES_NO),
        Field("reconnect_timeout", "source/reconnect/@timeout", Integer()),
        Field("protocol", "protocol/@type", Word("raw", "telnet", "telnets", "tls", absent="raw")),
    )


_MODE = Field("mode", "source/@mode", SocketMode("bind", "connect"))
"""To be written after whatever else the source says, see SocketMode."""

_RECORD = (
    Field("append", "source/@append", ON_OFF),
    Field("spice_channel", "source/@channel", Line()),
    Group("log", "log", Field("file", "@file", AbsolutePath(), required=True), Field("append", "@append", ON_OFF)),
)


def _check(entry: Spec, path: str) -> None:
    missing = [option for option in _NEEDS.get(entry.get("type", ""), ()) if option not in entry]
    if missing:
        raise InputError(f"{path}.{missing[0]}", f"the type {entry['type']} needs it.")


def _default(device: Element, entry: Spec) -> None:
    """Fill in what a new device needs and its spec does not say."""
    device.set("type", entry.get("type", "pty"))


def _channel(channel: Element, entry: Spec) -> None:
    name = entry["name"]
    channel.set("type", entry.get("type", "spicevmc" if name.startswith("com.redhat.spice.") else "unix"))
    CHANNELS.table.write(channel, {"target_type": entry.get("target_type", "virtio")})


def _redirection(device: Element, entry: Spec) -> None:
    device.set("bus", "usb")
    device.set("type", entry.get("type", "spicevmc"))


SERIALS = Items(
    "serials",
    "devices/serial",
    *_connection(*_TYPES),
    *_RECORD,
    _MODE,
    Field("port", "target/@port", Integer()),
    Field("target_type", "target/@type", Line(), drops=("target/model",)),
    Field("model", "target/model/@name", Line()),
    identity=(by("port"), ORDER),
    implied=True,
    create=_default,
    check=_check,
)

CONSOLES = Items(
    "consoles",
    "devices/console",
    *_connection(*_TYPES),
    *_RECORD,
    _MODE,
    Field("target_type", "target/@type", Line()),
    Field("port", "target/@port", Integer()),
    identity=(like("target_type", "port"), like("port"), like("target_type"), ORDER),
    implied=True,
    create=_default,
    check=_check,
)

CHANNELS = Items(
    "channels",
    "devices/channel",
    Field("name", "target/@name", Line(), required=True),
    *_connection("unix", *(word for word in _TYPES if word not in ("unix", "stdio", "vc")), "qemu-vdagent"),
    *_RECORD,
    Field("clipboard", "source/clipboard/@copypaste", YES_NO),
    Field("mouse", "source/mouse/@mode", Word("client", "server")),
    _MODE,
    Field("target_type", "target/@type", Word("virtio", "xen")),
    identity=(by("name"),),
    hotplug=True,
    create=_channel,
    check=_check,
)

REDIRECTIONS = Items(
    "redirdevs",
    "devices/redirdev",
    *_connection("spicevmc", "tcp", "unix"),
    _MODE,
    Field("boot_order", "boot/@order", Integer(1)),
    identity=(ORDER,),
    hotplug=True,
    create=_redirection,
    check=_check,
)
