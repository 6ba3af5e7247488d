# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: domains
short_description: The domains (virtual machines and containers) of nodes as hosts
version_added: 0.1.0
description:
  - Makes a host of every domain of one or more nodes, those that do not run included, and puts it into groups.
  - The nodes are asked at the same time. Each takes two round trips, however many domains it has, and has a time of
    its own; one that does not answer holds up no other. The controller needs nothing of libvirt.
  - A source is a YAML file whose name ends in V(stratum_virt.yml) or V(stratum_virt.yaml), or any YAML file where the
    plugin P(ansible.builtin.auto#inventory) is enabled.
  - Nothing that comes from a node is ever taken for a template.
author:
  - The stratum.virt authors (@stratum-virt)
requirements:
  - Python >= 3.9
  - lxml
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
notes:
  - "The variables of a host are C(stratum_virt_name), C(stratum_virt_uuid), C(stratum_virt_state),
    C(stratum_virt_reason), C(stratum_virt_persistent), C(stratum_virt_autostart) and C(stratum_virt_spec), which are
    what M(stratum.virt.domain_info) returns under these names; C(stratum_virt_tags), C(stratum_virt_networks) (the
    names of the networks and bridges that it has interfaces in) and C(stratum_virt_addresses) (a list of dictionaries
    with C(address), C(family), C(interface), C(mac), C(prefix) and C(source)); C(stratum_virt_node) and
    C(stratum_virt_uri), the name of its node and the connection that leads there. They hold no passwords."
  - What the hypervisor does not tell of a domain is empty, with a warning. Its host is there all the same.
  - The name of a host has letters, digits, blanks and the characters C(.), C(_), C(+), C(@), C(~) and C(-), begins
    with a letter, a digit or C(_), is at most 253 characters long, and is neither the name of a group nor one that
    leads to the controller itself, like C(localhost) or C(127.1). A domain for which no such name is found has its
    UUID as its host's name, with a warning.
  - What other sources say about a host of the same name counts, too, as for all inventories.
  - The cache holds what was read of each node on its own. What did not answer is asked again the next time, and so is
    a node when an option changes that decides about what is read of it.
options:
  plugin:
    description: What says that a file is a source for this plugin.
    type: str
    required: true
    choices: [stratum.virt.domains]
  uris:
    description:
      - "The nodes. Each is a connection URI (see O(stratum.virt.domain_info#module:uri)), or a dictionary with C(uri)
        and any of C(name), C(timeout), C(ssh_password) and C(ssh_passphrase)."
      - A node's C(name) is used in variables, groups and messages. Without it, it is the host of the URI, or
        V(localhost). No two nodes of a source have the same one.
      - The others are the options of the same name, for that node alone.
      - Without this option there is one node, the one that a task on the controller without a C(uri) would use.
    type: list
    elements: raw
    default: []
  timeout:
    description:
      - How many seconds a node has for everything, from looking up its name to its last answer.
      - After this it counts as unreachable. Other nodes are asked meanwhile, so that ten that are gone take no longer
        than one, as long as there are not more of them than O(threads).
    type: int
    default: 30
  on_unreachable:
    description: What happens when a node cannot be read.
    type: str
    choices:
      warn: A warning says why, and its domains are not in the inventory.
      fail: The source fails, and with it whatever Ansible does with a source that fails.
    default: warn
  threads:
    description: How many nodes are asked at the same time.
    type: int
    default: 32
  ssh_password:
    description: For URIs with V(+ssh), the password of the user at the nodes, where no key is accepted.
    type: str
    vars:
      - name: stratum_virt_ssh_password
  ssh_passphrase:
    description: For URIs with V(+ssh), the passphrase of a private key that no agent holds.
    type: str
    vars:
      - name: stratum_virt_ssh_passphrase
  spec:
    description:
      - Whether hosts have C(stratum_virt_spec), which is most of what there is to read, to keep and to print of a
        domain.
      - With many domains, an inventory without it is read in half of the time and printed in a third.
        C(stratum_virt_tags) and C(stratum_virt_networks) are there all the same.
    type: bool
    default: true
  names:
    description: Only domains with one of these names, or patterns as the shell knows them, like V(web*).
    type: list
    elements: str
    default: []
  states:
    description: Only domains that are in one of these states.
    type: list
    elements: str
    choices: [running, paused, stopped, saved, suspended, crashed, shutting down]
    default: []
  tags:
    description: Only domains that have all of these tags. See O(stratum.virt.domain#module:tags).
    type: list
    elements: str
    default: []
  filters:
    description:
      - Which domains are in the inventory, by Jinja expressions over the variables of their hosts. The first entry
        whose expression is true of a domain decides about it; a domain that no entry fits is in.
      - Domains that can be left out early cost little. An entry that, like all before it, uses no variables but
        C(stratum_virt_name), C(stratum_virt_uuid), C(stratum_virt_state), C(stratum_virt_persistent),
        C(stratum_virt_autostart), C(stratum_virt_node) and C(stratum_virt_uri) is evaluated when the node has been
        listed, before documents and addresses are asked for. One that also uses C(stratum_virt_reason),
        C(stratum_virt_spec), C(stratum_virt_tags) and C(stratum_virt_networks), before a guest agent is asked. The
        same goes for O(names) and O(states), and for O(tags).
      - An expression that cannot be evaluated is an error with O(strict). Without it, it is not true, and a warning
        tells.
    type: list
    elements: dict
    suboptions:
      include:
        description: Domains of which this is true are in. An expression, V(true) or V(false).
        type: raw
      exclude:
        description: Domains of which this is true are out. An expression, V(true) or V(false).
        type: raw
    default: []
  hostnames:
    description:
      - Jinja expressions over the variables of a host. The first that gives a name that a host can have is its name.
      - When several domains would have the same name, each of them has its node's name behind it, like C(web.kvm1).
        When that is not enough, each of them has its UUID as the name. It does not matter which node answers first.
      - A node that does not answer has no domains, so that another node's domain of the same name has the short name
        for as long. Where that matters, write V(stratum_virt_name ~ '.' ~ stratum_virt_node).
    type: list
    elements: str
    default: [stratum_virt_name]
  group_by:
    description:
      - The kinds of groups that hosts are put into. What a group is named after is a part of its name, in which
        characters that groups cannot have are underscores. Nothing longer than 128 characters makes a group, and a
        host is in 256 groups of one kind at most.
    type: list
    elements: str
    choices:
      state: C(state_running), C(state_stopped), C(state_shutting_down), ….
      node: C(node_kvm1), by the node's name.
      network: C(network_default), by the networks and bridges that the domain has interfaces in.
      tag: C(tag_web), by the domain's tags.
    default: [state, node, network, tag]
  group_prefix:
    description: What the names of these groups begin with, like V(virt_).
    type: str
    default: ''
  address_sources:
    description:
      - Who is asked for the addresses of guests that run, the first choice for C(ansible_host) first.
      - Addresses of leases and ARP come with everything else. Guest agents are asked one by one by the hypervisor, in
        one more round trip, and only those that have connected.
      - A guest agent says what the guest likes. It can name the address of another machine.
    type: list
    elements: str
    choices:
      lease: The DHCP leases of the node's networks.
      agent: The guest's agent.
      arp: What the node has learned from traffic.
    default: [lease]
  address_network:
    description: The network or bridge in which an address is preferred, where a guest has several.
    type: str
  address_family:
    description: Which addresses can become C(ansible_host). With V(any), IPv4 comes first.
    type: str
    choices: [any, ipv4, ipv6]
    default: any
  connection:
    description: How Ansible gets into the guests. It decides which of Ansible's own variables a host has.
    type: str
    choices:
      ssh: C(ansible_host), where an address is known. Otherwise the name of the host has to lead there.
      guest_agent: C(ansible_connection) is V(stratum.virt.guest_agent), which needs no network into the guest.
      none: None of them.
    default: ssh
seealso:
  - module: stratum.virt.domain
  - module: stratum.virt.domain_info
"""

EXAMPLES = r"""
# The domains of the controller itself: lab.stratum_virt.yml
plugin: stratum.virt.domains

---
# Three nodes. What one of them does not answer within 10 seconds is not in the inventory.
plugin: stratum.virt.domains
uris:
  - qemu+ssh://root@kvm1.example.org/system
  - qemu+tls://kvm2.example.org/system
  - uri: qemu+ssh://root@192.0.2.7/system
    name: kvm3
    timeout: 20
timeout: 10

---
# Only what runs and is not somebody's experiment, with names that never change.
plugin: stratum.virt.domains
uris:
  - qemu:///system
states: [running]
filters:
  - exclude: stratum_virt_name.startswith('test-')
  - include: "'production' in stratum_virt_tags"
  - exclude: true
hostnames:
  - stratum_virt_name ~ '.' ~ stratum_virt_node

---
# Addresses in one network, from the lease or from the guest's agent, and some groups of one's own.
plugin: stratum.virt.domains
uris:
  - qemu:///system
address_sources: [lease, agent]
address_network: management
address_family: ipv4
group_prefix: virt_
group_by: [state, tag]
keyed_groups:
  - key: stratum_virt_spec.machine
    prefix: machine
compose:
  ansible_user: "'admin'"
groups:
  large: stratum_virt_spec.vcpus | default(1) > 8

---
# A thousand domains, of which only names, states, tags, networks and addresses are of interest.
plugin: stratum.virt.domains
uris:
  - qemu:///system
spec: false

---
# Guests without a network, and a cache.
plugin: stratum.virt.domains
uris:
  - qemu:///system
states: [running]
connection: guest_agent
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: /tmp/stratum-virt-inventory
cache_timeout: 600
"""

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ..plugin_utils._importing import keep_bytecode

ENDINGS = ("stratum_virt.yml", "stratum_virt.yaml")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Hosts for domains."""

    NAME = "stratum.virt.domains"

    def verify_file(self, path: str) -> bool:
        """Whether a file can be a source for this plugin, by its name."""
        return path.endswith(ENDINGS) and bool(super().verify_file(path))

    def parse(self, inventory: object, loader: object, path: str, cache: bool = True) -> None:
        """Add what a source has to the inventory."""
        super().parse(inventory, loader, path, cache)
        # Everything else is imported from here on, with its bytecode.
        keep_bytecode()
        from ..plugin_utils._driver import ansible_errors
        from ..plugin_utils._inventory.source import Source

        self._read_config_data(path)
        kept = self.cache if self.get_option("cache") else None
        with ansible_errors(AnsibleParserError):
            Source(self, path, kept, use_cache=cache).populate()
