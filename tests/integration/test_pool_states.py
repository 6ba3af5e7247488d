# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every wanted state of a pool, from everything that it can be in, and what stands in the way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.modules import Tasks

CONDITIONS = ("absent", "inactive", "active", "transient")

# What becomes of a pool that was in these conditions, in this order.
OUTCOMES = {
    "present": ("inactive", "inactive", "active", "active"),
    "active": ("active", "active", "active", "active"),
    "inactive": ("inactive", "inactive", "inactive", "inactive"),
    "absent": ("absent", "absent", "absent", "absent"),
}

DOCUMENT = "<pool type='dir'><name>{name}</name><target><path>{path}</path></target></pool>"


def state(pools: Tasks, name: str) -> str:
    """Return a pool's state in the words of the module, from virsh."""
    said = pools.virsh("pool-info", name, check=False)
    if not said:
        return "absent"
    return "active" if "running" in said else "inactive"


def make(pools: Tasks, folder: Path, name: str, condition: str) -> None:
    """Make, by virsh, a pool in a condition."""
    path = folder / name
    if condition == "absent":
        return
    path.mkdir()
    file = folder / f"{name}.xml"
    file.write_text(DOCUMENT.format(name=name, path=path))
    pools.virsh("pool-create" if condition == "transient" else "pool-define", str(file))
    if condition == "active":
        pools.virsh("pool-start", name)


@pytest.mark.parametrize("wanted", OUTCOMES)
def test_state_from_every_condition(wanted: str, pools: Tasks, tmp_path: Path) -> None:
    for condition, outcome in zip(CONDITIONS, OUTCOMES[wanted]):
        name = f"was-{condition}"
        make(pools, tmp_path, name, condition)
        options = {"name": name, "type": "dir", "target": {"path": str(tmp_path / name)}, "state": wanted}
        before = state(pools, name)
        if before == outcome and condition != "transient":
            result = pools.unchanged(**options)
        else:
            result = pools.apply(**options)
        assert state(pools, name) == outcome
        assert result["pool"]["state"] == outcome
        if outcome != "absent":
            assert "persistent" not in pools.virsh("pool-info", name) or result["pool"]["persistent"]
            assert str(tmp_path / name) in pools.virsh("pool-dumpxml", name)
        assert (tmp_path / name).is_dir() == (condition != "absent" or wanted == "active")


def test_autostart_beside_every_state(pools: Tasks, tmp_path: Path) -> None:
    for wanted in ("present", "active", "inactive"):
        for autostart, word in ((True, "yes"), (False, "no")):
            options = {"name": "auto", "type": "dir", "target": {"path": str(tmp_path)}}
            pools.apply(**options, state=wanted, autostart=autostart)
            assert f"Autostart:      {word}" in pools.virsh("pool-info", "auto")


def test_permissions_of_a_folder(pools: Tasks, tmp_path: Path) -> None:
    path = tmp_path / "owned"
    options = {
        "name": "owned",
        "type": "dir",
        "target": {"path": str(path), "permissions": {"mode": "0711", "owner": 65534, "group": 65534}},
        "state": "active",
    }
    pools.apply(**options)
    assert (path.stat().st_mode & 0o777, path.stat().st_uid) == (0o711, 65534)
    path.chmod(0o700)
    pools.virsh("pool-refresh", "owned")
    done = pools.apply(**options)
    assert [item["field"] for item in done["pending"]] == ["target.permissions.mode"]
    assert path.stat().st_mode & 0o777 == 0o700
    done = pools.apply(**options, restart="if_needed")
    assert done["actions"] == ["stop", f"set the permissions of the folder {path}", "start"]
    assert done["pending"] == []
    assert path.stat().st_mode & 0o777 == 0o711


def test_an_active_pool_waits_or_is_started_again(pools: Tasks, tmp_path: Path) -> None:
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    pools.apply(name="moves", type="dir", target={"path": first}, state="active")
    done = pools.apply(name="moves", target={"path": second})
    assert [item["field"] for item in done["pending"]] == ["target.path"]
    assert first in pools.virsh("pool-dumpxml", "moves")
    assert second in pools.virsh("pool-dumpxml", "--inactive", "moves")
    done = pools.apply(name="moves", target={"path": second}, restart="if_needed")
    assert done["actions"] == ["stop", f"make the folder {second}", "start"]
    assert second in pools.virsh("pool-dumpxml", "moves")


def test_a_document_from_virsh_changes_nothing(pools: Tasks, tmp_path: Path) -> None:
    make(pools, tmp_path, "foreign", "active")
    pools.unchanged(xml=pools.virsh("pool-dumpxml", "foreign"), state="active")
    (shown,) = pools.info(name=["foreign"], gather=["spec"])
    pools.unchanged(**shown["spec"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "../x"}, "name: '../x' cannot be a name"),
        ({"type": None}, "type: bad does not exist yet"),
        ({"target": {"path": "relative"}}, "target.path: 'relative' is not an absolute path"),
        ({"target": {"path": "/tmp/../etc"}}, "target.path: '/tmp/../etc' goes up again"),
        ({"type": "vstorage"}, "type: this node has no pools of the type vstorage. It offers "),
        (
            {"type": "fs", "source": {"devices": [{"path": "/dev/null"}], "format": "ntfs"}},
            "source.format: this node has no fs pools of the format ntfs. It offers auto, ext2",
        ),
        ({"type": "netfs", "source": {"dir": "/export"}}, "source.hosts: a pool of the type netfs needs it"),
        (
            {"type": "fs", "source": {"devices": [{"path": "/dev/null"}], "format": "ext4"}},
            "source.devices: /dev/null is not a device",
        ),
        (
            {"type": "fs", "source": {"devices": [{"path": "/dev/nothing"}], "format": "ext4"}},
            "source.devices: there is no device /dev/nothing",
        ),
        ({"type": "logical", "target": None}, "source.devices: there is no volume group bad on the node"),
        ({"uuid": "{uuid}"}, "uuid: it is that of the pool default"),
        ({"target": {"path": "{images}//"}}, "target.path: the folder {images} belongs to the pool default already"),
    ],
)
def test_what_cannot_be_right(options: dict[str, object], message: str, pools: Tasks) -> None:
    places = {"images": str(pools.node.images), "uuid": pools.virsh("pool-uuid", "default")}

    def placed(value: object) -> object:
        if isinstance(value, dict):
            return {option: placed(below) for option, below in value.items()}
        return value.format(**places) if isinstance(value, str) else value

    wanted = {"name": "bad", "type": "dir", "target": {"path": "/nowhere/bad"}, "state": "active", **options}
    result = pools.refused(**{option: placed(value) for option, value in wanted.items() if value is not None})
    assert result["msg"].startswith(message.format(**places))


def test_a_pool_with_the_same_source_is_refused_by_name(
    pools: Tasks, tmp_path: Path, device: Callable[[], str]
) -> None:
    path = device()
    source = {"devices": [{"path": path}], "format": "ext4"}
    pools.make(name="one", type="fs", source=source, target={"path": str(tmp_path / "one")})
    result = pools.refused(name="two", type="fs", source=source, target={"path": str(tmp_path / "two")})
    assert result["msg"] == f"source.devices: the device {path} belongs to the pool one already."
