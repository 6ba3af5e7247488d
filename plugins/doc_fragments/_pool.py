# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A storage pool's options; the twin of _document/pool.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  uuid:
    description: Its UUID. A new pool gets a random one. That of an existing pool cannot change, and another one is an
      error.
    type: str
  type:
    description:
      - What the pool is made of. A new pool needs it, and that of an existing pool cannot change.
      - The node may offer only some of them. See O(source) and O(target) for what each one needs.
    type: str
    choices:
      dir: A folder of the node.
      fs: A file system on a device of the node, which is mounted while the pool is active.
      netfs: A file system that another host shares, by NFS, CIFS or Gluster, which is mounted while the pool is active.
      logical: A volume group of LVM. Its logical volumes are the pool's volumes.
      disk: A disk. Its partitions are the pool's volumes.
      iscsi: A target that another host offers by iSCSI. The node logs in while the pool is active, and the target's
        units are the pool's volumes.
      iscsi-direct: The same without the node logging in. QEMU itself does that for every disk.
      scsi: The units behind an SCSI or Fibre Channel adapter of the node.
      mpath: All multipath devices of the node.
      rbd: A pool of a Ceph cluster.
      gluster: A volume of a Gluster cluster, without being mounted.
      zfs: A ZFS pool, or a file system in one.
      vstorage: A Virtuozzo Storage cluster.
  source:
    description:
      - Where the storage comes from.
      - A list in it, and O(source.adapter), are stated as a whole, and replace what is there.
    type: dict
    suboptions:
      hosts:
        description: The hosts that offer the storage. The types V(netfs), V(iscsi), V(iscsi-direct) and V(gluster) need
          one, and V(rbd) one or more.
        type: list
        elements: dict
        suboptions:
          name:
            description: The host's name or address.
            type: str
            required: true
          port:
            description: The port. By default that of the protocol.
            type: int
      devices:
        description:
          - What the storage is on. The types V(fs) and V(disk) need one device of the node, V(iscsi) and
            V(iscsi-direct) the name of one target.
          - For V(logical) and V(zfs), what a volume group or a ZFS pool that does not exist yet is made of. For one
            that exists they can be left out. The devices of an existing volume group cannot be changed here, and
            stating other ones is an error.
        type: list
        elements: dict
        suboptions:
          path:
            description: The absolute path of the device, best one that stays the same, like
              V(/dev/disk/by-id/scsi-35000c500a0b1c2d3). For iSCSI, the qualified name of the target, like
              V(iqn.2026-01.org.example:storage).
            type: str
            required: true
          part_separator:
            description: Whether the names of partitions on a device mapper's device have a C(p) before their number.
            type: bool
      dir:
        description: The folder that another host shares. The type V(netfs) needs it, as an absolute path for NFS and a
          name for CIFS and Gluster. For V(gluster), the absolute path of a folder within the volume. By default that is
          V(/).
        type: str
      name:
        description:
          - The name of the volume group (V(logical)), the Ceph pool (V(rbd), which needs it), the Gluster volume
            (V(gluster)), the ZFS pool or file system (V(zfs)) or the cluster (V(vstorage)).
          - By default that of the pool, except for V(rbd).
        type: str
      format:
        description:
          - For V(fs), the file system, like V(ext4) or V(xfs). By default V(auto), any one that is there. Making one
            takes a name.
          - For V(netfs), V(nfs), V(cifs) or V(glusterfs). By default V(auto).
          - For V(disk), the partition table, like V(gpt). By default V(dos).
          - For V(logical), V(lvm2).
          - A format that the node does not offer is an error, which says what it offers.
        type: str
      adapter:
        description: The adapter, for V(scsi).
        type: dict
        suboptions:
          type:
            description: The type of adapter. By default what the other options are about.
            type: str
            choices:
              scsi_host: An SCSI adapter, which O(source.adapter.name) or O(source.adapter.parentaddr) names.
              fc_host: A virtual port of a Fibre Channel adapter, which O(source.adapter.wwnn) and
                O(source.adapter.wwpn) name.
          name:
            description: The node's name for it, like V(scsi_host2). It can change when the node starts.
            type: str
          parentaddr:
            description: Where the adapter is plugged in, which stays the same.
            type: dict
            suboptions:
              unique_id:
                description: Which one of the adapters at this address it is. See its file C(unique_id) below
                  C(/sys/class/scsi_host).
                type: int
              address:
                description: The PCI address, like V(0000:00:1f.2).
                type: str
          wwnn:
            description: The world wide node name of the virtual port.
            type: str
          wwpn:
            description: The world wide port name of the virtual port.
            type: str
          parent:
            description: The adapter on which to make the virtual port if it is not there, like V(scsi_host3).
            type: str
          parent_wwnn:
            description: The world wide node name of that adapter, which stays the same, together with
              O(source.adapter.parent_wwpn).
            type: str
          parent_wwpn:
            description: The world wide port name of that adapter, together with O(source.adapter.parent_wwnn).
            type: str
          parent_fabric_wwn:
            description: The fabric that the adapter has to be connected to.
            type: str
          managed:
            description: Whether a virtual port that was made for the pool goes when the pool is stopped.
            type: bool
      initiator:
        description: The qualified name by which the node logs in to an iSCSI target. The type V(iscsi-direct) needs it.
          For V(iscsi), by default the node's own.
        type: str
      auth:
        description: How the node proves who it is.
        type: dict
        suboptions:
          type:
            description: The protocol.
            type: str
            required: true
            choices:
              ceph: That of Ceph, for V(rbd).
              chap: That of iSCSI, for V(iscsi) and V(iscsi-direct).
          username:
            description: The name of the user.
            type: str
            required: true
          secret:
            description: The secret of the hypervisor that holds the password or key. It is named by its UUID or by its
              usage.
            type: dict
            suboptions:
              uuid:
                description: The UUID of the secret.
                type: str
              usage:
                description: What the secret is for, as its own document says.
                type: str
      protocol_ver:
        description: The version of NFS to mount with, like V('4.2').
        type: str
      vendor:
        description: The vendor of the storage. libvirt keeps it, and makes nothing of it.
        type: str
      product:
        description: The product that the storage is. libvirt keeps it, and makes nothing of it.
        type: str
  target:
    description: Where the pool is on the node.
    type: dict
    suboptions:
      path:
        description:
          - The absolute path of the folder. The types V(dir), V(fs), V(netfs), V(disk), V(iscsi), V(scsi), V(mpath) and
            V(vstorage) need it. No two pools of files can have the same.
          - For V(disk), where the devices of partitions are, which is V(/dev). For V(iscsi) and V(scsi), where the
            names of devices are that the volumes are known by, best V(/dev/disk/by-path).
          - For V(logical) and V(zfs) it follows from O(source.name).
        type: str
      permissions:
        description:
          - Who may do what with the folder. It is set when the folder is made and whenever a pool of the type V(dir) is
            started, and not while the pool is active. RV(pending) says so, and O(restart=if_needed) does it.
          - What is mounted (V(fs), V(netfs)) has permissions of its own, which libvirt does not change. RV(pending)
            says so.
        type: dict
        suboptions:
          mode:
            description: The rights of owner, group and others, as octal digits in quotes, like V('0711').
            type: raw
          owner:
            description: The number of the user.
            type: int
          group:
            description: The number of the group.
            type: int
          label:
            description: The label that SELinux knows the folder by. libvirt says which one it has, and does not change
              it.
            type: str
  features:
    description: What is special about the folder.
    type: dict
    suboptions:
      cow:
        description: Whether files in it are copied when they are written to, on Btrfs. Only for V(dir) and V(fs). It is
          set when the folder is made.
        type: bool
  refresh:
    description: How the pool is looked through when it starts.
    type: dict
    suboptions:
      volume:
        description: How its volumes are measured.
        type: dict
        suboptions:
          allocation:
            description: What counts as allocated. Only for V(rbd).
            type: str
            choices:
              default: What a volume really takes, which can take long to find out.
              capacity: All of its capacity.
  mount_opts:
    description:
      - Options to mount with, like V(noatime), for V(fs) and V(netfs). They are the whole list.
      - libvirt does not promise that a pool with them works in later releases.
    type: list
    elements: str
  config_opts:
    description:
      - Settings of the Ceph client, for V(rbd). They are the whole list.
      - libvirt does not promise that a pool with them works in later releases.
    type: list
    elements: dict
    suboptions:
      name:
        description: The setting, like V(client_mount_timeout).
        type: str
        required: true
      value:
        description: Its value.
        type: str
        required: true
"""
