# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Content from a file of the machine that the task runs on, which may have been brought there from the controller."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from .._document.field import Spec
from .._document.image_format import HEADER
from .._driver.base import Driver
from .._errors import InputError
from .._host.base import Extent, FileStatus, Host
from .volume_checksum import Checksum, look_up, parse, verified
from .volume_content import Fetch
from .volume_image import Image, ImageContent, beginning


class FileContent(ImageContent):
    """What is in a file.

    A file of the controller is here only while the task needs it, under another name. It is known by its checksum.
    """

    def __init__(self, source: Mapping[str, Any], fetch: Fetch | None, timeout: float) -> None:
        self._path: str = source["file"]
        self._remote: bool = source["remote_src"]
        self._fetch = fetch
        self._timeout = timeout
        self.format = source.get("format")
        self._checksum = None if source.get("checksum") is None else parse(source["checksum"])
        self._looked_up: Checksum | None = None
        _folder, _slash, self._name = self._path.rpartition("/")
        self.description = f"the file {self._path if self._remote else self._name}"
        if not self._path.startswith("/") or "\0" in self._path or not self._name:
            raise InputError("source.file", f"{self._path!r} is not an absolute path.", hint="Name it in full.")
        if not self._remote and self._checksum is None:
            raise InputError(
                "source.checksum",
                "a file of the controller needs one, which the action plugin of this module computes.",
                hint="Run the module as a task, or set remote_src for a file that is where the task runs.",
            )

    def fingerprints(self, driver: Driver, host: Host) -> Sequence[str]:
        found = []
        if self._checksum is not None:
            found.append(str(self._expected(self._checksum)))
        if self._remote and (self._checksum is None or host.status(self._path) is not None):
            status = self._status(host)
            # Files have little room for marks.
            path = hashlib.sha256(self._path.encode("utf-8", "surrogateescape")).hexdigest()
            found.append(f"file {path} {status.size} {status.modified}")
        return found

    def implied(self, driver: Driver, host: Host, pool: str, spec: Spec) -> Spec:
        implied = super().implied(driver, host, pool, spec)
        if not self._remote:
            return implied
        size = self._status(host).size
        image = self.recognise(host.read(self._path, HEADER))
        capacity = size if image.capacity is None else image.capacity
        self.check_capacity(spec, capacity)
        return {"format": image.name, "capacity": capacity}

    @contextmanager
    def opened(self, host: Host) -> Iterator[Image]:
        size = self._status(host).size
        extents: Iterator[Extent] = host.extents(self._path)
        if self._checksum is not None:
            extents = verified(extents, self._expected(self._checksum), self.description)
        # What is looked at are the very bytes that are uploaded: whoever owns the file could exchange it in between.
        start, extents = beginning(extents)
        yield Image(start, size, extents)

    def _expected(self, stated: Checksum) -> Checksum:
        if self._looked_up is None:
            self._looked_up = look_up(stated, self._fetch, self._name, self._timeout)
        return self._looked_up

    def _status(self, host: Host) -> FileStatus:
        status = host.status(self._path)
        if status is None:
            raise InputError("source.file", f"there is no file {self._path} on {host.name}.")
        if status.kind != "file":
            raise InputError("source.file", f"{self._path} is a {status.kind}, not a file.")
        return status
