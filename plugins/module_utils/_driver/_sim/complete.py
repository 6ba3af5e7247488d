# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""From a person's document to a configuration: what libvirt's QEMU driver adds when a domain is defined."""

from __future__ import annotations

import random
import uuid as uuids
from typing import TYPE_CHECKING

from ..._document.lxml import etree
from ..._document.tree import parse
from .validate import DEVICE_ORDER, DOMAIN_ORDER, kibibytes, network_of, uuid_of, vcpus

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

ARCH = "x86_64"
EMULATOR = f"/usr/bin/qemu-system-{ARCH}"
MACHINES = {"pc": "pc-i440fx-7.2", "q35": "pc-q35-7.2"}
"""Aliases of machines. libvirt writes the full name into the configuration already (seen with 9.0.0)."""
BUSES = {"vd": "virtio", "sd": "scsi", "hd": "ide", "fd": "fdc", "xv": "xen"}
"""The bus that the first letters of a target mean."""
HYPERVISORS = ("qemu", "kvm")
DEFAULTS = (
    "<clock offset='utc'/>",
    "<on_poweroff>destroy</on_poweroff>",
    "<on_reboot>restart</on_reboot>",
    "<on_crash>destroy</on_crash>",
    "<devices/>",
)
QEMU_CPU = "<cpu mode='custom' match='exact' check='none'><model fallback='forbid'>qemu64</model></cpu>"


def complete_domain(root: Element, what: str) -> None:
    """Add to a valid document, in place, what the hypervisor would."""
    root.attrib.pop("id", "")
    uuid = root.find("uuid")
    if uuid is None:
        uuid = etree.SubElement(root, "uuid")
    uuid.text = uuid_of(root) or str(uuids.uuid4())
    _complete_memory(root, what)
    _complete_vcpus(root, what)
    for default in DEFAULTS:
        _default(root, default)
    devices = _default(root, "<devices/>")
    if root.get("type") in HYPERVISORS:
        _complete_machine(root)
        _complete_hardware(root, devices)
    for device in devices:
        complete_device(device)
    sort_children(root, DOMAIN_ORDER)
    sort_children(devices, DEVICE_ORDER)


def complete_device(device: Element) -> None:
    """Add to a device, in place, what the hypervisor would."""
    if device.tag in _DEVICES:
        _DEVICES[device.tag](device)
    alias = device.find("alias")
    # Aliases are the running domain's own, except for those that a user chose.
    if alias is not None and not alias.get("name", "").startswith("ua-"):
        device.remove(alias)


def write_memory(root: Element, tag: str, size: int) -> None:
    """Set a size in KiB."""
    element = root.find(tag)
    if element is None:
        element = etree.SubElement(root, tag)
    element.text = str(size)
    element.set("unit", "KiB")


def write_vcpus(root: Element, current: int) -> None:
    """Set the present number of vCPUs. As in libvirt, it is only written when it is not the largest."""
    element = root.find("vcpu")
    if element is None:
        return
    if str(current) == element.text:
        element.attrib.pop("current", "")
    else:
        element.set("current", str(current))


def sort_devices(devices: Element) -> None:
    """Put devices into libvirt's order."""
    sort_children(devices, DEVICE_ORDER)


def sort_children(parent: Element, order: tuple[str, ...]) -> None:
    """Put the children into the order of their tags; what is not in it stands at the end."""
    places = {tag: place for place, tag in enumerate(order)}
    for child in sorted(parent, key=lambda child: places.get(child.tag, len(places))):
        parent.append(child)


def _default(parent: Element, document: str) -> Element:
    """Return the child with this tag, after adding this one when there is none."""
    made = parse(document, "a default of the simulation")
    found = parent.find(made.tag)
    if found is not None:
        return found
    parent.append(made)
    return made


def _fill(element: Element, attribute: str, value: str) -> None:
    """Set an attribute that is not there."""
    if element.get(attribute) is None:
        element.set(attribute, value)


def _target(device: Element) -> Element:
    found = device.find("target")
    return etree.SubElement(device, "target") if found is None else found


def _complete_memory(root: Element, what: str) -> None:
    memory = kibibytes(root, "memory", what)
    if memory is None:
        return
    current = min(kibibytes(root, "currentMemory", what) or memory, memory)
    write_memory(root, "memory", memory)
    write_memory(root, "currentMemory", current)


def _complete_vcpus(root: Element, what: str) -> None:
    maximum, current = vcpus(root, what)
    element = _default(root, "<vcpu/>")
    element.text = str(maximum)
    _fill(element, "placement", "static")
    write_vcpus(root, current)


def _complete_machine(root: Element) -> None:
    kind, system = root.find("os/type"), root.find("os")
    if kind is None or system is None:
        return
    _fill(kind, "arch", ARCH)
    machine = kind.get("machine", "pc")
    kind.set("machine", MACHINES.get(machine, machine))
    if system.find("boot") is None and root.find("devices/*/boot") is None:
        etree.SubElement(system, "boot", dev="hd")
    _default(root, QEMU_CPU)


def _complete_hardware(root: Element, devices: Element) -> None:
    """Add what every PC has. PCI addresses are left to the running domain."""
    kind = root.find("os/type")
    q35 = kind is not None and "q35" in kind.get("machine", "")
    _default(devices, f"<emulator>{EMULATOR}</emulator>")
    for bus, model in (("usb", "qemu-xhci" if q35 else "piix3-uhci"), ("pci", "pcie-root" if q35 else "pci-root")):
        if devices.find(f"controller[@type='{bus}']") is None:
            etree.SubElement(devices, "controller", type=bus, index="0", model=model)
    for each in ("mouse", "keyboard"):
        if devices.find(f"input[@type='{each}'][@bus='ps2']") is None:
            etree.SubElement(devices, "input", type=each, bus="ps2")
    _default(devices, "<memballoon model='virtio'/>")
    if devices.find("graphics") is not None:
        _default(devices, "<video><model type='cirrus' vram='16384' heads='1' primary='yes'/></video>")
    _complete_consoles(devices)


def _complete_consoles(devices: Element) -> None:
    """Pair the first serial port with the first console: libvirt shows one device as both."""
    serial, console = devices.find("serial"), devices.find("console")
    if serial is None and console is not None and _target(console).get("type", "serial") == "serial":
        serial = etree.SubElement(devices, "serial", type=console.get("type", "pty"))
    if serial is not None and console is None:
        etree.SubElement(devices, "console", type=serial.get("type", "pty"))
    for tag, kind in (("serial", "isa-serial"), ("console", "serial")):
        for port, each in enumerate(devices.iterchildren(tag)):
            _fill(_target(each), "type", kind)
            _fill(_target(each), "port", str(port))


def _complete_disk(disk: Element) -> None:
    _fill(disk, "device", "disk")
    _fill(disk, "type", "file")
    target = _target(disk)
    _fill(target, "bus", BUSES.get(target.get("dev", "")[:2], "virtio"))
    driver = disk.find("driver")
    if driver is None:
        driver = etree.Element("driver")
        disk.insert(0, driver)
    _fill(driver, "name", "qemu")
    _fill(driver, "type", "raw")
    if disk.get("device") == "cdrom" and disk.find("readonly") is None:
        etree.SubElement(disk, "readonly")


def forget_port(interface: Element) -> None:
    """Take away, in place, what only an interface has that is plugged into a network."""
    source = interface.find("source")
    if source is not None and network_of(interface) is not None:
        for attribute in ("portid", "bridge"):
            source.attrib.pop(attribute, "")


def _complete_interface(interface: Element) -> None:
    forget_port(interface)
    mac = interface.find("mac")
    if mac is None:
        mac = etree.Element("mac")
        interface.insert(0, mac)
    address = mac.get("address") or "52:54:00:" + ":".join(f"{random.randrange(256):02x}" for _byte in range(3))
    mac.set("address", address.lower())
    if interface.get("type") not in ("hostdev", "vdpa") and interface.find("model") is None:
        etree.SubElement(interface, "model", type="rtl8139")


def _complete_graphics(graphics: Element) -> None:
    if graphics.get("type") not in ("vnc", "spice"):
        return
    if graphics.get("port", "-1") == "-1":
        graphics.set("port", "-1")
        _fill(graphics, "autoport", "yes")
    if graphics.find("listen") is None:
        listen = etree.SubElement(graphics, "listen", type="address")
        if graphics.get("listen"):
            listen.set("address", graphics.get("listen", ""))


_DEVICES = {"disk": _complete_disk, "interface": _complete_interface, "graphics": _complete_graphics}
