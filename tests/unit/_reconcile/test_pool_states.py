# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every state of a pool from every condition, in check mode and out of it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver.storage import PoolRecord
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    DriverError,
    InputError,
    NotSupported,
    OperationInvalid,
    OutcomeUnknown,
    StillDifferent,
)
from ansible_collections.stratum.virt.plugins.module_utils._reconcile.pool_state import CONDITIONS, WANTED

from .conftest import Node

IMAGES: dict[str, Any] = {"name": "images", "type": "dir", "target": {"path": "/srv/images"}}

FOLDER = "make the folder /srv/images"

STEPS: dict[tuple[str, str], list[str]] = {
    ("absent", "present"): ["define"],
    ("absent", "inactive"): ["define"],
    ("absent", "active"): ["define", FOLDER, "start"],
    ("absent", "absent"): [],
    **{(condition, "present"): [] for condition in CONDITIONS},
    ("inactive", "active"): [FOLDER, "start"],
    ("inactive", "inactive"): [],
    ("inactive", "absent"): ["undefine"],
    ("active", "active"): [],
    ("degraded", "active"): [],
    ("inaccessible", "active"): ["stop", FOLDER, "start"],
    **{(condition, "inactive"): ["stop"] for condition in ("active", "degraded", "inaccessible")},
    **{(condition, "absent"): ["stop", "undefine"] for condition in ("active", "degraded", "inaccessible")},
}


def record(node: Node, name: str = "images") -> PoolRecord | None:
    with node.connect() as driver:
        assert driver.pools is not None
        return next(iter(driver.pools.describe([name])), None)


def put(node: Node, condition: str) -> None:
    """Bring the pool into a condition."""
    if condition == "absent":
        return
    node.manage("pool", IMAGES, state="inactive" if condition == "inactive" else "active")
    if condition not in ("inactive", "active"):
        # No call leads there: libvirt finds it out by itself.
        with node.edit() as state:
            state.pools["images"].state = condition


@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize("condition", ["absent", *(word for word in CONDITIONS if word != "building")])
def test_from_every_condition_to_every_state(condition: str, wanted: str, node: Node) -> None:
    put(node, condition)
    before = node.bytes()
    foretold = node.manage("pool", IMAGES, state=wanted, check=True)
    assert node.bytes() == before
    done = node.manage("pool", IMAGES, state=wanted)
    assert done["actions"] == foretold["actions"] == STEPS[condition, wanted]
    assert done["changed"] is foretold["changed"] is bool(STEPS[condition, wanted])
    assert done["diff"] == foretold["diff"]
    assert done["pool"]["state"] == foretold["pool"]["state"]
    again = node.manage("pool", IMAGES, state=wanted)
    assert not again["changed"]
    assert again["actions"] == []
    assert again["diff"] == {"before": {}, "after": {}}


@pytest.mark.parametrize("wanted", ["active", "inactive", "absent"])
def test_a_pool_that_is_being_built_is_left_alone(wanted: str, node: Node) -> None:
    put(node, "building")
    before = node.bytes()
    with pytest.raises(OperationInvalid, match=rf"state: {wanted}: the pool images is building\. Run the task again"):
        node.manage("pool", IMAGES, state=wanted)
    assert node.bytes() == before


def test_the_pool_as_it_is_shown(node: Node) -> None:
    foretold = node.manage("pool", IMAGES, state="active", autostart=True, check=True)["pool"]
    shown = node.manage("pool", IMAGES, state="active", autostart=True)["pool"]
    for option in ("name", "state", "persistent", "autostart"):
        assert foretold[option] == shown[option]
    assert "capacity" not in foretold
    assert shown["capacity"] > shown["available"] > 0
    assert shown["allocation"] == shown["capacity"] - shown["available"]
    assert shown["spec"]["target"]["path"] == "/srv/images"
    assert "<path>/srv/images</path>" in shown["xml"]
    assert "capacity" not in shown["xml"]


def test_sizes_of_a_pool_that_is_to_be_stopped(node: Node) -> None:
    put(node, "active")
    for check in (True, False):
        pool = node.manage("pool", IMAGES, state="inactive", check=check)["pool"]
        assert (pool["capacity"], pool["allocation"], pool["available"]) == (0, 0, 0)


def test_what_is_shown_changes_nothing(node: Node) -> None:
    spec = node.manage("pool", IMAGES, state="active")["pool"]["spec"]
    again = node.manage("pool", spec, state="active")
    assert not again["changed"]
    assert again["pending"] == []


@pytest.mark.parametrize("state", ["present", "active", "inactive"])
def test_autostart_beside_every_state(state: str, node: Node) -> None:
    for wanted, words in ((True, "on"), (False, "off")):
        foretold = node.manage("pool", IMAGES, state=state, autostart=wanted, check=True)
        done = node.manage("pool", IMAGES, state=state, autostart=wanted)
        assert done["actions"] == foretold["actions"]
        assert done["actions"][-1] == f"switch autostart {words}"
        assert done["pool"]["autostart"] is wanted
        assert not node.manage("pool", IMAGES, state=state, autostart=wanted)["changed"]


def test_autostart_that_the_driver_does_not_have(node: Node) -> None:
    with pytest.raises(NotSupported, match=r"autostart: .* cannot start pools with the node"):
        node.manage("pool", IMAGES, autostart=True, parameters="without=autostart")
    assert record(node) is None


def make_transient(node: Node) -> None:
    put(node, "active")
    with node.edit() as state:
        state.pools["images"].config = None


@pytest.mark.parametrize("wanted", ["present", "active"])
def test_a_transient_pool_becomes_persistent(wanted: str, node: Node) -> None:
    make_transient(node)
    foretold = node.manage("pool", {"name": "images"}, state=wanted, check=True)
    done = node.manage("pool", {"name": "images"}, state=wanted)
    assert done["actions"] == foretold["actions"] == ["change the configuration"]
    assert done["diff"] == foretold["diff"] == {"before": {"persistent": False}, "after": {"persistent": True}}
    assert done["pool"]["persistent"]


def test_a_transient_pool_that_is_to_be_inactive_stays(node: Node) -> None:
    make_transient(node)
    done = node.manage("pool", {"name": "images"}, state="inactive")
    assert done["actions"] == ["change the configuration", "stop"]
    assert done["pool"]["state"] == "inactive"


def test_a_transient_pool_is_gone_when_it_is_stopped(node: Node) -> None:
    make_transient(node)
    foretold = node.manage("pool", {"name": "images"}, state="absent", check=True)
    done = node.manage("pool", {"name": "images"}, state="absent")
    assert done["actions"] == foretold["actions"] == ["stop"]
    assert record(node) is None


def test_it_is_found_by_its_uuid(node: Node) -> None:
    uuid = node.manage("pool", IMAGES)["pool"]["uuid"]
    assert not node.manage("pool", IMAGES, uuid=uuid.upper())["changed"]
    with pytest.raises(InputError, match=rf"uuid: images has the UUID {uuid}, which never changes"):
        node.manage("pool", IMAGES, uuid="1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed")
    for state in ("present", "absent"):
        with pytest.raises(InputError, match="uuid: it is that of the pool images"):
            node.manage("pool", {"name": "other"}, uuid=uuid, state=state)


def test_a_failing_start_says_what_was_done(node: Node) -> None:
    with pytest.raises(DriverError) as caught:
        node.manage("pool", IMAGES, state="active", parameters="fail=pools.start")
    assert caught.value.facts["actions"] == ["define", FOLDER]
    assert caught.value.facts["failed_action"] == "start"
    assert caught.value.facts["changed"]
    assert node.manage("pool", IMAGES, state="active")["actions"] == [FOLDER, "start"]


@pytest.mark.parametrize("call", ["define", "build", "start"])
def test_a_lost_answer_with_more_to_do_is_an_error(call: str, node: Node) -> None:
    with pytest.raises(OutcomeUnknown, match=r"this is still to be done: .*switch autostart on"):
        node.manage("pool", IMAGES, state="active", autostart=True, parameters=f"fail=pools.{call}:after")
    done = node.manage("pool", IMAGES, state="active", autostart=True)
    assert done["pool"]["state"] == "active"
    assert done["pool"]["autostart"]


def test_the_last_answer_may_get_lost(node: Node) -> None:
    done = node.manage("pool", IMAGES, state="active", parameters="fail=pools.start:after")
    assert done["actions"] == ["define", FOLDER, "start"]
    assert done["pool"]["state"] == "active"


@pytest.mark.parametrize("call", ["undefine", "destroy"])
def test_the_lost_answer_of_a_removal(call: str, node: Node) -> None:
    put(node, "active" if call == "destroy" else "inactive")
    if call == "destroy":
        make_transient(node)
    done = node.manage("pool", {"name": "images"}, state="absent", parameters=f"fail=pools.{call}:after")
    assert done["pool"] == {"name": "images", "state": "absent"}
    assert record(node) is None


def test_what_does_not_come_to_be_is_an_error(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.pools import SimPools

    monkeypatch.setattr(SimPools, "start", lambda _pools, _name: None)
    with pytest.raises(StillDifferent, match="the pool images is inactive, not active"):
        node.manage("pool", IMAGES, state="active")
    monkeypatch.setattr(SimPools, "undefine", lambda _pools, _name: None)
    with pytest.raises(StillDifferent, match="the pool images is still there"):
        node.manage("pool", IMAGES, state="absent")


def test_what_the_hypervisor_does_not_keep_is_an_error(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.pools import SimPools

    put(node, "inactive")
    monkeypatch.setattr(SimPools, "define", lambda _pools, _document: None)
    with pytest.raises(StillDifferent, match=r"the configuration of images still differs in target\.path") as caught:
        node.manage("pool", {"name": "images", "target": {"path": "/srv/other"}})
    assert caught.value.facts["differences"] == {"target.path": {"wanted": "/srv/other", "found": "/srv/images"}}
    with pytest.raises(StillDifferent, match="the pool other is gone"):
        node.manage("pool", {**IMAGES, "name": "other", "target": {"path": "/srv/third"}})
