# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statistics of domains as facts, also those of domains that lie."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._reconcile.domain_consumption import consumption
from hypothesis import given, settings
from hypothesis import strategies as st

NOTHING: dict[str, Any] = {"cpu": {}, "vcpus": {}, "memory": {}, "disks": {}, "interfaces": {}}
STATS: dict[str, Any] = {
    "state.state": 1,
    "state.reason": 1,
    "cpu.time": 5000000000,
    "cpu.user": 3000000000,
    "cpu.system": 1000000000,
    "balloon.current": 2048,
    "balloon.maximum": 4096,
    "balloon.rss": 1000,
    "balloon.usable": 512,
    "balloon.swap_in": 1,
    "balloon.major_fault": 7,
    "balloon.last-update": 1790000000,
    "vcpu.current": 2,
    "vcpu.maximum": 4,
    "vcpu.0.state": 1,
    "vcpu.0.time": 1,
    "net.count": 1,
    "net.0.name": "vnet3",
    "net.0.rx.bytes": 10,
    "net.0.rx.pkts": 1,
    "net.0.rx.errs": 0,
    "net.0.rx.drop": 2,
    "net.0.tx.bytes": 20,
    "net.0.tx.pkts": 3,
    "net.0.tx.errs": 4,
    "net.0.tx.drop": 5,
    "block.count": 2,
    "block.0.name": "vda",
    "block.0.path": "/images/a.qcow2",
    "block.0.rd.reqs": 11,
    "block.0.rd.bytes": 12,
    "block.0.rd.times": 13,
    "block.0.wr.reqs": 14,
    "block.0.wr.bytes": 15,
    "block.0.wr.times": 16,
    "block.0.fl.reqs": 17,
    "block.0.fl.times": 18,
    "block.0.allocation": 19,
    "block.0.capacity": 20,
    "block.0.physical": 21,
    "block.1.name": "sda",
}


def test_all_of_it_in_our_words_and_units() -> None:
    assert consumption(STATS) == {
        "state": "running",
        "cpu": {"time": 5000000000, "user": 3000000000, "system": 1000000000},
        "vcpus": {"current": 2, "maximum": 4},
        "memory": {
            "current": 2048 * 1024,
            "maximum": 4096 * 1024,
            "resident": 1000 * 1024,
            "usable": 512 * 1024,
            "swapped_in": 1024,
            "major_faults": 7,
            "told_at": 1790000000,
        },
        "disks": {
            "vda": {
                "path": "/images/a.qcow2",
                "read_requests": 11,
                "read_bytes": 12,
                "read_time": 13,
                "write_requests": 14,
                "write_bytes": 15,
                "write_time": 16,
                "flush_requests": 17,
                "flush_time": 18,
                "allocation": 19,
                "capacity": 20,
                "physical": 21,
            },
            "sda": {},
        },
        "interfaces": {
            "vnet3": {
                "received_bytes": 10,
                "received_packets": 1,
                "received_errors": 0,
                "received_drops": 2,
                "sent_bytes": 20,
                "sent_packets": 3,
                "sent_errors": 4,
                "sent_drops": 5,
            }
        },
    }


@pytest.mark.parametrize("lie", [-1, 2**63, 2**64 - 1, 1.5, float("nan"), "12a", True, None, "9" * 10000, [5]])
@pytest.mark.parametrize("counter", ["cpu.time", "balloon.usable", "net.0.rx.bytes", "block.0.capacity"])
def test_a_counter_that_cannot_be_is_absent(counter: str, lie: object) -> None:
    honest = {name: value for name, value in STATS.items() if name != counter}
    assert consumption({**STATS, counter: lie}) == consumption(honest)


def test_kibibytes_that_are_too_many_are_absent() -> None:
    assert consumption({"balloon.current": 2**60}) == NOTHING


def test_a_guest_that_never_said_anything_said_it_at_no_time() -> None:
    assert consumption({"balloon.last-update": 0}) == NOTHING


@pytest.mark.parametrize("count", [0, -1, 2**63, "x"])
def test_how_many_there_are_is_seen_and_not_believed(count: object) -> None:
    assert consumption({**STATS, "block.count": count, "net.count": count}) == consumption(STATS)


@pytest.mark.parametrize("name", ["", "x" * 10000, "vda\nvdb", 5, None, "\x1b[2J"])
def test_a_disk_without_a_name_is_left_out(name: object) -> None:
    assert consumption({**STATS, "block.0.name": name})["disks"] == {"sda": {}}


def test_the_first_of_two_disks_with_one_name_counts() -> None:
    assert consumption({**STATS, "block.1.name": "vda"})["disks"]["vda"]["capacity"] == 20


def test_there_are_only_so_many() -> None:
    stats = {f"net.{number}.name": f"vnet{number}" for number in range(10000)}
    assert len(consumption(stats)["interfaces"]) == 4096


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (0, "running"),
        (2, "running"),
        (3, "paused"),
        (4, "shutting down"),
        (5, "stopped"),
        (6, "crashed"),
        (7, "suspended"),
    ],
)
def test_states(number: int, word: str) -> None:
    assert consumption({"state.state": number}) == {"state": word, **NOTHING}


@pytest.mark.parametrize("number", [99, -1, 2**63, "running", None])
def test_a_state_that_is_none_is_absent(number: object) -> None:
    assert consumption({"state.state": number}) == NOTHING


NAMES = st.from_regex(r"(block|net)\.[0-9.a-z]{0,9}", fullmatch=True)
KEYS = st.sampled_from(list(STATS)) | st.text(max_size=20) | NAMES


@settings(deadline=None)  # the machine may be busy
@given(st.dictionaries(KEYS, st.integers() | st.floats() | st.text() | st.booleans() | st.none()))
def test_nothing_crashes(stats: dict[str, Any]) -> None:
    found = consumption(stats)
    assert json.loads(json.dumps(found)) == found
