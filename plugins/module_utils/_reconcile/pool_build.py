# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What has to be made before a pool can start: never over data that is there, unless the task consents to its loss."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .._document import tree
from .._document.field import Spec
from .._driver.base import Capability, Driver
from .._errors import Denied, InputError, NotSupported, StratumError, names
from .plan import Change
from .pool_request import PoolRequest
from .signature import NAMES_OF_FILE_SYSTEMS, NAMES_OF_PARTITION_TABLES, SPAN, UNKNOWN, identify
from .storage_use import file_keys, uses

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_MOUNTS = "/proc/self/mounts"
_BLANK = "\\040"
"""How a blank stands there. Source: getmntent(3)."""

_PARTITION = re.compile(r"(.+?)(?:-part|p)?\d+")
"""The path of a partition, with that of its device."""


class Build(NamedTuple):
    """What a pool has to be built for."""

    action: str
    overwrite: bool | None
    """As the driver takes it."""
    changes: tuple[Change, ...] = ()
    uncertain: bool = False
    """What is on the device could not be seen: the hypervisor looks, and leaves alone what it finds."""


def _whole(path: str) -> str:
    """Return the path of the device that a partition is of, by its name; of another device, its own."""
    partition = _PARTITION.fullmatch(path)
    return path if partition is None else partition.group(1)


class _Overlap:
    """Knows which of many paths are those of the same device, or of one and a part of it."""

    def __init__(self, driver: Driver, paths: Iterable[str]) -> None:
        known = list(dict.fromkeys(name for path in paths for name in (path, _whole(path))))
        self._keys = dict(zip(known, file_keys(driver, known)))

    def __call__(self, path: str, device: str) -> bool:
        """Whether a path is that of a device or, by their names, of one of its partitions or of what it is one of."""
        pairs = ((path, device), (_whole(path), device), (path, _whole(device)))
        return any(self._keys[one] == self._keys[other] for one, other in pairs)


class Builder:
    """Finds out what building a pool would be for.

    ``live`` is the document of an active pool, which lets go of its devices first: it is stopped for this.
    """

    def __init__(self, driver: Driver, request: PoolRequest, whole: Spec, *, live: Element | None = None) -> None:
        self._driver = driver
        self._host = driver.host
        self._overwrite = request.overwrite
        self._stated = request.spec
        self._type: str = whole["type"]
        self._source: Spec = whole.get("source", {})
        self._path: str = whole.get("target", {}).get("path", "")
        self._mounted = None if live is None else live.findtext("target/path")
        self._own = [] if live is None else [device.get("path", "") for device in live.iterfind("source/device")]
        self._has_files = Capability.NODE_FILES in driver.capabilities

    def needed(self) -> Build | None:
        """Return what has to be made, ``None`` when everything is there; raise InputError when it must not be made."""
        builders: Mapping[str, Callable[[], Build | None]] = {
            "dir": self._folder,
            "vstorage": self._folder,
            "netfs": self._mount_point,
            "fs": self._file_system,
            "disk": self._partition_table,
            "logical": self._volume_group,
            "zfs": self._zfs_pool,
        }
        build = builders.get(self._type)
        return None if build is None else build()

    def _folder(self) -> Build | None:
        if self._stated.get("target", {}).get("permissions") and self._exists(self._path):
            return Build(f"set the permissions of the folder {self._path}", None)
        return self._mount_point()

    def _mount_point(self) -> Build | None:
        if self._exists(self._path):
            return None
        return Build(f"make the folder {self._path}", None, (Change("storage", None, f"the folder {self._path}"),))

    def _file_system(self) -> Build | None:
        wanted = self._source.get("format", "auto")
        device = self._devices()[0]
        found = self._look(device, wanted)
        if self._is_there(device, found, wanted, NAMES_OF_FILE_SYSTEMS):
            return self._mount_point()
        if wanted == "auto":
            if found is None:
                return self._mount_point()
            raise InputError(
                "source.format",
                f"there is {found or 'nothing'} on {device}, no file system.",
                hint="Say which file system to make on it.",
            )
        return self._make(f"{wanted} file system", [device], {device: found})

    def _partition_table(self) -> Build | None:
        stated = self._source.get("format", "unknown")
        wanted = "dos" if stated == "unknown" else stated
        device = self._devices()[0]
        found = self._look(device, wanted)
        if self._is_there(device, found, wanted, NAMES_OF_PARTITION_TABLES):
            return None
        return self._make(f"{wanted} partition table", [device], {device: found})

    def _is_there(self, device: str, found: str | None, wanted: str, known: Collection[str]) -> bool:
        """Whether what is on a device is what is wanted; something unknown is, if it may be."""
        if wanted == "auto":
            return found in known
        if wanted in known or not found:
            return found == wanted
        if self._overwrite:
            raise InputError("overwrite", f"whether there is {wanted} on {device} already is not known here.")
        return found == UNKNOWN

    def _volume_group(self) -> Build | None:
        group = self._source["name"]
        there = self._volume_groups()
        if there is None:
            # Nobody can look. Devices are only made into a group that is not there yet.
            return self._make(f"volume group {group}", self._devices(), {}) if self._devices() else None
        if group not in there:
            return self._make_of_devices(f"volume group {group}")
        if self._devices() and there[group] and not self._same_files(self._devices(), there[group]):
            raise InputError(
                "source.devices",
                f"the volume group {group} is on {names(there[group])}, and that is not changed here.",
                hint="Leave source.devices out, or state these.",
            )
        return None

    def _zfs_pool(self) -> Build | None:
        # A ZFS pool that is imported has a folder there, as long as the node runs Linux.
        whole, _slash, inner = self._source["name"].partition("/")
        if not self._devices() or (self._has_files and self._exists(f"/proc/spl/kstat/zfs/{whole}")):
            return None
        if inner:
            raise InputError("source.devices", f"only the ZFS pool {whole} is made of devices, not what is in it.")
        build = self._make_of_devices(f"ZFS pool {whole}")
        if build.overwrite or build.uncertain:
            # libvirt does not look, and ZFS itself knows little of what it would destroy.
            raise InputError("source.devices", "libvirt makes a ZFS pool only of devices that are seen to be blank.")
        return build._replace(overwrite=None)

    def _make_of_devices(self, what: str) -> Build:
        devices = self._devices()
        if not devices:
            raise InputError("source.devices", f"there is no {what} on the node, and nothing says what to make it of.")
        return self._make(what, devices, {device: self._look(device) for device in devices})

    def _make(self, what: str, devices: Sequence[str], found: Mapping[str, str | None]) -> Build:
        """Return the making of what is wanted on devices; ``found`` is what is on them, ``None`` where nobody knows."""
        taken = {device: content for device, content in found.items() if content}
        unseen = [device for device in devices if found.get(device) is None]
        if self._overwrite and unseen:
            raise InputError(
                "overwrite",
                f"what is on {names(unseen)} cannot be seen, and it might be what is wanted already.",
                hint="Use become, so that the devices can be read.",
            )
        if taken and not self._overwrite:
            there = names([f"{content} on {device}" for device, content in taken.items()])
            raise InputError(
                "source.devices",
                f"there is {there}, which making the {what} would destroy.",
                hint="If it is not needed any more, consent to its loss with overwrite: true.",
                found=dict(taken),
            )
        self._check_idle(devices)
        action = f"make the {what} on {names(devices)}"
        if unseen:
            return Build(f"{action}, if nothing is there", overwrite=False, uncertain=True)
        changes = tuple(Change(device, found.get(device) or None, f"the {what}") for device in devices)
        return Build(action, bool(taken), changes)

    def _check_idle(self, devices: Sequence[str]) -> None:
        """Raise InputError for a device that the node or a domain works with, whatever the task consents to."""
        works = [
            *((use.path or "", f"is {use}") for use in uses(self._driver) if use.path),
            *((device, f"is mounted on {folder}") for device, folder in self._mounts() if folder != self._mounted),
            *(
                (device, f"belongs to the volume group {group}")
                for group, members in (self._volume_groups() or {}).items()
                for device in members
            ),
        ]
        paths = [*devices, *self._own, *(path for path, _reason in works)]
        overlap = _Overlap(self._driver, paths)
        for device in devices:
            for path, reason in works:
                if overlap(path, device):
                    raise InputError("source.devices", f"{path} {reason}.", hint="Take it out of there first.")
            held = self._has_files and self._host.is_held(device)
            if held and not any(overlap(path, device) for path in self._own):
                raise InputError("source.devices", f"the node works with {device}, or with a part of it.")

    def _mounts(self) -> list[tuple[str, str]]:
        if not self._has_files or self._host.status(_MOUNTS) is None:
            return []
        lines = self._host.read(_MOUNTS, SPAN).decode("utf-8", "replace").splitlines()
        fields = [line.split(" ") for line in lines if line.startswith("/")]
        return [(field[0], field[1].replace(_BLANK, " ")) for field in fields if len(field) > 1]

    def _same_files(self, some: Sequence[str], others: Sequence[str]) -> bool:
        """Whether these paths are those of the same files."""
        return set(file_keys(self._driver, some)) == set(file_keys(self._driver, others))

    def _devices(self) -> list[str]:
        return [device["path"] for device in self._source.get("devices", ())]

    def _exists(self, path: str) -> bool:
        """Whether something is there; not where nobody can look, because making a folder again does no harm."""
        try:
            return self._has_files and self._host.status(path) is not None
        except Denied:
            return False

    def _look(self, device: str, wanted: str = "") -> str | None:
        """Return what is on a device, ``""`` for nothing, ``None`` when it cannot be seen."""
        if not self._has_files:
            return None
        try:
            status = self._host.status(device)
        except Denied:
            return None
        if status is None:
            raise InputError("source.devices", f"there is no device {device} on {self._host.name}.")
        if status.kind not in ("block", "file"):
            raise InputError("source.devices", f"{device} is not a device, but of the kind {status.kind}.")
        try:
            return identify(self._host.read(device, SPAN), wanted)
        except StratumError:
            # The daemon may read what this user may not.
            return None

    def _volume_groups(self) -> dict[str, list[str]] | None:
        """Return the volume groups of the node with their devices, ``None`` when nobody can look."""
        if self._driver.pools is None or Capability.POOL_SOURCES not in self._driver.capabilities:
            return None
        try:
            document = self._driver.pools.sources("logical")
        except NotSupported:
            return None
        found = tree.parse(document, "the volume groups of the node")
        return {
            source.findtext("name", ""): [device.get("path", "") for device in source.iterfind("device")]
            for source in found.iterfind("source")
        }
