# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What can be known to fail is found before anything is changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._document.disk import DISKS
from .._document.interface import INTERFACES
from .._driver.base import Capability, Driver
from .._errors import Denied, InputError, NotSupported, names
from .domain_request import DomainRequest
from .domain_seen import Seen
from .domain_state import NEEDS, WITHOUT_GUEST, Verb
from .domain_want import Wanted


def check_identity(request: DomainRequest, seen: Seen) -> None:
    """Raise InputError when the domain of the wanted name is another one than the UUID says."""
    record = seen.record
    if record is not None and request.spec.get("uuid", record.uuid) != record.uuid:
        raise InputError("uuid", f"{record.name} has the UUID {record.uuid}, which never changes.")


def check_sources(driver: Driver, wanted: Wanted, *, is_new: bool) -> None:
    """Raise InputError for files, volumes and networks that a change names and that are not there."""
    changed = [difference.path for difference in wanted.differences]

    def touched(path: str) -> bool:
        return is_new or any(other.startswith(path) for other in changed)

    for items, check in ((DISKS, _check_disk), (INTERFACES, _check_interface)):
        for index, entry in enumerate(wanted.spec.get(items.option, [])):
            path = f"{items.option}[{items.label(entry, index)}]"
            if touched(path):
                check(driver, path, entry)
    for option in ("kernel", "initrd", "dtb"):
        if touched(option):
            _check_file(driver, option, wanted.spec.get(option))


def _check_disk(driver: Driver, path: str, entry: Mapping[str, Any]) -> None:
    _check_file(driver, f"{path}.file", entry.get("file"))
    if "volume" in entry and driver.volumes is not None:
        key = (entry.get("pool", ""), entry["volume"])
        if key not in driver.volumes.paths([key]):
            raise InputError(f"{path}.volume", f"the pool {key[0]} has no volume {key[1]}.", hint="Create it first.")


def _check_interface(driver: Driver, path: str, entry: Mapping[str, Any]) -> None:
    wanted = entry.get("network")
    if wanted is None or driver.networks is None:
        return
    known = driver.networks.names()
    if wanted not in known:
        hint = f"Known: {names(known)}." if known else "There is none yet."
        raise InputError(f"{path}.network", f"there is no network {wanted}.", hint=hint)


def _check_file(driver: Driver, path: str, file: str | None) -> None:
    if not file or Capability.NODE_FILES not in driver.capabilities:
        return
    try:
        missing = driver.host.status(file) is None
    except Denied:
        # The daemon may see what this user may not.
        return
    if missing:
        raise InputError(path, f"there is no file {file} on {driver.host.name}.", hint="Create it first.")


def check_verbs(driver: Driver, verbs: Iterable[Verb], state: str) -> None:
    """Raise NotSupported when the driver cannot do what a wanted state takes."""
    for verb in verbs:
        need = NEEDS.get(verb)
        if need is not None and need not in driver.capabilities:
            raise NotSupported(f"state: {state} needs to {need.value}, which {driver.uri} cannot.", option="state")


_WAITS = {"agent": Capability.AGENT, "address": Capability.GUEST_ADDRESSES}


def check_waits(driver: Driver, things: Iterable[str], name: str, end: str) -> None:
    """Raise NotSupported when the driver never knows what is to be waited for, InputError when there is no guest in
    the condition in which the domain ends."""
    for thing in things:
        need = _WAITS[thing]
        if need not in driver.capabilities:
            raise NotSupported(f"wait_for: {driver.uri} cannot {need.value}.", option="wait_for")
        if end in WITHOUT_GUEST:
            raise InputError(
                "wait_for",
                f"the domain {name} does not run, and state: present does not start it.",
                hint="Have it run with state: running.",
            )
