# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every wanted state of a network from every condition: what is done, and that check mode knew it."""

from __future__ import annotations

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError, OperationInvalid
from ansible_collections.stratum.virt.plugins.module_utils._reconcile.network_request import WANTED

from .conftest import Node
from .networks import LAB, MAC, both, connected, ports, put, record, refused, task

# From a condition to a wanted state: what is done, and what the network is then.
DONE: dict[str, dict[str, tuple[list[str], str]]] = {
    "absent": {
        "present": (["define"], "inactive"),
        "active": (["define", "start"], "active"),
        "inactive": (["define"], "inactive"),
        "absent": ([], "absent"),
    },
    "inactive": {
        "present": ([], "inactive"),
        "active": (["start"], "active"),
        "inactive": ([], "inactive"),
        "absent": (["undefine"], "absent"),
    },
    "active": {
        "present": ([], "active"),
        "active": ([], "active"),
        "inactive": (["stop"], "inactive"),
        "absent": (["stop", "undefine"], "absent"),
    },
    "transient": {
        "present": (["change the configuration"], "active"),
        "active": (["change the configuration"], "active"),
        "inactive": (["change the configuration", "stop"], "inactive"),
        "absent": (["stop"], "absent"),
    },
}


@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize("condition", DONE)
def test_from_every_condition_to_every_state(node: Node, condition: str, wanted: str) -> None:
    task(node, **LAB)
    put(node, condition)
    actions, end = DONE[condition][wanted]
    options = {} if wanted == "absent" else LAB
    done = both(node, **{**options, "name": "lab", "state": wanted})
    assert done["actions"] == actions
    assert done["changed"] == bool(actions)
    assert done["network"]["state"] == end
    found = record(node)
    assert (found is None) == (end == "absent")
    if found is not None:
        assert found.active == (end == "active")
        assert found.persistent
        assert done["network"]["uuid"] == found.uuid


@pytest.mark.parametrize("wanted", ["present", "active", "inactive"])
@pytest.mark.parametrize("condition", ["absent", "inactive", "active"])
def test_autostart_holds_beside_every_state(node: Node, condition: str, wanted: str) -> None:
    task(node, **LAB)
    put(node, condition)
    done = both(node, **LAB, state=wanted, autostart=True)
    assert done["actions"][-1] == "switch autostart on"
    found = record(node)
    assert found is not None
    assert found.autostart
    assert both(node, autostart=False)["actions"] == ["switch autostart off"]


def test_check_mode_of_a_removal_removes_nothing(node: Node) -> None:
    task(node, **LAB)
    foretold = task(node, check=True, state="absent")
    assert foretold["changed"]
    assert foretold["actions"] == ["undefine"]
    assert record(node) is not None


def test_a_missing_network_is_absent_already(node: Node) -> None:
    assert not both(node, state="absent")["changed"]


@pytest.mark.parametrize("state", ["inactive", "absent"])
def test_a_network_in_use_is_stopped_only_by_force(node: Node, state: str) -> None:
    task(node, **LAB, state="active")
    connected(node, MAC)
    error = refused(node, OperationInvalid, state=state)
    assert f"web1 ({MAC})" in str(error)
    assert error.facts["connected"] == ["web1"]
    done = both(node, state=state, force=True)
    assert any(f"web1 ({MAC})" in warning for warning in done["warnings"])


def test_who_was_cut_off_is_connected_by_the_next_start(node: Node) -> None:
    task(node, **LAB, state="active")
    connected(node, MAC, "52:54:00:00:00:02")
    task(node, state="inactive", force=True)
    assert ports(node) == []
    done = both(node, state="active")
    assert done["actions"] == ["start", f"reconnect web1 ({MAC})", "reconnect web1 (52:54:00:00:00:02)"]
    assert sorted(ports(node)) == [MAC, "52:54:00:00:00:02"]


def test_a_uuid_never_changes(node: Node) -> None:
    task(node, **LAB, uuid="6b3fd0f2-6b5c-4c4a-9a0e-0e2c4f5d7a11")
    both(node, uuid="6B3FD0F26B5C4C4A9A0E0E2C4F5D7A11")
    error = refused(node, InputError, uuid="7b3fd0f2-6b5c-4c4a-9a0e-0e2c4f5d7a11")
    assert error.facts["option"] == "uuid"


@pytest.mark.parametrize("state", WANTED)
def test_a_network_is_not_renamed(node: Node, state: str) -> None:
    task(node, **LAB, uuid="6b3fd0f2-6b5c-4c4a-9a0e-0e2c4f5d7a11")
    error = refused(node, InputError, name="other", uuid="6b3fd0f2-6b5c-4c4a-9a0e-0e2c4f5d7a11", state=state)
    assert error.facts["option"] == "name"
    assert "lab" in str(error)


def test_the_result_has_all_of_it(node: Node) -> None:
    done = task(node, **LAB, state="active", autostart=True)
    assert done["uri"].startswith("sim://")
    network = done["network"]
    assert (network["name"], network["state"]) == ("lab", "active")
    assert network["persistent"]
    assert network["autostart"]
    assert network["spec"]["ip"][0]["dhcp"]["hosts"][0] == {"mac": MAC, "ip": "10.1.2.11", "name": "one"}
    assert network["xml"].startswith("<network")
    assert done["diff"]["before"] == {"state": "absent", "autostart": False}
    assert done["diff"]["after"]["state"] == "active"
    assert not both(node, **network["spec"])["changed"]
