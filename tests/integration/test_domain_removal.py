# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Removing domains: everything that the hypervisor keeps for one goes, and no data goes by accident."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import MakeDisk
from tests.integration.modules import Tasks
from tests.lab import Node

Deaf = Callable[..., None]


def disk_xml(path: str, target: str = "vda", more: str = "", device: str = "disk", format: str = "qcow2") -> str:
    bus = "virtio" if target.startswith("v") else "sata"
    return (
        f"<disk type='file' device='{device}'><driver name='qemu' type='{format}'/><source file='{path}'/>"
        f"<target dev='{target}' bus='{bus}'/>{more}</disk>"
    )


def test_a_missing_domain_is_absent_already(tasks: Tasks) -> None:
    assert tasks.unchanged(name="nobody", state="absent", remove_storage=["vda"])["domain"]["state"] == "absent"


def test_what_the_hypervisor_keeps_goes_with_the_domain(
    tasks: Tasks, node: Node, disk: MakeDisk, tmp_path: Path
) -> None:
    """NVRAM, TPM state, saved memory, and what is known of snapshots and checkpoints; the disk stays."""
    path = disk("kept.qcow2")
    tasks.make(
        name="kept",
        state="paused",
        memory="64MiB",
        firmware="uefi",
        tpm={"version": "2.0"},
        disks=[{"target": "vda", "file": path}],
    )
    uuid = tasks.virsh("domuuid", "kept")
    tasks.virsh("checkpoint-create-as", "kept", "first")
    tasks.virsh("managedsave", "kept")
    nvram = list((node.folder / "lib" / "qemu" / "nvram").glob("kept*"))
    saved = node.folder / "lib" / "qemu" / "save" / "kept.save"
    tpm = node.folder / "lib" / "swtpm" / uuid
    assert len(nvram) == 1
    assert saved.exists()
    assert tpm.is_dir()

    done = tasks.apply(name="kept", state="absent")
    assert done["actions"] == ["undefine"]
    assert tasks.names() == []
    assert not nvram[0].exists()
    assert not saved.exists()
    assert not tpm.exists()
    assert Path(path).exists()


def test_snapshots_are_forgotten_and_the_disk_stays(tasks: Tasks, deaf: Deaf, disk: MakeDisk) -> None:
    path = disk("snapped.qcow2")
    deaf("snapped", disk_xml(path))
    tasks.virsh("snapshot-create-as", "snapped", "first")
    assert tasks.virsh("snapshot-list", "--name", "snapped") == "first"
    tasks.apply(name="snapped", state="absent")
    assert tasks.names() == []
    assert Path(path).exists()


def test_a_running_domain_with_a_disk_outside_of_any_pool(
    tasks: Tasks, deaf: Deaf, disk: MakeDisk, tmp_path: Path
) -> None:
    outside, inside = tmp_path / "outside.raw", disk("inside.qcow2")
    outside.write_bytes(bytes(4096))
    deaf("mixed", disk_xml(str(outside), "vda", format="raw") + disk_xml(inside, "vdb"), start=True)
    tasks.virsh("pool-refresh", "default")
    done = tasks.apply(name="mixed", state="absent", remove_storage=["vda", "vdb"], force=True, timeout=3)
    assert done["actions"] == [
        "shut down",
        "undefine",
        f"delete {outside} (vda)",
        f"delete {inside} (vdb)",
    ]
    assert tasks.names() == []
    assert not outside.exists()
    assert not Path(inside).exists()
    assert "inside.qcow2" not in tasks.virsh("vol-list", "default")


def test_a_volume_of_a_pool_goes_through_the_pool(tasks: Tasks, node: Node) -> None:
    tasks.virsh("vol-create-as", "default", "pooled.qcow2", "1M", "--format", "qcow2")
    tasks.make(name="pooled", memory="64MiB", disks=[{"target": "vda", "pool": "default", "volume": "pooled.qcow2"}])
    tasks.apply(name="pooled", state="absent", remove_storage=["vda"])
    assert "pooled.qcow2" not in tasks.virsh("vol-list", "default")
    assert not (node.images / "pooled.qcow2").exists()


def test_without_being_asked_no_storage_goes(tasks: Tasks, deaf: Deaf, disk: MakeDisk) -> None:
    path = disk("stays.qcow2")
    deaf("stays", disk_xml(path))
    tasks.apply(name="stays", state="absent")
    assert Path(path).exists()


@pytest.mark.parametrize(
    ("target", "obstacle"),
    [
        ("sda", "it is a cdrom"),
        ("vda", "it is read-only"),
        ("vdb", "it is shareable"),
        ("vdc", "is a disk of other"),
        ("vdd", "is a backing file of other"),
        ("vde", "no file of this node"),
        ("vdz", "has no disk vdz"),
    ],
)
def test_what_must_stay_is_refused_and_nothing_is_removed(
    target: str, obstacle: str, tasks: Tasks, deaf: Deaf, disk: MakeDisk
) -> None:
    hoard(deaf, disk)
    result = tasks.refused(name="hoard", state="absent", remove_storage=["vdf", target])
    assert result["msg"].startswith("remove_storage: ")
    assert obstacle in result["msg"]


def test_owned_takes_what_may_go_and_says_what_it_leaves(tasks: Tasks, deaf: Deaf, disk: MakeDisk) -> None:
    paths = hoard(deaf, disk)
    done = tasks.apply(name="hoard", state="absent", remove_storage=["owned"])
    assert {kept["target"] for kept in done["kept_storage"]} == {"sda", "vda", "vdb", "vdc", "vdd", "vde"}
    assert tasks.names() == ["other"]
    assert not Path(paths.pop("vdf")).exists()
    for path in paths.values():
        assert Path(path).exists()


def hoard(deaf: Deaf, disk: MakeDisk) -> dict[str, str]:
    """Define a domain with a disk of every kind that must stay, and vdf, which may go; return their paths."""
    paths = {
        "sda": disk("install.iso", format="raw"),
        "vda": disk("readonly.qcow2"),
        "vdb": disk("shared.qcow2"),
        "vdc": disk("other.qcow2"),
        "vdd": disk("base.qcow2"),
        "vdf": disk("own.qcow2"),
    }
    middle = disk("middle.qcow2", backing=paths["vdd"])
    leaf = disk("leaf.qcow2", backing=middle)
    deaf("other", disk_xml(paths["vdc"]) + disk_xml(leaf, "vdb"))
    deaf(
        "hoard",
        disk_xml(paths["sda"], "sda", device="cdrom", format="raw")
        + disk_xml(paths["vda"], "vda", "<readonly/>")
        + disk_xml(paths["vdb"], "vdb", "<shareable/>", format="raw")
        + disk_xml(paths["vdc"], "vdc")
        + disk_xml(paths["vdd"], "vdd")
        + "<disk type='network' device='disk'><source protocol='nbd' name='x'><host name='127.0.0.1'/></source>"
        "<target dev='vde' bus='virtio'/></disk>" + disk_xml(paths["vdf"], "vdf"),
    )
    return paths


def test_a_file_under_another_name_is_still_the_other_domains(
    tasks: Tasks, deaf: Deaf, disk: MakeDisk, tmp_path: Path
) -> None:
    """Two paths of one file, by a link, are one file."""
    path = disk("precious.qcow2")
    link = tmp_path / "link.qcow2"
    link.symlink_to(path)
    deaf("other", disk_xml(path))
    deaf("linked", disk_xml(str(link)))
    result = tasks.refused(name="linked", state="absent", remove_storage=["vda"])
    assert "is a disk of other" in result["msg"]


@pytest.fixture
def immovable(tmp_path: Path) -> Iterator[Path]:
    """A folder in the place of a file: whoever tries to remove that file fails."""
    folder = tmp_path / "nvram"
    folder.mkdir()
    yield folder
    folder.rmdir()


def test_when_undefining_fails_everything_stays(immovable: Path, tasks: Tasks, disk: MakeDisk, tmp_path: Path) -> None:
    path = disk("survivor.qcow2")
    tasks.make(name="survivor", memory="64MiB", firmware="uefi", disks=[{"target": "vda", "file": path}])
    document = tasks.config("survivor")
    tasks.define(re.sub("<nvram .*</nvram>|</os>", f"<nvram>{immovable}</nvram></os>", document, count=1), tmp_path)
    before = tasks.truth()
    result = tasks.run(name="survivor", state="absent", remove_storage=["vda"])
    try:
        assert result["failed"]
        assert result["failed_action"] == "undefine"
        assert result["actions"] == []
        assert tasks.truth() == before
        assert Path(path).exists()
    finally:
        tasks.virsh("undefine", "survivor", "--keep-nvram")
