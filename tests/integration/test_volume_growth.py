# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The size of a volume: it grows in place, under running domains too, and is cut off only by consent."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.modules import Tasks
from tests.integration.test_domain_live import in_guest
from tests.lab import Node

MIB = 1024**2


def image(node: Node, name: str) -> dict[str, Any]:
    """Return what qemu-img says of an image, whoever has it open."""
    argv = ["qemu-img", "info", "--force-share", "--output=json", str(node.images / name)]
    found: dict[str, Any] = json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)
    return found


def disk_xml(node: Node, name: str, target: str, more: str = "") -> str:
    kind = name.rpartition(".")[2].replace("img", "raw")
    return (
        f"<disk type='file' device='disk'><driver name='qemu' type='{kind}'/><source file='{node.images / name}'/>"
        f"<target dev='{target}' bus='virtio'/>{more}</disk>"
    )


@pytest.mark.parametrize("name", ["grows.img", "grows.qcow2"])
def test_it_grows_in_place(volumes: Tasks, node: Node, name: str) -> None:
    kind = name.rpartition(".")[2].replace("img", "raw")
    volumes.apply(pool="default", name=name, format=kind, capacity="8MiB", allocation=0)
    before = (node.images / name).stat().st_ino
    done = volumes.apply(pool="default", name=name, capacity="16MiB")
    assert done["actions"] == ["grow to 16MiB"]
    assert done["diff"] == {"before": {"capacity": "8MiB"}, "after": {"capacity": "16MiB"}}
    assert image(node, name)["virtual-size"] == 16 * MIB
    assert done["volume"]["capacity"] == 16 * MIB
    assert (node.images / name).stat().st_ino == before


def test_a_running_guest_sees_its_grown_disks(
    volumes: Tasks, tasks: Tasks, node: Node, bootable: dict[str, object]
) -> None:
    for name, kind in (("raw.img", "raw"), ("cow.qcow2", "qcow2")):
        volumes.make(pool="default", name=name, format=kind, capacity="8MiB")
    tasks.make(
        **bootable,
        name="sees",
        state="running",
        disks=[
            {"target": "vda", "pool": "default", "volume": "raw.img", "format": "raw"},
            {"target": "vdb", "file": str(node.images / "cow.qcow2"), "format": "qcow2"},
        ],
        wait_for=["agent"],
    )
    assert in_guest(tasks, "sees", "cat /sys/block/vda/size /sys/block/vdb/size").split() == ["16384", "16384"]
    for name, target in (("raw.img", "vda"), ("cow.qcow2", "vdb")):
        done = volumes.apply(pool="default", name=name, capacity="24MiB")
        assert done["actions"] == [f"grow to 24MiB by sees ({target})"]
        assert done["pending"] == []
        assert image(node, name)["virtual-size"] == 24 * MIB
        assert done["volume"]["capacity"] == 24 * MIB
    assert in_guest(tasks, "sees", "cat /sys/block/vda/size /sys/block/vdb/size").split() == ["49152", "49152"]
    volumes.refused(pool="default", name="raw.img", capacity="8MiB", allow_shrink=True)
    assert in_guest(tasks, "sees", "cat /sys/block/vda/size").split() == ["49152"]


def test_every_running_domain_that_shares_it_is_told(
    volumes: Tasks, tasks: Tasks, node: Node, deaf: Callable[..., None]
) -> None:
    volumes.make(pool="default", name="shared.img", capacity="8MiB")
    for name in ("one", "two"):
        deaf(name, disk_xml(node, "shared.img", "vda", "<shareable/>"), start=True)
    deaf("three", disk_xml(node, "shared.img", "vda", "<shareable/>"))
    done = volumes.apply(pool="default", name="shared.img", capacity="16MiB")
    assert done["actions"] == ["grow to 16MiB by one (vda)", "tell two the new size of vda"]
    for name in ("one", "two"):
        assert f"Capacity:       {16 * MIB}" in tasks.virsh("domblkinfo", name, "vda")


def test_who_only_reads_it_sees_it_later(volumes: Tasks, node: Node, deaf: Callable[..., None]) -> None:
    volumes.make(pool="default", name="read.img", capacity="8MiB")
    deaf("reader", disk_xml(node, "read.img", "vda", "<readonly/>"), start=True)
    done = volumes.apply(pool="default", name="read.img", capacity="16MiB")
    assert done["actions"] == ["grow to 16MiB"]
    assert [item["field"] for item in done["pending"]] == ["capacity"]
    assert "reader" in done["pending"][0]["reason"]
    assert image(node, "read.img")["virtual-size"] == 16 * MIB


def test_what_a_running_disk_is_built_on_does_not_change(volumes: Tasks, node: Node, deaf: Callable[..., None]) -> None:
    volumes.make(pool="default", name="base.qcow2", format="qcow2", capacity="8MiB")
    volumes.make(pool="default", name="top.qcow2", format="qcow2", backing={"volume": "base.qcow2"})
    deaf("stands", disk_xml(node, "top.qcow2", "vda"), start=True)
    failed = volumes.refused(pool="default", name="base.qcow2", capacity="16MiB")
    assert "a backing file of stands, which runs" in failed["msg"]
    done = volumes.apply(pool="default", name="top.qcow2", capacity="16MiB")
    assert done["actions"] == ["grow to 16MiB by stands (vda)"]
    assert image(node, "base.qcow2")["virtual-size"] == 8 * MIB


def test_it_is_cut_off_only_by_consent(volumes: Tasks, node: Node) -> None:
    volumes.make(pool="default", name="less.qcow2", format="qcow2", capacity="16MiB")
    failed = volumes.refused(pool="default", name="less.qcow2", capacity="8MiB")
    assert "less.qcow2 has 16MiB" in failed["msg"]
    assert "allow_shrink" in failed["msg"]
    done = volumes.apply(pool="default", name="less.qcow2", capacity="8MiB", allow_shrink=True)
    assert done["actions"] == ["shrink to 8MiB"]
    assert image(node, "less.qcow2")["virtual-size"] == 8 * MIB


def test_what_others_are_built_on_is_not_cut_off(volumes: Tasks) -> None:
    volumes.make(pool="default", name="base.qcow2", format="qcow2", capacity="16MiB")
    volumes.make(pool="default", name="top.qcow2", format="qcow2", backing={"volume": "base.qcow2"})
    failed = volumes.refused(pool="default", name="base.qcow2", capacity="8MiB", allow_shrink=True)
    assert "top.qcow2" in failed["msg"]


def test_it_is_not_cut_off_below_what_it_takes(volumes: Tasks) -> None:
    volumes.make(pool="default", name="full.img", capacity="16MiB")
    failed = volumes.refused(pool="default", name="full.img", capacity="8MiB", allow_shrink=True)
    assert "takes 16MiB" in failed["msg"]


@pytest.mark.parametrize(("kind", "capacity"), [("raw", "1000001"), ("qcow2", "1000001"), ("vpc", "10MiB")])
def test_what_storage_rounds_up_is_no_difference(volumes: Tasks, kind: str, capacity: str) -> None:
    volumes.apply(pool="default", name="odd", format=kind, capacity=capacity)
