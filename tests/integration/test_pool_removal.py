# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A removed pool's storage stays, unless the task says that it goes; what anybody needs stays even then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.modules import Tasks

Deaf = Callable[..., None]


@pytest.fixture
def folder(pools: Tasks, tmp_path: Path) -> Path:
    """The folder of an active pool ``doomed`` with the volumes a.qcow2 and b.qcow2, of which the second is built on the
    first."""
    path = tmp_path / "doomed"
    pools.make(name="doomed", type="dir", target={"path": str(path)}, state="active")
    pools.virsh(
        "vol-create-as doomed a.qcow2 1M --format qcow2;"
        "vol-create-as doomed b.qcow2 1M --format qcow2 --backing-vol a.qcow2 --backing-vol-format qcow2"
    )
    return path


def remove(pools: Tasks) -> str:
    """Try to remove the pool with its storage, which has to fail before it changes anything; return why it does."""
    message: str = pools.refused(name="doomed", state="absent", delete_storage=True)["msg"]
    return message


def test_storage_stays(pools: Tasks, folder: Path) -> None:
    assert pools.apply(name="doomed", state="absent")["actions"] == ["stop", "undefine"]
    assert sorted(path.name for path in folder.iterdir()) == ["a.qcow2", "b.qcow2"]


def test_storage_goes_and_is_named_before(pools: Tasks, folder: Path) -> None:
    done = pools.apply(name="doomed", state="absent", delete_storage=True)
    assert done["diff"]["before"] == {
        "state": "active",
        "volumes[a.qcow2]": f"{folder}/a.qcow2",
        "volumes[b.qcow2]": f"{folder}/b.qcow2",
        "storage": f"the folder {folder}",
    }
    assert not folder.exists()


@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize(
    "source",
    [
        "type='file'><source file='{folder}/b.qcow2'/>",
        "type='volume'><source pool='doomed' volume='b.qcow2'/>",
    ],
)
def test_what_a_domain_uses_stays(source: str, running: bool, pools: Tasks, folder: Path, deaf: Deaf) -> None:
    disk = (
        f"<disk {source.format(folder=folder)}<driver name='qemu' type='qcow2'/><target dev='vda' bus='virtio'/></disk>"
    )
    deaf("user", disk, start=running)
    message = remove(pools)
    assert "a.qcow2 is a backing file of user and b.qcow2 is a disk of user." in message


def test_what_a_domain_boots_from_stays(pools: Tasks, folder: Path) -> None:
    (folder / "kernel").write_bytes(b"x")
    pools.virsh("pool-refresh", "doomed")
    pools.of("domain").make(name="user", memory="64MiB", kernel=str(folder / "kernel"))
    assert "kernel is the kernel of user." in remove(pools)


def test_what_a_volume_of_another_pool_is_built_on_stays(pools: Tasks, folder: Path) -> None:
    top = pools.node.images / "top.qcow2"
    pools.virsh(
        "vol-create-as", "default", "top.qcow2", "1M", "--format", "qcow2",
        "--backing-vol", str(folder / "a.qcow2"), "--backing-vol-format", "qcow2",
    )  # fmt: skip
    try:
        assert "top.qcow2 of the pool default is built on a.qcow2." in remove(pools)
    finally:
        pools.virsh("vol-delete", "--pool", "default", top.name)


def test_what_is_no_volume_stays(pools: Tasks, folder: Path) -> None:
    """Nobody named it, so it does not go; and the folder that it is in does not either."""
    pools.virsh("pool-refresh", "doomed")
    (folder / "late").write_bytes(b"precious")
    result = pools.run(name="doomed", state="absent", delete_storage=True)
    assert result["failed"]
    assert result["failed_action"] == f"delete the folder {folder}"
    assert "it is no volume of the pool, and stays" in result["msg"]
    assert (folder / "late").read_bytes() == b"precious"
    assert [path.name for path in folder.iterdir()] == ["late"]


def test_a_folder_in_it_that_is_not_empty_ends_the_removal_before_anything_is_lost(pools: Tasks, folder: Path) -> None:
    (folder / "z").mkdir()
    (folder / "z" / "file").write_bytes(b"precious")
    pools.virsh("pool-refresh", "doomed")
    result = pools.run(name="doomed", state="absent", delete_storage=True)
    assert result["failed"]
    assert result["actions"] == []
    assert sorted(path.name for path in folder.iterdir()) == ["a.qcow2", "b.qcow2", "z"]


def test_of_an_inactive_pool_nobody_knows_what_is_in_it(pools: Tasks, folder: Path) -> None:
    pools.make(name="doomed", state="inactive")
    assert "is not active" in remove(pools)
    assert len(list(folder.iterdir())) == 2
