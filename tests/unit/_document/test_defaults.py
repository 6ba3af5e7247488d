# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a new domain has when nobody says."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document import tree
from ansible_collections.stratum.virt.plugins.module_utils._document.defaults import HOTPLUG_PORTS, new_domain
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError


def capabilities(*guests: tuple[str, str, tuple[str, ...]], native: str = "x86_64") -> Any:
    offered = "".join(
        f"<guest><os_type>{os_type}</os_type><arch name='{arch}'>"
        + "".join(f"<domain type='{kind}'/>" for kind in kinds)
        + "</arch></guest>"
        for os_type, arch, kinds in guests
    )
    return tree.parse(f"<capabilities><host><cpu><arch>{native}</arch></cpu></host>{offered}</capabilities>", "a test")


X86 = ("hvm", "x86_64", ("qemu", "kvm"))
I686 = ("hvm", "i686", ("qemu", "kvm"))
ARM = ("hvm", "aarch64", ("qemu",))
CONTAINER = ("exe", "x86_64", ("lxc",))


@pytest.mark.parametrize(
    ("guest", "flags", "chosen"),
    [
        (X86, {"vmx"}, "kvm"),
        (X86, {"fpu", "svm"}, "kvm"),
        # /dev/kvm is there, but the CPU does not help: ordinary guests hang.
        (X86, {"fpu"}, "qemu"),
        (X86, set(), "qemu"),
        # Nobody knows: libvirt's word is taken.
        (X86, None, "kvm"),
        (("hvm", "x86_64", ("kvm",)), {"fpu"}, "kvm"),
        (("hvm", "x86_64", ("qemu",)), {"vmx"}, "qemu"),
        (("hvm", "aarch64", ("qemu", "kvm")), {"fp"}, "kvm"),
        (("xen", "x86_64", ("xen",)), {"vmx"}, "xen"),
    ],
)
def test_kvm_is_chosen_only_where_it_works(
    guest: tuple[str, str, tuple[str, ...]], flags: set[str] | None, chosen: str
) -> None:
    document = new_domain({}, capabilities(guest, native=guest[1]), flags)
    assert document.get("type") == chosen


def test_what_is_stated_is_not_chosen() -> None:
    assert new_domain({"virt_type": "kvm"}, capabilities(X86), set()).get("type") == "kvm"
    assert new_domain({"virt_type": "qemu"}, capabilities(X86), {"vmx"}).get("type") == "qemu"


@pytest.mark.parametrize(
    ("spec", "arch"), [({}, "x86_64"), ({"arch": "aarch64"}, "aarch64"), ({"arch": "i686"}, "i686")]
)
def test_the_node_s_own_architecture_comes_first(spec: dict[str, Any], arch: str) -> None:
    document = new_domain(spec, capabilities(ARM, I686, X86), {"vmx"})
    assert document.find("os/type").get("arch") == arch


def test_a_container_where_it_is_asked_for() -> None:
    document = new_domain({"virt_type": "lxc"}, capabilities(X86, CONTAINER), {"vmx"})
    assert document.findtext("os/type") == "exe"
    assert document.find("devices/console") is not None
    assert document.find("devices/controller") is None
    assert document.find("cpu") is None


@pytest.mark.parametrize(
    ("spec", "option", "says"),
    [
        ({"arch": "s390x"}, "arch", "for s390x"),
        ({"virt_type": "xen"}, "virt_type", "for xen"),
        ({"arch": "aarch64", "virt_type": "kvm"}, "arch and virt_type", "for aarch64, kvm"),
    ],
)
def test_what_the_node_does_not_have_is_named_with_what_it_has(spec: dict[str, Any], option: str, says: str) -> None:
    with pytest.raises(InputError, match=f"^{option}: this node has no hypervisor {says}") as told:
        new_domain(spec, capabilities(X86, ARM), None)
    assert "kvm/x86_64" in str(told.value)


def test_a_node_without_any_hypervisor() -> None:
    with pytest.raises(InputError, match="It offers nothing"):
        new_domain({}, capabilities(), None)


def test_a_modern_machine() -> None:
    document = new_domain({}, capabilities(X86), {"vmx"})
    assert document.find("os/type").get("machine") == "q35"
    assert document.find("cpu").get("mode") == "host-model"
    assert document.find("features/acpi") is not None
    assert document.find("features/apic") is not None
    assert {timer.get("name") for timer in document.iterfind("clock/timer")} == {"rtc", "pit", "hpet"}
    assert document.find("devices/channel/target").get("name") == "org.qemu.guest_agent.0"
    assert document.findtext("devices/rng/backend") == "/dev/urandom"
    assert document.find("devices/graphics") is None
    ports = document.findall("devices/controller[@model='pcie-root-port']")
    assert [port.get("index") for port in ports] == [str(index) for index in range(1, HOTPLUG_PORTS + 1)]


def test_emulation_gives_all_that_it_can() -> None:
    assert new_domain({}, capabilities(X86), set()).find("cpu").get("mode") == "maximum"


@pytest.mark.parametrize(("machine", "ports"), [("pc", 0), ("pc-i440fx-7.2", 0), ("q35", 14), ("pc-q35-7.2", 14)])
def test_ports_to_plug_into_are_pci_express_s(machine: str, ports: int) -> None:
    document = new_domain({"machine": machine}, capabilities(X86), {"vmx"})
    assert len(document.findall("devices/controller[@model='pcie-root-port']")) == ports
    assert document.find("os/type").get("machine") == machine


def test_another_architecture_has_no_pc_s_parts() -> None:
    document = new_domain({"arch": "aarch64"}, capabilities(X86, ARM), {"vmx"})
    assert document.find("os/type").get("machine") == "virt"
    assert document.find("features/apic") is None
    assert document.find("clock/timer") is None
