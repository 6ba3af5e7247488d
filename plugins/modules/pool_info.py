#!/usr/bin/python
# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pool_info
short_description: Read storage pools
version_added: 0.1.0
description:
  - Returns the storage pools of a node, all of them or those that are asked for, and about each only what is asked for.
  - However many pools and volumes there are, they are read together, in a few round trips to the hypervisor.
author:
  - The stratum.virt authors (@stratum-virt)
extends_documentation_fragment:
  - stratum.virt._connection
  - stratum.virt._attributes
  - stratum.virt._attributes.virt
  - stratum.virt._attributes.info_module
options:
  name:
    description:
      - Names of pools, or patterns as the shell knows them, like V(images*).
      - A name that does not exist is no error. The list that is returned does not have it.
    type: list
    elements: str
  states:
    description: Only pools that are in one of these states.
    type: list
    elements: str
    choices: [active, inactive, building, degraded, inaccessible]
  gather:
    description: What to return of each pool beyond its name, UUID, state and sizes.
    type: list
    elements: str
    choices:
      spec: The options of M(stratum.virt.pool) that would make this pool.
      xml: The document for the next start, without the sizes.
      volumes: The volumes in it. See M(stratum.virt.volume_info) for more about them.
seealso:
  - module: stratum.virt.pool
  - module: stratum.virt.volume_info
"""

EXAMPLES = r"""
- name: Read the names, states and sizes of all pools
  stratum.virt.pool_info:
  register: all

- name: Show which of them are nearly full
  ansible.builtin.debug:
    msg: "{{ item.name }} has {{ item.available }} bytes left"
  loop: "{{ all.pools | selectattr('state', 'eq', 'active') }}"
  when: item.available < item.capacity * 0.1

- name: Read what is in one pool
  stratum.virt.pool_info:
    name: images
    gather: [spec, volumes]
  register: images
"""

RETURN = r"""
uri:
  description: The connection that was used.
  type: str
  returned: success
  sample: qemu:///system
pools:
  description: The pools, sorted by name.
  type: list
  elements: dict
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
      returned: always
      sample: 1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed
    state:
      description: One of V(active), V(inactive), V(building), V(degraded) and V(inaccessible).
      type: str
      returned: always
      sample: active
    persistent:
      description: Whether it has a configuration that outlives its being active.
      type: bool
      returned: always
    autostart:
      description: Whether it starts with the node.
      type: bool
      returned: always
    capacity:
      description: How many bytes there are. V(0) while it is not active.
      type: int
      returned: always
      sample: 107374182400
    allocation:
      description: How many of them are taken.
      type: int
      returned: always
      sample: 21474836480
    available:
      description: How many of them are free.
      type: int
      returned: always
      sample: 85899345920
    spec:
      description: The options of M(stratum.virt.pool) that would make this pool.
      type: dict
      returned: when O(gather) has V(spec)
      sample: {name: images, type: dir, target: {path: /srv/images}}
    xml:
      description: Its document, without the sizes.
      type: str
      returned: when O(gather) has V(xml)
    volumes:
      description: The volumes, sorted by name. Empty for a pool that is not active.
      type: list
      elements: dict
      returned: when O(gather) has V(volumes)
      contains:
        name:
          description: Its name.
          type: str
          returned: always
          sample: web1.qcow2
        path:
          description: Where it is on the node, or what it is called there.
          type: str
          returned: always
          sample: /srv/images/web1.qcow2
        capacity:
          description: How many bytes a guest sees.
          type: int
          returned: always
          sample: 21474836480
        allocation:
          description: How many bytes it takes.
          type: int
          returned: always
          sample: 196608
        format:
          description: Its format.
          type: str
          returned: when it has one
          sample: qcow2
"""

from ..module_utils._module import run
from ..module_utils._task.pool_info import argument_spec, work


def main() -> None:
    run(work, argument_spec)


if __name__ == "__main__":
    main()
