#!/usr/bin/python
# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_facts
short_description: Gather facts about a node that runs a hypervisor
version_added: 0.1.0
description:
  - Returns what a node is, what it has, and what is used of it right now, as facts.
  - All facts are within one, C(ansible_facts.stratum_virt). They are of one node at one moment, and the next call
    replaces all of them, so facts of two nodes, or of two moments, are never mixed up. To keep those of several nodes,
    register the results.
  - A fact that a node does not know is absent. A container hypervisor has no capabilities of domains, for example, and
    a libvirt without a driver for interfaces has no interfaces. What a node refuses to tell is absent too, with a
    warning.
  - However many domains and devices there are, they are read together, in a few round trips to the hypervisor.
author:
  - The stratum.virt authors (@stratum-virt)
extends_documentation_fragment:
  - stratum.virt._connection
  - stratum.virt._attributes
  - stratum.virt._attributes.virt
  - stratum.virt._attributes.info_module
attributes:
  facts:
    description: Action returns an C(ansible_facts) dictionary that will update existing host facts.
    support: full
options:
  gather_subset:
    description:
      - Which facts to gather, by the same rules as in M(ansible.builtin.setup).
      - V(all) are all, V(min) is V(hypervisor), which is always gathered, too. The other names are those of the facts
        within RV(ansible_facts.stratum_virt), V(hypervisor), V(capabilities), V(cpu), V(memory), V(numa), V(pools),
        V(networks), V(interfaces), V(devices), V(statistics).
      - With V(!) before it, a name is left out. V(!all) leaves only V(min), and V(!all,!min) nothing. What is to be
        left out of all of them is written as V(all,!devices).
      - A name that does not exist is an error, also one that is left out.
    type: list
    elements: str
    default: [all]
notes:
  - What a guest can influence (its name, its balloon) is untrusted. Numbers that cannot be, and texts that are too long
    or no line of text, are absent.
seealso:
  - module: stratum.virt.domain_info
  - module: stratum.virt.network_info
  - module: stratum.virt.pool_info
  - module: ansible.builtin.setup
"""

EXAMPLES = r"""
- name: Gather all facts about the node
  stratum.virt.node_facts:

- name: Show how much memory of each NUMA cell is free
  ansible.builtin.debug:
    msg: "{{ ansible_facts.stratum_virt.numa.cells | items2dict(key_name='id', value_name='free') }}"

- name: Gather only what is needed
  stratum.virt.node_facts:
    gather_subset: [memory, pools]

- name: Stop here unless the node has room
  ansible.builtin.assert:
    that:
      - ansible_facts.stratum_virt.memory.free > 1024 ** 3
      - >-
        (ansible_facts.stratum_virt.pools | selectattr('name', 'eq', 'default') | first).available > 1024 ** 3

- name: Gather all but the devices
  stratum.virt.node_facts:
    gather_subset: [all, "!devices"]

- name: Find the network cards that can be given to guests in parts
  stratum.virt.node_facts:
    gather_subset: [devices]
  register: node

- name: Show how many parts each of them has
  ansible.builtin.debug:
    msg: "{{ cards | items2dict(key_name='address', value_name='virtual_functions_max') }}"
  vars:
    cards: >-
      {{ node.ansible_facts.stratum_virt.devices.pci | default([])
         | selectattr('virtual_functions_max', 'defined') }}

# A policy is a playbook: which node gets a new domain.

- name: Ask several nodes how much memory is free
  stratum.virt.node_facts:
    uri: "{{ item }}"
    gather_subset: [memory]
  loop: "{{ nodes }}"
  register: candidates

- name: Start a domain where most memory is free
  stratum.virt.domain:
    uri: "{{ (candidates.results | sort(attribute='ansible_facts.stratum_virt.memory.free') | last).uri }}"
    name: web1
    state: running
    memory: 1GiB
  register: placed
"""

RETURN = r"""
uri:
  description: The connection that was used.
  type: str
  returned: success
  sample: qemu:///system
ansible_facts:
  description: What was gathered, as facts of the host.
  type: dict
  returned: success
  contains:
    stratum_virt:
      description: The facts, by the names of the subsets.
      type: dict
      returned: always
      contains:
        hypervisor:
          description: Who answers.
          type: dict
          returned: when O(gather_subset) has it
          contains:
            uri:
              description: The connection that was used.
              type: str
              returned: always
              sample: qemu:///system
            driver:
              description: How it is reached, V(libvirt) or V(sim).
              type: str
              returned: always
              sample: libvirt
            type:
              description: The hypervisor's name for itself.
              type: str
              returned: when the node tells it
              sample: QEMU
            version:
              description: The hypervisor's version.
              type: str
              returned: when the node tells it
              sample: 7.2.22
            libvirt_version:
              description: The version of libvirt on the node.
              type: str
              returned: when the node tells it
              sample: 9.0.0
            hostname:
              description: The node's name for itself.
              type: str
              returned: when the node tells it
              sample: node1
            encrypted:
              description:
                - Whether the connection to the hypervisor is encrypted.
                - A socket of the same machine is not, and needs not be.
              type: bool
              returned: always
        capabilities:
          description: What the node offers.
          type: dict
          returned: when O(gather_subset) has it, and the node tells it
          contains:
            uuid:
              description: The UUID of the host.
              type: str
              returned: when the node tells it
              sample: 6a0f5a4c-6a7a-4f0e-9d0c-7b1f1d3f7a55
            iommu:
              description: Whether its IOMMU can be used for handing devices to guests.
              type: bool
              returned: when the node tells it
            power_management:
              description: How the host can be sent to sleep.
              type: list
              elements: str
              returned: always
              sample: [suspend_mem, suspend_disk]
            live_migration:
              description: Whether domains can be migrated while they run.
              type: bool
              returned: when the node tells it
            migration_transports:
              description: By which transports domains can be migrated.
              type: list
              elements: str
              returned: always
              sample: [tcp, rdma]
            security_models:
              description: How domains are kept apart.
              type: list
              elements: dict
              returned: always
              contains:
                model:
                  description: The name of the model.
                  type: str
                  returned: always
                  sample: dac
                doi:
                  description: Its domain of interpretation.
                  type: str
                  returned: when the node tells it
                  sample: "0"
            guests:
              description: The kinds of guests.
              type: list
              elements: dict
              returned: always
              contains:
                os_type:
                  description: V(hvm) is a virtual machine, V(exe) a container.
                  type: str
                  returned: when the node tells it
                  sample: hvm
                arch:
                  description: The architecture.
                  type: str
                  returned: always
                  sample: x86_64
                word_size:
                  description: The size of its words in bits.
                  type: int
                  returned: when the node tells it
                  sample: 64
                emulator:
                  description: The program that runs such guests.
                  type: str
                  returned: when the node tells it
                  sample: /usr/bin/qemu-system-x86_64
                domain_types:
                  description: What can run them.
                  type: list
                  elements: str
                  returned: always
                  sample: [qemu, kvm]
                machines:
                  description: The machines that such guests can have, sorted by name.
                  type: list
                  elements: dict
                  returned: always
                  contains:
                    name:
                      description: The full name.
                      type: str
                      returned: always
                      sample: pc-q35-7.2
                    aliases:
                      description: Other names that mean this one.
                      type: list
                      elements: str
                      returned: always
                      sample: [q35]
                    vcpus_max:
                      description: How many vCPUs it can have.
                      type: int
                      returned: when the node tells it
                      sample: 288
                    deprecated:
                      description: Whether it will be gone in a future version of the hypervisor.
                      type: bool
                      returned: always
            domains:
              description:
                - What domains of the node's own architecture may have, an entry for each type of domain.
                - They are asked for with the machine that M(stratum.virt.domain) gives to new domains.
              type: list
              elements: dict
              returned: always
              contains:
                arch:
                  description: The architecture.
                  type: str
                  returned: when the node tells it
                  sample: x86_64
                domain_type:
                  description: The type of the domain.
                  type: str
                  returned: when the node tells it
                  sample: kvm
                machine:
                  description: The machine.
                  type: str
                  returned: when the node tells it
                  sample: pc-q35-7.2
                emulator:
                  description: The program that runs it.
                  type: str
                  returned: when the node tells it
                  sample: /usr/bin/qemu-system-x86_64
                vcpus_max:
                  description: How many vCPUs it can have.
                  type: int
                  returned: when the node tells it
                  sample: 288
                firmware:
                  description: The kinds of firmware that are found by themselves.
                  type: list
                  elements: str
                  returned: always
                  sample: [efi]
                loaders:
                  description: The firmware images that can be named.
                  type: dict
                  returned: when the node tells it
                  contains:
                    supported:
                      description: Whether a firmware image can be named.
                      type: bool
                      returned: always
                    paths:
                      description: The images that the node has.
                      type: list
                      elements: str
                      returned: always
                    types:
                      description: How an image can be mapped.
                      type: list
                      elements: str
                      returned: always
                      sample: [rom, pflash]
                    secure_boot:
                      description: Whether an image can be started with secure boot.
                      type: bool
                      returned: always
                cpu_modes:
                  description: The modes of the CPU, by their names with underscores.
                  type: dict
                  returned: when the node tells it
                  contains:
                    host_passthrough:
                      description: The host's CPU as it is.
                      type: dict
                      returned: when the node tells it
                      contains:
                        supported:
                          description: Whether it can be had.
                          type: bool
                          returned: always
                    maximum:
                      description: All that the hypervisor can do.
                      type: dict
                      returned: when the node tells it
                      contains:
                        supported:
                          description: Whether it can be had.
                          type: bool
                          returned: always
                    host_model:
                      description: A CPU like the host's, which can be migrated.
                      type: dict
                      returned: when the node tells it
                      contains:
                        supported:
                          description: Whether it can be had.
                          type: bool
                          returned: always
                        model:
                          description: The model that it is.
                          type: str
                          returned: when the node tells it
                          sample: EPYC-Rome
                        vendor:
                          description: Whose CPU it is.
                          type: str
                          returned: when the node tells it
                          sample: AMD
                        required_features:
                          description: The features that it has beyond the model, sorted.
                          type: list
                          elements: str
                          returned: always
                        disabled_features:
                          description: The features of the model that it does not have, sorted.
                          type: list
                          elements: str
                          returned: always
                    custom:
                      description: Models by their names.
                      type: dict
                      returned: when the node tells it
                      contains:
                        supported:
                          description: Whether it can be had.
                          type: bool
                          returned: always
                        models:
                          description: The models, sorted by name.
                          type: list
                          elements: dict
                          returned: always
                          contains:
                            name:
                              description: The name of the model.
                              type: str
                              returned: always
                              sample: EPYC-Rome
                            usable:
                              description: Whether this host can run it.
                              type: bool
                              returned: when the node knows it
                            vendor:
                              description: Whose CPU it is.
                              type: str
                              returned: when the node tells it
                              sample: AMD
                            deprecated:
                              description: Whether it will be gone in a future version of the hypervisor.
                              type: bool
                              returned: when the node tells it
                memory_backing:
                  description: What memory can be made of.
                  type: dict
                  returned: when the node tells it
                  sample: {supported: true, source_type: [file, anonymous, memfd]}
                devices:
                  description:
                    - Kinds of devices, in libvirt's words with underscores.
                    - Each has V(supported), and for each of its properties the values that can be had.
                  type: dict
                  returned: when the node tells it
                  sample: {tpm: {supported: true, model: [tpm-tis, tpm-crb], backend_model: [passthrough, emulator]}}
                features:
                  description:
                    - Features, in libvirt's words with underscores, among them V(sev), V(sgx), V(launch_security) and
                      V(backup).
                    - Each has V(supported), and what the node tells of it.
                  type: dict
                  returned: when the node tells it
                  sample: {sev: {supported: true, cbitpos: 47, reduced_phys_bits: 1, max_guests: 15}}
        cpu:
          description: The node's processors.
          type: dict
          returned: when O(gather_subset) has it, and the node tells it
          contains:
            arch:
              description: The architecture.
              type: str
              returned: when the node tells it
              sample: x86_64
            model:
              description: The model, in libvirt's words.
              type: str
              returned: when the node tells it
              sample: EPYC-Rome
            vendor:
              description: Whose CPU it is.
              type: str
              returned: when the node tells it
              sample: AMD
            features:
              description: The features that it has beyond the model, sorted.
              type: list
              elements: str
              returned: when the node tells it
              sample: [avx2, x2apic]
            mhz:
              description: The clock rate in MHz.
              type: int
              returned: when the node tells it
              sample: 2596
            tsc_frequency:
              description: The rate of the time stamp counter in Hz.
              type: int
              returned: when the node tells it
              sample: 2596122000
            topology:
              description: How the processors are built.
              type: dict
              returned: when the node tells it
              contains:
                sockets:
                  description: The number of sockets in one NUMA cell.
                  type: int
                  returned: when the node tells it
                  sample: 1
                dies:
                  description: The number of dies in one socket.
                  type: int
                  returned: when the node tells it
                  sample: 1
                cores:
                  description: The number of cores in one socket.
                  type: int
                  returned: when the node tells it
                  sample: 16
                threads:
                  description: The number of threads of one core.
                  type: int
                  returned: when the node tells it
                  sample: 2
            active:
              description: How many logical CPUs can be used.
              type: int
              returned: when the node tells it
              sample: 64
            present:
              description: How many logical CPUs there are, online or not.
              type: int
              returned: when the node tells it
              sample: 64
            online:
              description: The numbers of the logical CPUs that are online.
              type: list
              elements: int
              returned: when the node tells it
              sample: [0, 1, 2, 3]
        memory:
          description: The node's memory.
          type: dict
          returned: when O(gather_subset) has it, and the node tells it
          contains:
            total:
              description: All of it, in bytes.
              type: int
              returned: when the node tells it
              sample: 68719476736
            free:
              description: What nobody uses, in bytes.
              type: int
              returned: when the node tells it
              sample: 34359738368
            buffers:
              description: What is used for buffers, in bytes.
              type: int
              returned: when the node tells it
              sample: 109051904
            cached:
              description: What is used for caches, in bytes. Most of it is free if need be.
              type: int
              returned: when the node tells it
              sample: 1268760576
            pages:
              description: Pages of all NUMA cells, sorted by size. All sizes but the smallest are huge pages.
              type: list
              elements: dict
              returned: when the node tells it
              contains: &pages
                size:
                  description: The size of one page, in bytes.
                  type: int
                  returned: always
                  sample: 2097152
                total:
                  description: How many there are.
                  type: int
                  returned: always
                  sample: 1024
                free:
                  description: How many nobody uses.
                  type: int
                  returned: when the node tells it
                  sample: 512
        numa:
          description: Which memory is near to which processors.
          type: dict
          returned: when O(gather_subset) has it, and the node tells it
          contains:
            cells:
              description: The NUMA cells, sorted by their numbers.
              type: list
              elements: dict
              returned: always
              contains:
                id:
                  description: The number of the cell.
                  type: int
                  returned: always
                  sample: 0
                memory:
                  description: Its memory, in bytes.
                  type: int
                  returned: when the node tells it
                  sample: 34359738368
                free:
                  description: What nobody uses of it, in bytes.
                  type: int
                  returned: when the node tells it
                  sample: 17179869184
                pages:
                  description: Its pages, sorted by size. All sizes but the smallest are huge pages.
                  type: list
                  elements: dict
                  returned: always
                  contains: *pages
                cpus:
                  description: Its logical CPUs.
                  type: list
                  elements: dict
                  returned: always
                  contains:
                    id:
                      description: The number of the CPU.
                      type: int
                      returned: always
                      sample: 0
                    socket:
                      description: The number of its socket.
                      type: int
                      returned: when the node tells it
                      sample: 0
                    die:
                      description: The number of its die in the socket.
                      type: int
                      returned: when the node tells it
                      sample: 0
                    core:
                      description: The number of its core in the socket.
                      type: int
                      returned: when the node tells it
                      sample: 0
                    siblings:
                      description: The numbers of the CPUs that are threads of the same core, with its own.
                      type: list
                      elements: int
                      returned: when the node tells it
                      sample: [0, 32]
                distances:
                  description: How far other cells are, and the cell itself.
                  type: list
                  elements: dict
                  returned: always
                  contains:
                    cell:
                      description: The number of the other cell.
                      type: int
                      returned: always
                      sample: 1
                    value:
                      description: The distance, where V(10) is that to itself.
                      type: int
                      returned: always
                      sample: 21
        pools:
          description: The storage pools, sorted by name.
          type: list
          elements: dict
          returned: when O(gather_subset) has it, and the node tells it
          contains:
            name:
              description: The name of the pool.
              type: str
              returned: always
              sample: default
            uuid:
              description: Its UUID.
              type: str
              returned: always
              sample: 8c40f1b7-96d2-4e5b-b1f0-7d3a2e6c4b21
            type:
              description: The type of the pool.
              type: str
              returned: when the node tells it
              sample: dir
            state:
              description: V(active), V(inactive), V(building), V(degraded) or V(inaccessible).
              type: str
              returned: always
              sample: active
            persistent:
              description: Whether it has a configuration that outlives its running instance.
              type: bool
              returned: always
            autostart:
              description: Whether it starts with the node.
              type: bool
              returned: always
            path:
              description: Where its volumes are.
              type: str
              returned: when it has one
              sample: /var/lib/libvirt/images
            capacity:
              description: How much it can hold, in bytes.
              type: int
              returned: when it is not inactive
              sample: 107374182400
            allocation:
              description: How much of it is used, in bytes.
              type: int
              returned: when it is not inactive
              sample: 53687091200
            available:
              description: How much of it is free, in bytes.
              type: int
              returned: when it is not inactive
              sample: 53687091200
        networks:
          description: The virtual networks, sorted by name.
          type: list
          elements: dict
          returned: when O(gather_subset) has it, and the node tells it
          contains:
            name:
              description: The name of the network.
              type: str
              returned: always
              sample: default
            uuid:
              description: Its UUID.
              type: str
              returned: always
              sample: 5a1e6d2c-3f84-4a3b-9a3e-0c2b7d5e9f10
            state:
              description: V(active) or V(inactive).
              type: str
              returned: always
              sample: active
            persistent:
              description: Whether it has a configuration that outlives its running instance.
              type: bool
              returned: always
            autostart:
              description: Whether it starts with the node.
              type: bool
              returned: always
            forward_mode:
              description: How it is connected with the world.
              type: str
              returned: when it is
              sample: nat
            bridge:
              description: The name of its bridge on the node.
              type: str
              returned: when it has one
              sample: virbr0
        interfaces:
          description:
            - The network interfaces of the node, sorted by name.
            - What is known of them depends on what libvirt was built with. Addresses are known to few.
          type: list
          elements: dict
          returned: when O(gather_subset) has it, and the node tells it
          contains:
            name:
              description: The name of the interface.
              type: str
              returned: always
              sample: eth0
            type:
              description: V(ethernet), V(bridge), V(bond) or V(vlan).
              type: str
              returned: when the node tells it
              sample: ethernet
            mac:
              description: The MAC address.
              type: str
              returned: when the node tells it
              sample: 52:54:00:12:34:56
            active:
              description: Whether it is up.
              type: bool
              returned: when the node tells it
            mtu:
              description: The size of the largest packet, in bytes.
              type: int
              returned: when the node tells it
              sample: 1500
            link_state:
              description: The state of the link.
              type: str
              returned: when the node tells it
              sample: up
            speed:
              description: The speed of the link, in Mbit/s.
              type: int
              returned: when the node tells it
              sample: 10000
            addresses:
              description: Its configured addresses.
              type: list
              elements: dict
              returned: when the node tells it
              contains:
                family:
                  description: V(ipv4) or V(ipv6).
                  type: str
                  returned: always
                  sample: ipv4
                address:
                  description: The address.
                  type: str
                  returned: always
                  sample: 192.0.2.10
                prefix:
                  description: The length of the network's prefix, in bits.
                  type: int
                  returned: when the node tells it
                  sample: 24
            bridge:
              description: What it is as a bridge.
              type: dict
              returned: when it is one
              contains:
                stp:
                  description: Whether it uses the spanning tree protocol.
                  type: bool
                  returned: when the node tells it
                members:
                  description: The names of the interfaces in it, sorted.
                  type: list
                  elements: str
                  returned: always
                  sample: [eth1, vnet0]
            bond:
              description: What it is as a bond.
              type: dict
              returned: when it is one
              contains:
                mode:
                  description: How its members are used.
                  type: str
                  returned: when the node tells it
                  sample: active-backup
                members:
                  description: The names of the interfaces in it, sorted.
                  type: list
                  elements: str
                  returned: always
                  sample: [eth1, eth2]
            vlan:
              description: What it is as a VLAN.
              type: dict
              returned: when it is one
              contains:
                tag:
                  description: The number of the VLAN.
                  type: int
                  returned: when the node tells it
                  sample: 42
                interface:
                  description: The name of the interface that carries it.
                  type: str
                  returned: when the node tells it
                  sample: eth0
        devices:
          description: The devices of the node, by kind.
          type: dict
          returned: when O(gather_subset) has it, and the node tells it
          contains:
            pci:
              description: PCI devices.
              type: list
              elements: dict
              returned: always
              contains:
                name: &device_name
                  description: libvirt's name for the device.
                  type: str
                  returned: always
                  sample: pci_0000_03_00_0
                parent: &device_parent
                  description: The name of the device that it is a part of.
                  type: str
                  returned: when the node tells it
                  sample: pci_0000_00_02_0
                driver: &device_driver
                  description: The driver that has it now.
                  type: str
                  returned: when it has one
                  sample: vfio-pci
                address:
                  description: The PCI address.
                  type: str
                  returned: when the node tells it
                  sample: "0000:03:00.0"
                class:
                  description: The class of the device, in hexadecimal.
                  type: str
                  returned: when the node tells it
                  sample: "0x020000"
                vendor_id: &vendor_id
                  description: The number of the vendor, in hexadecimal.
                  type: str
                  returned: when the node tells it
                  sample: "0x8086"
                vendor: &vendor
                  description: The name of the vendor.
                  type: str
                  returned: when the node tells it
                  sample: Intel Corporation
                product_id: &product_id
                  description: The number of the product, in hexadecimal.
                  type: str
                  returned: when the node tells it
                  sample: "0x1572"
                product: &product
                  description: The name of the product.
                  type: str
                  returned: when the node tells it
                  sample: Ethernet Controller X710
                iommu_group: &iommu_group
                  description: The number of its IOMMU group. All devices of a group go to the same guest.
                  type: int
                  returned: when it is in one
                  sample: 12
                numa_cell:
                  description: The number of the NUMA cell that it is near to.
                  type: int
                  returned: when the node tells it
                  sample: 0
                virtual_functions:
                  description: The PCI addresses of its virtual functions.
                  type: list
                  elements: str
                  returned: when it can have them (SR-IOV)
                  sample: ["0000:03:02.0", "0000:03:02.1"]
                virtual_functions_max:
                  description: How many virtual functions it can have.
                  type: int
                  returned: when the node tells it
                  sample: 64
                physical_function:
                  description: The PCI address of the device that it is a virtual function of.
                  type: str
                  returned: when it is one
                  sample: "0000:03:00.0"
            usb:
              description: USB devices.
              type: list
              elements: dict
              returned: always
              contains:
                name: *device_name
                parent: *device_parent
                driver: *device_driver
                bus:
                  description: The number of the bus.
                  type: int
                  returned: when the node tells it
                  sample: 2
                device:
                  description: The number of the device on the bus.
                  type: int
                  returned: when the node tells it
                  sample: 3
                vendor_id: *vendor_id
                vendor: *vendor
                product_id: *product_id
                product: *product
            storage:
              description: Disks, and drives with media that can be taken out.
              type: list
              elements: dict
              returned: always
              contains:
                name: *device_name
                parent: *device_parent
                driver: *device_driver
                path:
                  description: The block device.
                  type: str
                  returned: when the node tells it
                  sample: /dev/sda
                links:
                  description: Other paths of it, sorted. Those by id stay the same.
                  type: list
                  elements: str
                  returned: always
                  sample: [/dev/disk/by-id/wwn-0x5000c500a0b1c2d3]
                type:
                  description: The type of the drive.
                  type: str
                  returned: when the node tells it
                  sample: disk
                bus:
                  description: The bus that it is on.
                  type: str
                  returned: when the node tells it
                  sample: scsi
                vendor: *vendor
                model:
                  description: The model of the drive.
                  type: str
                  returned: when the node tells it
                  sample: ST4000NM0035
                serial:
                  description: Its serial number.
                  type: str
                  returned: when the node tells it
                  sample: ZC1A2B3C
                size:
                  description: Its size in bytes, or that of the medium in it.
                  type: int
                  returned: when the node tells it
                  sample: 4000787030016
                logical_block_size:
                  description: The size of a block, in bytes.
                  type: int
                  returned: when the node tells it
                  sample: 512
                removable:
                  description: Whether the medium can be taken out.
                  type: bool
                  returned: always
                medium:
                  description: Whether there is a medium in it.
                  type: bool
                  returned: when it can be taken out, and the node tells it
            net:
              description: Network cards, and what acts like one.
              type: list
              elements: dict
              returned: always
              contains:
                name: *device_name
                parent: *device_parent
                driver: *device_driver
                interface:
                  description: The name of its network interface.
                  type: str
                  returned: when the node tells it
                  sample: eth0
                mac:
                  description: The MAC address.
                  type: str
                  returned: when the node tells it
                  sample: 52:54:00:12:34:56
                link_state:
                  description: The state of the link.
                  type: str
                  returned: when the node tells it
                  sample: up
                speed:
                  description: The speed of the link, in Mbit/s.
                  type: int
                  returned: when the node tells it
                  sample: 10000
                features:
                  description: What the card does by itself, sorted.
                  type: list
                  elements: str
                  returned: always
                  sample: [gro, gso, tso]
            scsi_hosts:
              description: SCSI hosts.
              type: list
              elements: dict
              returned: always
              contains:
                name: *device_name
                parent: *device_parent
                driver: *device_driver
                host:
                  description: The number of the host.
                  type: int
                  returned: when the node tells it
                  sample: 2
                unique_id:
                  description: The number that stays the same when hosts are numbered anew.
                  type: int
                  returned: when the node tells it
                  sample: 1
                wwnn:
                  description: The world wide node name.
                  type: str
                  returned: when it is a fibre channel host
                  sample: 20000000c9848140
                wwpn:
                  description: The world wide port name.
                  type: str
                  returned: when it is a fibre channel host
                  sample: 10000000c9848140
                fabric_wwn:
                  description: The world wide name of the fabric.
                  type: str
                  returned: when it is a fibre channel host in a fabric
                  sample: 2001000dec9877c1
                virtual_ports:
                  description: How many virtual ports it has.
                  type: int
                  returned: when it can have them
                  sample: 0
                virtual_ports_max:
                  description: How many virtual ports it can have.
                  type: int
                  returned: when it can have them
                  sample: 254
            mediated:
              description: Mediated devices, which are parts of others.
              type: list
              elements: dict
              returned: always
              contains:
                name: *device_name
                parent: *device_parent
                driver: *device_driver
                uuid:
                  description: Its UUID.
                  type: str
                  returned: when the node tells it
                  sample: 4b20d080-1b54-4048-85b3-a6a62d165c01
                type:
                  description: Its type, one of those of its parent.
                  type: str
                  returned: when the node tells it
                  sample: nvidia-11
                parent_address:
                  description: The address of its parent.
                  type: str
                  returned: when the node tells it
                  sample: "0000:06:00.0"
                iommu_group: *iommu_group
                active:
                  description: Whether it is there now. One that is not is defined, and can be started.
                  type: bool
                  returned: when the node tells it
            mediated_types:
              description: Which mediated devices can be had, an entry for each type of each parent.
              type: list
              elements: dict
              returned: always
              contains:
                parent:
                  description: The name of the device that would give them.
                  type: str
                  returned: always
                  sample: pci_0000_06_00_0
                id:
                  description: The type.
                  type: str
                  returned: when the node tells it
                  sample: nvidia-11
                name:
                  description: What its vendor calls it.
                  type: str
                  returned: when the node tells it
                  sample: GRID M60-0B
                api:
                  description: What a guest sees.
                  type: str
                  returned: when the node tells it
                  sample: vfio-pci
                available:
                  description: How many more can be had.
                  type: int
                  returned: when the node tells it
                  sample: 16
        statistics:
          description:
            - What is used. Counters only ever grow, until the node, or the domain, starts anew.
            - Two calls tell how much was used between them.
          type: dict
          returned: when O(gather_subset) has it
          contains:
            time:
              description: When this was read, in nanoseconds since 1970, by the clock of the host that runs the module.
              type: int
              returned: always
              sample: 1790000000000000000
            cpu:
              description: What all CPUs of the node together spent their time with, in nanoseconds since its start.
              type: dict
              returned: when the node tells it
              contains:
                user:
                  description: Programs, guests among them.
                  type: int
                  returned: when the node tells it
                  sample: 6034720000000
                system:
                  description: The kernel.
                  type: int
                  returned: when the node tells it
                  sample: 2874850000000
                idle:
                  description: Nothing.
                  type: int
                  returned: when the node tells it
                  sample: 18059390000000
                iowait:
                  description: Waiting for disks and the like.
                  type: int
                  returned: when the node tells it
                  sample: 78050000000
                interrupts:
                  description: Interrupts.
                  type: int
                  returned: when the node tells it
                  sample: 1000000000
            memory:
              description: What the node's memory is used for, in bytes.
              type: dict
              returned: when the node tells it
              contains:
                total:
                  description: All of it.
                  type: int
                  returned: when the node tells it
                  sample: 68719476736
                free:
                  description: What nobody uses.
                  type: int
                  returned: when the node tells it
                  sample: 34359738368
                buffers:
                  description: Buffers.
                  type: int
                  returned: when the node tells it
                  sample: 109051904
                cached:
                  description: Caches. Most of it is free if need be.
                  type: int
                  returned: when the node tells it
                  sample: 1268760576
            domains:
              description:
                - What each domain uses, by its name. Of a domain that does not run, it is what it would begin with.
                - A domain that does not answer the hypervisor costs one O(timeout), and lacks what only it can tell.
                - Every domain has V(state), V(cpu), V(vcpus), V(memory), V(disks) and V(interfaces).
                - V(state) is a word like V(running), V(paused) and V(stopped).
                - V(cpu) has V(time), V(user) and V(system), in nanoseconds. V(vcpus) has V(current) and V(maximum).
                - V(memory) has, in bytes, V(current) and V(maximum), the node's memory V(resident), and what the guest
                  says of its own, V(available), V(unused), V(usable), V(disk_caches), V(swapped_in) and V(swapped_out).
                  V(major_faults) and V(minor_faults) are counters, V(told_at) says when the guest said it, in seconds
                  since 1970.
                - V(disks) has, for each target, V(path), V(capacity), V(allocation) and V(physical) in bytes,
                  V(read_requests), V(write_requests) and V(flush_requests), V(read_bytes) and V(write_bytes), and
                  V(read_time), V(write_time) and V(flush_time) in nanoseconds.
                - V(interfaces) has, for each interface by the node's name for it, V(received_bytes),
                  V(received_packets), V(received_errors) and V(received_drops), and the same for what was sent, from
                  V(sent_bytes) on. It is the guest that received and sent.
                - What a hypervisor does not tell is absent.
              type: dict
              returned: when the node tells it
              sample:
                web1:
                  state: running
                  cpu: {time: 3451000000, user: 2310000000, system: 410000000}
                  vcpus: {current: 2, maximum: 4}
                  memory: {current: 2147483648, maximum: 2147483648, resident: 811597824, usable: 1610612736}
                  disks:
                    vda: {path: /images/web1.qcow2, capacity: 21474836480, read_bytes: 104857600, write_bytes: 1048576}
                  interfaces:
                    vnet0: {received_bytes: 48211, sent_bytes: 20113}
"""

from ..module_utils._module import run
from ..module_utils._task.node_facts import argument_spec, work


def main() -> None:
    run(work, argument_spec)


if __name__ == "__main__":
    main()
