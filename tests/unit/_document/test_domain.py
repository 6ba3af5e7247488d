# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What follows from a spec, and what an edit takes along."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.stratum.virt.plugins.module_utils._document import tree
from ansible_collections.stratum.virt.plugins.module_utils._document.domain import DOMAIN, complete, write

GIB = 1024**3


def completed(text: str, current: str | None = None) -> dict[str, Any]:
    there = None if current is None else DOMAIN.read(tree.parse(current, "a test"))
    return complete(DOMAIN.load(yaml.safe_load(text)), there)


def edited(before: str, text: str, *exclusive: str) -> str:
    document = tree.parse(before, "a test")
    spec = complete(DOMAIN.load(yaml.safe_load(text)), DOMAIN.read(document))
    write(document, spec, frozenset(exclusive))
    assert list(DOMAIN.differences(document, spec, "", frozenset(exclusive))) == []
    return tree.serialize(document)


SMALL = "<domain><memory>1048576</memory><currentMemory>524288</currentMemory><vcpu current='1'>2</vcpu></domain>"


@pytest.mark.parametrize(
    ("text", "current", "follows"),
    [
        ("memory: 1GiB", None, {"memory": GIB, "memory_max": GIB}),
        ("memory_max: 1GiB", None, {"memory": GIB, "memory_max": GIB}),
        ("vcpus: 2", None, {"vcpus": 2, "vcpus_max": 2}),
        ("memory: 2GiB", SMALL, {"memory": 2 * GIB, "memory_max": 2 * GIB}),
        ("memory: 1GiB", SMALL, {"memory": GIB}),
        ("memory_max: 256MiB", SMALL, {"memory": GIB // 4, "memory_max": GIB // 4}),
        ("vcpus: 4", SMALL, {"vcpus": 4, "vcpus_max": 4}),
        ("boot: []", None, {}),
        ("cpu: {numa: [{id: 0, memory: 1GiB}]}", None, {"memory": GIB, "memory_max": GIB}),
        (
            "{memory: 1GiB, cpu: {numa: [{id: 0, memory: 1GiB}]}, memory_devices: [{model: dimm, size: 1GiB}]}",
            None,
            {"memory": GIB, "memory_max": 2 * GIB},
        ),
    ],
)
def test_what_follows(text: str, current: str | None, follows: dict[str, Any]) -> None:
    found = completed(text, current)
    stated = ("memory", "memory_max", "vcpus", "vcpus_max", "boot")
    assert {name: value for name, value in found.items() if name in stated} == follows


def test_secure_boot_with_a_given_file_needs_system_management_mode() -> None:
    assert completed("{secure_boot: true, loader: {path: /a.fd, type: pflash}}")["features"] == {"smm": True}
    assert "features" not in completed("{secure_boot: true, firmware: uefi}")


def test_a_given_file_takes_the_place_of_the_choice() -> None:
    text = edited("<domain><os firmware='efi'><type>hvm</type></os></domain>", "loader: {path: /a.fd, type: pflash}")
    assert "firmware" not in text
    assert "/a.fd" in text


def test_firmware_takes_along_what_described_the_old_one() -> None:
    before = (
        "<domain><os><type>hvm</type><loader type='pflash'>/a.fd</loader><nvram template='/b'>/c</nvram></os></domain>"
    )
    text = edited(before, "firmware: bios")
    assert 'firmware="bios"' in text
    assert "loader" not in text
    assert "nvram" not in text


def test_the_list_of_plugged_in_cpus_goes_when_their_number_changes() -> None:
    before = "<domain><vcpu current='1'>2</vcpu><vcpus><vcpu id='0' enabled='yes'/></vcpus></domain>"
    assert "<vcpus>" not in edited(before, "vcpus: 2")
    assert "<vcpus>" in edited(before, "vcpus: 1")


def test_exclusive_removes_what_is_not_named() -> None:
    before = (
        "<domain><devices><disk type='file'><source file='/a'/><target dev='vda'/></disk>"
        "<disk type='file'><source file='/b'/><target dev='vdb'/></disk><sound model='ich9'/></devices></domain>"
    )
    text = edited(before, "disks: [{target: vda, file: /a}]", "disks")
    assert "vda" in text
    assert "vdb" not in text
    assert "sound" in text
    assert "vdb" in edited(before, "disks: [{target: vda, file: /a}]")


def test_a_changed_source_leaves_nothing_of_the_old_one() -> None:
    before = (
        "<domain><devices><disk type='network'><source protocol='rbd' name='p/i'><host name='m'/></source>"
        "<backingStore type='file'/><target dev='vda'/><address type='pci'/></disk></devices></domain>"
    )
    text = edited(before, "disks: [{target: vda, file: /b}]")
    assert '<source file="/b"/>' in text
    assert "backingStore" not in text
    assert "rbd" not in text
    assert '<address type="pci"/>' in text


def test_a_port_of_its_own_switches_the_choice_off() -> None:
    before = "<domain><devices><graphics type='vnc' port='-1' autoport='yes'/></devices></domain>"
    assert 'port="5901" autoport="no"' in edited(before, "graphics: [{type: vnc, port: 5901}]")


def test_a_changed_address_takes_along_what_repeats_it() -> None:
    before = (
        "<domain><devices><graphics type='vnc' listen='127.0.0.1'><listen type='address' address='127.0.0.1'/>"
        "</graphics></devices></domain>"
    )
    text = edited(before, "graphics: [{type: vnc, listen: {type: address, address: 192.0.2.1}}]")
    assert "127.0.0.1" not in text
    assert 'address="192.0.2.1"' in text


def test_schedules_are_the_same_however_they_are_put_together() -> None:
    before = (
        "<domain><cputune><vcpusched vcpus='0' scheduler='fifo' priority='1'/>"
        "<vcpusched vcpus='1' scheduler='fifo' priority='1'/></cputune></domain>"
    )
    same = edited(before, "cputune: {vcpusched: [{vcpus: 0-1, scheduler: fifo, priority: 1}]}")
    assert same == tree.serialize(tree.parse(before, "a test"))
    assert 'vcpus="0-1"' in edited(before, "cputune: {vcpusched: [{vcpus: 0-1, scheduler: rr, priority: 2}]}")


def test_a_single_device_comes_and_goes() -> None:
    there = edited("<domain/>", "watchdog: {action: reset}")
    assert '<watchdog model="i6300esb"/>' in there
    assert "watchdog" not in edited(there, "watchdog: {model: none}")
    assert "watchdog" not in edited("<domain/>", "watchdog: {model: none}")


def test_a_domain_that_is_there_is_adopted_with_two_words() -> None:
    before = (
        "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><name>a</name>"
        "<memory unit='GiB'>1</memory><os><type>hvm</type></os><devices><rng model='virtio'>"
        "<backend model='random'>/dev/urandom</backend></rng></devices>"
        "<qemu:commandline><qemu:arg value='-x'/></qemu:commandline></domain>"
    )
    same = tree.serialize(tree.parse(before, "a test"))
    assert edited(before, "{name: a, memory: 1GiB}") == same
