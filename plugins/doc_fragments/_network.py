# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A network's options; the twin of _document/network.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
notes:
  - An empty string takes away a text that the network has.
  - An entry of a list is paired with the one that is there and is the same by what tells entries apart. What the task
    does not say of it stays. Lists of plain values, and lists that say so, are replaced as a whole.
  - What can change while the network is active says so. All else takes effect when it is started again.
options:
  uuid:
    description: Its UUID. A new network gets a random one. That of an existing network cannot change, and another one
      is an error.
    type: str
  tags:
    description:
      - Words of your own, by which O(stratum.virt.network_info#module:tags) finds networks. They are kept in the
        network's metadata.
      - They are the whole set. Tags that are not named here go, and their order does not count.
      - They need no restart.
    type: list
    elements: str
  ipv6:
    description: Whether guests reach each other by IPv6 where the network itself has no IPv6 address. They do not by
      default.
    type: bool
  trust_guest_rx_filters:
    description: Whether guests may change their own MAC address and receive groups of their choice, with the model
      V(virtio) and a direct connection.
    type: bool
  forward:
    description: How the network reaches the world. A new network without it is isolated.
    type: dict
    suboptions:
      mode:
        description: What connects it. By default V(nat), where anything else of O(forward) is stated.
        type: str
        choices:
          nat: The node, which hides the guests behind its own address.
          route: The node, which passes packets on as they are. Others must know the way back.
          open: Like V(route), and libvirt sets up no firewall rules for it.
          bridge: A bridge of the node that is there already (O(bridge.name)), or interfaces of the node
            (O(forward.interfaces)) to which guests are attached without a bridge.
          private: Interfaces of the node, to which guests are attached and do not reach each other.
          vepa: Interfaces of the node, to which guests are attached and reach each other through the switch outside.
          passthrough: Interfaces of the node, each of which is for one guest alone.
          hostdev: Network cards of the node that are handed to guests.
          none: Nothing. Guests reach each other, and the node if the network has an address.
      dev:
        description: The only interface of the node that traffic leaves through, like V(eth0). The same as the first of
          O(forward.interfaces).
        type: str
      managed:
        description: Whether libvirt takes the cards from the node's drivers and gives them back, with V(hostdev).
        type: bool
      interfaces:
        description:
          - Names of the node's interfaces that guests are attached to, from which libvirt chooses one that is least
            used. With V(nat) and V(route) there is one at most.
          - They change while the network is active. Their order does not count, but the first one is O(forward.dev).
        type: list
        elements: str
      addresses:
        description: PCI addresses of virtual functions of the node's network cards, like V(0000:03:10.1), with
          V(hostdev).
        type: list
        elements: str
      pf:
        description: The name of an interface whose virtual functions are all used, like V(eth0).
        type: str
      driver:
        description: What hands the cards over, with V(hostdev).
        type: str
        choices:
          kvm: The kernel, as it was done once.
          vfio: The kernel's VFIO. This is the default.
      nat:
        description: How addresses are translated, with V(nat).
        type: dict
        suboptions:
          port:
            description: The ports that connections of guests get. By default 1024 to 65535.
            type: dict
            suboptions:
              start:
                description: The first port.
                type: int
                required: true
              end:
                description: The last port.
                type: int
                required: true
          address:
            description: The IPv4 addresses that connections of guests get. By default the node's own.
            type: dict
            suboptions:
              start:
                description: The first address.
                type: str
                required: true
              end:
                description: The last address.
                type: str
                required: true
          ipv6:
            description: Whether IPv6 addresses are translated, too. By default they are routed.
            type: bool
  bridge:
    description: The network's bridge on the node.
    type: dict
    suboptions:
      name:
        description: Its name, like V(virbr1). By default libvirt chooses a free one. With O(forward.mode=bridge) it is
          the name of a bridge that is there already.
        type: str
      stp:
        description: Whether it speaks the spanning tree protocol. It does by default.
        type: bool
      delay:
        description: For how many seconds a new port passes nothing on. 0 by default.
        type: int
      zone:
        description: The zone of firewalld that it belongs to. By default V(libvirt).
        type: str
      mac_table_manager:
        description: Who keeps the table of MAC addresses and ports.
        type: str
        choices:
          kernel: The kernel, by learning. This is the default.
          libvirt: libvirt, which knows them, and switches learning and flooding off.
  mtu:
    description: The largest packet in bytes that it takes. By default the kernel's choice, 1500.
    type: int
  mac:
    description: The MAC address of the bridge, like V(52:54:00:12:34:56). By default a random one.
    type: str
  domain:
    description: The DNS domain of the network.
    type: dict
    suboptions:
      name:
        description: Its name, like V(lab.example).
        type: str
      local_only:
        description: Whether questions about this domain are never asked elsewhere.
        type: bool
  dns:
    description: The network's name server, which listens on its addresses.
    type: dict
    suboptions:
      enabled:
        description: Whether there is one. There is by default.
        type: bool
      forward_plain_names:
        description: Whether questions about names without a dot are asked elsewhere. They are by default.
        type: bool
      forwarders:
        description: Where questions are asked that the name server cannot answer. By default where the node asks. The
          list is replaced as a whole.
        type: list
        elements: dict
        suboptions:
          address:
            description: The address of a name server. Without it, questions about O(dns.forwarders[].domain) are asked
              where the node asks.
            type: str
          domain:
            description: Only questions about this domain.
            type: str
      hosts:
        description: Names with an address. They are told apart by O(dns.hosts[].ip), and change while the network is
          active.
        type: list
        elements: dict
        suboptions:
          ip:
            description: The address.
            type: str
            required: true
          hostnames:
            description: Its names. Their order does not count.
            type: list
            elements: str
      txt:
        description: Texts. They are told apart by O(dns.txt[].name), and change while the network is active.
        type: list
        elements: dict
        suboptions:
          name:
            description: The name that is asked for.
            type: str
            required: true
          value:
            description: The text.
            type: str
            required: true
      srv:
        description: Services. They are told apart by all but O(dns.srv[].priority) and O(dns.srv[].weight), and change
          while the network is active.
        type: list
        elements: dict
        suboptions:
          service:
            description: Its name, like V(ldap).
            type: str
            required: true
          protocol:
            description: How it is spoken to.
            type: str
            required: true
            choices: [tcp, udp]
          domain:
            description: The domain that has it. By default that of the network.
            type: str
          target:
            description: The name of the host that offers it. Without one, the domain has no such service.
            type: str
          port:
            description: The port there.
            type: int
          priority:
            description: Hosts with a lower number are asked first.
            type: int
          weight:
            description: How often it is asked, among those with the same priority.
            type: int
  vlan:
    description: The VLANs of all its guests, with O(forward.mode=hostdev), O(forward.mode=passthrough) or a bridge of
      Open vSwitch.
    type: dict
    suboptions:
      trunk:
        description: Whether guests see the tags. They do if there are several.
        type: bool
      tags:
        description: The VLANs. The list is replaced as a whole.
        type: list
        elements: dict
        suboptions:
          id:
            description: The number of the VLAN, from 0 to 4095.
            type: int
            required: true
          native_mode:
            description: Whether it is the VLAN of packets that a guest sends without a tag, and how they leave.
            type: str
            choices:
              tagged: It is, and they leave with a tag.
              untagged: It is, and they leave without one.
  bandwidth:
    description: Limits for the traffic of the whole network.
    type: dict
    suboptions:
      inbound:
        description: What its guests receive together.
        type: dict
        suboptions:
          average:
            description: The rate on average, in KiB per second.
            type: int
          peak:
            description: The highest rate during a burst, in KiB per second.
            type: int
          burst:
            description: How many KiB may pass at the highest rate.
            type: int
      outbound:
        description: What its guests send together.
        type: dict
        suboptions:
          average:
            description: The rate on average, in KiB per second.
            type: int
          peak:
            description: The highest rate during a burst, in KiB per second.
            type: int
          burst:
            description: How many KiB may pass at the highest rate.
            type: int
  virtualport:
    description: The ports of the switch at the other end. What they need, the administrator of the switch knows.
    type: dict
    suboptions:
      type:
        description: The kind of switch.
        type: str
        choices:
          openvswitch: Open vSwitch.
          802.1Qbg: A switch after IEEE 802.1Qbg.
          802.1Qbh: A switch after IEEE 802.1Qbh.
          midonet: MidoNet.
      interfaceid:
        description: The identity of the port, for V(openvswitch) and V(midonet).
        type: str
      profileid:
        description: The name of the port's profile, for V(openvswitch) and V(802.1Qbh).
        type: str
      managerid:
        description: The number of the manager of types, for V(802.1Qbg).
        type: int
      typeid:
        description: The number of the type, for V(802.1Qbg).
        type: int
      typeidversion:
        description: The version of the type, for V(802.1Qbg).
        type: int
      instanceid:
        description: The identity of this instance, for V(802.1Qbg).
        type: str
  isolated:
    description: Whether guests are kept from each other, and reach only the node and the world.
    type: bool
  portgroups:
    description:
      - Groups of guests that get other settings than the rest. A domain's interface joins one with its C(portgroup).
      - They are told apart by O(portgroups[].name), and change while the network is active. Interfaces that are
        connected already keep what they have.
    type: list
    elements: dict
    suboptions:
      name:
        description: Its name.
        type: str
        required: true
      default:
        description: Whether it is that of interfaces that name none.
        type: bool
      trust_guest_rx_filters:
        description: The same as O(trust_guest_rx_filters), for these guests.
        type: bool
      virtualport:
        description: The same as O(virtualport), for these guests.
        type: dict
        suboptions:
          type:
            description: The kind of switch.
            type: str
            choices:
              openvswitch: Open vSwitch.
              802.1Qbg: A switch after IEEE 802.1Qbg.
              802.1Qbh: A switch after IEEE 802.1Qbh.
              midonet: MidoNet.
          interfaceid:
            description: The identity of the port, for V(openvswitch) and V(midonet).
            type: str
          profileid:
            description: The name of the port's profile, for V(openvswitch) and V(802.1Qbh).
            type: str
          managerid:
            description: The number of the manager of types, for V(802.1Qbg).
            type: int
          typeid:
            description: The number of the type, for V(802.1Qbg).
            type: int
          typeidversion:
            description: The version of the type, for V(802.1Qbg).
            type: int
          instanceid:
            description: The identity of this instance, for V(802.1Qbg).
            type: str
      bandwidth:
        description: Limits for the traffic of each of these guests.
        type: dict
        suboptions:
          inbound:
            description: What the guest receives.
            type: dict
            suboptions:
              average:
                description: The rate on average, in KiB per second.
                type: int
              peak:
                description: The highest rate during a burst, in KiB per second.
                type: int
              burst:
                description: How many KiB may pass at the highest rate.
                type: int
          outbound:
            description: What the guest sends.
            type: dict
            suboptions:
              average:
                description: The rate on average, in KiB per second.
                type: int
              peak:
                description: The highest rate during a burst, in KiB per second.
                type: int
              burst:
                description: How many KiB may pass at the highest rate.
                type: int
      vlan:
        description: The same as O(vlan), for these guests.
        type: dict
        suboptions:
          trunk:
            description: Whether guests see the tags. They do if there are several.
            type: bool
          tags:
            description: The VLANs. The list is replaced as a whole.
            type: list
            elements: dict
            suboptions:
              id:
                description: The number of the VLAN, from 0 to 4095.
                type: int
                required: true
              native_mode:
                description: Whether it is the VLAN of packets that a guest sends without a tag, and how they leave.
                type: str
                choices:
                  tagged: It is, and they leave with a tag.
                  untagged: It is, and they leave without one.
  ip:
    description:
      - The node's addresses in the network, and what guests get there.
      - An entry is the one that is there with the same O(ip[].address). Otherwise it is the first one of the same
        protocol that no other entry names, which gets the new address. To add a second address, name the first one,
        too.
    type: list
    elements: dict
    suboptions:
      address:
        description: The IPv4 or IPv6 address, like V(192.168.100.1).
        type: str
        required: true
      prefix:
        description: The length of the network's prefix in bits, like 24. Without it, libvirt takes that of the
          address's class, and 64 for IPv6. A netmask in an existing network, or in O(xml), is read as the prefix that
          it means.
        type: int
      family:
        description: Which protocol it belongs to. By default the address says it.
        type: str
        choices: [ipv4, ipv6]
      localptr:
        description: Whether questions about names of these addresses are never asked elsewhere.
        type: bool
      tftp:
        description: The absolute path of a folder on the node whose files guests get by TFTP, for IPv4.
        type: str
      dhcp:
        description: The addresses that guests get. One IPv4 and one IPv6 address of a network can have it.
        type: dict
        suboptions:
          ranges:
            description: Ranges of addresses for any guest. They are told apart by their ends, must not overlap, and
              change while the network is active.
            type: list
            elements: dict
            suboptions:
              start:
                description: The first address.
                type: str
                required: true
              end:
                description: The last address.
                type: str
                required: true
              lease:
                description: For how long a guest keeps its address before it asks again. By default an hour.
                type: dict
                suboptions:
                  expiry:
                    description: The time. 0 is for ever.
                    type: int
                    required: true
                  unit:
                    description: What it counts. Minutes by default.
                    type: str
                    choices: [seconds, minutes, hours]
          hosts:
            description:
              - Guests that always get the same address.
              - They are told apart by O(ip[].dhcp.hosts[].mac), else by O(ip[].dhcp.hosts[].id), else by
                O(ip[].dhcp.hosts[].name) or O(ip[].dhcp.hosts[].ip).
              - They change while the network is active. A guest gets its new address when it asks for one again.
            type: list
            elements: dict
            suboptions:
              mac:
                description: The MAC address of the guest, for IPv4.
                type: str
              id:
                description: The DHCP unique identifier of the guest, for IPv6.
                type: str
              ip:
                description: The address that it gets. A new entry needs it.
                type: str
              name:
                description: The name that it gets, which the name server knows, too. It stands alone for a guest that
                  sends this name.
                type: str
              lease:
                description: For how long the guest keeps its address before it asks again.
                type: dict
                suboptions:
                  expiry:
                    description: The time. 0 is for ever.
                    type: int
                    required: true
                  unit:
                    description: What it counts. Minutes by default.
                    type: str
                    choices: [seconds, minutes, hours]
          bootp:
            description: What guests get that boot from the network.
            type: dict
            suboptions:
              file:
                description: The name of the file.
                type: str
                required: true
              server:
                description: The name or address of the TFTP server that has it. By default the node.
                type: str
  routes:
    description: Networks that the node reaches through guests of this one. They are told apart by address and prefix.
    type: list
    elements: dict
    suboptions:
      address:
        description: The address of the network.
        type: str
        required: true
      prefix:
        description: The length of its prefix in bits. Without it, libvirt takes that of the address's class, and 64 for
          IPv6.
        type: int
      family:
        description: Which protocol it belongs to. By default the address says it.
        type: str
        choices: [ipv4, ipv6]
      gateway:
        description: The address of the guest that leads there.
        type: str
        required: true
      metric:
        description: The cost of this way. Lower ones are preferred.
        type: int
"""
