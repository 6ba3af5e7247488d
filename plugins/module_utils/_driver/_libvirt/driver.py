# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Opening a connection to libvirt: who we are, what can be done."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ..._errors import AuthenticationFailed, ConnectionFailed, Denied, DriverError, StratumError
from ..._host.base import NOTHING_GIVEN, Access, ByteStream, Host
from ..._uri import Uri
from ..base import Capability, Driver
from . import protocol
from .auth import authenticate
from .client import Client
from .domains import LibvirtDomains
from .link import reach
from .node import LibvirtNode
from .objects import Objects
from .parameters import daemon_uri

if TYPE_CHECKING:
    from ..networks import Networks
    from ..storage import Pools, Volumes

_LEAST = frozenset({Capability.SHUTDOWN, Capability.SUSPEND, Capability.AUTOSTART, Capability.EVENTS})
_COMMON = _LEAST | {
    Capability.LIVE_MEMORY,
    Capability.LIVE_METADATA,
    Capability.GUEST_ADDRESSES,
    Capability.NETWORKS,
    Capability.NETWORK_UPDATE,
    Capability.VOLUMES,
    Capability.POOL_SOURCES,
    Capability.NODE_INTERFACES,
    Capability.NODE_DEVICES,
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

    def __init__(self, uri: Uri, host: Host, timeout: float, access: Access = NOTHING_GIVEN) -> None:
        self.uri = str(uri)
        self.machine = uri.host
        link = reach(uri, host, timeout, access)
        self.host = link.host
        self.capabilities = CAPABILITIES.get(uri.scheme, _LEAST)
        if not link.has_files:
            self.capabilities -= {Capability.NODE_FILES}
        try:
            self._client = _open(uri, link.stream, timeout)
        except StratumError:
            link.host.close()
            raise
        self.domains = LibvirtDomains(self._client, self.capabilities)
        self.node = LibvirtNode(self._client, uri)
        self._files = self.host if Capability.NODE_FILES in self.capabilities else None

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
        self.host.close()


def _open(uri: Uri, stream: ByteStream, timeout: float) -> Client:
    client = Client(stream, timeout)
    try:
        authenticate(client)
        client.call(protocol.CONNECT_OPEN, daemon_uri(uri), 0)
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
