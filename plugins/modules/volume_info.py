#!/usr/bin/python
# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: volume_info
short_description: Read storage volumes
version_added: 0.1.0
description:
  - Returns the volumes of a node's active pools, all of them or those that are asked for, and about each only what is
    asked for.
  - However many volumes there are, they are read together.
  - It says what the hypervisor knows. Files that came into a pool by other ways are known once the pool is refreshed.
author:
  - The stratum.virt authors (@stratum-virt)
extends_documentation_fragment:
  - stratum.virt._connection
  - stratum.virt._attributes
  - stratum.virt._attributes.virt
  - stratum.virt._attributes.info_module
options:
  pool:
    description:
      - Names of pools, or patterns as the shell knows them, like V(ssd*). By default all.
      - A pool that does not exist or is not active is no error. The list that is returned has no volumes of it.
    type: list
    elements: str
  name:
    description:
      - Names of volumes, or patterns as the shell knows them, like V(*.qcow2). By default all.
      - A name that does not exist is no error. The list that is returned does not have it.
    type: list
    elements: str
  gather:
    description: What to return of each volume beyond its name, path, format and sizes.
    type: list
    elements: str
    choices:
      spec: The options of M(stratum.virt.volume) that would make this volume, apart from its content.
      xml: Its document.
      domains: The domains that use it, as a disk or below one. All domains are read for that.
      content: Where its content came from, if M(stratum.virt.volume) brought it.
seealso:
  - module: stratum.virt.volume
"""

EXAMPLES = r"""
- name: Read all volumes of all active pools
  stratum.virt.volume_info:
  register: all

- name: Show what takes the most space
  ansible.builtin.debug:
    msg: "{{ (all.volumes | sort(attribute='allocation', reverse=true))[:5] | map(attribute='path') }}"

- name: Read the images of one pool, and who uses them
  stratum.virt.volume_info:
    pool: default
    name: "*.qcow2"
    gather: [domains]
  register: images

- name: Show the ones that nobody uses
  ansible.builtin.debug:
    msg: "{{ images.volumes | rejectattr('domains') | map(attribute='name') }}"

- name: Read what one volume is made of
  stratum.virt.volume_info:
    pool: default
    name: web1.qcow2
    gather: [spec]
  register: web1
"""

RETURN = r"""
uri:
  description: The connection that was used.
  type: str
  returned: success
  sample: qemu:///system
volumes:
  description: The volumes, sorted by pool and name.
  type: list
  elements: dict
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
      description: V(present).
      type: str
      returned: always
      sample: present
    key:
      description: What names it on the whole node.
      type: str
      returned: always
      sample: /var/lib/libvirt/images/web1.qcow2
    type:
      description: What it is to the node, V(file), V(block), V(dir), V(network) or V(netdir).
      type: str
      returned: always
      sample: file
    path:
      description: Where it is.
      type: str
      returned: always
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
      returned: always
      sample: 21474836480
    allocation:
      description: How much space it takes, in bytes.
      type: int
      returned: always
      sample: 200704
    physical:
      description: How long its file is, in bytes.
      type: int
      returned: when the hypervisor says it
      sample: 196616
    spec:
      description: The options of M(stratum.virt.volume) that would make this volume, apart from its content.
      type: dict
      returned: when O(gather) has V(spec)
      sample: {pool: default, name: web1.qcow2, capacity: 20GiB, format: qcow2}
    xml:
      description: Its document.
      type: str
      returned: when O(gather) has V(xml)
    domains:
      description: The domains that use it.
      type: list
      elements: dict
      returned: when O(gather) has V(domains)
      contains:
        name:
          description: The name of the domain.
          type: str
          returned: always
          sample: web1
        how:
          description: What the volume is to it, like V(a disk), V(a backing file) or V(the kernel).
          type: str
          returned: always
          sample: a disk
        target:
          description: The target of the disk, where it is one.
          type: str
          returned: always
          sample: vda
        running:
          description: Whether the domain runs and uses it now.
          type: bool
          returned: always
    content:
      description: Where its content came from, in words. Empty if nobody knows.
      type: str
      returned: when O(gather) has V(content)
      sample: https://example.com/debian-12.qcow2
"""

from ..module_utils._module import run
from ..module_utils._task.volume_info import argument_spec, work


def main() -> None:
    run(work, argument_spec)


if __name__ == "__main__":
    main()
