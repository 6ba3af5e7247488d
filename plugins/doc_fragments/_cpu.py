# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A domain's options: its CPUs; the twin of _document/cpu.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  cpu:
    description: What CPU the guest sees.
    type: dict
    suboptions:
      mode:
        description: How the CPU is chosen. Another mode drops the model and what belongs to it. A new domain gets
          V(host-model), or V(maximum) if it is emulated.
        type: str
        choices:
          custom: It is the one that O(cpu.model) and O(cpu.features) describe, on every node.
          host-model: It is the known model that is nearest to the node's CPU when the domain starts. It can migrate to
            nodes whose CPU can do as much.
          host-passthrough: It is the node's CPU with everything it has. Migration is safe only between equal nodes.
          maximum: It can do everything that the hypervisor can give it.
      model:
        description: The name of a CPU model for the mode V(custom), like V(Skylake-Server), as C(virsh cpu-models)
          lists them.
        type: str
      fallback:
        description: What to do if the hypervisor does not have the model.
        type: str
        choices:
          allow: Take the nearest one. This is the default.
          forbid: Do not start.
      vendor_id:
        description: The name of the vendor that the guest sees, of exactly 12 characters, like V(GenuineIntel). By
          default the node's.
        type: str
      vendor:
        description: The vendor that the node's CPU must have, like V(Intel) or V(AMD).
        type: str
      match:
        description: How exactly the CPU must be what is described, in the mode V(custom).
        type: str
        choices:
          minimum: It has this and whatever else the node's CPU can do.
          exact: It has this and nothing else. This is the default.
          strict: As V(exact), and the node's CPU has nothing else either.
      check:
        description: How it is made sure that the guest's CPU is what is described.
        type: str
        choices:
          none: Not at all.
          partial: libvirt checks the description before the start.
          full: The CPU that the hypervisor made is checked, too.
      migratable:
        description: Whether features that stand in the way of a migration are left out, in the modes
          V(host-passthrough) and V(maximum).
        type: bool
      topology:
        description: How the virtual CPUs are arranged. The product of all numbers must be O(vcpus_max).
        type: dict
        suboptions:
          sockets:
            description: How many sockets there are.
            type: int
          dies:
            description: How many dies a socket has, by default one.
            type: int
          cores:
            description: How many cores a die has.
            type: int
          threads:
            description: How many threads a core has.
            type: int
      features:
        description: Features that are added to the model or taken from it. Entries are told apart by
          O(cpu.features[].name).
        type: list
        elements: dict
        suboptions:
          name:
            description: The name of the feature, like V(vmx) or V(avx2).
            type: str
            required: true
          policy:
            description: What is done about it.
            type: str
            choices:
              force: The guest sees it, even if the node's CPU does not have it.
              require: The guest sees it, and does not start without it. This is the default.
              optional: The guest sees it if the node's CPU has it.
              disable: The guest does not see it.
              forbid: The guest does not start if the node's CPU has it.
      cache:
        description: What the guest sees of the CPU's caches.
        type: dict
        suboptions:
          mode:
            description: Where the data about the caches comes from.
            type: str
            choices:
              emulate: Data that the hypervisor makes up.
              passthrough: The data of the node's CPU.
              disable: No cache.
          level:
            description: The level of the cache that is meant, from 1 to 3. By default all.
            type: int
      maxphysaddr:
        description: How many bits a physical address of the guest has.
        type: dict
        suboptions:
          mode:
            description: Where the number comes from.
            type: str
            choices:
              emulate: From O(cpu.maxphysaddr.bits).
              passthrough: From the node's CPU.
          bits:
            description: The number of bits.
            type: int
      numa:
        description: The guest's NUMA nodes, called cells. Their memory adds up to O(memory_max). Entries are told apart
          by O(cpu.numa[].id).
        type: list
        elements: dict
        suboptions:
          id:
            description: The number of the cell, counted from 0.
            type: int
            required: true
          cpus:
            description: The virtual CPUs of the cell, like V(0-3). Without them it has only memory.
            type: str
          memory:
            description: The memory of the cell. A number without a unit counts MiB.
            type: str
            required: true
          access:
            description: Who else can see its memory. The default is in O(memory_backing.access).
            type: str
            choices:
              shared: Other processes of the node.
              private: Nobody.
          discard:
            description: The same as O(memory_backing.discard), for this cell.
            type: bool
          distances:
            description: How far it is from this cell to others. By default 10 to itself and 20 to all others. Entries
              are told apart by O(cpu.numa[].distances[].id).
            type: list
            elements: dict
            suboptions:
              id:
                description: The number of the other cell.
                type: int
                required: true
              value:
                description: The distance, from 10 to 255, where 10 means the cell itself.
                type: int
                required: true
  cputune:
    description: How much time on the node's CPUs the domain gets, and on which of them.
    type: dict
    suboptions:
      shares:
        description: The domain's weight against others when CPUs are busy. 2048 is twice as much as 1024. From 2 to
          262144.
        type: int
      period:
        description: The interval within which O(cputune.quota) is measured, in microseconds. From 1000 to 1000000, or 0
          for the default.
        type: int
      quota:
        description: How many microseconds of each O(cputune.period) each virtual CPU may run. At least 1000, 0 for the
          default, or -1 for no limit.
        type: int
      global_period:
        description: The interval within which O(cputune.global_quota) is measured, in microseconds. From 1000 to
          1000000, or 0 for the default.
        type: int
      global_quota:
        description: How many microseconds of each O(cputune.global_period) the whole domain may run. At least 1000, 0
          for the default, or -1 for no limit.
        type: int
      emulator_period:
        description: The interval within which O(cputune.emulator_quota) is measured, in microseconds. From 1000 to
          1000000, or 0 for the default.
        type: int
      emulator_quota:
        description: How many microseconds of each O(cputune.emulator_period) the emulator's own threads may run. At
          least 1000, 0 for the default, or -1 for no limit.
        type: int
      iothread_period:
        description: The interval within which O(cputune.iothread_quota) is measured, in microseconds. From 1000 to
          1000000, or 0 for the default.
        type: int
      iothread_quota:
        description: How many microseconds of each O(cputune.iothread_period) each I/O thread may run. At least 1000, 0
          for the default, or -1 for no limit.
        type: int
      vcpupin:
        description: Which of the node's CPUs a virtual CPU may run on. Without an entry, those of O(cpuset). Entries
          are told apart by O(cputune.vcpupin[].vcpu).
        type: list
        elements: dict
        suboptions:
          vcpu:
            description: The virtual CPU, counted from 0.
            type: int
            required: true
          cpuset:
            description: The node's CPUs, like V(2) or V(0-3,8,^2).
            type: str
            required: true
      emulatorpin:
        description: The node's CPUs that the emulator's own threads may run on, like V(0-1). Without it, those of
          O(cpuset).
        type: str
      iothreadpin:
        description: Which of the node's CPUs an I/O thread may run on. Without an entry, those of O(cpuset). Entries
          are told apart by O(cputune.iothreadpin[].iothread).
        type: list
        elements: dict
        suboptions:
          iothread:
            description: The I/O thread, counted from 1.
            type: int
            required: true
          cpuset:
            description: The node's CPUs, like V(2) or V(0-3,8,^2).
            type: str
            required: true
      vcpusched:
        description: How the node's kernel schedules virtual CPUs. Entries are told apart by
          O(cputune.vcpusched[].vcpus).
        type: list
        elements: dict
        suboptions:
          vcpus:
            description: The virtual CPUs that an entry is about, like V(0-3).
            type: str
            required: true
          scheduler:
            description: The kernel's policy.
            type: str
            required: true
            choices:
              batch: For work that nobody waits for.
              idle: Only when nothing else wants the CPU.
              fifo: In real time, until it waits by itself. It needs a priority.
              rr: In real time, in turn with others of the same priority. It needs a priority.
          priority:
            description: The priority in real time. From 1 to 99, and more goes first.
            type: int
      iothreadsched:
        description: How the node's kernel schedules I/O threads. Entries are told apart by
          O(cputune.iothreadsched[].iothreads).
        type: list
        elements: dict
        suboptions:
          iothreads:
            description: The I/O threads that an entry is about, like V(1-2).
            type: str
            required: true
          scheduler:
            description: The kernel's policy.
            type: str
            required: true
            choices:
              batch: For work that nobody waits for.
              idle: Only when nothing else wants the CPU.
              fifo: In real time, until it waits by itself. It needs a priority.
              rr: In real time, in turn with others of the same priority. It needs a priority.
          priority:
            description: The priority in real time. From 1 to 99, and more goes first.
            type: int
      emulatorsched:
        description: How the node's kernel schedules the emulator's own threads.
        type: dict
        suboptions:
          scheduler:
            description: The kernel's policy.
            type: str
            required: true
            choices:
              batch: For work that nobody waits for.
              idle: Only when nothing else wants the CPU.
              fifo: In real time, until it waits by itself. It needs a priority.
              rr: In real time, in turn with others of the same priority. It needs a priority.
          priority:
            description: The priority in real time. From 1 to 99, and more goes first.
            type: int
  iothreads:
    description: How many threads there are beside the main one to do the work of disks. O(disks[].iothread) and
      O(controllers[].iothread) use them.
    type: int
  iothread_ids:
    description: Properties of single I/O threads. Without an entry, they are numbered from 1. Entries are told apart by
      O(iothread_ids[].id).
    type: list
    elements: dict
    suboptions:
      id:
        description: The number of the thread, from 1 on.
        type: int
        required: true
      thread_pool_min:
        description: The least number of workers that the thread keeps.
        type: int
      thread_pool_max:
        description: The greatest number of workers that the thread has.
        type: int
  default_iothread:
    description: Properties of the main thread, which serves what no I/O thread does. Real-time guests fix the number of
      its workers.
    type: dict
    suboptions:
      thread_pool_min:
        description: The least number of workers that the thread keeps.
        type: int
      thread_pool_max:
        description: The greatest number of workers that the thread has.
        type: int
  blkiotune:
    description: The domain's share of the node's block devices. O(disks[].throttling) limits single disks.
    type: dict
    suboptions:
      weight:
        description: The domain's weight against others when a device is busy. From 10 to 1000.
        type: int
      devices:
        description: Weights and limits for single devices of the node. Entries are told apart by
          O(blkiotune.devices[].path).
        type: list
        elements: dict
        suboptions:
          path:
            description: The device of the node, like V(/dev/sda).
            type: str
            required: true
          weight:
            description: The domain's weight on this device. From 10 to 1000.
            type: int
          read_iops_sec:
            description: The most read operations per second, or 0 for no limit.
            type: int
          write_iops_sec:
            description: The most write operations per second, or 0 for no limit.
            type: int
          read_bytes_sec:
            description: The most data that is read per second, or 0 for no limit. A number without a unit counts bytes.
            type: str
          write_bytes_sec:
            description: The most data that is written per second, or 0 for no limit. A number without a unit counts
              bytes.
            type: str
"""
