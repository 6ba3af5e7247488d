# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A domain's options: what the machine can do, its clocks, its events; the twin of _document/feature.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  features:
    description: What the emulated machine can do beyond its CPU.
    type: dict
    suboptions:
      acpi:
        description: Whether it has ACPI, which guests need to be shut down, and for most of what is plugged in later. A
          new virtual machine has it.
        type: bool
      apic:
        description: Whether it has a programmable interrupt controller. A new x86 machine has it.
        type: bool
      apic_eoi:
        description: Whether the guest sees the end of an interrupt signalled without leaving its CPU.
        type: bool
      pae:
        description: Whether a 32-bit guest can use more than 4 GiB of memory.
        type: bool
      hap:
        description: Whether the node's CPU helps with page tables, for Xen. It does by default where it can.
        type: bool
      privnet:
        description: Whether a container without interfaces is kept from the node's network.
        type: bool
      pvspinlock:
        description: Whether the guest is told that it may wait for locks without keeping a CPU busy.
        type: bool
      pmu:
        description: Whether the guest sees the CPU's performance counters.
        type: bool
      vmport:
        description: Whether the machine has VMware's I/O port, which some guests look for to get a better mouse.
        type: bool
      smm:
        description: Whether it has the CPU's System Management Mode. O(secure_boot) needs it.
        type: bool
      smm_tseg:
        description: How much memory is set aside for the System Management Mode. Very large guests need more than the
          machine's default, or do not boot. A number without a unit counts MiB.
        type: str
      ioapic:
        description: Who emulates the I/O APIC.
        type: str
        choices:
          kvm: The kernel. This is the default.
          qemu: QEMU, as O(iommu.intremap) needs it.
      gic:
        description: The version of an ARM guest's interrupt controller. V(host) is the newest that the node's CPU has.
        type: str
        choices: ["2", "3", host]
      vmcoreinfo:
        description: Whether the guest can leave word of itself for the reader of a memory dump.
        type: bool
      htm:
        description: Whether a pSeries guest sees transactional memory.
        type: bool
      nested_hv:
        description: Whether a pSeries guest can run guests of its own.
        type: bool
      ccf_assist:
        description: Whether a pSeries guest sees the CPU's help in flushing the count cache.
        type: bool
      msrs_unknown:
        description: What happens when the guest reads or writes an unknown model-specific register, in FreeBSD's bhyve.
        type: str
        choices:
          ignore: Nothing.
          fault: The guest sees a fault. This is the default.
      tb_cache:
        description: The size of the cache of translated code of an emulated guest, in whole MiB. A number without a
          unit counts MiB.
        type: str
      hyperv:
        description: What Microsoft's Hyper-V offers its guests. Windows runs faster with it. Where nothing is stated, a
          feature is off.
        type: dict
        suboptions:
          mode:
            description: Where the set of features comes from.
            type: str
            choices:
              custom: From the other options here. This is the default.
              passthrough: From the node, with everything that it can do. Migration is safe only between equal nodes.
          relaxed:
            description: Whether the guest is told to be patient with its timers.
            type: bool
          vapic:
            description: Whether it gets a faster way to its interrupt controller.
            type: bool
          vpindex:
            description: Whether a virtual CPU knows its own number. Many others here need it.
            type: bool
          runtime:
            description: Whether a virtual CPU knows how long it really ran.
            type: bool
          synic:
            description: Whether it gets a controller for synthetic interrupts. It needs O(features.hyperv.vpindex).
            type: bool
          stimer:
            description: Whether it gets synthetic timers. They need O(features.hyperv.synic) and the timer
              V(hypervclock) of O(clock.timers).
            type: bool
          reset:
            description: Whether it can reset itself by a register.
            type: bool
          frequencies:
            description: Whether it can read the frequencies of its clocks.
            type: bool
          reenlightenment:
            description: Whether it is told when a migration changed the frequency of its clock.
            type: bool
          tlbflush:
            description: Whether it can have other virtual CPUs' address caches flushed in one go. It needs
              O(features.hyperv.vpindex).
            type: bool
          ipi:
            description: Whether it can interrupt several virtual CPUs in one go. It needs O(features.hyperv.vpindex).
            type: bool
          evmcs:
            description: Whether its own guests run faster, on Intel. It needs O(features.hyperv.vapic).
            type: bool
          avic:
            description: Whether the synthetic interrupts go together with the CPU's help for interrupts.
            type: bool
          stimer_direct:
            description: Whether synthetic timers interrupt directly. It needs O(features.hyperv.stimer).
            type: bool
          spinlocks:
            description: How often the guest tries a lock before it tells the hypervisor, at least 4095. V(8191) is
              usual. 0 switches it off.
            type: int
          vendor_id:
            description: The name of the hypervisor that the guest sees, at most 12 characters. An empty string switches
              it off.
            type: str
      kvm:
        description: What KVM offers its guests. Where nothing is stated, a feature is off.
        type: dict
        suboptions:
          hidden:
            description: Whether the guest is kept from seeing that it runs on KVM.
            type: bool
          hint_dedicated:
            description: Whether the guest is told that its virtual CPUs have CPUs of the node for themselves. Pin them
              with O(cputune.vcpupin).
            type: bool
          poll_control:
            description: Whether the guest may busily wait a moment before it goes idle.
            type: bool
          pv_ipi:
            description: Whether it can interrupt several virtual CPUs in one go.
            type: bool
          dirty_ring:
            description: How many pages that were written to each virtual CPU can list, for migrations. A power of two
              from 1024 to 65536. 0 switches it off.
            type: int
  clock:
    description: The guest's clocks.
    type: dict
    suboptions:
      offset:
        description: What the guest's hardware clock shows at the start. Another one drops the other options about it.
        type: str
        choices:
          utc: UTC. This is the default, and what Linux expects.
          localtime: The node's local time, as Windows expects it.
          timezone: The time in O(clock.timezone).
          variable: A time that is O(clock.adjustment) away from O(clock.basis). When the guest sets its clock, that
            lasts.
          absolute: The moment O(clock.start), always.
      timezone:
        description: The name of a time zone, like V(Europe/Berlin).
        type: str
      basis:
        description: What O(clock.adjustment) counts from. By default V(utc).
        type: str
        choices: [utc, localtime]
      adjustment:
        description: How many seconds the clock is ahead. With O(clock.offset=utc) or V(localtime), V(reset) makes sure
          that the guest's own settings do not last. A running guest's own changes are no difference.
        type: str
      start:
        description: A moment in seconds since the beginning of 1970 in UTC.
        type: int
      timers:
        description: What the guest can measure time with. Entries are told apart by O(clock.timers[].name). A new x86
          machine gets those that keep time well.
        type: list
        elements: dict
        suboptions:
          name:
            description: Which timer the entry is about.
            type: str
            required: true
            choices:
              platform: The hypervisor's own choice. Nothing supports it now.
              pit: The old programmable timer of PCs.
              rtc: The hardware clock.
              hpet: The high-precision timer of PCs. Guests do better without it.
              tsc: The CPU's counter of cycles.
              kvmclock: KVM's clock, for Linux.
              hypervclock: Hyper-V's clock, for Windows.
              armvtimer: The timer of ARM CPUs.
          present:
            description: Whether the guest has it.
            type: bool
          tickpolicy:
            description: What happens to ticks that the guest missed, for example because it was paused.
            type: str
            choices:
              delay: They come late, at the usual rate. The guest's time stays behind.
              catchup: They come faster until the guest's time is right again.
              merge: They come as one.
              discard: They are dropped.
          track:
            description: What the timers V(rtc) and V(platform) follow.
            type: str
            choices:
              boot: The time since the node started.
              guest: The time that the guest ran.
              wall: The time of day on the node.
              realtime: The node's real-time clock.
          mode:
            description: How the timer V(tsc) works.
            type: str
            choices:
              auto: Native if it is safe, else emulated.
              native: The guest reads the CPU's own.
              emulate: The hypervisor answers each time.
              paravirt: Native, with the guest's help.
              smpsafe: Emulated where several CPUs could disagree.
          frequency:
            description: The frequency of the timer V(tsc), in Hz.
            type: int
          catchup:
            description: Details of the policy V(catchup), as far as the hypervisor knows them.
            type: dict
            suboptions:
              threshold:
                description: From which delay on the guest catches up.
                type: int
              slew:
                description: How much faster ticks come meanwhile.
                type: int
              limit:
                description: From which delay on it gives up.
                type: int
  on_poweroff:
    description: What to do when the guest powers off.
    type: str
    choices:
      destroy: Stop the domain. This is the default.
      restart: Start it again.
      preserve: Stop it, and keep what it had for analysis.
      rename-restart: Start it again with another name, in Xen.
  on_reboot:
    description: What to do when the guest reboots. V(destroy) is useful for an installation that is to be looked at.
    type: str
    choices:
      restart: Start it again. This is the default.
      destroy: Stop the domain.
      preserve: Stop it, and keep what it had for analysis.
      rename-restart: Start it again with another name, in Xen.
  on_crash:
    description: What to do when the guest crashes. The hypervisor learns of it by the device O(panic).
    type: str
    choices:
      destroy: Stop the domain. This is the default.
      restart: Start it again.
      preserve: Stop it, and keep what it had for analysis.
      rename-restart: Start it again with another name, in Xen.
      coredump-destroy: Write its memory to a file on the node and stop it.
      coredump-restart: Write its memory to a file on the node and start it again.
  on_lockfailure:
    description: What to do when a lock manager loses the domain's locks on its disks.
    type: str
    choices:
      poweroff: Stop the domain.
      restart: Start it again, to get the locks back.
      pause: Pause it.
      ignore: Nothing.
  pm:
    description: Which kinds of sleep the firmware offers. A guest can also sleep without it.
    type: dict
    suboptions:
      suspend_to_mem:
        description: Whether it offers to sleep with its memory powered (S3).
        type: bool
      suspend_to_disk:
        description: Whether it offers to sleep with its memory on disk (S4).
        type: bool
"""
