# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading pools."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.model import Volume
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Driver
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError
from ansible_collections.stratum.virt.plugins.module_utils._reconcile import pool_info

from .conftest import Node, validated


@pytest.fixture
def pools(node: Node) -> Node:
    """A node with some pools."""
    for name in ("images", "images-old", "tmp"):
        state = "inactive" if name == "images-old" else "active"
        node.manage("pool", {"name": name, "type": "dir", "target": {"path": f"/srv/{name}"}}, state=state)
    with node.edit() as state:
        state.volumes("images").update(
            {
                "b": Volume("/srv/images/b", 1024**2, 1024**2),
                "a": Volume("/srv/images/a", 2 * 1024**2),
            }
        )
    return node


def info(node: Node, **options: Any) -> list[dict[str, Any]]:
    with node.connect() as driver:
        return pool_info.pools(driver, pool_info.load(validated("pool_info", options)))


def names(found: list[dict[str, Any]]) -> list[str]:
    return [entry["name"] for entry in found]


def test_all_of_them_with_their_sizes(pools: Node) -> None:
    found = info(pools)
    assert names(found) == ["default", "images", "images-old", "tmp"]
    assert all(
        set(entry) == {"name", "uuid", "state", "persistent", "autostart", "capacity", "allocation", "available"}
        for entry in found
    )
    by_name = {entry["name"]: entry for entry in found}
    assert by_name["images"]["state"] == "active"
    assert by_name["images"]["capacity"] > by_name["images"]["available"]
    assert by_name["images-old"]["state"] == "inactive"
    assert by_name["images-old"]["capacity"] == 0


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["images"], ["images"]),
        (["images*"], ["images", "images-old"]),
        (["tmp", "nothing", "im*ld"], ["images-old", "tmp"]),
        (["nothing"], []),
    ],
)
def test_by_name(patterns: list[str], expected: list[str], pools: Node) -> None:
    assert names(info(pools, name=patterns)) == expected


def test_by_state(pools: Node) -> None:
    assert names(info(pools, states=["inactive"])) == ["images-old"]
    assert names(info(pools, states=["active", "degraded"], name=["images*"])) == ["images"]


def test_what_is_asked_for(pools: Node) -> None:
    (entry,) = info(pools, name=["images"], gather=["spec", "xml", "volumes"])
    assert entry["spec"]["target"]["path"] == "/srv/images"
    assert entry["xml"].startswith('<pool type="dir">')
    assert "<capacity" not in entry["xml"]
    assert names(entry["volumes"]) == ["a", "b"]
    first = entry["volumes"][0]
    assert first["path"] == "/srv/images/a"
    assert first["capacity"] == 2 * 1024**2
    assert isinstance(first["allocation"], int)


def test_the_spec_makes_the_pool_again(pools: Node) -> None:
    for entry in info(pools, gather=["spec"]):
        assert not pools.manage("pool", entry["spec"])["changed"]


def test_a_pool_that_is_not_active_shows_no_volumes(pools: Node) -> None:
    (entry,) = info(pools, name=["images-old"], gather=["volumes"])
    assert entry["volumes"] == []


def test_volumes_of_many_pools_are_read_together(pools: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    with pools.connect() as driver:
        calls = counted(driver, monkeypatch)
        found = pool_info.pools(driver, pool_info.load(validated("pool_info", {"gather": ["spec", "xml", "volumes"]})))
    assert len(found) == 4
    assert calls == ["pools.describe", "volumes.describe"]


def counted(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which calls are made."""
    calls: list[str] = []
    for kind in ("pools", "volumes"):
        interface = getattr(driver, kind)
        for call in ("names", "describe"):
            if hasattr(interface, call):
                monkeypatch.setattr(interface, call, noting(calls, f"{kind}.{call}", getattr(interface, call)))
    return calls


def noting(calls: list[str], name: str, call: Any) -> Any:
    def noted(*arguments: Any, **options: Any) -> Any:
        calls.append(name)
        return call(*arguments, **options)

    return noted


def test_no_time_is_no_time_to_wait(node: Node) -> None:
    with pytest.raises(InputError, match="timeout: -1 is no time to wait"):
        info(node, timeout=-1)
