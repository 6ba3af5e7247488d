# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A volume's content as a file of the machine that the task runs on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._driver.base import Driver
from .._errors import InputError
from .._host.base import Host
from .storage_use import by_file, file_keys, uses
from .volume_content import volumes_of
from .volume_stream import same, sparse

OPTION = "download"


class Download:
    """A file that has what a volume has, byte by byte."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.action = f"download to {path}"

    def needed(self, driver: Driver, host: Host, pool: str, name: str) -> bool:
        """Whether the file is not there, or has something else in it; raise InputError for what is no file."""
        volumes = volumes_of(driver, OPTION)
        status = host.status(self.path)
        if status is None:
            folder = host.status(self.path.rpartition("/")[0] or "/")
            if folder is None or folder.kind != "directory":
                raise InputError(f"{OPTION}.path", f"there is no folder for {self.path} on {host.name}.")
            return True
        if status.kind != "file":
            raise InputError(f"{OPTION}.path", f"{self.path} is a {status.kind}, not a file.")
        if driver.host is host and volumes.paths([(pool, name)]).get((pool, name)) == self.path:
            raise InputError(f"{OPTION}.path", f"{self.path} is the volume itself.")
        with volumes.download(pool, name) as content:
            if same(content, host.extents(self.path)):
                return False
        if driver.host is host:
            self._check_free(driver)
        return True

    def _check_free(self, driver: Driver) -> None:
        """Raise InputError when what is there is another volume, or what a domain uses."""
        found = volumes_of(driver, OPTION).find(self.path)
        if found is not None:
            raise InputError(f"{OPTION}.path", f"{self.path} is the volume {found[1]} of the pool {found[0]}.")
        users = by_file(driver, uses(driver)).get(file_keys(driver, [self.path])[0])
        if users:
            raise InputError(f"{OPTION}.path", f"{self.path} is {users[0]}.")

    def run(self, driver: Driver, host: Host, pool: str, name: str) -> None:
        """Write the file; the one that was there stays until all of it is."""
        with volumes_of(driver, OPTION).download(pool, name) as content, host.replace(self.path) as file:
            for extent in sparse(content):
                if extent.hole:
                    file.hole(extent.hole)
                else:
                    file.write(extent.data)


def load(params: Mapping[str, Any]) -> Download | None:
    """Return what a task states; raise InputError for what cannot be right."""
    stated = params.get("download")
    if stated is None:
        return None
    path = stated["path"]
    if not path.startswith("/") or path.endswith("/") or "\0" in path:
        raise InputError(f"{OPTION}.path", f"{path!r} is not the absolute path of a file.")
    return Download(path)
