# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The types of storage pools: what each is made of. Source: https://libvirt.org/storage.html."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .._errors import InputError
from .node import Spec, join

_VENDOR = ("source.vendor", "source.product")


class PoolType(NamedTuple):
    """What a pool of one type has, by the paths of its options."""

    needs: tuple[str, ...]
    takes: tuple[str, ...] = ()
    """What it may have beyond its needs."""
    several: tuple[str, ...] = ()
    """Lists of which libvirt uses more than the first entry."""
    path: str | None = None
    """Where its volumes are, when that follows from the name of its source."""
    named: bool = False
    """Whether its source has a name of its own, which is the pool's when nobody says."""
    auth: str | None = None
    """How it proves who it is, if it can."""
    local: bool = False
    """Whether its devices are those of the node, by their paths."""


POOL_TYPES: Mapping[str, PoolType] = {
    "dir": PoolType(needs=("target.path",), takes=("features.cow",)),
    "fs": PoolType(
        needs=("source.devices", "target.path"),
        takes=("source.format", "features.cow", "mount_opts", *_VENDOR),
        local=True,
    ),
    "netfs": PoolType(
        needs=("source.hosts", "source.dir", "target.path"),
        takes=("source.format", "source.protocol_ver", "mount_opts", *_VENDOR),
    ),
    "logical": PoolType(
        needs=(),
        takes=("source.name", "source.devices", "source.format", *_VENDOR),
        several=("source.devices",),
        path="/dev/{}",
        named=True,
        local=True,
    ),
    "disk": PoolType(
        needs=("source.devices", "target.path"),
        takes=("source.format", *_VENDOR),
        local=True,
    ),
    "iscsi": PoolType(
        needs=("source.hosts", "source.devices", "target.path"),
        takes=("source.initiator", "source.auth", *_VENDOR),
        auth="chap",
    ),
    "iscsi-direct": PoolType(
        needs=("source.hosts", "source.devices", "source.initiator"),
        takes=("source.auth",),
        auth="chap",
    ),
    "scsi": PoolType(needs=("source.adapter", "target.path"), takes=_VENDOR),
    "mpath": PoolType(needs=("target.path",)),
    "rbd": PoolType(
        needs=("source.hosts", "source.name"),
        takes=("source.auth", "refresh.volume.allocation", "config_opts"),
        several=("source.hosts",),
        auth="ceph",
    ),
    "gluster": PoolType(needs=("source.hosts",), takes=("source.name", "source.dir"), named=True),
    "zfs": PoolType(
        needs=(),
        takes=("source.name", "source.devices"),
        several=("source.devices",),
        path="/dev/zvol/{}",
        named=True,
    ),
    "vstorage": PoolType(needs=("target.path",), takes=("source.name",), named=True),
}

_COMMON = ("name", "uuid", "type")
_LISTS = ("source.hosts", "source.devices")


def complete(spec: Spec, current: Spec | None) -> Spec:
    """Return the spec with what follows from it: of a new pool (``current`` is ``None``), the name of its source, and
    where its volumes are."""
    known = POOL_TYPES.get(spec.get("type", ""))
    if current is not None or known is None:
        return dict(spec)
    completed = dict(spec)
    source = _value(spec, "source.name") or spec.get("name")
    if known.named and source:
        completed["source"] = {**spec.get("source", {}), "name": source}
    if known.path is not None and source and not _value(spec, "target.path"):
        completed["target"] = {**spec.get("target", {}), "path": known.path.format(source)}
    return completed


def check_type(whole: Spec, stated: Spec) -> None:
    """Raise InputError when a pool lacks what its type needs, or the task states what its type does not have.

    A type that only the hypervisor knows is for the hypervisor to check.
    """
    kind = whole["type"]
    known = POOL_TYPES.get(kind)
    if known is None:
        return
    _check_stated(kind, known, whole, stated)
    _check_name(kind, known, _value(whole, "source.name") or "")
    for path in known.needs:
        if not _value(whole, path):
            raise InputError(path, f"a pool of the type {kind} needs it, and it is missing.")
    for path in _LISTS:
        entries = _value(whole, path) or []
        if len(entries) > 1 and path not in known.several:
            raise InputError(path, f"a pool of the type {kind} has one, not {len(entries)}.")
    for index, device in enumerate(_value(whole, "source.devices") or [] if known.local else []):
        if not device["path"].startswith("/"):
            raise InputError(f"source.devices[{index}].path", f"{device['path']!r} is not an absolute path.")
    auth = _value(whole, "source.auth.type")
    if auth is not None and auth != known.auth:
        raise InputError("source.auth.type", f"a pool of the type {kind} proves who it is by {known.auth}, not {auth}.")
    folder = _value(whole, "source.dir")
    if folder and not folder.startswith("/") and _value(whole, "source.format") not in _NAMED_SHARES:
        raise InputError("source.dir", f"{folder!r} is not an absolute path.")


_NAMED_SHARES = ("cifs", "glusterfs")
"""Formats whose servers call a folder by a name, not a path."""


def _check_stated(kind: str, known: PoolType, whole: Spec, stated: Spec) -> None:
    has_target = known.path is not None or "target.path" in known.needs
    allowed = (*_COMMON, *known.needs, *known.takes, *(("target.permissions",) if has_target else ()))
    for path, value in _leaves(stated):
        if any(path == option or path.startswith(f"{option}.") for option in allowed) or value in ("", []):
            continue
        if path != "target.path" or known.path is None:
            raise InputError(path, f"a pool of the type {kind} has nothing like it.", hint="Leave it out.")
        fixed = known.path.format(_value(whole, "source.name"))
        if value != fixed:
            raise InputError(path, f"this pool is always at {fixed}, not at {value}.", hint="Leave it out.")


def _check_name(kind: str, known: PoolType, name: str) -> None:
    """Raise InputError for a name that would be something else to the programs that are given it."""
    parts = name.split("/")
    if not known.named or not name:
        return
    if name.startswith("-") or any(part in ("", ".", "..") for part in parts):
        raise InputError("source.name", f"{name!r} cannot be a name.")
    if len(parts) > 1 and kind != "zfs":
        raise InputError("source.name", f"{name!r} has a slash, which only a ZFS file system's name can have.")


def _leaves(spec: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for option, value in spec.items():
        here = join(path, option)
        if isinstance(value, Mapping):
            yield from _leaves(value, here)
        else:
            yield here, value


def _value(spec: Any, path: str) -> Any:
    for option in path.split("."):
        spec = spec.get(option) if isinstance(spec, Mapping) else None
    return spec
