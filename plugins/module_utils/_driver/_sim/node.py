# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The simulated node's own description, and that of the pools which it can have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import TYPE_CHECKING

from ..._document.lxml import etree
from ..._document.tree import serialize
from ..._errors import DriverError
from ..base import Capability, Node
from .complete import ARCH, EMULATOR, HYPERVISORS, MACHINES
from .pool_types import POOL_TYPES
from .session import Session

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

    from ..node import CellFree, NodePart, NodeRecord

VCPUS_LIMIT = 255
ENUMERATIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "disk": {
        "diskDevice": ("disk", "cdrom", "floppy", "lun"),
        "bus": ("ide", "fdc", "scsi", "virtio", "usb", "sata"),
        "model": ("virtio", "virtio-transitional", "virtio-non-transitional"),
    },
    "graphics": {"type": ("sdl", "vnc", "spice", "egl-headless")},
    "video": {"modelType": ("vga", "cirrus", "qxl", "virtio", "none", "bochs", "ramfb")},
    "hostdev": {"mode": ("subsystem",), "subsysType": ("usb", "pci", "scsi")},
    "rng": {"model": ("virtio",), "backendModel": ("random", "egd", "builtin")},
    "filesystem": {"driverType": ("path", "handle", "virtiofs")},
    "tpm": {"model": ("tpm-tis", "tpm-crb"), "backendModel": ("emulator", "external"), "backendVersion": ("2.0",)},
}
"""What devices may be, in the words of the domain capabilities document."""


class SimNode(Node):
    """The description of a simulated node."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def capabilities(self) -> str:
        with self._session.call("node.capabilities", "reading the capabilities") as state:
            uuid = state.host_uuid
        return _capabilities(uuid)

    def domain_capabilities(
        self,
        *,
        emulator: str | None = None,
        arch: str | None = None,
        machine: str | None = None,
        virt_type: str | None = None,
    ) -> str:
        what = "reading the domain capabilities"
        with self._session.call("node.domain_capabilities", what):
            pass
        for asked, known in (
            (emulator, [EMULATOR]),
            (arch, [ARCH]),
            (machine, [*MACHINES, *MACHINES.values()]),
            (virt_type, list(HYPERVISORS)),
        ):
            if asked is not None and asked not in known:
                raise DriverError(f"{what}: the simulated node has no {asked!r}.", hint=f"It has: {', '.join(known)}.")
        root = etree.Element("domainCapabilities")
        _text(root, "path", EMULATOR)
        _text(root, "domain", virt_type or HYPERVISORS[0])
        _text(root, "machine", MACHINES.get(machine or "pc", machine or ""))
        _text(root, "arch", ARCH)
        etree.SubElement(root, "vcpu", max=str(VCPUS_LIMIT))
        system = etree.SubElement(root, "os", supported="yes")
        _enumeration(system, "firmware", ("efi",))
        _modes(etree.SubElement(root, "cpu"))
        devices = etree.SubElement(root, "devices")
        for device, enumerations in ENUMERATIONS.items():
            element = etree.SubElement(devices, device, supported="yes")
            for name, values in enumerations.items():
                _enumeration(element, name, values)
        return serialize(root)

    def all_domain_capabilities(self, kinds: Sequence[tuple[str, str, str | None]]) -> list[str | None]:
        if Capability.DOMAIN_CAPABILITIES not in self._session.capabilities:
            return [None for _kind in kinds]
        return [
            self.domain_capabilities(arch=arch, virt_type=kind, machine=machine)
            if (arch, kind) in [(ARCH, each) for each in HYPERVISORS]
            else None
            for arch, kind, machine in kinds
        ]

    def describe(self, parts: Set[NodePart]) -> NodeRecord:
        from ..node import NodePart
        from .node_parts import describe

        with self._session.call("node.describe", "describing the node") as state:
            record = describe(state, frozenset(parts), self._session.capabilities)
            if NodePart.CAPABILITIES in parts:
                record = record._replace(capabilities=_capabilities(state.host_uuid))
        return record

    def free_memory(self, cells: Mapping[int, Sequence[int]]) -> dict[int, CellFree]:
        from ..node import CellFree
        from .node_parts import CELLS, PAGE, free_kibibytes

        with self._session.call("node.free_memory", "reading the free memory of NUMA cells") as state:
            free = free_kibibytes(state) // CELLS
        pages = {PAGE * 1024: free // PAGE}
        return {
            cell: CellFree(free * 1024, {size: count for size, count in pages.items() if size in sizes})
            for cell, sizes in cells.items()
            if 0 <= cell < CELLS
        }


def _capabilities(uuid: str) -> str:
    from .node_parts import CELL_CPUS, CELLS, MEMORY, PAGE

    root = etree.Element("capabilities")
    host = etree.SubElement(root, "host")
    _text(host, "uuid", uuid)
    cpu = etree.SubElement(host, "cpu")
    _text(cpu, "arch", ARCH)
    cells = etree.SubElement(etree.SubElement(host, "topology"), "cells", num=str(CELLS))
    for number in range(CELLS):
        cell = etree.SubElement(cells, "cell", id=str(number))
        _text(cell, "memory", str(MEMORY // CELLS), unit="KiB")
        _text(cell, "pages", str(MEMORY // CELLS // PAGE), unit="KiB", size=str(PAGE))
        distances = etree.SubElement(cell, "distances")
        for other in range(CELLS):
            etree.SubElement(distances, "sibling", id=str(other), value="10" if other == number else "20")
        cpus = etree.SubElement(cell, "cpus", num=str(CELL_CPUS))
        for core in range(CELL_CPUS):
            label = str(number * CELL_CPUS + core)
            etree.SubElement(cpus, "cpu", id=label, socket_id=str(number), core_id=str(core), siblings=label)
    guest = etree.SubElement(root, "guest")
    _text(guest, "os_type", "hvm")
    arch = etree.SubElement(guest, "arch", name=ARCH)
    _text(arch, "wordsize", "64")
    _text(arch, "emulator", EMULATOR)
    for alias, machine in MACHINES.items():
        _text(arch, "machine", machine, maxCpus=str(VCPUS_LIMIT))
        _text(arch, "machine", alias, canonical=machine, maxCpus=str(VCPUS_LIMIT))
    for kind in HYPERVISORS:
        etree.SubElement(arch, "domain", type=kind)
    return serialize(root)


def pool_capabilities() -> str:
    """Return the document that says which pools the node can have."""
    root = etree.Element("storagepoolCapabilities")
    for name, known in POOL_TYPES.items():
        pool = etree.SubElement(root, "pool", type=name, supported="yes" if known.supported else "no")
        if known.formats:
            _options(pool, "poolOptions", "sourceFormatType", known.formats[0], known.formats)
        if known.default_format is not None:
            _options(pool, "volOptions", "targetFormatType", known.default_format, known.volume_formats)
    return serialize(root)


def _options(pool: Element, tag: str, name: str, default: str, values: Sequence[str]) -> None:
    options = etree.SubElement(pool, tag)
    etree.SubElement(options, "defaultFormat", type=default)
    _enumeration(options, name, values)


def _text(parent: Element, tag: str, text: str, **attributes: str) -> None:
    element = etree.SubElement(parent, tag)
    for name, value in attributes.items():
        element.set(name, value)
    element.text = text


def _enumeration(parent: Element, name: str, values: Sequence[str]) -> None:
    element = etree.SubElement(parent, "enum", name=name)
    for value in values:
        _text(element, "value", value)


def _modes(cpu: Element) -> None:
    for name in ("host-passthrough", "maximum", "host-model"):
        etree.SubElement(cpu, "mode", name=name, supported="yes")
    custom = etree.SubElement(cpu, "mode", name="custom", supported="yes")
    for model in ("qemu64", "Haswell-noTSX", "EPYC"):
        _text(custom, "model", model, usable="yes")
