# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A domain's options: how it starts; the twin of _document/boot.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  firmware:
    description:
      - The kind of firmware. The hypervisor chooses the file that fits. Another kind drops O(loader) and O(nvram).
      - By default the machine's own, which is V(bios) on x86.
    type: str
    choices:
      bios: A BIOS.
      uefi: UEFI, with variables of the domain's own in a file that comes and goes with it.
  secure_boot:
    description: Whether the firmware has Secure Boot. It takes O(firmware=uefi), or a file in O(loader) that has it.
    type: bool
  enrolled_keys:
    description: Whether the firmware knows the usual vendors' keys from the start. Without keys, Secure Boot lets
      everything boot.
    type: bool
  loader:
    description: The file of the firmware, instead of the hypervisor's choice by O(firmware).
    type: dict
    suboptions:
      path:
        description: Its absolute path. It takes the place of O(firmware).
        type: str
      type:
        description: How the guest sees it.
        type: str
        choices:
          rom: As read-only memory. This fits a BIOS.
          pflash: As flash memory. This fits UEFI.
      readonly:
        description: Whether the guest is kept from writing to it. UEFI then needs O(nvram).
        type: bool
      stateless:
        description: Whether UEFI does without O(nvram), and forgets its variables when the domain stops.
        type: bool
  nvram:
    description: The file in which UEFI keeps its variables.
    type: dict
    suboptions:
      path:
        description: Its absolute path. By default the hypervisor chooses one.
        type: str
      template:
        description: The file that it is copied from if it does not exist.
        type: str
  boot:
    description:
      - The kinds of devices to boot from, in this order. The list is replaced as a whole.
      - Single devices are more exact with their C(boot_order), and the two exclude each other. Stating one drops the
        other.
    type: list
    elements: str
    choices:
      hd: A hard disk.
      cdrom: A CD-ROM.
      network: A network interface.
      fd: A floppy disk.
  bootmenu:
    description: The firmware's boot menu.
    type: dict
    suboptions:
      enable:
        description: Whether it is offered.
        type: bool
      timeout:
        description: How many milliseconds it is offered. At most 65535.
        type: int
  bios:
    description: What a BIOS does.
    type: dict
    suboptions:
      useserial:
        description: Whether it shows its messages on the first serial port, too.
        type: bool
      reboot_timeout:
        description: After how many milliseconds it tries again if nothing boots. At most 65535, or -1 for never.
        type: int
  kernel:
    description: The absolute path of a kernel on the node, which is started directly, without a boot loader.
    type: str
  initrd:
    description: The absolute path of the initial file system that goes with O(kernel).
    type: str
  cmdline:
    description: The command line of O(kernel). A container finds it in C(/proc/cmdline).
    type: str
  dtb:
    description: The absolute path of the device tree that goes with O(kernel).
    type: str
  smbios:
    description: What the guest's BIOS tables say of the machine.
    type: str
    choices:
      emulate: What the hypervisor makes up.
      host: What the node's say.
      sysinfo: What O(sysinfo) says.
  sysinfo:
    description: What the guest's BIOS tables say with O(smbios=sysinfo). The guest's C(dmidecode) shows it.
    type: dict
    suboptions:
      bios:
        description: The block about the BIOS.
        type: dict
        suboptions:
          vendor:
            description: The manufacturer.
            type: str
          version:
            description: The version.
            type: str
          date:
            description: When it was made, as V(mm/dd/yyyy).
            type: str
          release:
            description: Its release, two numbers like V(10.22).
            type: str
      system:
        description: The block about the whole machine.
        type: dict
        suboptions:
          manufacturer:
            description: The manufacturer.
            type: str
          product:
            description: What it is called.
            type: str
          version:
            description: The version.
            type: str
          serial:
            description: Its serial number. Some cloud images look here for their configuration.
            type: str
          uuid:
            description: Its UUID, the same as O(uuid).
            type: str
          sku:
            description: Its number in a catalogue.
            type: str
          family:
            description: The family of products that it belongs to.
            type: str
      base_board:
        description: The block about the main board.
        type: dict
        suboptions:
          manufacturer:
            description: The manufacturer.
            type: str
          product:
            description: What it is called.
            type: str
          version:
            description: The version.
            type: str
          serial:
            description: Its serial number.
            type: str
          asset:
            description: Its number in an inventory.
            type: str
          location:
            description: Where in the chassis it is.
            type: str
      chassis:
        description: The block about the chassis.
        type: dict
        suboptions:
          manufacturer:
            description: The manufacturer.
            type: str
          version:
            description: The version.
            type: str
          serial:
            description: Its serial number.
            type: str
          asset:
            description: Its number in an inventory.
            type: str
          sku:
            description: Its number in a catalogue.
            type: str
      oem_strings:
        description: Texts of your own for programs in the guest. Let each begin with the program's name. The list is
          replaced as a whole.
        type: list
        elements: str
  fw_cfg:
    description: Data for the guest in QEMU's firmware configuration, like what Ignition reads. Entries are told apart
      by O(fw_cfg[].name).
    type: list
    elements: dict
    suboptions:
      name:
        description: The name of the entry, which begins with V(opt/), like V(opt/com.example/setting).
        type: str
        required: true
      value:
        description: The data itself. It takes the place of O(fw_cfg[].file).
        type: str
      file:
        description: The absolute path of a file on the node with the data.
        type: str
  container:
    description: The first process of a container.
    type: dict
    suboptions:
      init:
        description: The absolute path of its program, inside the container.
        type: str
      args:
        description: Its arguments. The list is replaced as a whole.
        type: list
        elements: str
      env:
        description: Its environment variables. Entries are told apart by O(container.env[].name).
        type: list
        elements: dict
        suboptions:
          name:
            description: The name of the variable.
            type: str
            required: true
          value:
            description: What it is set to.
            type: str
            required: true
      dir:
        description: The folder in which it starts, inside the container.
        type: str
      user:
        description: The user that it runs as, a name or a number. A number after V(+) is never taken for a name.
        type: str
      group:
        description: The group that it runs as, a name or a number. A number after V(+) is never taken for a name.
        type: str
      idmap:
        description: Which users and groups of the node those of the container are. It puts the container into a user
          namespace.
        type: dict
        suboptions:
          uid:
            description: Ranges of users. The list is replaced as a whole.
            type: list
            elements: dict
            suboptions:
              start:
                description: The first user in the container. It is 0 in the first range.
                type: int
                required: true
              target:
                description: The user of the node that this one is.
                type: int
                required: true
              count:
                description: How many users the range has.
                type: int
                required: true
          gid:
            description: Ranges of groups. The list is replaced as a whole.
            type: list
            elements: dict
            suboptions:
              start:
                description: The first group in the container. It is 0 in the first range.
                type: int
                required: true
              target:
                description: The group of the node that this one is.
                type: int
                required: true
              count:
                description: How many groups the range has.
                type: int
                required: true
"""
