# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Content from another volume of the node: a copy, one that shares its blocks, or an image built on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .._document.field import Spec
from .._document.image_format import QCOW2, stored
from .._document.volume import VOLUME
from .._driver.base import Driver
from .._errors import InputError, names
from .._host.base import Host
from .volume_content import Found, Tracked, read_mark, volumes_of
from .volume_seen import find, parse
from .volume_staging import Staging

_WORDS = {"full": "a copy of", "reflink": "a copy of", "linked": "an image built on"}
"""What a volume is to its source. How a copy was made does not show any more."""


class VolumeCopy(Tracked):
    """What another volume has in it at the time."""

    option = "source"

    def __init__(self, source: Mapping[str, Any], pool: str, name: str) -> None:
        self._pool = source.get("pool") or pool
        self._name = VOLUME.load({"name": source["volume"]})["name"]
        self._clone = source["clone"]
        if (self._pool, self._name) == (pool, name):
            raise InputError("source.volume", f"{name} cannot be its own source.")
        self.description = f"{_WORDS[self._clone]} the volume {self._name} of the pool {self._pool}"

    def found(self, driver: Driver, host: Host, pool: str, name: str) -> Found:
        volumes = volumes_of(driver, self.option)
        if find(volumes, self._pool, self._name)[0] is None:
            # Nothing can be copied from it any more, and what was copied is as good as before.
            mark = read_mark(volumes.mark(pool, name))
            if mark is not None and mark.is_of(self.description):
                return Found(True, mark.origin)
        return super().found(driver, host, pool, name)

    def fingerprints(self, driver: Driver, host: Host) -> Sequence[str]:
        self._spec(driver)
        mark = read_mark(volumes_of(driver, self.option).mark(self._pool, self._name))
        content = "" if mark is None else mark.fingerprints[0]
        return (f"{_WORDS[self._clone]} {self._pool}/{self._name} {content}",)

    def implied(self, driver: Driver, host: Host, pool: str, spec: Spec) -> Spec:
        if "backing" in spec:
            raise InputError("backing", "it follows from the source.", hint="Leave it out, or the source.")
        source = self._spec(driver)
        capacity = source.get("capacity", 0)
        if spec.get("capacity", capacity) < capacity:
            raise InputError(
                "capacity",
                f"{spec['capacity']} bytes are less than the {capacity} of its source {self._name}.",
                hint="A volume can be shrunk when it is there.",
            )
        path = volumes_of(driver, self.option).paths([(self._pool, self._name)]).get((self._pool, self._name))
        self._check_unwritten(driver, path)
        return {"capacity": capacity, **self._format(source, spec, path)}

    def put(
        self, driver: Driver, host: Host, pool: str, name: str, spec: Spec, timeout: float, check: Callable[[], None]
    ) -> None:
        mark, spec = self.mark(driver, host), {**spec, "format": stored(spec.get("format"))}
        with Staging(driver, self.option, pool, name, timeout, check) as staging:

            def make(made: str) -> None:
                if self._clone == "linked":
                    staging.create(made, spec)
                else:
                    staging.create(made, spec, source=(self._pool, self._name), reflink=self._clone == "reflink")

            make(staging.partial)
            staging.grow(spec.get("capacity"))
            staging.publish(spec, mark, anew=make if self._clone == "linked" else None)

    def _check_unwritten(self, driver: Driver, path: str | None) -> None:
        """Raise InputError when a running domain can write to the source meanwhile."""
        from .volume_use import users

        (found,) = users(driver, [((self._pool, self._name), path)])
        writers = list(dict.fromkeys(str(use) for use in found if use.running and use.target and use.writable))
        if writers:
            raise InputError(
                "source.volume",
                f"{self._name} is {names(writers)}, which runs and may write to it meanwhile.",
                hint="Stop the domain first.",
            )

    def _format(self, source: Spec, spec: Spec, path: str | None) -> Spec:
        kept = stored(source.get("format"))
        if self._clone == "linked":
            if spec.get("format", QCOW2) != QCOW2:
                raise InputError("format", f"an image built on another one is qcow2, not {spec['format']}.")
            return {"format": QCOW2, "backing": {"path": path, "format": kept}}
        if self._clone == "reflink" and stored(spec.get("format", kept)) != kept:
            raise InputError("format", f"a copy that shares its blocks is {kept} like its source.")
        return {"format": kept}

    def _spec(self, driver: Driver) -> Spec:
        record, _incomplete = find(volumes_of(driver, self.option), self._pool, self._name)
        if record is None:
            raise InputError(
                "source.volume",
                f"there is no volume {self._name} in the pool {self._pool}.",
                hint="Its pool may not be active.",
            )
        return VOLUME.read(parse(record))
