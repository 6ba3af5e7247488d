# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""From a configuration to a running domain's document and back, and what is withheld from both."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..._document.lxml import etree
from .complete import forget_port
from .validate import name_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

TAPS = {"network": "vnet", "bridge": "vnet", "ethernet": "vnet", "direct": "macvtap"}
"""How the host calls the other end of an interface, by its type."""
ALIASES = {"interface": "net", "filesystem": "fs", "memballoon": "balloon", "memory": "dimm"}
"""What aliases begin with, where it is not the tag."""
NO_ALIAS = frozenset({"emulator", "graphics", "audio", "nvram"})
ON_PCI = frozenset({"interface", "video", "memballoon", "rng", "sound", "watchdog", "filesystem", "vsock"})
FIRST_PORT = 5900
AGENT_CHANNEL = "org.qemu.guest_agent.0"
LIVE_CPU = "Haswell-noTSX"
LIVE_VENDOR = "Intel"
SECRET_ATTRIBUTES = {"devices/graphics": ("passwd", "passwdValidTo")}
SECRET_ELEMENTS = ("launchSecurity/session", "launchSecurity/dhCert")


def make_live(root: Element, identifier: int, taken: set[str]) -> None:
    """Turn a copy of a configuration, in place, into the document of a running domain.

    ``taken`` are the names and ports of the host that other running domains have; what this one gets is added.
    """
    root.set("id", str(identifier))
    cpu = root.find("cpu")
    if cpu is not None and cpu.get("mode") in ("host-model", "custom"):
        _expand_cpu(cpu)
    devices = root.find("devices")
    if devices is None:
        return
    for device in list(devices):
        make_device_live(device, devices, taken)
    for channel in devices.iterchildren("channel"):
        _place_channel(channel, name_of(root), identifier)


def make_device_live(device: Element, devices: Element, taken: set[str]) -> None:
    """Give a device, in place, its alias, its address and its names on the host."""
    if device.tag not in NO_ALIAS and device.find("alias") is None:
        etree.SubElement(device, "alias", name=_alias(device, devices))
    if device.tag == "interface" and device.get("type") in TAPS:
        _name_tap(device, taken)
    if device.tag == "graphics" and device.get("port") == "-1":
        device.set("port", _free(taken, "", FIRST_PORT))
    if device.tag in ("serial", "console") and device.get("type") == "pty":
        _name_terminal(device, devices, taken)
    _place_on_pci(device, devices)


def taken_names(roots: Iterable[Element]) -> set[str]:
    """Return what running domains have of the host's names and ports."""
    places = (("interface/target", "dev"), ("graphics", "port"), ("serial/source", "path"))
    return {
        element.get(attribute, "")
        for root in roots
        for path, attribute in places
        for element in root.iterfind(f"devices/{path}")
    } - {""}


def to_config(root: Element) -> None:
    """Take out of a running domain's document, in place, what only a running domain has."""
    root.attrib.pop("id", "")
    for device in root.iterfind("devices/*"):
        alias, target = device.find("alias"), device.find("target")
        if alias is not None and not alias.get("name", "").startswith("ua-"):
            device.remove(alias)
        forget_port(device)
        if device.tag == "interface" and target is not None and target.get("dev", "").startswith(("vnet", "macvtap")):
            device.remove(target)
        if device.tag == "graphics" and device.get("autoport") == "yes":
            device.set("port", "-1")
        if device.tag == "channel" and target is not None and target.attrib.pop("state", ""):
            _drop(device, "source")
        if device.tag in ("serial", "console") and device.get("type") == "pty":
            device.attrib.pop("tty", "")
            _drop(device, "source")


def withhold_secrets(root: Element) -> None:
    """Take the secrets out of a document, in place."""
    for path, attributes in SECRET_ATTRIBUTES.items():
        for element in root.iterfind(path):
            for attribute in attributes:
                element.attrib.pop(attribute, "")
    for path in SECRET_ELEMENTS:
        parent, _slash, tag = path.rpartition("/")
        for element in root.findall(parent):
            _drop(element, tag)


def agent_channel(root: Element) -> Element | None:
    """Return the target of the guest agent's channel, ``None`` when the domain has none."""
    return root.find(f"devices/channel/target[@name='{AGENT_CHANNEL}']")


def _drop(parent: Element, tag: str) -> None:
    for child in parent.findall(tag):
        parent.remove(child)


def _expand_cpu(cpu: Element) -> None:
    """Write the CPU that the guest really has."""
    if cpu.get("mode") == "host-model":
        _drop(cpu, "model")
        model = etree.Element("model", fallback="forbid")
        model.text = LIVE_CPU
        cpu.insert(0, model)
        if cpu.find("vendor") is None:
            etree.SubElement(cpu, "vendor").text = LIVE_VENDOR
        cpu.set("mode", "custom")
        cpu.set("match", "exact")
    cpu.set("check", "full")


def _free(taken: set[str], prefix: str, number: int = 0) -> str:
    """Take the first free number."""
    while f"{prefix}{number}" in taken:
        number += 1
    taken.add(f"{prefix}{number}")
    return f"{prefix}{number}"


def _alias(device: Element, devices: Element) -> str:
    used = {alias.get("name", "") for alias in devices.iterfind("*/alias")}
    if device.tag == "disk":
        target = device.find("target")
        bus = target.get("bus", "virtio") if target is not None else "virtio"
        return _free(used, f"{bus}-disk" if bus in ("virtio", "usb", "xen") else f"{bus}0-0-")
    if device.tag == "controller":
        kind, index = device.get("type", ""), device.get("index", "0")
        bus = "pcie" if device.get("model") == "pcie-root" else "pci"
        return {"pci": f"{bus}.{index}", "usb": "usb", "sata": "ide"}.get(kind, f"{kind}{index}")
    return _free(used, ALIASES.get(device.tag, device.tag))


def _name_tap(interface: Element, taken: set[str]) -> None:
    target = interface.find("target")
    if target is None:
        target = etree.SubElement(interface, "target")
    if not target.get("dev"):
        target.set("dev", _free(taken, TAPS[interface.get("type", "")]))


def _name_terminal(device: Element, devices: Element, taken: set[str]) -> None:
    """Name the terminal; a console that is the serial port's other face has the same one."""
    source = device.find("source")
    if source is None:
        source = etree.Element("source")
        device.insert(0, source)
    twin = devices.find("serial/source[@path]") if device.tag == "console" else None
    path = twin.get("path", "") if twin is not None else _free(taken, "/dev/pts/")
    source.set("path", path)
    if device.tag == "console":
        device.set("tty", path)


def _place_channel(channel: Element, name: str, identifier: int) -> None:
    target = channel.find("target")
    if channel.get("type") != "unix" or target is None or target.get("type") != "virtio":
        return
    target.set("state", "disconnected")
    if channel.find("source") is None:
        folder = f"/var/lib/libvirt/qemu/channel/target/domain-{identifier}-{name[:20]}"
        channel.insert(0, etree.Element("source", mode="bind", path=f"{folder}/{target.get('name', '')}"))


def _place_on_pci(device: Element, devices: Element) -> None:
    if device.find("address") is not None:
        return
    if device.tag not in ON_PCI and device.find("target[@bus='virtio']") is None:
        return
    used = {address.get("slot") for address in devices.iterfind("*/address[@type='pci']")}
    # Slots 0 and 1 are the chipset's. A real machine has 32; the simulation does not run out of them.
    slot = next(f"0x{number:02x}" for number in range(2, 65536) if f"0x{number:02x}" not in used)
    etree.SubElement(device, "address", type="pci", domain="0x0000", bus="0x00", slot=slot, function="0x0")
