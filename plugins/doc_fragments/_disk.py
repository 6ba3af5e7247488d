# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A domain's options: its disks; the twin of _document/disk.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  disks:
    description:
      - Disks, CD-ROM and floppy drives. Entries are told apart by O(disks[].target).
      - Where its data is, a disk says with exactly one of O(disks[].file), O(disks[].block), O(disks[].pool) with
        O(disks[].volume), and O(disks[].network). A new disk needs it. A drive without it is empty.
      - Disks come and go while the domain runs, where their bus can do that. With QEMU these are V(virtio), V(scsi) and
        V(usb).
      - The medium of a CD-ROM or floppy drive changes while the domain runs. The source of another disk changes at the
        next start.
    type: list
    elements: dict
    suboptions:
      target:
        description: The name of the disk, like V(vda). It tells the disks of a domain apart and gives their order. The
          guest may call it something else.
        type: str
        required: true
      device:
        description: What the guest sees.
        type: str
        choices:
          disk: A hard disk. This is the default.
          cdrom: A CD-ROM drive, which is read-only and whose medium can be changed.
          lun: A SCSI disk to which the guest can send any command. Its source is a whole device of the node or iSCSI.
          floppy: A floppy drive, whose medium can be changed.
      file:
        description: The absolute path of an image file on the node. An empty string ejects the medium of a CD-ROM or
          floppy drive, and needs O(disks[].device) beside it.
        type: str
      block:
        description: The absolute path of a block device on the node, like V(/dev/vg/lv).
        type: str
      pool:
        description: The storage pool that O(disks[].volume) is in.
        type: str
      volume:
        description: The name of a volume in O(disks[].pool). A volume and its path are the same disk.
        type: str
      volume_mode:
        description: How a volume of an iSCSI pool is reached.
        type: str
        choices:
          host: As the device that the node has of it. This is the default.
          direct: By the hypervisor itself over the network.
      network:
        description: An image that is reached over the network.
        type: dict
        suboptions:
          protocol:
            description: How it is reached.
            type: str
            required: true
            choices: [nbd, iscsi, rbd, gluster, http, https, ftp, ftps, tftp]
          name:
            description: The name of the image, in the terms of the protocol. This is a pool and an image for V(rbd), a
              volume and a path for V(gluster), a target and a LUN for V(iscsi), a path for V(https).
            type: str
          query:
            description: What follows the question mark in the address, for V(http) and V(https).
            type: str
          tls:
            description: Whether V(nbd) is encrypted.
            type: bool
          hosts:
            description: The servers. V(rbd) and V(gluster) can have several, and the others have one. The list is
              replaced as a whole.
            type: list
            elements: dict
            suboptions:
              name:
                description: The name or address of the server.
                type: str
              port:
                description: The port. By default the protocol's own.
                type: int
              transport:
                description: What the connection is made of.
                type: str
                choices:
                  tcp: TCP. This is the default.
                  rdma: RDMA, for V(gluster).
                  unix: A socket on the node, for V(nbd) and V(gluster).
              socket:
                description: The absolute path of the socket on the node, for the transport V(unix).
                type: str
          auth:
            description: Who the hypervisor is to the server, for V(rbd) and V(iscsi).
            type: dict
            suboptions:
              username:
                description: The name of the user.
                type: str
                required: true
              secret_type:
                description: What kind of libvirt secret holds the password.
                type: str
                required: true
                choices:
                  ceph: A key of Ceph.
                  iscsi: A CHAP password.
              secret_uuid:
                description: The UUID of the secret. It takes the place of O(disks[].network.auth.secret_usage).
                type: str
              secret_usage:
                description: The usage of the secret, which is its name. It takes the place of
                  O(disks[].network.auth.secret_uuid).
                type: str
          snapshot:
            description: A snapshot of the image that is used instead of its present state, for V(rbd).
            type: str
          config:
            description: The absolute path of the client's configuration file on the node, for V(rbd).
            type: str
          initiator:
            description: The IQN of this client, for V(iscsi).
            type: str
          ssl_verify:
            description: Whether the server's certificate is checked, for V(https) and V(ftps).
            type: bool
      startup_policy:
        description: What to do without the disk's source. It changes while the domain runs.
        type: str
        choices:
          mandatory: Fail. This is the default.
          requisite: Fail at the start, and drop the medium after a migration, a restore or a revert.
          optional: Go on without it.
      encryption:
        description: How the data is encrypted.
        type: dict
        suboptions:
          format:
            description: The format of the encryption.
            type: str
            choices: [luks, luks2, qcow]
          engine:
            description: Who decrypts. By default QEMU.
            type: str
            choices:
              qemu: QEMU.
              librbd: The client library of Ceph.
          secret_uuid:
            description: The UUID of the libvirt secret that holds the passphrase.
            type: str
      bus:
        description: What the disk is connected to. By default the beginning of O(disks[].target) says it, V(vd) for
          V(virtio), V(sd) for V(sata), V(hd) for V(ide), V(fd) for V(fdc) and V(xvd) for V(xen).
        type: str
        choices: [virtio, scsi, sata, ide, usb, fdc, xen, sd]
      removable:
        description: Whether the guest sees a USB disk as one that can be taken out.
        type: bool
      rotation_rate:
        description: The revolutions per minute that the guest sees, from 1025 on, or 1 for a solid-state disk. Not for
          the bus V(virtio).
        type: int
      format:
        description: The format of the image, like V(qcow2) or V(raw). A new disk without it gets what the suffix of its
          file says, else V(raw). The content is never looked at, since a guest could have written it.
        type: str
      driver:
        description: Which of the hypervisor's drivers serves the disk. QEMU has only V(qemu).
        type: str
      cache:
        description: What the node caches, and when a write counts as done.
        type: str
        choices:
          default: The hypervisor decides.
          none: The node caches nothing. Flushes are honoured.
          writethrough: The node caches reads. A write is done when it is on the disk.
          writeback: The node caches reads and writes. Flushes are honoured.
          directsync: The node caches nothing. A write is done when it is on the disk.
          unsafe: The node caches everything, and flushes are ignored. A crash of the node destroys data.
      io:
        description: How QEMU does its I/O.
        type: str
        choices:
          threads: With blocking calls in threads.
          native: With the kernel's asynchronous I/O. It needs a O(disks[].cache) of V(none) or V(directsync).
          io_uring: With the kernel's io_uring.
      discard:
        description: What to do when the guest says that it no longer needs some blocks (trim).
        type: str
        choices:
          ignore: Nothing.
          unmap: Give the space back to the node.
      detect_zeroes:
        description: What to do when the guest writes zeroes.
        type: str
        choices:
          "off": Write them.
          "on": Look for them and store them cheaply.
          unmap: Give the space back to the node if O(disks[].discard=unmap), else the same as V(on).
      error_policy:
        description: What to do after an error of the node's storage.
        type: str
        choices:
          stop: Pause the guest.
          report: Tell the guest.
          ignore: Go on as if nothing had happened.
          enospace: Pause the guest if there is no space left, else tell it.
      rerror_policy:
        description: The same for errors while reading. By default O(disks[].error_policy) is for both.
        type: str
        choices:
          stop: Pause the guest.
          report: Tell the guest.
          ignore: Go on as if nothing had happened.
      copy_on_read:
        description: Whether what is read from a backing image is copied into the image itself. It helps if the backing
          image is slow.
        type: bool
      iothread:
        description: The I/O thread that serves a disk on the bus V(virtio), from 1 to O(iothreads).
        type: int
      queues:
        description: How many queues a disk on the bus V(virtio) has.
        type: int
      queue_size:
        description: How many requests each queue of a disk on the bus V(virtio) holds.
        type: int
      ioeventfd:
        description: Whether the guest runs on while its requests are handed over. Best left to the hypervisor.
        type: bool
      event_idx:
        description: Whether guest and hypervisor spare each other needless notices. Best left to the hypervisor.
        type: bool
      iommu:
        description: Whether the virtio device is behind the guest's IOMMU, see O(iommu). SEV guests need this, too.
        type: bool
      packed:
        description: Whether the virtio device uses the packed form of queues.
        type: bool
      metadata_cache:
        description: How much of a qcow2 image's tables is kept in memory, at most. A number without a unit counts
          bytes.
        type: str
      read_only:
        description: Whether the guest may only read from it. A CD-ROM is always read-only.
        type: bool
      shareable:
        description: Whether other domains may write to it at the same time. It takes a file system for clusters, and no
          caches.
        type: bool
      transient:
        description: Whether all that the guest wrote is forgotten when the domain stops.
        type: bool
      snapshot:
        description: What snapshots of the domain do with the disk, if they do not say otherwise.
        type: str
        choices:
          internal: They are kept inside the image, which must be qcow2.
          external: They are kept in new images on top of this one.
          "no": They leave it out. This is the default of disks that are read-only.
          manual: They leave it to a program outside of libvirt.
      rawio:
        description: Whether the hypervisor gets the right to send any command to the node's devices. Only for the
          device V(lun), and it then holds for all disks of the domain.
        type: bool
      sgio:
        description: Whether the node's kernel lets SCSI commands of a device V(lun) pass. Newer kernels do not know
          this.
        type: str
        choices:
          filtered: Only harmless ones. This is the default.
          unfiltered: All of them.
      serial:
        description: The serial number that the guest sees. On the bus V(virtio) it has at most 20 characters.
        type: str
      wwn:
        description: The World Wide Name that the guest sees, 16 hexadecimal digits.
        type: str
      vendor:
        description: The vendor that the guest sees, at most 8 characters.
        type: str
      product:
        description: The product that the guest sees, at most 16 characters.
        type: str
      boot_order:
        description: Its place in the order of devices to boot from, counted from 1. No two devices can have the same.
          It takes the place of O(boot).
        type: int
      logical_block_size:
        description: The size of the smallest block that the guest can read or write. A number without a unit counts
          bytes.
        type: str
      physical_block_size:
        description: The size of the disk's own blocks, which the guest aligns its data to. A number without a unit
          counts bytes.
        type: str
      alias:
        description: A name of your own for this device, which begins with V(ua-).
        type: str
      throttling:
        description: Limits for this disk. Without a limit, or with 0, there is none. A total excludes the same limit
          for reads or writes.
        type: dict
        suboptions:
          total_bytes:
            description: The most data that is read and written per second. A number without a unit counts bytes.
            type: str
          read_bytes:
            description: The most data that is read per second. A number without a unit counts bytes.
            type: str
          write_bytes:
            description: The most data that is written per second. A number without a unit counts bytes.
            type: str
          total_iops:
            description: The most reads and writes per second.
            type: int
          read_iops:
            description: The most reads per second.
            type: int
          write_iops:
            description: The most writes per second.
            type: int
          total_bytes_max:
            description: The same during a burst. A number without a unit counts bytes.
            type: str
          read_bytes_max:
            description: The same during a burst. A number without a unit counts bytes.
            type: str
          write_bytes_max:
            description: The same during a burst. A number without a unit counts bytes.
            type: str
          total_iops_max:
            description: The same during a burst.
            type: int
          read_iops_max:
            description: The same during a burst.
            type: int
          write_iops_max:
            description: The same during a burst.
            type: int
          total_bytes_max_length:
            description: How many seconds a burst of O(disks[].throttling.total_bytes_max) may last.
            type: int
          read_bytes_max_length:
            description: How many seconds a burst of O(disks[].throttling.read_bytes_max) may last.
            type: int
          write_bytes_max_length:
            description: How many seconds a burst of O(disks[].throttling.write_bytes_max) may last.
            type: int
          total_iops_max_length:
            description: How many seconds a burst of O(disks[].throttling.total_iops_max) may last.
            type: int
          read_iops_max_length:
            description: How many seconds a burst of O(disks[].throttling.read_iops_max) may last.
            type: int
          write_iops_max_length:
            description: How many seconds a burst of O(disks[].throttling.write_iops_max) may last.
            type: int
          size_iops:
            description: How many bytes count as one operation. A larger operation counts as several.
            type: int
          group:
            description: A name. All disks of the domain with this name share the limits.
            type: str
"""
