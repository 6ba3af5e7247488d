# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Reading the node's capabilities: which guests it offers. Source: https://libvirt.org/formatcaps.html."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_MACHINES = {"x86_64": "q35", "i686": "q35", "aarch64": "virt", "armv7l": "virt", "riscv64": "virt"}
QEMU = ("kvm", "qemu")
"""The types of domains that QEMU runs."""


class Guest(NamedTuple):
    """One kind of guest that the node offers."""

    os_type: str
    arch: str
    virt_types: tuple[str, ...]
    element: Element
    """What else the document says of it."""


def guests(capabilities: Element) -> list[Guest]:
    """Return what the node offers, in its own order."""
    found = []
    for guest in capabilities.iterchildren("guest"):
        arch = guest.find("arch")
        if arch is not None:
            types = tuple(domain.get("type", "") for domain in arch.iterchildren("domain"))
            found.append(Guest(guest.findtext("os_type", ""), arch.get("name", ""), types, guest))
    return found


def default_machine(virt_type: str | None, arch: str) -> str | None:
    """Return the machine that a new domain of this type has; ``None`` when the hypervisor chooses."""
    return _MACHINES.get(arch) if virt_type in QEMU else None


def native_arch(capabilities: Element) -> str:
    """Return the node's own architecture."""
    return capabilities.findtext("host/cpu/arch", "")
