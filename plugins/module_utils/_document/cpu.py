# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""CPUs: which kind the guest sees, where they run, and how much they get.

Source: https://libvirt.org/formatdomain.html#cpu-model-and-topology.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .._errors import InputError
from .field import Field, Group, Items, Spec, Table
from .identifier import CpuSet, members
from .kind import ON_OFF, YES_NO, AbsolutePath, Integer, Line, Size, Word
from .pairing import by
from .resolved import CpuMode, Request

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_POLICIES = ("force", "require", "optional", "disable", "forbid")
_SCHEDULERS = ("batch", "idle", "fifo", "rr")

_NUMA_CELLS = Items(
    "numa",
    "numa/cell",
    Field("id", "@id", Integer(), required=True),
    Field("cpus", "@cpus", CpuSet()),
    Field("memory", "@memory", Size("KiB"), required=True),
    Field("access", "@memAccess", Word("shared", "private")),
    Field("discard", "@discard", YES_NO),
    Items(
        "distances",
        "distances/sibling",
        Field("id", "@id", Integer(), required=True),
        Field("value", "@value", Integer(10, 255), required=True),
        identity=(by("id"),),
    ),
    identity=(by("id"),),
)


def _require(feature: Element, _entry: Spec) -> None:
    # Of a guest's CPU the schema wants the policy said, even where it is the default.
    feature.set("policy", "require")


CPU = Group(
    "cpu",
    "cpu",
    Field("mode", "@mode", CpuMode(), drops=("model", "@match", "@check", "@migratable")),
    Field("model", "model", Line()),
    Field("fallback", "model/@fallback", Request("allow", "forbid", replaced=("allow",), absent="allow")),
    Field("vendor_id", "model/@vendor_id", Line()),
    Field("vendor", "vendor", Line()),
    Field("match", "@match", Word("minimum", "exact", "strict", absent="exact")),
    Field("check", "@check", Request("none", "partial", "full", replaced=("none", "partial"))),
    Field("migratable", "@migratable", ON_OFF),
    Group(
        "topology",
        "topology",
        Field("sockets", "@sockets", Integer(1)),
        Field("dies", "@dies", Integer(1, absent=1)),
        Field("cores", "@cores", Integer(1)),
        Field("threads", "@threads", Integer(1)),
    ),
    Items(
        "features",
        "feature",
        Field("name", "@name", Line(), required=True),
        Field("policy", "@policy", Request(*_POLICIES, replaced=("optional", "force"), absent="require")),
        identity=(by("name"),),
        create=_require,
    ),
    Group(
        "cache",
        "cache",
        Field("mode", "@mode", Word("emulate", "passthrough", "disable")),
        Field("level", "@level", Integer(1, 3)),
    ),
    Group(
        "maxphysaddr",
        "maxphysaddr",
        Field("mode", "@mode", Word("emulate", "passthrough")),
        Field("bits", "@bits", Integer(1)),
    ),
    _NUMA_CELLS,
)

IO_THREADS = Table(
    Field("iothreads", "iothreads", Integer()),
    Items(
        "iothread_ids",
        "iothreadids/iothread",
        Field("id", "@id", Integer(1), required=True),
        Field("thread_pool_min", "@thread_pool_min", Integer()),
        Field("thread_pool_max", "@thread_pool_max", Integer(1)),
        identity=(by("id"),),
    ),
    Group(
        "default_iothread",
        "defaultiothread",
        Field("thread_pool_min", "@thread_pool_min", Integer()),
        Field("thread_pool_max", "@thread_pool_max", Integer(1)),
    ),
)

_PERIOD = Integer(0, 1000000)
_QUOTA = Integer(-1, 17592186044415)

_SCHEDULER = (
    Field("scheduler", "@scheduler", Word(*_SCHEDULERS), required=True),
    Field("priority", "@priority", Integer(1, 99)),
)


def _check_scheduler(entry: Spec, path: str) -> None:
    if (entry["scheduler"] in ("fifo", "rr")) != ("priority" in entry):
        raise InputError(f"{path}.priority", "the schedulers fifo and rr need one, and the others have none.")


class Schedules(Items):
    """How CPUs or threads are scheduled, several at once; libvirt writes an entry for each."""

    def __init__(self, option: str, numbers: str) -> None:
        super().__init__(
            option,
            option,
            Field(numbers, f"@{numbers}", CpuSet(), required=True),
            *_SCHEDULER,
            whole=True,
            check=_check_scheduler,
        )
        self.numbers = numbers

    def same(self, found: Sequence[Element], wanted: Sequence[Spec]) -> bool:
        return self._each(self.table.read(entry) for entry in found) == self._each(wanted)

    def _each(self, entries: Iterable[Spec]) -> dict[int, Spec]:
        return {
            number: {option: value for option, value in entry.items() if option != self.numbers}
            for entry in entries
            for number in members(entry[self.numbers])
        }


CPU_TUNING = Group(
    "cputune",
    "cputune",
    Field("shares", "shares", Integer(0, 262144)),
    *(
        field
        for scope in ("", "global_", "emulator_", "iothread_")
        for field in (
            Field(f"{scope}period", f"{scope}period", _PERIOD),
            Field(f"{scope}quota", f"{scope}quota", _QUOTA),
        )
    ),
    Items(
        "vcpupin",
        "vcpupin",
        Field("vcpu", "@vcpu", Integer(), required=True),
        Field("cpuset", "@cpuset", CpuSet(), required=True),
        identity=(by("vcpu"),),
    ),
    Field("emulatorpin", "emulatorpin/@cpuset", CpuSet()),
    Items(
        "iothreadpin",
        "iothreadpin",
        Field("iothread", "@iothread", Integer(1), required=True),
        Field("cpuset", "@cpuset", CpuSet(), required=True),
        identity=(by("iothread"),),
    ),
    Schedules("vcpusched", "vcpus"),
    Schedules("iothreadsched", "iothreads"),
    Group("emulatorsched", "emulatorsched", *_SCHEDULER, check=_check_scheduler),
)

BLOCK_TUNING = Group(
    "blkiotune",
    "blkiotune",
    Field("weight", "weight", Integer(0, 1000)),
    Items(
        "devices",
        "device",
        Field("path", "path", AbsolutePath(), required=True),
        Field("weight", "weight", Integer(0, 1000)),
        Field("read_iops_sec", "read_iops_sec", Integer()),
        Field("write_iops_sec", "write_iops_sec", Integer()),
        Field("read_bytes_sec", "read_bytes_sec", Size("B", bare="B", scaled=False)),
        Field("write_bytes_sec", "write_bytes_sec", Size("B", bare="B", scaled=False)),
        identity=(by("path"),),
    ),
)
