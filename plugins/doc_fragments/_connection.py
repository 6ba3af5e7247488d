# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""How every module reaches a hypervisor; the twin of CONNECTION and WAIT in the argument specs."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
requirements:
  - Python >= 3.9
  - lxml
options:
  uri:
    description:
      - Where the hypervisor is, as a libvirt connection URI, for example V(qemu:///system), V(qemu:///session),
        V(lxc:///system), V(qemu+ssh://root@node1/system), V(qemu+tls://node1/system) or V(sim:///path/to/state).
      - The transports are V(unix), V(ssh) (V(libssh) and V(libssh2) are the same), V(tls), which is meant where the URI
        has a machine and no transport, and V(tcp) for this machine only.
      - V(ssh) does what ssh does, with its configuration, agent and known hosts. It needs the Python library paramiko
        where the module runs. The parameter C(command) names another client, for example V(ssh).
      - "The parameters are those of libvirt: for example, C(socket) names the daemon's socket,
        V(qemu+unix:///system?socket=/run/libvirt/libvirt-sock), and C(keyfile) a private key,
        V(qemu+ssh://root@node1/system?keyfile=/root/.ssh/virt). One that is not known is an error."
      - Without it, the environment variables E(STRATUM_VIRT_URI) and E(LIBVIRT_DEFAULT_URI) are asked, then the first
        of V(qemu:///system) and V(qemu:///session) that answers is taken. The result says which one it was.
    type: str
  ssh_password:
    description:
      - For a O(uri) with V(+ssh), the password of the user at the node, where no key is accepted. Keys are better.
      - It is never asked for, and taken from nowhere else.
    type: str
  ssh_passphrase:
    description: For a O(uri) with V(+ssh), the passphrase of a private key that no agent holds.
    type: str
  timeout:
    description:
      - How many seconds every single wait may take. The wait for an answer of the hypervisor, for a guest that shuts
        down, for its agent or its address, for another task that works on the same domain.
      - Starting a domain and saving its memory may take longer, up to an hour, while the hypervisor shows that it is
        alive.
    type: int
    default: 120
"""
