# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The states of a volume: every step of its life in check mode, for real, and once more."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document.lxml import etree
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError, NotSupported, StillDifferent
from ansible_collections.stratum.virt.plugins.module_utils._reconcile import volume_seen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import Node

DATA: dict[str, Any] = {"pool": "default", "name": "data.qcow2", "format": "qcow2", "capacity": "1GiB"}
IMAGES = "/var/lib/libvirt/images"

CYCLE: list[tuple[dict[str, Any], list[str], dict[str, Any]]] = [
    (
        {},
        ["create"],
        {"before": {"state": "absent"}, "after": {"state": "present", "capacity": "1GiB", "format": "qcow2"}},
    ),
    ({"capacity": "2GiB"}, ["grow to 2GiB"], {"before": {"capacity": "1GiB"}, "after": {"capacity": "2GiB"}}),
    (
        {"capacity": "1536MiB", "allow_shrink": True},
        ["shrink to 1536MiB"],
        {"before": {"capacity": "2GiB"}, "after": {"capacity": "1536MiB"}},
    ),
    ({"state": "absent"}, ["delete"], {"before": {"state": "present"}, "after": {"state": "absent"}}),
    (
        {},
        ["create"],
        {"before": {"state": "absent"}, "after": {"state": "present", "capacity": "1GiB", "format": "qcow2"}},
    ),
    (
        {"state": "absent", "wipe": "zero"},
        ["wipe (zero)", "delete"],
        {"before": {"state": "present"}, "after": {"state": "absent"}},
    ),
]


def test_the_whole_cycle(node: Node) -> None:
    """Check mode, the real run, check mode again, and again: each with its changes, its diff and what is there then."""
    for more, actions, diff in CYCLE:
        before = node.bytes()
        foretold = node.manage("volume", DATA, check=True, **more)
        assert node.bytes() == before
        done = node.manage("volume", DATA, **more)
        for result in (foretold, done):
            assert (result["changed"], result["actions"], result["diff"]) == (True, actions, diff)
            assert result["volume"]["state"] == more.get("state", "present")
        after = node.bytes()
        for check in (True, False):
            again = node.manage("volume", DATA, check=check, **more)
            assert (again["changed"], again["actions"]) == (False, [])
            assert again["diff"] == {"before": {}, "after": {}}
            assert again["volume"] == done["volume"]
        assert node.bytes() == after


def test_a_new_volume_is_what_check_mode_shows(node: Node) -> None:
    foretold = node.manage("volume", DATA, check=True)["volume"]
    done = node.manage("volume", DATA)["volume"]
    assert {fact: value for fact, value in done.items() if fact in foretold} == {
        **foretold,
        "spec": done["spec"],
        "xml": done["xml"],
    }
    assert done["path"] == f"{IMAGES}/data.qcow2"
    assert foretold["spec"].items() <= done["spec"].items()


def test_what_is_read_makes_the_same_again(node: Node) -> None:
    node.manage("volume", DATA)
    overlay = {"pool": "default", "name": "top.qcow2", "format": "qcow2", "backing": {"volume": "data.qcow2"}}
    spec = node.manage("volume", overlay)["volume"]["spec"]
    assert not node.manage("volume", spec)["changed"]
    node.manage("volume", overlay, state="absent")
    assert node.manage("volume", spec)["volume"]["spec"] == spec


@pytest.mark.parametrize("pool", ["default", "nowhere"])
def test_what_is_missing_is_absent_already(node: Node, pool: str) -> None:
    result = node.manage("volume", {"pool": pool, "name": "data.qcow2", "state": "absent"})
    assert not result["changed"]
    assert result["volume"] == {"name": "data.qcow2", "pool": pool, "state": "absent"}


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_pool_that_is_not_active_shows_nothing(node: Node, state: str) -> None:
    node.manage("volume", DATA)
    with node.connect() as driver:
        assert driver.pools is not None
        driver.pools.destroy("default")
    with pytest.raises(InputError, match="default is not active"):
        node.manage("volume", DATA, state=state)


def test_a_pool_that_is_not_there_is_answered_with_those_that_are(node: Node) -> None:
    with pytest.raises(InputError, match=r"there is no pool nowhere\. Known: default\."):
        node.manage("volume", {**DATA, "pool": "nowhere"})


def test_a_driver_without_storage_says_so(node: Node) -> None:
    with pytest.raises(NotSupported, match="has no storage pools"):
        node.manage("volume", DATA, parameters="without=volumes")


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"name": "../x"}, "name"),
        ({"name": "."}, "name"),
        ({"name": "a/b"}, "name"),
        ({"name": "x.stratum-partial"}, "name"),
        ({"name": "x.stratum-partial-source"}, "name"),
        ({"name": "x.stratum-copying"}, "name"),
        ({"pool": "a/b"}, "pool"),
        ({"capacity": "-1"}, "capacity"),
        ({"capacity": "0"}, "capacity"),
        ({"capacity": None}, "capacity"),
        ({"format": "qcow3"}, "format"),
        ({"format": "raw", "compat": "1.1"}, "compat"),
        ({"format": None, "extended_l2": True}, "extended_l2"),
        ({"format": "raw", "backing": {"path": "/a", "format": "raw"}}, "backing"),
        ({"backing": {"path": "/a"}}, "backing.format"),
        ({"backing": {"volume": "nothing"}}, "backing.volume"),
        ({"backing": {"volume": "../a"}}, "backing.volume"),
        ({"backing": {"pool": "other", "volume": "nothing"}}, "backing.volume"),
        ({"backing": {"pool": "default"}}, "backing.pool"),
        ({"backing": {"volume": "a", "path": "/a"}}, "backing"),
        ({"backing": {"format": "raw"}}, "backing"),
        ({"encryption": {"format": "luks"}}, "encryption.secret_uuid"),
        ({"wipe": "zero"}, "wipe"),
        ({"replace": True}, "replace"),
        ({"timeout": 0}, "timeout"),
        ({"permissions": {"mode": "rw"}}, "permissions.mode"),
        ({"compat": "0.10", "lazy_refcounts": True}, "lazy_refcounts"),
    ],
)
def test_what_cannot_be_right_names_its_option(node: Node, options: dict[str, Any], option: str) -> None:
    before = node.bytes()
    for check in (True, False):
        with pytest.raises(InputError) as failed:
            node.manage("volume", {**DATA, **options}, check=check)
        assert failed.value.option == option
    assert node.bytes() == before


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"format": "raw"}, "format is qcow2 and raw is wanted"),
        ({"cluster_size": "128KiB"}, "cluster_size is 64KiB and 128KiB is wanted"),
        ({"compat": "1.1"}, "compat is 0.10 and 1.1 is wanted"),
        ({"extended_l2": True}, "extended_l2 is not there and True is wanted"),
        ({"backing": {"volume": "other", "format": "raw"}}, "backing.path is not there"),
    ],
)
def test_what_cannot_change_names_what_is_and_what_is_wanted(node: Node, wanted: dict[str, Any], says: str) -> None:
    node.manage("volume", DATA)
    node.manage("volume", {"pool": "default", "name": "other", "capacity": "1MiB"})
    with pytest.raises(InputError, match=says):
        node.manage("volume", {**DATA, **wanted})


def test_what_only_counts_for_a_new_volume_is_no_difference(node: Node) -> None:
    node.manage("volume", {**DATA, "format": "raw"})
    node.manage("volume", DATA, name="image")
    for options in ({"format": "iso"}, {"allocation": 0}, {"nocow": True}, {"permissions": {"label": "a:b:c"}}):
        assert not node.manage("volume", {**DATA, "format": "raw", **options})["changed"]


def test_permissions_are_those_of_the_file(node: Node) -> None:
    node.manage("volume", DATA, permissions={"mode": "0640"})
    assert not node.manage("volume", DATA, permissions={"mode": 0o640})["changed"]
    with pytest.raises(NotSupported, match=r"permissions\.mode"):
        node.manage("volume", DATA, permissions={"mode": "0600"})


def test_a_volume_that_is_not_kept_as_stated_is_an_error(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """After applying, the volume is read and compared again."""
    read = volume_seen.parse

    def forgetful(record: Any) -> Any:
        document = read(record)
        etree.strip_elements(document, "compat")
        return document

    monkeypatch.setattr(volume_seen, "parse", forgetful)
    with pytest.raises(StillDifferent, match="compat") as failed:
        node.manage("volume", DATA, compat="1.1")
    assert failed.value.facts["differences"] == {"compat": {"wanted": "1.1", "found": None}}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    capacity=st.integers(1, 2**22),
    more=st.integers(0, 2**22),
    kind=st.sampled_from(["raw", "qcow2"]),
    unit=st.sampled_from(["B", "KB", "KiB", "MiB"]),
)
def test_any_capacity_is_reached_once(node: Node, capacity: int, more: int, kind: str, unit: str) -> None:
    """Storage rounds up what it cannot give exactly; that is no difference, and never a reason to shrink."""
    for size in (capacity, capacity + more):
        task = {"pool": "default", "name": "any", "format": kind, "capacity": f"{size}{unit}", "allocation": 0}
        done = node.manage("volume", task)
        assert done["volume"]["capacity"] >= size
        again = node.manage("volume", task)
        assert (again["changed"], again["volume"]["capacity"]) == (False, done["volume"]["capacity"])
    node.manage("volume", {"pool": "default", "name": "any", "state": "absent"})
