# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts about a node: which, in how many round trips, and what is left of the facts of a node that lies."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt import protocol
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.client import Client
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.session import Session
from ansible_collections.stratum.virt.plugins.module_utils._driver.registry import open_driver
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    ConnectionFailed,
    DeadlineExceeded,
    InputError,
)
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost
from ansible_collections.stratum.virt.plugins.module_utils._reconcile.node_facts import SUBSETS, facts, load
from ansible_collections.stratum.virt.plugins.modules import node_facts
from ansible_collections.stratum.virt.tests.unit._driver._libvirt.fake_daemon import (
    Call,
    Connection,
    FakeDaemon,
    gives,
    keeps_silent,
    refuses,
    reply,
)

from .conftest import Node, validated

ALL = set(SUBSETS)
GIB = 1024**3


def gathered(node: Node, *subset: str, parameters: str = "") -> dict[str, Any]:
    with node.connect(parameters) as driver:
        found, warnings = facts(driver, load(validated("node_facts", {"gather_subset": list(subset)})))
    assert warnings == []
    assert json.loads(json.dumps(found)) == found
    return found


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ALL),
        (["all"], ALL),
        (["min"], {"hypervisor"}),
        (["!all"], {"hypervisor"}),
        (["!all", "!min"], set()),
        (["memory"], {"hypervisor", "memory"}),
        (["memory", "!hypervisor"], {"memory"}),
        (["memory", "!min"], {"memory"}),
        (["!all", "memory"], {"hypervisor", "memory"}),
        (["!all", "!min", "memory", "numa"], {"memory", "numa"}),
        (["all", "!devices"], ALL - {"devices"}),
        (["all", "!devices", "devices"], ALL),
        (["!devices"], {"hypervisor"}),
        (["all", "!min"], ALL - {"hypervisor"}),
        (["!min", "hypervisor"], {"hypervisor"}),
    ],
)
def test_subsets_are_chosen_as_setup_does(words: list[str], expected: set[str]) -> None:
    assert load({"timeout": 5, "gather_subset": words}) == expected


@pytest.mark.parametrize("word", ["memmory", "!memmory", "", "!", "!!all", "ALL"])
def test_a_subset_that_does_not_exist(word: str) -> None:
    with pytest.raises(InputError, match=r"gather_subset: there is no subset .*There are all, min, hypervisor"):
        load({"timeout": 5, "gather_subset": ["all", word]})


def test_no_time_is_no_time_to_wait() -> None:
    with pytest.raises(InputError, match="timeout: 0 is no time to wait"):
        load({"timeout": 0, "gather_subset": ["all"]})


def test_each_subset_is_one_fact(node: Node) -> None:
    node.create()
    whole = gathered(node, "all")
    assert set(whole) == ALL
    for name in ALL - {"statistics"}:
        assert gathered(node, "!min", name) == {name: whole[name]}


def test_facts_of_a_node(node: Node) -> None:
    node.create(memory="64MiB")
    node.put("running")
    found = gathered(node, "all")
    assert found["hypervisor"] == {
        "uri": f"sim://{node.path}",
        "driver": "sim",
        "type": "SIM",
        "hostname": "sim",
        "encrypted": False,
    }
    assert found["memory"]["total"] == 16 * GIB
    assert found["memory"]["free"] == 15 * GIB - 64 * 1024**2
    cells = found["numa"]["cells"]
    assert [cell["id"] for cell in cells] == [0, 1]
    assert sum(cell["free"] for cell in cells) == found["memory"]["free"]
    assert found["memory"]["pages"] == [{"size": 4096, "total": 4 * 1024**2, "free": found["memory"]["free"] // 4096}]
    assert found["cpu"]["active"] == len(found["cpu"]["online"]) == sum(len(cell["cpus"]) for cell in cells) == 8
    (domain,) = found["statistics"]["domains"].values()
    assert domain["state"] == "running"
    assert domain["memory"]["current"] == 64 * 1024**2
    assert set(domain["disks"]) == {"vda"}
    assert len(domain["interfaces"]) == 1
    assert [entry["domain_type"] for entry in found["capabilities"]["domains"]] == ["qemu", "kvm"]
    assert {entry["machine"] for entry in found["capabilities"]["domains"]} == {"pc-q35-7.2"}
    assert [(each["name"], each["state"], each["forward_mode"]) for each in found["networks"]] == [
        ("default", "active", "nat")
    ]
    (pool,) = found["pools"]
    assert pool["path"] == "/var/lib/libvirt/images"
    assert pool["available"] == pool["capacity"] - pool["allocation"]
    assert found["interfaces"][0]["name"] == "eth0"
    assert found["devices"]["pci"][0]["address"] == "0000:01:00.0"


def test_counters_grow(node: Node) -> None:
    node.create()
    node.put("running")
    first, second = (gathered(node, "statistics")["statistics"] for _time in range(2))
    assert second["time"] > first["time"]
    assert second["cpu"]["user"] >= first["cpu"]["user"] > 0
    times = [each["domains"]["web1"]["cpu"]["time"] for each in (first, second)]
    assert times[0] <= times[1]


def test_memory_that_was_given_out_twice_is_not_free(node: Node) -> None:
    for name in ("web1", "web2"):
        node.create(name=name, memory="12GiB", memory_max="12GiB")
        node.put("running", name)
    assert gathered(node, "memory")["memory"]["free"] == 0


def test_a_pool_that_is_not_active_has_no_sizes(node: Node) -> None:
    pool = {"name": "a", "type": "dir", "target": {"path": "/srv/a"}}
    node.manage("pool", pool, state="inactive")
    (found,) = [each for each in gathered(node, "pools")["pools"] if each["name"] == "a"]
    assert found["state"] == "inactive"
    assert found["path"] == "/srv/a"
    assert "capacity" not in found


@pytest.mark.parametrize(
    ("without", "gone"),
    [
        ("node_interfaces", {"interfaces"}),
        ("node_devices", {"devices"}),
        ("networks", {"networks"}),
        ("volumes", {"pools"}),
    ],
)
def test_what_a_node_does_not_have_is_absent(node: Node, without: str, gone: set[str]) -> None:
    assert ALL - set(gathered(node, "all", parameters=f"without={without}")) == gone


def test_what_is_missing_within_a_subset_is_absent(node: Node) -> None:
    assert "domains" not in gathered(node, "statistics", parameters="without=stats")["statistics"]
    found = gathered(node, "capabilities", parameters="without=domain_capabilities")["capabilities"]
    assert found["domains"] == []
    assert found["guests"]


def test_what_a_node_refuses_is_absent_with_a_warning(node: Node) -> None:
    subsets = load(validated("node_facts", {}))
    with node.connect("fail=pools.describe:before:1:denied,node.free_memory,domains.stats") as driver:
        found, warnings = facts(driver, subsets)
    assert ALL - set(found) == {"pools"}
    assert "domains" not in found["statistics"]
    assert all("free" not in cell for cell in found["numa"]["cells"])
    assert found["memory"]["pages"] == [{"size": 4096, "total": 4 * 1024**2}]
    assert len(warnings) == 3


def test_a_connection_that_is_lost_is_an_error(node: Node) -> None:
    with pytest.raises(ConnectionFailed), node.connect("fail=node.describe:before:1:connection") as driver:
        facts(driver, load(validated("node_facts", {})))


@pytest.mark.parametrize(
    ("subset", "calls"),
    [
        ([], []),
        (["hypervisor"], ["node.describe"]),
        (["cpu"], ["node.describe"]),
        (["numa", "memory"], ["node.describe", "node.free_memory"]),
        (["pools"], ["pools.describe"]),
        (["statistics"], ["node.describe", "domains.stats"]),
        (["interfaces", "devices"], ["node.describe"]),
    ],
)
def test_only_what_is_needed_is_asked(
    node: Node, monkeypatch: pytest.MonkeyPatch, subset: list[str], calls: list[str]
) -> None:
    made: list[str] = []
    call = Session.call
    monkeypatch.setattr(Session, "call", lambda self, name, *rest: (made.append(name), call(self, name, *rest))[1])
    gathered(node, "!all", "!min", *subset)
    assert made == calls


def test_what_the_node_and_its_domains_used_is_read_at_once(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    times: dict[str, int] = {}
    call = Session.call

    def note(self: Session, name: str, *rest: Any) -> Any:
        times[name] = time.time_ns()
        return call(self, name, *rest)

    monkeypatch.setattr(Session, "call", note)
    statistics = gathered(node, "all")["statistics"]
    assert times["node.describe"] <= statistics["time"] <= times["domains.stats"]
    assert list(times).index("domains.stats") == list(times).index("node.describe") + 1


# A real driver on a daemon that tells odd things.

DEVICE = "<device><name>{}</name><capability type='net'><interface>{}</interface></capability></device>"
CAPABILITIES = (
    "<capabilities><host><cpu><arch>x86_64</arch></cpu><topology><cells><cell id='0'><memory unit='KiB'>64</memory>"
    "<pages unit='KiB' size='4'>16</pages></cell></cells></topology></host></capabilities>"
)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[FakeDaemon]:
    fake = FakeDaemon(tmp_path)
    fake.script.update(
        {
            protocol.CONNECT_TYPE: gives("QEMU"),
            protocol.CONNECT_VERSION: gives(7002022),
            protocol.CONNECT_LIBRARY_VERSION: gives(9000000),
            protocol.CONNECT_HOSTNAME: gives("node1"),
            protocol.CONNECT_CAPABILITIES: gives(CAPABILITIES),
            protocol.NODE_INFO: gives("x86_64", 64, 2, 2000, 1, 1, 2, 1),
            protocol.NODE_CPU_MAP: gives(b"\x03", 2, 2),
            protocol.NODE_FREE_MEMORY: gives(4096),
            protocol.NODE_CELLS_FREE_MEMORY: gives([4096]),
            protocol.NODE_FREE_PAGES: gives([1]),
            protocol.NODE_CPU_STATS: refuses(3),
            protocol.NODE_MEMORY_STATS: refuses(3),
            protocol.LIST_HOST_INTERFACES: refuses(3),
            protocol.LIST_NODE_DEVICES: gives(["a", "b"], 2),
            protocol.NODE_DEVICE_DOCUMENT: gives(DEVICE.format("a", "eth0")),
            protocol.LIST_NETWORKS: gives([], 0),
            protocol.LIST_POOLS: gives([], 0),
            protocol.DOMAIN_STATS: gives([]),
        }
    )
    yield fake
    fake.close()


def told(daemon: FakeDaemon, *subset: str, timeout: float = 5.0) -> tuple[dict[str, Any], list[str]]:
    driver = open_driver(f"qemu:///system?socket={daemon.path}", LocalHost(), timeout)
    with driver:
        return facts(driver, load({"timeout": 5, "gather_subset": list(subset) or ["all"]}))


def test_few_round_trips_however_many_devices_there_are(daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    trips: list[int] = []
    pipeline = Client.pipeline
    monkeypatch.setattr(
        Client,
        "pipeline",
        lambda self, calls, *rest, **more: (trips.append(1), pipeline(self, calls, *rest, **more))[1],
    )
    needed = []
    for count in (1, 300):
        daemon.script[protocol.LIST_NODE_DEVICES] = gives([f"d{number}" for number in range(count)], count)
        trips.clear()
        found, warnings = told(daemon)
        assert len(found["devices"]["net"]) == count
        assert warnings == []
        needed.append(len(trips))
    # Two of them are for opening the connection.
    assert needed[0] == needed[1] <= 12


def test_a_document_that_is_none_is_absent_with_a_warning(daemon: FakeDaemon) -> None:
    bomb = "<!DOCTYPE a [<!ENTITY b 'c'>]><capabilities>&b;</capabilities>"
    daemon.script[protocol.CONNECT_CAPABILITIES] = gives(bomb)
    daemon.script[protocol.NODE_DEVICE_DOCUMENT] = gives("<device>\x1b[2J")
    daemon.script[protocol.LIST_HOST_INTERFACES] = gives([protocol.HostInterface("eth0", "52:54:00:00:00:01")], 1)
    daemon.script[protocol.HOST_INTERFACE_DOCUMENT] = gives("<interface>")
    found, warnings = told(daemon)
    check(found, documentation(), "stratum_virt")
    assert {"capabilities", "numa"}.isdisjoint(found)
    assert found["cpu"]["arch"] == "x86_64"
    assert found["devices"]["net"] == []
    assert found["interfaces"] == [{"name": "eth0", "mac": "52:54:00:00:00:01", "active": True}]
    assert len(warnings) == 4
    assert all(warning.isprintable() and len(warning) <= 1024 for warning in warnings)


def test_warnings_are_few(daemon: FakeDaemon) -> None:
    names = [f"device {number}\n" for number in range(50)]
    daemon.script[protocol.LIST_NODE_DEVICES] = gives(names, 50)
    daemon.script[protocol.NODE_DEVICE_DOCUMENT] = gives("no document")
    _found, warnings = told(daemon, "devices")
    assert len(warnings) == 11
    assert warnings[-1] == "There are 40 more refusals like these."
    assert all(warning.isprintable() for warning in warnings)


LIES: tuple[tuple[protocol.Procedure, Callable[..., None]], ...] = (
    (protocol.CONNECT_HOSTNAME, gives("x" * 10000)),
    (protocol.CONNECT_TYPE, gives("a\nb")),
    (protocol.CONNECT_VERSION, gives(2**64 - 1)),
    (protocol.NODE_INFO, gives("\x1b[2J", 2**64 - 1, -1, -1, -1, -1, -1, -1)),
    (protocol.NODE_CPU_MAP, gives(b"\xff" * 2048, 2**32 - 1, -1)),
    (protocol.NODE_FREE_MEMORY, gives(2**64 - 1)),
    (protocol.NODE_CELLS_FREE_MEMORY, gives([2**64 - 1] * 1024)),
    (protocol.NODE_FREE_PAGES, gives([])),
    (protocol.DOMAIN_STATS, gives([(protocol.Domain("a\nb", bytes(16), 1), {"cpu.time": -1})] * 3)),
    (protocol.LIST_POOLS, gives([protocol.Pool("{{ x }}", bytes(16))], 2**32 - 1)),
    (protocol.POOL_INFO, gives(protocol.PoolInfo(77, 2**64 - 1, 2**64 - 1, 0))),
    (protocol.POOL_DOCUMENT, gives("<pool><target><path>a\nb</path></target></pool>")),
    (protocol.LIST_HOST_INTERFACES, gives([protocol.HostInterface("x" * 10000, "not a MAC")], 1)),
    (protocol.HOST_INTERFACE_DOCUMENT, gives("<interface type='x&#10;y'><mtu size='-5'/></interface>")),
)


def test_lies_are_absent(daemon: FakeDaemon) -> None:
    daemon.script.update(dict(LIES))
    found, _warnings = told(daemon, "all", "!capabilities", "!devices", "!networks")
    found["statistics"].pop("time")
    found["hypervisor"].pop("uri")
    assert found == {
        "hypervisor": {
            "driver": "libvirt",
            "libvirt_version": "9.0.0",
            "encrypted": False,
        },
        "cpu": {"arch": "x86_64", "features": [], "topology": {}, "online": []},
        "memory": {"pages": [{"size": 4096, "total": 16}]},
        "numa": {
            "cells": [{"id": 0, "memory": 65536, "pages": [{"size": 4096, "total": 16}], "cpus": [], "distances": []}]
        },
        "pools": [
            {
                "name": "{{ x }}",
                "uuid": "00000000-0000-0000-0000-000000000000",
                "state": "inaccessible",
                "persistent": False,
                "autostart": True,
                "available": 0,
            }
        ],
        "interfaces": [],
        "statistics": {"domains": {}},
    }


def test_what_hangs_is_absent_with_a_warning(daemon: FakeDaemon) -> None:
    daemon.script[protocol.DOMAIN_STATS] = keeps_silent
    found, warnings = told(daemon, "statistics", "pools", timeout=0.5)
    assert "domains" not in found["statistics"]
    assert found["pools"] == []
    (warning,) = warnings
    assert "did not answer within 0.5 s" in warning


def test_a_node_that_hangs_is_not_waited_for_again_and_again(daemon: FakeDaemon) -> None:
    daemon.script[protocol.LIST_POOLS] = daemon.script[protocol.LIST_NETWORKS] = keeps_silent
    with pytest.raises(DeadlineExceeded):
        told(daemon, "pools", "networks", "numa", timeout=0.5)


@pytest.mark.parametrize("code", [27, 68, 88, 94], ids=["a document", "its own timeout", "access", "who it is"])
def test_a_refusal_of_any_kind_is_a_warning(daemon: FakeDaemon, code: int) -> None:
    daemon.script[protocol.LIST_POOLS] = refuses(code, "not now")
    found, warnings = told(daemon, "pools")
    assert set(found) == {"hypervisor"}
    assert len(warnings) == 1


def test_machines_are_qemus(daemon: FakeDaemon) -> None:
    asked = []

    def answer(connection: Connection, call: Call) -> None:
        asked.append(call.arguments[1:4])
        connection.send(reply(call, "<domainCapabilities/>"))

    kinds = "".join(f"<domain type='{kind}'/>" for kind in ("qemu", "kvm", "xen"))
    guest = f"<guest><os_type>hvm</os_type><arch name='x86_64'>{kinds}</arch></guest></capabilities>"
    daemon.script[protocol.CONNECT_CAPABILITIES] = gives(CAPABILITIES.replace("</capabilities>", guest))
    daemon.script[protocol.CONNECT_DOMAIN_CAPABILITIES] = answer
    told(daemon, "capabilities")
    assert asked == [("x86_64", "q35", "qemu"), ("x86_64", "q35", "kvm"), ("x86_64", None, "xen")]


# The documentation.

TYPES: dict[str, Any] = {"dict": dict, "list": list, "str": str, "int": int, "bool": bool}


def check(value: Any, documented: dict[str, Any], path: str) -> None:
    """Check that a fact is as it is documented."""
    assert value.__class__ is TYPES[documented["type"]], path
    contains = documented.get("contains")
    if isinstance(value, list):
        for each in value:
            element = {"type": documented["elements"], **({"contains": contains} if contains else {})}
            check(each, element, f"{path}[]")
    elif isinstance(value, dict) and contains:
        assert set(value) <= set(contains), path
        missing = {name for name, option in contains.items() if option["returned"] == "always"} - set(value)
        assert not missing, path
        for name, each in value.items():
            check(each, contains[name], f"{path}.{name}")


def documentation() -> dict[str, Any]:
    documented: dict[str, Any] = yaml.safe_load(node_facts.RETURN)["ansible_facts"]["contains"]["stratum_virt"]
    return documented


def test_facts_are_as_documented(node: Node) -> None:
    node.manage("pool", {"name": "a", "type": "dir", "target": {"path": "/srv/a"}}, state="inactive")
    node.create()
    documented = documentation()
    check(gathered(node, "all"), documented, "stratum_virt")
    assert set(documented["contains"]) == ALL


def test_samples_of_documents_are_as_documented() -> None:
    from ansible_collections.stratum.virt.tests.unit._document import test_facts

    documented = documentation()["contains"]
    devices, interface = documented["devices"]["contains"], documented["interfaces"]["contains"]
    seen: dict[str, set[str]] = {name: set() for name in (*devices, "interfaces")}
    for sample in test_facts.SAMPLES:
        expected = yaml.safe_load(sample.with_suffix(".yml").read_text())
        if sample.stem.startswith("interface"):
            check({"name": "a", **expected}, {"type": "dict", "contains": interface}, sample.stem)
            seen["interfaces"] |= set(expected)
        elif sample.stem == "domain-capabilities":
            entry = documented["capabilities"]["contains"]["domains"]
            check([expected], entry, sample.stem)
        elif sample.stem != "capabilities":
            for group, entries in expected.items():
                check(entries, devices[group], sample.stem)
                seen[group] |= {name for entry in entries for name in entry}
    for group, names in seen.items():
        told_of = set(interface if group == "interfaces" else devices[group]["contains"])
        assert told_of - names <= {"name", "active", "mac", "driver"}, group
