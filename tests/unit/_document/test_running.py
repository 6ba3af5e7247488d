# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a running domain's document says otherwise is not a difference, and what can change while it runs is known."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.stratum.virt.plugins.module_utils._document import tree
from ansible_collections.stratum.virt.plugins.module_utils._document.domain import DOMAIN, complete
from ansible_collections.stratum.virt.plugins.module_utils._document.field import Difference

RUNNING = """
<domain type='kvm' id='7'>
  <name>a</name>
  <uuid>6b3fd0f2-6b5c-4c4a-9a0e-0e2c4f5d7a11</uuid>
  <memory unit='KiB'>1048576</memory>
  <currentMemory unit='KiB'>1048576</currentMemory>
  <vcpu placement='static'>2</vcpu>
  <resource><partition>/machine</partition></resource>
  <os>
    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
    <loader readonly='yes' secure='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE_4M.ms.fd</loader>
    <nvram template='/usr/share/OVMF/OVMF_VARS_4M.ms.fd'>/var/lib/libvirt/qemu/nvram/a_VARS.fd</nvram>
    <boot dev='hd'/>
  </os>
  <features><acpi/><apic/><smm state='on'/></features>
  <cpu mode='custom' match='exact' check='full'>
    <model fallback='forbid'>Skylake-Client-IBRS</model>
    <vendor>Intel</vendor>
    <feature policy='require' name='vmx'/>
    <feature policy='disable' name='hle'/>
  </cpu>
  <clock offset='variable' adjustment='3607' basis='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/a.qcow2' index='1'/>
      <backingStore type='file' index='2'><format type='raw'/><source file='/base.raw'/><backingStore/></backingStore>
      <target dev='vda' bus='virtio'/>
      <alias name='virtio-disk0'/>
    </disk>
    <disk type='file' device='cdrom'>
      <target dev='sda' bus='sata'/><source file='/a.iso'/><readonly/><alias name='sata0-0-0'/>
    </disk>
    <interface type='network'>
      <mac address='52:54:00:00:00:01'/>
      <source network='default' portid='1b4dc8ab' bridge='virbr0'/>
      <target dev='vnet0'/>
      <model type='virtio'/>
      <alias name='net0'/>
    </interface>
    <serial type='pty'>
      <source path='/dev/pts/3'/><target type='isa-serial' port='0'><model name='isa-serial'/></target>
      <alias name='serial0'/>
    </serial>
    <console type='pty' tty='/dev/pts/3'>
      <source path='/dev/pts/3'/><target type='serial' port='0'/><alias name='serial0'/>
    </console>
    <channel type='unix'>
      <source mode='bind' path='/run/libvirt/qemu/channel/7-a/org.qemu.guest_agent.0'/>
      <target type='virtio' name='org.qemu.guest_agent.0' state='connected'/>
      <alias name='channel0'/>
    </channel>
    <graphics type='vnc' port='5900' autoport='yes' websocket='5700' listen='127.0.0.1' passwd='x'>
      <listen type='address' address='127.0.0.1'/>
    </graphics>
    <graphics type='spice' port='5901' tlsPort='5902' autoport='yes' listen='127.0.0.1'>
      <listen type='address' address='127.0.0.1'/>
    </graphics>
    <video><model type='virtio' heads='1' primary='yes'/><alias name='video0'/></video>
    <vsock model='virtio'><cid auto='yes' address='3'/><alias name='vsock0'/></vsock>
  </devices>
  <seclabel type='dynamic' model='dac' relabel='yes'><label>+64055:+64055</label></seclabel>
</domain>
"""


def differences(text: str) -> list[Difference]:
    running = tree.parse(RUNNING, "a test")
    spec = complete(DOMAIN.load(yaml.safe_load(text)), DOMAIN.read(running))
    return list(DOMAIN.differences(running, spec))


@pytest.mark.parametrize(
    "text",
    [
        "{machine: q35, firmware: uefi, secure_boot: true, enrolled_keys: true}",
        "{placement: static, vcpus: 2, vcpus_max: 2}",
        "cpu: {mode: host-model}",
        "cpu: {check: partial, fallback: allow, features: [{name: vmx, policy: optional}]}",
        "clock: {adjustment: '3600'}",
        "{on_poweroff: destroy, on_reboot: restart, on_crash: destroy}",
        "disks: [{target: vda, file: /a.qcow2, cache: default}]",
        "interfaces: [{network: default, link: true, isolated: false}]",
        "serials: [{type: pty}]",
        "consoles: [{type: pty, target_type: serial}]",
        "channels: [{name: org.qemu.guest_agent.0}]",
        "graphics: [{type: vnc, port: -1, autoport: true, websocket: -1, listen: {type: address, address: 127.0.0.1}}]",
        "graphics: [{type: spice, port: -1, tls_port: -1}]",
        "vsock: {cid: auto}",
        "seclabels: [{type: dynamic, model: dac}]",
    ],
)
def test_what_came_of_it_is_no_difference(text: str) -> None:
    assert differences(text) == []


@pytest.mark.parametrize(
    ("text", "path", "live"),
    [
        ("memory: 512MiB", "memory", "memory"),
        ("vcpus: 1", "vcpus", "vcpus"),
        ("title: A", "title", "title"),
        ("tags: [a]", "tags", "tags"),
        ("firmware: bios", "firmware", None),
        ("cpu: {mode: maximum}", "cpu.mode", None),
        ("disks: [{target: vda, cache: none}]", "disks[vda].cache", None),
        ("disks: [{target: vda, file: /b}]", "disks[vda].file", None),
        ("disks: [{target: sda, file: /b.iso}]", "disks[sda].file", "update"),
        ("disks: [{target: sda, file: ''}]", "disks[sda].file", "update"),
        ("disks: [{target: vdb, file: /b}]", "disks[vdb]", "hotplug"),
        ("interfaces: [{mac: '52:54:00:00:00:01', link: false}]", "interfaces[52:54:00:00:00:01].link", "update"),
        ("interfaces: [{mac: '52:54:00:00:00:01', mtu: 1400}]", "interfaces[52:54:00:00:00:01].mtu", None),
        ("interfaces: [{mac: '52:54:00:00:00:01', network: b}]", "interfaces[52:54:00:00:00:01].network", "update"),
        ("interfaces: [{bridge: br0}]", "interfaces[br0]", "hotplug"),
        ("serials: [{type: 'null'}]", "serials[0].type", None),
        ("channels: [{name: b}]", "channels[b]", "hotplug"),
        ("graphics: [{type: vnc, password: y}]", "graphics[vnc].password", "update"),
        ("graphics: [{type: vnc, port: 5900}]", "graphics[vnc].port", None),
        ("graphics: [{type: sdl}]", "graphics[sdl]", None),
        ("videos: [{model: qxl}]", "videos[qxl].model", None),
        ("inputs: [{type: tablet, bus: usb}]", "inputs[tablet,usb]", "hotplug"),
        ("inputs: [{type: mouse, bus: ps2}]", "inputs[mouse,ps2]", None),
        ("hostdevs: [{pci: '03:00.0'}]", "hostdevs[0000:03:00.0]", "hotplug"),
        ("controllers: [{type: scsi, model: virtio-scsi}]", "controllers[scsi,virtio-scsi]", "hotplug"),
        ("controllers: [{type: pci, index: 9}]", "controllers[pci,9]", None),
        ("filesystems: [{target: a, source: /a, driver: virtiofs}]", "filesystems[a]", "hotplug"),
        ("filesystems: [{target: a, source: /a}]", "filesystems[a]", None),
        ("rng: [{model: virtio}]", "rng[0]", "hotplug"),
        ("vsock: {model: none}", "vsock", None),
        ("tpm: {model: tpm-crb}", "tpm", None),
    ],
)
def test_how_a_change_is_taken(text: str, path: str, live: str | None) -> None:
    (difference,) = differences(text)
    assert (difference.path, difference.live) == (path, live)
    if live in ("update", "hotplug"):
        assert difference.device is not None


def test_open_vswitch_alone_changes_vlans_while_the_domain_runs() -> None:
    text = "interfaces: [{mac: '52:54:00:00:00:01', vlan: {tags: [{id: 42}]}}]"
    (difference,) = differences(text)
    assert difference.live is None
    running = tree.parse(RUNNING.replace("<model type='virtio'/>", "<virtualport type='openvswitch'/>"), "a test")
    (difference,) = DOMAIN.differences(running, DOMAIN.load(yaml.safe_load(text)))
    assert difference.live == "update"


def test_passwords_are_never_shown() -> None:
    (difference,) = differences("graphics: [{type: vnc, password: very-secret}]")
    assert "very-secret" not in f"{difference.before} {difference.after}"
    assert difference.before != "x"
    assert "very-secret" not in str(
        DOMAIN.show(DOMAIN.load({"graphics": [{"type": "vnc", "password": "very-secret"}]}))
    )
