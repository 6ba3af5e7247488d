# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A volume's options; the twin of _document/volume.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  capacity:
    description:
      - How much the volume holds, like V(20GiB). A number without a unit counts bytes. Storage can round it up.
      - A new volume needs it, unless O(source), O(cloud_init) or O(backing) has a size.
      - A larger one grows the volume in place. Running domains that use it see the new size at once.
      - A smaller one is refused, unless O(allow_shrink=true).
    type: str
  allocation:
    description:
      - How much space a new volume takes at once. An existing one is not compared with it. A number without a unit
        counts bytes.
      - By default a raw volume takes all of its capacity at once. V(0) makes it sparse, so that it takes space as it is
        written to. Images of other formats, like qcow2, always do the latter.
    type: str
  format:
    description:
      - The format of its content, one of those that the node offers for pools of this type, like V(raw) and V(qcow2).
        An unknown one is answered with all of them.
      - libvirt's default is V(raw) for pools that hold files. In other pools, most volumes have no format.
      - It cannot be changed. O(replace=true) makes the volume anew from its O(source).
    type: str
  permissions:
    description:
      - Who may do what with the volume's file.
      - libvirt gives the file to the hypervisor while a domain runs, and back afterwards. So owner and group of a
        volume that a running domain uses are left as they are.
      - Those of an existing volume are changed on the host that runs the module, if the pool is there.
    type: dict
    suboptions:
      mode:
        description: The rights of owner, group and others, as octal digits in quotes, like V('0640').
        type: raw
      owner:
        description: The number of the user.
        type: int
      group:
        description: The number of the group.
        type: int
      label:
        description: The label that SELinux knows the file by. It is given to new volumes only.
        type: str
  encryption:
    description:
      - How the content is encrypted. It cannot be changed.
      - QEMU encrypts V(luks) in raw and in qcow2 volumes.
    type: dict
    suboptions:
      format:
        description: The form of encryption.
        type: str
        required: true
        choices:
          luks: The one to choose.
          luks2: For RBD images that are encrypted by their own library.
          qcow: The insecure one of old qcow2 images.
      engine:
        description: Who does it, for RBD images.
        type: str
        choices:
          qemu: QEMU.
          librbd: The library of RBD.
      secret_uuid:
        description: The UUID of the libvirt secret that holds the passphrase. The secret must exist.
        type: str
      cipher:
        description: The cipher. Best left to QEMU.
        type: dict
        suboptions:
          name:
            description: Its name, like V(aes).
            type: str
            required: true
          size:
            description: The length of its key in bits, like V(256).
            type: int
            required: true
          mode:
            description: Its mode, like V(xts).
            type: str
          hash:
            description: The hash for the key, like V(sha256).
            type: str
      ivgen:
        description: What makes the initialization vectors. It needs O(encryption.cipher). Best left to QEMU.
        type: dict
        suboptions:
          name:
            description: Its name, like V(plain64).
            type: str
            required: true
          hash:
            description: Its hash, like V(sha256).
            type: str
  backing:
    description:
      - The image that a new one is built on. It holds what is different only, and the image below must not change any
        more. It cannot be changed.
      - State either O(backing.volume) or O(backing.path). O(source.clone=linked) does the same for a volume.
    type: dict
    suboptions:
      volume:
        description: The name of a volume.
        type: str
      pool:
        description: The pool of O(backing.volume), if it is another one.
        type: str
      path:
        description: The absolute path of a file or block device. It must exist.
        type: str
      format:
        description: Its format. It has to be stated if no pool knows the file. Otherwise it is what the pool says.
        type: str
  compat:
    description: What a qcow2 image may use, V(1.1) for what QEMU 1.1 and newer read. libvirt's default is V(0.10), or
      V(1.1) if an option needs it. It cannot be changed.
    type: str
    choices: ["0.10", "1.1"]
  cluster_size:
    description: The size of the clusters of a qcow2 image, 64 KiB by default. It cannot be changed. A number without a
      unit counts bytes.
    type: str
  lazy_refcounts:
    description: Whether a qcow2 image counts references later, which is faster and takes a check after a crash. It
      cannot be changed.
    type: bool
  extended_l2:
    description: Whether clusters of a qcow2 image are allocated in parts, which helps small writes to large clusters.
      It cannot be changed.
    type: bool
  nocow:
    description: Whether a new file on btrfs is written in place. An existing one is not compared with it.
    type: bool
"""
