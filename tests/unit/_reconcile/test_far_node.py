# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node that is another machine than the one the task runs on: each has its own files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Capability, Driver
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError
from ansible_collections.stratum.virt.plugins.module_utils._host.base import FileStatus, Piece
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost
from ansible_collections.stratum.virt.plugins.module_utils._reconcile import network_request, volume_request
from ansible_collections.stratum.virt.plugins.module_utils._reconcile.network import NetworkManager
from ansible_collections.stratum.virt.plugins.module_utils._reconcile.volume import VolumeManager

from .conftest import SMALL, Node, validated
from .test_domain_storage import qcow2

MIB = 1048576


class Elsewhere(LocalHost):
    """Another machine, all of whose files are below a folder of this one. Counts how often it is asked."""

    name = "root@node1"

    def __init__(self, root: Path) -> None:
        self.root = root
        self.asked = 0

    def at(self, path: str) -> str:
        return f"{self.root}{path}"

    def status(self, path: str) -> FileStatus | None:
        return self.statuses([path])[0]

    def statuses(self, paths: Sequence[str]) -> list[FileStatus | None]:
        self.asked += bool(paths)
        return [super(Elsewhere, self).status(self.at(path)) for path in paths]

    def is_held(self, path: str) -> bool:
        return super().is_held(self.at(path))

    def read(self, path: str, size: int, *, offset: int = 0) -> bytes:
        return self.read_all([Piece(path, size, offset)])[0]

    def read_all(self, pieces: Sequence[Piece]) -> list[bytes]:
        self.asked += bool(pieces)
        return [super(Elsewhere, self).read(self.at(path), size, offset=offset) for path, size, offset in pieces]

    def remove(self, path: str) -> None:
        super().remove(self.at(path))

    def extents(self, path: str) -> NoReturn:
        raise AssertionError(f"the content of {path} comes through the hypervisor")

    def replace(self, path: str) -> NoReturn:
        raise AssertionError(f"{path} is written through the hypervisor")

    def lock(self, name: str, deadline: object) -> NoReturn:
        raise AssertionError(f"who works on {name} is known where tasks run")


class Sightless(LocalHost):
    """The task's own machine where the node's files cannot be reached. Whoever looks for them here is wrong."""

    def status(self, path: str) -> NoReturn:
        raise AssertionError(f"{path} of this machine is not the node's")

    def read(self, path: str, size: int, *, offset: int = 0) -> NoReturn:
        raise AssertionError(f"{path} of this machine is not the node's")

    def is_held(self, path: str) -> NoReturn:
        raise AssertionError(f"{path} of this machine is not the node's")

    def remove(self, path: str) -> NoReturn:
        raise AssertionError(f"{path} of this machine is not the node's")


class FarNode(Node):
    """A simulated node whose files are those of another machine."""

    def __init__(self, path: Path, there: LocalHost) -> None:
        super().__init__(path)
        self.has_files = True
        self.there = there

    def connect(self, parameters: str = "", timeout: float = 5.0) -> Driver:
        driver = super().connect(parameters, timeout)
        driver.host = self.there
        return driver

    def volume(self, **options: Any) -> dict[str, Any]:
        asked = volume_request.load(validated("volume", {"pool": "default", "name": "a", **options}))
        return VolumeManager(partial(self.connect), self.host, asked).run(check_mode=False)

    def network(self, **options: Any) -> dict[str, Any]:
        asked = network_request.load(validated("network", {"name": "lab", **options}))
        return NetworkManager(partial(self.connect), self.host, asked).run(check_mode=False)


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """The root of the other machine."""
    root = tmp_path / "there"
    root.mkdir()
    return root


@pytest.fixture
def images(there: Path, tmp_path: Path) -> Path:
    """A folder that both machines have, with the same path on both; as it is on the other."""
    here = tmp_path / "images"
    here.mkdir()
    folder = Path(f"{there}{here}")
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def far(node: Node, there: Path) -> FarNode:
    return FarNode(node.path, Elsewhere(there))


def test_a_disk_is_a_file_of_the_node(far: FarNode, images: Path, tmp_path: Path) -> None:
    here = tmp_path / "images"
    (images / "a").write_bytes(b"there")
    (here / "b").write_bytes(b"here")
    assert far.task({**SMALL, "disks": [{"target": "vda", "file": f"{here}/a"}]})["changed"]
    with pytest.raises(InputError, match=f"there is no file {here}/b on root@node1"):
        far.task({**SMALL, "name": "web2", "disks": [{"target": "vda", "file": f"{here}/b"}]})


def test_a_disk_is_removed_on_the_node(far: FarNode, images: Path, tmp_path: Path) -> None:
    here = tmp_path / "images"
    for folder in (here, images):
        (folder / "a").write_bytes(b"content")
    far.task({**SMALL, "disks": [{"target": "vda", "file": f"{here}/a"}]})
    done = far.task({"name": "web1"}, state="absent", remove_storage=["vda"])
    assert done["actions"][-1] == f"delete {here}/a (vda)"
    assert not (images / "a").exists()
    assert (here / "a").exists()


def test_what_an_image_is_built_on_is_seen_on_the_node(far: FarNode, images: Path, tmp_path: Path) -> None:
    here = tmp_path / "images"
    (images / "base").write_bytes(b"content")
    qcow2(images / "overlay", f"{here}/base")
    for name, image, format in (("web1", "base", "raw"), ("web2", "overlay", "qcow2")):
        disks = [{"target": "vda", "file": f"{here}/{image}", "format": format}]
        far.task({**SMALL, "name": name, "disks": disks})
    with pytest.raises(InputError, match=f"{here}/base is a backing file of web2"):
        far.task({"name": "web1"}, state="absent", remove_storage=["vda"])


def test_a_far_node_is_asked_as_often_for_many_domains_as_for_few(far: FarNode, images: Path, tmp_path: Path) -> None:
    here = tmp_path / "images"
    asked = []
    for count in (2, 20):
        for number in range(count):
            qcow2(images / f"{number}")
            qcow2(images / f"{number}b", f"{here}/{number}")
            qcow2(images / f"{number}c", f"{here}/{number}b")
            disks = [{"target": "vda", "file": f"{here}/{number}c", "format": "qcow2"}]
            far.task({**SMALL, "name": f"web{number}", "disks": disks})
        assert isinstance(far.there, Elsewhere)
        far.there.asked = 0
        far.task({"name": "web0"}, state="absent", remove_storage=["vda"])
        asked.append(far.there.asked)
    assert asked[0] == asked[1] < 15


def test_a_pool_is_built_on_the_node(far: FarNode, there: Path, tmp_path: Path) -> None:
    path = tmp_path / "pool"
    path.mkdir()
    options = {"name": "data", "type": "dir", "target": {"path": str(path)}, "state": "active"}
    assert f"make the folder {path}" in far.manage("pool", options, check=True)["actions"]
    Path(f"{there}{path}").mkdir(parents=True)
    path.rmdir()
    assert f"make the folder {path}" not in far.manage("pool", options, check=True)["actions"]


def test_the_addresses_are_those_of_the_node(far: FarNode, there: Path) -> None:
    proc = there / "proc" / "net"
    proc.mkdir(parents=True)
    (proc / "fib_trie").write_text("|-- 10.55.5.5\n /32 host LOCAL\n")
    with pytest.raises(InputError, match=r"10.55.5.0/24 has 10.55.5.5 in it, which is an address of root@node1"):
        far.network(ip=[{"address": "10.55.5.1", "prefix": 24}], state="active")
    assert far.network(ip=[{"address": "10.56.5.1", "prefix": 24}], state="active")["changed"]


def test_the_content_of_a_volume_comes_from_where_the_task_runs(far: FarNode, tmp_path: Path) -> None:
    source = tmp_path / "image"
    source.write_bytes(b"content" * 1000)
    assert far.volume(source={"file": str(source), "remote_src": True}, format="raw")["changed"]
    copy = tmp_path / "copy"
    assert far.volume(download={"path": str(copy)})["changed"]
    assert copy.read_bytes() == source.read_bytes()
    assert not far.volume(download={"path": str(copy)})["changed"]


def test_a_file_here_is_no_volume_there(far: FarNode, tmp_path: Path) -> None:
    path = tmp_path / "pool"
    far.manage("pool", {"name": "data", "type": "dir", "target": {"path": str(path)}, "state": "active"})
    far.volume(pool="data", capacity=MIB, format="raw")
    path.mkdir()
    assert far.volume(pool="data", download={"path": f"{path}/a"})["changed"]
    assert (path / "a").stat().st_size == MIB
    # On one machine, that would be the volume itself.
    far.there = far.host
    with pytest.raises(InputError, match="is the volume itself"):
        far.volume(pool="data", download={"path": f"{path}/a"})


def test_nobody_looks_for_the_files_of_a_node_that_shows_none(node: Node, tmp_path: Path) -> None:
    node.host = Sightless()
    with node.connect() as driver:
        assert Capability.NODE_FILES not in driver.capabilities
    disks = [{"target": "vda", "file": "/images/a", "format": "qcow2"}]
    assert node.task({**SMALL, "disks": disks, "kernel": "/images/kernel"})["changed"]
    pool = {"name": "data", "type": "dir", "target": {"path": "/data"}, "state": "active"}
    assert node.manage("pool", pool)["changed"]
    volume = {"pool": "data", "name": "a", "capacity": MIB, "format": "qcow2", "timeout": 2}
    assert node.manage("volume", volume)["changed"]
    assert node.manage("volume", {**volume, "state": "absent"})["changed"]
    assert node.manage("pool", {**pool, "state": "absent"}, delete_storage=True, force=True)["changed"]
    network = {"name": "lab", "ip": [{"address": "10.55.5.1", "prefix": 24}], "state": "active"}
    assert node.manage("network", network)["changed"]
    assert node.task({"name": "web1"}, state="absent", remove_storage=["vda"])["changed"]


def test_an_image_whose_header_leads_nowhere(far: FarNode, images: Path, tmp_path: Path) -> None:
    """Its numbers are for whoever made it to choose."""
    here = tmp_path / "images"
    for name, offset in (("a", 2**64 - 1), ("b", 2**63), ("c", 2**40)):
        image = Path(qcow2(images / name))
        header = image.read_bytes()
        image.write_bytes(header[:8] + offset.to_bytes(8, "big") + (5).to_bytes(4, "big") + header[20:])
        disks = [{"target": "vda", "file": f"{here}/{name}", "format": "qcow2"}]
        far.task({**SMALL, "name": f"web-{name}", "disks": disks})
    assert far.task({"name": "web-a"}, state="absent", remove_storage=["vda"])["changed"]
    assert not (images / "a").exists()
