# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A domain's options: what keeps it apart from the node's other processes; the twin of _document/security.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  seclabels:
    description: What the node's security modules know the domain as. Entries are told apart by O(seclabels[].model),
      and without it by their order. By default libvirt makes a label for each domain.
    type: list
    elements: dict
    suboptions:
      type:
        description: Who chooses the label. Another type drops the label.
        type: str
        choices:
          dynamic: libvirt, one of its own for each domain. This is the default.
          static: The task.
          none: Nobody. The domain is not confined.
      model:
        description: The security module, like V(selinux), V(apparmor) or V(dac). V(dac) is about the user and the
          group.
        type: str
      relabel:
        description: Whether libvirt labels the domain's files, too. For the type V(static) the default is not to.
        type: bool
      label:
        description: The label, in the module's own terms. V(dac) has a user and a group, like V(qemu:qemu) or
          V(+107:+107). Only for the type V(static), which needs it.
        type: str
      baselabel:
        description: What libvirt makes the label from, for the type V(dynamic).
        type: str
  resource:
    description: Where the domain belongs in the node's control groups.
    type: dict
    suboptions:
      partition:
        description: The absolute path of a partition, like V(/machine/production). It must exist.
        type: str
"""
