# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Domains: the table of all their options. Source: https://libvirt.org/formatdomain.html."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._errors import InputError
from .boot import BOOT
from .character import CHANNELS, CONSOLES, REDIRECTIONS, SERIALS
from .cpu import BLOCK_TUNING, CPU, CPU_TUNING, IO_THREADS
from .disk import DISKS, REMOVABLE, source_of
from .display import GRAPHICS, INPUTS, SOUNDS, VIDEOS
from .feature import CLOCK, EVENTS, FEATURES
from .field import Field, Spec, Table, Values, settle
from .hostdev import CONTROLLERS, FILESYSTEMS, HOSTDEVS
from .identifier import CpuSet, Uuid
from .interface import INTERFACES
from .kind import AbsolutePath, Integer, Kind, Line, Name, Size, Word
from .memory import MEMORY, MEMORY_DEVICES
from .peripheral import PERIPHERALS, RNGS
from .resolved import Machine
from .security import SECURITY
from .units import format_size

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_IDENTITY = (
    Field("name", "name", Name(), required=True),
    Field("uuid", "uuid", Uuid()),
    Field("title", "title", Line(), live="title"),
    Field("description", "description", Kind(), live="description"),
    Values("tags", "metadata/stratum:domain/stratum:tag", Line(), live="tags", ordered=False),
)

_MACHINE = (
    Field("virt_type", "@type", Word("kvm", "qemu", "hvf", "lxc", "xen", "test")),
    Field("os_type", "os/type", Word("hvm", "exe", "linux", "xen", "xenpvh")),
    Field("arch", "os/type/@arch", Line()),
    Field("machine", "os/type/@machine", Machine()),
    Field("emulator", "devices/emulator", AbsolutePath()),
    Field("genid", "genid", Uuid()),
)

_AMOUNTS = (
    Field("memory", "currentMemory", Size("KiB"), fallback="memory", live="memory"),
    Field("memory_max", "memory", Size("KiB")),
    Field("vcpus", "vcpu/@current", Integer(1), fallback="vcpu", live="vcpus"),
    Field("vcpus_max", "vcpu", Integer(1)),
    Field("cpuset", "vcpu/@cpuset", CpuSet()),
    Field("placement", "vcpu/@placement", Word("static", "auto", absent="static")),
)

DOMAIN = Table(
    *_IDENTITY,
    *_MACHINE,
    *_AMOUNTS,
    *MEMORY.nodes,
    CPU,
    CPU_TUNING,
    *IO_THREADS.nodes,
    BLOCK_TUNING,
    *BOOT.nodes,
    FEATURES,
    CLOCK,
    *EVENTS.nodes,
    CONTROLLERS,
    DISKS,
    FILESYSTEMS,
    INTERFACES,
    SERIALS,
    CONSOLES,
    CHANNELS,
    INPUTS,
    GRAPHICS,
    VIDEOS,
    SOUNDS,
    HOSTDEVS,
    REDIRECTIONS,
    RNGS,
    MEMORY_DEVICES,
    *PERIPHERALS.nodes,
    *SECURITY.nodes,
)

_BOOTABLE = ("disks", "interfaces", "hostdevs", "redirdevs", "filesystems")


def complete(spec: Spec, current: Spec | None) -> Spec:
    """Return the spec with what follows from it and from what is there (``None``: a new domain).

    ``memory`` is what the guest has now and ``memory_max`` its ceiling, ``vcpus`` and ``vcpus_max`` likewise. On a new
    domain one without the other means that both are equal; on an existing one more than the ceiling raises it.
    Raises InputError when they contradict each other.
    """
    completed = dict(spec)
    _complete_amounts(completed, spec, current)
    _complete_boot_order(completed, spec)
    _complete_firmware(completed, spec, current or {})
    _check_disks(spec, current or {})
    return completed


def _memory_of_parts(spec: Spec) -> int | None:
    """Return what NUMA cells and memory devices have together, which the ceiling then is; ``None`` without cells."""
    cells = spec.get("cpu", {}).get("numa")
    if not cells:
        return None
    sizes: list[int] = [cell["memory"] for cell in cells]
    sizes += [device["size"] for device in spec.get("memory_devices", ())]
    return sum(sizes)


def _complete_amounts(completed: Spec, spec: Spec, current: Spec | None) -> None:
    ceilings: tuple[tuple[str, str, Any], ...] = (
        ("memory", "memory_max", format_size),
        ("vcpus", "vcpus_max", str),
    )
    for now, ceiling, show in ceilings:
        if now in spec and ceiling in spec and spec[now] > spec[ceiling]:
            raise InputError(now, f"{show(spec[now])} is more than {ceiling}, {show(spec[ceiling])}.")
        if current is None:
            parts = _memory_of_parts(spec) if now == "memory" else None
            if parts is not None:
                if spec.get(ceiling, parts) != parts or spec.get(now, parts) > parts:
                    raise InputError(
                        ceiling if ceiling in spec else now,
                        f"cpu.numa and memory_devices have {format_size(parts)} together.",
                        hint="Leave it out, or let it fit.",
                    )
                completed[ceiling] = parts
            if now in completed or ceiling in completed:
                completed.setdefault(now, completed.get(ceiling))
                completed.setdefault(ceiling, completed[now])
        elif now in spec and ceiling not in spec and spec[now] > current.get(ceiling, 0):
            completed[ceiling] = spec[now]
        elif ceiling in spec and now not in spec and now in current:
            completed[now] = min(current[now], spec[ceiling])


def _complete_boot_order(completed: Spec, spec: Spec) -> None:
    """A domain's order of kinds of devices and its devices' own orders exclude each other."""
    orders: dict[int, str] = {}
    for option in _BOOTABLE:
        for index, entry in enumerate(spec.get(option, ())):
            if "boot_order" in entry:
                path = f"{option}[{index}].boot_order"
                other = orders.setdefault(entry["boot_order"], path)
                if other != path:
                    raise InputError(path, f"{entry['boot_order']} is taken by {other}.", hint="Count each one once.")
    if orders and spec.get("boot"):
        raise InputError("boot", f"it and {next(iter(orders.values()))} exclude each other.", hint="Give one of them.")
    if orders:
        completed["boot"] = []
    elif not spec.get("boot", True):
        # Nothing at all to boot from cannot be said: libvirt then writes down its default.
        del completed["boot"]


def _complete_firmware(completed: Spec, spec: Spec, current: Spec) -> None:
    path = spec.get("loader", {}).get("path")
    if path and "firmware" not in spec and path != current.get("loader", {}).get("path"):
        # A file and the word for choosing one exclude each other.
        completed["firmware"] = ""
    given = path or (current.get("loader", {}).get("path") if "firmware" not in spec else None)
    kind = spec.get("firmware", current.get("firmware"))
    fitting = {"uefi": "pflash", "bios": "rom"}.get(kind or "")
    if "firmware" in spec and spec.get("loader", {}).get("type", fitting) != fitting:
        raise InputError("loader.type", f"firmware: {kind} is not of this type.", hint="Leave it out.")
    for option in ("secure_boot", "enrolled_keys"):
        if spec.get(option) and kind != "uefi" and not given:
            raise InputError(option, "only UEFI has it.", hint="State firmware: uefi.")
    if not spec.get("secure_boot"):
        return
    features = spec.get("features", {})
    if features.get("smm") is False:
        raise InputError("features.smm", "secure_boot needs it.", hint="Leave it out.")
    if given and spec.get("arch", current.get("arch", "x86_64")) == "x86_64":
        completed["features"] = {**features, "smm": True}


def _check_disks(spec: Spec, current: Spec) -> None:
    there = {disk.get("target"): disk for disk in current.get("disks", ())}
    for index, disk in enumerate(spec.get("disks", ())):
        found = there.get(disk["target"])
        if disk.get("device", (found or {}).get("device", "disk")) in REMOVABLE:
            continue
        if disk.get("file") == "":
            raise InputError(f"disks[{index}].file", "only a CD-ROM or floppy drive can be empty.")
        if found is None and source_of(disk) is None:
            raise InputError(
                f"disks[{index}]",
                f"the domain has no disk {disk['target']}, and nothing says where the data of a new one is.",
                hint="State file, pool and volume, block or network.",
            )


def write(document: Element, spec: Spec, exclusive: frozenset[str] = frozenset()) -> None:
    """Edit a domain's document so that it says what the spec says; all else stays as it is."""
    before = DOMAIN.read(document)
    settle(DOMAIN, document, spec, exclusive)
    if spec.get("boot"):
        for order in document.iterfind("devices/*/boot"):
            parent = order.getparent()
            if parent is not None:
                parent.remove(order)
    after = DOMAIN.read(document)
    states = document.find("vcpus")
    if states is not None and any(before.get(option) != after.get(option) for option in ("vcpus", "vcpus_max")):
        # The list says which vCPU is plugged in, one by one, and would win over the number.
        document.remove(states)
