# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong around a task: others who work on the same domain, and daemons that die or fall silent."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.modules import Running, Tasks
from tests.lab import Node


def wait_for_lock(task: Running) -> None:
    """Wait until a task holds its domain, which it does before it looks at it."""
    end = time.monotonic() + 60
    while not any(f" {task.pid} " in line for line in Path("/proc/locks").read_text().splitlines()):
        assert time.monotonic() < end
        assert not task.ended, task.result()
        time.sleep(0.02)


@pytest.fixture
def silence(node: Node) -> Iterator[Callable[[], None]]:
    """Make the node's daemon fall silent, until the test is over."""
    yield lambda: node.daemon_signal(signal.SIGSTOP)
    node.daemon_signal(signal.SIGCONT)


def test_two_tasks_at_once_both_get_what_they_want(tasks: Tasks, deaf: Callable[..., None]) -> None:
    """Each defines a whole document: without taking turns, the last one would undo the others."""
    deaf("shared")
    changes = [
        {"memory": "96MiB"},
        {"title": "A title"},
        {"description": "A description"},
        {"tags": ["a", "b"]},
        {"vcpus": 2},
        {"interfaces": [{"network": "default"}]},
    ]
    started = [tasks.start(name="shared", **change) for change in changes]
    for task in started:
        result = task.result()
        assert not result["failed"], result
        assert result["changed"]
    tasks.unchanged(name="shared", **{option: value for change in changes for option, value in change.items()})
    document = tasks.config("shared")
    for part in (
        "<memory unit='KiB'>98304</memory>",
        "<title>A title</title>",
        "<description>A description</description>",
        ">b</stratum:tag>",
        "current='2'" if "current=" in document else ">2</vcpu>",
        "<interface type='network'>",
    ):
        assert part in document


def test_two_tasks_at_once_make_one_domain(tasks: Tasks) -> None:
    started = [tasks.start(name="once", memory="64MiB", state="running") for _task in range(3)]
    results = [task.result() for task in started]
    assert [result["failed"] for result in results] == [False] * 3, results
    assert sorted(result["changed"] for result in results) == [False, False, True]
    assert tasks.names() == ["once"]
    assert tasks.state("once") == "running"


def test_a_task_that_has_to_wait_too_long_says_for_whom(tasks: Tasks, deaf: Callable[..., None]) -> None:
    deaf("busy", start=True)
    first = tasks.start(name="busy", state="stopped", timeout=12)
    wait_for_lock(first)
    second = tasks.run(name="busy", title="New", timeout=2)
    assert second["failed"]
    assert "another task has been working on" in second["msg"]
    assert "busy" in second["msg"]
    assert "<title>" not in tasks.config("busy")
    # Check mode takes no turn: it only looks.
    assert tasks.run(check=True, name="busy", title="New", timeout=2)["changed"]
    assert first.result()["failed"]


def test_a_task_beside_virsh_sees_what_is(tasks: Tasks, deaf: Callable[..., None]) -> None:
    """A guest that is killed by somebody else while it is asked to stop has stopped."""
    deaf("contested", start=True)
    task = tasks.start(name="contested", state="stopped", timeout=60)
    wait_for_lock(task)
    tasks.virsh("destroy", "contested")
    result = task.result()
    assert not result["failed"], result
    assert tasks.state("contested") == "stopped"


def test_a_daemon_that_is_killed_in_the_middle_of_a_task(tasks: Tasks, node: Node, deaf: Callable[..., None]) -> None:
    deaf("hit", start=True)
    task = tasks.start(name="hit", title="New", state="stopped", timeout=60)
    wait_until(lambda: "<title>New</title>" in tasks.virsh("dumpxml", "--inactive", "hit"))
    node.daemon_kill()
    result = task.result()
    assert result["failed"]
    assert str(node.socket) in result["msg"] or "connection" in result["msg"]
    assert "change the configuration" in result["actions"]

    refused = tasks.run(name="hit", state="stopped", timeout=5)
    assert refused["failed"]
    assert f"connecting to {node.socket}" in refused["msg"]

    node.daemon_start()
    assert tasks.state("hit") == "running"
    healed = tasks.make(name="hit", title="New", state="stopped", force=True, timeout=3)
    assert healed["actions"] == ["shut down"]
    assert tasks.state("hit") == "stopped"
    assert "<title>New</title>" in tasks.config("hit")


def test_a_daemon_that_falls_silent_before_a_task(tasks: Tasks, silence: Callable[[], None]) -> None:
    silence()
    result = tasks.run(name="nobody", memory="64MiB", timeout=2)
    assert result["failed"]
    assert "libvirt did not answer within 2 s" in result["msg"]


def test_a_daemon_that_falls_silent_in_the_middle_of_a_task(
    tasks: Tasks, node: Node, deaf: Callable[..., None], silence: Callable[[], None]
) -> None:
    deaf("hushed", start=True)
    task = tasks.start(name="hushed", title="New", state="stopped", timeout=6)
    wait_until(lambda: "<title>New</title>" in tasks.virsh("dumpxml", "--inactive", "hushed"))
    silence()
    result = task.result()
    assert result["failed"]
    assert "libvirt did not answer within 6 s" in result["msg"]
    assert result["actions"] == ["change the configuration"]
    node.daemon_signal(signal.SIGCONT)
    healed = tasks.make(name="hushed", title="New", state="stopped", force=True, timeout=3)
    assert "change the configuration" not in healed["actions"]
    assert tasks.state("hushed") == "stopped"


def test_the_lock_of_a_killed_task_holds_nobody_up(tasks: Tasks, deaf: Callable[..., None]) -> None:
    deaf("dropped", start=True)
    task = tasks.start(name="dropped", state="stopped", timeout=60)
    wait_for_lock(task)
    task.kill()
    tasks.make(name="dropped", title="New", timeout=10)
    assert "<title>New</title>" in tasks.config("dropped")


def test_nothing_listens(tmp_path: Path) -> None:
    task = Running("domain", {"uri": f"qemu+unix:///system?socket={tmp_path}/none", "name": "a"}, check=False)
    result = task.result()
    assert result["failed"]
    assert f"connecting to {tmp_path}/none: No such file or directory" in result["msg"]


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
