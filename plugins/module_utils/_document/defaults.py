# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a new domain has when nobody says: a small, modern machine without a display."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from .._errors import InputError
from .capabilities import QEMU, Guest, default_machine, guests, native_arch
from .field import Spec
from .lxml import etree
from .tree import Place

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

HOTPLUG_PORTS = 14
"""PCI Express ports of a new q35 machine: every device that is plugged in later needs a free one, and none can be
added while the domain runs."""

_X86 = ("x86_64", "i686")

_VIRTUALISATION_FLAGS = frozenset(("vmx", "svm"))


def choose_virt_type(guest: Guest, cpu_flags: Collection[str] | None) -> str:
    """Return how a guest runs best on this node: ``kvm`` where it works, else the first that is offered.

    ``cpu_flags`` are the node's, ``None`` when they are not known. A node can offer /dev/kvm without the CPU's help
    (as some paravirtualised nodes do) on which ordinary guests hang: on x86, KVM needs one of the CPU's flags, too.
    """
    if "kvm" not in guest.virt_types:
        return guest.virt_types[0] if guest.virt_types else "qemu"
    if guest.arch in _X86 and cpu_flags is not None and not _VIRTUALISATION_FLAGS.intersection(cpu_flags):
        return "qemu" if "qemu" in guest.virt_types else "kvm"
    return "kvm"


def new_domain(spec: Spec, capabilities: Element, cpu_flags: Collection[str] | None) -> Element:
    """Return the document that the spec of a new domain is written into; raise InputError when none fits."""
    offered = guests(capabilities)
    virt_type, arch = spec.get("virt_type"), spec.get("arch")
    guest = _choose_guest(offered, native_arch(capabilities), arch, virt_type)
    root = etree.Element("domain", type=virt_type or choose_virt_type(guest, cpu_flags))
    os_type = _put(root, "os/type", text=guest.os_type)
    if guest.os_type == "exe":
        _put(root, "devices/console", type="pty")
        return root
    os_type.set("arch", guest.arch)
    if root.get("type") in QEMU:
        _machine(root, spec, guest.arch)
    return root


def _choose_guest(offered: list[Guest], native: str, arch: str | None, virt_type: str | None) -> Guest:
    fitting = [
        guest
        for guest in offered
        if (arch is None or guest.arch == arch) and (virt_type is None or virt_type in guest.virt_types)
    ]
    if not fitting:
        options = {"arch": arch, "virt_type": virt_type}
        stated = {name: value for name, value in options.items() if value is not None}
        known = sorted({f"{kind}/{guest.arch}" for guest in offered for kind in guest.virt_types})
        raise InputError(
            " and ".join(stated) or "uri",
            f"this node has no hypervisor for {', '.join(stated.values()) or 'any guest'}.",
            hint=f"It offers {', '.join(known) or 'nothing'}.",
        )
    return next((guest for guest in fitting if guest.arch == native), fitting[0])


def _machine(root: Element, spec: Spec, arch: str) -> None:
    os_type = root.find("os/type")
    machine = spec.get("machine") or default_machine(root.get("type"), arch)
    if machine and os_type is not None:
        os_type.set("machine", machine)
    _put(root, "features/acpi")
    # host-model can still migrate; under emulation nothing is gained by leaving out what QEMU can do.
    _put(root, "cpu", mode="maximum" if root.get("type") == "qemu" else "host-model")
    _put(root, "clock", offset="utc")
    if arch in _X86:
        _put(root, "features/apic")
        for timer, settings in _TIMERS.items():
            _put(root, f"clock/timer[@name='{timer}']", **settings)
    _devices(root, machine or "")


_TIMERS: Mapping[str, Mapping[str, str]] = {
    "rtc": {"tickpolicy": "catchup"},
    "pit": {"tickpolicy": "delay"},
    "hpet": {"present": "no"},
}
"""What QEMU's and libvirt's own guides give every x86 guest, so that its clocks do not drift."""


def _devices(root: Element, machine: str) -> None:
    if machine == "q35" or machine.startswith("pc-q35-"):
        _add(root, "devices/controller", type="pci", index="0", model="pcie-root")
        for index in range(1, HOTPLUG_PORTS + 1):
            _add(root, "devices/controller", type="pci", index=str(index), model="pcie-root-port")
    serial = _add(root, "devices/serial", type="pty")
    _put(serial, "target", port="0")
    channel = _add(root, "devices/channel", type="unix")
    _put(channel, "target", type="virtio", name="org.qemu.guest_agent.0")
    rng = _add(root, "devices/rng", model="virtio")
    _put(rng, "backend", text="/dev/urandom", model="random")


def _put(element: Element, path: str, *, text: str | None = None, **attributes: str) -> Element:
    made = Place(path).make(element)
    return _fill(made, text, attributes)


def _add(element: Element, path: str, **attributes: str) -> Element:
    return _fill(Place(path).add(element), None, attributes)


def _fill(made: Element, text: str | None, attributes: Mapping[str, str]) -> Element:
    if text is not None:
        made.text = text
    for name, value in attributes.items():
        made.set(name, value)
    return made
