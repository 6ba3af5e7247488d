# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a domain consumes, from libvirt's dotted statistics (``block.0.rd.bytes``). No I/O here.

Some counters are the guest's own word (all of the balloon), so any of them can be a lie: what cannot be is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._document.untrusted import LIST_LIMIT, known, number, text
from .._driver.domains import STATES

Facts = dict[str, Any]

_KIB = 1024

_CPU = {"cpu.time": ("time", 1), "cpu.user": ("user", 1), "cpu.system": ("system", 1)}
_VCPUS = {"vcpu.current": ("current", 1), "vcpu.maximum": ("maximum", 1)}
_MEMORY = {
    "balloon.current": ("current", _KIB),
    "balloon.maximum": ("maximum", _KIB),
    "balloon.rss": ("resident", _KIB),
    "balloon.available": ("available", _KIB),
    "balloon.unused": ("unused", _KIB),
    "balloon.usable": ("usable", _KIB),
    "balloon.disk_caches": ("disk_caches", _KIB),
    "balloon.swap_in": ("swapped_in", _KIB),
    "balloon.swap_out": ("swapped_out", _KIB),
    "balloon.major_fault": ("major_faults", 1),
    "balloon.minor_fault": ("minor_faults", 1),
}
_DISK = {
    "rd.reqs": ("read_requests", 1),
    "rd.bytes": ("read_bytes", 1),
    "rd.times": ("read_time", 1),
    "wr.reqs": ("write_requests", 1),
    "wr.bytes": ("write_bytes", 1),
    "wr.times": ("write_time", 1),
    "fl.reqs": ("flush_requests", 1),
    "fl.times": ("flush_time", 1),
    "capacity": ("capacity", 1),
    "allocation": ("allocation", 1),
    "physical": ("physical", 1),
}
_INTERFACE = {
    f"{short}.{counter}": (f"{way}_{what}", 1)
    for short, way in (("rx", "received"), ("tx", "sent"))
    for counter, what in (("bytes", "bytes"), ("pkts", "packets"), ("errs", "errors"), ("drop", "drops"))
}


def consumption(stats: Mapping[str, Any]) -> Facts:
    """Return what one domain consumes: its state, and counters of its CPUs, memory, disks and interfaces."""
    code = number(stats.get("state.state"))
    state = None if code is None else STATES.get(code)
    disks = _entries(stats, "block", _DISK)
    for facts, values in disks.values():
        facts.update(known(path=text(values.get("path"), 4096)))
    return {
        **known(state=None if state is None else state.value),
        "cpu": _counters(stats, _CPU),
        "vcpus": _counters(stats, _VCPUS),
        # A guest that never said anything did so at the time zero.
        "memory": {**_counters(stats, _MEMORY), **known(told_at=number(stats.get("balloon.last-update")) or None)},
        "disks": {target: facts for target, (facts, _values) in disks.items()},
        "interfaces": {name: facts for name, (facts, _values) in _entries(stats, "net", _INTERFACE).items()},
    }


def _counters(values: Mapping[str, Any], table: Mapping[str, tuple[str, int]]) -> Facts:
    """Return counters under our names and in our units."""
    found: Facts = {}
    for key, (name, factor) in table.items():
        count = number(values.get(key))
        count = None if count is None else number(count * factor)
        if count is not None:
            found[name] = count
    return found


def _entries(
    stats: Mapping[str, Any], kind: str, table: Mapping[str, tuple[str, int]]
) -> dict[str, tuple[Facts, dict[str, Any]]]:
    """Return the entries of one kind (``block.0.…``) by their names, with what the statistics say of each.

    How many there are is seen, not read: the number that is told could be any. Of images that one disk is built on,
    only the first counts, which is the one that is written to.
    """
    by_index: dict[str, dict[str, Any]] = {}
    for key, value in stats.items():
        first, _dot, rest = key.partition(".")
        index, _dot, word = rest.partition(".")
        if first == kind and word and (index in by_index or len(by_index) < LIST_LIMIT):
            by_index.setdefault(index, {})[word] = value
    found: dict[str, tuple[Facts, dict[str, Any]]] = {}
    for values in by_index.values():
        name = text(values.get("name"))
        if name is not None and name not in found:
            found[name] = (_counters(values, table), values)
    return found
