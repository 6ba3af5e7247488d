# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Who uses a volume: domains, and other volumes that are built on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .._driver.base import Driver
from .._host.base import Host
from .storage_use import FileKey, Use, by_file, file_key, uses
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


def usage(driver: Driver, host: Host, pool: str, name: str, path: str | None) -> Usage:
    """Look through the documents of all domains, and of all volumes of active pools."""
    domains = users(driver, host, [((pool, name), path)])[0]
    return Usage(domains, () if path is None else tuple(_built_on(driver, host, file_key(driver, host, path))))


def users(driver: Driver, host: Host, volumes: Sequence[tuple[tuple[str, str], str | None]]) -> list[tuple[Use, ...]]:
    """Return the uses by domains of many volumes, each given by pool and name, and its path."""
    found = list(uses(driver, host))
    files = by_file(driver, host, found)
    named: dict[tuple[str, str], list[Use]] = {}
    for use in found:
        if use.volume is not None:
            named.setdefault(use.volume, []).append(use)
    together = (
        {*named.get(volume, ()), *(() if path is None else files.get(file_key(driver, host, path), ()))}
        for volume, path in volumes
    )
    return [tuple(sorted(each, key=lambda use: (use.domain, use.how, use.target, use.running))) for each in together]


def _built_on(driver: Driver, host: Host, key: FileKey) -> Iterator[str]:
    pools, volumes = storage(driver)
    active = [pool.name for pool in pools.describe(documents=False) if pool.state.active]
    for record in volumes.describe(dict.fromkeys(active)):
        document = parse(record)
        below = document.findtext("backingStore/path")
        if below and file_key(driver, host, below) == key:
            yield path_of(document) or record.name
