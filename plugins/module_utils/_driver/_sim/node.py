# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The simulated node's own description, and that of the pools which it can have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..._document.lxml import etree
from ..._document.tree import serialize
from ..._errors import DriverError
from ..base import Node
from .complete import ARCH, EMULATOR, HYPERVISORS, MACHINES
from .pool_types import POOL_TYPES
from .session import Session

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

VCPUS_LIMIT = 255
MEMORY = 16 * 1024 * 1024
"""KiB that the simulated node has."""
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
        root = etree.Element("capabilities")
        host = etree.SubElement(root, "host")
        _text(host, "uuid", uuid)
        cpu = etree.SubElement(host, "cpu")
        _text(cpu, "arch", ARCH)
        cells = etree.SubElement(etree.SubElement(host, "topology"), "cells", num="1")
        cell = etree.SubElement(cells, "cell", id="0")
        _text(cell, "memory", str(MEMORY), unit="KiB")
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
