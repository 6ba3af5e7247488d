# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of a removed pool's storage: it goes only when the task says so, and never while it is needed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.model import Storage, Volume
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.pools import SimPools
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.volumes import SimVolumes
from ansible_collections.stratum.virt.plugins.module_utils._driver.storage import PoolRecord, VolumeRecord
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    DriverError,
    InputError,
    OperationInvalid,
    OutcomeUnknown,
)
from ansible_collections.stratum.virt.plugins.module_utils._host.base import FileStatus
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost

from .conftest import SMALL, Node

IMAGES: dict[str, Any] = {"name": "images", "type": "dir", "target": {"path": "/srv/images"}, "state": "active"}


def fill(node: Node, pool: str = "images", folder: str = "/srv/images", **documents: str) -> None:
    """Put volumes into a pool, by their names and what is said of them beyond that."""
    with node.edit() as state:
        for name, document in (documents or {"a": "", "b": ""}).items():
            state.volumes(pool)[name] = Volume(f"{folder}/{name}", 1024**2, document=document)


def remove(node: Node, name: str = "images", **more: Any) -> dict[str, Any]:
    """Remove a pool with its storage, in check mode first, which has to foretell it."""
    before = node.bytes()
    foretold = node.manage("pool", {"name": name, **more}, state="absent", delete_storage=True, check=True)
    assert node.bytes() == before
    done = node.manage("pool", {"name": name, **more}, state="absent", delete_storage=True)
    for what in ("changed", "actions", "diff", "pool"):
        assert done[what] == foretold[what]
    return done


def refused(node: Node, name: str = "images") -> InputError:
    """Try to remove a pool with its storage, which has to fail before it changes anything."""
    before = node.bytes()
    for check in (True, False):
        with pytest.raises(InputError) as caught:
            node.manage("pool", {"name": name}, state="absent", delete_storage=True, check=check)
    assert node.bytes() == before
    return caught.value


def test_the_storage_stays_unless_it_is_asked_for(node: Node) -> None:
    node.manage("pool", IMAGES)
    fill(node)
    assert node.manage("pool", {"name": "images"}, state="absent")["actions"] == ["stop", "undefine"]
    with node.edit() as state:
        assert set(state.storages["dir /srv/images"].volumes) == {"a", "b"}


def test_everything_that_goes_is_named(node: Node) -> None:
    node.manage("pool", IMAGES)
    fill(node)
    done = remove(node)
    assert done["actions"] == [
        "delete the volume a (/srv/images/a)",
        "delete the volume b (/srv/images/b)",
        "stop",
        "delete the folder /srv/images",
        "undefine",
    ]
    assert done["diff"] == {
        "before": {
            "state": "active",
            "volumes[a]": "/srv/images/a",
            "volumes[b]": "/srv/images/b",
            "storage": "the folder /srv/images",
        },
        "after": {"state": "absent"},
    }
    assert done["pool"] == {"name": "images", "state": "absent"}
    with node.edit() as state:
        assert "dir /srv/images" not in state.storages
    assert not remove(node)["changed"]


def test_a_transient_pool_goes_with_its_storage(node: Node) -> None:
    node.manage("pool", IMAGES)
    with node.edit() as state:
        state.pools["images"].config = None
    assert remove(node)["actions"] == ["define", "stop", "delete the folder /srv/images", "undefine"]


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ({"type": "logical", "source": {"name": "vg", "devices": [{"path": "/dev/sdb"}]}}, "the volume group vg"),
        # libvirt would destroy the file systems in it, too.
        ({"type": "zfs", "source": {"name": "tank"}}, None),
        ({"type": "rbd", "source": {"name": "p", "hosts": [{"name": "a"}]}}, None),
    ],
)
def test_what_is_left_depends_on_the_type(options: dict[str, Any], left: str | None, node: Node) -> None:
    with node.edit() as state:
        state.storages["zfs tank"] = Storage()
    node.manage("pool", {"name": "a", **options, "state": "active"})
    done = remove(node, "a")
    assert done["actions"] == ["stop", *([f"delete {left}"] if left else []), "undefine"]


GROUP: dict[str, Any] = {
    "name": "lvm",
    "type": "logical",
    "source": {"name": "vg", "devices": [{"path": "/dev/sdb"}]},
    "state": "active",
}


def with_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the volume group have something in it that libvirt does not show as a volume."""
    describe = SimPools.describe

    def reading(pools: SimPools, *wanted: Any, **options: Any) -> list[PoolRecord]:
        records = describe(pools, *wanted, **options)
        return [record._replace(allocation=record.allocation + 1024**2) for record in records]

    monkeypatch.setattr(SimPools, "describe", reading)


def test_a_volume_group_that_has_more_in_it_than_volumes_stays(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    node.manage("pool", GROUP)
    fill(node, "lvm", "/dev/vg")
    with_more(monkeypatch)
    assert "delete_storage: the volume group of lvm has more in it than volumes." in str(refused(node, "lvm"))


def test_what_comes_into_a_volume_group_while_it_is_emptied_stays(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    node.manage("pool", GROUP)
    fill(node, "lvm", "/dev/vg")
    # It is not known before the hypervisor looks again.
    monkeypatch.setattr(SimPools, "refresh", lambda _pools, _name: with_more(monkeypatch))
    with pytest.raises(
        OperationInvalid, match="deleting the volume group vg: it has more in it than volumes"
    ) as caught:
        node.manage("pool", {"name": "lvm"}, state="absent", delete_storage=True)
    assert caught.value.facts["failed_action"] == "stop"
    with node.edit() as state:
        assert "logical vg" in state.storages
        assert state.pools["lvm"].active


def test_what_the_node_works_with_stays(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    node.manage("pool", GROUP)
    fill(node, "lvm", "/dev/vg")
    node.has_files = True
    block = FileStatus("block", 0, 1, 1, 0)
    monkeypatch.setattr(LocalHost, "status", lambda _host, path: block if path.startswith("/dev/vg/") else None)
    monkeypatch.setattr(LocalHost, "is_held", lambda _host, path: path == "/dev/vg/b")
    assert str(refused(node, "lvm")) == "delete_storage: the node works with b (/dev/vg/b)."


@pytest.mark.parametrize("kind", ["iscsi", "iscsi-direct", "scsi", "mpath"])
def test_volumes_that_libvirt_cannot_delete(kind: str, node: Node) -> None:
    source: dict[str, Any] = {
        "scsi": {"adapter": {"name": "scsi_host1"}},
        "mpath": {},
    }.get(kind, {"hosts": [{"name": "a"}], "devices": [{"path": "iqn.2026-01.org.example:a"}]})
    if kind == "iscsi-direct":
        source["initiator"] = "iqn.2026-01.org.example:b"
    target = {} if kind == "iscsi-direct" else {"target": {"path": "/dev/disk/by-path"}}
    node.manage("pool", {"name": "a", "type": kind, "source": source, **target, "state": "active"})
    assert str(refused(node, "a")) == (
        f"delete_storage: libvirt cannot delete the volumes of a pool of the type {kind}."
    )


def test_of_an_inactive_pool_nobody_knows_what_is_in_it(node: Node) -> None:
    node.manage("pool", IMAGES)
    fill(node)
    node.manage("pool", {"name": "images"}, state="inactive")
    assert "the pool images is not active" in str(refused(node))


@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize(
    ("disk", "how"),
    [
        ({"pool": "images", "volume": "a"}, "a disk"),
        ({"file": "/srv/images/a"}, "a disk"),
        ({"file": "/srv//images/./a"}, "a disk"),
    ],
)
def test_what_a_domain_uses_stays(disk: dict[str, Any], how: str, running: bool, node: Node) -> None:
    node.manage("pool", IMAGES)
    fill(node)
    for name in ("web1", "web2"):
        node.task(
            {**SMALL, "name": name, "disks": [{"target": "vda", **disk}]}, state="running" if running else "present"
        )
    error = refused(node)
    assert f"a is {how} of web1 and {how} of web2." in str(error)
    assert error.facts["domains"] == ["web1", "web2"]


def test_what_a_domain_boots_from_stays(node: Node) -> None:
    node.manage("pool", IMAGES)
    fill(node)
    node.task({**SMALL, "kernel": "/srv/images/a", "initrd": "/srv/images/b"})
    assert "a is the kernel of web1 and b is the initial file system of web1." in str(refused(node))


def test_what_volumes_of_other_pools_are_built_on_stays(node: Node) -> None:
    node.manage("pool", IMAGES)
    fill(node)
    overlay = "<volume><backingStore><path>/srv/images/b</path><format type='qcow2'/></backingStore></volume>"
    fill(node, "default", "/var/lib/libvirt/images", top=overlay)
    assert "top of the pool default is built on b." in str(refused(node))


def test_volumes_of_the_pool_may_be_built_on_each_other(node: Node) -> None:
    node.manage("pool", IMAGES)
    overlay = "<volume><backingStore><path>/srv/images/base</path><format type='qcow2'/></backingStore></volume>"
    fill(node, base="", top=overlay)
    assert len(remove(node)["actions"]) == 5


def test_folders_go_first_because_they_may_not_be_empty(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    describe = SimVolumes.describe

    def with_a_folder(volumes: SimVolumes, wanted: Any) -> list[VolumeRecord]:
        folder = '<volume type="dir"><name>z</name><target><path>/srv/images/z</path></target></volume>'
        records = describe(volumes, wanted)
        return [record._replace(document=folder) if record.name == "z" else record for record in records]

    monkeypatch.setattr(SimVolumes, "describe", with_a_folder)
    node.manage("pool", IMAGES)
    fill(node, a="", z="")
    assert remove(node)["actions"][:2] == ["delete the volume z (/srv/images/z)", "delete the volume a (/srv/images/a)"]


@pytest.mark.parametrize("call", ["volumes.delete", "pools.destroy", "pools.delete"])
def test_a_removal_that_fails_says_what_is_done(call: str, node: Node) -> None:
    node.manage("pool", IMAGES)
    fill(node)
    with pytest.raises(DriverError) as caught:
        node.manage("pool", {"name": "images"}, state="absent", delete_storage=True, parameters=f"fail={call}")
    expected = {"volumes.delete": 0, "pools.destroy": 2, "pools.delete": 3}[call]
    assert len(caught.value.facts["actions"]) == expected
    if call == "pools.delete":
        assert "it is no volume of the pool, and stays" in str(caught.value)
    with node.edit() as state:
        assert "images" in state.pools


def test_a_lost_answer_of_a_deletion_is_looked_into(node: Node) -> None:
    node.manage("pool", IMAGES)
    fill(node)
    with pytest.raises(OutcomeUnknown, match="this is still to be done"):
        node.manage(
            "pool", {"name": "images"}, state="absent", delete_storage=True, parameters="fail=volumes.delete:after"
        )
    assert remove(node)["pool"] == {"name": "images", "state": "absent"}
