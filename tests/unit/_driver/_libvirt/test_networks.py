# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt import protocol
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.networks import LibvirtNetworks
from ansible_collections.stratum.virt.plugins.module_utils._driver.networks import (
    Lease,
    NetworkPort,
    NetworkSection,
    NetworkUpdate,
)
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    AlreadyExists,
    Denied,
    InputError,
    InvalidDocument,
    NotFound,
    NotSupported,
    OutcomeUnknown,
)
from ansible_collections.stratum.virt.tests.unit._driver._libvirt.conftest import OpenDriver
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

ACTIVE, TRANSIENT, AUTOSTART = 1 << 1, 1 << 3, 1 << 4
NO_NETWORK, INVALID, UNKNOWN_PROCEDURE = 43, 55, 39


class Model:
    """Networks behind a fake daemon, as far as reading goes."""

    def __init__(self, daemon: FakeDaemon, *names: str) -> None:
        self.networks = {name: protocol.Network(name, name.encode().ljust(16, b".")) for name in names}
        self.sets: dict[int, set[str]] = {ACTIVE: set(), TRANSIENT: set(), AUTOSTART: set()}
        self.gone: set[str] = set()
        daemon.script.update(
            {
                protocol.LIST_NETWORKS: self.list,
                protocol.NETWORK_BY_NAME: self.by_name,
                protocol.NETWORK_DOCUMENT: self.document,
                protocol.NETWORK_ACTIVE: self.within(ACTIVE, True),
                protocol.NETWORK_PERSISTENT: self.within(TRANSIENT, False),
                protocol.NETWORK_AUTOSTART: self.within(AUTOSTART, True),
            }
        )

    def list(self, connection: Connection, call: Call) -> None:
        names = self.sets.get(call.arguments[1], set(self.networks))
        connection.send(reply(call, [self.networks[name] for name in names], len(names)))

    def by_name(self, connection: Connection, call: Call) -> None:
        self.answer(connection, call, call.arguments[0], lambda network: network)

    def document(self, connection: Connection, call: Call) -> None:
        which = "config" if call.arguments[1] else "live"
        self.answer(connection, call, call.arguments[0].name, lambda network: f"<network>{which}</network>")

    def within(self, flag: int, means: bool) -> Callable[[Connection, Call], None]:
        return lambda connection, call: self.answer(
            connection, call, call.arguments[0].name, lambda network: (network.name in self.sets[flag]) is means
        )

    def answer(self, connection: Connection, call: Call, name: str, make: Callable[[protocol.Network], object]) -> None:
        if name in self.networks and name not in self.gone:
            connection.send(reply(call, make(self.networks[name])))
        else:
            connection.send(refusal(call, NO_NETWORK, f"no network {name}"))


@pytest.fixture
def model(daemon: FakeDaemon) -> Model:
    model = Model(daemon, "b", "a", "c")
    model.sets = {ACTIVE: {"b", "c"}, TRANSIENT: {"c"}, AUTOSTART: {"a"}}
    return model


@pytest.fixture
def networks(open_driver: OpenDriver, model: Model) -> LibvirtNetworks:
    found = open_driver().networks
    assert isinstance(found, LibvirtNetworks)
    return found


def test_all_networks_in_two_round_trips(daemon: FakeDaemon, networks: LibvirtNetworks) -> None:
    daemon.calls.clear()
    records = networks.describe()
    assert [(each.name, each.active, each.persistent, each.autostart) for each in records] == [
        ("a", False, True, True),
        ("b", True, True, False),
        ("c", True, False, False),
    ]
    live, config = "<network>live</network>", "<network>config</network>"
    assert [(each.live, each.config) for each in records] == [(None, config), (live, config), (live, None)]
    assert records[0].uuid == "612e2e2e-2e2e-2e2e-2e2e-2e2e2e2e2e2e"
    assert daemon.asked == [protocol.LIST_NETWORKS] * 4 + [protocol.NETWORK_DOCUMENT] * 6


def test_few_networks_are_not_looked_for_among_all(daemon: FakeDaemon, networks: LibvirtNetworks) -> None:
    everything = {each.name: each for each in networks.describe()}
    daemon.calls.clear()
    assert networks.describe(["c", "nobody", "a", "c"]) == [everything["c"], everything["a"]]
    assert protocol.LIST_NETWORKS not in daemon.asked


def test_many_names_are_given_back_in_their_order(networks: LibvirtNetworks) -> None:
    names = ["c", *(f"nobody{index}" for index in range(20)), "a", "c"]
    assert [each.name for each in networks.describe(names)] == ["c", "a"]


def test_without_documents_none_is_read(daemon: FakeDaemon, networks: LibvirtNetworks) -> None:
    daemon.calls.clear()
    assert {(each.live, each.config) for each in networks.describe(documents=False)} == {(None, None)}
    assert daemon.asked == [protocol.LIST_NETWORKS] * 4


def test_a_network_that_vanishes_meanwhile_is_left_out(networks: LibvirtNetworks, model: Model) -> None:
    model.gone.add("b")
    assert [each.name for each in networks.describe()] == ["a", "c"]


def test_a_document_that_is_denied_is_an_error(daemon: FakeDaemon, networks: LibvirtNetworks) -> None:
    daemon.script[protocol.NETWORK_DOCUMENT] = refuses(88, "access denied")
    with pytest.raises(Denied, match="reading the document of the network a"):
        networks.describe()


def test_a_hypervisor_with_one_document(daemon: FakeDaemon, networks: LibvirtNetworks, model: Model) -> None:
    def only_live(connection: Connection, call: Call) -> None:
        if call.arguments[1]:
            connection.send(refusal(call, 8, "unsupported flags (0x1) in function testNetworkGetXMLDesc"))
        else:
            model.document(connection, call)

    daemon.script[protocol.NETWORK_DOCUMENT] = only_live
    live = "<network>live</network>"
    assert [(each.live, each.config) for each in networks.describe()] == [(None, live), (live, live), (live, None)]


def test_find(daemon: FakeDaemon, networks: LibvirtNetworks, model: Model) -> None:
    daemon.script[protocol.NETWORK_BY_UUID] = gives(model.networks["a"])
    assert networks.find("612e2e2e-2e2e-2e2e-2e2e-2e2e2e2e2e2e") == "a"
    daemon.script[protocol.NETWORK_BY_UUID] = refuses(NO_NETWORK)
    assert networks.find("612e2e2e-2e2e-2e2e-2e2e-2e2e2e2e2e2e") is None
    with pytest.raises(InputError, match="is not a UUID"):
        networks.find("nonsense")


def test_changes(daemon: FakeDaemon, networks: LibvirtNetworks, model: Model) -> None:
    for procedure in (
        protocol.NETWORK_START,
        protocol.NETWORK_DESTROY,
        protocol.NETWORK_SET_AUTOSTART,
        protocol.NETWORK_UNDEFINE,
    ):
        daemon.script[procedure] = gives()
    daemon.calls.clear()
    networks.start("a")
    networks.destroy("a")
    networks.set_autostart("a", True)
    networks.undefine("a")
    network = model.networks["a"]
    assert [(call.procedure, call.arguments) for call in daemon.calls] == [
        (protocol.NETWORK_BY_NAME, ("a",)),
        (protocol.NETWORK_START, (network,)),
        (protocol.NETWORK_DESTROY, (network,)),
        (protocol.NETWORK_SET_AUTOSTART, (network, 1)),
        (protocol.NETWORK_UNDEFINE, (network,)),
    ]


def test_what_was_meant_for_a_network_is_not_done_to_its_successor(
    daemon: FakeDaemon, networks: LibvirtNetworks, model: Model
) -> None:
    networks.describe(["a"])
    daemon.script[protocol.NETWORK_DESTROY] = refuses(NO_NETWORK, "no network with matching uuid (a)")
    with pytest.raises(NotFound, match="destroying the network a"):
        networks.destroy("a")
    daemon.script[protocol.NETWORK_DESTROY] = gives()
    model.networks["a"] = protocol.Network("a", b"another" + bytes(9))
    networks.destroy("a")
    assert daemon.calls[-1].arguments == (model.networks["a"],)


def test_a_document_is_validated(daemon: FakeDaemon, networks: LibvirtNetworks, model: Model) -> None:
    daemon.script[protocol.NETWORK_DEFINE] = gives(model.networks["a"])
    networks.define("<network/>")
    assert daemon.calls[-1].arguments == ("<network/>", 1)
    daemon.script[protocol.NETWORK_DEFINE] = refuses(92, "not valid")
    with pytest.raises(InvalidDocument, match="defining a network"):
        networks.define("<network/>")
    daemon.script[protocol.NETWORK_DEFINE] = refuses(9, "network 'a' already exists with uuid 1")
    with pytest.raises(AlreadyExists):
        networks.define("<network/>")


def test_a_daemon_that_cannot_validate(daemon: FakeDaemon, networks: LibvirtNetworks, model: Model) -> None:
    daemon.script[protocol.NETWORK_DEFINE] = refuses(UNKNOWN_PROCEDURE, "unknown procedure: 432")
    daemon.script[protocol.NETWORK_DEFINE_UNCHECKED] = gives(model.networks["a"])
    networks.define("<network/>")
    assert daemon.calls[-1].arguments == ("<network/>",)


@pytest.mark.parametrize("correct", [True, False])
def test_an_update_is_said_in_the_order_that_the_daemon_takes(
    daemon: FakeDaemon, networks: LibvirtNetworks, model: Model, correct: bool
) -> None:
    daemon.script[protocol.CONNECT_FEATURE] = gives(correct)
    daemon.script[protocol.NETWORK_UPDATE] = gives()
    networks.update("b", NetworkSection.DNS_TXT, NetworkUpdate.DELETE, "<txt/>")
    networks.update("b", NetworkSection.DHCP_HOST, NetworkUpdate.ADD, "<host/>", parent=1)
    updates = [call.arguments for call in daemon.calls if call.procedure is protocol.NETWORK_UPDATE]
    network = model.networks["b"]
    live = 1
    assert updates == [
        (network, *((2, 11) if correct else (11, 2)), -1, "<txt/>", live),
        (network, *((3, 4) if correct else (4, 3)), 1, "<host/>", live),
    ]
    assert daemon.asked.count(protocol.CONNECT_FEATURE) == 1


def test_every_section_and_command_has_its_number(daemon: FakeDaemon, networks: LibvirtNetworks) -> None:
    daemon.script[protocol.CONNECT_FEATURE] = gives(True)
    daemon.script[protocol.NETWORK_UPDATE] = gives()
    for section in NetworkSection:
        for update in NetworkUpdate:
            networks.update("b", section, update, "<x/>")
    sent = {call.arguments[1:3] for call in daemon.calls if call.procedure is protocol.NETWORK_UPDATE}
    assert len(sent) == len(NetworkSection) * len(NetworkUpdate)


def test_leases(daemon: FakeDaemon, networks: LibvirtNetworks, model: Model) -> None:
    def leases(connection: Connection, call: Call) -> None:
        found = [
            protocol.Lease("virbr0", 1234, 0, "52:54:00:00:00:01", None, "10.0.0.2", 24, "web", "ff:01"),
            protocol.Lease("virbr0", 0, 1, None, "7", "fd00::2", 0, None, None),
        ]
        connection.send(reply(call, found, len(found)))

    daemon.script[protocol.NETWORK_LEASES] = leases
    assert networks.leases(["b", "a", "nobody"]) == {
        "b": [
            Lease("52:54:00:00:00:01", "ipv4", "10.0.0.2", 24, "web", "ff:01", 1234),
            Lease("", "ipv6", "fd00::2", None, None, None, 0),
        ],
        "a": [],  # it is not active, and what libvirt says about it is old
        "nobody": [],
    }
    daemon.script[protocol.NETWORK_LEASES] = refuses(3, "not supported")
    with pytest.raises(NotSupported, match="reading the leases of the network b"):
        networks.leases(["b"])


def test_ports(daemon: FakeDaemon, networks: LibvirtNetworks, model: Model) -> None:
    def ports(connection: Connection, call: Call) -> None:
        network = call.arguments[0]
        if network.name == "a":
            connection.send(refusal(call, INVALID, "network 'a' is not active"))
        else:
            connection.send(reply(call, [protocol.Port(network, bytes([index] * 16)) for index in range(3)], 3))

    def document(connection: Connection, call: Call) -> None:
        (index, *_rest) = call.arguments[0].uuid
        owner = "<owner><name>web</name><uuid>u</uuid></owner>"
        documents = [f"<networkport>{owner}<mac address='52:54:00:00:00:01'/></networkport>", "<networkport/>"]
        connection.send(reply(call, documents[index]) if index < 2 else refusal(call, 107, "the port is gone"))

    daemon.script[protocol.NETWORK_PORTS] = ports
    daemon.script[protocol.NETWORK_PORT_DOCUMENT] = document
    assert networks.ports(["a", "b", "nobody"]) == {
        "a": [],
        "b": [NetworkPort("web", "u", "52:54:00:00:00:01"), NetworkPort("", "", "")],
        "nobody": [],
    }


def test_a_daemon_that_dies_at_a_change_leaves_its_outcome_open(daemon: FakeDaemon, networks: LibvirtNetworks) -> None:
    daemon.script[protocol.NETWORK_DESTROY] = hangs_up
    with pytest.raises(OutcomeUnknown, match="destroying the network b"):
        networks.destroy("b")
