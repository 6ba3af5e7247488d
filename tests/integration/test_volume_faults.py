# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong around a task: others who work on the same volume, and daemons that die or fall silent."""

from __future__ import annotations

import signal

from tests.integration.modules import Tasks
from tests.lab import Node

DATA = {"pool": "default", "name": "data.qcow2", "format": "qcow2", "capacity": "8MiB"}


def test_two_tasks_at_once_make_one_volume(volumes: Tasks) -> None:
    started = [volumes.start(**DATA) for _task in range(3)]
    results = [task.result() for task in started]
    assert [result["failed"] for result in results] == [False] * 3, results
    assert sorted(result["changed"] for result in results) == [False, False, True]


def test_two_tasks_at_once_never_make_it_smaller(volumes: Tasks) -> None:
    """The one that wants less comes to a volume that has grown, and is told so."""
    volumes.make(**DATA)
    started = [volumes.start(**{**DATA, "capacity": capacity}) for capacity in ("12MiB", "16MiB")]
    results = [task.result() for task in started]
    assert not results[1]["failed"], results[1]
    assert "would cut off its end" in results[0].get("msg", "would cut off its end")
    assert volumes.unchanged(**{**DATA, "capacity": "16MiB"})["volume"]["capacity"] == 16 * 1024**2


def test_a_silent_daemon_makes_no_task_hang(volumes: Tasks, node: Node) -> None:
    node.daemon_signal(signal.SIGSTOP)
    try:
        failed = volumes.run(**DATA, timeout=2)
    finally:
        node.daemon_signal(signal.SIGCONT)
    assert failed["failed"]
    assert "2 s" in failed["msg"]
    assert volumes.make(**DATA)["changed"]


def test_a_daemon_that_comes_back_knows_everything(volumes: Tasks, node: Node) -> None:
    stated = {**DATA, "compat": "1.1", "cluster_size": "128KiB", "permissions": {"mode": "0640"}}
    volumes.make(**stated)
    node.daemon_kill()
    node.daemon_start()
    volumes.unchanged(**stated)
