# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deleting volumes: nothing that a domain or another volume needs goes, unless the task insists."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.modules import Tasks
from tests.integration.test_volume_growth import disk_xml
from tests.lab import Node

VOLUME_DISK = (
    "<disk type='volume' device='disk'><driver name='qemu' type='raw'/><source pool='default' volume='used.img'/>"
    "<target dev='vda' bus='virtio'/></disk>"
)


def test_what_is_missing_is_absent_already(volumes: Tasks) -> None:
    for pool in ("default", "nowhere"):
        result = volumes.unchanged(pool=pool, name="nothing", state="absent", wipe="zero")
        assert result["volume"] == {"name": "nothing", "pool": pool, "state": "absent"}


def test_it_is_deleted(volumes: Tasks, node: Node) -> None:
    volumes.make(pool="default", name="gone", capacity="1MiB")
    done = volumes.apply(pool="default", name="gone", state="absent")
    assert done["actions"] == ["delete"]
    assert done["diff"] == {"before": {"state": "present"}, "after": {"state": "absent"}}
    assert done["volume"] == {"name": "gone", "pool": "default", "state": "absent"}
    assert not (node.images / "gone").exists()


@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize("by", ["path", "volume"])
def test_what_a_domain_uses_stays(
    volumes: Tasks, node: Node, deaf: Callable[..., None], by: str, running: bool
) -> None:
    volumes.make(pool="default", name="used.img", capacity="1MiB")
    deaf("user", disk_xml(node, "used.img", "vda") if by == "path" else VOLUME_DISK, start=running)
    failed = volumes.refused(pool="default", name="used.img", state="absent")
    assert "used.img is a disk of user, and is not deleted" in failed["msg"]
    assert "force: true" in failed["msg"]
    assert (node.images / "used.img").exists()


def test_a_task_can_insist(volumes: Tasks, node: Node, deaf: Callable[..., None]) -> None:
    volumes.make(pool="default", name="used.img", capacity="1MiB")
    deaf("user", VOLUME_DISK)
    volumes.apply(pool="default", name="used.img", state="absent", force=True)
    assert not (node.images / "used.img").exists()


def test_what_another_image_is_built_on_stays(volumes: Tasks, node: Node, deaf: Callable[..., None]) -> None:
    volumes.make(pool="default", name="base.qcow2", format="qcow2", capacity="1MiB")
    volumes.make(pool="default", name="middle.qcow2", format="qcow2", backing={"volume": "base.qcow2"})
    failed = volumes.refused(pool="default", name="base.qcow2", state="absent")
    assert f"what {node.images}/middle.qcow2 is built on" in failed["msg"]
    volumes.make(pool="default", name="top.qcow2", format="qcow2", backing={"volume": "middle.qcow2"})
    deaf("stands", disk_xml(node, "top.qcow2", "vda"))
    failed = volumes.refused(pool="default", name="base.qcow2", state="absent")
    assert "a backing file of stands" in failed["msg"]
    volumes.refused(pool="default", name="middle.qcow2", state="absent")
    volumes.refused(pool="default", name="top.qcow2", state="absent")


def test_what_a_domain_boots_from_stays(volumes: Tasks, tasks: Tasks, node: Node, bootable: dict[str, object]) -> None:
    (node.images / "vmlinuz").write_bytes(b"kernel")
    volumes.virsh("pool-refresh", "default")
    tasks.make(**{**bootable, "kernel": str(node.images / "vmlinuz")}, name="boots")
    failed = volumes.refused(pool="default", name="vmlinuz", state="absent")
    assert "the kernel of boots" in failed["msg"]


def test_it_is_wiped_before(volumes: Tasks, node: Node) -> None:
    """A second name keeps the file, so that what is left in it can be seen."""
    volumes.make(pool="default", name="secret.img", capacity="1MiB")
    path, kept = node.images / "secret.img", node.images.parent / "kept.img"
    with open(path, "r+b") as file:
        file.write(b"hushhush" * 1000)
    kept.hardlink_to(path)
    try:
        done = volumes.apply(pool="default", name="secret.img", state="absent", wipe="zero")
        assert done["actions"] == ["wipe (zero)", "delete"]
        assert kept.read_bytes() == bytes(1024**2)
    finally:
        kept.unlink()
    assert not path.exists()
