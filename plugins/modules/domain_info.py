#!/usr/bin/python
# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: domain_info
short_description: Read domains (virtual machines and containers)
version_added: 0.1.0
description:
  - Returns the domains of a node, all of them or those that are asked for, and about each only what is asked for.
  - However many domains there are, they are read together. A thousand take a few round trips to the hypervisor.
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
      - Names of domains, or patterns as the shell knows them, like V(web*).
      - A name that does not exist is no error. The list that is returned does not have it.
    type: list
    elements: str
  states:
    description: Only domains that are in one of these states.
    type: list
    elements: str
    choices: [running, paused, stopped, saved, suspended, crashed, shutting down]
  tags:
    description: Only domains that have all of these tags. See the option O(stratum.virt.domain#module:tags).
    type: list
    elements: str
  gather:
    description: What to return of each domain beyond its name, UUID and state.
    type: list
    elements: str
    choices:
      spec: The options of M(stratum.virt.domain) that would make this domain.
      xml: The document for the next start, without passwords.
      addresses: The addresses of running guests, from DHCP leases, guest agents and ARP.
      stats: The statistics that the hypervisor keeps.
seealso:
  - module: stratum.virt.domain
"""

EXAMPLES = r"""
- name: Read the names and states of all domains
  stratum.virt.domain_info:
  register: all

- name: Show what runs
  ansible.builtin.debug:
    msg: "{{ all.domains | selectattr('state', 'eq', 'running') | map(attribute='name') }}"

- name: Read the running web servers with their addresses
  stratum.virt.domain_info:
    name: web*
    states: [running]
    gather: [addresses]

- name: Read what one domain is made of
  stratum.virt.domain_info:
    name: web1
    gather: [spec]
  register: web1
"""

RETURN = r"""
uri:
  description: The connection that was used.
  type: str
  returned: success
  sample: qemu:///system
domains:
  description: The domains, sorted by name.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Its name.
      type: str
      returned: always
      sample: web1
    uuid:
      description: Its UUID.
      type: str
      returned: always
      sample: 1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed
    state:
      description:
        - What it is doing.
        - V(saved) is a domain that does not run, whose memory waits in an image and is restored at the next start.
      type: str
      returned: always
      sample: running
    reason:
      description: Why it is in that state, in the hypervisor's words.
      type: str
      returned: always
      sample: booted
    persistent:
      description: Whether it has a configuration that outlives its running instance.
      type: bool
      returned: always
    autostart:
      description: Whether it starts with the node.
      type: bool
      returned: always
    spec:
      description: The options of M(stratum.virt.domain) that would make this domain, without passwords.
      type: dict
      returned: when O(gather) has V(spec)
      sample: {name: web1, memory: 2GiB, vcpus: 2}
    xml:
      description: Its document, without passwords.
      type: str
      returned: when O(gather) has V(xml)
    addresses:
      description: The addresses of its interfaces. Empty for a domain that does not run.
      type: list
      elements: dict
      returned: when O(gather) has V(addresses)
      contains:
        interface:
          description: The name of the interface, the node's (V(vnet0)) from leases and ARP, the guest's from its agent.
          type: str
          returned: always
        mac:
          description: The MAC address.
          type: str
          returned: always
        family:
          description: V(ipv4) or V(ipv6).
          type: str
          returned: always
        address:
          description: The address.
          type: str
          returned: always
        prefix:
          description: The length of the network's prefix in bits, where it is known.
          type: int
          returned: always
        source:
          description: Who knows it, V(lease), V(agent) or V(arp).
          type: str
          returned: always
    stats:
      description:
        - Statistics in libvirt's dotted keys.
        - See U(https://libvirt.org/manpages/virsh.html#domstats).
      type: dict
      returned: when O(gather) has V(stats)
      sample: {"state.state": 1, "balloon.current": 2097152}
"""

from ..module_utils._module import run
from ..module_utils._task.domain_info import argument_spec, work


def main() -> None:
    run(work, argument_spec)


if __name__ == "__main__":
    main()
