# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A domain's options: its small devices; the twin of _document/peripheral.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  rng:
    description: Sources of random numbers. Entries are told apart by their order, and come and go while the domain
      runs. A new virtual machine has one.
    type: list
    elements: dict
    suboptions:
      model:
        description: Which generations of virtio the device speaks. It is V(virtio) where nothing is to be said.
        type: str
        choices:
          virtio: Whatever fits the machine.
          virtio-transitional: The old and the new one, for guests that only know the old one.
          virtio-non-transitional: The new one only.
      backend:
        description: Where the numbers come from. By default V(random). Another one drops the device.
        type: str
        choices:
          random: A device of the node.
          builtin: QEMU itself.
      device:
        description: The absolute path of the device, for the backend V(random). A new one has V(/dev/urandom).
        type: str
      rate:
        description: How much the guest may take.
        type: dict
        suboptions:
          bytes:
            description: How much per period. A number without a unit counts bytes.
            type: str
            required: true
          period:
            description: The length of a period in milliseconds. By default 1000.
            type: int
  tpm:
    description: A Trusted Platform Module. O(tpm.model=none) takes it away.
    type: dict
    suboptions:
      model:
        description: What the guest sees. A new one is V(tpm-crb).
        type: str
        choices:
          tpm-crb: A TPM 2.0 with today's interface.
          tpm-tis: A TPM with the older interface.
          tpm-spapr: A TPM of pSeries guests.
          spapr-tpm-proxy: A way to the node's TPM for secure pSeries guests.
          none: No TPM.
      backend:
        description: What it is on the node. By default V(emulator), or V(passthrough) with O(tpm.device). Another one
          drops the other options.
        type: str
        choices:
          emulator: A program, C(swtpm), with a state of the domain's own.
          passthrough: The TPM of the node.
      version:
        description: The version of an emulated TPM. By default what fits the model.
        type: str
        choices: ["1.2", "2.0"]
      device:
        description: The absolute path of the node's TPM, like V(/dev/tpm0).
        type: str
      persistent_state:
        description: Whether the state outlives a domain that is not kept in the configuration.
        type: bool
      encryption_secret:
        description: The UUID of the libvirt secret that the state is encrypted with.
        type: str
  watchdog:
    description: A device that acts when the guest has not given a sign of life for a while. O(watchdog.model=none)
      takes it away.
    type: dict
    suboptions:
      model:
        description: What the guest sees. A new one is V(i6300esb).
        type: str
        choices:
          i6300esb: A PCI card, for most machines.
          itco: The one that a V(q35) machine has anyway.
          ib700: An ISA card.
          diag288: The one of IBM Z.
          none: No watchdog.
      action:
        description: What it does then.
        type: str
        choices:
          reset: Reset the guest. This is the default.
          shutdown: Ask the guest to shut down, which a guest in such a state will hardly do.
          poweroff: Stop the domain.
          pause: Pause the guest.
          none: Nothing.
          dump: Write the guest's memory to a file on the node.
          inject-nmi: Interrupt the guest, which may then write a dump itself.
  balloon:
    description: The device by which a guest gives memory back, see O(memory). A virtual machine has one by itself.
    type: dict
    suboptions:
      model:
        description: What the guest sees. A new one is V(virtio).
        type: str
        choices:
          virtio: A virtio device, of whatever generation fits the machine.
          virtio-transitional: A virtio device that old drivers know, too.
          virtio-non-transitional: A virtio device that only new drivers know.
          xen: The balloon of Xen guests.
          none: No balloon, so that O(memory) cannot change while the domain runs.
      autodeflate:
        description: Whether the guest gets memory back before its kernel kills a process for lack of it.
        type: bool
      free_page_reporting:
        description: Whether the guest gives memory that it does not use back to the node all the time.
        type: bool
      stats_period:
        description: How often the guest reports its use of memory, in seconds.
        type: int
  vsock:
    description: Sockets between the node and the guest, without a network. O(vsock.model=none) takes them away.
    type: dict
    suboptions:
      model:
        description: What the guest sees. A new one is V(virtio).
        type: str
        choices:
          virtio: A virtio device, of whatever generation fits the machine.
          virtio-transitional: A virtio device that old drivers know, too.
          virtio-non-transitional: A virtio device that only new drivers know.
          none: No vsock.
      cid:
        description: The guest's address, a number from 3 on that no other guest of the node has, or V(auto) for one
          that is free at each start. A new one has V(auto).
        type: str
  iommu:
    description: A device that keeps the guest's own devices from its memory where the guest does not allow it.
      O(iommu.model) has to be stated.
    type: dict
    suboptions:
      model:
        description: What the guest sees.
        type: str
        choices:
          intel: Intel's, for V(q35) machines.
          smmuv3: ARM's, for V(virt) machines.
          virtio: A virtio device, for both.
          none: No IOMMU.
      intremap:
        description: Whether interrupts pass through it, too. It needs O(features.ioapic=qemu).
        type: bool
      caching_mode:
        description: Whether the hypervisor sees every change, as it must for O(hostdevs).
        type: bool
      eim:
        description: Whether interrupts reach more than 255 virtual CPUs. It needs O(iommu.intremap).
        type: bool
      iotlb:
        description: Whether devices can cache translations.
        type: bool
      aw_bits:
        description: How many bits an address of a device has.
        type: int
  panic:
    description: A device by which a guest tells that its kernel crashed. O(panic.model) has to be stated. What happens
      then, O(on_crash) says.
    type: dict
    suboptions:
      model:
        description: What the guest sees.
        type: str
        choices:
          isa: An ISA device, for x86.
          pseries: The firmware of pSeries guests.
          hyperv: A feature of the CPU, for Windows.
          s390: A part of IBM Z.
          pvpanic: A PCI device.
          none: No such device.
"""
