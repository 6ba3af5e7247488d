#!/usr/bin/python
# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: domain
short_description: Manage a domain (a virtual machine or container)
version_added: 0.1.0
description:
  - Makes a domain what the task says, and leaves alone what the task does not say. What the hypervisor filled in by
    itself is never a difference.
  - A running domain is changed at once where its hypervisor and its guest can do that. What cannot be is written to
    its configuration and returned in RV(pending). A power cycle happens only with O(restart=if_needed).
  - A new domain is a small modern machine, with a q35 chipset and virtio devices on x86, a serial console, a random
    number generator, a channel for the guest agent, free PCI Express ports for devices that are plugged in later, and
    no display. It uses KVM where the node's CPU has it.
  - The options have the names and the nesting of libvirt's domain document, see
    U(https://libvirt.org/formatdomain.html). What has no option is within reach of O(xml).
author:
  - The stratum.virt authors (@stratum-virt)
extends_documentation_fragment:
  - stratum.virt._connection
  - stratum.virt._attributes
  - stratum.virt._attributes.virt
  - stratum.virt._domain
  - stratum.virt._memory
  - stratum.virt._cpu
  - stratum.virt._boot
  - stratum.virt._feature
  - stratum.virt._disk
  - stratum.virt._interface
  - stratum.virt._character
  - stratum.virt._display
  - stratum.virt._hostdev
  - stratum.virt._peripheral
  - stratum.virt._security
attributes:
  check_mode:
    support: full
    details:
      - Whether a guest will do what only it can do (give back memory, let go of a device) is not known beforehand.
        Check mode assumes that it will.
  diff_mode:
    support: full
  idempotent:
    support: full
    details:
      - O(state=restarted) restarts the domain each time.
options:
  name:
    description:
      - Its name, by which the task finds it. It may also be in O(xml), and is the same there.
      - It has no slash and at most 255 bytes.
    type: str
  state:
    description:
      - V(present), V(running), V(stopped), V(paused) and V(saved) define the domain if it does not exist.
      - V(present) leaves its state alone.
      - V(running) starts it, resumes it, or restores its saved memory.
      - V(stopped) asks the guest to shut down, through its agent if that is connected, else by the power button. A
        guest that was paused is resumed for that. A saved one is restored, or its saved memory is discarded with
        O(force=true).
      - V(paused) stops its virtual CPUs, and starts it first if it does not run.
      - V(saved) writes its memory to an image that the next start restores. A domain that does not run has no memory
        and is left alone.
      - V(restarted) shuts it down if it runs, and starts it, so that its whole configuration takes effect.
      - V(absent) shuts it down and removes its configuration, with its NVRAM, TPM state, saved memory, and what the
        hypervisor knows of its snapshots and checkpoints. Its disks stay, unless O(remove_storage) names them.
    type: str
    choices: [present, running, stopped, paused, saved, restarted, absent]
    default: present
  restart:
    description:
      - What to do if a change cannot be made while the domain runs.
      - With V(never), it takes effect at the next start, and RV(pending) names it.
      - With V(if_needed), the guest is shut down and the domain started again.
    type: str
    choices: [never, if_needed]
    default: never
  force:
    description:
      - Whether to pull the plug on a guest that has not shut down after O(timeout) seconds.
      - It also lets O(state=stopped) discard saved memory.
    type: bool
    default: false
  autostart:
    description: Whether the domain starts with the node. It holds beside every state.
    type: bool
  wait_for:
    description:
      - What to wait for once the domain runs, at most O(timeout) seconds. With O(state=present), which starts nothing,
        it has to run already.
      - V(agent) is the guest agent's answer.
      - V(address) is an address that is neither loopback nor link-local. RV(addresses) has all that are known then.
    type: list
    elements: str
    choices: [agent, address]
  exclusive:
    description:
      - Lists whose entries must be named by the task to stay. An entry of another list that the task does not name is
        left alone.
      - The task must state these lists. An empty one takes away all that is there.
      - Lists to which the hypervisor adds entries by itself cannot be named. These are controllers, serial ports,
        consoles and inputs.
    type: list
    elements: str
    choices:
      - numatune.memnodes
      - cpu.features
      - cpu.numa
      - cputune.vcpupin
      - cputune.iothreadpin
      - iothread_ids
      - blkiotune.devices
      - fw_cfg
      - container.env
      - clock.timers
      - disks
      - filesystems
      - interfaces
      - channels
      - graphics
      - videos
      - sounds
      - hostdevs
      - redirdevs
      - rng
      - memory_devices
      - seclabels
  remove_storage:
    description:
      - The targets of the disks to delete with O(state=absent), like V([vda, vdb]).
      - V(owned) stands for all disks that may be deleted. Those that may not stay, and RV(kept_storage) says why.
      - Never deleted are CD-ROM and floppy images, disks that are read-only, shareable or in use by another domain,
        files that images of other domains are built on, and what is no regular file. Naming one of these is an error,
        and nothing is removed then.
      - Without the node's files, by TLS for one, disks are deleted through their pools only. One that no pool knows
        stays, with a warning.
      - The domain is undefined first. If that fails, nothing is deleted.
    type: list
    elements: str
  xml:
    description:
      - A whole domain document, or a part of one. It is merged into the domain's document, with devices paired as the
        options pair them, and compared as a part. What it does not say is left alone.
      - Where an option says the same thing otherwise, the option wins.
      - A new domain that is given a whole document, one with an C(os) element that has a C(type), gets nothing beyond
        it.
    type: str
seealso:
  - module: stratum.virt.domain_info
"""

EXAMPLES = r"""
- name: A small server on the default network
  stratum.virt.domain:
    name: web1
    state: running
    memory: 2GiB
    vcpus: 2
    disks:
      - target: vda
        file: /var/lib/libvirt/images/web1.qcow2
    interfaces:
      - network: default
    autostart: true
    wait_for: [agent, address]
  register: web1

- name: Give it more memory and one more disk while it runs
  stratum.virt.domain:
    name: web1
    memory: 3GiB
    disks:
      - target: vdb
        pool: default
        volume: web1-data.qcow2

- name: Change its CPU, which takes a power cycle
  stratum.virt.domain:
    name: web1
    cpu:
      mode: host-passthrough
    restart: if_needed

- name: Take away every disk but the first
  stratum.virt.domain:
    name: web1
    disks:
      - target: vda
    exclusive: [disks]

- name: Change the medium of its CD-ROM drive, whether it runs or not
  stratum.virt.domain:
    name: web1
    disks:
      - target: sda
        device: cdrom
        file: /var/lib/libvirt/images/tools.iso

- name: Eject the medium
  stratum.virt.domain:
    name: web1
    disks:
      - target: sda
        device: cdrom
        file: ""

- name: Say what it is for
  stratum.virt.domain:
    name: web1
    tags: [production, web]

- name: Find the domains that are for the same
  stratum.virt.domain_info:
    tags: [production, web]
    gather: [addresses]
  register: web

- name: Make them hosts of this play
  ansible.builtin.add_host:
    name: "{{ item.name }}"
    groups: [web]
    ansible_host: "{{ item.addresses[0].address }}"
  loop: "{{ web.domains | selectattr('addresses') }}"

- name: Remove it, and delete its first disk
  stratum.virt.domain:
    name: web1
    state: absent
    remove_storage: [vda]

- name: A Windows guest with UEFI, Secure Boot and a TPM, to be installed
  stratum.virt.domain:
    name: desktop1
    state: running
    memory: 8GiB
    vcpus: 4
    firmware: uefi
    secure_boot: true
    enrolled_keys: true
    tpm:
      version: "2.0"
    cpu:
      topology:
        sockets: 1
        cores: 4
        threads: 1
    features:
      hyperv:
        relaxed: true
        vapic: true
        vpindex: true
        synic: true
        stimer: true
        spinlocks: 8191
    clock:
      offset: localtime
      timers:
        - name: hypervclock
          present: true
    disks:
      - target: sda
        file: /var/lib/libvirt/images/desktop1.qcow2
        discard: unmap
        boot_order: 1
      - target: sdb
        device: cdrom
        file: /var/lib/libvirt/images/windows.iso
        boot_order: 2
    interfaces:
      - network: default
        model: e1000e
    graphics:
      - type: vnc
    inputs:
      - type: tablet
        bus: usb

- name: A database on huge pages, with CPUs and memory of one NUMA node for itself
  stratum.virt.domain:
    name: db1
    memory: 16GiB
    vcpus: 4
    memory_backing:
      hugepages: true
      hugepage_sizes:
        - size: 1GiB
    numatune:
      memory:
        mode: strict
        nodeset: "1"
    cpu:
      mode: host-passthrough
      topology:
        sockets: 1
        cores: 4
        threads: 1
      numa:
        - id: 0
          cpus: 0-3
          memory: 16GiB
    cputune:
      vcpupin:
        - vcpu: 0
          cpuset: "8"
        - vcpu: 1
          cpuset: "9"
        - vcpu: 2
          cpuset: "10"
        - vcpu: 3
          cpuset: "11"
      emulatorpin: 12-13
      iothreadpin:
        - iothread: 1
          cpuset: "14"
    iothreads: 1
    disks:
      - target: vda
        block: /dev/vg0/db1
        cache: none
        io: native
        iothread: 1
    interfaces:
      - bridge: br0

- name: Give it a graphics card and a port of a network card of the node
  stratum.virt.domain:
    name: db1
    hostdevs:
      - pci: 0000:41:00.0
    interfaces:
      - hostdev: 0000:03:10.1
        mac: 52:54:00:0a:0b:0c
        vlan:
          tags:
            - id: 42
    restart: if_needed

- name: A container with users of its own
  stratum.virt.domain:
    uri: lxc:///system
    name: builder
    state: running
    memory: 1GiB
    container:
      init: /sbin/init
      env:
        - name: LANG
          value: C.UTF-8
      idmap:
        uid:
          - start: 0
            target: 100000
            count: 65536
        gid:
          - start: 0
            target: 100000
            count: 65536
    filesystems:
      - target: /
        source: /var/lib/machines/builder
    interfaces:
      - network: default
        guest_dev: eth0

- name: Define a domain from libvirt's own document
  stratum.virt.domain:
    xml: "{{ lookup('ansible.builtin.file', 'web2.xml') }}"
    state: running
"""

RETURN = r"""
uri:
  description: The connection that was used.
  type: str
  returned: success
  sample: qemu:///system
actions:
  description: What was done, in order. In check mode, what would be done.
  type: list
  elements: str
  returned: success
  sample: [change the configuration, set memory to 3GiB, "attach disks[vdb]"]
pending:
  description: Fields that the running domain does not have yet.
  type: list
  elements: dict
  returned: success
  contains:
    field:
      description: The option.
      type: str
      returned: always
      sample: cpu.mode
    reason:
      description: Why, and what it waits for.
      type: str
      returned: always
      sample: takes effect at the next start
restart_required:
  description: Whether a power cycle would make the fields in RV(pending) take effect.
  type: bool
  returned: success
domain:
  description: The domain as it is now. In check mode, as it would be.
  type: dict
  returned: success
  contains:
    name:
      description: Its name.
      type: str
      returned: always
      sample: web1
    uuid:
      description: Its UUID.
      type: str
      returned: when it exists
      sample: 1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed
    state:
      description:
        - One of V(running), V(paused), V(stopped), V(saved), V(suspended), V(crashed), V(shutting down) and V(absent).
      type: str
      returned: always
      sample: running
    reason:
      description: Why it is in that state, in the hypervisor's words.
      type: str
      returned: when it exists
      sample: booted
    persistent:
      description: Whether it has a configuration that outlives its running instance.
      type: bool
      returned: when it exists
    autostart:
      description: Whether it starts with the node.
      type: bool
      returned: when it exists
    spec:
      description: The options of this module that would make this domain, without passwords.
      type: dict
      returned: when it exists
      sample: {name: web1, memory: 2GiB, vcpus: 2}
    xml:
      description: Its document for the next start, without passwords.
      type: str
      returned: when it exists
addresses:
  description: The guest's addresses. See the module M(stratum.virt.domain_info).
  type: list
  elements: dict
  returned: when O(wait_for) has V(address)
  contains:
    interface:
      description: The name of the interface, the node's (V(vnet0)) from leases and ARP, the guest's from its agent.
      type: str
      returned: always
    mac:
      description: The MAC address.
      type: str
      returned: always
    family:
      description: V(ipv4) or V(ipv6).
      type: str
      returned: always
    address:
      description: The address.
      type: str
      returned: always
      sample: 192.168.122.17
    prefix:
      description: The length of the network's prefix in bits, where it is known.
      type: int
      returned: always
    source:
      description: Who knows it, V(lease), V(agent) or V(arp).
      type: str
      returned: always
kept_storage:
  description: Disks that O(remove_storage) leaves.
  type: list
  elements: dict
  returned: when there are any
  contains:
    target:
      description: The disk.
      type: str
      returned: always
      sample: sda
    path:
      description: Where its data is.
      type: str
      returned: always
    obstacle:
      description: Why it stays.
      type: str
      returned: always
      sample: it is a cdrom
"""

from ..module_utils._module import run
from ..module_utils._task.domain import argument_spec, work


def main() -> None:
    run(work, argument_spec, required_one_of=[("name", "xml")])


if __name__ == "__main__":
    main()
