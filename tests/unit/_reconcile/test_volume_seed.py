# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes that are seeds for cloud-init, and the content of volumes as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document.cloud_init import seed
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError

from tests.unit._reconcile.contents import DATA, Node

USER_DATA = {"users": [{"name": "ann", "passwd": "hunter2"}]}


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "node")


def test_a_seed(node: Node) -> None:
    done = node.apply(cloud_init={"user_data": USER_DATA})
    assert done["actions"] == ["create from a cloud-init seed"]
    assert done["diff"]["after"]["cloud_init"] == "a cloud-init seed"
    assert "hunter2" not in str(done)
    assert node.content() == seed({"user_data": USER_DATA}, "a")
    assert node.spec()["format"] == "iso"
    assert not node.task(cloud_init={"user_data": USER_DATA}, format="iso")["changed"]
    assert node.names() == ["a"]


def test_a_seed_is_made_anew_when_it_has_to_say_something_else(node: Node) -> None:
    node.task(cloud_init={"user_data": USER_DATA}, permissions={"mode": "0640"})
    done = node.apply(cloud_init={"user_data": {**USER_DATA, "packages": ["x" * 5000]}})
    assert done["actions"] == ["replace the content by a cloud-init seed"]
    assert "hunter2" not in str(done)
    assert node.content() == seed({"user_data": {**USER_DATA, "packages": ["x" * 5000]}}, "a")
    assert node.spec()["permissions"]["mode"] == 0o640
    node.apply(cloud_init={})
    assert node.content() == seed({}, "a")
    assert node.names() == ["a"]


def test_a_disk_does_not_become_a_seed_by_mistake(node: Node) -> None:
    node.task(capacity="1MiB")
    before = node.truth()
    for check in (True, False):
        with pytest.raises(InputError, match="cloud_init: a has its content from something that is no seed"):
            node.task(cloud_init={}, check=check)
    assert node.truth() == before
    node.apply(cloud_init={}, replace=True)
    assert node.content() == seed({}, "a")


def test_a_larger_volume_can_hold_a_seed(node: Node) -> None:
    image = seed({}, "a")
    done = node.apply(cloud_init={}, capacity="1MiB")
    assert node.content() == image + bytes(1024 * 1024 - len(image))
    assert "1MiB" in str(done["diff"])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"format": "qcow2"}, "format: a cloud-init seed is raw, not qcow2"),
        ({"capacity": "4KiB"}, "capacity: 4096 bytes are less than the"),
        ({"cluster_size": "64KiB"}, "cluster_size: "),
        ({"cloud_init": {"user_data": ["a"]}}, "cloud_init.user_data: it is neither text nor a dictionary"),
    ],
)
def test_what_a_seed_cannot_be(node: Node, options: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        node.task(**{"cloud_init": {}, **options})
    assert node.names() == []


def test_a_download(node: Node, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(DATA)
    with source.open("r+b") as file:
        file.truncate(5 * 1024 * 1024)
    node.task(source={"file": str(source), "remote_src": True})
    done = node.apply(download={"path": str(target)})
    assert done["actions"] == [f"download to {target}"]
    assert target.read_bytes() == source.read_bytes()
    assert target.stat().st_mode & 0o777 == 0o600
    assert target.stat().st_blocks * 512 <= 1024 * 1024
    for damage in (DATA, bytes(5 * 1024 * 1024), source.read_bytes() + b"\0", source.read_bytes()[:-1]):
        target.write_bytes(damage)
        node.apply(download={"path": str(target)})
        assert target.read_bytes() == source.read_bytes()


def test_a_volume_is_made_and_downloaded(node: Node, tmp_path: Path) -> None:
    done = node.apply(cloud_init={}, download={"path": str(tmp_path / "seed.iso")})
    assert done["actions"] == ["create from a cloud-init seed", f"download to {tmp_path}/seed.iso"]
    assert (tmp_path / "seed.iso").read_bytes() == seed({}, "a")


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("relative", "download.path: 'relative' is not the absolute path of a file"),
        ("/tmp/", "download.path: '/tmp/' is not the absolute path of a file"),
        ("/\0", r"download.path: '/\\x00' is not the absolute path of a file"),
        ("{tmp}", "download.path: .* is a directory, not a file"),
        ("{tmp}/none/file", "download.path: there is no folder for .*/none/file"),
        ("{tmp}/node/file", "download.path: there is no folder for .*/node/file"),
    ],
)
def test_where_nothing_can_be_downloaded_to(node: Node, tmp_path: Path, path: str, says: str) -> None:
    node.task(capacity="1MiB")
    before = sorted(tmp_path.rglob("*"))
    for check in (True, False):
        with pytest.raises(InputError, match=says):
            node.task(download={"path": path.format(tmp=tmp_path)}, check=check)
    assert sorted(tmp_path.rglob("*")) == before
