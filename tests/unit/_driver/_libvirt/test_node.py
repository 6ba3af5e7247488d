# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node as a daemon tells it: in two round trips, and with whatever it cannot tell left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt import protocol
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.client import Client
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.node import LibvirtNode
from ansible_collections.stratum.virt.plugins.module_utils._driver.node import (
    CellFree,
    HostInterface,
    Hypervisor,
    NodeDevice,
    NodePart,
    NodeRecord,
    Processors,
)
from ansible_collections.stratum.virt.plugins.module_utils._errors import ConnectionFailed
from ansible_collections.stratum.virt.plugins.module_utils._uri import parse
from ansible_collections.stratum.virt.tests.unit._driver._libvirt.fake_daemon import (
    Call,
    Connection,
    FakeDaemon,
    gives,
    hangs_up,
    refusal,
    refuses,
    reply,
)

NO_SUPPORT, INTERNAL, INVALID, UNKNOWN_PROCEDURE, SYSTEM, NO_DEVICE, DENIED = 3, 1, 8, 39, 38, 53, 88
EVERYTHING = frozenset(NodePart)
ETH0, LO = protocol.HostInterface("eth0", "52:54:00:00:00:01"), protocol.HostInterface("lo", "00:00:00:00:00:00")


def counters(values: dict[str, int]) -> Callable[[Connection, Call], None]:
    """Tell counters as libvirt does: their number to whoever asks for none, and them to whoever asks for so many."""

    def answer(connection: Connection, call: Call) -> None:
        count = call.arguments[0 if call.procedure is protocol.NODE_MEMORY_STATS else 1]
        if count == 0:
            connection.send(reply(call, [], len(values)))
        elif count == len(values):
            connection.send(reply(call, list(values.items()), 0))
        else:
            connection.send(refusal(call, INVALID, "nparams"))

    return answer


def listing(everything: list[Any], active: list[Any]) -> Callable[[Connection, Call], None]:
    return lambda connection, call: gives(active if call.arguments[1] else everything, 0)(connection, call)


def document(connection: Connection, call: Call) -> None:
    connection.send(reply(call, f"<{getattr(call.arguments[0], 'name', call.arguments[0])}/>"))


@pytest.fixture
def node(daemon: FakeDaemon, client: Client) -> LibvirtNode:
    daemon.script.update(
        {
            protocol.CONNECT_TYPE: gives("QEMU"),
            protocol.CONNECT_VERSION: gives(7002022),
            protocol.CONNECT_LIBRARY_VERSION: gives(11000001),
            protocol.CONNECT_HOSTNAME: gives("node1"),
            protocol.CONNECT_CAPABILITIES: gives("<capabilities/>"),
            protocol.NODE_INFO: gives("x86_64", 4096, 12, 2600, 2, 1, 3, 2),
            protocol.NODE_CPU_MAP: gives(b"\x05\x08", 3, 12),
            protocol.NODE_FREE_MEMORY: gives(2**41),
            protocol.NODE_CPU_STATS: counters({"user": 1, "kernel": 2, "idle": 2**63}),
            protocol.NODE_MEMORY_STATS: counters({"total": 7, "free": 5}),
            protocol.LIST_HOST_INTERFACES: listing([ETH0, LO], [ETH0]),
            protocol.HOST_INTERFACE_DOCUMENT: document,
            protocol.LIST_NODE_DEVICES: listing(["computer", "mdev_1"], ["computer"]),
            protocol.NODE_DEVICE_DOCUMENT: document,
        }
    )
    return LibvirtNode(client, parse("qemu:///system"))


FULL = NodeRecord(
    hypervisor=Hypervisor("libvirt", False, "QEMU", "7.2.22", "11.0.1", "node1"),
    capabilities="<capabilities/>",
    processors=Processors("x86_64", 12, 2600, 1, 3, 2),
    present=12,
    online=(0, 2, 11),
    memory=4096 * 1024,
    free_memory=2**41,
    interfaces=(
        HostInterface("eth0", ETH0.mac, True, "<eth0/>"),
        HostInterface("lo", LO.mac, False, "<lo/>"),
    ),
    devices=(NodeDevice("computer", True, "<computer/>"), NodeDevice("mdev_1", False, "<mdev_1/>")),
    cpu_times={"user": 1, "kernel": 2, "idle": 2**63},
    memory_use={"total": 7, "free": 5},
)


def test_everything(node: LibvirtNode) -> None:
    assert node.describe(EVERYTHING) == FULL


@pytest.mark.parametrize(
    ("part", "fields"),
    [
        (NodePart.HYPERVISOR, {"hypervisor"}),
        (NodePart.CAPABILITIES, {"capabilities"}),
        (NodePart.PROCESSORS, {"processors", "present", "online"}),
        (NodePart.MEMORY, {"memory", "free_memory", "memory_use"}),
        (NodePart.INTERFACES, {"interfaces"}),
        (NodePart.DEVICES, {"devices"}),
        (NodePart.STATISTICS, {"cpu_times", "memory_use"}),
    ],
)
def test_only_what_was_asked_for(node: LibvirtNode, part: NodePart, fields: set[str]) -> None:
    expected = {name: value for name, value in FULL._asdict().items() if name in fields}
    assert node.describe({part}) == NodeRecord(**expected)


@pytest.mark.parametrize("count", [0, 1, 500])
def test_two_round_trips_however_many_devices_there_are(
    node: LibvirtNode, daemon: FakeDaemon, client: Client, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    names = [f"pci_{number}" for number in range(count)]
    daemon.script[protocol.LIST_NODE_DEVICES] = listing(names, names)
    trips = []
    pipeline = client.pipeline
    monkeypatch.setattr(client, "pipeline", lambda calls: (trips.append(len(calls)), pipeline(calls))[1])
    record = node.describe(EVERYTHING)
    assert record.devices is not None
    assert [each.name for each in record.devices] == names
    assert len(trips) == 2
    assert trips[1] == count + 4


def test_nothing_is_asked_when_nothing_is_wanted(node: LibvirtNode, daemon: FakeDaemon) -> None:
    daemon.calls.clear()
    assert node.describe(frozenset()) == NodeRecord()
    assert daemon.calls == []


# What a daemon refuses, and the fields that are None then.
MISSING = {
    protocol.CONNECT_CAPABILITIES: {"capabilities"},
    protocol.NODE_INFO: {"processors", "memory"},
    protocol.NODE_CPU_MAP: {"present", "online"},
    protocol.NODE_FREE_MEMORY: {"free_memory"},
    protocol.NODE_CPU_STATS: {"cpu_times"},
    protocol.NODE_MEMORY_STATS: {"memory_use"},
    protocol.LIST_HOST_INTERFACES: {"interfaces"},
    protocol.LIST_NODE_DEVICES: {"devices"},
}


@pytest.mark.parametrize("procedure", MISSING, ids=lambda procedure: procedure.what)
@pytest.mark.parametrize("code", [NO_SUPPORT, UNKNOWN_PROCEDURE])
def test_what_a_node_does_not_have_is_left_out(
    node: LibvirtNode, daemon: FakeDaemon, procedure: protocol.Procedure, code: int
) -> None:
    daemon.script[procedure] = refuses(code, "not here")
    assert node.describe(EVERYTHING) == FULL._replace(**dict.fromkeys(MISSING[procedure], None))


@pytest.mark.parametrize("procedure", [protocol.LIST_HOST_INTERFACES, protocol.LIST_NODE_DEVICES])
def test_what_a_missing_daemon_would_tell_is_left_out(
    node: LibvirtNode, daemon: FakeDaemon, procedure: protocol.Procedure
) -> None:
    daemon.script[procedure] = refuses(SYSTEM, "Failed to connect socket")
    assert node.describe(EVERYTHING) == FULL._replace(**dict.fromkeys(MISSING[procedure], None))


def test_what_the_system_of_the_node_refuses_is_named(node: LibvirtNode, daemon: FakeDaemon) -> None:
    daemon.script[protocol.NODE_CPU_STATS] = refuses(SYSTEM, "cannot open /proc/stat: Permission denied")
    (refusal,) = node.describe(EVERYTHING).refusals
    assert "/proc/stat" in refusal


@pytest.mark.parametrize("procedure", MISSING, ids=lambda procedure: procedure.what)
@pytest.mark.parametrize("code", [INTERNAL, DENIED])
def test_what_a_node_refuses_is_left_out_and_named(
    node: LibvirtNode, daemon: FakeDaemon, procedure: protocol.Procedure, code: int
) -> None:
    daemon.script[procedure] = refuses(code, "sysfs is broken")
    record = node.describe(EVERYTHING)
    assert record._replace(refusals=()) == FULL._replace(**dict.fromkeys(MISSING[procedure], None))
    (refusal,) = record.refusals
    assert refusal.startswith(f"{procedure.what}: sysfs is broken.")


def test_a_hypervisor_that_does_not_say_what_it_is(node: LibvirtNode, daemon: FakeDaemon) -> None:
    daemon.script[protocol.CONNECT_VERSION] = gives(0)
    daemon.script[protocol.CONNECT_HOSTNAME] = refuses(NO_SUPPORT)
    record = node.describe({NodePart.HYPERVISOR})
    assert record.hypervisor == Hypervisor("libvirt", False, "QEMU", None, "11.0.1", None)


def test_an_old_daemon_does_not_tell_what_is_active(node: LibvirtNode, daemon: FakeDaemon) -> None:
    def old(connection: Connection, call: Call) -> None:
        if call.arguments[1]:
            connection.send(refusal(call, INVALID, "unsupported flags (0x80000000) in function nodeListAllDevices"))
        else:
            connection.send(reply(call, ["computer"], 1))

    daemon.script[protocol.LIST_NODE_DEVICES] = old
    record = node.describe({NodePart.DEVICES})
    assert record == NodeRecord(devices=(NodeDevice("computer", None, "<computer/>"),))


def test_a_device_that_vanishes_meanwhile_is_left_out(node: LibvirtNode, daemon: FakeDaemon) -> None:
    def gone(connection: Connection, call: Call) -> None:
        if call.arguments[0] == "mdev_1":
            connection.send(refusal(call, NO_DEVICE, "no such device"))
        else:
            document(connection, call)

    daemon.script[protocol.NODE_DEVICE_DOCUMENT] = gone
    assert node.describe({NodePart.DEVICES}) == NodeRecord(devices=(NodeDevice("computer", True, "<computer/>"),))


@pytest.mark.parametrize("name", ["interfaces", "info", "devices", "active_devices", "eth0"])
def test_names_of_devices_are_only_names(node: LibvirtNode, daemon: FakeDaemon, name: str) -> None:
    daemon.script[protocol.LIST_NODE_DEVICES] = listing([name], [name])
    assert node.describe(EVERYTHING) == FULL._replace(devices=(NodeDevice(name, True, f"<{name}/>"),))


@pytest.mark.parametrize("count", [-1, 17, 2**31 - 1])
def test_a_number_of_counters_that_cannot_be(node: LibvirtNode, daemon: FakeDaemon, count: int) -> None:
    daemon.script[protocol.NODE_CPU_STATS] = gives([], count)
    assert node.describe({NodePart.STATISTICS}).cpu_times is None


@pytest.mark.parametrize(
    ("told", "present", "online"),
    [((b"", 0, 4), 4, ()), ((b"\xff", 8, 2), 2, (0, 1)), ((b"\x00\x01", 1, -5), -5, ()), ((b"\x81", 2, 8), 8, (0, 7))],
)
def test_maps_of_processors(
    node: LibvirtNode, daemon: FakeDaemon, told: tuple[bytes, int, int], present: int, online: tuple[int, ...]
) -> None:
    daemon.script[protocol.NODE_CPU_MAP] = gives(*told)
    record = node.describe({NodePart.PROCESSORS})
    assert (record.present, record.online) == (present, online)


def test_a_connection_that_dies_is_an_error(node: LibvirtNode, daemon: FakeDaemon) -> None:
    daemon.script[protocol.NODE_DEVICE_DOCUMENT] = hangs_up
    with pytest.raises(ConnectionFailed, match="reading the document of the device computer"):
        node.describe(EVERYTHING)


def test_free_memory_of_cells(node: LibvirtNode, daemon: FakeDaemon, client: Client) -> None:
    def memory(connection: Connection, call: Call) -> None:
        cell, count = call.arguments
        assert count == 1
        connection.send(refusal(call, INTERNAL, "no") if cell == 4 else reply(call, [1000 + cell]))

    def pages(connection: Connection, call: Call) -> None:
        sizes, cell, count, flags = call.arguments
        assert (count, flags) == (1, 0)
        connection.send(refusal(call, UNKNOWN_PROCEDURE, "no") if cell == 4 else reply(call, [s * 2 for s in sizes]))

    daemon.script[protocol.NODE_CELLS_FREE_MEMORY] = memory
    daemon.script[protocol.NODE_FREE_PAGES] = pages
    assert node.free_memory({0: [4096, 2097152], 8: [65536], 4: [4096]}) == {
        0: CellFree(1000, {4096: 8, 2097152: 4096}),
        8: CellFree(1008, {65536: 128}),
        4: CellFree(None, {}),
    }
    daemon.script[protocol.NODE_CELLS_FREE_MEMORY] = gives([])
    daemon.script[protocol.NODE_FREE_PAGES] = gives([1])
    assert node.free_memory({0: [4096, 8192]}) == {0: CellFree(None, {4096: 1})}
    assert node.free_memory({}) == {}


def test_what_domains_of_several_kinds_may_have(node: LibvirtNode, daemon: FakeDaemon) -> None:
    def answer(connection: Connection, call: Call) -> None:
        emulator, arch, machine, kind, _flags = call.arguments
        assert emulator is None
        if kind == "kvm":
            connection.send(refusal(call, INVALID, "KVM is not supported"))
        else:
            connection.send(reply(call, f"<{arch}-{machine}/>"))

    daemon.script[protocol.CONNECT_DOMAIN_CAPABILITIES] = answer
    kinds = [("x86_64", "kvm", "q35"), ("x86_64", "qemu", "q35"), ("s390x", "qemu", None)]
    assert node.all_domain_capabilities(kinds) == [None, "<x86_64-q35/>", "<s390x-None/>"]


@pytest.mark.parametrize(
    ("uri", "encrypted"),
    [
        ("qemu:///system", False),
        ("qemu+unix:///system", False),
        ("qemu+tcp://localhost/system", False),
        ("qemu+ssh://root@node1/system", True),
        ("qemu+libssh2://node1/system", True),
        ("qemu+tls://node1/system", True),
        ("qemu://node1/system", True),
    ],
)
def test_whether_the_way_to_the_node_is_encrypted(node: LibvirtNode, client: Client, uri: str, encrypted: bool) -> None:
    hypervisor = LibvirtNode(client, parse(uri)).describe({NodePart.HYPERVISOR}).hypervisor
    assert hypervisor is not None
    assert hypervisor.encrypted is encrypted
