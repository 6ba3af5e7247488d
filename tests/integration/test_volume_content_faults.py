# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What breaks off while a volume gets its content: nothing half ever has its name, and the next task makes it whole."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.modules import Running, Tasks
from tests.integration.test_volume_content import left, of_file
from tests.lab import Lab, Node
from tests.unit._reconcile.contents import Server

MIB = 1024**2
OLD, NEW = (random.Random(seed).randbytes(8 * MIB) for seed in (1, 2))
PARTIAL = "a.stratum-partial"

State = Callable[[], bytes | None]


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that stops in the middle of what it sends."""
    server = Server()
    server.files["/new"] = NEW
    server.stop_after = 5 * MIB
    yield server
    server.close()


@pytest.fixture(params=["new", "replaced"])
def state(request: pytest.FixtureRequest, volumes: Tasks, node: Node, tmp_path: Path) -> State:
    """What the volume ``a`` has in it; before the test that is old content, or it is not there."""
    if request.param == "replaced":
        (tmp_path / "old").write_bytes(OLD)
        volumes.make(pool="default", name="a", source=of_file(tmp_path / "old"))
    path = node.images / "a"
    return lambda: path.read_bytes() if path.exists() else None


def by_url(server: Server) -> dict[str, Any]:
    checksum = f"sha256:{hashlib.sha256(NEW).hexdigest()}"
    source = {"url": server.url("/new", "http"), "checksum": checksum}
    return {"pool": "default", "name": "a", "source": source, "replace": True}


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def in_the_middle(volumes: Tasks, **options: Any) -> Running:
    """Start a task, and return when a part of the content is there."""
    partial = volumes.node.images / PARTIAL
    task = volumes.start(**options)
    wait_until(lambda: task.ended or (partial.exists() and partial.stat().st_blocks * 512 >= 4 * MIB))
    assert not task.ended, task.result()
    return task


def heals(volumes: Tasks, server: Server) -> None:
    """Check that the task, run again, makes the volume whole."""
    server.stop_after = None
    volumes.make(**by_url(server))
    assert (volumes.node.images / "a").read_bytes() == NEW
    assert left(volumes) == ["a"]
    volumes.unchanged(**by_url(server))


def test_the_task_is_killed(volumes: Tasks, server: Server, state: State) -> None:
    before = state()
    in_the_middle(volumes, **by_url(server)).kill()
    assert state() == before
    assert PARTIAL in left(volumes)
    heals(volumes, server)


def test_the_daemon_is_killed(volumes: Tasks, node: Node, server: Server, state: State) -> None:
    before = state()
    task = in_the_middle(volumes, **by_url(server))
    node.daemon_kill()
    server.go_on.set()
    result = task.result()
    assert result["failed"]
    assert result["left_behind"] == PARTIAL
    assert state() == before
    node.daemon_start()
    assert state() == before
    heals(volumes, server)


def test_the_daemon_falls_silent(volumes: Tasks, node: Node, server: Server, state: State) -> None:
    before = state()
    task = in_the_middle(volumes, **by_url(server), timeout=3)
    node.daemon_signal(signal.SIGSTOP)
    server.go_on.set()
    result = task.result()
    node.daemon_signal(signal.SIGCONT)
    assert result["failed"]
    assert "did not answer within 3 s" in result["msg"]
    assert state() == before
    heals(volumes, server)


def test_the_server_breaks_off(volumes: Tasks, server: Server, state: State) -> None:
    before = state()
    server.told_length = len(NEW) + 1
    server.stop_after = None
    result = volumes.run(**by_url(server))
    assert result["failed"]
    assert "ended after 8388608 of 8388609 bytes" in result["msg"] or "IncompleteRead" in result["msg"]
    assert state() == before
    assert PARTIAL not in left(volumes)


def test_the_daemon_is_killed_while_it_converts(volumes: Tasks, node: Node, tmp_path: Path, state: State) -> None:
    before = state()
    (tmp_path / "large").write_bytes(os.urandom(256 * MIB))
    stated = {"pool": "default", "name": "a", "format": "qcow2", "source": of_file(tmp_path / "large")}
    task = volumes.start(**stated, replace=True)
    partial = node.images / PARTIAL
    wait_until(lambda: task.ended or partial.exists())
    node.daemon_kill()
    assert task.result()["failed"]
    assert state() == before
    node.daemon_start()
    volumes.make(**stated, replace=True)
    assert left(volumes) == ["a"]
    argv = ["qemu-img", "compare", "-q", str(tmp_path / "large"), str(node.images / "a")]
    assert subprocess.run(argv, check=False).returncode == 0


def test_the_task_is_killed_while_the_daemon_converts(volumes: Tasks, node: Node, tmp_path: Path, state: State) -> None:
    """The daemon goes on with it; the next task waits for that, and then removes it."""
    before = state()
    (tmp_path / "large").write_bytes(os.urandom(256 * MIB))
    stated = {"pool": "default", "name": "a", "format": "qcow2", "source": of_file(tmp_path / "large")}
    task = volumes.start(**stated, replace=True)
    wait_until(lambda: task.ended or (node.images / PARTIAL).exists())
    task.kill()
    assert state() == before
    volumes.make(**stated, replace=True)
    assert left(volumes) == ["a"]
    argv = ["qemu-img", "compare", "-q", str(tmp_path / "large"), str(node.images / "a")]
    assert subprocess.run(argv, check=False).returncode == 0


def test_a_file_that_a_busy_pool_does_not_know_stays(volumes: Tasks, node: Node, tmp_path: Path) -> None:
    """libvirt does not look into a pool while it makes a volume there."""
    with (tmp_path / "large").open("wb") as large:
        large.writelines([b"x" * MIB] * 1024)
    busy = volumes.start(pool="default", name="a", format="qcow2", source=of_file(tmp_path / "large"))
    wait_until(lambda: busy.ended or (node.images / PARTIAL).exists())
    (node.images / "b").write_bytes(OLD)
    (tmp_path / "new").write_bytes(NEW)
    result = volumes.run(pool="default", name="b", source=of_file(tmp_path / "new"))
    assert result["changed"] is False
    assert "nobody knows where b has its content from" in str(result["warnings"])
    assert busy.result()["changed"]
    assert (node.images / "b").read_bytes() == OLD


def test_two_tasks_make_one_volume(volumes: Tasks, tmp_path: Path) -> None:
    (tmp_path / "new").write_bytes(NEW)
    stated = {"pool": "default", "name": "a", "source": of_file(tmp_path / "new")}
    results = [task.result() for task in [volumes.start(**stated) for _task in range(3)]]
    assert [result["failed"] for result in results] == [False] * 3, results
    assert sorted(result["changed"] for result in results) == [False, False, True]
    assert left(volumes) == ["a"]


def test_many_volumes_at_once_are_told_apart_from_raw_ones(volumes: Tasks, tmp_path: Path) -> None:
    """libvirt does not look into a new volume while another one of the pool is being made."""
    (tmp_path / "large").write_bytes(os.urandom(64 * MIB))
    argv = ["qemu-img", "create", "-q", "-f", "qcow2", str(tmp_path / "small"), "1M"]
    subprocess.run(argv, check=True)
    started = [
        volumes.start(pool="default", name="large", format="qcow2", source=of_file(tmp_path / "large")),
        *(volumes.start(pool="default", name=f"small{n}", source=of_file(tmp_path / "small")) for n in range(4)),
    ]
    for task in started:
        result = task.result()
        assert not result["failed"], result
        assert result["volume"]["format"] == "qcow2"
    assert len(left(volumes)) == 5


@pytest.fixture(params=["seen", "unseen"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Tasks, Path]]:
    """A node with a pool ``small``, of 12 MiB, in a folder that the task can see, or only the daemon."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "small", str(folder)]
    if request.param == "seen":
        subprocess.run(mount, check=True)
    try:
        with Lab(nodes=1, name=f"pytest-{os.getpid()}-small") as lab:
            (node,) = lab.nodes
            if request.param == "unseen":
                node.run(mount)
            node.virsh(f"pool-create-as small dir --target {folder}")
            yield Tasks(node, module="volume"), folder
    finally:
        if request.param == "seen":
            subprocess.run(["umount", str(folder)], check=True)


def in_pool(volumes: Tasks) -> list[str]:
    volumes.virsh("pool-refresh", "small")
    return sorted(line.split()[0] for line in volumes.virsh("vol-list", "small").splitlines() if line.strip())


def content(volumes: Tasks, tmp_path: Path) -> bytes:
    volumes.virsh("vol-download", "a", str(tmp_path / "content"), "--pool", "small")
    return (tmp_path / "content").read_bytes()


def test_the_disk_is_full(small: tuple[Tasks, Path], tmp_path: Path) -> None:
    volumes, folder = small
    (tmp_path / "large").write_bytes(os.urandom(16 * MIB))
    (tmp_path / "old").write_bytes(OLD[:MIB])
    (tmp_path / "new").write_bytes(NEW[: 4 * MIB])
    stated = {"pool": "small", "name": "a"}
    for replace in (False, True):
        before = content(volumes, tmp_path) if replace else None
        for more in ({}, {"format": "qcow2"}):
            result = volumes.run(**stated, **more, source=of_file(tmp_path / "large"), replace=replace)
            assert result["failed"], result
            assert "space" in result["msg"].lower() or "may be full" in result["msg"], result["msg"]
            assert in_pool(volumes) == (["a"] if replace else [])
        if before is not None:
            assert content(volumes, tmp_path) == before
            continue
        volumes.make(**stated, source=of_file(tmp_path / "old"))
        assert content(volumes, tmp_path) == OLD[:MIB]
    volumes.make(**stated, source=of_file(tmp_path / "new"), replace=True)
    assert content(volumes, tmp_path) == NEW[: 4 * MIB]
    assert in_pool(volumes) == ["a"]
    done = volumes.run(**stated, source=of_file(tmp_path / "new"))
    assert not done["changed"]
    # A note about where it comes from can only be left on a file that the task can see.
    assert bool(done.get("warnings")) is not any(folder.iterdir())


@pytest.fixture
def unseen(node: Node, tmp_path: Path) -> Iterator[Path]:
    """The folder of a pool ``small`` that only the daemon can see, so that nobody can rename a file there."""
    folder = tmp_path / "unseen"
    folder.mkdir()
    node.run(["mount", "-t", "tmpfs", "-o", "size=400m", "unseen", str(folder)])
    node.virsh(f"pool-create-as small dir --target {folder}")
    yield folder
    node.daemon_start()
    node.virsh("pool-destroy small")
    node.run(["umount", str(folder)])


@pytest.mark.parametrize("replace", [False, True])
def test_the_daemon_is_killed_while_it_copies(
    volumes: Tasks, node: Node, unseen: Path, tmp_path: Path, replace: bool
) -> None:
    (tmp_path / "large").write_bytes(os.urandom(128 * MIB))
    stated = {"pool": "small", "name": "a", "source": of_file(tmp_path / "large"), "replace": replace}
    if replace:
        (tmp_path / "old").write_bytes(OLD)
        volumes.make(**{**stated, "source": of_file(tmp_path / "old")})
    pid = (node.folder / "run" / "libvirtd.pid").read_text().strip()
    task = volumes.start(**stated)
    copying = f"[ -e {unseen}/a.stratum-copying ] && [ $(stat -c %b {unseen}/a || echo 0) -gt 32768 ]"
    node.run(["sh", "-c", f"until {copying}; do :; done 2>/dev/null; kill -s STOP {pid}"])
    node.daemon_kill()
    result = task.result()
    assert result["failed"], result
    node.daemon_start()
    assert in_pool(volumes) == ["a", "a.stratum-copying", "a.stratum-partial"]
    assert content(volumes, tmp_path) != (tmp_path / "large").read_bytes()
    done = volumes.make(**stated)
    assert "remove the incomplete copy" in done["actions"]
    assert content(volumes, tmp_path) == (tmp_path / "large").read_bytes()
    assert in_pool(volumes) == ["a"]
