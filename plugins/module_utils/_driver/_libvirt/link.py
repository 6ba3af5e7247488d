# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The way to a libvirt daemon: which socket, on which machine, through what."""

from __future__ import annotations

from typing import NamedTuple

from ..._deadline import Deadline
from ..._errors import ConnectionFailed, InputError
from ..._host.base import Access, ByteStream, Host
from ..._uri import Uri
from .parameters import SSH, check_parameters, transport_of
from .sockets import socket_paths


class Link(NamedTuple):
    """A stream to a daemon, and the machine whose files are the node's."""

    stream: ByteStream
    host: Host
    has_files: bool
    """Whether ``host`` is the node; not when only the daemon's port is reached."""


def reach(uri: Uri, host: Host, timeout: float, access: Access) -> Link:
    """Connect to the daemon that a URI names, from ``host``, in ``timeout`` seconds.

    Raises InputError for what a URI asks for and this driver does not do, ConnectionFailed, AuthenticationFailed.
    """
    check_parameters(uri)
    transport = transport_of(uri)
    # Each of the others needs libraries and modules that the unix socket does not.
    if transport in SSH:
        from .by_ssh import reach_by_ssh

        return Link(*reach_by_ssh(uri, timeout, access), has_files=True)
    if transport in ("tls", "tcp"):
        from .port import reach_port

        return Link(reach_port(uri, host, Deadline(timeout), access), host, has_files=False)
    if uri.host:
        raise InputError(
            "uri",
            f"a unix socket is on this machine, not on {uri.host}.",
            hint="Use ssh: qemu+ssh://root@node1/system.",
        )
    return Link(_connect(uri, host, Deadline(timeout)), host, has_files=True)


def _connect(uri: Uri, host: Host, deadline: Deadline) -> ByteStream:
    """Connect to the first socket that is there and answers."""
    failures = []
    for path in socket_paths(uri, host):
        try:
            return host.connect(path, deadline)
        except ConnectionFailed as error:
            # Not there, or left over from a daemon that is gone.
            failures.append(error.reason)
    raise ConnectionFailed(
        f"libvirt does not answer on {host.name}: {' '.join(failures)}",
        hint="Start libvirtd or the modular daemon of the hypervisor, or name its socket with socket= in the URI.",
    )
