# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Content from a file that holds an image of a disk, wherever it comes from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import NamedTuple

from .._document.field import Spec
from .._document.image_format import HEADER, RAW, ImageFormat, recognise, stored
from .._driver.base import Driver
from .._errors import InputError, StratumError
from .._host.base import Extent, Host
from .volume_content import Tracked
from .volume_staging import Staging, needs_conversion
from .volume_stream import watched


class Image(NamedTuple):
    """An image that is being read."""

    start: bytes
    """Its first HEADER bytes, or all of a smaller one."""
    size: int | None
    """Bytes; ``None`` when that is only known at its end."""
    extents: Iterable[Extent]
    """All of it. Raises StratumError at its end when it was not what it should have been."""


class ImageContent(Tracked):
    """The content of an image file, whose format is qcow2 when it begins like that, else raw."""

    option = "source"
    format: str | None
    """What the task says it is."""

    @abstractmethod
    def opened(self, host: Host) -> AbstractContextManager[Image]:
        """Open the image; raise InputError or StratumError when it cannot be."""

    def implied(self, driver: Driver, host: Host, pool: str, spec: Spec) -> Spec:
        if "backing" in spec:
            raise InputError("backing", "a volume with a source is not built on another one.")
        return {} if self.format is None else {"format": self.format}

    def put(
        self, driver: Driver, host: Host, pool: str, name: str, spec: Spec, timeout: float, check: Callable[[], None]
    ) -> None:
        # Before anything is read, because a file can change meanwhile.
        mark = self.mark(driver, host)
        with self.opened(host) as image, Staging(driver, self.option, pool, name, timeout, check) as staging:
            if not image.start:
                raise InputError(self.option, f"{self.description} is empty.")
            what = self.recognise(image.start)
            wanted = {**spec, "format": stored(spec.get("format", what.name))}
            capacity = image.size if what.capacity is None else what.capacity
            self.check_capacity(wanted, capacity)
            image = image._replace(extents=_limited(image, what, wanted))
            if what.name == wanted["format"] and not needs_conversion(wanted):
                room = wanted.get("capacity", 0) if what.name == RAW else 0
                plain = {**wanted, "format": RAW, "capacity": max(image.size or 0, room)}
                self._fill(staging, staging.partial, plain, image, what)
            else:
                plain = {"format": RAW, "capacity": image.size or 0}
                found = self._fill(staging, staging.source, plain, image, what)
                staging.convert({**wanted, "capacity": max(found["capacity"], wanted.get("capacity", 0))})
            staging.grow(wanted.get("capacity"))
            staging.publish({**wanted, "capacity": staging.spec(staging.partial)["capacity"]}, mark)

    def _fill(self, staging: Staging, name: str, plain: Spec, image: Image, what: ImageFormat) -> Spec:
        """Make a volume of the image's bytes; return what it is to the hypervisor, which has to look into it."""
        staging.create(name, plain)
        staging.upload(name, image.extents)
        found = staging.spec(name) if what.name == RAW and image.size is not None else staging.looked_into(name)
        if stored(found.get("format")) != what.name:
            raise InputError(
                self.option,
                f"{self.description} is {what.name}, and its pool only holds raw content.",
                hint="Convert it to raw before, or use a pool of files.",
            )
        return found

    def recognise(self, start: bytes) -> ImageFormat:
        """Return what the image is; raise InputError when it cannot be used."""
        try:
            return recognise(start, self.format)
        except ValueError as error:
            raise InputError(self.option, f"{self.description} cannot be used: {error}.") from None

    def check_capacity(self, spec: Spec, capacity: int | None) -> None:
        """Raise InputError when a volume would be too small for it."""
        if capacity is not None and spec.get("capacity", capacity) < capacity:
            raise InputError(
                "capacity",
                f"{spec['capacity']} bytes are less than the {capacity} of {self.description}.",
                hint="A volume can be shrunk when it is there.",
            )


def _limited(image: Image, what: ImageFormat, wanted: Spec) -> Iterable[Extent]:
    """Return the content of an image; a raw one of unknown size ends by an error when it is larger than the volume."""
    limit = wanted.get("capacity")
    if image.size is not None or what.name != RAW or limit is None:
        return image.extents
    size = 0

    def count(data: bytes) -> None:
        nonlocal size
        size += len(data)
        if size > limit:
            raise InputError("capacity", f"{limit} bytes are less than its source has.")

    return watched(image.extents, count)


def beginning(extents: Iterator[Extent]) -> tuple[bytes, Iterator[Extent]]:
    """Return the first HEADER bytes of content that can be read only once, and all of the content."""
    start, taken = b"", []
    for extent in extents:
        taken.append(extent)
        start += extent.data or bytes(min(extent.hole, HEADER))
        if len(start) >= HEADER:
            break

    def whole() -> Iterator[Extent]:
        yield from taken
        yield from extents

    return start[:HEADER], whole()


def too_short(what: str, size: int, expected: int) -> StratumError:
    """Return the error that a transfer ended too early."""
    return StratumError(f"{what} ended after {size} of {expected} bytes.", hint="Run the task again.")
