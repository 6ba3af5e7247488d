# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Storage volumes through libvirt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._errors import NotFound, OperationInvalid, StratumError
from ..base import Volumes
from . import protocol
from .client import Call, Client


class LibvirtVolumes(Volumes):
    """Volumes of one libvirt connection."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def paths(self, volumes: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
        wanted = list(dict.fromkeys(volumes))
        pools = self._present({pool: (protocol.POOL_BY_NAME, (pool,)) for pool, _name in wanted})
        found = self._present(
            {(pool, name): (protocol.VOLUME_BY_NAME, (pools[pool], name)) for pool, name in wanted if pool in pools}
        )
        return self._present({key: (protocol.VOLUME_PATH, (volume,)) for key, volume in found.items()})

    def delete_path(self, path: str) -> bool:
        try:
            volume = self._client.call(protocol.VOLUME_BY_PATH, path)
        except NotFound:
            return False
        self._client.call(protocol.VOLUME_DELETE, volume, 0)
        return True

    def _present(self, calls: dict[Any, Call]) -> dict[Any, Any]:
        """Return the answers by key, less those about objects that are not there: a stopped pool has no volumes."""
        found = {}
        for key, answer in zip(calls, self._client.pipeline(list(calls.values()))):
            if isinstance(answer, (NotFound, OperationInvalid)):
                continue
            if isinstance(answer, StratumError):
                raise answer
            found[key] = answer
        return found
