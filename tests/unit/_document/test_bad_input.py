# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What makes no sense is refused before anything changes, by the full path of its option."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.stratum.virt.plugins.module_utils._document import tree
from ansible_collections.stratum.virt.plugins.module_utils._document.domain import DOMAIN, complete
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError

DISK = "{target: vda, file: /a}"


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("name", "name: a/b"),
        ("name", 'name: "a\\nb"'),
        ("name", 'name: ""'),
        ("uuid", "uuid: 1234"),
        ("title", 'title: "a\\nb"'),
        ("memory", "memory: 12 parsec"),
        ("memory", "memory: 100B"),
        ("memory", "{memory: 2GiB, memory_max: 1GiB}"),
        ("vcpus", "vcpus: 0"),
        ("vcpus", "{vcpus: 4, vcpus_max: 2}"),
        ("cpuset", "cpuset: all"),
        ("emulator", "emulator: qemu"),
        ("disks[1]", f"disks: [{DISK}, {DISK}]"),
        ("disks[0].target", "disks: [{target: dev/vda, file: /a}]"),
        ("disks[0].file", "disks: [{target: vda, file: a}]"),
        ("disks[0].file", 'disks: [{target: vda, file: ""}]'),
        ("disks[0]", "disks: [{target: vda}]"),
        ("disks[0]", "disks: [{target: vda, pool: default}]"),
        ("disks[0]", "disks: [{target: vda, file: /a, block: /b}]"),
        ("disks[1].read_only", f"disks: [{DISK}, {{target: sda, device: cdrom, read_only: false}}]"),
        ("disks[0].file", "disks: [{target: sda, device: lun, file: /a}]"),
        ("disks[0].boot_order", "disks: [{target: vda, file: /a, boot_order: 0}]"),
        (
            "interfaces[0].boot_order",
            "{disks: [{target: vda, file: /a, boot_order: 1}], interfaces: [{network: a, boot_order: 1}]}",
        ),
        ("boot", "{boot: [hd], disks: [{target: vda, file: /a, boot_order: 1}]}"),
        (
            "disks[0].network.auth",
            "disks: [{target: vda, network: {protocol: rbd, auth: {username: a, secret_type: ceph}}}]",
        ),
        ("interfaces[0]", "interfaces: [{model: virtio}]"),
        ("interfaces[0]", "interfaces: [{network: a, bridge: b}]"),
        ("interfaces[0].user", "interfaces: [{user: false}]"),
        ("interfaces[1]", "interfaces: [{mac: '52:54:00:00:00:01'}, {mac: '52:54:00:00:00:01'}]"),
        ("interfaces[0].mac", "interfaces: [{mac: '01:00:5e:00:00:01'}]"),
        ("interfaces[0].mtu", "interfaces: [{network: a, mtu: 10}]"),
        ("interfaces[0].vlan.tags[1].id", "interfaces: [{network: a, vlan: {tags: [{id: 1}, {id: 4096}]}}]"),
        ("interfaces[0].target", "interfaces: [{network: a, target: a/b}]"),
        ("channels[1]", "channels: [{name: a}, {name: a}]"),
        ("serials[0].host", "serials: [{type: tcp}]"),
        ("consoles[0].path", "consoles: [{type: file}]"),
        ("graphics[1]", "graphics: [{type: vnc}, {type: vnc}]"),
        ("graphics[0].port", "graphics: [{type: vnc, port: 5900, autoport: true}]"),
        ("graphics[0].tls_port", "graphics: [{type: spice, port: -1, tls_port: 5901}]"),
        ("graphics[0].listen.network", "graphics: [{type: vnc, listen: {type: network}}]"),
        ("graphics[0].password_valid_to", "graphics: [{type: vnc, password_valid_to: soon}]"),
        ("inputs[0].source", "inputs: [{type: evdev}]"),
        ("hostdevs[0]", "hostdevs: [{managed: true}]"),
        ("hostdevs[0].pci", "hostdevs: [{pci: eth0}]"),
        ("hostdevs[1]", "hostdevs: [{pci: '03:00.0'}, {pci: '0000:03:00.0'}]"),
        ("hostdevs[0].usb", "hostdevs: [{usb: {vendor: '0x046d'}}]"),
        ("hostdevs[0].usb.vendor", "hostdevs: [{usb: {vendor: mouse, product: '1'}}]"),
        ("filesystems[0].socket", "filesystems: [{target: a, source: /a, socket: /b}]"),
        ("memory_devices[0].path", "memory_devices: [{model: nvdimm, size: 1GiB}]"),
        ("memory_devices[0].requested", "memory_devices: [{model: virtio-mem, size: 1GiB, requested: 2GiB}]"),
        ("memory", "{memory: 2GiB, cpu: {numa: [{id: 0, memory: 1GiB}]}}"),
        ("memory_max", "{memory_max: 2GiB, cpu: {numa: [{id: 0, memory: 1GiB}]}}"),
        ("memory_backing.hugepage_sizes", "memory_backing: {hugepages: false, hugepage_sizes: [{size: 1GiB}]}"),
        ("cpu.numa[1]", "cpu: {numa: [{id: 0, memory: 1GiB}, {id: 0, memory: 1GiB}]}"),
        ("cputune.vcpupin[0].cpuset", "cputune: {vcpupin: [{vcpu: 0, cpuset: x}]}"),
        ("cputune.vcpusched[0].priority", "cputune: {vcpusched: [{vcpus: 0-1, scheduler: fifo}]}"),
        ("cputune.emulatorsched.priority", "cputune: {emulatorsched: {scheduler: idle, priority: 1}}"),
        ("numatune.memory.nodeset", "numatune: {memory: {nodeset: x}}"),
        ("rng[0].device", "rng: [{backend: builtin, device: /dev/random}]"),
        ("tpm.device", "tpm: {backend: emulator, device: /dev/tpm0}"),
        ("vsock.cid", "vsock: {cid: '1'}"),
        ("iommu.model", "iommu: {intremap: true}"),
        ("secure_boot", "secure_boot: true"),
        ("secure_boot", "{firmware: bios, secure_boot: true}"),
        ("enrolled_keys", "enrolled_keys: true"),
        ("loader.type", "{firmware: bios, loader: {type: pflash}}"),
        ("features.smm", "{firmware: uefi, secure_boot: true, features: {smm: false}}"),
        ("features.apic_eoi", "features: {apic: false, apic_eoi: true}"),
        ("features.hyperv.stimer_direct", "features: {hyperv: {stimer: false, stimer_direct: true}}"),
        ("fw_cfg[0]", "fw_cfg: [{name: opt/a}]"),
        ("seclabels[0].label", "seclabels: [{type: static, model: dac}]"),
        ("seclabels[0].baselabel", "seclabels: [{type: none, model: dac, baselabel: a}]"),
        ("container.idmap.uid[0].count", "container: {idmap: {uid: [{start: 0, target: 1000, count: 0}]}}"),
        ("tags[1]", 'tags: [a, "b\\nc"]'),
    ],
)
def test_bad_input_is_named(option: str, text: str) -> None:
    params: dict[str, Any] = yaml.safe_load(text)
    with pytest.raises(InputError) as error:
        complete(DOMAIN.load(params), None)
    assert error.value.option == option
    assert str(error.value).startswith(f"{option}: ")


def test_a_secret_that_makes_no_sense_is_not_repeated() -> None:
    with pytest.raises(InputError) as error:
        DOMAIN.load({"graphics": [{"type": "vnc", "password": "s3\ncret"}]})
    assert "s3" not in str(error.value)
    assert error.value.option == "graphics[0].password"


def test_a_disk_that_is_there_needs_no_source() -> None:
    document = tree.parse("<domain><devices><disk><target dev='vda'/></disk></devices></domain>", "a test")
    spec = DOMAIN.load({"disks": [{"target": "vda", "boot_order": 1}]})
    assert complete(spec, DOMAIN.read(document))["boot"] == []
