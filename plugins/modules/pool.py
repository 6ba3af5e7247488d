#!/usr/bin/python
# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pool
short_description: Manage a storage pool
version_added: 0.1.0
description:
  - Makes a storage pool what the task says, and leaves alone what the task does not say. What the hypervisor filled in
    by itself is never a difference.
  - A pool is storage that the hypervisor manages as a whole, like a folder, a volume group, or a share of another host.
    What it holds are its volumes. See M(stratum.virt.volume).
  - libvirt cannot change an active pool. A change is written to its configuration and returned in RV(pending). With
    O(restart=if_needed), the pool is stopped and started, if no running domain would lose its storage by that.
  - The options have the names and the nesting of libvirt's document, see
    U(https://libvirt.org/formatstorage.html#storage-pool-xml). What has no option is within reach of O(xml).
author:
  - The stratum.virt authors (@stratum-virt)
extends_documentation_fragment:
  - stratum.virt._connection
  - stratum.virt._attributes
  - stratum.virt._attributes.virt
  - stratum.virt._pool
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  name:
    description:
      - Its name, by which the task finds it. It may also be in O(xml), and is the same there.
      - It has no slash and at most 255 bytes, and cannot be changed.
    type: str
  state:
    description:
      - V(present), V(active) and V(inactive) define the pool if it does not exist.
      - V(present) leaves its state alone.
      - V(active) makes the storage if it is not there yet, and starts the pool.
      - "What is made is the folder, the file system on a device, the partition table of a disk, the volume group or the
        ZFS pool. It is made only on devices on which nothing is. For other ones, see O(overwrite)."
      - V(inactive) stops it.
      - V(absent) stops it and removes its configuration. Its storage stays, with everything in it, unless
        O(delete_storage=true).
    type: str
    choices: [present, active, inactive, absent]
    default: present
  restart:
    description:
      - What to do if an active pool is not as its configuration says.
      - With V(never), the configuration takes effect at the next start, and RV(pending) names what waits.
      - With V(if_needed), the pool is stopped and started again. Storage that is not there yet is made, as with
        O(state=active).
    type: str
    choices: [never, if_needed]
    default: never
  overwrite:
    description:
      - Whether to make the storage on devices that have something else on them, which is lost.
      - What is there and as wanted already is never made anew. For a format of which that is not known, it is refused.
      - A device that the node or a domain works with is refused whatever this says.
      - Only the types V(fs), V(disk) and V(logical) have it. A ZFS pool is only made of devices on which nothing is.
    type: bool
    default: false
  force:
    description:
      - Whether to stop a pool although running domains use its volumes.
      - Without it, that is an error for the types whose storage leaves the node when they are stopped, which are V(fs),
        V(netfs), V(logical), V(iscsi), V(scsi) and V(vstorage). The hypervisor may still refuse it.
    type: bool
    default: false
  delete_storage:
    description:
      - Whether to delete the storage with O(state=absent), all of the pool's volumes and what they are in. In check
        mode and in the diff, every one of them is named.
      - What is not a volume of the pool is never deleted. A folder or a volume group that is not empty after that is an
        error. A ZFS pool stays, because libvirt would destroy it with all file systems that are in it.
      - It is refused while a domain uses one of the volumes, whether it runs or not, while the node itself works with
        one, and while a volume of another pool is built on one.
      - The pool must be active, for what is in it is not known otherwise.
      - The volumes of V(iscsi), V(iscsi-direct), V(scsi) and V(mpath) cannot be deleted.
    type: bool
    default: false
  autostart:
    description: Whether the pool starts with the node. It holds beside every state but V(absent).
    type: bool
  xml:
    description:
      - A whole pool document, or a part of one. It is merged into the pool's document, and compared as a part. What it
        does not say is left alone. The sizes in it, which are what libvirt has measured, do not count.
      - Where an option says the same thing otherwise, the option wins.
    type: str
notes:
  - On real nodes, the types V(dir), V(fs), V(netfs), V(disk), V(logical) and V(iscsi-direct) are tested. The documents
    of all types are tested against libvirt's own schema.
seealso:
  - module: stratum.virt.pool_info
  - module: stratum.virt.volume
"""

EXAMPLES = r"""
- name: A folder for images
  stratum.virt.pool:
    name: images
    type: dir
    target:
      path: /srv/images
      permissions:
        mode: '0711'
    state: active
    autostart: true

- name: A file system on a disk, which is made if the disk is blank
  stratum.virt.pool:
    name: data
    type: fs
    source:
      devices:
        - path: /dev/disk/by-id/scsi-35000c500a0b1c2d3
      format: xfs
    target:
      path: /srv/data
    state: active

- name: The same on a disk whose content is not needed any more
  stratum.virt.pool:
    name: data
    type: fs
    source:
      devices:
        - path: /dev/disk/by-id/scsi-35000c500a0b1c2d3
      format: xfs
    target:
      path: /srv/data
    state: active
    overwrite: true

- name: A volume group on two disks
  stratum.virt.pool:
    name: fast
    type: logical
    source:
      name: vg_fast
      devices:
        - path: /dev/nvme0n1
        - path: /dev/nvme1n1
    state: active

- name: A share of a file server
  stratum.virt.pool:
    name: shared
    type: netfs
    source:
      hosts:
        - name: nas.example.org
      dir: /export/images
      format: nfs
      protocol_ver: '4.2'
    target:
      path: /srv/shared
    mount_opts: [noatime]
    state: active
    autostart: true

- name: An iSCSI target, with a password that the hypervisor keeps
  stratum.virt.pool:
    name: san
    type: iscsi
    source:
      hosts:
        - name: san.example.org
      devices:
        - path: iqn.2026-01.org.example:storage
      auth:
        type: chap
        username: node1
        secret:
          usage: san
    target:
      path: /dev/disk/by-path
    state: active

- name: A pool of a Ceph cluster
  stratum.virt.pool:
    name: ceph
    type: rbd
    source:
      name: libvirt-pool
      hosts:
        - name: mon1.example.org
        - name: mon2.example.org
          port: 3300
      auth:
        type: ceph
        username: libvirt
        secret:
          uuid: 2ec115d7-3a88-3ceb-bc12-0ac909a6fd87
    state: active

- name: Mount the share with other options, if no running domain uses it
  stratum.virt.pool:
    name: shared
    mount_opts: [noatime, nosuid]
    restart: if_needed

- name: Forget the pool, and leave its files alone
  stratum.virt.pool:
    name: images
    state: absent

- name: Forget the pool, and delete all that is in it
  stratum.virt.pool:
    name: fast
    state: absent
    delete_storage: true

- name: Define a pool from libvirt's own document
  stratum.virt.pool:
    xml: "{{ lookup('ansible.builtin.file', 'images.xml') }}"
    state: active
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
  sample: [define, make the folder /srv/images, start, switch autostart on]
pending:
  description: Fields that the active pool does not have yet.
  type: list
  elements: dict
  returned: success
  contains:
    field:
      description: The option.
      type: str
      returned: always
      sample: mount_opts
    reason:
      description: Why, and what it waits for.
      type: str
      returned: always
      sample: takes effect at the next start
restart_required:
  description: Whether stopping and starting the pool would make the fields in RV(pending) take effect.
  type: bool
  returned: success
pool:
  description: The pool as it is now. In check mode, as it would be.
  type: dict
  returned: success
  contains:
    name:
      description: Its name.
      type: str
      returned: always
      sample: images
    uuid:
      description: Its UUID.
      type: str
      returned: when it exists
      sample: 1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed
    state:
      description:
        - One of V(active), V(inactive), V(building), V(degraded), V(inaccessible) and V(absent).
      type: str
      returned: always
      sample: active
    persistent:
      description: Whether it has a configuration that outlives its being active.
      type: bool
      returned: when it exists
    autostart:
      description: Whether it starts with the node.
      type: bool
      returned: when it exists
    capacity:
      description: How many bytes there are. V(0) while it is not active.
      type: int
      returned: when it exists
      sample: 107374182400
    allocation:
      description: How many of them are taken.
      type: int
      returned: when it exists
      sample: 21474836480
    available:
      description: How many of them are free.
      type: int
      returned: when it exists
      sample: 85899345920
    spec:
      description: The options of this module that would make this pool.
      type: dict
      returned: when it exists
      sample: {name: images, type: dir, target: {path: /srv/images}}
    xml:
      description: Its document for the next start, without the sizes.
      type: str
      returned: when it exists
"""

from ..module_utils._module import run
from ..module_utils._task.pool import argument_spec, work


def main() -> None:
    run(work, argument_spec, required_one_of=[("name", "xml")])


if __name__ == "__main__":
    main()
