# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A domain's options: devices of the node, controllers and shared folders; the twin of _document/hostdev.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  controllers:
    description: What other devices are connected to. Most are there by themselves. Entries are told apart by
      O(controllers[].type) and O(controllers[].index), and without the latter by O(controllers[].model). Those of type
      V(scsi) come and go while the domain runs.
    type: list
    elements: dict
    suboptions:
      type:
        description: The bus that it provides.
        type: str
        required: true
        choices: [pci, usb, scsi, virtio-serial, sata, ide, fdc, ccid, xenbus]
      index:
        description: Its number among those of its type, counted from 0. By default a new one gets the next free one.
        type: int
      model:
        description: What the guest sees, for example V(virtio-scsi) for the type V(scsi), V(qemu-xhci) for V(usb), or
          V(pcie-root-port) for V(pci).
        type: str
      ports:
        description: How many devices fit, for the types V(usb) and V(virtio-serial).
        type: int
      vectors:
        description: How many interrupts it has, for the type V(virtio-serial).
        type: int
      iothread:
        description: The I/O thread that serves it, from 1 to O(iothreads), for the model V(virtio-scsi).
        type: int
      queues:
        description: How many queues it has, for the model V(virtio-scsi).
        type: int
      cmd_per_lun:
        description: How many commands can wait for one disk, for the model V(virtio-scsi).
        type: int
      max_sectors:
        description: How much one command can move, in sectors of 512 bytes, for the model V(virtio-scsi).
        type: int
  filesystems:
    description:
      - Folders that the guest shares with the node, and what a container is mounted from. Entries are told apart by
        O(filesystems[].target). Those with the driver V(virtiofs) come and go while the domain runs.
      - Another type drops the source.
    type: list
    elements: dict
    suboptions:
      target:
        description: Where it is in the guest. A container mounts it there. A virtual machine finds it by this word and
          mounts it itself.
        type: str
        required: true
      type:
        description: The kind of source.
        type: str
        choices:
          mount: A folder of the node. This is the default.
          template: A template of OpenVZ.
          file: An image file of the node, for a container.
          block: A block device of the node, for a container.
          bind: Another folder of the container itself.
      source:
        description: The folder, file, device or name that the type is about. It takes the place of
          O(filesystems[].socket).
        type: str
      socket:
        description: The absolute path of the socket of a C(virtiofsd) that you started yourself. It takes the place of
          O(filesystems[].source).
        type: str
      driver:
        description: How it is shared.
        type: str
        choices:
          path: By QEMU itself (9p). This is the default for virtual machines.
          handle: As V(path), by file handles. Newer versions of QEMU cannot do it.
          virtiofs: By C(virtiofsd), which is faster and more like a local file system. It needs
            O(memory_backing.access=shared).
          loop: By a loop device of the node, for a container and an image file.
          nbd: By a network block device of the node, for a container and an image file.
      format:
        description: The format of the image file, like V(raw) or V(qcow2), for the drivers V(loop) and V(nbd).
        type: str
      write_policy:
        description: When data that the guest wrote goes to the node's disks. By default some time later.
        type: str
        choices:
          immediate: At once.
      queue:
        description: How many requests fit into the queue, for the driver V(virtiofs).
        type: int
      model:
        description: Which generations of virtio the device speaks. It is V(virtio) where nothing is to be said.
        type: str
        choices:
          virtio: Whatever fits the machine.
          virtio-transitional: The old and the new one, for guests that only know the old one.
          virtio-non-transitional: The new one only.
      accessmode:
        description: Whose rights count on the node.
        type: str
        choices:
          passthrough: Those of the guest's users. This is the default, and all that V(virtiofs) knows.
          mapped: Those of the hypervisor. Owners and modes that the guest sets are kept beside the files.
          squash: Those of the guest's users, and where the hypervisor may not set an owner, nobody is told.
      multidevs:
        description: What happens when the folder contains mounts of other file systems, whose files could seem to be
          the same (9p).
        type: str
        choices:
          default: What QEMU does by itself, at present V(warn).
          remap: The guest sees other numbers of files.
          forbid: The guest cannot enter them.
          warn: The node's log has a warning.
      fmode:
        description: The mode of new files in octal, like V(644), for the access mode V(mapped). By default V(600).
        type: str
      dmode:
        description: The mode of new folders in octal, like V(755), for the access mode V(mapped). By default V(700).
        type: str
      readonly:
        description: Whether the guest may only read.
        type: bool
      binary:
        description: How C(virtiofsd) works.
        type: dict
        suboptions:
          path:
            description: The absolute path of the program. By default the hypervisor finds it.
            type: str
          xattr:
            description: Whether the guest can use extended attributes.
            type: bool
          cache:
            description: How much the guest may keep in its cache.
            type: str
            choices:
              none: Nothing, so that it sees the node's changes at once.
              always: Everything, if nobody else changes the folder.
          sandbox:
            description: How the program is kept inside the folder.
            type: str
            choices:
              namespace: With namespaces of its own.
              chroot: With another root folder, where there may be no namespaces.
          posix_lock:
            description: Whether POSIX locks reach the node.
            type: bool
          flock:
            description: Whether BSD locks reach the node.
            type: bool
          thread_pool:
            description: How many threads work on requests, at most. 0 does without them, which suits fast storage.
            type: int
      space_hard_limit:
        description: The most space that a container may use. A number without a unit counts bytes.
        type: str
      space_soft_limit:
        description: The space beyond which a container has only some time left to tidy up. A number without a unit
          counts bytes.
        type: str
      boot_order:
        description: Its place in the order of devices to boot from, counted from 1. No two devices can have the same.
          It takes the place of O(boot).
        type: int
  hostdevs:
    description:
      - Devices of the node that the guest has for itself. They come and go while the domain runs.
      - Each is one of O(hostdevs[].pci), O(hostdevs[].usb) and O(hostdevs[].mdev), and entries are told apart by that,
        or by O(hostdevs[].alias).
    type: list
    elements: dict
    suboptions:
      pci:
        description: The PCI address of the device, like V(0000:03:00.0). The node needs an IOMMU.
        type: str
      usb:
        description: A USB device, by its kind or by where it is plugged in. Several entries of one kind are as many
          devices.
        type: dict
        suboptions:
          vendor:
            description: The number of the vendor in hexadecimal, like V(0x046d). It goes with
              O(hostdevs[].usb.product).
            type: str
          product:
            description: The number of the product in hexadecimal, like V(0xc31c). It goes with
              O(hostdevs[].usb.vendor).
            type: str
          bus:
            description: The number of the bus. It goes with O(hostdevs[].usb.device).
            type: int
          device:
            description: The number of the device on the bus, which changes whenever it is plugged in. It goes with
              O(hostdevs[].usb.bus).
            type: int
      mdev:
        description: The UUID of a mediated device, a part of a PCI device that the node divides.
        type: str
      managed:
        description: Whether libvirt takes a PCI device from the node's driver and gives it back. By default it does for
          a new entry.
        type: bool
      model:
        description: How a mediated device is handed over. A new one has V(vfio-pci).
        type: str
        choices:
          vfio-pci: As a PCI device.
          vfio-ccw: As a channel device of IBM Z.
          vfio-ap: As a crypto device of IBM Z.
      display:
        description: Whether a mediated graphics device is shown on O(graphics).
        type: bool
      ramfb:
        description: Whether a mediated graphics device shows the firmware's output, too.
        type: bool
      driver:
        description: How a PCI device is handed over. By default V(vfio).
        type: str
        choices:
          vfio: With the kernel's VFIO.
          kvm: With the kernel's KVM, as it was done once.
          xen: With Xen.
      startup_policy:
        description: What to do without the USB device.
        type: str
        choices:
          mandatory: Fail. This is the default.
          requisite: Fail at the start, and do without it after a migration, a restore or a revert.
          optional: Go on without it.
      rom:
        description: The ROM of the device, as the guest's firmware sees it.
        type: dict
        suboptions:
          enabled:
            description: Whether there is one. V(false) excludes the other options here.
            type: bool
          bar:
            description: Whether the guest sees it in its memory.
            type: bool
          file:
            description: The absolute path of a file on the node with its content, for example to boot from the network.
            type: str
      boot_order:
        description: Its place in the order of devices to boot from, counted from 1. No two devices can have the same.
          It takes the place of O(boot).
        type: int
      alias:
        description: A name of your own for this device, which begins with V(ua-). With it, another device of the node
          can take its place.
        type: str
"""
