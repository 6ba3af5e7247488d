# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of a domain: at once where it runs and can, else pending, and a power cycle only with consent."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document import tree
from ansible_collections.stratum.virt.plugins.module_utils._document.domain import DOMAIN
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError, StillDifferent

from .conftest import SMALL, Node, Result

MORE_DISK = {"target": "vdb", "file": "/images/b.qcow2"}
SECOND_DISK = {"disks": [*SMALL["disks"], MORE_DISK]}

# What a running domain takes at once: options, what is done, and where it is then seen.
LIVE: dict[str, tuple[dict[str, Any], list[str]]] = {
    "memory": ({"memory": "96MiB"}, ["change the configuration", "set memory to 96MiB"]),
    "vcpus": ({"vcpus": 3}, ["change the configuration", "set vcpus to 3"]),
    "title": ({"title": "A server"}, ["change the configuration", "set title"]),
    "description": ({"description": "Two\nlines"}, ["change the configuration", "set description"]),
    "tags": ({"tags": ["web", "prod"]}, ["change the configuration", "set tags"]),
    "a disk": (SECOND_DISK, ["change the configuration", "attach disks[vdb]"]),
    "an interface": (
        {"interfaces": [{"network": "default"}, {"bridge": "br0", "mac": "52:54:00:00:00:02"}]},
        ["change the configuration", "attach interfaces[52:54:00:00:00:02]"],
    ),
    "a link": (
        {"interfaces": [{"network": "default", "link": False}]},
        ["change the configuration", "update interfaces[{mac}]"],
    ),
    "a medium": (
        {"disks": [{"target": "sda", "file": "/isos/b.iso"}]},
        ["change the configuration", "update disks[sda]"],
    ),
}
# What it cannot take before its next start.
PENDING: dict[str, tuple[dict[str, Any], list[str]]] = {
    "the CPU's mode": ({"cpu": {"mode": "host-passthrough"}}, ["cpu.mode"]),
    "a ceiling": ({"memory_max": "256MiB"}, ["memory_max"]),
    "memory above the ceiling": ({"memory": "512MiB"}, ["memory", "memory_max"]),
    "vCPUs above the ceiling": ({"vcpus": 6}, ["vcpus", "vcpus_max"]),
    "a disk's cache": ({"disks": [{"target": "vda", "cache": "none"}]}, ["disks[vda].cache"]),
    "a disk on a bus that cannot": ({"disks": [{"target": "sdb", "file": "/images/c"}]}, ["disks[sdb]"]),
    "raw XML": ({"xml": "<domain><sysinfo type='fwcfg'/></domain>"}, ["xml/sysinfo"]),
}

CDROM = {"target": "sda", "device": "cdrom", "file": "/isos/a.iso"}


def running(node: Node, **options: Any) -> None:
    node.create(**{"disks": [*SMALL["disks"], CDROM], **options})
    node.put("running")


def essence(result: Result) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name not in ("domain", "uri")}


def nothing_to_do(result: Result) -> None:
    assert (result["changed"], result["actions"], result["diff"]) == (False, [], {"before": {}, "after": {}})


def says(document: Any, options: dict[str, Any]) -> None:
    """Assert that a document says what a task stated."""
    stated = DOMAIN.load(options)
    assert [item.path for item in DOMAIN.differences(document, stated, "", frozenset())] == []


@pytest.mark.parametrize("what", list(LIVE))
def test_a_running_domain_is_changed_at_once(node: Node, what: str) -> None:
    options, actions = LIVE[what]
    running(node)
    mac = node.config().find("devices/interface/mac").get("address")
    options = {"name": "web1", **options}

    before = node.bytes()
    foretold = node.task(options, check=True)
    assert node.bytes() == before

    done = node.task(options)
    assert done["actions"] == [action.format(mac=mac) for action in actions]
    assert essence(done) == essence(foretold)
    assert (done["changed"], done["pending"], done["restart_required"]) == (True, [], False)
    assert done["diff"]["after"]
    says(node.live(), options)
    says(node.config(), options)

    settled = node.bytes()
    nothing_to_do(node.task(options, check=True))
    nothing_to_do(node.task(options))
    assert node.config().find("devices/interface/mac").get("address") == mac
    assert tree.parse(node.record().config or "", "") is not None  # type: ignore[union-attr]
    assert node.bytes().count(b"stopped") == settled.count(b"stopped")


@pytest.mark.parametrize("what", list(LIVE))
def test_a_driver_that_changes_nothing_live_leaves_it_pending(node: Node, what: str) -> None:
    options, _actions = LIVE[what]
    running(node)
    options = {"name": "web1", **options}
    without = "without=live_memory,live_vcpus,live_metadata,hotplug,update_device"
    foretold = node.task(options, check=True, parameters=without)
    done = node.task(options, parameters=without)
    assert essence(done) == essence(foretold)
    assert done["actions"] == ["change the configuration"]
    assert [item["field"] for item in done["pending"]] == list(done["diff"]["after"])
    assert all("this hypervisor cannot" in item["reason"] for item in done["pending"])
    again = node.task(options, parameters=without)
    nothing_to_do(again)
    assert again["pending"] == done["pending"]
    # Another day, with a driver that can.
    assert node.task(options)["pending"] == []


@pytest.mark.parametrize("what", list(PENDING))
def test_what_has_to_wait_is_pending_by_name(node: Node, what: str) -> None:
    options, fields = PENDING[what]
    running(node)
    options = {"name": "web1", **options}

    before = node.bytes()
    foretold = node.task(options, check=True)
    assert node.bytes() == before
    done = node.task(options)
    assert essence(done) == essence(foretold)
    assert done["actions"] == ["change the configuration"]
    assert sorted(item["field"] for item in done["pending"]) == fields
    assert all("takes effect at the next start" in item["reason"] for item in done["pending"])
    assert done["restart_required"]
    assert done["domain"]["state"] == "running"

    for check in (True, False):
        again = node.task(options, check=check)
        nothing_to_do(again)
        # A ceiling that was raised for what was stated is no news any more.
        assert {item["field"] for item in again["pending"]} >= set(fields).intersection(options)
        assert {item["field"] for item in again["pending"]} <= set(fields)
        assert again["pending"]
        assert again["restart_required"]

    # Whatever starts it next, it is there, and nothing is left to do.
    node.task(options, state="restarted")
    after = node.task(options)
    nothing_to_do(after)
    assert (after["pending"], after["restart_required"]) == ([], False)


@pytest.mark.parametrize("what", list(PENDING))
@pytest.mark.parametrize("condition", ["running", "paused"])
def test_a_power_cycle_with_consent(node: Node, what: str, condition: str) -> None:
    options, _fields = PENDING[what]
    running(node)
    if condition == "paused":
        node.task({"name": "web1"}, state="paused")
    options = {"name": "web1", **options, "restart": "if_needed"}
    cycle = {"running": ["shut down", "start"], "paused": ["resume", "shut down", "start paused"]}[condition]

    before = node.bytes()
    foretold = node.task(options, check=True)
    assert node.bytes() == before
    done = node.task(options)
    assert essence(done) == essence(foretold)
    assert done["actions"] == ["change the configuration", *cycle]
    assert (done["pending"], done["restart_required"]) == ([], False)
    assert done["domain"]["state"] == condition
    for check in (True, False):
        nothing_to_do(node.task(options, check=check))


def test_consent_does_not_restart_without_need(node: Node) -> None:
    running(node)
    done = node.task({"name": "web1"}, memory="96MiB", restart="if_needed")
    assert done["actions"] == ["change the configuration", "set memory to 96MiB"]


def test_a_stopped_domain_waits_for_nothing(node: Node) -> None:
    node.create()
    done = node.task(SMALL, cpu={"mode": "host-passthrough"}, restart="if_needed")
    assert done["actions"] == ["change the configuration"]
    assert (done["pending"], done["domain"]["state"]) == ([], "stopped")


def test_a_change_beside_a_start_takes_effect_with_it(node: Node) -> None:
    node.create()
    done = node.task(SMALL, cpu={"mode": "host-passthrough"}, state="running")
    assert done["actions"] == ["change the configuration", "start"]
    assert done["pending"] == []
    assert node.live().find("cpu").get("mode") == "host-passthrough"


def test_a_change_beside_a_stop_does_not_bother_the_guest(node: Node) -> None:
    running(node)
    done = node.task({"name": "web1"}, memory="96MiB", state="stopped")
    assert done["actions"] == ["change the configuration", "shut down"]
    assert done["pending"] == []


# Guests that do not help


def test_a_guest_that_keeps_its_memory_is_pending_and_no_change_for_ever(node: Node) -> None:
    running(node)
    node.is_like("deaf")
    options = {"name": "web1", "memory": "96MiB"}
    first = node.task(options)
    assert (first["changed"], first["actions"]) == (True, ["change the configuration"])
    assert [item["field"] for item in first["pending"]] == ["memory"]
    assert "the guest has not done it within 0.3 s" in first["pending"][0]["reason"]
    again = node.task(options)
    assert (again["changed"], again["actions"]) == (False, [])
    assert again["pending"] == first["pending"]
    assert again["diff"] == {"before": {}, "after": {}}
    foretold = node.task(options, check=True)
    assert (foretold["changed"], foretold["actions"], foretold["diff"]) == (False, [], {"before": {}, "after": {}})
    assert [item["field"] for item in foretold["pending"]] == ["memory"]


@pytest.mark.parametrize("call", ["attach_device", "update_device"])
def test_what_the_running_domain_has_no_place_for_waits(node: Node, call: str) -> None:
    running(node)
    change: dict[str, Any] = {
        "attach_device": {"disks": [*SMALL["disks"], MORE_DISK]},
        "update_device": {"interfaces": [{"network": "default", "link": False}]},
    }[call]
    refusal = f"fail={call}:before:1:invalid"
    done = node.task({"name": "web1", **change}, parameters=refusal)
    assert done["actions"] == ["change the configuration"]
    assert len(done["pending"]) == 1
    assert "takes effect at the next start: " in done["pending"][0]["reason"]
    assert node.task({"name": "web1", **change})["changed"]
    nothing_to_do(node.task({"name": "web1", **change}))


def test_a_guest_that_keeps_a_device(node: Node) -> None:
    running(node, disks=[*SMALL["disks"], MORE_DISK])
    node.is_like("deaf")
    options = {"name": "web1", "disks": [{"target": "vda"}], "exclusive": ["disks"]}
    first = node.task(options)
    assert first["actions"] == ["change the configuration"]
    assert [item["field"] for item in first["pending"]] == ["disks[vdb]"]
    assert "the guest has not done it" in first["pending"][0]["reason"]
    assert len(node.config().findall("devices/disk")) == 1
    again = node.task(options)
    nothing_to_do(again)
    assert again["pending"] == first["pending"]
    foretold = node.task(options, check=True)
    assert (foretold["changed"], foretold["actions"]) == (False, [])
    assert [item["field"] for item in foretold["pending"]] == ["disks[vdb]"]


def test_a_guest_that_keeps_its_vcpus(node: Node) -> None:
    running(node, vcpus=3)
    node.is_like("deaf")
    first = node.task({"name": "web1", "vcpus": 1})
    assert first["actions"] == ["change the configuration"]
    assert [item["field"] for item in first["pending"]] == ["vcpus"]
    assert "the guest did not let go of its vCPUs" in first["pending"][0]["reason"]
    nothing_to_do(node.task({"name": "web1", "vcpus": 1}))


@pytest.mark.parametrize("kind", ["no_balloon", "no_unplug"])
def test_trying_shows_that_a_cycle_is_needed(node: Node, kind: str) -> None:
    running(node, disks=[*SMALL["disks"], MORE_DISK])
    node.is_like(kind)
    change = {
        "no_balloon": {"memory": "96MiB"},
        "no_unplug": {"disks": [{"target": "vda"}], "exclusive": ["disks"]},
    }[kind]
    done = node.task({"name": "web1", **change}, restart="if_needed")
    assert done["actions"] == ["change the configuration", "shut down", "start"]
    assert (done["changed"], done["pending"]) == (True, [])
    nothing_to_do(node.task({"name": "web1", **change}, restart="if_needed"))


def test_a_paused_guest_is_not_asked_for_memory(node: Node) -> None:
    running(node)
    node.task({"name": "web1"}, state="paused")
    options = {"name": "web1", "memory": "96MiB"}
    foretold = node.task(options, check=True)
    done = node.task(options)
    assert essence(done) == essence(foretold)
    assert done["pending"] == [{"field": "memory", "reason": "waits for the guest, which is paused"}]
    done = node.task(options, state="running")
    assert done["actions"] == ["resume", "set memory to 96MiB"]
    assert done["pending"] == []


def test_a_guest_that_is_slow_gets_the_time_it_needs(node: Node) -> None:
    running(node)
    with node.edit() as state:
        state.domains["web1"].guest.reaction = 0.2
    done = node.task({"name": "web1", "memory": "96MiB"})
    assert "set memory to 96MiB" in done["actions"]
    assert done["pending"] == []


def test_a_hypervisor_that_refuses_a_device_says_why(node: Node) -> None:
    """Nothing is rolled back: the configuration has it, and the next run tries again."""
    running(node)
    with pytest.raises(Exception, match="told to refuse") as told:
        node.task({"name": "web1", **SECOND_DISK}, parameters="fail=attach_device")
    assert told.value.facts["actions"] == ["change the configuration"]  # type: ignore[attr-defined]
    assert told.value.facts["failed_action"] == "attach disks[vdb]"  # type: ignore[attr-defined]
    assert told.value.facts["changed"] is True  # type: ignore[attr-defined]
    done = node.task({"name": "web1", **SECOND_DISK})
    assert done["actions"] == ["attach disks[vdb]"]
    nothing_to_do(node.task({"name": "web1", **SECOND_DISK}))


def test_what_is_plugged_in_is_the_same_device_after_the_next_start(node: Node) -> None:
    running(node)
    interfaces = {"interfaces": [{"network": "default"}, {"bridge": "br0"}]}
    node.task({"name": "web1", **interfaces})
    now = [mac.get("address") for mac in node.live().iterfind("devices/interface/mac")]
    node.task({"name": "web1"}, state="restarted")
    assert [mac.get("address") for mac in node.live().iterfind("devices/interface/mac")] == now
    assert len(set(now)) == 2


# Saved memory


def test_a_saved_domain_keeps_its_memory_and_says_what_waits(node: Node) -> None:
    node.create()
    node.put("saved")
    options = {"name": "web1", "cpu": {"mode": "host-passthrough"}}
    before = node.bytes()
    foretold = node.task(options, check=True)
    assert node.bytes() == before
    done = node.task(options)
    assert essence(done) == essence(foretold)
    assert done["domain"]["state"] == "saved"
    assert [item["field"] for item in done["pending"]] == ["cpu.mode"]
    assert "does not restore the saved memory" in done["pending"][0]["reason"]
    started = node.task(options, state="running")
    assert [item["field"] for item in started["pending"]] == ["cpu.mode"]
    cycled = node.task(options, state="running", restart="if_needed")
    assert cycled["actions"] == ["shut down", "start"]
    assert cycled["pending"] == []


@pytest.mark.parametrize(
    ("wanted", "options"),
    [("stopped", {}), ("restarted", {}), ("stopped", {"force": True}), ("running", {"restart": "if_needed"})],
)
def test_a_saved_domain_whose_memory_goes_waits_for_nothing(node: Node, wanted: str, options: dict[str, Any]) -> None:
    node.create()
    node.put("saved")
    change = {"name": "web1", "cpu": {"mode": "host-passthrough"}, "state": wanted, **options}
    foretold = node.task(change, check=True)
    done = node.task(change)
    assert essence(done) == essence(foretold)
    assert (done["pending"], done["restart_required"]) == ([], False)


# What is checked before anything is changed


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"interfaces": [{"network": "nowhere"}]}, r"interfaces\[0\]\.network|interfaces\[nowhere\]\.network"),
        ({"disks": [{"target": "vdb", "pool": "default", "volume": "none"}]}, r"disks\[vdb\]\.volume"),
        ({"disks": [MORE_DISK, MORE_DISK]}, r"disks\[1\]"),
        ({"disks": [{"target": "vdb"}]}, r"disks\[0\]"),
        ({"memory": "256MiB", "memory_max": "128MiB"}, "memory"),
        ({"memory": "lots"}, "memory"),
        ({"uuid": "3a4a4a4a-0000-4000-8000-000000000000"}, "uuid"),
        ({"xml": "<domain><name>other</name></domain>"}, "name"),
        ({"xml": "<network/>"}, "xml"),
        ({"xml": "<domain>"}, "xml"),
        ({"xml": "<!DOCTYPE d [<!ENTITY e 'x'>]><domain><name>&e;</name></domain>"}, "xml"),
    ],
)
def test_what_cannot_be_is_refused_before_any_change(node: Node, options: dict[str, Any], option: str) -> None:
    running(node)
    before = node.bytes()
    for check in (True, False):
        with pytest.raises(InputError, match=f"^({option}): "):
            node.task({"name": "web1", **options}, check=check, state="restarted")
    assert node.bytes() == before


@pytest.mark.parametrize("name", ["a/b", "two\nlines", "", ".."])
def test_names_that_no_domain_can_have(node: Node, name: str) -> None:
    with pytest.raises(InputError, match=r"^name: "):
        node.task({**SMALL, "name": name})


def test_a_new_domain_needs_memory(node: Node) -> None:
    with pytest.raises(InputError, match="memory: web1 does not exist yet"):
        node.task({"name": "web1"})


def test_a_hypervisor_that_keeps_something_else_is_an_error(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.stratum.virt.plugins.module_utils._driver._sim import complete

    monkeypatch.setitem(complete.MACHINES, "pc-forgetful", "pc-i440fx-7.2")
    node.create()
    with pytest.raises(StillDifferent, match="still differs in machine") as told:
        node.task({"name": "web1", "machine": "pc-forgetful"})
    assert told.value.facts["differences"] == {"machine": {"wanted": "pc-forgetful", "found": "pc-i440fx-7.2"}}


# Raw documents


def test_a_hypervisor_that_drops_what_only_xml_says(node: Node) -> None:
    """It drops ``id``, which a running domain's document has: no change for ever, and no power cycle for nothing."""
    running(node)
    options = {"xml": "<domain id='7'><name>web1</name></domain>", "restart": "if_needed"}
    done = node.task(options)
    nothing_to_do(done)
    assert (done["pending"], done["restart_required"]) == ([], False)
    assert done["warnings"] == ["the hypervisor does not keep xml/@id"]
    assert done["domain"]["state"] == "running"


def test_what_a_running_domain_shows_otherwise_is_not_cycled_for_ever(node: Node) -> None:
    running(node)
    options = {"xml": "<domain><name>web1</name><sysinfo type='fwcfg'/></domain>"}
    node.task(options)
    assert node.task(options)["pending"]
    done = node.task(options, restart="if_needed")
    nothing_to_do(done)
    assert [item["field"] for item in done["pending"]] == ["xml/sysinfo"]


@pytest.mark.parametrize("condition", ["stopped", "running"])
def test_an_option_wins_over_xml_and_that_is_no_difference(node: Node, condition: str) -> None:
    node.create()
    node.put(condition)
    options = {"xml": "<domain><name>web1</name><currentMemory unit='MiB'>32</currentMemory></domain>"}
    done = node.task({**options, "memory": "96MiB"})
    assert "change the configuration" in done["actions"]
    assert node.config().findtext("currentMemory") == str(96 * 1024)
    for check in (True, False):
        again = node.task({**options, "memory": "96MiB"}, check=check)
        nothing_to_do(again)
        assert again["pending"] == []
        assert "warnings" not in again
