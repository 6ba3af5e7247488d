# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a node that a task reaches by ssh: nothing of them comes to be on the machine that the task runs on.

``/var/lib/libvirt`` is each node's own. A node's folder ``lib`` is where the test sees it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost

from tests.integration.modules import Tasks
from tests.lab import Lab, Node
from tests.lab.lab import CHECKOUT
from tests.lab.ssh import SshServer, make_key

MIB = 1048576
LIB = "/var/lib/libvirt"
MARK = "user.stratum.virt"


class Way(NamedTuple):
    """How a person on one node reaches another."""

    node: Node
    near: Node
    home: Path
    server: SshServer

    @property
    def environment(self) -> dict[str, str]:
        return {"HOME": str(self.home)}

    def there(self, name: str) -> Path:
        """Return where the test sees a file of the node, by its name below /var/lib/libvirt."""
        return self.node.folder / "lib" / name

    def here(self, name: str) -> Path:
        """Return where the test sees such a file of the machine that the tasks run on."""
        return self.near.folder / "lib" / name


@pytest.fixture(scope="module")
def way(far_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    """From ``node3``, whose person has a key and knows the server, to ``node1``."""
    folder = tmp_path_factory.mktemp("ssh")
    node, _other, near = far_lab.nodes
    home = folder / "home"
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    key = make_key(home / ".ssh" / "id_ed25519")
    with SshServer(node, folder / "server", authorized=[key.with_suffix(".pub")]) as server:
        (home / ".ssh" / "known_hosts").write_text(server.known_hosts_line("node1"))
        yield Way(node, near, home, server)


def listing(folder: Path) -> list[str]:
    """Return all that is below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture
def tasks(way: Way, far_nodes: tuple[Node, Node, Node]) -> Iterator[Tasks]:
    """Tasks on ``node3`` about ``node1``. Nothing comes to be in the folders of node3 but what the test puts there."""
    yield Tasks(way.node, "qemu+ssh://root@node1/system", at=way.near, environment=way.environment)
    for path in (*way.near.folder.joinpath("lib").glob("far*"), *way.node.folder.joinpath("lib").glob("far*")):
        subprocess.run(["rm", "-rf", str(path)], check=True)


@pytest.fixture
def pool(tasks: Tasks) -> str:
    """A pool in a folder of the node, which the task makes."""
    tasks.of("pool").make(name="far", type="dir", target={"path": f"{LIB}/far"}, state="active")
    return "far"


def test_a_pool_is_built_on_the_node(way: Way, tasks: Tasks) -> None:
    pools = tasks.of("pool")
    way.here("far").mkdir()  # of the same name here, which says nothing about the node
    before = listing(way.near.folder / "lib")
    options = {"name": "far", "type": "dir", "target": {"path": f"{LIB}/far"}}
    done = pools.apply(**options, state="active")
    assert f"make the folder {LIB}/far" in done["actions"]
    assert way.there("far").is_dir()
    assert "running" in pools.virsh("pool-info", "far")
    done = pools.apply(name="far", state="absent", delete_storage=True)
    assert not way.there("far").exists()
    assert way.here("far").is_dir()
    assert listing(way.near.folder / "lib") == before


def test_an_image_of_the_tasks_machine_becomes_a_volume_of_the_node(way: Way, tasks: Tasks, pool: str) -> None:
    volumes = tasks.of("volume")
    content = os.urandom(3 * MIB)
    image = way.here("far.img")
    with image.open("wb") as file:
        file.write(content)
        file.truncate(64 * MIB)
    before = listing(way.near.folder / "lib")
    options = {
        "pool": pool,
        "name": "disk",
        "format": "raw",
        "source": {"file": f"{LIB}/far.img", "remote_src": True},
    }
    volumes.apply(**options)
    disk = way.there("far/disk")
    assert disk.read_bytes()[: 4 * MIB] == content + bytes(MIB)
    assert disk.stat().st_size == 64 * MIB
    assert disk.stat().st_blocks * 512 < 8 * MIB
    assert b"far.img" in os.getxattr(disk, MARK)
    assert listing(way.there("far")) == ["disk"]
    assert volumes.virsh("vol-list", pool).split()[0] == "disk"

    done = volumes.make(**options, permissions={"mode": "0640", "owner": 7, "group": 8})
    assert done["actions"] == ["change the permissions"]
    found = disk.stat()
    assert (found.st_mode & 0o7777, found.st_uid, found.st_gid) == (0o640, 7, 8)

    # What the hypervisor would make first, were it to copy the new content: it can't where a dead link has the name.
    sign = way.there("far/disk.stratum-copying")
    sign.symlink_to("/nowhere")
    image.write_bytes(content[::-1])
    assert "lost" in volumes.refused(**options)["msg"]
    assert volumes.make(**options, replace=True)["changed"]
    assert disk.read_bytes() == content[::-1]
    assert listing(way.there("far")) == ["disk", sign.name]
    sign.unlink()

    # The hypervisor doesn't know of this file, which is the node's.
    way.there("far/other").write_bytes(bytes(MIB))
    assert volumes.run(pool=pool, name="other", format="raw", capacity=MIB)["changed"] is False

    copy = volumes.make(pool=pool, name="disk", download={"path": f"{LIB}/far.copy"})
    assert copy["changed"]
    assert way.here("far.copy").read_bytes() == content[::-1]
    assert not way.there("far.copy").exists()
    way.here("far.copy").unlink()
    assert listing(way.near.folder / "lib") == before
    volumes.make(pool=pool, name="disk", state="absent")
    assert not disk.exists()


def test_disks_are_files_of_the_node(way: Way, tasks: Tasks) -> None:
    for name in ("far.base", "far.kept"):
        way.there(name).write_bytes(bytes(MIB))
    image = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", f"{LIB}/far.base", f"{LIB}/far.overlay"]
    way.node.run(image)
    way.here("far.near").write_bytes(bytes(MIB))
    way.here("far.overlay").write_bytes(b"of the same name here")
    before = listing(way.near.folder / "lib")
    disks = [
        {"target": "vda", "file": f"{LIB}/far.overlay", "format": "qcow2"},
        {"target": "vdb", "file": f"{LIB}/far.kept", "format": "raw"},
    ]
    near = [{"target": "vda", "file": f"{LIB}/far.near", "format": "raw"}]
    refused = tasks.refused(name="web", memory="64MiB", disks=near)
    assert f"there is no file {LIB}/far.near on root@node1" in refused["msg"]
    tasks.make(name="web", memory="64MiB", disks=disks)
    tasks.make(name="base", memory="64MiB", disks=[{"target": "vda", "file": f"{LIB}/far.base", "format": "raw"}])

    refused = tasks.refused(name="base", state="absent", remove_storage=["vda"])
    assert f"{LIB}/far.base is a backing file of web" in refused["msg"]
    done = tasks.apply(name="web", state="absent", remove_storage=["vda"])
    assert done["actions"] == ["undefine", f"delete {LIB}/far.overlay (vda)"]
    assert not way.there("far.overlay").exists()
    assert way.there("far.kept").exists()
    assert way.there("far.base").exists()
    assert listing(way.near.folder / "lib") == before
    assert way.here("far.overlay").read_bytes() == b"of the same name here"


def test_addresses_are_those_of_the_node(way: Way, tasks: Tasks) -> None:
    networks = tasks.of("network")
    way.node.run(["ip", "address", "add", "10.99.1.1/24", "dev", "lo"])
    way.near.run(["ip", "address", "add", "10.99.2.1/24", "dev", "lo"])
    try:
        for third in (1, 2):
            ip = [{"address": f"10.99.{third}.5", "prefix": 24}]
            options = {"name": "far", "ip": ip, "state": "active"}
            if third == 1:
                assert "of root@node1" in networks.refused(**options)["msg"]
            else:
                networks.make(**options)
    finally:
        way.node.run(["ip", "address", "del", "10.99.1.1/24", "dev", "lo"])
        way.near.run(["ip", "address", "del", "10.99.2.1/24", "dev", "lo"])


def test_a_node_without_python_is_managed_as_far_as_no_file_is_needed(way: Way) -> None:
    key = way.home / ".ssh" / "id_ed25519.pub"
    options = {"SetEnv": "PATH=/nowhere"}
    with SshServer(way.node, way.server.folder, port=2222, options=options, authorized=[key]) as server:
        known_hosts = way.home / ".ssh" / "known_hosts"
        before = known_hosts.read_text()
        known_hosts.write_text(before + server.known_hosts_line("node1"))
        uri = "qemu+ssh://root@node1:2222/system"
        tasks = Tasks(way.node, uri, at=way.near, environment=way.environment)
        try:
            assert tasks.info() == []
            disks = [{"target": "vda", "file": f"{LIB}/far.disk", "format": "raw"}]
            refused = tasks.refused(name="web", memory="64MiB", disks=disks)
        finally:
            known_hosts.write_text(before)
    assert "root@node1 has no python3, and its files are reached by it. Install Python" in refused["msg"]


PROGRAM = """
import sys
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._host.base import NOTHING_GIVEN
from ansible_collections.stratum.virt.plugins.module_utils._host.far import FarHost
from ansible_collections.stratum.virt.plugins.module_utils._host.ssh import SshTarget, open_session

far = FarHost(open_session(SshTarget("node1", "root"), NOTHING_GIVEN, Deadline(30)), 30)
assert far.name == "root@node1" and far.user_id() == 0 and far.environment("HOME")
lock, source, copy = sys.argv[1:]
with far.lock(lock, Deadline(5)), far.replace(copy) as writer:
    for extent in far.extents(source):
        writer.write(extent.data) if extent.data else writer.hole(extent.hole)
    print("copied", flush=True)
    if sys.stdin.readline() != "finish\\n":
        raise SystemExit
far.close()
print("finished", flush=True)
"""


def copying(way: Way) -> subprocess.Popen[str]:
    """Start, on node3, to copy a file of node1, and return when all is sent and nothing is finished."""
    python = [sys.executable, "-c", PROGRAM, "a lock", f"{LIB}/far.source", f"{LIB}/far.copy"]
    environment = [f"{name}={value}" for name, value in way.environment.items()]
    argv = ["env", "-C", "/", *environment, f"PYTHONPATH={CHECKOUT}/build", *python]
    process = subprocess.Popen(
        way.near.enter(*argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "copied\n"
    return process


@pytest.fixture
def source(way: Way, tasks: Tasks) -> Path:
    """A file of the node with 24 MiB in 20 GiB."""
    path = way.there("far.source")
    with path.open("wb") as file:
        for part in range(3):
            file.seek(part * 8 * 1024 * MIB)
            file.write(os.urandom(8 * MIB))
        file.truncate(20 * 1024 * MIB)
    return path


LOCKED = ["sh", "-c", "for file in /run/stratum.virt-0/*; do flock -n $file true || exit 1; done"]


def test_content_and_locks_by_ssh(way: Way, source: Path) -> None:
    process = copying(way)
    assert way.node.run(LOCKED, check=False).returncode == 1
    assert not way.there("far.copy").exists()
    output, _errors = process.communicate("finish\n", timeout=60)
    assert (output, process.returncode) == ("finished\n", 0)
    assert way.node.run(LOCKED, check=False).returncode == 0
    copy = way.there("far.copy")
    assert copy.stat().st_size == source.stat().st_size
    assert copy.stat().st_blocks * 512 < 25 * MIB
    assert list(LocalHost().extents(str(copy))) == list(LocalHost().extents(str(source)))


@pytest.mark.parametrize("way_to_end", ["an error", "a kill"])
def test_nothing_is_left_of_what_was_not_finished(way: Way, source: Path, way_to_end: str) -> None:
    process = copying(way)
    assert len(list(way.node.folder.joinpath("lib").glob("far.copy*"))) == 1
    if way_to_end == "a kill":
        os.killpg(process.pid, 9)
    process.communicate("give up\n" if way_to_end == "an error" else None, timeout=60)
    end = time.monotonic() + 30
    while way.node.run(LOCKED, check=False).returncode or list(way.node.folder.joinpath("lib").glob("far.copy*")):
        assert time.monotonic() < end, "something is left"
        time.sleep(0.05)
