# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A volume's new content, out of sight until all of it is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .._deadline import Deadline
from .._document import tree
from .._document.field import Spec
from .._document.image_format import RAW
from .._document.volume import VOLUME
from .._driver.base import Driver
from .._driver.storage import Volumes
from .._errors import NotFound, NotSupported, OperationInvalid, OutcomeUnknown, StratumError
from .._host.base import Extent
from .volume_content import volumes_of
from .volume_request import COPYING, PARTIAL
from .volume_seen import look_again
from .volume_stream import sparse
from .volume_want import new_document

if TYPE_CHECKING:
    from types import TracebackType

_RETRY = 0.2
"""Seconds."""

_SIGN: Spec = {"capacity": 1024**2, "format": RAW}
"""What a sign is: small, and of a size that every storage can give."""

_OF_FILES = ("dir", "fs", "netfs", "gluster", "vstorage")
"""Types of pools."""

_OF_ITS_FORMAT = ("backing", "encryption", "compat", "cluster_size", "lazy_refcounts", "extended_l2")
"""What a volume can only have that the hypervisor made itself, of content that it converted."""


def needs_conversion(spec: Spec) -> bool:
    """Whether a volume cannot be just the bytes of an image, whatever the image's format."""
    return any(spec.get(option) for option in _OF_ITS_FORMAT)


def _is_of_files(driver: Driver, pool: str) -> bool:
    """Whether a pool's volumes are files, which take no space for zeros unless they are told to."""
    records = [] if driver.pools is None else driver.pools.describe([pool])
    document = next((record.live or record.config for record in records), None)
    return document is not None and tree.parse(document, f"the pool {pool}").get("type") in _OF_FILES


class Staging:
    """Makes a volume beside the one that is wanted, and gives it the name when it is complete.

    A context: what an interrupted task has left is removed at its beginning, what is not published at its end.
    """

    def __init__(
        self, driver: Driver, option: str, pool: str, name: str, timeout: float, check: Callable[[], None]
    ) -> None:
        self._driver = driver
        self._volumes = volumes_of(driver, option)
        self._pool = pool
        self._name = name
        self._timeout = timeout
        self._check = check
        self._of_files = _is_of_files(driver, pool)
        self.copying = name + COPYING
        """Is there as long as what has the name is not complete."""
        self.partial = name + PARTIAL
        self.source = f"{name}{PARTIAL}-source"
        """What the hypervisor converts."""

    def __enter__(self) -> Staging:
        self._clear()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            return
        try:
            self._clear()
        except StratumError:
            # The connection is gone, or the hypervisor in trouble. The next task removes it.
            if isinstance(error, StratumError):
                error.facts.setdefault("left_behind", self.partial)

    def create(self, name: str, spec: Spec, *, source: tuple[str, str] | None = None, reflink: bool = False) -> None:
        """Create a volume, empty or with the content of another."""
        sparse: Spec = {"allocation": 0} if self._of_files else {}
        document = tree.serialize(new_document(name, {**sparse, **spec}))
        self._volumes.create(self._pool, document, source=source, reflink=reflink)

    def upload(self, name: str, extents: Iterable[Extent]) -> None:
        """Fill a volume."""
        with self._volumes.upload(self._pool, name) as writer:
            for extent in sparse(extents):
                if extent.hole:
                    writer.hole(extent.hole)
                else:
                    writer.write(extent.data)

    def convert(self, spec: Spec) -> None:
        """Make the volume of the source that was uploaded, and remove that."""
        self.create(self.partial, spec, source=(self._pool, self.source))
        self._volumes.delete(self._pool, self.source)

    def spec(self, name: str) -> Spec:
        """Return what a volume is now."""
        found = self._volumes.describe({self._pool: [name]})
        if not found:
            raise NotFound(f"the volume {name} of the pool {self._pool} is gone.", hint="Somebody has removed it.")
        return VOLUME.read(tree.parse(found[0].document, f"the document of {name}"))

    def looked_into(self, name: str) -> Spec:
        """Return what a volume is now that somebody has written to it, which the hypervisor notices when it looks."""
        if self._of_files and self._driver.pools is not None:
            look_again(self._driver.pools, self._pool, self._timeout)
        return self.spec(name)

    def grow(self, capacity: int | None) -> None:
        """See to it that the volume has at least so many bytes."""
        if capacity is not None and self.spec(self.partial).get("capacity", 0) < capacity:
            self._volumes.resize(self._pool, self.partial, capacity)

    def publish(self, spec: Spec, mark: str | None, *, anew: Callable[[str], None] | None = None) -> None:
        """Give the volume its name, in place of the one that had it.

        ``anew`` makes it once more, under the name that it is given, where the storage cannot rename; without it, the
        hypervisor copies it.
        """
        self._check()
        self._mark(self.partial, mark)
        try:
            self._volumes.rename(self._pool, self.partial, self._name)
        except NotSupported:
            self._make_room()
            if anew is None:
                self.create(self._name, spec, source=(self._pool, self.partial))
            else:
                anew(self._name)
            self._mark(self._name, mark)
            self._volumes.delete(self._pool, self.copying)
            self._volumes.delete(self._pool, self.partial)

    def _make_room(self) -> None:
        """Leave a sign that what has the name is not complete, and delete what has it so far."""
        self.create(self.copying, _SIGN)
        try:
            if self._volumes.describe({self._pool: [self._name]}):
                self._volumes.delete(self._pool, self._name)
        except OutcomeUnknown:
            raise
        except StratumError:
            # It is as it was, and stays.
            self._volumes.delete(self._pool, self.copying)
            raise

    def _mark(self, name: str, mark: str | None) -> None:
        if mark is not None:
            self._volumes.set_mark(self._pool, name, mark)

    def _clear(self) -> None:
        discard(self._volumes, self._pool, self._name, self._timeout)


def discard(volumes: Volumes, pool: str, name: str, timeout: float, wipe: str | None = None) -> None:
    """Remove all that is not complete of a volume, its data by an algorithm where one is given.

    What has the name is only removed where there is a sign that it is not complete, and before the sign.
    """
    data = [name, name + PARTIAL, f"{name}{PARTIAL}-source"]
    there = {record.name for record in volumes.describe({pool: [*data, name + COPYING]})}
    if name + COPYING not in there:
        there.discard(name)
    for each in data:
        if each in there:
            if wipe is not None:
                volumes.wipe(pool, each, wipe)
            _remove(volumes, pool, each, timeout)
    if name + COPYING in there:
        _remove(volumes, pool, name + COPYING, timeout)


def _remove(volumes: Volumes, pool: str, name: str, timeout: float) -> None:
    """Remove a volume, as soon as the hypervisor has noticed that nobody fills it any more."""
    deadline = Deadline(timeout)
    while True:
        try:
            volumes.delete(pool, name)
        except NotFound:
            return
        except OperationInvalid:
            if deadline.passed:
                raise
            time.sleep(_RETRY)
        else:
            return
