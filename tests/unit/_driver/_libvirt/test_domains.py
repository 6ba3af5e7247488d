# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt import protocol
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.protocol import Domain
from ansible_collections.stratum.virt.plugins.module_utils._driver.domains import (
    Address,
    DomainEvent,
    DomainState,
    EventKind,
    Shutdown,
)
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    ConnectionFailed,
    DeadlineExceeded,
    Denied,
    DriverError,
    GuestAgentError,
    InputError,
    NotFound,
    NotSupported,
    OperationInvalid,
    PeerError,
)
from ansible_collections.stratum.virt.tests.unit._driver._libvirt.conftest import OpenDriver
from ansible_collections.stratum.virt.tests.unit._driver._libvirt.fake_daemon import (
    Call,
    Connection,
    FakeDaemon,
    event,
    gives,
    hangs_up,
    keeps_silent,
    refusal,
    refuses,
    reply,
)

RUNNING, STOPPED, PM_SUSPENDED = 1, 5, 7
NOWAIT = 1 << 29


class Model:
    """Domains behind a fake daemon, as far as reading goes."""

    def __init__(self, daemon: FakeDaemon, **domains: bool) -> None:
        self.domains = {
            name: Domain(name, name.encode().ljust(16, b"."), index if active else -1)
            for index, (name, active) in enumerate(domains.items(), 1)
        }
        self.gone: set[str] = set()
        self.sets: dict[int, set[str]] = {1 << 3: set(), 1 << 8: set(), 1 << 10: set()}
        daemon.script.update(
            {
                protocol.LIST_DOMAINS: self.list,
                protocol.DOMAIN_STATS: self.stats,
                protocol.DOMAIN_BY_NAME: self.by_name,
                protocol.DOMAIN_DOCUMENT: self.document,
                protocol.DOMAIN_STATE: self.state,
                protocol.DOMAIN_AUTOSTART: gives(True),
                protocol.DOMAIN_SAVED: gives(False),
                protocol.DOMAIN_PERSISTENT: gives(True),
            }
        )

    def list(self, connection: Connection, call: Call) -> None:
        names = self.sets.get(call.arguments[1], self.domains)
        connection.send(reply(call, [self.domains[name] for name in names], len(names)))

    def stats(self, connection: Connection, call: Call) -> None:
        wanted = call.arguments[0] or list(self.domains.values())
        records = [(each, {"state.state": self.number(each), "state.reason": 1}) for each in wanted]
        connection.send(reply(call, records))

    def number(self, domain: Domain) -> int:
        return RUNNING if self.domains[domain.name].id != -1 else STOPPED

    def by_name(self, connection: Connection, call: Call) -> None:
        self.answer(connection, call, call.arguments[0], lambda domain: (domain,))

    def document(self, connection: Connection, call: Call) -> None:
        inactive = call.arguments[1] & 2

        def make(domain: Domain) -> tuple[str]:
            running = domain.id != -1 and not inactive
            return (
                f"<domain type='qemu'{f' id={domain.id!r}' if running else ''}><name>{domain.name}</name></domain>",
            )

        self.answer(connection, call, call.arguments[0].name, make)

    def state(self, connection: Connection, call: Call) -> None:
        self.answer(connection, call, call.arguments[0].name, lambda domain: (self.number(domain), 1))

    def answer(self, connection: Connection, call: Call, name: str, make: Any) -> None:
        if name in self.domains and name not in self.gone:
            connection.send(reply(call, *make(self.domains[name])))
        else:
            connection.send(refusal(call, 42, "Domain not found"))


@pytest.fixture
def model(daemon: FakeDaemon) -> Model:
    return Model(daemon, b=True, a=False, c=True)


def test_all_domains_in_two_round_trips(daemon: FakeDaemon, open_driver: OpenDriver, model: Model) -> None:
    model.sets = {1 << 3: {"c"}, 1 << 8: {"a"}, 1 << 10: {"b"}}
    driver = open_driver()
    daemon.calls.clear()
    records = driver.domains.describe()
    assert [record.name for record in records] == ["a", "b", "c"]
    assert [record.state for record in records] == [DomainState.STOPPED, DomainState.RUNNING, DomainState.RUNNING]
    assert [record.reason for record in records] == ["shutdown", "booted", "booted"]
    assert [record.persistent for record in records] == [True, True, False]
    assert [record.saved for record in records] == [True, False, False]
    assert [record.autostart for record in records] == [False, True, False]
    assert [record.live is None for record in records] == [True, False, False]
    assert [record.config is None for record in records] == [False, False, True]
    assert records[0].uuid == "612e2e2e-2e2e-2e2e-2e2e-2e2e2e2e2e2e"
    assert daemon.asked[0] is protocol.LIST_DOMAINS
    assert len(daemon.calls) == 1 + 4 + 5


def test_a_hypervisor_without_bulk_statistics(daemon: FakeDaemon, open_driver: OpenDriver, model: Model) -> None:
    daemon.script[protocol.DOMAIN_STATS] = refuses(3, "not supported")
    records = open_driver("lxc").domains.describe()
    assert [(record.name, record.state) for record in records] == [
        ("a", DomainState.STOPPED),
        ("b", DomainState.RUNNING),
        ("c", DomainState.RUNNING),
    ]


def test_one_domain_is_not_looked_for_among_all(daemon: FakeDaemon, open_driver: OpenDriver, model: Model) -> None:
    driver = open_driver()
    (record,) = driver.domains.describe(["b", "nobody", "b"], secrets=True)
    assert (record.name, record.state, record.autostart) == ("b", DomainState.RUNNING, True)
    assert protocol.LIST_DOMAINS not in daemon.asked
    assert {call.arguments[1] for call in daemon.calls if call.procedure is protocol.DOMAIN_DOCUMENT} == {1, 3}


def test_many_names_are_given_back_in_their_order(open_driver: OpenDriver, model: Model) -> None:
    names = ["c", *(f"nobody{index}" for index in range(20)), "a", "c"]
    assert [record.name for record in open_driver().domains.describe(names)] == ["c", "a"]


def test_without_documents_none_is_read(daemon: FakeDaemon, open_driver: OpenDriver, model: Model) -> None:
    records = open_driver().domains.describe(documents=False)
    assert [(record.live, record.config) for record in records] == [(None, None)] * 3
    assert protocol.DOMAIN_DOCUMENT not in daemon.asked


def test_a_domain_that_vanishes_meanwhile_is_left_out(open_driver: OpenDriver, model: Model) -> None:
    model.gone.add("b")
    assert [record.name for record in open_driver().domains.describe()] == ["a", "c"]


def test_a_domain_that_stops_meanwhile_is_read_again(daemon: FakeDaemon, open_driver: OpenDriver, model: Model) -> None:
    def stops_first(connection: Connection, call: Call) -> None:
        model.domains["b"] = model.domains["b"]._replace(id=-1)
        model.document(connection, call)

    daemon.script[protocol.DOMAIN_DOCUMENT] = stops_first
    record = {each.name: each for each in open_driver().domains.describe()}["b"]
    assert (record.state, record.live) == (DomainState.STOPPED, None)
    assert record.config is not None


def test_facts_that_a_hypervisor_does_not_have(daemon: FakeDaemon, open_driver: OpenDriver, model: Model) -> None:
    for procedure in (protocol.DOMAIN_AUTOSTART, protocol.DOMAIN_SAVED, protocol.DOMAIN_PERSISTENT):
        daemon.script[procedure] = refuses(3, "not supported")
    (record,) = open_driver("hyperv").domains.describe(["b"])
    assert (record.autostart, record.saved, record.persistent) == (False, False, True)


def test_a_document_that_is_denied_is_an_error(daemon: FakeDaemon, open_driver: OpenDriver, model: Model) -> None:
    daemon.script[protocol.DOMAIN_DOCUMENT] = refuses(88, "access denied")
    with pytest.raises(Denied, match="reading the document of the domain a"):
        open_driver().domains.describe()


def test_find(daemon: FakeDaemon, open_driver: OpenDriver, model: Model) -> None:
    domains = open_driver().domains
    daemon.script[protocol.DOMAIN_BY_UUID] = gives(model.domains["a"])
    assert domains.find("612e2e2e-2e2e-2e2e-2e2e-2e2e2e2e2e2e") == "a"
    assert daemon.calls[-1].arguments == (b"a".ljust(16, b"."),)
    daemon.script[protocol.DOMAIN_BY_UUID] = refuses(42)
    assert domains.find("612e2e2e-2e2e-2e2e-2e2e-2e2e2e2e2e2e") is None
    for wrong in ("", "nonsense", "612e2e2e"):
        with pytest.raises(InputError, match="is not a UUID"):
            domains.find(wrong)


def knows_flags(known: int, *values: Any) -> Any:
    def behave(connection: Connection, call: Call) -> None:
        unknown = call.arguments[-1] & ~known
        message = f"unsupported flags (0x{unknown:x}) in function testDomain"
        connection.send(refusal(call, 8, message) if unknown else reply(call, *values))

    return behave


@pytest.mark.parametrize("known", [0x37, 0x17, 0x3, 0])
def test_undefine_asks_for_no_more_than_the_driver_knows(
    daemon: FakeDaemon, open_driver: OpenDriver, model: Model, known: int
) -> None:
    daemon.script[protocol.DOMAIN_UNDEFINE] = knows_flags(known)
    open_driver().domains.undefine("a")
    assert daemon.calls[-1].arguments[-1] == known


def test_define_validates_where_it_can(daemon: FakeDaemon, open_driver: OpenDriver, model: Model) -> None:
    daemon.script[protocol.DOMAIN_DEFINE] = knows_flags(1, model.domains["a"])
    domains = open_driver().domains
    domains.define("<domain/>")
    assert daemon.calls[-1].arguments == ("<domain/>", 1)
    daemon.script[protocol.DOMAIN_DEFINE] = knows_flags(0, model.domains["a"])
    domains.define("<domain/>")
    assert daemon.calls[-1].arguments == ("<domain/>", 0)


def test_what_was_asked_for_by_name_is_not_left_away(daemon: FakeDaemon, open_driver: OpenDriver, model: Model) -> None:
    domains = open_driver().domains
    for procedure in (protocol.DOMAIN_START, protocol.DOMAIN_SHUTDOWN, protocol.DOMAIN_DESTROY):
        daemon.script[procedure] = knows_flags(0)
    with pytest.raises(NotSupported):
        domains.start("a", paused=True)
    with pytest.raises(NotSupported):
        domains.shutdown("a", Shutdown.AGENT)
    with pytest.raises(NotSupported):
        domains.destroy("a", graceful=True)
    domains.shutdown("a", Shutdown.ACPI)


def test_a_domain_that_was_replaced_by_another_of_its_name(
    daemon: FakeDaemon, open_driver: OpenDriver, model: Model
) -> None:
    new = Domain("a", b"new".ljust(16, b"."), -1)
    domains = open_driver().domains
    domains.describe(["a"])
    model.domains["a"] = new

    def only_new(connection: Connection, call: Call) -> None:
        good = call.arguments[0].uuid == new.uuid
        connection.send(reply(call) if good else refusal(call, 42, "Domain not found"))

    daemon.script[protocol.DOMAIN_UNDEFINE] = only_new
    with pytest.raises(NotFound):
        domains.undefine("a")
    assert daemon.asked.count(protocol.DOMAIN_UNDEFINE) == 1


def test_a_missing_device_is_not_a_missing_domain(daemon: FakeDaemon, open_driver: OpenDriver, model: Model) -> None:
    domains = open_driver().domains
    domains.describe(["a"])
    daemon.script[protocol.DOMAIN_DETACH] = refuses(99, "device not found")
    with pytest.raises(NotFound, match="device not found"):
        domains.detach_device("a", "<disk/>")
    assert daemon.asked.count(protocol.DOMAIN_DETACH) == 1


@pytest.mark.parametrize(("state", "wakes"), [(PM_SUSPENDED, True), (STOPPED, False)])
def test_resume_wakes_a_guest_that_sleeps(
    daemon: FakeDaemon, open_driver: OpenDriver, model: Model, state: int, wakes: bool
) -> None:
    daemon.script[protocol.DOMAIN_RESUME] = refuses(55, "not now")
    daemon.script[protocol.DOMAIN_STATE] = gives(state, 0)
    daemon.script[protocol.DOMAIN_WAKE_UP] = gives()
    domains = open_driver().domains
    if wakes:
        domains.resume("a")
    else:
        with pytest.raises(OperationInvalid):
            domains.resume("a")
    assert (protocol.DOMAIN_WAKE_UP in daemon.asked) is wakes


def test_addresses_of_sources_that_are_there(daemon: FakeDaemon, open_driver: OpenDriver, model: Model) -> None:
    def behave(connection: Connection, call: Call) -> None:
        if call.arguments[1] == 1:
            connection.send(refusal(call, 86, "no agent"))
        else:
            interface = ("vnet0", "52:54:00:00:00:01", [(0, "192.0.2.7", 24), (1, "2001:db8::7", 0)])
            connection.send(reply(call, [interface, ("lo", None, [])]))

    daemon.script[protocol.DOMAIN_ADDRESSES] = behave
    assert open_driver().domains.addresses(["b", "nobody"], ["agent", "lease"]) == {
        "b": [
            Address("vnet0", "52:54:00:00:00:01", "ipv4", "192.0.2.7", 24, "lease"),
            Address("vnet0", "52:54:00:00:00:01", "ipv6", "2001:db8::7", None, "lease"),
        ]
    }


def test_an_address_that_a_guest_made_up(daemon: FakeDaemon, open_driver: OpenDriver, model: Model) -> None:
    said = [(0, "-oProxyCommand=id", 0), (1, "fe80::7%eth0", 64), (0, "", 0), (1, "fe80::7%{{ x }}", 64)]
    daemon.script[protocol.DOMAIN_ADDRESSES] = gives([("eth0", None, said)])
    expected = Address("eth0", "", "ipv6", "fe80::7", 64, "agent")
    assert open_driver().domains.addresses(["b"], ["agent"]) == {"b": [expected, expected]}


@pytest.mark.parametrize("values", [{"state.state": "1"}, {"state.state": 1, "state.reason": 1.5}])
def test_a_state_that_is_no_number(
    daemon: FakeDaemon, open_driver: OpenDriver, model: Model, values: dict[str, object]
) -> None:
    daemon.script[protocol.DOMAIN_STATS] = gives([(model.domains["b"], values)])
    with pytest.raises(PeerError, match="the state of b is no number"):
        open_driver().domains.describe()


def test_stats_of_some(daemon: FakeDaemon, open_driver: OpenDriver, model: Model) -> None:
    domains = open_driver().domains
    assert domains.stats(["b", "nobody"]) == {"b": {"state.state": RUNNING, "state.reason": 1}}
    assert domains.stats(["nobody"]) == {}
    assert set(domains.stats()) == {"a", "b", "c"}


def test_a_domain_that_hangs_does_not_hold_up_the_statistics_of_others(
    daemon: FakeDaemon, open_driver: OpenDriver, model: Model
) -> None:
    def answer(connection: Connection, call: Call) -> None:
        if call.arguments[2] & NOWAIT:
            connection.send(reply(call, [(model.domains["b"], {"cpu.time": 1})]))

    daemon.script[protocol.DOMAIN_STATS] = answer
    driver = open_driver(timeout=0.5)
    assert driver.domains.stats() == {"b": {"cpu.time": 1}}
    daemon.script[protocol.DOMAIN_STATS] = keeps_silent
    with pytest.raises(DeadlineExceeded, match="reading statistics of domains"):
        driver.domains.stats()


def test_the_time_of_a_domain_that_does_not_run_is_the_daemons_own(
    daemon: FakeDaemon, open_driver: OpenDriver, model: Model
) -> None:
    times = {"cpu.time": 3, "cpu.user": 2, "cpu.system": 1}
    daemon.script[protocol.DOMAIN_STATS] = gives(
        [(model.domains["a"], {"state.state": 5, **times}), (model.domains["b"], {"state.state": 3, **times})]
    )
    assert open_driver().domains.stats() == {"a": {"state.state": 5}, "b": {"state.state": 3, **times}}


def test_the_agent_gets_its_time(daemon: FakeDaemon, open_driver: OpenDriver, model: Model) -> None:
    domains = open_driver().domains
    daemon.script[protocol.DOMAIN_AGENT] = gives('{"return": {}}')
    assert domains.agent("b", '{"execute": "guest-ping"}', Deadline(7)) == '{"return": {}}'
    assert daemon.calls[-1].arguments[2] == 7
    daemon.script[protocol.DOMAIN_AGENT] = refuses(86, "not connected")
    with pytest.raises(GuestAgentError, match="guest agent of the domain b: not connected"):
        domains.agent("b", "{}", Deadline(7))
    daemon.script[protocol.DOMAIN_AGENT] = refuses(39, "unknown program")
    with pytest.raises(NotSupported):
        domains.agent("b", "{}", Deadline(7))


class Events:
    """A daemon that gives registrations numbers and can send events for them."""

    def __init__(self, daemon: FakeDaemon) -> None:
        self.kinds: dict[int, int] = {}
        self.deregistered: list[int] = []
        self._daemon = daemon
        daemon.script[protocol.EVENT_REGISTER] = self.register
        daemon.script[protocol.EVENT_DEREGISTER] = self.deregister

    def register(self, connection: Connection, call: Call) -> None:
        number = 100 + len(self.kinds)
        self.kinds[call.arguments[0]] = number
        connection.send(reply(call, number))

    def deregister(self, connection: Connection, call: Call) -> None:
        self.deregistered.append(call.arguments[0])
        connection.send(reply(call))

    def send(self, procedure: int, kind: int, *content: Any) -> None:
        self._daemon.connections[0].send(event(procedure, self.kinds[kind], content))


def test_watch(daemon: FakeDaemon, open_driver: OpenDriver, model: Model) -> None:
    events = Events(daemon)
    domains = open_driver().domains
    b = model.domains["b"]
    with domains.watch("b") as watch:
        assert all(call.arguments[1] == b for call in daemon.calls if call.procedure is protocol.EVENT_REGISTER)
        events.send(318, 0, b, 5, 1)
        events.send(348, 18, b, 1, 2)
        domains.names()
        events.send(333, 15, b, "virtio-disk1")
        events.send(331, 13, b, 524288)
        events.send(318, 0, b, 77, 0)
        assert [watch.next(Deadline(1)) for _times in range(5)] == [
            DomainEvent(EventKind.LIFECYCLE, "b", "stopped"),
            DomainEvent(EventKind.AGENT, "b", "connected"),
            DomainEvent(EventKind.DEVICE_REMOVED, "b", "virtio-disk1"),
            DomainEvent(EventKind.BALLOON, "b", "524288"),
            DomainEvent(EventKind.LIFECYCLE, "b", "event 77"),
        ]
        assert watch.next(Deadline(0.05)) is None
    assert sorted(events.deregistered) == sorted(events.kinds.values())


def test_a_watch_of_a_daemon_that_dies(daemon: FakeDaemon, open_driver: OpenDriver, model: Model) -> None:
    Events(daemon)
    domains = open_driver().domains
    with domains.watch("b") as watch:
        daemon.connections[0].hang_up()
        with pytest.raises(ConnectionFailed, match="waiting for events"):
            watch.next(Deadline(5))


def test_a_watch_that_cannot_register_leaves_nothing_behind(
    daemon: FakeDaemon, open_driver: OpenDriver, model: Model
) -> None:
    events = Events(daemon)

    def register(connection: Connection, call: Call) -> None:
        if call.arguments[0] == 22:
            connection.send(refusal(call, 1, "no such event"))
        else:
            events.register(connection, call)

    daemon.script[protocol.EVENT_REGISTER] = register
    domains = open_driver().domains
    with pytest.raises(DriverError, match="registering for events"), domains.watch("b"):
        pass
    assert sorted(events.deregistered) == sorted(events.kinds.values())


def test_node(daemon: FakeDaemon, open_driver: OpenDriver) -> None:
    driver = open_driver()
    daemon.script[protocol.CONNECT_CAPABILITIES] = gives("<capabilities/>")
    daemon.script[protocol.CONNECT_DOMAIN_CAPABILITIES] = gives("<domainCapabilities/>")
    assert driver.node.capabilities() == "<capabilities/>"
    assert driver.node.domain_capabilities(arch="x86_64") == "<domainCapabilities/>"
    assert daemon.calls[-1].arguments == (None, "x86_64", None, None, 0)


def test_the_daemon_dies_in_the_middle_of_reading(daemon: FakeDaemon, open_driver: OpenDriver, model: Model) -> None:
    daemon.script[protocol.DOMAIN_DOCUMENT] = hangs_up
    with pytest.raises(ConnectionFailed):
        open_driver().domains.describe()


def test_a_daemon_that_falls_silent_under_a_watch_is_not_asked_again(
    daemon: FakeDaemon, open_driver: OpenDriver, model: Model
) -> None:
    events = Events(daemon)
    daemon.script[protocol.DOMAIN_SUSPEND] = keeps_silent
    domains = open_driver().domains
    with pytest.raises(DeadlineExceeded, match="pausing the domain"), domains.watch("b"):
        domains.suspend("b")
    assert events.deregistered == []
