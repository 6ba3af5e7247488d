# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Who uses a volume: domains, and other volumes that are built on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .._driver.base import Driver
from .storage_use import Use, by_file, file_keys, uses
from .volume_seen import parse, path_of, storage


class Usage(NamedTuple):
    """Every use of one volume."""

    domains: tuple[Use, ...]
    volumes: tuple[str, ...]
    """The paths of volumes that are built on it."""

    @property
    def running(self) -> tuple[Use, ...]:
        """The uses by running domains."""
        return tuple(use for use in self.domains if use.running)

    @property
    def held(self) -> tuple[str, ...]:
        """Who counts on what is in it now, in words: running and saved domains, and what is built on it."""
        domains = [str(use) for use in self.domains if use.running or use.saved]
        return tuple(dict.fromkeys([*domains, *self.below]))

    @property
    def disks(self) -> tuple[Use, ...]:
        """The disks of running domains that it is."""
        return tuple(use for use in self.running if use.target)

    @property
    def below(self) -> tuple[str, ...]:
        """What is built on it, in words."""
        domains = [str(use) for use in self.domains if not use.target and use.how == "a backing file"]
        return (*dict.fromkeys(domains), *(f"what {path} is built on" for path in self.volumes))

    def words(self) -> list[str]:
        """Return every use in words: ``a disk of web1``."""
        return list(dict.fromkeys([*(str(use) for use in self.domains), *self.below]))


def usage(driver: Driver, pool: str, name: str, path: str | None) -> Usage:
    """Look through the documents of all domains, and of all volumes of active pools."""
    domains = users(driver, [((pool, name), path)])[0]
    return Usage(domains, () if path is None else tuple(_built_on(driver, path)))


def users(driver: Driver, volumes: Sequence[tuple[tuple[str, str], str | None]]) -> list[tuple[Use, ...]]:
    """Return the uses by domains of many volumes, each given by pool and name, and its path."""
    found = list(uses(driver))
    files = by_file(driver, found)
    named: dict[tuple[str, str], list[Use]] = {}
    for use in found:
        if use.volume is not None:
            named.setdefault(use.volume, []).append(use)
    known = [path for _volume, path in volumes if path is not None]
    keys = dict(zip(known, file_keys(driver, known)))
    together = (
        {*named.get(volume, ()), *(() if path is None else files.get(keys[path], ()))} for volume, path in volumes
    )
    return [tuple(sorted(each, key=lambda use: (use.domain, use.how, use.target, use.running))) for each in together]


def _built_on(driver: Driver, path: str) -> Iterator[str]:
    """Yield the paths of volumes that are built on a file."""
    pools, volumes = storage(driver)
    active = [pool.name for pool in pools.describe(documents=False) if pool.state.active]
    built = [
        (path_of(document) or record.name, below)
        for record in volumes.describe(dict.fromkeys(active))
        for document in [parse(record)]
        for below in [document.findtext("backingStore/path")]
        if below
    ]
    wanted, *keys = file_keys(driver, [path, *(below for _path, below in built)])
    yield from (above for (above, _below), key in zip(built, keys) if key == wanted)
