#!/usr/bin/python
# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: network
short_description: Manage a virtual network
version_added: 0.1.0
description:
  - Makes a virtual network what the task says, and leaves alone what the task does not say. What the hypervisor filled
    in by itself is never a difference.
  - An active network is changed at once where the hypervisor can do that, and its configuration with it. What cannot be
    is written to the configuration and returned in RV(pending). A restart happens only with O(restart=if_needed), and
    connects the running domains again.
  - Addresses that overlap what the node has already, in another active network or by one of its routes, are an error
    before anything is changed.
  - The options have the names and the nesting of libvirt's network document, see
    U(https://libvirt.org/formatnetwork.html). What has no option is within reach of O(xml).
author:
  - The stratum.virt authors (@stratum-virt)
extends_documentation_fragment:
  - stratum.virt._connection
  - stratum.virt._attributes
  - stratum.virt._attributes.virt
  - stratum.virt._network
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
      - V(present), V(active) and V(inactive) define the network if it does not exist.
      - V(present) leaves its state alone.
      - V(active) starts it.
      - V(inactive) stops it.
      - V(absent) stops it and removes its configuration.
      - Stopping a network to which running domains are connected is an error without O(force=true).
    type: str
    choices: [present, active, inactive, absent]
    default: present
  restart:
    description:
      - What to do if a change cannot be made while the network is active.
      - With V(never), it takes effect when the network is started again, and RV(pending) names it.
      - With V(if_needed), the network is stopped and started, and the interfaces of running domains are connected to it
        again. Guests miss packets for a moment, and keep their addresses and connections.
      - If something is connected that cannot be connected again (a container, or a domain of another hypervisor), that
        is an error before anything is changed, without O(force=true).
      - A direct connection to an interface of the node, or a virtual function, stays what it is until its domain starts
        anew. A warning names these domains.
    type: str
    choices: [never, if_needed]
    default: never
  force:
    description: Whether to stop or restart the network although running domains lose their connection by that. A
      warning names them.
    type: bool
    default: false
  autostart:
    description: Whether the network starts with the node. It holds beside every state but V(absent).
    type: bool
  exclusive:
    description:
      - Lists whose entries must be named by the task to stay. An entry of another list that the task does not name is
        left alone.
      - The task must state these lists. An empty one takes away all that is there.
    type: list
    elements: str
    choices:
      - dns.txt
      - dns.srv
      - dns.hosts
      - portgroups
      - ip
      - ip.dhcp.ranges
      - ip.dhcp.hosts
      - routes
  xml:
    description:
      - A whole network document, or a part of one. It is merged into the network's document, with entries paired as the
        options pair them, and compared as a part. What it does not say is left alone.
      - Where an option says the same thing otherwise, the option wins.
    type: str
seealso:
  - module: stratum.virt.network_info
  - module: stratum.virt.domain
"""

EXAMPLES = r"""
- name: A network behind the node's own address, with DHCP
  stratum.virt.network:
    name: lab
    forward:
      mode: nat
    bridge:
      name: virbr10
    domain:
      name: lab.example
      local_only: true
    ip:
      - address: 192.168.110.1
        prefix: 24
        dhcp:
          ranges:
            - start: 192.168.110.100
              end: 192.168.110.199
    state: active
    autostart: true

- name: Give one guest a fixed address and a name, at once
  stratum.virt.network:
    name: lab
    ip:
      - address: 192.168.110.1
        dhcp:
          hosts:
            - mac: 52:54:00:12:34:56
              ip: 192.168.110.10
              name: web1

- name: Let exactly these guests have fixed addresses
  stratum.virt.network:
    name: lab
    ip:
      - address: 192.168.110.1
        dhcp:
          hosts:
            - mac: 52:54:00:12:34:56
              ip: 192.168.110.10
              name: web1
            - mac: 52:54:00:12:34:57
              ip: 192.168.110.11
              name: web2
    exclusive: [ip.dhcp.hosts]

- name: Let its packets be larger, which takes a restart of the network
  stratum.virt.network:
    name: lab
    mtu: 9000
    restart: if_needed

- name: Guests that reach each other and nothing else
  stratum.virt.network:
    name: cluster
    forward:
      mode: none
    state: active

- name: A routed network for both protocols
  stratum.virt.network:
    name: routed
    forward:
      mode: route
      dev: eth0
    ip:
      - address: 10.20.0.1
        prefix: 24
        dhcp:
          ranges:
            - start: 10.20.0.100
              end: 10.20.0.199
              lease:
                expiry: 12
                unit: hours
      - address: 2001:db8:20::1
        prefix: 64
    routes:
      - address: 10.21.0.0
        prefix: 16
        gateway: 10.20.0.2
    state: active

- name: Names of its own
  stratum.virt.network:
    name: routed
    dns:
      hosts:
        - ip: 10.20.0.5
          hostnames: [database, db.example.com]
      srv:
        - service: ldap
          protocol: tcp
          domain: example.com
          target: ldap.example.com
          port: 389
      forwarders:
        - domain: internal.example
          address: 192.0.2.53

- name: A bridge of the node that is there already
  stratum.virt.network:
    name: office
    forward:
      mode: bridge
    bridge:
      name: br0
    state: active
    autostart: true

- name: VLANs of an Open vSwitch, as groups of ports
  stratum.virt.network:
    name: switch
    forward:
      mode: bridge
    bridge:
      name: ovsbr0
    virtualport:
      type: openvswitch
    portgroups:
      - name: servers
        default: true
        vlan:
          tags:
            - id: 42
      - name: trunk
        vlan:
          trunk: true
          tags:
            - id: 42
            - id: 47

- name: Virtual functions of a network card, one for each guest
  stratum.virt.network:
    name: fast
    forward:
      mode: hostdev
      managed: true
      pf: eth3

- name: Define a network from libvirt's own document
  stratum.virt.network:
    xml: "{{ lookup('ansible.builtin.file', 'network.xml') }}"
    state: active

- name: Remove it
  stratum.virt.network:
    name: lab
    state: absent
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
  sample: [change the configuration, stop, start, "reconnect web1 (52:54:00:12:34:56)"]
pending:
  description: Fields that the active network does not have yet.
  type: list
  elements: dict
  returned: success
  contains:
    field:
      description: The option.
      type: str
      returned: always
      sample: mtu
    reason:
      description: Why, and what it waits for.
      type: str
      returned: always
      sample: takes effect at the next start
restart_required:
  description: Whether a restart of the network would make the fields in RV(pending) take effect.
  type: bool
  returned: success
network:
  description: The network as it is now. In check mode, as it would be.
  type: dict
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
      returned: when it exists
      sample: 1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed
    state:
      description: One of V(active), V(inactive) and V(absent).
      type: str
      returned: always
      sample: active
    persistent:
      description: Whether it has a configuration that outlives its running instance.
      type: bool
      returned: when it exists
    autostart:
      description: Whether it starts with the node.
      type: bool
      returned: when it exists
    spec:
      description: The options of this module that would make this network.
      type: dict
      returned: when it exists
      sample: {name: lab, forward: {mode: nat}, ip: [{address: 192.168.110.1, prefix: 24}]}
    xml:
      description: Its document for the next start.
      type: str
      returned: when it exists
"""

from ..module_utils._module import run
from ..module_utils._task.network import argument_spec, work


def main() -> None:
    run(work, argument_spec, required_one_of=[("name", "xml")])


if __name__ == "__main__":
    main()
