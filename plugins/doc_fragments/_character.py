# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A domain's options: its serial ports, consoles and channels; the twin of _document/character.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  serials:
    description: Serial ports. Entries are told apart by O(serials[].port), and without it by their order. A new virtual
      machine has one of type V(pty).
    type: list
    elements: dict
    suboptions:
      <<: &stream
        <<: &connection
          path:
            description: The absolute path of the file, device, pipe or socket on the node.
            type: str
          mode:
            description: What the hypervisor does with a socket, a TCP connection or UDP packets.
            type: str
            choices:
              bind: It listens.
              connect: It connects.
          host:
            description: The name or address that it listens on or connects to, for the types V(tcp) and V(udp).
            type: str
          service:
            description: The port, a number or a name, for the types V(tcp) and V(udp).
            type: str
          tls:
            description: Whether a TCP connection is encrypted.
            type: bool
          reconnect:
            description: Whether a connection that was lost is made again, for the mode V(connect).
            type: bool
          reconnect_timeout:
            description: After how many seconds that is tried.
            type: int
          protocol:
            description: How a TCP connection is used.
            type: str
            choices:
              raw: Only the data passes. This is the default.
              telnet: As Telnet does.
              telnets: As Telnet does, encrypted.
              tls: Only the data passes, encrypted.
        append:
          description: Whether the output is added to the file, which is else emptied at the start, for the type
            V(file).
          type: bool
        spice_channel:
          description: The name of the channel, for the type V(spiceport).
          type: str
        log:
          description: A copy of everything that the guest sends.
          type: dict
          suboptions:
            file:
              description: The absolute path of the file on the node.
              type: str
              required: true
            append:
              description: Whether it is added to the file, which is else emptied at the start.
              type: bool
      type: &type
        description: What is at the node's end. By default V(pty).
        type: str
        choices:
          pty: A pseudo terminal, which C(virsh console) connects to.
          unix: A socket.
          tcp: A TCP connection.
          udp: UDP packets.
          file: A file that the output goes to.
          dev: A device of the node.
          pipe: A named pipe.
          stdio: The standard input and output of the hypervisor.
          "null": Nothing.
          vc: A console in the hypervisor's own display.
          spicevmc: The client that is connected with SPICE.
          spiceport: A channel of your own to the client that is connected with SPICE.
          nmdm: A null modem device of FreeBSD.
      port:
        description: The number of the port, counted from 0.
        type: int
      target_type:
        description: The kind of port that the guest sees, like V(isa-serial), V(pci-serial) or V(usb-serial). Another
          kind drops the model.
        type: str
      model:
        description: The model of the port, like V(16550a). It is best left out, since it follows from the kind.
        type: str
  consoles:
    description: Consoles. Entries are told apart by O(consoles[].target_type) and O(consoles[].port), and without these
      by their order. The first serial port is always the first console, too.
    type: list
    elements: dict
    suboptions:
      <<: *stream
      type: *type
      target_type:
        description: What the guest sees. V(serial) is the first serial port, V(virtio) a fast one that Linux calls
          C(hvc0). A container has V(lxc).
        type: str
      port:
        description: The number of the console, counted from 0.
        type: int
  channels:
    description: Channels to programs in the guest. Entries are told apart by O(channels[].name), and come and go while
      the domain runs. A new virtual machine has one for the guest agent.
    type: list
    elements: dict
    suboptions:
      <<: *stream
      name:
        description: The name by which a program in the guest finds the channel. The guest agent's is
          V(org.qemu.guest_agent.0), that of SPICE V(com.redhat.spice.0).
        type: str
        required: true
      type:
        description: What is at the node's end. By default V(unix), or V(spicevmc) for names that begin with
          V(com.redhat.spice.).
        type: str
        choices:
          unix: A socket. Without O(channels[].path) the hypervisor chooses it.
          pty: A pseudo terminal.
          tcp: A TCP connection.
          udp: UDP packets.
          file: A file that the output goes to.
          dev: A device of the node.
          pipe: A named pipe.
          "null": Nothing.
          spicevmc: The client that is connected with SPICE.
          spiceport: A channel of your own to the client that is connected with SPICE.
          nmdm: A null modem device of FreeBSD.
          qemu-vdagent: QEMU itself, which shares the clipboard with clients of any display.
      clipboard:
        description: Whether the clipboard is shared, for the type V(qemu-vdagent).
        type: bool
      mouse:
        description: Who draws the pointer, for the type V(qemu-vdagent).
        type: str
        choices:
          client: The client, at the very place.
          server: The guest, after movements.
      target_type:
        description: How the guest is reached.
        type: str
        choices:
          virtio: As a port of a virtio device. This is the default.
          xen: As Xen does it.
  redirdevs:
    description: Connections for USB devices of somebody who looks at the guest's display. Each holds one device.
      Entries are told apart by their order, and come and go while the domain runs.
    type: list
    elements: dict
    suboptions:
      <<: *connection
      type:
        description: Who has the device.
        type: str
        choices:
          spicevmc: The client that is connected with SPICE.
          tcp: A server of C(usbredir) over TCP.
          unix: A server of C(usbredir) at a socket.
      boot_order:
        description: Its place in the order of devices to boot from, counted from 1. No two devices can have the same.
          It takes the place of O(boot).
        type: int
"""
