# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A domain's options: its memory; the twin of _document/memory.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  memory_hotplug:
    description: Room for memory that is plugged in later. See O(memory_devices).
    type: dict
    suboptions:
      max:
        description: The most memory that the guest can have, with everything that is plugged in. A number without a
          unit counts MiB.
        type: str
      slots:
        description: How many memory devices can be plugged in.
        type: int
  memory_backing:
    description: What the guest's memory is made of on the node.
    type: dict
    suboptions:
      hugepages:
        description: Whether it consists of huge pages, which the node must have reserved. V(false) drops
          O(memory_backing.hugepage_sizes), too.
        type: bool
      hugepage_sizes:
        description:
          - Which sizes of huge pages are used. By default the node's default size.
          - The list is replaced as a whole.
        type: list
        elements: dict
        suboptions:
          size:
            description: The size of one page, V(2MiB) or V(1GiB) on x86. A number without a unit counts MiB.
            type: str
            required: true
          nodeset:
            description: The guest's NUMA nodes that have such pages. By default all that no other entry names.
            type: str
      nosharepages:
        description: Whether the node is kept from merging equal pages of this guest and others (KSM).
        type: bool
      locked:
        description:
          - Whether the node is kept from swapping the memory out.
          - A guest can then make the node run out of memory. O(memtune.hard_limit) sets a bound.
        type: bool
      source:
        description: Where the memory comes from.
        type: str
        choices:
          file: Files in a folder that the hypervisor's configuration names.
          anonymous: The node's ordinary memory. This is the hypervisor's default.
          memfd: Files without a name, which other processes can be given. It goes well with
            O(memory_backing.access=shared).
      access:
        description: Who else can see the memory. A cell of O(cpu.numa) can decide for itself.
        type: str
        choices:
          shared: Other processes of the node that the hypervisor lets see it. Virtiofs and vhost-user need this.
          private: Nobody.
      allocation:
        description: When the node has to provide the memory.
        type: str
        choices:
          immediate: All of it when the domain starts.
          ondemand: Each page when the guest first uses it.
      allocation_threads:
        description: How many threads provide the memory at the start.
        type: int
      discard:
        description: Whether the content is thrown away when the domain stops, instead of being written to the files
          behind it.
        type: bool
  memtune:
    description: What the node's kernel lets the whole domain have. The hypervisor's own memory counts, too.
    type: dict
    suboptions:
      hard_limit:
        description: The most memory that it may use. If it needs more, the kernel may kill it, so be generous. A number
          without a unit counts MiB.
        type: str
      soft_limit:
        description: What it is pushed back to when the node is short of memory. A number without a unit counts MiB.
        type: str
      swap_hard_limit:
        description: The most memory and swap space together. It must be more than O(memtune.hard_limit). A number
          without a unit counts MiB.
        type: str
      min_guarantee:
        description: What it gets in any case. QEMU does not know this. A number without a unit counts MiB.
        type: str
  numatune:
    description: Which NUMA nodes of the node the guest's memory comes from.
    type: dict
    suboptions:
      memory:
        description: The rule for the whole domain.
        type: dict
        suboptions:
          mode:
            description: How strict the rule is.
            type: str
            choices:
              strict: Only these nodes. Without room there, allocating memory fails.
              preferred: These nodes first, then others.
              interleave: These nodes in turn, page by page.
              restrictive: Only these nodes, by means of control groups and the kernel's own policy.
          nodeset:
            description: The node's NUMA nodes, like V(0,2-3).
            type: str
          placement:
            description: Who chooses the NUMA nodes. By default the same as O(placement), or V(static) with
              O(numatune.memory.nodeset).
            type: str
            choices:
              static: The task.
              auto: The node's C(numad), whenever the domain starts.
      memnodes:
        description: Rules for single NUMA nodes of the guest. Entries are told apart by O(numatune.memnodes[].cellid).
        type: list
        elements: dict
        suboptions:
          cellid:
            description: The guest's NUMA node, the O(cpu.numa[].id) of a cell.
            type: int
            required: true
          mode:
            description: How strict the rule is.
            type: str
            required: true
            choices:
              strict: Only these nodes. Without room there, allocating memory fails.
              preferred: These nodes first, then others.
              interleave: These nodes in turn, page by page.
              restrictive: Only these nodes, by means of control groups and the kernel's own policy.
          nodeset:
            description: The node's NUMA nodes, like V(0,2-3).
            type: str
            required: true
  memory_devices:
    description:
      - Modules of memory that the guest has beyond its first memory. They can be plugged in and out while the domain
        runs. QEMU wants room for them in O(memory_hotplug).
      - Entries are told apart by O(memory_devices[].alias), O(memory_devices[].path), or O(memory_devices[].model),
        O(memory_devices[].size) and O(memory_devices[].node). Several equal entries are as many modules.
    type: list
    elements: dict
    suboptions:
      alias:
        description: A name of your own for this device, which begins with V(ua-). It finds the device again when
          nothing else does.
        type: str
      model:
        description: What the guest sees.
        type: str
        required: true
        choices:
          dimm: An ordinary module, all or nothing.
          nvdimm: A module that keeps its content in a file of the node.
          virtio-pmem: The same as a virtio device.
          virtio-mem: A virtio device of which the guest has as much as O(memory_devices[].requested) says.
          sgx-epc: Memory for SGX enclaves.
      access:
        description: Who else can see it. The default is in O(memory_backing.access).
        type: str
        choices:
          shared: Other processes of the node, and the file behind it. V(virtio-pmem) needs this.
          private: Nobody.
      discard:
        description: Whether its content is thrown away when it goes. Only for the model V(dimm).
        type: bool
      uuid:
        description: The identity of a module of model V(nvdimm) in a pSeries guest.
        type: str
      pagesize:
        description: The size of the node's pages that it consists of. A number without a unit counts MiB.
        type: str
      nodemask:
        description: The node's NUMA nodes that it comes from, like V(0,2-3). By default those of O(numatune).
        type: str
      path:
        description: The file or device of the node that holds the content. The models V(nvdimm) and V(virtio-pmem) need
          it.
        type: str
      alignsize:
        description: How the file is aligned when it is mapped. By default to the node's page size. Real persistent
          memory may want V(2MiB). A number without a unit counts MiB.
        type: str
      pmem:
        description: Whether the file is real persistent memory, so that a write is only done once it is safe there.
        type: bool
      size:
        description: How large it is. For the model V(virtio-mem) the most that the guest can have of it. A number
          without a unit counts MiB.
        type: str
        required: true
      node:
        description: The guest's NUMA node that it belongs to, the O(cpu.numa[].id) of a cell. Needed if the guest has
          cells.
        type: int
      block:
        description: In what steps a device of model V(virtio-mem) can grow and shrink, a power of two. A new one has
          V(2MiB). A number without a unit counts MiB.
        type: str
      requested:
        description: How much of a device of model V(virtio-mem) the guest is to have, in whole steps. It changes while
          the domain runs. A number without a unit counts MiB.
        type: str
      label_size:
        description: How much of a device of model V(nvdimm) is set aside for labels, at least V(128KiB). A number
          without a unit counts MiB.
        type: str
      readonly:
        description: Whether the guest may only read from a device of model V(nvdimm).
        type: bool
"""
