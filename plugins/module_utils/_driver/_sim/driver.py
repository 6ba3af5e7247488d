# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The ``sim`` driver: a node that exists in one file only."""

from __future__ import annotations

from functools import cached_property

from ..._host.base import Host
from ..._uri import Uri
from ..base import Capability, Driver
from .domains import SimDomains
from .networks import SimNetworks
from .node import SimNode
from .parameters import read_settings
from .pools import SimPools
from .session import Session
from .volumes import SimVolumes


class SimDriver(Driver):
    """One connection to a simulated node.

    ``host`` is where the state file is, which has to be this machine. Raises InputError for a URI that cannot be
    right, ConnectionFailed for a state file that cannot be read.
    """

    def __init__(self, uri: Uri, host: Host, timeout: float) -> None:
        settings = read_settings(uri)
        self._session = Session(settings, timeout)
        self.uri = str(uri)
        self.host = host
        self.capabilities = self._session.capabilities
        self.domains = SimDomains(self._session)
        self.node = SimNode(self._session)
        with self._session.glance(f"opening {uri}"):
            pass

    @cached_property
    def networks(self) -> SimNetworks | None:
        return SimNetworks(self._session) if Capability.NETWORKS in self.capabilities else None

    @cached_property
    def pools(self) -> SimPools | None:
        return SimPools(self._session) if Capability.VOLUMES in self.capabilities else None

    @cached_property
    def volumes(self) -> SimVolumes | None:
        return SimVolumes(self._session) if Capability.VOLUMES in self.capabilities else None

    def close(self) -> None:
        self._session.close()
