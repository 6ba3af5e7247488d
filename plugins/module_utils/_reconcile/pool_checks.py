# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What can be known to fail is found before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .._document import tree
from .._document.field import Spec
from .._document.pool import POOL
from .._driver.base import Capability, Driver
from .._errors import InputError, NotSupported, OperationInvalid, names
from .pool_request import PoolRequest
from .pool_seen import Seen, parse, storage
from .pool_state import Verb, verbs
from .pool_want import Wanted

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_FOLDERS = ("dir", "fs", "netfs", "vstorage")
"""Types that have their folder for themselves. That of others is where the node shows its devices."""

_DEVICES = ("fs", "disk", "logical", "zfs")
"""Types that have devices of the node for themselves."""

_SOURCES: Mapping[str, tuple[str, ...]] = {
    "netfs": ("hosts", "dir"),
    "gluster": ("hosts", "name", "dir"),
    "iscsi": ("hosts", "devices", "initiator"),
    "vstorage": ("name",),
    "mpath": (),
    "logical": ("name",),
    "zfs": ("name",),
}
"""By type, what tells a source from others. Of two pools with the same one, removing one with its storage would take
the other's; of most types, libvirt does not let two have it either."""


class Claim(NamedTuple):
    """Something that only one pool can have."""

    option: str
    thing: str
    """In words, and what tells it from others."""


def check_identity(request: PoolRequest, seen: Seen) -> None:
    """Raise InputError when the pool of the wanted name is another one than the UUID says."""
    record = seen.record
    if record is None:
        return
    if record.name != request.name:
        raise InputError(
            "uuid", f"it is that of the pool {record.name}.", hint="libvirt cannot give a pool another name."
        )
    if request.spec.get("uuid", record.uuid) != record.uuid:
        raise InputError("uuid", f"{record.name} has the UUID {record.uuid}, which never changes.")


def check_verbs(name: str, condition: str, wanted: str) -> tuple[Verb, ...]:
    """Return what leads from a condition to a wanted state; raise OperationInvalid when nothing does."""
    steps = verbs(condition, wanted)
    if steps is None:
        raise OperationInvalid(
            f"state: {wanted}: the pool {name} is {condition}.", hint="Run the task again when that has come to an end."
        )
    return steps


def check_autostart(driver: Driver) -> None:
    """Raise NotSupported when the driver starts nothing with the node."""
    if Capability.AUTOSTART not in driver.capabilities:
        raise NotSupported(f"autostart: {driver.uri} cannot start pools with the node.", option="autostart")


def check_place(driver: Driver, request: PoolRequest, wanted: Wanted, *, is_new: bool) -> None:
    """Raise InputError for a type, a format or a folder that the node does not have, or has for another pool."""
    changed = [difference.path for difference in wanted.differences]
    if is_new or "source.format" in changed:
        _check_offered(driver, wanted.whole)
    if is_new or any(path.startswith(("source", "target.path")) for path in changed):
        _check_claims(driver, request.name, wanted.whole)


def _check_offered(driver: Driver, whole: Spec) -> None:
    if Capability.POOL_CAPABILITIES not in driver.capabilities:
        return
    offered = tree.parse(storage(driver)[0].capabilities(), "the capabilities of pools")
    kinds = {pool.get("type", ""): pool for pool in offered.iterfind("pool") if pool.get("supported") == "yes"}
    if whole["type"] not in kinds:
        raise InputError(
            "type", f"this node has no pools of the type {whole['type']}.", hint=f"It offers {names(sorted(kinds))}."
        )
    formats = _formats(kinds[whole["type"]])
    stated = whole.get("source", {}).get("format")
    if stated and stated not in formats:
        hint = f"It offers {names(formats)}." if formats else "Leave it out."
        raise InputError("source.format", f"this node has no {whole['type']} pools of the format {stated}.", hint=hint)


def _formats(pool: Element) -> list[str]:
    return [value.text or "" for value in pool.iterfind("poolOptions/enum[@name='sourceFormatType']/value")]


def _check_claims(driver: Driver, name: str, whole: Spec) -> None:
    claims = list(_claims(whole))
    for record in storage(driver)[0].describe() if claims else ():
        document = parse(record).config
        if record.name == name or document is None:
            continue
        taken = {claim.thing for claim in _claims(POOL.read(document))}
        for claim in claims:
            if claim.thing in taken:
                raise InputError(claim.option, f"{claim.thing} belongs to the pool {record.name} already.")


def _claims(whole: Spec) -> Iterator[Claim]:
    kind, source = whole.get("type", ""), whole.get("source", {})
    path = whole.get("target", {}).get("path")
    if kind in _FOLDERS and path:
        yield Claim("target.path", f"the folder {path}")
    for device in source.get("devices", ()) if kind in _DEVICES else ():
        yield Claim("source.devices", f"the device {device['path']}")
    if kind in _SOURCES:
        parts = [str(_part(source.get(option, ""))) for option in _SOURCES[kind]]
        yield Claim("source", " ".join(["the", kind, "source", *filter(None, parts)]))


def _part(value: Any) -> Any:
    """Return what tells a source's part from others: of a list, the names or paths of its entries."""
    if not isinstance(value, list):
        return value
    return ",".join(entry.get("name") or entry.get("path", "") for entry in value)
