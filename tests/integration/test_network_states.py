# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""States of networks on a real node: from every one to every other, and check mode changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ansible import HERE, PROGRAMS, environment
from tests.integration.modules import Tasks

LAB: dict[str, Any] = {
    "name": "lab",
    "bridge": {"name": "vbr-lab"},
    "ip": [{"address": "192.168.170.1", "prefix": 24}],
}
TRANSIENT = "<network><name>lab</name><bridge name='vbr-lab'/><ip address='192.168.170.1' prefix='24'/></network>"

DONE: dict[str, dict[str, list[str]]] = {
    "absent": {"present": ["define"], "active": ["define", "start"], "inactive": ["define"], "absent": []},
    "inactive": {"present": [], "active": ["start"], "inactive": [], "absent": ["undefine"]},
    "active": {"present": [], "active": [], "inactive": ["stop"], "absent": ["stop", "undefine"]},
    "transient": {
        "present": ["change the configuration"],
        "active": ["change the configuration"],
        "inactive": ["change the configuration", "stop"],
        "absent": ["stop"],
    },
}


def facts(tasks: Tasks) -> dict[str, str]:
    """Return what virsh knows of the network, nothing when there is none."""
    if "lab" not in tasks.virsh("net-list", "--all", "--name").split():
        return {}
    lines = tasks.virsh("net-info", "lab").splitlines()
    return {key.strip(): value.strip() for key, _colon, value in (line.partition(":") for line in lines)}


def put(networks: Tasks, condition: str, folder: Path) -> None:
    if condition == "transient":
        file = folder / "lab.xml"
        file.write_text(TRANSIENT)
        networks.virsh("net-create", str(file))
    elif condition != "absent":
        networks.make(**LAB, state=condition)


@pytest.mark.parametrize("condition", DONE)
def test_from_every_condition_to_every_state(networks: Tasks, condition: str, tmp_path: Path) -> None:
    for wanted, actions in DONE[condition].items():
        put(networks, condition, tmp_path)
        options = {"name": "lab"} if wanted == "absent" else LAB
        done = (networks.apply if actions else networks.unchanged)(**options, state=wanted)
        assert done["actions"] == actions
        found = facts(networks)
        assert bool(found) == (wanted != "absent")
        if found:
            end = {"present": "yes" if condition in ("active", "transient") else "no", "active": "yes"}.get(
                wanted, "no"
            )
            assert (found["Active"], found["Persistent"]) == (end, "yes")
        networks.make(name="lab", state="absent")


def test_autostart_holds_beside_every_state(networks: Tasks) -> None:
    for state in ("present", "active", "inactive"):
        networks.apply(**LAB, state=state, autostart=True)
        assert facts(networks)["Autostart"] == "yes"
        networks.apply(name="lab", autostart=False)
        assert facts(networks)["Autostart"] == "no"


@pytest.mark.parametrize(
    ("option", "options"),
    [
        ("ip[192.168.122.77]", {"ip": [{"address": "192.168.122.77", "prefix": 28}]}),
        ("bridge.name", {"bridge": {"name": "virbr0"}}),
        ("name", {"name": "../lab"}),
        ("uuid", {"uuid": "lab"}),
        (
            "ip[192.168.171.1].dhcp.ranges[192.168.171.9,192.168.171.20]",
            {
                "ip": [
                    {
                        "address": "192.168.171.1",
                        "prefix": 24,
                        "dhcp": {
                            "ranges": [
                                {"start": "192.168.171.2", "end": "192.168.171.9"},
                                {"start": "192.168.171.9", "end": "192.168.171.20"},
                            ]
                        },
                    }
                ]
            },
        ),
        (
            "ip[192.168.171.1].dhcp.hosts[a].ip",
            {
                "ip": [
                    {
                        "address": "192.168.171.1",
                        "prefix": 24,
                        "dhcp": {"hosts": [{"name": "a", "ip": "192.168.172.5"}]},
                    }
                ]
            },
        ),
        ("forward.nat", {"forward": {"mode": "route", "nat": {"ipv6": True}}, "ip": [{"address": "192.168.171.1"}]}),
        ("ip", {"forward": {"mode": "bridge"}, "bridge": {"name": "br0"}, "ip": [{"address": "192.168.171.1"}]}),
    ],
)
def test_what_makes_no_sense_is_refused(networks: Tasks, option: str, options: dict[str, Any]) -> None:
    networks.virsh("net-start", "default", check=False)
    refused = networks.refused(**{"name": "lab", **options}, state="active")
    assert refused["option"] == option


def test_an_address_of_the_node_is_refused(networks: Tasks) -> None:
    """The task has to run on the node, whose routes it asks for. What the other tests run does so beside it."""
    shown = networks.node.run(["ip", "-o", "-4", "address", "show", "dev", "eth0"]).stdout
    beside = shown.split()[3].rpartition(".")[0] + ".250"
    options = {"name": "lab", "ip": [{"address": beside, "prefix": 24}], "state": "active"}
    ours = [f"{name}={value}" for name, value in environment().items() if name.startswith("ANSIBLE_")]
    ansible = ["env", *ours, str(PROGRAMS / "ansible"), "localhost", *HERE, "--module-name=stratum.virt.network"]
    before = networks.truth()
    for check in ([], ["--check"]):
        done = networks.node.run([*ansible, *check, f"--args={json.dumps(options)}"], check=False)
        assert done.returncode != 0
        assert f"ip[{beside}]: " in done.stdout
        assert "at eth0 of " in done.stdout
        assert networks.truth() == before


def test_another_network_is_not_taken_for_this_one(networks: Tasks) -> None:
    networks.make(**LAB, uuid="6b3fd0f2-6b5c-4c4a-9a0e-0e2c4f5d7a11")
    assert networks.refused(name="lab", uuid="7b3fd0f2-6b5c-4c4a-9a0e-0e2c4f5d7a11")["option"] == "uuid"
    assert networks.refused(name="other", uuid="6b3fd0f2-6b5c-4c4a-9a0e-0e2c4f5d7a11")["option"] == "name"
    networks.unchanged(name="lab", uuid="6B3FD0F2-6B5C-4C4A-9A0E-0E2C4F5D7A11")


@pytest.mark.parametrize(
    "options",
    [
        {"forward": {"mode": "none"}},
        {"forward": {"mode": "nat", "nat": {"port": {"start": 2000, "end": 3000}, "ipv6": True}}},
        {"forward": {"mode": "route", "dev": "eth0"}, "bridge": {"stp": False, "delay": 2}, "mtu": 1400},
        {"forward": {"mode": "open"}, "mac": "52:54:00:0c:0e:01", "isolated": True},
    ],
)
def test_modes_with_a_bridge_of_their_own(networks: Tasks, options: dict[str, Any]) -> None:
    address = {"ip": [{"address": "192.168.170.1", "prefix": 24}, {"address": "fd00:170::1", "prefix": 64}]}
    networks.apply(name="lab", **address, **options, state="active")
    (found,) = networks.info(name=["lab"], gather=["spec"])
    networks.unchanged(**found["spec"], state="active")


def test_a_bridge_that_is_there_already(networks: Tasks) -> None:
    networks.node.run(["ip", "link", "add", "br-own", "type", "bridge"])
    try:
        networks.apply(name="lab", forward={"mode": "bridge"}, bridge={"name": "br-own"}, state="active")
        networks.apply(name="lab", state="absent")
        networks.node.run(["ip", "link", "show", "br-own"])
    finally:
        networks.node.run(["ip", "link", "delete", "br-own"], check=False)


def test_modes_without_a_bridge(networks: Tasks) -> None:
    for mode in ("bridge", "private", "vepa", "passthrough"):
        networks.apply(name="lab", forward={"mode": mode, "interfaces": ["eth0"]}, state="active")
        networks.unchanged(name="lab", forward={"mode": mode, "dev": "eth0"})
        networks.make(name="lab", state="absent")
