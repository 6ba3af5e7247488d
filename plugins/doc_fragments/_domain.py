# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A domain's options: what it is, what runs it, and how much of it there is; the twin of _document/domain.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
notes:
  - Sizes are numbers with a unit, like V(512MiB), V(1.5GiB) or V(20GB). V(KiB), V(MiB), V(GiB), V(TiB) and the
    same letters alone are powers of 1024. V(KB), V(MB), V(GB) and V(TB) are powers of 1000.
  - Sets of CPUs and of NUMA nodes are numbers and ranges, like V(0-3,8), and V(^2) takes one out again.
  - An empty string takes away a text or a path that the domain has.
  - An entry of a list is paired with the one that is there and is the same by what tells entries apart. What the
    task does not say of it stays. Lists of plain values, and lists that say so, are replaced as a whole.
  - What can change while the domain runs says so. All else takes effect at the next start.
options:
  uuid:
    description: Its UUID. A new domain gets a random one. That of an existing domain cannot change, and another one is
      an error.
    type: str
  title:
    description: What it is, in one line. It changes while the domain runs, too.
    type: str
  description:
    description: What a person wants to know about it, in as many lines as it takes. It changes while the domain runs,
      too.
    type: str
  tags:
    description:
      - Words of your own, by which O(stratum.virt.domain_info#module:tags) finds domains. They are kept in the domain's
        metadata.
      - They are the whole set. Tags that are not named here go, and their order does not count.
      - They change while the domain runs, too.
    type: list
    elements: str
  virt_type:
    description:
      - What runs the guest. By default V(kvm) where the node's CPU has it, else the first that the node offers.
      - By TLS and TCP nobody can look at the node's CPU. The default is V(kvm) there if libvirt's capabilities of the
        node list it.
    type: str
    choices:
      kvm: The node's own CPU, with the Linux kernel's help.
      qemu: Emulation by QEMU, which works everywhere and is slow.
      hvf: The node's own CPU, with the help of macOS.
      lxc: The node's own kernel. The domain is a container.
      xen: The Xen hypervisor.
      test: Nothing. It is libvirt's mock hypervisor.
  os_type:
    description: What kind of system the guest is. A new domain gets what the chosen hypervisor runs.
    type: str
    choices:
      hvm: An operating system that is made for real machines.
      exe: A process, with which a container begins.
      linux: A system that is made for Xen, without hardware virtualization.
      xen: The same as V(linux), by its other name.
      xenpvh: A system that is made for Xen, with hardware virtualization.
  arch:
    description: The architecture of the guest's CPU, like V(x86_64) or V(aarch64). By default the node's own.
    type: str
  machine:
    description:
      - The type of machine that is emulated, like V(q35), V(pc), V(virt) or V(pc-q35-7.2).
      - A name without a version stands for the newest one when the domain is created, and for any one afterwards, so
        that a newer hypervisor does not change the guest's hardware.
      - By default V(q35) for x86, V(virt) for ARM and RISC-V, and else what the hypervisor takes.
    type: str
  emulator:
    description: The absolute path of the program that runs the guest. By default the hypervisor's own choice.
    type: str
  genid:
    description: The identifier of the guest's generation, a UUID. The hypervisor changes it when the guest goes back in
      time or is a copy, and a guest that knows about it reacts, for example by drawing new random numbers.
    type: str
  memory:
    description:
      - The memory that the guest has. A number without a unit counts MiB.
      - A running guest gets more at once, up to the O(memory_max) that it was started with, or gives some back, through
        its balloon (see O(balloon)). What it does not give back within a few seconds is pending.
      - A new domain needs it, or O(memory_max). Each is the other one's default.
      - More than the O(memory_max) of an existing domain raises that, too.
    type: str
  memory_max:
    description:
      - The most memory that the guest can have without memory devices that are plugged in later. It changes at the next
        start. A number without a unit counts MiB.
      - Less than the O(memory) of an existing domain lowers that, too.
    type: str
  vcpus:
    description:
      - How many virtual CPUs the guest has. One by default.
      - A running guest gets more at once, up to the O(vcpus_max) that it was started with. It may be able to give some
        back.
      - Of O(vcpus) and O(vcpus_max) each is the other one's default for a new domain. More than the O(vcpus_max) of an
        existing domain raises that, too.
    type: int
  vcpus_max:
    description:
      - The most virtual CPUs that the guest can have. It changes at the next start.
      - Fewer than the O(vcpus) of an existing domain lower that, too.
    type: int
  cpuset:
    description: The node's CPUs that the domain may use, like V(0-3,8,^2). O(cputune) can be more exact for single
      threads.
    type: str
  placement:
    description: Who chooses the node's CPUs.
    type: str
    choices:
      static: The task, with O(cpuset). Without it, all CPUs may be used.
      auto: The node's C(numad), whenever the domain starts.
"""
