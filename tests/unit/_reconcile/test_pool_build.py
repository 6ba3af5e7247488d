# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be made before a pool can start is made, and never over data that anybody has or needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.model import Storage, Volume
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.pools import SimPools
from ansible_collections.stratum.virt.plugins.module_utils._driver.storage import Pools
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    AlreadyExists,
    Denied,
    InputError,
    StratumError,
)
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost
from ansible_collections.stratum.virt.plugins.module_utils._reconcile import pool_build

from .conftest import SMALL, Node

EXT4 = {0x438: b"\x53\xef", 0x460: b"\x40\0\0\0"}
XFS = {0: b"XFSB"}
GPT = {512: b"EFI PART", 510: b"\x55\xaa"}
PV = {0x218: b"LVM2 001"}
NOISE = {1000: b"noise"}

Device = Callable[..., str]
Calls = list[tuple[str, Any]]


@pytest.fixture
def files(node: Node) -> Node:
    """A node whose files are real."""
    node.has_files = True
    return node


@pytest.fixture
def device(tmp_path: Path) -> Device:
    """Make what stands for a device, with some bytes on it."""

    def make(name: str = "sdb", content: dict[int, bytes] | None = None) -> str:
        path = tmp_path / name
        data = bytearray(64 * 1024)
        for offset, part in (content or {}).items():
            data[offset : offset + len(part)] = part
        path.write_bytes(data)
        return str(path)

    return make


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What is asked to be built, in place of building it."""
    calls: Calls = []

    def build(pools: Pools, name: str, *, overwrite: bool | None = None) -> None:
        calls.append((name, overwrite))
        with pools._session.call("pools.build", "building") as state:  # type: ignore[attr-defined]
            state.storages[state.pools[name].storage] = Storage()

    monkeypatch.setattr(SimPools, "build", build)
    return calls


def groups(monkeypatch: pytest.MonkeyPatch, **found: list[str]) -> None:
    """Let the node have volume groups."""
    sources = "".join(
        f"<source><name>{name}</name>{''.join(f'<device path={path!r}/>' for path in devices)}</source>"
        for name, devices in found.items()
    )
    monkeypatch.setattr(SimPools, "sources", lambda _pools, _kind, _source=None: f"<sources>{sources}</sources>")


def pool(kind: str, *devices: str, source: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    listed = {"devices": [{"path": path} for path in devices]} if devices else {}
    target = {"fs": "/nowhere/a", "disk": "/dev"}.get(kind)
    return {
        "name": "a",
        "type": kind,
        "source": {**listed, **(source or {})},
        **({"target": {"path": target}} if target else {}),
        "state": "active",
        **more,
    }


def build(node: Node, options: dict[str, Any]) -> list[str]:
    """Run a task in check mode and out of it, which has to be the same; return what is done before the start."""
    before = node.bytes()
    foretold = node.manage("pool", options, check=True)
    assert node.bytes() == before
    done = node.manage("pool", options)
    assert done["actions"] == foretold["actions"]
    assert done["diff"] == foretold["diff"]
    actions: list[str] = done["actions"]
    assert (actions[0], actions[-1]) == ("define", "start")
    return actions[1:-1]


def refused(node: Node, options: dict[str, Any]) -> str:
    """Run a task that has to fail before it changes anything; return why it does."""
    before = node.bytes()
    messages = []
    for check in (True, False):
        with pytest.raises(InputError) as caught:
            node.manage("pool", options, check=check)
        messages.append(str(caught.value))
    assert node.bytes() == before
    assert messages[0] == messages[1]
    return messages[0]


# Folders


def folder(path: Path, **more: Any) -> dict[str, Any]:
    return {"name": "a", "type": "dir", "target": {"path": str(path), **more}, "state": "active"}


def test_a_missing_folder_is_made(files: Node, tmp_path: Path, built: Calls) -> None:
    assert build(files, folder(tmp_path / "a")) == [f"make the folder {tmp_path}/a"]
    assert built == [("a", None)]


def test_a_folder_that_is_there_is_left_alone(files: Node, tmp_path: Path, built: Calls) -> None:
    with files.edit() as state:
        state.storages[f"dir {tmp_path}"] = Storage()
    assert build(files, folder(tmp_path)) == []
    assert built == []


def test_a_folder_that_is_there_gets_the_permissions_that_are_stated(files: Node, tmp_path: Path, built: Calls) -> None:
    assert build(files, folder(tmp_path, permissions={"mode": "0711"})) == [
        f"set the permissions of the folder {tmp_path}"
    ]
    assert built == [("a", None)]


def test_a_folder_that_nobody_may_see_is_made_again(
    files: Node, tmp_path: Path, built: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    deny(monkeypatch, "status")
    assert build(files, folder(tmp_path)) == [f"make the folder {tmp_path}"]


def deny(monkeypatch: pytest.MonkeyPatch, *calls: str) -> None:
    def denying(allowed: Callable[..., Any]) -> Callable[..., Any]:
        def call(host: LocalHost, path: str, *more: Any, **options: Any) -> Any:
            if not path.startswith("/proc/"):
                raise Denied(f"{path}: permission denied.")
            return allowed(host, path, *more, **options)

        return call

    for name in calls:
        monkeypatch.setattr(LocalHost, name, denying(getattr(LocalHost, name)))


# File systems, and partition tables


@pytest.mark.parametrize("kind", ["fs", "disk"])
def test_what_is_missing_is_made_on_a_blank_device(kind: str, files: Node, device: Device, built: Calls) -> None:
    path = device()
    wanted, words = {"fs": ("ext4", "ext4 file system"), "disk": ("gpt", "gpt partition table")}[kind]
    options = pool(kind, path, source={"format": wanted})
    done = files.manage("pool", options, check=True)
    assert done["diff"]["after"][path] == f"the {words}"
    assert path not in done["diff"]["before"]
    assert build(files, options) == [f"make the {words} on {path}"]
    assert built == [("a", False)]


@pytest.mark.parametrize(
    ("kind", "wanted", "content"),
    [("fs", "ext4", EXT4), ("fs", "xfs", XFS), ("fs", None, XFS), ("fs", "auto", EXT4), ("disk", "gpt", GPT)],
)
@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_there_and_right_is_never_made_anew(
    overwrite: bool, kind: str, wanted: str | None, content: dict[int, bytes], files: Node, device: Device, built: Calls
) -> None:
    path = device(content=content)
    with files.edit() as state:
        state.storages[f"{kind} {path}"] = Storage()
    actions = build(files, pool(kind, path, source={"format": wanted} if wanted else None, overwrite=overwrite))
    assert actions == (["make the folder /nowhere/a"] if kind == "fs" else [])
    assert built == ([("a", None)] if kind == "fs" else [])


@pytest.mark.parametrize(
    ("kind", "wanted", "content", "found"),
    [
        ("fs", "ext4", XFS, "xfs"),
        ("fs", "ext3", EXT4, "ext4"),
        ("fs", "ext4", GPT, "gpt"),
        ("fs", "ext4", NOISE, "something unknown"),
        ("disk", "gpt", EXT4, "ext4"),
        ("disk", "dos", GPT, "gpt"),
        ("disk", "gpt", NOISE, "something unknown"),
    ],
)
def test_other_data_is_lost_only_with_consent(
    kind: str, wanted: str, content: dict[int, bytes], found: str, files: Node, device: Device, built: Calls
) -> None:
    path = device(content=content)
    options = pool(kind, path, source={"format": wanted})
    message = refused(files, options)
    assert message.startswith(f"source.devices: there is {found} on {path}, which making the {wanted} ")
    assert "overwrite: true" in message
    assert built == []
    foretold = files.manage("pool", options, overwrite=True, check=True)
    assert foretold["diff"]["before"][path] == found
    assert len(build(files, {**options, "overwrite": True})) == 1
    assert built == [("a", True)]


def test_a_disk_without_a_stated_format_gets_the_default_one(files: Node, device: Device, built: Calls) -> None:
    path = device()
    assert build(files, pool("disk", path)) == [f"make the dos partition table on {path}"]


@pytest.mark.parametrize(("content", "words"), [({}, "nothing"), (GPT, "gpt")])
def test_a_file_system_of_no_name_cannot_be_made(
    content: dict[int, bytes], words: str, files: Node, device: Device, built: Calls
) -> None:
    path = device(content=content)
    message = refused(files, pool("fs", path, overwrite=True))
    assert message.startswith(f"source.format: there is {words} on {path}, no file system")
    assert built == []


def test_a_device_that_is_not_there(files: Node, tmp_path: Path) -> None:
    message = refused(files, pool("fs", f"{tmp_path}/sdz", source={"format": "ext4"}))
    assert message == f"source.devices: there is no device {tmp_path}/sdz on this node."
    message = refused(files, pool("fs", str(tmp_path), source={"format": "ext4"}))
    assert "is not a device, but of the kind directory" in message


@pytest.mark.parametrize("kind", ["fs", "disk", "logical"])
def test_a_device_that_a_domain_uses_is_never_made_anything_of(
    kind: str, files: Node, device: Device, built: Calls
) -> None:
    path = device(content=NOISE)
    files.task({**SMALL, "disks": [{"target": "vda", "block": path}]})
    source = {"format": {"fs": "ext4", "disk": "gpt", "logical": "lvm2"}[kind]}
    message = refused(files, pool(kind, path, source=source, overwrite=True))
    assert message.startswith(f"source.devices: {path} is a disk of web1.")
    assert built == []


@pytest.mark.parametrize("name", ["sdb1", "sdbp1", "sdb-part1"])
def test_a_partition_that_a_domain_uses_counts(name: str, files: Node, device: Device, built: Calls) -> None:
    path, partition = device(content=GPT), device(name)
    files.task({**SMALL, "disks": [{"target": "vda", "block": partition}]})
    message = refused(files, pool("disk", path, source={"format": "dos"}, overwrite=True))
    assert message.startswith(f"source.devices: {partition} is a disk of web1.")


def test_a_partition_is_known_by_any_name_of_its_device(
    files: Node, device: Device, built: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, link = device(content=GPT), tmp_path / "by-id"
    link.symlink_to(path)
    mounts = tmp_path / "mounts"
    mounts.write_text(f"{path}1 /srv xfs rw 0 0\n")
    monkeypatch.setattr(pool_build, "_MOUNTS", str(mounts))
    message = refused(files, pool("disk", str(link), source={"format": "dos"}, overwrite=True))
    assert message.startswith(f"source.devices: {path}1 is mounted on /srv.")


def test_a_partition_of_a_device_that_a_domain_uses_as_a_whole(files: Node, device: Device, built: Calls) -> None:
    path, partition = device(content=GPT), device("sdb1", XFS)
    files.task({**SMALL, "disks": [{"target": "vda", "block": path}]})
    message = refused(files, pool("fs", partition, source={"format": "ext4"}, overwrite=True))
    assert message.startswith(f"source.devices: {path} is a disk of web1.")


def test_a_device_that_the_node_works_with_is_never_made_anything_of(
    files: Node, device: Device, built: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = device(content={0x1000: b"\xfc\x4e\x2b\xa9"})
    monkeypatch.setattr(LocalHost, "is_held", lambda _host, held: held == path)
    message = refused(files, pool("fs", path, source={"format": "ext4"}, overwrite=True))
    assert message == f"source.devices: the node works with {path}, or with a part of it."


@pytest.mark.parametrize(("kind", "wanted"), [("fs", "ufs"), ("disk", "bsd")])
def test_what_has_no_sign_known_here_is_not_made_anew(
    kind: str, wanted: str, files: Node, device: Device, built: Calls
) -> None:
    path = device(content=NOISE)
    with files.edit() as state:
        state.storages[f"{kind} {path}"] = Storage()
    options = pool(kind, path, source={"format": wanted})
    message = refused(files, {**options, "overwrite": True})
    assert message == f"overwrite: whether there is {wanted} on {path} already is not known here."
    build(files, options)
    assert ("a", True) not in built
    assert ("a", False) not in built


@pytest.mark.parametrize("number", ["", "1", "p12"])
def test_a_mounted_device_is_never_made_anything_of(
    number: str, files: Node, device: Device, built: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = device(content=XFS)
    mounts = tmp_path / "mounts"
    mounts.write_text(f"proc /proc proc rw 0 0\n{path}{number} /srv/my\\040data xfs rw 0 0\n")
    monkeypatch.setattr(pool_build, "_MOUNTS", str(mounts))
    message = refused(files, pool("fs", path, source={"format": "ext4"}, overwrite=True))
    assert message.startswith(f"source.devices: {path}{number} is mounted on /srv/my data.")
    assert built == []


def test_what_the_pool_itself_has_mounted_is_unmounted_first(
    files: Node, device: Device, built: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = device()
    build(files, pool("fs", path, source={"format": "ext4"}))
    device(content=EXT4)
    mounts = tmp_path / "mounts"
    mounts.write_text(f"{path} /nowhere/a ext4 rw 0 0\n")
    monkeypatch.setattr(pool_build, "_MOUNTS", str(mounts))
    options = pool("fs", path, source={"format": "xfs"}, restart="if_needed", overwrite=True)
    assert files.manage("pool", options)["actions"] == [
        "change the configuration",
        "stop",
        f"make the xfs file system on {path}",
        "start",
    ]


def test_a_format_that_is_not_there_is_no_surprise_at_the_next_start(files: Node, device: Device, built: Calls) -> None:
    path = device()
    build(files, pool("disk", path, source={"format": "gpt"}))
    device(content=GPT)
    message = refused(files, pool("disk", path, source={"format": "dos"}))
    assert message.startswith(f"source.devices: there is gpt on {path}")


@pytest.mark.parametrize("disk", [{"pool": "a", "volume": "v"}, {"file": "/nowhere/a/v"}])
def test_a_pool_whose_volumes_a_domain_has_is_never_made_anew(
    disk: dict[str, Any], files: Node, device: Device, built: Calls
) -> None:
    path = device()
    build(files, pool("fs", path, source={"format": "ext4"}))
    device(content=EXT4)
    with files.edit() as state:
        state.volumes("a")["v"] = Volume("/nowhere/a/v")
    # The domain's file is none of this host.
    Node(files.path).task({**SMALL, "disks": [{"target": "vda", **disk}]})
    options = pool("fs", path, source={"format": "xfs"}, restart="if_needed", overwrite=True)
    assert refused(files, options) == "overwrite: what is in the pool a is used by web1."


# Volume groups


def test_a_volume_group_is_made_of_blank_devices(
    files: Node, device: Device, built: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups(monkeypatch)
    first, second = device("sdb"), device("sdc")
    assert build(files, pool("logical", first, second, source={"name": "vg"})) == [
        f"make the volume group vg on {first} and {second}"
    ]
    assert built == [("a", False)]


def test_a_volume_group_that_is_there_is_used(
    files: Node, device: Device, built: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = device(content=PV)
    groups(monkeypatch, vg=[path])
    with files.edit() as state:
        state.storages["logical vg"] = Storage()
    assert build(files, pool("logical", path, source={"name": "vg"}, overwrite=True)) == []
    assert built == []


def test_a_device_of_a_volume_group_has_many_names(
    files: Node, device: Device, built: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, link = device(content=PV), tmp_path / "by-id"
    link.symlink_to(path)
    groups(monkeypatch, vg=[path])
    with files.edit() as state:
        state.storages["logical vg"] = Storage()
    assert build(files, pool("logical", str(link), source={"name": "vg"})) == []


def test_devices_of_a_volume_group_are_not_changed_and_not_ignored(
    files: Node, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = device("sdb", PV), device("sdc")
    groups(monkeypatch, vg=[first])
    message = refused(files, pool("logical", first, second, source={"name": "vg"}))
    assert message.startswith(f"source.devices: the volume group vg is on {first}, and that is not changed here")


def test_a_volume_group_that_is_nowhere(files: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    groups(monkeypatch, other=["/dev/sdb"])
    message = refused(files, pool("logical", source={"name": "vg"}))
    assert message == "source.devices: there is no volume group vg on the node, and nothing says what to make it of."


def test_a_device_of_another_volume_group_is_never_taken(
    files: Node, device: Device, built: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = device(content=PV)
    groups(monkeypatch, other=[path])
    message = refused(files, pool("logical", path, source={"name": "vg"}, overwrite=True))
    assert message.startswith(f"source.devices: {path} belongs to the volume group other.")
    assert built == []


def test_a_node_that_cannot_look_for_volume_groups(files: Node, device: Device, built: Calls) -> None:
    with files.edit() as state:
        state.storages["logical vg"] = Storage()
    options = pool("logical", source={"name": "vg"})
    done = files.manage("pool", options, parameters="without=pool_sources")
    assert done["actions"] == ["define", "start"]


# ZFS


def test_a_zfs_pool_is_made_of_its_devices(files: Node, device: Device, built: Calls) -> None:
    path = device()
    assert build(files, pool("zfs", path, source={"name": "tank"})) == [f"make the ZFS pool tank on {path}"]
    # libvirt takes nothing else here.
    assert built == [("a", None)]


def test_a_file_system_of_a_zfs_pool_is_not_made_of_devices(files: Node, device: Device, built: Calls) -> None:
    message = refused(files, pool("zfs", device(), source={"name": "tank/guests"}))
    assert message == "source.devices: only the ZFS pool tank is made of devices, not what is in it."


@pytest.mark.parametrize("seen", [True, False])
def test_a_zfs_pool_is_made_only_of_what_is_seen_to_be_blank(
    seen: bool, files: Node, device: Device, built: Calls
) -> None:
    files.has_files = seen
    path = device(content=NOISE)
    assert refused(files, pool("zfs", path, source={"name": "tank"}, overwrite=seen)) == (
        "source.devices: libvirt makes a ZFS pool only of devices that are seen to be blank."
    )


def test_a_zfs_pool_without_devices_is_there(files: Node, built: Calls) -> None:
    with files.edit() as state:
        state.storages["zfs tank"] = Storage()
    assert build(files, pool("zfs", source={"name": "tank"})) == []


# Devices that cannot be looked at: the hypervisor does it, and leaves alone what it finds.


@pytest.mark.parametrize("blind", ["node", "user"])
@pytest.mark.parametrize("taken", [False, True])
def test_a_device_that_cannot_be_seen(
    taken: bool, blind: str, node: Node, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    if blind == "user":
        node.has_files = True
        deny(monkeypatch, "read")
    path = device()
    if taken:
        with node.edit() as state:
            state.storages[f"fs {path}"] = Storage()
    options = pool("fs", path, source={"format": "ext4"})
    making = f"make the ext4 file system on {path}, if nothing is there"
    assert node.manage("pool", options, check=True)["actions"] == ["define", making, "start"]
    assert node.manage("pool", options)["actions"] == ["define", *([] if taken else [making]), "start"]
    node.manage("pool", {"name": "a"}, state="absent")
    message = refused(node, {**options, "overwrite": True})
    assert message.startswith(f"overwrite: what is on {path} cannot be seen")


def test_the_hypervisor_finds_what_was_not_seen(node: Node, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device on which nothing was found, and on which the hypervisor finds something, is left alone."""
    node.has_files = True
    path = device()
    with node.edit() as state:
        state.storages[f"fs {path}"] = Storage()
    with pytest.raises(AlreadyExists, match="there is data already"):
        node.manage("pool", pool("fs", path, source={"format": "ext4"}))


def test_a_device_that_cannot_be_read_is_one_that_cannot_be_seen(
    files: Node, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = device()
    read = LocalHost.read

    def broken(host: LocalHost, file: str, *more: Any, **options: Any) -> bytes:
        if file == path:
            raise StratumError(f"reading {file}: Input/output error.")
        return read(host, file, *more, **options)

    monkeypatch.setattr(LocalHost, "read", broken)
    message = refused(files, pool("fs", path, source={"format": "ext4"}, overwrite=True))
    assert "cannot be seen" in message
