# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A survey asks for everything at once: its round trips are counted, whatever the number of domains."""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt import protocol
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.driver import LibvirtDriver
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.protocol import Domain, Procedure
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.xdr import decode
from ansible_collections.stratum.virt.plugins.module_utils._driver.domains import DomainRecord, DomainState
from ansible_collections.stratum.virt.plugins.module_utils._errors import DeadlineExceeded, Denied, StratumError
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost
from ansible_collections.stratum.virt.plugins.module_utils._uri import parse
from ansible_collections.stratum.virt.tests.unit._driver._libvirt.fake_daemon import (
    Behaviour,
    Call,
    Connection,
    FakeDaemon,
    keeps_silent,
    refusal,
    refuses,
    reply,
)

RUNNING, PAUSED, STOPPED, CRASHED = 1, 3, 5, 6
QUIET = 0.05
"""Seconds without another request, after which the client is taken to wait for an answer."""
ADDRESS = ("vnet0", "52:54:00:00:00:01", [(0, "192.0.2.9", 24)])


class PatientDaemon(FakeDaemon):
    """Answers nothing before the client has stopped asking, and counts how often that is: its round trips."""

    trips = 0

    def _serve(self, connected: socket.socket, connection: Connection) -> None:
        waiting: list[Call] = []
        with connected, contextlib.suppress(OSError):
            while True:
                if waiting and not select.select([connected], [], [], QUIET)[0]:
                    self.trips += 1
                    for call in waiting:
                        self.script.get(call.procedure, refuses(42))(connection, call)
                    waiting = []
                received = connection.receive()
                if received is None:
                    return
                procedure = protocol_of(received.program, received.procedure)
                call = Call(procedure, decode(procedure.takes, received.body), received.serial)
                self.calls.append(call)
                waiting.append(call)


def protocol_of(program: int, number: int) -> Procedure:
    return next(
        each
        for each in vars(protocol).values()
        if isinstance(each, Procedure) and (each.program, each.number) == (program, number)
    )


class Node:
    """A node with some domains behind such a daemon."""

    def __init__(self, daemon: PatientDaemon, **states: int) -> None:
        self.daemon = daemon
        self.states = states
        self.transient: set[str] = set()
        self.saved: set[str] = set()
        self.domains = {
            name: Domain(name, name.encode().ljust(16, b"."), -1 if state == STOPPED else index)
            for index, (name, state) in enumerate(states.items(), 1)
        }
        daemon.script.update(
            {
                protocol.LIST_DOMAINS: self.list,
                protocol.DOMAIN_STATS: self.stats,
                protocol.DOMAIN_STATE: self.state,
                protocol.DOMAIN_DOCUMENT: self.document,
                protocol.DOMAIN_ADDRESSES: self.addresses,
            }
        )

    def list(self, connection: Connection, call: Call) -> None:
        in_state = {1 << 4: RUNNING, 1 << 5: PAUSED, 1 << 6: STOPPED}
        flag = call.arguments[1]
        kept = {1 << 3: self.transient, 1 << 8: self.saved, 1 << 10: set(self.domains)}.get(flag)
        if flag in in_state:
            kept = {name for name, state in self.states.items() if state == in_state[flag]}
        names = self.domains if kept is None else kept
        connection.send(reply(call, [self.domains[name] for name in names], len(names)))

    def stats(self, connection: Connection, call: Call) -> None:
        records = [
            (domain, {"state.state": self.states[name], "state.reason": 1}) for name, domain in self.domains.items()
        ]
        connection.send(reply(call, records))

    def state(self, connection: Connection, call: Call) -> None:
        connection.send(reply(call, self.states[call.arguments[0].name], 1))

    def document(self, connection: Connection, call: Call) -> None:
        kind = "config" if call.arguments[1] & 2 else "live"
        connection.send(reply(call, f"<domain><!--{kind} of {call.arguments[0].name}--></domain>"))

    def addresses(self, connection: Connection, call: Call) -> None:
        connection.send(reply(call, [ADDRESS]))

    def asked(self, procedure: Procedure) -> list[str]:
        return [call.arguments[0].name for call in self.daemon.calls if call.procedure is procedure]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[PatientDaemon]:
    fake = PatientDaemon(tmp_path)
    yield fake
    fake.close()


def open_driver(daemon: PatientDaemon, scheme: str = "qemu") -> LibvirtDriver:
    driver = LibvirtDriver(parse(f"{scheme}:///system?socket={daemon.path}"), LocalHost(), 10)
    daemon.trips = 0
    return driver


def everything(_record: DomainRecord) -> bool:
    return True


@pytest.mark.parametrize("count", [1, 300])
@pytest.mark.parametrize("scheme", ["qemu", "lxc"])
def test_two_round_trips_however_many_there_are(daemon: PatientDaemon, scheme: str, count: int) -> None:
    states = {f"web{number}": (RUNNING, STOPPED, PAUSED)[number % 3] for number in range(count)}
    Node(daemon, **states)
    with open_driver(daemon, scheme) as driver:
        found = driver.domains.survey(everything, ["lease", "arp"], Deadline(10), live=True)
        assert daemon.trips == 2
    assert sorted(each.record.name for each in found) == sorted(states)
    for record, addresses in found:
        active = states[record.name] != STOPPED
        assert (
            record.state
            is {RUNNING: DomainState.RUNNING, STOPPED: DomainState.STOPPED, PAUSED: DomainState.PAUSED}[
                states[record.name]
            ]
        )
        assert record.autostart
        assert record.config == f"<domain><!--config of {record.name}--></domain>"
        assert record.live == (f"<domain><!--live of {record.name}--></domain>" if active else None)
        assert [(each.address, each.source) for each in addresses] == (
            [("192.0.2.9", "lease"), ("192.0.2.9", "arp")] if active else []
        )


def test_only_what_is_wanted_is_asked_about(daemon: PatientDaemon) -> None:
    node = Node(daemon, off=STOPPED, web=RUNNING, passing=RUNNING)
    node.saved, node.transient = {"off"}, {"passing"}
    seen: dict[str, DomainRecord] = {}

    def choose(record: DomainRecord) -> bool:
        seen[record.name] = record
        return record.state.active

    with open_driver(daemon) as driver:
        found = driver.domains.survey(choose, ["lease"], Deadline(10))
    assert list(seen) == ["off", "passing", "web"]
    assert {name: (each.state, each.saved, each.persistent, each.reason) for name, each in seen.items()} == {
        "off": (DomainState.STOPPED, True, True, "unknown"),
        "passing": (DomainState.RUNNING, False, False, "unknown"),
        "web": (DomainState.RUNNING, False, True, "unknown"),
    }
    assert [each.record.name for each in found] == ["passing", "web"]
    assert {each.record.reason for each in found} == {"booted"}
    # One document each: that of the running domain only where there is no other.
    assert node.asked(protocol.DOMAIN_DOCUMENT) == ["passing", "web"]
    assert node.asked(protocol.DOMAIN_ADDRESSES) == ["passing", "web"]
    assert [(each.record.live is None, each.record.config is None) for each in found] == [(False, True), (True, False)]


def test_nothing_is_asked_about_nothing(daemon: PatientDaemon) -> None:
    Node(daemon, web=RUNNING)
    with open_driver(daemon) as driver:
        assert driver.domains.survey(lambda _record: False, ["lease"], Deadline(10)) == []
        assert daemon.trips == 1


def test_a_rare_state_takes_one_more(daemon: PatientDaemon) -> None:
    Node(daemon, web=RUNNING, broken=CRASHED)
    with open_driver(daemon, "lxc") as driver:
        found = driver.domains.survey(lambda record: record.state is DomainState.CRASHED, [], Deadline(10))
        assert daemon.trips == 3
    assert [(each.record.name, each.record.reason) for each in found] == [("broken", "panicked")]


def answer_for(name: str, other: Behaviour, ordinary: Behaviour) -> Behaviour:
    def behave(connection: Connection, call: Call) -> None:
        (other if call.arguments[0].name == name else ordinary)(connection, call)

    return behave


def test_what_went_meanwhile_is_left_out(daemon: PatientDaemon) -> None:
    node = Node(daemon, web=RUNNING, gone=RUNNING)
    daemon.script[protocol.DOMAIN_DOCUMENT] = answer_for("gone", refuses(42), node.document)
    daemon.script[protocol.DOMAIN_ADDRESSES] = answer_for("gone", refuses(42), node.addresses)
    with open_driver(daemon) as driver:
        assert [each.record.name for each in driver.domains.survey(everything, ["lease"], Deadline(10))] == ["web"]


def test_a_document_that_is_refused_takes_no_other_with_it(daemon: PatientDaemon) -> None:
    node = Node(daemon, web=RUNNING, odd=RUNNING)
    daemon.script[protocol.DOMAIN_DOCUMENT] = answer_for("odd", refuses(1, "internal error"), node.document)
    daemon.script[protocol.DOMAIN_ADDRESSES] = answer_for("odd", refuses(55, "not running"), node.addresses)
    with open_driver(daemon) as driver:
        found = driver.domains.survey(everything, ["lease", "arp"], Deadline(10))
    assert [(each.record.name, each.record.config is None, len(each.addresses)) for each in found] == [
        ("odd", True, 0),
        ("web", False, 2),
    ]


def test_addresses_that_nobody_may_see_are_an_error(daemon: PatientDaemon) -> None:
    Node(daemon, web=RUNNING)
    daemon.script[protocol.DOMAIN_ADDRESSES] = lambda connection, call: connection.send(refusal(call, 88, "denied"))
    with open_driver(daemon) as driver, pytest.raises(Denied):
        driver.domains.survey(everything, ["lease"], Deadline(10))


@pytest.mark.parametrize("silent", [protocol.LIST_DOMAINS, protocol.DOMAIN_DOCUMENT])
def test_the_deadline_is_for_all_of_it(daemon: PatientDaemon, silent: Procedure) -> None:
    Node(daemon, web=RUNNING)
    daemon.script[silent] = keeps_silent
    with open_driver(daemon) as driver, pytest.raises(DeadlineExceeded, match="within"):
        driver.domains.survey(everything, [], Deadline(0.5))


def test_agents_that_say_nothing_take_no_answers_of_others_away(daemon: PatientDaemon) -> None:
    node = Node(daemon, web=RUNNING, mute=RUNNING)
    daemon.script[protocol.DOMAIN_ADDRESSES] = answer_for("mute", keeps_silent, node.addresses)
    daemon.script[protocol.DOMAIN_BY_NAME] = lambda connection, call: connection.send(
        reply(call, node.domains[call.arguments[0]])
    )
    with open_driver(daemon) as driver:
        found = driver.domains.addresses(["mute", "web"], ["agent"], Deadline(0.5))
        assert {name: len(addresses) for name, addresses in found.items()} == {"mute": 0, "web": 1}
        # Without a deadline it is an error, as before.
        with pytest.raises(StratumError):
            LibvirtDriver(parse(f"qemu:///system?socket={daemon.path}"), LocalHost(), 0.5).domains.addresses(
                ["mute"], ["agent"]
            )
