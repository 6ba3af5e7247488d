# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Opening a connection to libvirt: which socket, who we are, what can be done."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from ..._deadline import Deadline
from ..._errors import AuthenticationFailed, ConnectionFailed, Denied, DriverError, InputError, StratumError
from ..._host.base import ByteStream, Host
from ..._uri import Uri
from ..base import Capability, Driver
from . import protocol
from .auth import authenticate
from .client import Client
from .domains import LibvirtDomains
from .node import LibvirtNode
from .objects import Objects

if TYPE_CHECKING:
    from ..networks import Networks
    from ..storage import Pools, Volumes

PARAMETERS = ("mode", "socket")
MODES = ("auto", "direct", "legacy")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
DAEMONS = {scheme: f"virt{scheme}d" for scheme in ("bhyve", "ch", "lxc", "qemu", "vbox", "vz", "xen")}
"""The daemon of its own that a hypervisor has where libvirt is modular; the others are served by the proxy alone."""
SYSTEM_FOLDERS = ("/run/libvirt", "/var/run/libvirt")

_LEAST = frozenset({Capability.SHUTDOWN, Capability.SUSPEND, Capability.AUTOSTART, Capability.EVENTS})
_COMMON = _LEAST | {
    Capability.LIVE_MEMORY,
    Capability.LIVE_METADATA,
    Capability.GUEST_ADDRESSES,
    Capability.NETWORKS,
    Capability.NETWORK_UPDATE,
    Capability.VOLUMES,
    Capability.POOL_SOURCES,
}
_NODE = frozenset(
    {
        Capability.NETWORK_LEASES,
        Capability.NETWORK_PORTS,
        Capability.POOL_CAPABILITIES,
        Capability.VOLUME_CONTENT,
        Capability.VOLUME_RESIZE,
        Capability.NODE_FILES,
    }
)
"""What libvirt's drivers for networks and storage of a real node can do."""
CAPABILITIES: dict[str, frozenset[Capability]] = {
    "qemu": frozenset(Capability),
    "lxc": _COMMON | _NODE | {Capability.HOTPLUG},
    "test": _COMMON | {Capability.MANAGED_SAVE, Capability.RENAME, Capability.LIVE_VCPUS, Capability.STATS},
}
"""What each hypervisor was seen to do through libvirt; one that nobody tried gets the least."""


class LibvirtDriver(Driver):
    """One connection to a libvirt daemon. ``timeout`` is how many seconds each answer may take."""

    def __init__(self, uri: Uri, host: Host, timeout: float) -> None:
        _check(uri)
        self.uri = str(uri)
        self.capabilities = CAPABILITIES.get(uri.scheme, _LEAST)
        self._client = _open(uri, host, timeout)
        self.domains = LibvirtDomains(self._client, self.capabilities)
        self.node = LibvirtNode(self._client)
        self._files = host if Capability.NODE_FILES in self.capabilities else None

    # Many tasks need none of these, and importing them on a node takes longer than a call.

    @cached_property
    def networks(self) -> Networks | None:
        if Capability.NETWORKS not in self.capabilities:
            return None
        from .networks import LibvirtNetworks

        return LibvirtNetworks(self._client)

    @cached_property
    def pools(self) -> Pools | None:
        if Capability.VOLUMES not in self.capabilities:
            return None
        from .pools import LibvirtPools

        return LibvirtPools(self._client, self._known_pools)

    @cached_property
    def volumes(self) -> Volumes | None:
        if Capability.VOLUMES not in self.capabilities:
            return None
        from .volumes import LibvirtVolumes

        return LibvirtVolumes(self._client, self._known_pools, self._files)

    @cached_property
    def _known_pools(self) -> Objects:
        from .pools import POOL

        return Objects(self._client, POOL)

    def close(self) -> None:
        self._client.close()


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


def _open(uri: Uri, host: Host, timeout: float) -> Client:
    client = Client(_connect(uri, host, Deadline(timeout)), timeout)
    try:
        authenticate(client)
        client.call(protocol.CONNECT_OPEN, uri.plain(), 0)
    except (AuthenticationFailed, Denied):
        client.close()
        raise
    except DriverError as error:
        client.close()
        raise ConnectionFailed(error.reason, hint=error.hint) from error
    except StratumError:
        client.close()
        raise
    return client


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
