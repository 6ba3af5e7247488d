# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Where a volume's content comes from and goes to; the twin of VOLUME_CONTENT in the argument specs."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  source:
    description:
      - What a new volume has in it. One of O(source.volume), O(source.file) and O(source.url).
      - The content comes into a volume of another name in the same pool, with C(.stratum-partial) in it. It gets its
        name, in one step, when it is complete and its checksum is right. Whatever goes wrong, nothing half is left
        under the name. If the task is interrupted, the next one removes what it left. If somebody else has made a
        volume of that name meanwhile, that one stays, and the task fails.
      - In a pool that cannot rename a volume (one of block devices, or with files that the task cannot reach) it is
        copied under its name instead. Until the copy is complete, a small volume with C(.stratum-copying) after the
        name says so. If the hypervisor is killed during that, the next task takes the volume for one that is not
        there, and removes both.
      - An image becomes what O(format) says, or keeps its format, and grows to O(capacity). A capacity below its own
        is refused. Blocks of zeros take no space, unless O(allocation) is stated.
      - A volume remembers where its content came from, as long as its file has extended attributes. The same source
        again changes nothing. Another one is an error, unless O(replace=true). Of a volume that was made in another
        way nobody knows that. It is left as it is, with a warning.
      - What the volume's user has written to it later makes no difference.
    type: dict
    suboptions:
      volume:
        description:
          - The name of another volume, whose content is copied as O(source.clone) says.
          - It is known by its pool, its name, and what it remembers of its own source. So an image that was replaced
            is another source.
          - A volume that a running domain may write to is refused.
        type: str
      pool:
        description: The pool of O(source.volume). By default that of the new volume.
        type: str
      clone:
        description:
          - V(full) copies the content, and converts it if O(format) is another one.
          - V(linked) makes a qcow2 volume that holds only what differs from O(source.volume), which must stay as it is
            from then on.
          - V(reflink) lets both share their blocks until one is written to. File systems like XFS and Btrfs can do
            that within one pool, and only without a conversion.
        type: str
        choices: [full, linked, reflink]
        default: full
      file:
        description:
          - A file with an image of a disk. It is a file of the controller, which is looked for in the folders where
            P(ansible.builtin.copy#module) looks (C(files) of a role, and beside the playbook) and can be in a vault. Or
            it is a file of the machine that the task runs on, by its absolute path, if O(source.remote_src=true). That
            is the node, unless O(uri) leads to another machine.
          - A file of the controller is known by its checksum. It is brought to that machine only when the volume
            needs it, which check mode never does. That takes as much space in its folder for temporary files, for as
            long as the task runs, and it does not work with C(async).
          - A file of that machine is known by O(source.checksum), or else by its path, size and time of change.
          - An image must be complete. One that is built on another file, or has its data in one, is refused.
        type: str
      remote_src:
        description: Whether O(source.file) is a file of the machine that the task runs on.
        type: bool
        default: false
      url:
        description:
          - A C(https) URL of an image of a disk, which the machine that the task runs on fetches. C(http) needs
            O(source.checksum).
          - That machine's proxies and certificates are used, as by P(ansible.builtin.get_url#module). A redirection
            from C(https) to anything else is refused.
          - It is known by O(source.checksum). Without one it is known by the URL, and what the server has under it
            later makes no difference.
        type: str
      headers:
        description: Headers of the request for O(source.url). A server that it is redirected to does not get them.
        type: dict
      checksum:
        description:
          - What the content of O(source.file) or O(source.url) must have, like V(sha256:0123…). The algorithms are
            C(sha256), C(sha384) and C(sha512).
          - Instead of the digits, the C(https) URL of a list of checksums can be given, like
            V(sha256:https://example.com/SHA256SUMS). The list is fetched whenever the volume is compared or filled, and
            what it says of the file's name counts.
        type: str
      format:
        description:
          - What the image in O(source.file) or O(source.url) is. By default it is V(qcow2) if it begins like that, else
            V(raw).
          - A file that begins like an image of a format other than these, or like a compressed one, is refused.
            libvirt would take it for such an image, whatever is stated.
        type: str
        choices: [raw, qcow2]
  cloud_init:
    description:
      - Makes the volume a seed for cloud-init's data source NoCloud, for a guest that has it as a CD-ROM or disk. It is
        a CD with the label C(cidata), which Linux and Windows can read.
      - The same options make the same bytes, anywhere. The volume is compared with them, and replaced when they
        differ, which cannot be while a running or saved domain uses it. A volume with anything else in it than a seed
        is only replaced if O(replace=true).
      - Each suboption is text, which stays as it is, or a structure, which is written as JSON, which is YAML. All of it
        together has at most 8 MiB.
      - None of it appears in the result or the diff. In the volume, everybody who can read that can read it.
    type: dict
    suboptions:
      user_data:
        description:
          - What is to be done. Text says in its first line what it is, like C(#cloud-config) or C(#!/bin/sh).
          - A structure gets the line C(#cloud-config).
        type: raw
      meta_data:
        description:
          - What the guest is. cloud-init does its work once for each C(instance-id).
          - A structure without one, and no metadata at all, get the volume's O(name) as C(instance-id).
        type: raw
      network_config:
        description: The guest's network. Without it, the guest asks by DHCP.
        type: raw
      vendor_data:
        description: Like O(cloud_init.user_data), which wins where both say something.
        type: raw
  download:
    description:
      - Copies the volume's content to a file of the machine that the task runs on, byte by byte and in the volume's
        format, with its holes. That is the node, unless O(uri) leads to another machine.
      - The file is compared with the volume first, which takes as long as reading both. It has its name only when it is
        complete, and only its owner can read it.
      - That a running domain writes to the volume meanwhile is refused. See O(force).
    type: dict
    suboptions:
      path:
        description: The absolute path of the file. Its folder must be there. A file of that name is replaced, unless it
          is another volume or a domain's disk.
        type: str
        required: true
"""
