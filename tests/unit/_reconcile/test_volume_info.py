# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading volumes: those that are asked for, with what is asked for, in few round trips."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver import storage
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.control import edit
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.volumes import SimVolumes
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError, NotFound, NotSupported
from ansible_collections.stratum.virt.plugins.module_utils._reconcile import volume_info

from .conftest import SMALL, Node, Result, validated

SECOND = """
<pool type="dir"><name>second</name><target><path>/srv/second</path></target></pool>
"""
ALWAYS = {"name", "pool", "state", "key", "type", "path", "format", "capacity", "allocation", "physical"}


@pytest.fixture
def node(node: Node) -> Node:
    with node.connect() as driver:
        assert driver.pools is not None
        driver.pools.define(SECOND)
        driver.pools.build("second")
        driver.pools.start("second")
    for pool, name in (("default", "web1.qcow2"), ("default", "web2.qcow2"), ("second", "web1.qcow2")):
        node.manage("volume", {"pool": pool, "name": name, "format": "qcow2", "capacity": "1GiB"})
    node.manage("volume", {"pool": "default", "name": "a[1].img", "capacity": "1MiB", "allocation": 0})
    return node


def info(node: Node, parameters: str = "", **options: Any) -> list[Result]:
    query = volume_info.load(validated("volume_info", options))
    with node.connect(parameters) as driver:
        return volume_info.volumes(driver, query)


def found(node: Node, **options: Any) -> list[str]:
    return [f"{volume['pool']}/{volume['name']}" for volume in info(node, **options)]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["default/a[1].img", "default/web1.qcow2", "default/web2.qcow2", "second/web1.qcow2"]),
        ({"pool": ["second"]}, ["second/web1.qcow2"]),
        ({"pool": ["s*"]}, ["second/web1.qcow2"]),
        ({"pool": ["nowhere"]}, []),
        ({"pool": ["n*"]}, []),
        ({"name": ["web1.qcow2"]}, ["default/web1.qcow2", "second/web1.qcow2"]),
        ({"name": ["web2.qcow2", "nothing"]}, ["default/web2.qcow2"]),
        ({"name": ["*.img"]}, ["default/a[1].img"]),
        ({"name": ["a[1].img"]}, ["default/a[1].img"]),
        ({"pool": ["default"], "name": ["*1.qcow2"]}, ["default/web1.qcow2"]),
        ({"name": ["nothing"]}, []),
    ],
)
def test_volumes_are_selected_by_names_and_patterns(node: Node, query: dict[str, Any], names: list[str]) -> None:
    assert found(node, **query) == names


def test_only_what_was_asked_for_is_returned(node: Node) -> None:
    (volume,) = info(node, name=["web2.qcow2"])
    assert set(volume) == ALWAYS
    assert (volume["capacity"], volume["format"], volume["type"]) == (1024**3, "qcow2", "file")
    (volume,) = info(node, name=["web2.qcow2"], gather=["spec", "xml", "domains", "content"])
    assert set(volume) == {*ALWAYS, "spec", "xml", "domains", "content"}
    assert (volume["domains"], volume["content"]) == ([], None)
    assert "<name>web2.qcow2</name>" in volume["xml"]


def test_every_spec_makes_its_volume_again(node: Node) -> None:
    for volume in info(node, gather=["spec"]):
        assert not node.manage("volume", volume["spec"])["changed"]


def test_domains_are_named_once(node: Node) -> None:
    disks = [
        {"target": "vda", "pool": "default", "volume": "web1.qcow2", "format": "qcow2"},
        {"target": "vdb", "file": "/var/lib/libvirt/images/web2.qcow2", "format": "qcow2"},
    ]
    node.task({**SMALL, "disks": disks})
    node.put("running")
    node.task({**SMALL, "name": "web2", "disks": [{**disks[1], "shareable": True}]})
    users = {volume["name"]: volume["domains"] for volume in info(node, pool=["default"], gather=["domains"])}
    assert users == {
        "a[1].img": [],
        "web1.qcow2": [{"name": "web1", "how": "a disk", "target": "vda", "running": True}],
        "web2.qcow2": [
            {"name": "web1", "how": "a disk", "target": "vdb", "running": True},
            {"name": "web2", "how": "a disk", "target": "vdb", "running": False},
        ],
    }


def test_a_volume_that_goes_meanwhile_is_no_error(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_volumes: storage.Volumes, pool: str, name: str) -> str | None:
        raise NotFound(f"there is no volume {name} in the pool {pool}.")

    monkeypatch.setattr(SimVolumes, "mark", gone)
    assert [volume["content"] for volume in info(node, pool=["second"], gather=["content"])] == [None]


def test_a_pool_that_is_not_active_shows_nothing(node: Node) -> None:
    with node.connect() as driver:
        assert driver.pools is not None
        driver.pools.destroy("default")
    assert found(node) == ["second/web1.qcow2"]


def test_a_driver_without_storage_says_so(node: Node) -> None:
    with pytest.raises(NotSupported, match="has no storage pools"):
        info(node, parameters="without=volumes")


def test_no_time_is_refused(node: Node) -> None:
    with pytest.raises(InputError, match="timeout"):
        info(node, timeout=0)


def test_many_volumes_take_no_more_calls_than_one(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    with edit(str(node.path)) as state:
        there = state.volumes("default")
        for number in range(50):
            there[f"many{number}"] = there["a[1].img"]
    calls: list[object] = []
    with node.connect() as driver:
        assert driver.volumes is not None
        describe = driver.volumes.describe

        def counted(volumes: Any) -> list[storage.VolumeRecord]:
            calls.append(volumes)
            return describe(volumes)

        monkeypatch.setattr(driver.volumes, "describe", counted)
        query = volume_info.load(validated("volume_info", {"gather": ["spec", "domains"]}))
        assert len(volume_info.volumes(driver, query)) == 54
    assert len(calls) == 1
