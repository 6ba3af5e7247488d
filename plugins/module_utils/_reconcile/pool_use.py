# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Who uses a pool: domains whose storage its volumes are."""

from __future__ import annotations

from collections.abc import Iterator

from .._document.field import Spec
from .._driver.base import Driver
from .._errors import InputError, OperationInvalid, names
from .pool_seen import storage
from .storage_use import Use, by_file, file_keys, uses
from .volume_seen import parse, path_of

LEAVES = ("fs", "netfs", "logical", "iscsi", "scsi", "vstorage")
"""Types whose storage leaves the node when the pool is stopped. Source: their ``stopPool`` in libvirt's backends."""

_FOLDERS = ("dir", "fs", "netfs", "vstorage")


def check_stopping(driver: Driver, name: str, whole: Spec, *, force: bool) -> None:
    """Raise OperationInvalid when stopping an active pool would take storage away from running domains."""
    if force or whole.get("type") not in LEAVES:
        return
    users = sorted({use.domain for use in _users(driver, name, whole) if use.running})
    if users:
        plural = "domains use" if len(users) > 1 else "domain uses"
        raise OperationInvalid(
            f"stopping the pool {name}: the running {plural} its volumes: {names(users)}.",
            hint="Stop them first, or take their storage away with force: true.",
            domains=users,
        )


def check_overwriting(driver: Driver, name: str, whole: Spec) -> None:
    """Raise InputError when a domain, running or not, uses what making a pool's storage anew would destroy."""
    users = sorted({use.domain for use in _users(driver, name, whole)})
    if users:
        raise InputError("overwrite", f"what is in the pool {name} is used by {names(users)}.", domains=users)


def _users(driver: Driver, name: str, whole: Spec) -> Iterator[Use]:
    """Yield the uses of a pool's volumes, as far as they are known."""
    _pools, volumes = storage(driver)
    paths = [path_of(parse(record)) or record.key for record in volumes.describe({name: None})]
    keys = set(file_keys(driver, paths))
    folder = whole.get("target", {}).get("path") if whole["type"] in _FOLDERS else None
    found = list(uses(driver))
    known = by_file(driver, found)
    of_it = {use for key in keys for use in known.get(key, ())}
    for use in found:
        within = folder is not None and use.path is not None and use.path.startswith(f"{folder}/")
        if use in of_it or within or (use.volume is not None and use.volume[0] == name):
            yield use
