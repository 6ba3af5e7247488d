# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The way to a libvirt daemon: which socket, on which machine, through what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..._deadline import Deadline
from ..._errors import ConnectionFailed, InputError
from ..._host.base import Access, ByteStream, Host
from ..._uri import Uri

PARAMETERS = ("mode", "socket")
MODES = ("auto", "direct", "legacy")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
DAEMONS = {scheme: f"virt{scheme}d" for scheme in ("bhyve", "ch", "lxc", "qemu", "vbox", "vz", "xen")}
"""The daemon of its own that a hypervisor has where libvirt is modular; the others are served by the proxy alone."""
SYSTEM_FOLDERS = ("/run/libvirt", "/var/run/libvirt")


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
    _check(uri)
    return Link(_connect(uri, host, Deadline(timeout)), host, has_files=True)


def _check(uri: Uri) -> None:
    """Refuse what a URI asks for and this driver does not do."""
    if uri.transport == "tcp" and uri.host not in LOOPBACK:
        raise InputError("uri", "tcp sends everything unprotected, so it is only for this machine's own addresses.")
    if uri.transport not in (None, "unix"):
        raise InputError("uri", f"the transport {uri.transport} is not available yet.", hint="Use the unix socket.")
    if uri.host:
        raise InputError(
            "uri",
            f"the node {uri.host} is another machine, and ssh and tls are not available yet.",
            hint="Run the task on that node.",
        )
    unknown = [name for name in uri.parameters if name not in PARAMETERS]
    if unknown:
        raise InputError("uri", f"the parameter {unknown[0]!r} is not known.", hint=f"Known: {', '.join(PARAMETERS)}.")
    mode = uri.parameters.get("mode", "auto")
    if mode not in MODES:
        raise InputError("uri", f"the mode {mode!r} is not known.", hint=f"Known: {', '.join(MODES)}.")


def _connect(uri: Uri, host: Host, deadline: Deadline) -> ByteStream:
    """Connect to the first socket that is there and answers.

    The order is libvirt's own: the hypervisor's daemon, else the monolithic one (or the proxy, which has its name).
    """
    candidates = [uri.parameters["socket"]] if "socket" in uri.parameters else _sockets(uri, host)
    failures = []
    for path in candidates:
        try:
            return host.connect(path, deadline)
        except ConnectionFailed as error:
            # Not there, or left over from a daemon that is gone.
            failures.append(error.reason)
    raise ConnectionFailed(
        f"libvirt does not answer on {host.name}: {' '.join(failures)}",
        hint="Start libvirtd or the modular daemon of the hypervisor, or name its socket with socket= in the URI.",
    )


def _sockets(uri: Uri, host: Host) -> Iterator[str]:
    mode = uri.parameters.get("mode", "auto")
    daemons = [DAEMONS[uri.scheme]] if uri.scheme in DAEMONS and mode != "legacy" else []
    if mode != "direct":
        daemons.append("libvirt")
    for folder in _folders(uri, host):
        for daemon in daemons:
            yield f"{folder}/{daemon}-sock"


def _folders(uri: Uri, host: Host) -> tuple[str, ...]:
    """Return where sockets may lie. As in libvirt, root has no daemons of its own beside the system's."""
    own = uri.path == "/session" or uri.scheme == "test"
    if not own or host.user_id() == 0:
        return SYSTEM_FOLDERS
    runtime = host.environment("XDG_RUNTIME_DIR")
    cache = host.environment("XDG_CACHE_HOME") or f"{host.environment('HOME') or ''}/.cache"
    return (f"{runtime or cache}/libvirt",)
