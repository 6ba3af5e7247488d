# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hypervisors that fail in the middle, connections that die, and two tasks at once."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.control import Volume
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    ConnectionFailed,
    DeadlineExceeded,
    OutcomeUnknown,
    StratumError,
)
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost

from .conftest import SMALL, Node, Result

SECOND_DISK = {"target": "vdb", "file": "/images/b.qcow2"}

# A task for every change that a plan can make: what there is, what is asked for, and the calls that carry it out.
PLANS: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "create and start": (
        "absent",
        {**SMALL, "state": "running", "autostart": True},
        ["define", "start", "set_autostart"],
    ),
    "start": ("stopped", {"state": "running"}, ["start"]),
    "start paused": ("stopped", {"state": "paused"}, ["start"]),
    "suspend": ("running", {"state": "paused"}, ["suspend"]),
    "resume": ("paused", {"state": "running"}, ["resume"]),
    "shut down": ("running", {"state": "stopped"}, ["shutdown"]),
    "restart": ("running", {"state": "restarted"}, ["shutdown", "start"]),
    "save": ("running", {"state": "saved"}, ["save"]),
    "restore": ("saved", {"state": "running"}, ["start"]),
    "discard": ("saved", {"state": "stopped", "force": True}, ["discard_save"]),
    "end a crash": ("crashed", {"state": "stopped"}, ["destroy"]),
    "remove": ("running", {"state": "absent"}, ["shutdown", "undefine"]),
    "memory": ("running", {"memory": "96MiB"}, ["define", "set_memory"]),
    "vCPUs": ("running", {"vcpus": 3}, ["define", "set_vcpus"]),
    "words": (
        "running",
        {"title": "a", "description": "b", "tags": ["c"]},
        ["set_title", "set_description", "set_metadata"],
    ),
    "plug in": ("running", {"disks": [*SMALL["disks"], SECOND_DISK]}, ["define", "attach_device"]),
    "unplug": ("running", {"interfaces": [], "exclusive": ["interfaces"]}, ["define", "detach_device"]),
    "update": ("running", {"interfaces": [{"network": "default", "link": False}]}, ["define", "update_device"]),
    "power cycle": (
        "running",
        {"cpu": {"mode": "host-passthrough"}, "restart": "if_needed"},
        ["define", "shutdown", "start"],
    ),
}
AWAITED = ("shutdown", "set_memory", "detach_device")
"""What only takes effect when the guest reacts: just after the connection is lost, it may not have."""
CALLS = [(plan, call) for plan, (_condition, _options, calls) in PLANS.items() for call in calls]


def prepare(node: Node, plan: str) -> dict[str, Any]:
    condition, options, _calls = PLANS[plan]
    with node.edit() as state:
        state.volumes("default").update({"a.qcow2": Volume("/images/a.qcow2")})
    if condition != "absent":
        node.create()
        node.put(condition)
    return {"name": "web1", **options}


def ends_as_without_the_fault(node: Node, task: dict[str, Any]) -> None:
    """Assert that running the task again heals, and that nothing is left then."""
    if task.get("state") == "restarted":
        assert node.task(task)["domain"]["state"] == "running"
        return
    node.task(task)
    again = node.task(task)
    assert (again["changed"], again["actions"], again["pending"]) == (False, [], [])


def outcome(node: Node, task: dict[str, Any], parameters: str = "") -> tuple[Result, StratumError | None]:
    """Run a task; return its result, or its error."""
    try:
        return node.task(task, parameters=parameters, patience=0.5), None
    except StratumError as error:
        return {}, error


@pytest.mark.parametrize(("plan", "call"), CALLS)
def test_a_call_that_is_refused_says_what_was_done_and_what_failed(node: Node, plan: str, call: str) -> None:
    task = prepare(node, plan)
    foretold = node.task(task, check=True)["actions"]
    done, error = outcome(node, task, f"fail={call}:before:9")
    if call in ("set_memory", "set_vcpus", "detach_device"):
        # What a guest has to help with is no failure: it waits, and says why.
        assert "told to refuse it" in done["pending"][0]["reason"]
    else:
        assert error is not None
        assert "told to refuse it" in str(error)
        failed = foretold.index(error.facts["failed_action"])
        assert error.facts["actions"] == foretold[:failed]
        assert error.facts["changed"] is bool(failed)
    ends_as_without_the_fault(node, task)


@pytest.mark.parametrize(("plan", "call"), CALLS)
def test_an_answer_that_is_lost_after_the_effect(node: Node, plan: str, call: str) -> None:
    """The domain is read again. What has happened is no failure, and what is still to be done is named."""
    task = prepare(node, plan)
    foretold = node.task(task, check=True)
    if call in AWAITED:
        with node.edit() as state:
            state.domains["web1"].guest.reaction = 0.5
    done, error = outcome(node, task, f"fail={call}:after")
    if PLANS[plan][2][-1] == call and call not in AWAITED:
        assert error is None
        assert (done["changed"], done["actions"], done["diff"]) == (True, foretold["actions"], foretold["diff"])
        assert done["pending"] == foretold["pending"]
        assert done["domain"]["state"] == foretold["domain"]["state"]
    else:
        assert isinstance(error, OutcomeUnknown)
        assert "connection to the simulated node failed before the answer came" in error.reason
        assert "Reading it again shows that this is still to be done: " in error.reason
        assert "Run the task again" in str(error)
        failed = foretold["actions"].index(error.facts["failed_action"])
        assert error.facts["actions"] == foretold["actions"][:failed]
    node.settled()
    ends_as_without_the_fault(node, task)


@pytest.mark.parametrize("call", ["shutdown", "start"])
def test_a_domain_is_not_left_stopped_when_an_answer_gets_lost(node: Node, call: str) -> None:
    task = prepare(node, "power cycle")
    foretold = node.task(task, check=True)
    done = node.task(task, parameters=f"fail={call}:after")
    assert done["actions"] == foretold["actions"]
    assert done["domain"]["state"] == "running"


def test_recovering_waits_for_the_guest_too(node: Node) -> None:
    node.create()
    done = node.task(SMALL, state="running", wait_for=["address"], parameters="fail=start:after")
    assert done["changed"]
    assert done["addresses"]


def test_a_hypervisor_that_stays_away_says_that_nobody_knows(node: Node) -> None:
    task = prepare(node, "start")
    calls = []
    connect = node.connect

    def once(parameters: str = "", timeout: float = 5.0) -> Any:
        calls.append(parameters)
        if len(calls) > 1:
            raise ConnectionFailed("opening it again: nobody is there.")
        return connect(parameters, timeout)

    node.connect = once  # type: ignore[method-assign]
    with pytest.raises(OutcomeUnknown, match=r"It could not be read again: opening it again: nobody is there") as told:
        node.task(task, parameters="fail=start:after")
    assert told.value.facts["actions"] == []
    node.connect = connect  # type: ignore[method-assign]
    assert node.info()[0]["state"] == "running"


@pytest.mark.parametrize("call", ["describe", "networks.names"])
def test_reading_that_fails_changes_nothing(node: Node, call: str) -> None:
    node.create()
    before = node.bytes()
    with pytest.raises(StratumError, match="told to refuse"):
        node.task(
            SMALL,
            interfaces=[{"bridge": "br1"}, {"network": "default"}, {"network": "default"}],
            parameters=f"fail={call}",
        )
    assert node.bytes() == before


@pytest.mark.parametrize("call", ["undefine", "volumes.delete_path"])
def test_storage_that_may_still_be_there_is_named(node: Node, call: str) -> None:
    """The domain is gone, and with it all that a second run could know of its disks."""
    prepare(node, "start")
    with pytest.raises(
        OutcomeUnknown, match=r"still to be done: delete /images/a\.qcow2 \(vda\)\. .*look at these files"
    ):
        node.task({"name": "web1"}, state="absent", remove_storage=["vda"], parameters=f"fail={call}:after")
    assert node.info() == []


@pytest.mark.parametrize("check", [True, False])
def test_a_node_that_is_too_slow_is_a_deadline(node: Node, check: bool) -> None:
    node.create()
    connect = node.connect
    node.connect = lambda parameters="", timeout=5.0: connect("delay=0.2", 0.05)  # type: ignore[method-assign]
    with pytest.raises(DeadlineExceeded, match=r"within 0\.05 s"):
        node.task(SMALL, memory="96MiB", check=check)


# Two at once


def together(*tasks: Any) -> list[Result | Exception]:
    """Run tasks at the same time, and return what became of each."""
    found: list[Result | Exception] = [RuntimeError("it never ended")] * len(tasks)
    start = threading.Barrier(len(tasks))

    def run(index: int) -> None:
        start.wait(10)
        try:
            found[index] = tasks[index]()
        except StratumError as error:
            found[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(tasks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


def test_two_tasks_on_one_domain_both_have_their_effect(node: Node) -> None:
    """Each defines a whole document: without turns, one would undo the other's."""
    node.create()
    node.put("running")
    for number in range(5):
        outcomes = together(
            lambda: node.task({"name": "web1", "title": f"number {number}"}),  # noqa: B023
            lambda: node.task({"name": "web1", "memory": f"{70 + number}MiB"}),  # noqa: B023
        )
        assert all(isinstance(outcome, dict) and outcome["changed"] for outcome in outcomes), outcomes
        for document in (node.config(), node.live()):
            assert document.findtext("title") == f"number {number}"
            assert document.findtext("currentMemory") == str((70 + number) * 1024)


def test_two_tasks_that_want_the_same_do_it_once(node: Node) -> None:
    outcomes = together(*[lambda: node.task(SMALL, state="running")] * 2)
    assert sorted(outcome["changed"] for outcome in outcomes if isinstance(outcome, dict)) == [False, True]
    assert [each["state"] for each in node.info()] == ["running"]


def test_two_tasks_that_want_opposites_leave_one_of_the_two(node: Node) -> None:
    node.create()
    outcomes = together(
        lambda: node.task(SMALL, state="running"),
        lambda: node.task({"name": "web1"}, state="absent"),
    )
    assert all(isinstance(outcome, dict) for outcome in outcomes), outcomes
    assert [each["state"] for each in node.info()] in ([], ["running"])


def test_a_task_that_waits_too_long_for_its_turn_says_so(node: Node) -> None:
    node.create()
    node.put("running")
    node.is_like("no_acpi")

    def hold() -> Result:
        return node.task(SMALL, state="stopped", patience=1.0, force=True)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        end = threading.Event()
        end.wait(0.3)
        with pytest.raises(DeadlineExceeded, match=r"another task|lock"):
            node.task(SMALL, title="late", patience=0.2)
    finally:
        holder.join()
    assert node.config().find("title") is None


def test_tasks_at_different_machines_do_not_wait_for_each_other(node: Node) -> None:
    """There is one lock for each name and machine, on the machine that the tasks run on."""
    node.create()
    connect = node.connect

    def far(parameters: str = "", timeout: float = 5.0) -> Any:
        driver = connect(parameters, timeout)
        driver.machine = "node2"
        return driver

    node.connect = far  # type: ignore[method-assign]
    with LocalHost().lock("domain web1 of node1", Deadline(1)), LocalHost().lock("domain web1", Deadline(1)):
        assert node.task(SMALL, title="mine", patience=0.3)["changed"]
    with (
        LocalHost().lock("domain web1 of node2", Deadline(1)),
        pytest.raises(DeadlineExceeded, match=r"another task has been working on domain web1 of node2"),
    ):
        node.task(SMALL, title="late", patience=0.3)


def test_check_mode_does_not_wait_for_anybody(node: Node) -> None:
    node.create()
    node.put("running")
    node.is_like("no_acpi")
    holder = threading.Thread(target=lambda: node.task(SMALL, state="stopped", patience=0.8, force=True))
    holder.start()
    try:
        assert node.task(SMALL, title="late", patience=0.1, check=True)["changed"]
    finally:
        holder.join()
