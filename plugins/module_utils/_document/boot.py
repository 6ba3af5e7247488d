# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""How a domain starts: firmware, boot order, kernel, what its BIOS tables say, and a container's first process.

Source: https://libvirt.org/formatdomain.html#operating-system-booting.
"""

from __future__ import annotations

from .._errors import InputError
from .field import Field, Group, Items, Spec, Table, Values
from .identifier import Uuid
from .kind import YES_NO, AbsolutePath, Integer, Kind, Line, Word
from .pairing import by
from .resolved import Firmware, FirmwareFeature

FIRMWARE = Table(
    Field("firmware", "os", Firmware()),
    Field("secure_boot", "os", FirmwareFeature("secure-boot", loader_attribute="secure")),
    Field("enrolled_keys", "os", FirmwareFeature("enrolled-keys")),
    Group(
        "loader",
        "os/loader",
        Field("path", "", AbsolutePath()),
        Field("type", "@type", Word("rom", "pflash")),
        Field("readonly", "@readonly", YES_NO),
        Field("stateless", "@stateless", YES_NO),
    ),
    Group(
        "nvram",
        "os/nvram",
        Field("path", "", AbsolutePath()),
        Field("template", "@template", AbsolutePath()),
    ),
)

_DEVICES = Values("boot", "os/boot/@dev", Word("hd", "cdrom", "network", "fd"))

_KERNEL = Table(
    Field("kernel", "os/kernel", AbsolutePath()),
    Field("initrd", "os/initrd", AbsolutePath()),
    Field("cmdline", "os/cmdline", Line()),
    Field("dtb", "os/dtb", AbsolutePath()),
)

_CONTAINER = Group(
    "container",
    "",
    Field("init", "os/init", AbsolutePath()),
    Values("args", "os/initarg", Kind()),
    Items(
        "env",
        "os/initenv",
        Field("name", "@name", Line(), required=True),
        Field("value", "", Kind(), required=True),
        identity=(by("name"),),
    ),
    Field("dir", "os/initdir", AbsolutePath()),
    Field("user", "os/inituser", Line()),
    Field("group", "os/initgroup", Line()),
    Group(
        "idmap",
        "idmap",
        *(
            Items(
                option,
                option,
                Field("start", "@start", Integer(), required=True),
                Field("target", "@target", Integer(), required=True),
                Field("count", "@count", Integer(1), required=True),
                whole=True,
            )
            for option in ("uid", "gid")
        ),
    ),
)


def _entries(option: str, place: str, *names: str) -> Group:
    """Return a block of the BIOS tables, an ``entry`` with a name for each value."""
    return Group(
        option,
        place,
        *(Field(name, f"entry[@name='{name}']", Uuid() if name == "uuid" else Line()) for name in names),
    )


def _check_entry(entry: Spec, path: str) -> None:
    if ("value" in entry) == ("file" in entry):
        raise InputError(path, "it is either a value or a file.", hint="Give one of them.")


_SYSINFO = Table(
    Field("smbios", "os/smbios/@mode", Word("emulate", "host", "sysinfo")),
    Group(
        "sysinfo",
        "sysinfo[@type='smbios']",
        _entries("bios", "bios", "vendor", "version", "date", "release"),
        _entries("system", "system", "manufacturer", "product", "version", "serial", "uuid", "sku", "family"),
        _entries("base_board", "baseBoard", "manufacturer", "product", "version", "serial", "asset", "location"),
        _entries("chassis", "chassis", "manufacturer", "version", "serial", "asset", "sku"),
        Values("oem_strings", "oemStrings/entry", Line()),
    ),
    Items(
        "fw_cfg",
        "sysinfo[@type='fwcfg']/entry",
        Field("name", "@name", Line(), required=True),
        Field("value", "", Kind(), drops=("@file",)),
        Field("file", "@file", AbsolutePath(), drops=("",)),
        identity=(by("name"),),
        check=_check_entry,
    ),
)

BOOT = Table(
    FIRMWARE,
    _DEVICES,
    Group(
        "bootmenu",
        "os/bootmenu",
        Field("enable", "@enable", YES_NO),
        Field("timeout", "@timeout", Integer(0, 65535)),
    ),
    Group(
        "bios",
        "os/bios",
        Field("useserial", "@useserial", YES_NO),
        Field("reboot_timeout", "@rebootTimeout", Integer(-1, 65535)),
    ),
    _KERNEL,
    _SYSINFO,
    _CONTAINER,
)
