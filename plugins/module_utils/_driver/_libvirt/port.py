# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Reaching a daemon at its port: by TLS, or plainly where nobody can be in between."""

from __future__ import annotations

import os.path

from ..._deadline import Deadline
from ..._errors import ConnectionFailed, InputError
from ..._host.base import Access, ByteStream, Host
from ..._uri import Uri
from .parameters import is_set, transport_of

TCP_PORT = 16509
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def reach_port(uri: Uri, host: Host, deadline: Deadline, access: Access) -> ByteStream:
    """Connect to the port that a URI names; raise InputError for what makes no sense there, and as connect_tls does."""
    transport = transport_of(uri)
    _check(uri, transport)
    return _tcp(uri, deadline) if transport == "tcp" else _tls(uri, host, deadline, access)


def _check(uri: Uri, transport: str) -> None:
    if not uri.host:
        raise InputError(
            "uri", f"{transport} needs a machine to connect to.", hint="Write it like qemu+tls://node1/system."
        )
    if transport == "tcp" and uri.host not in LOOPBACK:
        raise InputError(
            "uri",
            "tcp sends everything unprotected, so it is only for this machine's own addresses.",
            hint="Use tls or ssh.",
        )
    if uri.user is not None:
        raise InputError("uri", f"there is no user in {transport}.", hint="With tls, the certificate says who we are.")


def _tcp(uri: Uri, deadline: Deadline) -> ByteStream:
    from ..._host.local import SocketStream
    from ..._host.tcp import open_socket

    port = uri.port or TCP_PORT
    opened = open_socket(uri.host or "", port, deadline)
    try:
        address = opened.getpeername()[0]
    except OSError as error:
        opened.close()
        raise ConnectionFailed(f"port {port} of {uri.host} was closed at once: {error.strerror}.") from error
    if address not in LOOPBACK:
        opened.close()
        raise ConnectionFailed(
            f"{uri.host} is not this machine, and tcp sends everything unprotected.", hint="Use tls."
        )
    return SocketStream(opened, f"port {port} of {uri.host}")


def _tls(uri: Uri, host: Host, deadline: Deadline, access: Access) -> ByteStream:
    from ..._host.pki import locate
    from ..._host.tls import PORT, connect_tls

    folder = uri.parameters.get("pkipath")
    if folder is not None and not os.path.isabs(folder):
        raise InputError("uri", f"pkipath: {folder!r} is not an absolute path.")
    return connect_tls(
        uri.host or "",
        uri.port or PORT,
        pki=locate(folder, user_id=host.user_id(), home=os.path.expanduser("~")),
        verify=not is_set(uri, "no_verify"),
        deadline=deadline,
        access=access,
    )
