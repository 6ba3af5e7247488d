# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a person sees, hears and types on: graphics, video cards, sound, input devices.

Source: https://libvirt.org/formatdomain.html#graphical-framebuffers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import InputError
from .field import Field, Group, Items, Spec, Values
from .kind import ON_OFF, YES_NO, AbsolutePath, Flag, Integer, Line, Size, Time, Word
from .pairing import ORDER, by, known_by, like
from .resolved import Chosen, Port

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_COMPRESSION = Word("auto", "never", "always")
_SECURITY = Word("any", "secure", "insecure")


def _check_graphics(entry: Spec, path: str) -> None:
    fixed = [option for option in ("port", "tls_port") if entry.get(option, -1) != -1]
    if fixed and (entry.get("autoport") or entry.get("port") == -1):
        raise InputError(f"{path}.{fixed[0]}", "with autoport the hypervisor chooses it.", hint="Give one of them.")
    listen = entry.get("listen", {})
    if listen.get("type") == "network" and "network" not in listen:
        raise InputError(f"{path}.listen.network", "listening on a network needs it.")


def _display(graphics: Element, entry: Spec) -> None:
    graphics.set("type", entry["type"])
    if entry["type"] in ("vnc", "spice", "rdp") and "port" not in entry and "tls_port" not in entry:
        graphics.set("autoport", "yes")


GRAPHICS = Items(
    "graphics",
    "devices/graphics",
    Field("type", "@type", Word("vnc", "spice", "sdl", "rdp", "dbus", "egl-headless", "desktop"), required=True),
    Field("port", "@port", Port()),
    Field("tls_port", "@tlsPort", Port(automatic=False)),
    Field("autoport", "@autoport", YES_NO),
    Field("websocket", "@websocket", Chosen(-1, 65535)),
    Group(
        "listen",
        "listen",
        Field("type", "@type", Word("address", "network", "socket", "none"), drops=("@address", "@network", "@socket")),
        Field("address", "@address", Line()),
        Field("network", "@network", Line()),
        Field("socket", "@socket", AbsolutePath()),
        stale=("@listen", "@socket"),
    ),
    Field("password", "@passwd", Line(), secret=True, live="update"),
    Field("password_valid_to", "@passwdValidTo", Time(), live="update"),
    Field("connected", "@connected", Word("fail", "disconnect", "keep"), live="update"),
    Field("share_policy", "@sharePolicy", Word("allow-exclusive", "force-shared", "ignore")),
    Field("power_control", "@powerControl", YES_NO),
    Field("keymap", "@keymap", Line()),
    Field("default_mode", "@defaultMode", _SECURITY),
    Items(
        "channels",
        "channel",
        Field("name", "@name", Line(), required=True),
        Field("mode", "@mode", _SECURITY, required=True),
        identity=(by("name"),),
    ),
    Field("image_compression", "image/@compression", Word("auto_glz", "auto_lz", "quic", "glz", "lz", "off")),
    Field("jpeg_compression", "jpeg/@compression", _COMPRESSION),
    Field("zlib_compression", "zlib/@compression", _COMPRESSION),
    Field("playback_compression", "playback/@compression", ON_OFF),
    Field("streaming", "streaming/@mode", Word("filter", "all", "off")),
    Field("clipboard", "clipboard/@copypaste", YES_NO),
    Field("mouse", "mouse/@mode", Word("client", "server")),
    Field("file_transfer", "filetransfer/@enable", YES_NO),
    Field("gl", "gl/@enable", YES_NO),
    Field("rendernode", "gl/@rendernode", AbsolutePath()),
    Field("display", "@display", Line()),
    Field("xauth", "@xauth", AbsolutePath()),
    Field("fullscreen", "@fullscreen", Flag(absent=False)),
    Field("p2p", "@p2p", YES_NO),
    identity=(by("type"),),
    device=True,
    create=_display,
    check=_check_graphics,
)


def _amount(option: str) -> Field:
    return Field(option, f"model/@{option}", Size("KiB", bare="KiB", scaled=False))


VIDEOS = Items(
    "videos",
    "devices/video",
    Field(
        "model",
        "model/@type",
        Word("virtio", "vga", "qxl", "bochs", "ramfb", "cirrus", "vmvga", "xen", "vbox", "gop", "none"),
        drops=("model",),
        required=True,
    ),
    _amount("vram"),
    _amount("ram"),
    _amount("vgamem"),
    _amount("vram64"),
    Field("heads", "model/@heads", Integer(1)),
    Field("primary", "model/@primary", YES_NO),
    Field("accel3d", "model/acceleration/@accel3d", YES_NO),
    Field("accel2d", "model/acceleration/@accel2d", YES_NO),
    Field("rendernode", "model/acceleration/@rendernode", AbsolutePath()),
    Group(
        "resolution",
        "model/resolution",
        Field("x", "@x", Integer(1), required=True),
        Field("y", "@y", Integer(1), required=True),
    ),
    Field("driver", "driver/@name", Word("qemu", "vhostuser")),
    Field("vgaconf", "driver/@vgaconf", Word("io", "on", "off")),
    identity=(like("model"), ORDER),
)

SOUNDS = Items(
    "sounds",
    "devices/sound",
    Field("model", "@model", Word("ich9", "ich6", "ich7", "ac97", "es1370", "sb16", "pcspk", "usb"), required=True),
    Values("codecs", "codec/@type", Word("duplex", "micro", "output")),
    identity=(like("model"), ORDER),
)


def _pluggable(entry: Spec) -> bool:
    return entry.get("bus") in ("usb", "virtio")


def _check_input(entry: Spec, path: str) -> None:
    if entry["type"] == "evdev" and "source" not in entry:
        raise InputError(f"{path}.source", "an input of the type evdev needs the node's event device.")


INPUTS = Items(
    "inputs",
    "devices/input",
    Field("type", "@type", Word("tablet", "mouse", "keyboard", "evdev"), required=True),
    Field("bus", "@bus", Word("usb", "ps2", "virtio", "xen")),
    Field("model", "@model", Word("virtio", "virtio-transitional", "virtio-non-transitional")),
    Field("source", "source/@dev", AbsolutePath()),
    Field("grab", "source/@grab", Word("all")),
    Field("grab_toggle", "source/@grabToggle", Line()),
    Field("repeat", "source/@repeat", ON_OFF),
    identity=(known_by("source"), known_by("type", "bus"), like("type")),
    implied=True,
    hotplug=_pluggable,
    check=_check_input,
)
