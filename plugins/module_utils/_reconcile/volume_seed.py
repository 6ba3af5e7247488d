# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Seeds: volumes that tell cloud-init, in a new guest, what to do. They are small, and so are compared as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .._document.cloud_init import is_seed, seed
from .._document.field import Spec
from .._document.image_format import RAW, stored
from .._driver.base import Driver
from .._errors import InputError
from .._host.base import Extent, Host
from .volume_content import Content, Found, volumes_of
from .volume_staging import Staging

_STATABLE = ("name", "capacity", "allocation", "format", "permissions")


class Seed(Content):
    """A CD with what cloud-init reads."""

    option = "cloud_init"
    description = "a cloud-init seed"

    def __init__(self, stated: Mapping[str, Any], name: str) -> None:
        self._image = seed(stated, name)

    def found(self, driver: Driver, host: Host, pool: str, name: str) -> Found:
        with volumes_of(driver, self.option).download(pool, name) as content:
            start = _start(content, len(self._image))
        if not is_seed(start):
            return Found(False, "something that is no seed")
        return Found(start == self._image, "another cloud-init seed", disposable=True)

    def implied(self, driver: Driver, host: Host, pool: str, spec: Spec) -> Spec:
        volumes_of(driver, self.option)
        for option in spec:
            if option not in _STATABLE:
                raise InputError(option, "a cloud-init seed has none.")
        if stored(spec.get("format")) != RAW:
            raise InputError("format", f"a cloud-init seed is raw, not {spec['format']}.")
        if spec.get("capacity", len(self._image)) < len(self._image):
            raise InputError("capacity", f"{spec['capacity']} bytes are less than the {len(self._image)} of the seed.")
        # Not the format: libvirt will call it iso where it looks into files, and nothing where it does not.
        return {"capacity": len(self._image)}

    def put(
        self, driver: Driver, host: Host, pool: str, name: str, spec: Spec, timeout: float, check: Callable[[], None]
    ) -> None:
        with Staging(driver, self.option, pool, name, timeout, check) as staging:
            staging.create(staging.partial, {**spec, "format": RAW})
            staging.upload(staging.partial, [Extent(self._image)])
            staging.publish(spec, None)


def _start(content: Iterable[Extent], size: int) -> bytes:
    """Return the first bytes of content: what comes after a seed is nothing, and after anything else does not matter.

    A pool of block devices has no volume as small as a seed.
    """
    start = b""
    for extent in content:
        start += extent.data or bytes(min(extent.hole, size))
        if len(start) >= size:
            break
    return start[:size]
