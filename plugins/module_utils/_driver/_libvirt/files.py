# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Volumes that are files of a machine which we reach: what can be done with them past libvirt."""

from __future__ import annotations

import os
import time

from ..._deadline import Deadline
from ..._errors import Denied, DriverError, InputError, NotFound, NotSupported
from ..._host.base import Host
from . import protocol
from .client import LONG_LIMIT, Client
from .errors import INTERNAL
from .protocol import Pool, Volume

AGAIN = 0.1
"""Seconds between two attempts to refresh a pool in which something else is going on."""


def own_file(client: Client, host: Host | None, volume: Volume) -> str | None:
    """Return the path of a volume that is a file which this host can see, ``None`` of any other."""
    path = str(client.call(protocol.VOLUME_PATH, volume))
    try:
        status = None if host is None else host.status(path)
    except Denied:
        return None
    return path if status is not None and status.kind == "file" else None


def rename(client: Client, host: Host | None, pool: Pool, volume: Volume, new_name: str) -> None:
    """Rename the file of a volume, and have libvirt look for it; raise NotSupported where that is not possible."""
    what = f"renaming the volume {volume.name} of the pool {pool.name} to {new_name}"
    if new_name in ("", ".", "..") or "/" in new_name or "\0" in new_name:
        raise InputError("name", f"{new_name!r} cannot be the name of a file.")
    path = own_file(client, host, volume)
    if path is None or host is None or os.path.basename(path) != volume.name:
        raise NotSupported(f"{what}: it is no file that can be reached.")
    new_path = os.path.join(os.path.dirname(path), new_name)
    try:
        host.rename(path, new_path)
    except Denied as error:
        raise NotSupported(f"{what}: {error.reason}") from error
    refresh(client, pool)
    try:
        client.call(protocol.VOLUME_BY_NAME, pool, new_name)
    except NotFound as error:
        # The daemon is on another machine, where that path means another file.
        host.rename(new_path, path)
        raise NotSupported(f"{what}: libvirt does not see what happens to {path} on {host.name}.") from error


def refresh(client: Client, pool: Pool) -> None:
    """Refresh a pool; libvirt refuses as long as a volume is being made in it."""
    deadline = Deadline(LONG_LIMIT)
    while True:
        try:
            client.call(protocol.POOL_REFRESH, pool, 0)
            return
        except DriverError as error:
            if error.code != INTERNAL or deadline.passed:
                raise
        time.sleep(AGAIN)
