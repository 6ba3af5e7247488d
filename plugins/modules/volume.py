#!/usr/bin/python
# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: volume
short_description: Manage a storage volume (the disk of a virtual machine)
version_added: 0.1.0
description:
  - Makes a volume of a storage pool what the task says, and leaves alone what the task does not say. What the
    hypervisor filled in by itself is never a difference.
  - A volume grows in place. If running domains use it, they see its new size at once.
  - What cannot be changed of a volume (its format, what it is built on) is an error that says what it is and what is
    wanted. Nothing is ever made anew, cut off or overwritten, unless O(replace), O(allow_shrink) or O(force) says so.
  - A volume that gets content from a O(source) has its name only when it is complete.
  - The options have the names and the nesting of libvirt's volume document, see
    U(https://libvirt.org/formatstorage.html#storage-volume-xml).
author:
  - The stratum.virt authors (@stratum-virt)
extends_documentation_fragment:
  - stratum.virt._connection
  - stratum.virt._attributes
  - stratum.virt._attributes.virt
  - stratum.virt._volume
  - stratum.virt._volume_content
attributes:
  check_mode:
    support: full
    details:
      - If a file of this name came into the pool or went by another way, the hypervisor is asked to look through the
        pool again, in check mode, too.
  diff_mode:
    support: full
  idempotent:
    support: full
    details:
      - With O(replace=true), a volume whose content nobody knows the origin of is replaced. On storage that keeps no
        notes about volumes (other than files), this happens each time.
options:
  pool:
    description:
      - The name of the storage pool that it is in. The pool must be active.
      - With O(state=absent), a pool that does not exist is no error.
    type: str
    required: true
  name:
    description:
      - Its name, by which the task finds it, in most pools that of its file.
      - It has no slash and at most 255 bytes.
    type: str
    required: true
  state:
    description:
      - V(present) creates the volume if it does not exist, and changes it otherwise.
      - V(absent) deletes the volume with what is in it. That is refused if a domain uses it, running or not, or if
        another volume is built on it. See O(force).
    type: str
    choices: [present, absent]
    default: present
  preallocate_metadata:
    description:
      - Whether a new and empty qcow2 volume gets all of its tables at once, which makes first writes faster. An
        existing one is not compared with it.
    type: bool
    default: false
  replace:
    description:
      - Whether a volume that has other content than O(source) or O(cloud_init) is to be made anew. What is in it is
        lost then.
      - It also lets what cannot be changed, like O(format), become as wanted.
      - A volume that a running or saved domain uses, or that another one is built on, is never replaced. That is looked
        at again when the new content is there.
    type: bool
    default: false
  allow_shrink:
    description:
      - Whether what is beyond a smaller O(capacity) may be cut off.
      - A volume that a running or saved domain uses, or that another one is built on, is never shrunk.
    type: bool
    default: false
  force:
    description:
      - Whether O(state=absent) deletes the volume although it is in use.
      - It also lets O(download) read a volume that a running domain writes to.
    type: bool
    default: false
  wipe:
    description:
      - How to overwrite the content before the volume is deleted by O(state=absent). By default it is not overwritten.
      - V(zero) writes zeros, V(trim) discards, and the others write patterns, several times, see
        U(https://libvirt.org/manpages/virsh.html#vol-wipe). Some need the program C(scrub) on the node.
      - A file is overwritten where it is. On storage that writes to other places (copy on write, flash), old content
        can survive that.
    type: str
    choices: [zero, nnsa, dod, bsi, gutmann, schneier, pfitzner7, pfitzner33, random, trim]
seealso:
  - module: stratum.virt.volume_info
  - module: stratum.virt.domain
"""

EXAMPLES = r"""
- name: An empty disk
  stratum.virt.volume:
    pool: default
    name: web1-data.qcow2
    format: qcow2
    capacity: 20GiB

- name: Let it grow, whether its domain runs or not
  stratum.virt.volume:
    pool: default
    name: web1-data.qcow2
    capacity: 30GiB

- name: A sparse raw disk that a certain user owns
  stratum.virt.volume:
    pool: default
    name: scratch.img
    capacity: 100GiB
    allocation: 0
    permissions:
      mode: "0640"
      owner: 107
      group: 107

- name: An image from the web, which has its name only when it is complete and its checksum is right
  stratum.virt.volume:
    pool: default
    name: debian-12.qcow2
    source:
      url: https://images.example.org/debian-12-genericcloud-amd64.qcow2
      checksum: "{{ debian_checksum }}"

- name: A disk that holds only what differs from an image
  stratum.virt.volume:
    pool: default
    name: web1.qcow2
    format: qcow2
    capacity: 20GiB
    backing:
      volume: debian-12.qcow2

- name: What cloud-init does at the first start of its domain
  stratum.virt.volume:
    pool: default
    name: web1-seed.iso
    cloud_init:
      user_data:
        hostname: web1
        ssh_authorized_keys: ["{{ my_key }}"]

- name: A disk with an image of the controller in it, converted and larger
  stratum.virt.volume:
    pool: default
    name: appliance.qcow2
    format: qcow2
    capacity: 40GiB
    source:
      file: appliance.img

- name: A copy of another disk
  stratum.virt.volume:
    pool: default
    name: web2.qcow2
    source:
      volume: web1.qcow2

- name: An encrypted disk
  stratum.virt.volume:
    pool: default
    name: private.img
    capacity: 8GiB
    encryption:
      format: luks
      secret_uuid: f52a81b2-424e-490c-823d-6bd4235bc572

- name: A disk with other qcow2 features
  stratum.virt.volume:
    pool: default
    name: db1.qcow2
    format: qcow2
    capacity: 200GiB
    compat: "1.1"
    cluster_size: 128KiB
    extended_l2: true

- name: Cut off the end of a disk
  stratum.virt.volume:
    pool: default
    name: web1-data.qcow2
    capacity: 10GiB
    allow_shrink: true

- name: Save the content of a disk on the node
  stratum.virt.volume:
    pool: default
    name: web1-data.qcow2
    download:
      path: /var/backups/web1-data.qcow2

- name: Overwrite a disk and delete it
  stratum.virt.volume:
    pool: default
    name: private.img
    state: absent
    wipe: zero
"""

RETURN = r"""
uri:
  description: The connection that was used.
  type: str
  returned: success
  sample: qemu:///system
actions:
  description: What was done, or would be done in check mode, in order.
  type: list
  elements: str
  returned: always
  sample: [create]
pending:
  description: What could not take effect yet. The size of a volume that a running domain only reads, for example.
  type: list
  elements: dict
  returned: success
  contains:
    field:
      description: The option.
      type: str
      returned: always
      sample: capacity
    reason:
      description: What it waits for.
      type: str
      returned: always
      sample: web1 only reads it, as sda, and sees it at its next start
restart_required:
  description: Whether anything is in RV(pending).
  type: bool
  returned: success
content_needed:
  description: Whether the content of O(source) or O(cloud_init) was, or would be in check mode, brought to the storage.
  type: bool
  returned: success and O(source) or O(cloud_init) is given
volume:
  description: The volume as it is now, in check mode as it would be.
  type: dict
  returned: success
  contains:
    name:
      description: Its name.
      type: str
      returned: always
      sample: web1.qcow2
    pool:
      description: The pool that it is in.
      type: str
      returned: always
      sample: default
    state:
      description: V(present) or V(absent).
      type: str
      returned: always
      sample: present
    key:
      description: What names it on the whole node.
      type: str
      returned: when the volume exists
      sample: /var/lib/libvirt/images/web1.qcow2
    type:
      description: What it is to the node, V(file), V(block), V(dir), V(network) or V(netdir).
      type: str
      returned: when the volume exists
      sample: file
    path:
      description: Where it is.
      type: str
      returned: when the volume exists
      sample: /var/lib/libvirt/images/web1.qcow2
    format:
      description: The format of its content.
      type: str
      returned: when it has one
      sample: qcow2
    backing_path:
      description: The image that it is built on.
      type: str
      returned: when it is built on one
      sample: /var/lib/libvirt/images/debian-12.qcow2
    capacity:
      description: How much it holds, in bytes.
      type: int
      returned: when it is known
      sample: 21474836480
    allocation:
      description: How much space it takes, in bytes.
      type: int
      returned: when the volume exists
      sample: 200704
    physical:
      description: How long its file is, in bytes.
      type: int
      returned: when the hypervisor says it
      sample: 196616
    spec:
      description: The options that would make this volume, apart from its content.
      type: dict
      returned: when O(state=present)
      sample: {pool: default, name: web1.qcow2, capacity: 20GiB, format: qcow2}
    xml:
      description: Its document.
      type: str
      returned: when O(state=present)
"""

from ..module_utils._module import run
from ..module_utils._task.volume import argument_spec, work


def main() -> None:
    run(work, argument_spec)


if __name__ == "__main__":
    main()
