# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node that is reached by TLS: its hypervisor does everything, because nobody here reaches its files.

The machine that the tasks run on has files of the same names, with which nothing happens.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.integration.modules import Tasks
from tests.lab import Lab, Node

MIB = 1048576
LIB = "/var/lib/libvirt"


@pytest.fixture(scope="module")
def uri(far_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URI of ``node1``, as it is reached from ``node3``."""
    folder = tmp_path_factory.mktemp("tls")
    node = far_lab.nodes[0]
    authority = Authority()
    server = authority.issue(folder / "server", "server", ["DNS:node1"])
    client = authority.issue(folder / "client", "client")
    node.serve_tls(server / "servercert.pem", server / "serverkey.pem", server / "cacert.pem")
    yield f"qemu+tls://node1/system?pkipath={client}"
    node.stop_tls()


@pytest.fixture
def tasks(uri: str, far_nodes: tuple[Node, Node, Node]) -> Tasks:
    node, _other, near = far_nodes
    return Tasks(node, uri, at=near)


@pytest.fixture
def there(far_nodes: tuple[Node, Node, Node]) -> Iterator[Path]:
    """Where the test sees the folder of a pool that the task makes on the node."""
    folder = far_nodes[0].folder / "lib" / "far"
    yield folder
    for path in folder.glob("*"):
        path.unlink()
    if folder.exists():
        folder.rmdir()


@pytest.fixture
def here(far_nodes: tuple[Node, Node, Node]) -> Iterator[Path]:
    """The folder of that name on the machine that the tasks run on, with a file that has a disk's name."""
    folder = far_nodes[2].folder / "lib" / "far"
    folder.mkdir()
    disk = folder / "disk"
    disk.write_bytes(b"of the same name here")
    yield folder
    assert sorted(folder.iterdir()) == [disk]
    assert disk.read_bytes() == b"of the same name here"
    disk.unlink()
    folder.rmdir()


def test_a_pool_its_volumes_and_their_domain(tasks: Tasks, there: Path, here: Path, tmp_path: Path) -> None:
    pools, volumes = tasks.of("pool"), tasks.of("volume")
    done = pools.make(name="far", type="dir", target={"path": f"{LIB}/far"}, state="active")
    assert f"make the folder {LIB}/far" in done["actions"]
    assert there.is_dir()

    content = os.urandom(3 * MIB)
    image = tmp_path / "image"
    image.write_bytes(content)
    options = {"pool": "far", "name": "disk", "format": "raw", "source": {"file": str(image), "remote_src": True}}
    volumes.apply(**options)
    assert (there / "disk").read_bytes() == content
    image.write_bytes(content[::-1])
    done = volumes.run(**options)
    assert (done["changed"], "nobody knows where disk has its content from" in str(done["warnings"])) == (False, True)
    # The hypervisor copies, and first leaves a sign, which it can't where a dead link has the name.
    sign = there / "disk.stratum-copying"
    sign.symlink_to("/nowhere")
    failed = volumes.run(**options, replace=True)
    assert failed["failed"], failed
    assert (there / "disk").read_bytes() == content
    sign.unlink()
    assert volumes.make(**options, replace=True)["changed"]
    assert (there / "disk").read_bytes() == content[::-1]
    assert [path.name for path in there.iterdir()] == ["disk"]
    refused = volumes.refused(**options, permissions={"mode": "0640"})
    assert "of a volume that exists it cannot be changed through qemu+tls://" in refused["msg"]
    copy = tmp_path / "copy"
    assert volumes.make(pool="far", name="disk", download={"path": str(copy)})["changed"]
    assert copy.read_bytes() == content[::-1]

    (there / "loose").write_bytes(bytes(MIB))
    # Where the files are reached, that is seen before.
    failed = volumes.run(pool="far", name="loose", format="raw", capacity=MIB)
    assert f"{LIB}/far/loose' already exists" in failed["msg"]
    pools.virsh("pool-refresh", "far")
    outside = there.parent / "far.outside"
    outside.write_bytes(bytes(MIB))
    disks = [
        {"target": "vda", "pool": "far", "volume": "disk"},
        {"target": "vdb", "file": f"{LIB}/far/loose", "format": "raw"},
        {"target": "vdc", "file": f"{LIB}/far.outside", "format": "raw"},
    ]
    tasks.apply(name="web", memory="64MiB", disks=disks)
    refused = volumes.refused(pool="far", name="disk", state="absent")
    assert "web" in refused["msg"]
    done = tasks.apply(name="web", state="absent", remove_storage=["vda", "vdb", "vdc"])
    assert done["actions"] == [
        "undefine",
        f"delete {LIB}/far/disk (vda)",
        f"delete {LIB}/far/loose (vdb)",
    ]
    assert [disk["target"] for disk in done["kept_storage"]] == ["vdc"]
    assert f"{LIB}/far.outside (vdc) stays" in str(done["warnings"])
    assert outside.exists()
    outside.unlink()
    assert list(there.iterdir()) == []
    pools.apply(name="far", state="absent", delete_storage=True)
    assert not there.exists()
