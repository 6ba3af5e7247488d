#!/usr/bin/python
# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: network_info
short_description: Read virtual networks
version_added: 0.1.0
description:
  - Returns the virtual networks of a node, all of them or those that are asked for, and about each only what is asked
    for.
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
      - Names of networks, or patterns as the shell knows them, like V(lab*).
      - A name that does not exist is no error. The list that is returned does not have it.
    type: list
    elements: str
  states:
    description: Only networks that are in one of these states.
    type: list
    elements: str
    choices: [active, inactive]
  tags:
    description: Only networks that have all of these tags. See the option O(stratum.virt.network#module:tags).
    type: list
    elements: str
  gather:
    description: What to return of each network beyond its name, UUID and state.
    type: list
    elements: str
    choices:
      spec: The options of M(stratum.virt.network) that would make this network.
      xml: The document for the next start.
      leases: The addresses that its DHCP server gave away.
      domains: The running domains that are connected to it.
seealso:
  - module: stratum.virt.network
"""

EXAMPLES = r"""
- name: Read the names and states of all networks
  stratum.virt.network_info:
  register: all

- name: Read which addresses were given away, and to whom
  stratum.virt.network_info:
    name: lab
    gather: [leases, domains]
  register: lab

- name: Show the address of one guest
  ansible.builtin.debug:
    msg: "{{ lab.networks[0].leases | selectattr('hostname', 'eq', 'web1') | map(attribute='address') }}"

- name: Read what the active networks are made of
  stratum.virt.network_info:
    states: [active]
    gather: [spec]
  register: active
"""

RETURN = r"""
uri:
  description: The connection that was used.
  type: str
  returned: success
  sample: qemu:///system
networks:
  description: The networks, sorted by name.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Its name.
      type: str
      returned: always
      sample: lab
    uuid:
      description: Its UUID.
      type: str
      returned: always
      sample: 1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed
    state:
      description: V(active) or V(inactive).
      type: str
      returned: always
      sample: active
    persistent:
      description: Whether it has a configuration that outlives its running instance.
      type: bool
      returned: always
    autostart:
      description: Whether it starts with the node.
      type: bool
      returned: always
    spec:
      description: The options of M(stratum.virt.network) that would make this network.
      type: dict
      returned: when O(gather) has V(spec)
      sample: {name: lab, forward: {mode: nat}, ip: [{address: 192.168.110.1, prefix: 24}]}
    xml:
      description: Its document.
      type: str
      returned: when O(gather) has V(xml)
    leases:
      description: The addresses that its DHCP server gave away. Empty for a network that is not active.
      type: list
      elements: dict
      returned: when O(gather) has V(leases)
      contains:
        mac:
          description: The MAC address of the guest.
          type: str
          returned: always
          sample: "52:54:00:12:34:56"
        family:
          description: V(ipv4) or V(ipv6).
          type: str
          returned: always
        address:
          description: The address.
          type: str
          returned: always
          sample: 192.168.110.10
        prefix:
          description: The length of the network's prefix in bits, where it is known.
          type: int
          returned: always
        hostname:
          description: The name that the guest sent, if it did. Nobody has checked it.
          type: str
          returned: always
        client_id:
          description: The identifier that the guest sent, if it did.
          type: str
          returned: always
        expires:
          description: When the lease ends, in seconds since 1970. 0 when it never does.
          type: int
          returned: always
    domains:
      description: The running domains that are connected to it. Empty for a network that is not active.
      type: list
      elements: dict
      returned: when O(gather) has V(domains)
      contains:
        name:
          description: The name of the domain.
          type: str
          returned: always
          sample: web1
        uuid:
          description: Its UUID.
          type: str
          returned: always
        mac:
          description: The MAC address of its interface.
          type: str
          returned: always
        target:
          description: The name of the node's end of the interface, like V(vnet0). Only of domains of the hypervisor
            that O(uri) names.
          type: str
          returned: always
"""

from ..module_utils._module import run
from ..module_utils._task.network_info import argument_spec, work


def main() -> None:
    run(work, argument_spec)


if __name__ == "__main__":
    main()
