# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pools on devices: what is missing is made, and what is there is never lost by accident."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which

import pytest

from tests.conftest import lacking, sweep_resources
from tests.integration.modules import Tasks
from tests.lab import Node

Device = Callable[[], str]


def needs(*programs: str) -> None:
    missing = [program for program in programs if which(program) is None]
    if missing:
        lacking(f"this takes {', '.join(missing)}")


def content(device: str) -> str:
    """Return what blkid says is on a device."""
    probe = ["blkid", "--probe", "--output", "export", device]
    found = subprocess.run(probe, capture_output=True, text=True, check=False).stdout.splitlines()
    words = dict(line.split("=", 1) for line in found)
    return words.get("TYPE") or words.get("PTTYPE", "")


def file_system(device: str, folder: Path, **more: object) -> dict[str, object]:
    return {
        "name": "disk",
        "type": "fs",
        "source": {"devices": [{"path": device}], "format": "ext4"},
        "target": {"path": str(folder / "mounted")},
        "state": "active",
        **more,
    }


def mounted(node: Node, folder: Path) -> str:
    """Return the options that something is mounted with on the node, where it is."""
    for line in node.run(["cat", "/proc/mounts"]).stdout.splitlines():
        _device, where, _type, options, *_rest = line.split(" ")
        if where == str(folder / "mounted"):
            return options
    return ""


def test_a_file_system_is_made_mounted_and_unmounted(pools: Tasks, device: Device, node: Node, tmp_path: Path) -> None:
    path = device()
    done = pools.apply(**file_system(path, tmp_path))
    assert done["actions"] == ["define", f"make the ext4 file system on {path}", "start"]
    assert content(path) == "ext4"
    assert "rw" in mounted(node, tmp_path)
    pools.virsh("vol-create-as", "disk", "kept.raw", "1M")
    done = pools.apply(name="disk", mount_opts=["noatime"], restart="if_needed")
    assert done["actions"] == ["change the configuration", "stop", "start"]
    assert "noatime" in mounted(node, tmp_path)
    pools.apply(name="disk", state="inactive")
    assert mounted(node, tmp_path) == ""
    pools.apply(**file_system(path, tmp_path))
    assert "kept.raw" in pools.virsh("vol-list", "disk")
    pools.apply(name="disk", state="absent")
    assert content(path) == "ext4"


def test_the_permissions_of_what_is_mounted(pools: Tasks, device: Device, tmp_path: Path) -> None:
    pools.make(**file_system(device(), tmp_path))
    before = pools.truth()
    for restart in ("never", "if_needed"):
        options = {"name": "disk", "target": {"permissions": {"mode": "0700"}}, "restart": restart}
        done = pools.make(**options)
        assert not done["changed"]
        assert [item["field"] for item in done["pending"]] == ["target.permissions.mode"]
        assert not done["restart_required"]
    assert pools.truth() == before


@pytest.mark.parametrize("there", ["ext2", "gpt", "noise"])
def test_what_is_on_a_device_is_lost_only_with_consent(
    there: str, pools: Tasks, device: Device, tmp_path: Path
) -> None:
    path = device()
    if there == "ext2":
        subprocess.run(["mkfs.ext2", "-q", path], check=True)
    elif there == "gpt":
        Path(path).write_bytes(bytes(510) + b"\x55\xaa" + b"EFI PART")
    else:
        Path(path).write_bytes(b"noise" * 1000)
    before = Path(path).read_bytes()
    result = pools.refused(**file_system(path, tmp_path))
    assert result["msg"].startswith(f"source.devices: there is {'something unknown' if there == 'noise' else there}")
    assert Path(path).read_bytes() == before
    done = pools.apply(**file_system(path, tmp_path), overwrite=True)
    assert f"make the ext4 file system on {path}" in done["actions"]
    assert content(path) == "ext4"


def test_a_file_system_that_is_there_is_never_made_anew(pools: Tasks, device: Device, tmp_path: Path) -> None:
    path = device()
    subprocess.run(["mkfs.ext4", "-q", "-L", "precious", path], check=True)
    done = pools.apply(**file_system(path, tmp_path), overwrite=True)
    assert done["actions"] == ["define", f"make the folder {tmp_path}/mounted", "start"]
    label = subprocess.run(
        ["blkid", "-p", "-o", "value", "-s", "LABEL", path], capture_output=True, text=True, check=True
    )
    assert label.stdout.strip() == "precious"


def test_a_pool_that_running_domains_use_is_not_unmounted(
    pools: Tasks, device: Device, node: Node, tmp_path: Path, deaf: Callable[..., None]
) -> None:
    pools.make(**file_system(device(), tmp_path))
    pools.virsh("vol-create-as", "disk", "a.raw", "1M")
    deaf(
        "user",
        f"<disk type='file'><source file='{tmp_path}/mounted/a.raw'/><target dev='vda' bus='virtio'/></disk>",
        start=True,
    )
    for options in (
        {"state": "inactive"},
        {"state": "absent"},
        {"mount_opts": ["noatime"], "restart": "if_needed"},
    ):
        result = pools.refused(name="disk", **options)
        assert "the running domain uses its volumes: user" in result["msg"]
    # The node itself still does not unmount what is in use.
    result = pools.run(name="disk", state="inactive", force=True)
    assert result["failed"]
    assert result["failed_action"] == "stop"
    assert mounted(node, tmp_path)
    pools.virsh("destroy", "user")
    pools.apply(name="disk", state="inactive")


def test_a_device_that_the_node_works_with_is_never_made_anything_of(
    pools: Tasks, device: Device, tmp_path: Path
) -> None:
    """Whatever it does with it: here another process, which is the only one to see it, has it mounted."""
    path = device()
    subprocess.run(["mkfs.ext2", "-q", path], check=True)
    (tmp_path / "elsewhere").mkdir()
    mount = 'mount "$0" "$1" && echo mounted && read -r _'
    argv = ["unshare", "--mount", "sh", "-c", mount, path, str(tmp_path / "elsewhere")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "mounted\n"
        result = pools.refused(**file_system(path, tmp_path), overwrite=True)
        assert result["msg"] == f"source.devices: the node works with {path}, or with a part of it."
        other.communicate()


def test_what_is_mounted_can_be_made_anew_when_the_pool_itself_mounts_it(
    pools: Tasks, device: Device, tmp_path: Path
) -> None:
    path = device()
    pools.make(**file_system(path, tmp_path))
    source = {"devices": [{"path": path}], "format": "ext2"}
    pools.apply(name="disk", source=source, restart="if_needed", overwrite=True)
    assert content(path) == "ext2"


def test_a_partition_table(pools: Tasks, device: Device) -> None:
    needs("parted")
    path = device()
    options = {"name": "table", "type": "disk", "target": {"path": "/dev"}, "state": "active"}
    source = {"devices": [{"path": path}], "format": "gpt"}
    done = pools.apply(**options, source=source)
    assert done["actions"] == ["define", f"make the gpt partition table on {path}", "start"]
    assert content(path) == "gpt"
    pools.virsh("vol-create-as", "table", f"{Path(path).name}p1", "4M")
    pools.unchanged(**options, source=source)
    result = pools.refused(name="table", source={**source, "format": "dos"}, restart="if_needed")
    assert "there is gpt on" in result["msg"]
    pools.apply(name="table", source={**source, "format": "dos"}, restart="if_needed", overwrite=True)
    assert content(path) == "dos"
    assert pools.virsh("vol-list", "table") == ""
    # libvirt 9.0 cannot delete a partition of a device whose name ends with a digit.
    assert pools.apply(name="table", state="absent", delete_storage=True)["actions"] == ["stop", "undefine"]


@pytest.fixture
def group(node: Node, device: Device) -> Iterator[str]:
    """The name of a volume group of devices; it goes with the test."""
    needs("vgremove")
    yield "stratum-test"
    sweep_resources(node)
    subprocess.run(["vgremove", "--force", "--quiet", "stratum-test"], capture_output=True, check=False)


def test_a_volume_group(pools: Tasks, device: Device, group: str) -> None:
    first, second, third = device(), device(), device()
    options = {"name": "lvm", "type": "logical", "state": "active"}
    result = pools.refused(**options, source={"name": group})
    assert "nothing says what to make it of" in result["msg"]
    source = {"name": group, "devices": [{"path": first}, {"path": second}]}
    done = pools.apply(**options, source=source)
    assert done["actions"] == ["define", f"make the volume group {group} on {first} and {second}", "start"]
    assert content(first) == content(second) == "LVM2_member"
    assert done["pool"]["spec"]["target"]["path"] == f"/dev/{group}"
    pools.apply(name="lvm", state="inactive")
    pools.apply(name="lvm", state="active")
    more = {**source, "devices": [*source["devices"], {"path": third}]}
    result = pools.refused(name="lvm", source=more)
    assert "that is not changed here" in result["msg"]
    # Its devices are taken, whatever a task consents to.
    result = pools.refused(**{**options, "name": "other"}, source={**source, "name": "another"}, overwrite=True)
    assert result["msg"] == f"source.devices: the device {first} belongs to the pool lvm already."
    done = pools.apply(name="lvm", state="absent", delete_storage=True)
    assert done["actions"] == ["stop", f"delete the volume group {group}", "undefine"]
    assert content(first) == ""


HIDDEN = """
    logical_volumes {
        hidden {
            id = "aaaaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaaaaa"
            status = ["READ", "WRITE", "VISIBLE"]
            flags = []
            segment_count = 1
            segment1 {
                start_extent = 0
                extent_count = 1
                type = "striped"
                stripe_count = 1
                stripes = ["pv0", 0]
            }
        }
    }
"""


def test_a_volume_group_with_more_in_it_than_volumes_stays(
    pools: Tasks, device: Device, group: str, tmp_path: Path
) -> None:
    source = {"name": group, "devices": [{"path": device()}]}
    pools.make(name="lvm", type="logical", source=source, state="active")
    # Written into what the group says of itself, because lvcreate takes a kernel with a device mapper.
    metadata = tmp_path / "metadata"
    subprocess.run(["vgcfgbackup", "--file", str(metadata), group], capture_output=True, check=True)
    text = metadata.read_text()
    restore(metadata, group, f"{text[: text.rindex('}')]}{HIDDEN}{text[text.rindex('}') :]}")
    try:
        # What the hypervisor does not know yet, it finds when it looks again; then it is known before.
        result = pools.run(name="lvm", state="absent", delete_storage=True)
        assert result["failed_action"] == "stop"
        assert result["msg"].startswith(f"deleting the volume group {group}: it has more in it than volumes.")
        result = pools.refused(name="lvm", state="absent", delete_storage=True)
        assert result["msg"].startswith("delete_storage: the volume group of lvm has more in it than volumes.")
        assert "hidden" in subprocess.run(["lvs", group], capture_output=True, text=True, check=True).stdout
    finally:
        # Without a device mapper, nothing can be done with a group that has a logical volume.
        restore(metadata, group, text)


def restore(file: Path, group: str, metadata: str) -> None:
    """Make a volume group what this says of it."""
    file.write_text(metadata)
    subprocess.run(["vgcfgrestore", "--file", str(file), group], capture_output=True, check=True)
