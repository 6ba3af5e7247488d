# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Storage that fails in the middle, connections that die, and two tasks at once."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.control import Volume
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.pools import SimPools
from ansible_collections.stratum.virt.plugins.module_utils._errors import DriverError, OutcomeUnknown, StratumError

from .conftest import SMALL, Node, Result

THERE = {"pool": "default", "name": "data", "capacity": "8MiB", "allocation": 0}
GROWING = "running domain"

# A task for every change that a plan can make: what there is, what is asked for, and the calls that carry it out.
PLANS: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "create": ("absent", THERE, ["volumes.create"]),
    "grow": ("present", {"capacity": "16MiB"}, ["volumes.resize"]),
    "grow live": (GROWING, {"capacity": "16MiB"}, ["resize_disk"]),
    "shrink": ("present", {"capacity": "4MiB", "allow_shrink": True}, ["volumes.resize"]),
    "delete": ("present", {"state": "absent"}, ["volumes.delete"]),
    "wipe and delete": ("present", {"state": "absent", "wipe": "zero"}, ["volumes.wipe", "volumes.delete"]),
}
CALLS = [(plan, call) for plan, (_there, _options, calls) in PLANS.items() for call in calls]


def prepare(node: Node, plan: str) -> dict[str, Any]:
    there, options, _calls = PLANS[plan]
    if there != "absent":
        node.manage("volume", THERE)
    if there == GROWING:
        node.task({**SMALL, "disks": [{"target": "vda", "pool": "default", "volume": "data", "format": "raw"}]})
        node.put("running")
    return {"pool": "default", "name": "data", **options}


def outcome(node: Node, task: dict[str, Any], parameters: str = "") -> tuple[Result, StratumError | None]:
    """Run a task; return its result, or its error."""
    try:
        return node.manage("volume", task, parameters=parameters, patience=0.5), None
    except StratumError as error:
        return {}, error


def ends_as_without_the_fault(node: Node, task: dict[str, Any]) -> None:
    """Assert that running the task again heals, and that nothing is left then."""
    node.manage("volume", task)
    again = node.manage("volume", task)
    assert (again["changed"], again["actions"], again["pending"]) == (False, [], [])


@pytest.mark.parametrize(("plan", "call"), CALLS)
@pytest.mark.parametrize("error", ["refused", "denied", "invalid", "connection", "deadline"])
def test_a_call_that_fails_says_what_was_done_and_what_failed(node: Node, plan: str, call: str, error: str) -> None:
    task = prepare(node, plan)
    foretold = node.manage("volume", task, check=True)["actions"]
    _done, raised = outcome(node, task, f"fail={call}:before:9:{error}")
    assert raised is not None
    failed = foretold.index(raised.facts["failed_action"])
    assert raised.facts["actions"] == foretold[:failed]
    assert raised.facts["changed"] is bool(failed)
    ends_as_without_the_fault(node, task)


@pytest.mark.parametrize(("plan", "call"), CALLS)
def test_an_answer_that_is_lost_after_the_effect(node: Node, plan: str, call: str) -> None:
    """The volume is read again. What has happened is no failure, and what is still to be done is named."""
    task = prepare(node, plan)
    foretold = node.manage("volume", task, check=True)
    done, error = outcome(node, task, f"fail={call}:after")
    if PLANS[plan][2][-1] == call:
        assert error is None
        assert (done["changed"], done["actions"], done["diff"]) == (True, foretold["actions"], foretold["diff"])
    else:
        assert isinstance(error, OutcomeUnknown)
        assert "still to be done: wipe (zero) and delete" in str(error)
    ends_as_without_the_fault(node, task)


@pytest.mark.parametrize("call", ["volumes.describe", "pools.describe", "describe", "pools.capabilities"])
def test_reading_that_fails_changes_nothing(node: Node, call: str) -> None:
    if call == "describe":
        node.manage("volume", THERE)
    before = node.bytes()
    task = {**THERE, "capacity": "16MiB"}
    with pytest.raises(StratumError, match="told to refuse"):
        node.manage("volume", task, parameters=f"fail={call}:before:9")
    assert node.bytes() == before


def test_two_tasks_at_once_make_one_volume(node: Node) -> None:
    results: list[Result] = []
    tasks = [threading.Thread(target=lambda: results.append(node.manage("volume", THERE))) for _task in range(4)]
    for task in tasks:
        task.start()
    for task in tasks:
        task.join()
    assert sorted(result["changed"] for result in results) == [False, False, False, True]


@pytest.fixture
def unknown(node: Node, tmp_path: Path) -> str:
    """A file that came into the folder of the pool ``files`` by another way."""
    node.has_files = True
    folder = tmp_path / "files"
    folder.mkdir()
    with node.connect() as driver:
        assert driver.pools is not None
        driver.pools.define(f'<pool type="dir"><name>files</name><target><path>{folder}</path></target></pool>')
        driver.pools.build("files")
        driver.pools.start("files")
    (folder / "data").write_bytes(b"precious")
    return str(folder / "data")


@pytest.mark.parametrize("times", [2, 1000])
def test_a_pool_that_is_busy_hides_no_file(
    node: Node, unknown: str, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """A file that the hypervisor does not know yet is not taken for none, which content would replace."""
    busy = iter(range(times))

    def refresh(_pools: SimPools, name: str) -> None:
        if next(busy, None) is not None:
            raise DriverError(f"internal error: pool '{name}' has asynchronous jobs running", code=1)
        with node.edit() as state:
            state.volumes("files")["data"] = Volume(unknown, 8)

    monkeypatch.setattr(SimPools, "refresh", refresh)
    task = {"pool": "files", "name": "data", "source": {"volume": "base", "pool": "default"}}
    node.manage("volume", {**THERE, "name": "base"})
    if times == 2:
        done = node.manage("volume", task)
        assert (done["changed"], done["volume"]["path"]) == (False, unknown)
    else:
        with pytest.raises(DriverError, match="has asynchronous jobs running"):
            node.manage("volume", task, patience=0.3)
