# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What can be known to fail is found before anything is changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

from .._document.field import Difference, Field
from .._document.units import format_size
from .._document.volume import VOLUME
from .._driver.base import Capability, Driver
from .._errors import InputError, NotSupported, names
from .volume_request import VolumeRequest
from .volume_result import facts
from .volume_seen import Seen, storage
from .volume_use import Usage

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


def check_pool(driver: Driver, request: VolumeRequest, seen: Seen) -> None:
    """Raise InputError when the pool does not show which volumes it has."""
    if seen.pool is None:
        if request.state == "absent":
            return
        known = storage(driver)[0].names()
        hint = f"Known: {names(known)}." if known else "There is none yet."
        raise InputError("pool", f"there is no pool {request.pool}.", hint=hint)
    if not seen.pool.state.active:
        raise InputError(
            "pool",
            f"{request.pool} is not active, so nobody knows which volumes it has.",
            hint="Start it first, by the module pool with state: active.",
        )


def check_unused(request: VolumeRequest, use: Usage) -> None:
    """Raise InputError when a volume that is to go is in use, and the task does not insist."""
    words = use.words()
    if words and not request.force:
        raise InputError(
            "state",
            f"{request.name} is {names(words)}, and is not deleted.",
            hint="Take it away there first, or state force: true.",
        )


def check_replaceable(request: VolumeRequest, option: str, use: Usage) -> None:
    """Raise InputError when other content would come up under somebody who uses it."""
    if use.held:
        raise InputError(
            option,
            f"{request.name} is {names(use.held)}, so its content is not replaced.",
            hint="Stop the domain first, or take the volume away there. A saved one has to be started before.",
        )


def check_resizing(driver: Driver) -> None:
    """Raise NotSupported when the driver cannot change capacities."""
    if Capability.VOLUME_RESIZE not in driver.capabilities:
        raise NotSupported(f"capacity: {driver.uri} cannot {Capability.VOLUME_RESIZE.value}.", option="capacity")


def check_shrinking(driver: Driver, request: VolumeRequest, seen: Element, size: int, use: Callable[[], Usage]) -> None:
    """Raise InputError or NotSupported when a volume cannot become smaller, or the task does not consent."""
    known = facts(seen)
    if not request.allow_shrink:
        raise InputError(
            "capacity",
            f"{request.name} has {format_size(known['capacity'])}, and {format_size(size)} would cut off its end.",
            hint="State allow_shrink: true if what is there may be lost.",
        )
    check_resizing(driver)
    words = use().held
    if words:
        raise InputError("capacity", f"{request.name} is {names(words)}.", hint="Only an unused one is shrunk.")
    taken = known.get("allocation", 0)
    if size < taken:
        raise InputError(
            "capacity",
            f"{request.name} takes {format_size(taken)}, and its capacity cannot be less.",
            hint="Make a new volume from it, by source.",
        )


def check_download(request: VolumeRequest, use: Usage) -> None:
    """Raise InputError when the content would change while it is read, and the task does not insist."""
    writers = list(dict.fromkeys(str(disk) for disk in use.disks if disk.writable))
    if writers and not request.force:
        raise InputError(
            "download",
            f"{request.name} is {names(writers)}, which runs and may write to it meanwhile.",
            hint="Stop the domain first, or state force: true if the copy may be torn.",
        )


def check_wipe(driver: Driver) -> None:
    """Raise NotSupported when the driver cannot overwrite volumes."""
    if Capability.VOLUME_CONTENT not in driver.capabilities:
        raise NotSupported(f"wipe: {driver.uri} cannot {Capability.VOLUME_CONTENT.value}.", option="wipe")


def check_permissions(driver: Driver, option: str) -> None:
    """Raise NotSupported when the volumes' files cannot be reached: no driver can change their permissions."""
    if Capability.NODE_FILES not in driver.capabilities:
        raise NotSupported(
            f"{option}: of a volume that exists it cannot be changed through {driver.uri}.", option="permissions"
        )


def refuse_content(request: VolumeRequest, option: str, origin: str, wanted: str) -> NoReturn:
    """Raise InputError for other content than the volume has."""
    raise InputError(
        option,
        f"{request.name} has its content from {origin}, not from {wanted}.",
        hint="State replace: true to replace it. What is in it is lost then.",
    )


def refuse(request: VolumeRequest, fixed: Sequence[Difference]) -> NoReturn:
    """Raise InputError for what never changes of a volume."""
    told = [f"{item.path} is {_found(item)} and {item.after} is wanted" for item in fixed]
    hint = "Make a new volume from it, by source, or leave this out."
    if request.content is not None:
        hint = "State replace: true to make it anew from its source. What is in it is lost then."
    raise InputError(fixed[0].path, f"{request.name} cannot become that: {'; '.join(told)}.", hint=hint)


def _found(item: Difference) -> str:
    """Return what is there in words; what a document does not say can have a meaning, too."""
    if item.before is not None:
        return str(item.before)
    meant = {node.option: node.kind for node in VOLUME.nodes if isinstance(node, Field)}.get(item.path)
    return "not there" if meant is None or meant.absent is None else str(meant.show(meant.absent))
