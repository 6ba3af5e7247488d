# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Memory: what backs it, its limits, its place on the node, and devices that add more.

Source: https://libvirt.org/formatdomain.html#memory-allocation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import InputError
from .field import Field, Group, Items, Spec, Table
from .identifier import CpuSet, Uuid
from .kind import YES_NO, AbsolutePath, Integer, Line, Presence, Size, Word
from .pairing import by, like

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_NUMA_MODES = ("strict", "preferred", "interleave", "restrictive")


def _check_backing(backing: Spec, path: str) -> None:
    if backing.get("hugepages") is False and backing.get("hugepage_sizes"):
        raise InputError(f"{path}.hugepage_sizes", "without hugepages there are none.", hint="Leave it out.")


_BACKING = Group(
    "memory_backing",
    "memoryBacking",
    Field("hugepages", "hugepages", Presence()),
    Items(
        "hugepage_sizes",
        "hugepages/page",
        Field("size", "@size", Size("KiB"), required=True),
        Field("nodeset", "@nodeset", CpuSet()),
        whole=True,
    ),
    Field("nosharepages", "nosharepages", Presence()),
    Field("locked", "locked", Presence()),
    Field("source", "source/@type", Word("file", "anonymous", "memfd")),
    Field("access", "access/@mode", Word("shared", "private")),
    Field("allocation", "allocation/@mode", Word("immediate", "ondemand")),
    Field("allocation_threads", "allocation/@threads", Integer(1)),
    Field("discard", "discard", Presence()),
    check=_check_backing,
)

_TUNING = Group(
    "memtune",
    "memtune",
    *(Field(name, name, Size("KiB")) for name in ("hard_limit", "soft_limit", "swap_hard_limit", "min_guarantee")),
)

_NUMA = Group(
    "numatune",
    "numatune",
    Group(
        "memory",
        "memory",
        Field("mode", "@mode", Word(*_NUMA_MODES, absent="strict")),
        Field("nodeset", "@nodeset", CpuSet()),
        Field("placement", "@placement", Word("static", "auto")),
    ),
    Items(
        "memnodes",
        "memnode",
        Field("cellid", "@cellid", Integer(), required=True),
        Field("mode", "@mode", Word(*_NUMA_MODES), required=True),
        Field("nodeset", "@nodeset", CpuSet(), required=True),
        identity=(by("cellid"),),
    ),
)

MEMORY = Table(
    Group(
        "memory_hotplug",
        "maxMemory",
        Field("max", "", Size("KiB")),
        Field("slots", "@slots", Integer(0)),
    ),
    _BACKING,
    _TUNING,
    _NUMA,
)


def _check(entry: Spec, path: str) -> None:
    if entry["model"] in ("nvdimm", "virtio-pmem") and "path" not in entry:
        raise InputError(f"{path}.path", f"memory of model {entry['model']} needs a file of the node.")
    if "requested" in entry and entry["requested"] > entry["size"]:
        raise InputError(f"{path}.requested", "it is more than the device's size.")


def _updates(device: Element) -> str | None:
    return "update" if device.get("model") == "virtio-mem" else None


def _complete(device: Element, spec: Spec) -> None:
    if spec["model"] == "virtio-mem" and "block" not in spec:
        MEMORY_DEVICES.table.write(device, {"block": 2 * 1024 * 1024})


MEMORY_DEVICES = Items(
    "memory_devices",
    "devices/memory",
    Field("alias", "alias/@name", Line()),
    Field("model", "@model", Word("dimm", "nvdimm", "virtio-pmem", "virtio-mem", "sgx-epc"), required=True),
    Field("access", "@access", Word("shared", "private")),
    Field("discard", "@discard", YES_NO),
    Field("uuid", "uuid", Uuid()),
    Field("pagesize", "source/pagesize", Size("KiB")),
    Field("nodemask", "source/nodemask", CpuSet()),
    Field("path", "source/path", AbsolutePath()),
    Field("alignsize", "source/alignsize", Size("KiB")),
    Field("pmem", "source/pmem", Presence()),
    Field("size", "target/size", Size("KiB"), required=True),
    Field("node", "target/node", Integer()),
    Field("block", "target/block", Size("KiB")),
    Field("requested", "target/requested", Size("KiB"), live=_updates),
    Field("label_size", "target/label/size", Size("KiB")),
    Field("readonly", "target/readonly", Presence()),
    identity=(by("alias"), like("path"), like("model", "size", "node"), like("model", "size")),
    hotplug=True,
    create=_complete,
    check=_check,
)
