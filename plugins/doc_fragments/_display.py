# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A domain's options: what a person sees, hears and types on; the twin of _document/display.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  inputs:
    description: What the guest is typed and pointed with. Those on the buses V(usb) and V(virtio) come and go while the
      domain runs. Entries are told apart by O(inputs[].source), or by O(inputs[].type) and O(inputs[].bus).
    type: list
    elements: dict
    suboptions:
      type:
        description: The kind of device.
        type: str
        required: true
        choices:
          tablet: A pointer that is told where to be. It suits remote displays.
          mouse: A pointer that is told how far to move. An x86 guest always has one on the bus V(ps2).
          keyboard: A keyboard. An x86 guest always has one on the bus V(ps2).
          evdev: A device of the node, whose events the hypervisor translates for the guest's own devices.
      bus:
        description: What it is connected to. V(ps2) devices are always there on x86.
        type: str
        choices: [usb, ps2, virtio, xen]
      model:
        description: Which generations of virtio the device speaks. It is V(virtio) where nothing is to be said.
        type: str
        choices:
          virtio: Whatever fits the machine.
          virtio-transitional: The old and the new one, for guests that only know the old one.
          virtio-non-transitional: The new one only.
      source:
        description: The absolute path of the device on the node, like V(/dev/input/event3). The type V(evdev) needs
          it.
        type: str
      grab:
        description: Which devices go over to the guest and back together, for the type V(evdev). By default only this
          one.
        type: str
        choices:
          all: All of them.
      grab_toggle:
        description: The keys that hand the device over and back, for the type V(evdev). One of V(ctrl-ctrl),
          V(alt-alt), V(shift-shift), V(meta-meta), V(scrolllock) and V(ctrl-scrolllock).
        type: str
      repeat:
        description: Whether a key that is held down repeats, for the type V(evdev).
        type: bool
  graphics:
    description: Displays of the guest. A domain has one of each type at most, and entries are told apart by it. A new
      domain has none.
    type: list
    elements: dict
    suboptions:
      type:
        description: The kind of display.
        type: str
        required: true
        choices:
          vnc: A VNC server.
          spice: A SPICE server.
          sdl: A window on the node.
          rdp: An RDP server.
          dbus: An object on D-Bus.
          egl-headless: No display of its own, but 3D acceleration for V(vnc) or V(spice) beside it.
          desktop: A window on the node, by VirtualBox.
      port:
        description: The TCP port that it listens on. -1 lets the hypervisor choose at each start, as it does by default
          for a new one.
        type: int
      tls_port:
        description: The TCP port for encrypted connections, for the type V(spice). -1 lets the hypervisor choose.
        type: int
      autoport:
        description: Whether the hypervisor chooses the ports. It excludes ports that are stated.
        type: bool
      websocket:
        description: The TCP port for connections from web browsers, for the type V(vnc). -1 lets the hypervisor choose.
        type: int
      listen:
        description: Where it can be reached. By default only from the node itself, unless the hypervisor's
          configuration says otherwise.
        type: dict
        suboptions:
          type:
            description: What the rest is about. By default V(address).
            type: str
            choices:
              address: An address of the node.
              network: The node's address in a libvirt network.
              socket: A socket on the node.
              none: Nowhere. Only a program that libvirt hands a connection can reach it.
          address:
            description: The address. V(0.0.0.0) stands for all IPv4 addresses of the node.
            type: str
          network:
            description: The name of the libvirt network.
            type: str
          socket:
            description: The absolute path of the socket.
            type: str
      password:
        description:
          - The password that clients have to give. It is neither logged nor returned. It changes while the domain runs.
          - VNC knows only its first 8 characters, and passwords alone protect little. Prefer TLS or a tunnel.
          - An empty string takes the password away.
        type: str
      password_valid_to:
        description: Until when the password is valid, in UTC, like V(2026-04-09T15:51:00). It changes while the domain
          runs.
        type: str
      connected:
        description: What a new password means for a client that is connected. It changes while the domain runs.
        type: str
        choices:
          fail: The password does not change.
          disconnect: The client is disconnected.
          keep: It stays connected. VNC knows only this.
      share_policy:
        description: Who may be connected at the same time, for the type V(vnc).
        type: str
        choices:
          allow-exclusive: A client can ask to be alone. This is the default.
          force-shared: Only clients that share.
          ignore: Everybody, whatever clients ask.
      power_control:
        description: Whether a client may shut down and reset the guest, for the type V(vnc).
        type: bool
      keymap:
        description: The layout of the keyboard, like V(en-us). Clients that send key codes do not need it.
        type: str
      default_mode:
        description: How channels of SPICE that are not in O(graphics[].channels) are connected.
        type: str
        choices:
          any: Encrypted if there is a port for it, else not. This is the default.
          secure: Only encrypted.
          insecure: Only unencrypted.
      channels:
        description: How single channels of SPICE are connected. Entries are told apart by
          O(graphics[].channels[].name).
        type: list
        elements: dict
        suboptions:
          name:
            description: The name of the channel, like V(main), V(display), V(inputs), V(cursor), V(playback), V(record)
              or V(usbredir).
            type: str
            required: true
          mode:
            description: How it is connected.
            type: str
            required: true
            choices:
              any: As O(graphics[].default_mode) says.
              secure: Only encrypted.
              insecure: Only unencrypted.
      image_compression:
        description: How SPICE compresses images. V(auto_glz) and V(auto_lz) choose by the image.
        type: str
        choices: [auto_glz, auto_lz, quic, glz, lz, "off"]
      jpeg_compression:
        description: Whether SPICE compresses photos with losses. V(auto) does on slow connections.
        type: str
        choices: [auto, never, always]
      zlib_compression:
        description: Whether SPICE compresses images once more. V(auto) does on slow connections.
        type: str
        choices: [auto, never, always]
      playback_compression:
        description: Whether SPICE compresses sound.
        type: bool
      streaming:
        description: What SPICE sends as a video.
        type: str
        choices:
          filter: Regions that look like one.
          all: Every region that changes quickly.
          "off": Nothing.
      clipboard:
        description: Whether SPICE shares the clipboard with the guest. By default it does.
        type: bool
      mouse:
        description: Who draws the pointer. The default of SPICE is V(client).
        type: str
        choices:
          client: The client, at the very place.
          server: The guest, after movements.
      file_transfer:
        description: Whether files can be sent to the guest over SPICE. By default they can.
        type: bool
      gl:
        description: Whether the guest's 3D images are drawn by the node's graphics card. SPICE can do that only for
          clients on the node.
        type: bool
      rendernode:
        description: The absolute path of the node's graphics card, like V(/dev/dri/renderD128). By default the first
          one.
        type: str
      display:
        description: The X display that the window appears on, like V(:0.0), for the types V(sdl) and V(desktop).
        type: str
      xauth:
        description: The absolute path of the file with the right to use that display, for the type V(sdl).
        type: str
      fullscreen:
        description: Whether the window fills the screen, for the types V(sdl) and V(desktop).
        type: bool
      p2p:
        description: Whether clients connect without a bus, for the type V(dbus).
        type: bool
  videos:
    description: Video cards. Entries are told apart by O(videos[].model), and those that are alike by their order. A
      domain with O(graphics) gets one by itself.
    type: list
    elements: dict
    suboptions:
      model:
        description: The card that the guest sees. Another model drops what belongs to the old one.
        type: str
        required: true
        choices:
          virtio: For guests with a driver for it. It can do 3D.
          vga: For every guest.
          qxl: For SPICE, with a driver in the guest.
          bochs: For UEFI guests, without old modes.
          ramfb: For the firmware and early boot only.
          cirrus: For very old guests.
          vmvga: VMware's card.
          xen: The card of Xen guests.
          vbox: The card of VirtualBox guests.
          gop: The card of guests of FreeBSD's bhyve.
          none: No card, even if there are displays.
      vram:
        description: The size of the video memory. For V(qxl) that of its second region. A number without a unit counts
          KiB.
        type: str
      ram:
        description: The size of the first region of V(qxl). A number without a unit counts KiB.
        type: str
      vgamem:
        description: The size of the frame buffer of V(qxl) in its VGA mode. A number without a unit counts KiB.
        type: str
      vram64:
        description: The size of a region of V(qxl) that 64-bit guests can use beyond the others. A number without a
          unit counts KiB.
        type: str
      heads:
        description: How many screens it has.
        type: int
      primary:
        description: Whether it is the first card, which the firmware uses. By default the first entry is.
        type: bool
      accel3d:
        description: Whether the guest's 3D commands go to the node's graphics card. It takes a display with
          O(graphics[].gl), or one of type V(egl-headless).
        type: bool
      accel2d:
        description: Whether 2D commands are accelerated, by VirtualBox.
        type: bool
      rendernode:
        description: The absolute path of the node's graphics card, like V(/dev/dri/renderD128), for the driver
          V(vhostuser). By default any.
        type: str
      resolution:
        description: The smallest resolution.
        type: dict
        suboptions:
          x:
            description: Its width in pixels.
            type: int
            required: true
          y:
            description: Its height in pixels.
            type: int
            required: true
      driver:
        description: Who emulates it.
        type: str
        choices:
          qemu: QEMU itself. This is the default.
          vhostuser: A process beside it, for the model V(virtio).
      vgaconf:
        description: How much of an old VGA card the model V(gop) is.
        type: str
        choices:
          io: Its ports.
          "on": All of it.
          "off": Nothing.
  sounds:
    description: Sound cards. Entries are told apart by O(sounds[].model), and equal ones by their order.
    type: list
    elements: dict
    suboptions:
      model:
        description: The card that the guest sees. V(ich9) suits V(q35) machines.
        type: str
        required: true
        choices: [ich9, ich6, ich7, ac97, es1370, sb16, pcspk, usb]
      codecs:
        description: What is behind a card of Intel's HD Audio, the models beginning with V(ich). The list is replaced
          as a whole.
        type: list
        elements: str
        choices:
          duplex: A line in and a line out.
          micro: A microphone and a speaker.
          output: A line out.
"""
