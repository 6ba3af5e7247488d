# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Storage volumes: the table of their options. Source: https://libvirt.org/formatstorage.html#storage-volume-xml."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import InputError
from .field import Field, Group, Spec, Table
from .identifier import Uuid
from .kind import AbsolutePath, Integer, Line, Name, Presence, Size, Word
from .permissions import permissions
from .tree import Place

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

QCOW2 = "qcow2"

_QCOW2_ONLY = ("compat", "cluster_size", "lazy_refcounts", "extended_l2")

_NO_BACKING = ("raw", "luks", "iso", "dir")
"""Formats whose images cannot be built on another one."""

_TARGET = Place("target")


class ClusterSize(Size):
    """The size of a qcow2 image's clusters. libvirt says it only of images that it has looked into.

    Source of the default: https://www.qemu.org/docs/master/system/images.html#disk-image-file-formats.
    """

    def __init__(self) -> None:
        super().__init__("B", bare="B")
        self.absent = 64 * 1024


_ENCRYPTION = Group(
    "encryption",
    "target/encryption",
    Field("format", "@format", Word("luks", "luks2", "qcow"), required=True),
    Field("engine", "@engine", Word("qemu", "librbd")),
    Field("secret_uuid", "secret[@type='passphrase']/@uuid", Uuid()),
    Group(
        "cipher",
        "cipher",
        Field("name", "@name", Line(), required=True),
        Field("size", "@size", Integer(1), required=True),
        Field("mode", "@mode", Line()),
        Field("hash", "@hash", Line()),
    ),
    Group("ivgen", "ivgen", Field("name", "@name", Line(), required=True), Field("hash", "@hash", Line())),
)

_BACKING = Group(
    "backing",
    "backingStore",
    Field("path", "path", AbsolutePath()),
    Field("format", "format/@type", Line()),
)

VOLUME = Table(
    Field("name", "name", Name(), required=True),
    Field("capacity", "capacity", Size("B", bare="B"), live="resize"),
    Field("allocation", "allocation", Size("B", bare="B")),
    Field("format", "target/format/@type", Line()),
    permissions("target/permissions", live="permissions"),
    _ENCRYPTION,
    _BACKING,
    Field("compat", "target/compat", Word("0.10", "1.1", absent="0.10")),
    Field("cluster_size", "target/clusterSize", ClusterSize()),
    Field("lazy_refcounts", "target/features/lazy_refcounts", Presence()),
    Field("extended_l2", "target/features/extended_l2", Presence()),
    Field("nocow", "target/nocow", Presence()),
)

POOL = Table(Field("pool", "pool", Name(), required=True))
"""Where a volume is; no document says it."""

BACKING_VOLUME = Table(Field("volume", "volume", Name()), Field("pool", "pool", Name()))
"""The other way to state ``backing``; documents have the path."""


def complete(spec: Spec, current: Spec | None) -> Spec:
    """Return the spec with what follows from it and from what is there (``None``: a new volume).

    Raises InputError when parts of it contradict each other.
    """
    kind = spec.get("format", (current or {}).get("format"))
    for option in _QCOW2_ONLY:
        if spec.get(option) and kind not in (QCOW2, None):
            raise InputError(option, f"only the format qcow2 has it, and this is {kind}.", hint="State format: qcow2.")
    if spec.get("backing") and kind in _NO_BACKING:
        raise InputError("backing", f"an image of the format {kind} cannot be built on another one.")
    for option in ("lazy_refcounts", "extended_l2"):
        if spec.get(option) and spec.get("compat", "1.1") == "0.10":
            raise InputError(option, "images of compat 0.10 cannot have it.", hint="State compat: '1.1'.")
    completed = dict(spec)
    if current is not None:
        return completed
    if spec.get("capacity") == 0:
        raise InputError("capacity", "a volume of no size holds nothing.")
    if "encryption" in spec and "secret_uuid" not in spec["encryption"]:
        raise InputError("encryption.secret_uuid", "it says where the passphrase is, and is missing.")
    if "compat" not in spec and (spec.get("lazy_refcounts") or spec.get("extended_l2")):
        completed["compat"] = "1.1"
    return completed


def write(document: Element, spec: Spec, _exclusive: frozenset[str] = frozenset()) -> None:
    """Edit a volume's document so that it says what the spec says; all else stays as it is."""
    VOLUME.write(document, spec)
    # The schema wants it, whatever is in it.
    _TARGET.make(document)
