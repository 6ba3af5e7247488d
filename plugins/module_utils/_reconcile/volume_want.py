# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a volume is to become, and where it is not so yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._document import tree
from .._document.field import Difference, Spec
from .._document.lxml import etree
from .._document.volume import VOLUME, complete, write
from .._driver.base import Capability, Driver
from .._driver.storage import Volumes
from .._errors import InputError, names
from .._host.base import Host
from .storage_use import file_keys
from .volume_request import VolumeRequest
from .volume_seen import Seen, parse, storage

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_CREATION = ("allocation", "nocow")
"""What only counts when a volume is made."""

_PLAIN = ("raw", "iso")
"""Formats that are the same to everybody but a reader of the file's beginning."""

_ROUNDING = {"block": 4 * 1024**2}
"""Up to how many bytes storage of a type rounds a capacity up: a logical volume is a number of extents."""

_ROUNDING_OF_FORMATS = {"vpc": 1024**2}
"""Likewise, by the image's format: a VPC image is a number of cylinders."""

_ROUNDING_OF_FILES = 1024
"""libvirt hands sizes to qemu-img in KiB."""


def new_document(name: str, spec: Spec) -> Element:
    """Return the document that a new volume is made by."""
    document = etree.Element("volume")
    write(document, {**spec, "name": name})
    return document


def want_new(driver: Driver, host: Host, request: VolumeRequest, seen: Seen) -> Spec:
    """Work out the whole spec of a volume that is to be made; raise InputError for what cannot be.

    ``host`` is the machine that the task runs on, which its content may come from.
    """
    spec = _with_backing(driver, request)
    if request.content is not None:
        spec = {**request.content.implied(driver, host, request.pool, spec), **spec}
    spec = complete(_with_format(driver, request, seen, spec), None)
    if "capacity" not in spec and "backing" not in spec and request.content is None:
        raise InputError("capacity", f"{request.name} does not exist yet, and a new volume needs a capacity.")
    return spec


def want_same(driver: Driver, request: VolumeRequest, document: Element) -> Spec:
    """Return what a task states of a volume that exists; raise InputError for what cannot be."""
    spec = complete(_with_path(driver, request), VOLUME.read(document))
    return comparable(driver, spec, document)


def comparable(driver: Driver, spec: Spec, document: Element) -> Spec:
    """Return the part of a spec that the document of a volume can confirm or deny. Asks the driver nothing."""
    found = VOLUME.read(document)
    spec = {option: value for option, value in spec.items() if option not in _CREATION}
    if found.get("format") in (None, *_PLAIN) and spec.get("format") in _PLAIN:
        del spec["format"]
    if "encryption" in spec:
        # What has looked into an image knows that it is encrypted, and by what; not where the passphrase is.
        spec["encryption"] = _known(spec["encryption"], found.get("encryption"))
    if "permissions" in spec:
        spec["permissions"] = {option: value for option, value in spec["permissions"].items() if option != "label"}
    if 0 < found.get("capacity", 0) - spec.get("capacity", 0) < _rounding(document, found):
        spec.pop("capacity", None)
    if "backing" in spec:
        below = found.get("backing", {})
        same = ("path",) if _is_same_file(driver, spec["backing"], below) else ()
        # A logical volume does not say in which format it reads the one below.
        unsaid = ("format",) if below and "format" not in below else ()
        spec["backing"] = {option: value for option, value in spec["backing"].items() if option not in same + unsaid}
    return spec


def differences(document: Element, spec: Spec) -> list[Difference]:
    """Return where a volume's document is not as the spec says."""
    return list(VOLUME.differences(document, spec))


def _known(wanted: Spec, found: Spec | None) -> Spec:
    return wanted if found is None else {name: value for name, value in wanted.items() if name in found}


def _rounding(document: Element, found: Spec) -> int:
    by_format = _ROUNDING_OF_FORMATS.get(found.get("format", ""), _ROUNDING_OF_FILES)
    return max(by_format, _ROUNDING.get(document.get("type", "file"), 0))


def _is_same_file(driver: Driver, wanted: Spec, found: Spec) -> bool:
    paths = [backing["path"] for backing in (wanted, found) if "path" in backing]
    return len(paths) == 2 and len(set(file_keys(driver, paths))) == 1


def _with_path(driver: Driver, request: VolumeRequest) -> Spec:
    """Return the spec with the path of the volume that ``backing`` names."""
    if request.backing is None:
        return dict(request.spec)
    pool, name = request.backing
    path = storage(driver)[1].paths([request.backing]).get(request.backing)
    if path is None:
        raise InputError("backing.volume", f"the pool {pool} has no volume {name}.", hint="Create it first.")
    return {**request.spec, "backing": {"path": path, **request.spec.get("backing", {})}}


def _with_backing(driver: Driver, request: VolumeRequest) -> Spec:
    """Return the spec with all that a new volume has to know of the image it is built on.

    The format is never left to be found out: what a raw image begins with is for its guest to write.
    """
    spec = _with_path(driver, request)
    backing = spec.get("backing")
    if backing is None:
        return spec
    _pools, volumes = storage(driver)
    known = request.backing or volumes.find(backing["path"])
    if known is None:
        _check_file(driver, backing["path"])
    if "format" not in backing:
        backing = {**backing, "format": _format_of(volumes, known, backing["path"])}
    return {**spec, "backing": backing}


def _format_of(volumes: Volumes, volume: tuple[str, str] | None, path: str) -> str:
    records = [] if volume is None else volumes.describe({volume[0]: [volume[1]]})
    for record in records:
        document = parse(record)
        said = VOLUME.read(document).get("format")
        if said is not None or document.get("type") == "block":
            return str(said or "raw")
    raise InputError("backing.format", f"no pool says what {path} is.", hint="State its format.")


def _check_file(driver: Driver, path: str) -> None:
    if Capability.NODE_FILES in driver.capabilities and driver.host.status(path) is None:
        raise InputError("backing.path", f"there is no file {path} on {driver.host.name}.", hint="Create it first.")


def _with_format(driver: Driver, request: VolumeRequest, seen: Seen, spec: Spec) -> Spec:
    """Return the spec with the format that the pool gives by default; raise InputError for one it cannot have."""
    default, known = _formats(driver, seen.pool_type)
    wanted = spec.get("format")
    if wanted is None:
        # Content that is still to be fetched stays what it is.
        return spec if default is None or request.content is not None else {**spec, "format": default}
    if known and wanted not in known:
        raise InputError(
            "format", f"{wanted} is none that a pool of the type {seen.pool_type} has.", hint=f"It has {names(known)}."
        )
    return spec


def _formats(driver: Driver, pool_type: str) -> tuple[str | None, list[str]]:
    """Return the default format of pools of a type, and all of them; nothing where the node does not say."""
    if Capability.POOL_CAPABILITIES not in driver.capabilities:
        return None, []
    root = tree.parse(storage(driver)[0].capabilities(), "the node's pools")
    options: Any = None
    for pool in root.iterfind("pool"):
        if pool.get("type") == pool_type:
            options = pool.find("volOptions")
    if options is None:
        return None, []
    default = options.find("defaultFormat")
    values = [value.text or "" for value in options.iterfind("enum[@name='targetFormatType']/value")]
    return None if default is None else default.get("type"), [value for value in values if value != "none"]
