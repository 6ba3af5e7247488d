# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A domain's options: its network interfaces; the twin of _document/interface.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  interfaces:
    description:
      - Network interfaces. They come and go while the domain runs.
      - What it is connected to, an interface says with exactly one of O(interfaces[].network), O(interfaces[].bridge),
        O(interfaces[].direct), O(interfaces[].user), O(interfaces[].vhostuser) and O(interfaces[].hostdev). A new
        interface needs it.
      - Entries are told apart by O(interfaces[].mac), O(interfaces[].alias) or O(interfaces[].hostdev). An entry
        without these is the first interface with the same connection that no other entry names. Two equal entries are
        two interfaces.
      - An interface moves to another network or bridge while the domain runs. Every other change of the connection
        waits for the next start.
    type: list
    elements: dict
    suboptions:
      mac:
        description: The MAC address, like V(52:54:00:12:34:56). By default a new interface gets a random one and keeps
          it.
        type: str
      alias:
        description: A name of your own for this device, which begins with V(ua-). With it, the connection of an
          interface can be changed without its MAC address.
        type: str
      network:
        description: The name of a libvirt network.
        type: str
      portgroup:
        description: The group of ports in the network O(interfaces[].network) that the interface belongs to.
        type: str
      bridge:
        description: The name of a bridge on the node, of Linux or of Open vSwitch. The latter needs
          O(interfaces[].virtualport.type=openvswitch).
        type: str
      direct:
        description: An interface of the node, to which the guest's is attached without a bridge (macvtap). The node
          itself does not see the guest's packets.
        type: dict
        suboptions:
          dev:
            description: The name of the node's interface, like V(eth0).
            type: str
            required: true
          mode:
            description: How guests at the same interface of the node reach each other.
            type: str
            choices:
              vepa: Through the switch outside, which must send packets back. This is the default.
              bridge: Without a detour.
              private: Not at all.
              passthrough: There is only one guest, which has the node's interface for itself.
      user:
        description: Whether the interface is connected through a process of the user's own, which needs no rights on
          the node and lets nothing in. It can only be V(true).
        type: bool
      vhostuser:
        description: A process on the node that moves the packets, like a software switch. The guest's memory must be
          shared, see O(memory_backing.access).
        type: dict
        suboptions:
          path:
            description: The absolute path of the process's socket.
            type: str
            required: true
          mode:
            description: What the hypervisor is at this socket.
            type: str
            required: true
            choices:
              client: It connects to a socket that is there.
              server: It makes the socket and waits.
          reconnect:
            description: Whether a client connects again after it lost the connection.
            type: bool
          reconnect_timeout:
            description: After how many seconds it tries that.
            type: int
      hostdev:
        description: The PCI address of a network card of the node, like V(0000:03:10.1), which is handed to the guest.
          Unlike with O(hostdevs), the card gets the MAC address and the VLAN that are stated here.
        type: str
      managed:
        description: Whether libvirt takes the card of O(interfaces[].hostdev) from the node's driver and gives it back.
          By default it does for a new interface.
        type: bool
      backend:
        description: The program behind O(interfaces[].user). By default QEMU does it itself.
        type: str
        choices:
          passt: C(passt), which is faster. It must be installed on the node.
      model:
        description: The card that the guest sees, like V(virtio), V(e1000e) or V(rtl8139). A new interface of a virtual
          machine has V(virtio).
        type: str
      mtu:
        description: The largest packet in bytes that the interface takes. By default that of the network or bridge.
        type: int
      link:
        description: Whether the cable is plugged in. It changes while the domain runs.
        type: bool
      target:
        description: The name of the interface at the node's end. By default libvirt chooses one, like V(vnet0). It
          drops names that begin as its own do.
        type: str
      guest_dev:
        description: The name of the interface inside a container, like V(eth0).
        type: str
      ips:
        description: Addresses that a container's interface has from the start, or that O(interfaces[].user) offers to
          the guest. The list is replaced as a whole.
        type: list
        elements: dict
        suboptions:
          address:
            description: The IPv4 or IPv6 address, like V(192.0.2.10).
            type: str
            required: true
          family:
            description: Which protocol it belongs to. By default the address says it.
            type: str
            choices: [ipv4, ipv6]
          prefix:
            description: The length of the network's prefix in bits, like 24.
            type: int
          peer:
            description: The address at the other end, for a link between two points.
            type: str
      vlan:
        description: The VLANs that the interface is in, where the other end can do that, like Open vSwitch or a card of
          O(interfaces[].hostdev). They change while the domain runs if O(interfaces[].virtualport.type=openvswitch).
        type: dict
        suboptions:
          trunk:
            description: Whether the guest sees the tags. It does if there are several.
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
                description: Whether it is the VLAN of packets that the guest sends without a tag, and how they leave.
                type: str
                choices:
                  tagged: It is, and they leave with a tag.
                  untagged: It is, and they leave without one.
      bandwidth:
        description: Limits for the traffic. They change while the domain runs.
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
              floor:
                description: The rate that is guaranteed, in KiB per second. Only on a libvirt network whose own traffic
                  is limited.
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
      filter:
        description: The name of a libvirt network filter, like V(clean-traffic). It changes while the domain runs.
        type: str
      filter_parameters:
        description: Values for variables of the filter. The list is replaced as a whole, while the domain runs, too. A
          name can occur several times.
        type: list
        elements: dict
        suboptions:
          name:
            description: The name of the variable, like V(IP).
            type: str
            required: true
          value:
            description: What the variable is set to.
            type: str
            required: true
      virtualport:
        description: The port of the switch at the other end. What it needs, the network's administrator knows.
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
            description: The identity of the port, for V(openvswitch) and V(midonet). A new one is made up for
              V(openvswitch).
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
        description: Whether the guest is kept from others that are isolated at the same bridge. It changes while the
          domain runs.
        type: bool
      trust_guest_rx_filters:
        description: Whether the guest may change its own MAC address and receive groups of its choice, with
          O(interfaces[].direct) and the model V(virtio).
        type: bool
      rx_frames:
        description: How many packets may arrive before the guest is told, on a network or bridge. It changes while the
          domain runs.
        type: int
      driver:
        description: How the card works.
        type: dict
        suboptions:
          name:
            description: Who moves the packets.
            type: str
            choices:
              vhost: The node's kernel. This is the default of the model V(virtio).
              qemu: The emulator.
              kvm: The kernel, for O(interfaces[].hostdev), as it was done once.
              vfio: The kernel's VFIO, for O(interfaces[].hostdev).
              xen: Xen, for O(interfaces[].hostdev).
          queues:
            description: How many queues there are, so that several virtual CPUs can work on packets.
            type: int
          rx_queue_size:
            description: How many packets a receive queue holds. For QEMU a power of two from 256 to 1024.
            type: int
          tx_queue_size:
            description: How many packets a send queue holds. For QEMU a power of two from 256 to 1024, and only with
              O(interfaces[].vhostuser).
            type: int
          txmode:
            description: What happens when more is to be sent than fits.
            type: str
            choices:
              iothread: It is sent as soon as possible.
              timer: It is sent when a timer runs out.
          ioeventfd:
            description: Whether the guest runs on while its requests are handed over. Best left to the hypervisor.
            type: bool
          event_idx:
            description: Whether guest and hypervisor spare each other needless notices. Best left to the hypervisor.
            type: bool
          iommu:
            description: Whether the virtio device is behind the guest's IOMMU, see O(iommu). SEV guests need this, too.
            type: bool
          packed:
            description: Whether the virtio device uses the packed form of queues.
            type: bool
      rom:
        description: The ROM of the device, as the guest's firmware sees it.
        type: dict
        suboptions:
          enabled:
            description: Whether there is one. V(false) excludes the other options here.
            type: bool
          bar:
            description: Whether the guest sees it in its memory.
            type: bool
          file:
            description: The absolute path of a file on the node with its content, for example to boot from the network.
            type: str
      boot_order:
        description: Its place in the order of devices to boot from, counted from 1. No two devices can have the same.
          It takes the place of O(boot).
        type: int
"""
