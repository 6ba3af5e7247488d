# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt import protocol
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.client import Client
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.protocol import Domain
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    ConnectionFailed,
    DeadlineExceeded,
    InvalidDocument,
    NotFound,
    OutcomeUnknown,
    PeerError,
)
from ansible_collections.stratum.virt.tests.unit._driver._libvirt.fake_daemon import (
    Call,
    Connection,
    FakeDaemon,
    gives,
    hangs_up,
    keeps_silent,
    packet,
    refusal,
    refuses,
    reply,
    says,
    says_and_hangs_up,
)

A = Domain("a", b"a" * 16, 3)
PING = packet(protocol.KEEPALIVE, protocol.PING, protocol.MESSAGE, 0, protocol.OK)
PONG = packet(protocol.KEEPALIVE, protocol.PONG, protocol.MESSAGE, 0, protocol.OK)


def ask(client: Client) -> Any:
    return client.call(protocol.DOMAIN_BY_NAME, "a")


def change(client: Client) -> Any:
    return client.call(protocol.DOMAIN_SUSPEND, A)


def test_a_call_is_answered(daemon: FakeDaemon, client: Client) -> None:
    daemon.script[protocol.DOMAIN_BY_NAME] = gives(A)
    daemon.script[protocol.DOMAIN_STATE] = gives(1, 5)
    daemon.script[protocol.DOMAIN_SUSPEND] = gives()
    daemon.script[protocol.DOMAIN_AUTOSTART] = gives(False)
    assert ask(client) == A
    assert client.call(protocol.DOMAIN_STATE, A, 0) == (1, 5)
    assert change(client) is None
    assert client.call(protocol.DOMAIN_AUTOSTART, A) is False
    assert daemon.calls[0].arguments == ("a",)
    assert daemon.calls[2].arguments == (A,)


def test_a_refusal_is_raised_and_the_connection_goes_on(daemon: FakeDaemon, client: Client) -> None:
    with pytest.raises(NotFound, match="looking up the domain a: Domain not found"):
        ask(client)
    daemon.script[protocol.DOMAIN_BY_NAME] = gives(A)
    assert ask(client) == A


def test_many_calls_are_in_flight_and_answers_find_theirs(daemon: FakeDaemon, client: Client) -> None:
    waiting: list[Call] = []

    def answers_all_backwards(connection: Connection, call: Call) -> None:
        waiting.append(call)
        if len(waiting) == 50:
            for each in reversed(waiting):
                name = each.arguments[0]
                connection.send(refusal(each, 42, "gone") if name == "n7" else reply(each, Domain(name, bytes(16), -1)))

    daemon.script[protocol.DOMAIN_BY_NAME] = answers_all_backwards
    answers = client.pipeline([(protocol.DOMAIN_BY_NAME, (f"n{index}",)) for index in range(50)])
    assert isinstance(answers[7], NotFound)
    assert [answer.name for index, answer in enumerate(answers) if index != 7] == [
        f"n{index}" for index in range(50) if index != 7
    ]


def test_a_daemon_that_does_not_read_before_its_answers_are_taken_is_no_deadlock(
    daemon: FakeDaemon, client: Client
) -> None:
    document = "x" * 400_000
    daemon.script[protocol.DOMAIN_DOCUMENT] = gives(document)
    name = "n" * 300_000
    calls = [(protocol.DOMAIN_DOCUMENT, (Domain(name, bytes(16), -1), 0))] * 30
    assert client.pipeline(calls) == [document] * 30


def test_large_messages(daemon: FakeDaemon, client: Client) -> None:
    text = "x" * 4_000_000
    values = {f"key.{index}": text for index in range(7)}
    daemon.script[protocol.DOMAIN_STATS] = gives([(A, values)])
    assert client.call(protocol.DOMAIN_STATS, [], 0, 0) == [(A, values)]
    daemon.script[protocol.DOMAIN_DEFINE] = gives(A)
    assert client.call(protocol.DOMAIN_DEFINE, text, 0) == A
    assert daemon.calls[-1].arguments[0] == text


def test_what_does_not_fit_the_wire_is_refused_before_anything_is_sent(daemon: FakeDaemon, client: Client) -> None:
    with pytest.raises(InvalidDocument, match="defining a domain: a text of 5000000 bytes"):
        client.pipeline([(protocol.DOMAIN_SUSPEND, (A,)), (protocol.DOMAIN_DEFINE, ("x" * 5_000_000, 0))])
    daemon.script[protocol.DOMAIN_BY_NAME] = gives(A)
    assert ask(client) == A
    assert daemon.asked == [protocol.DOMAIN_BY_NAME]


def test_a_ping_is_answered_while_waiting(daemon: FakeDaemon, client: Client) -> None:
    def asks_first(connection: Connection, call: Call) -> None:
        connection.send(PING)
        assert connection.receive() == (protocol.KEEPALIVE, protocol.PONG, protocol.MESSAGE, 0, protocol.OK, b"")
        connection.send(reply(call, A))

    daemon.script[protocol.DOMAIN_BY_NAME] = asks_first
    assert ask(client) == A


def test_silence_ends_at_the_deadline_and_a_late_answer_harms_nobody(daemon: FakeDaemon, client: Client) -> None:
    late: list[Call] = []
    daemon.script[protocol.DOMAIN_BY_NAME] = lambda _connection, call: late.append(call)
    started = time.monotonic()
    with pytest.raises(
        DeadlineExceeded, match=r"looking up the domain a: libvirt did not answer within 0\.2 s"
    ) as raised:
        client.call(protocol.DOMAIN_BY_NAME, "a", deadline=Deadline(0.2))
    assert time.monotonic() - started < 0.9
    assert raised.value.facts["outcome_unknown"] is False

    def answers_both(connection: Connection, call: Call) -> None:
        connection.send(reply(late[0], A) + reply(call, 1, 5))

    daemon.script[protocol.DOMAIN_STATE] = answers_both
    assert client.call(protocol.DOMAIN_STATE, A, 0) == (1, 5)


def test_a_change_that_is_late_may_still_happen(daemon: FakeDaemon, client: Client) -> None:
    daemon.script[protocol.DOMAIN_SUSPEND] = keeps_silent
    with pytest.raises(DeadlineExceeded, match="It may still happen") as raised:
        client.call(protocol.DOMAIN_SUSPEND, A, deadline=Deadline(0.2))
    assert raised.value.facts["outcome_unknown"] is True


def test_a_change_that_was_not_sent_in_time_is_never_sent(daemon: FakeDaemon, client: Client) -> None:
    with pytest.raises(DeadlineExceeded) as raised:
        client.call(protocol.DOMAIN_SUSPEND, A, deadline=Deadline(0))
    assert raised.value.facts["outcome_unknown"] is False
    daemon.script[protocol.DOMAIN_BY_NAME] = gives(A)
    assert ask(client) == A
    assert daemon.asked == [protocol.DOMAIN_BY_NAME]


def test_pings_do_not_prolong_a_wait(daemon: FakeDaemon, client: Client) -> None:
    def pings_for_ever(connection: Connection, call: Call) -> None:
        while True:
            connection.send(PING)
            time.sleep(0.05)

    daemon.script[protocol.DOMAIN_BY_NAME] = pings_for_ever
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        ask(client)
    assert time.monotonic() - started < 3


def test_what_takes_long_is_waited_for_while_the_daemon_lives(daemon: FakeDaemon, client: Client) -> None:
    def saves_slowly(connection: Connection, call: Call) -> None:
        for _times in range(3):
            asked = connection.receive()
            assert asked is not None
            assert (asked.program, asked.procedure) == (protocol.KEEPALIVE, protocol.PING)
            connection.send(PONG)
        connection.send(reply(call))

    daemon.script[protocol.DOMAIN_SAVE] = saves_slowly
    started = time.monotonic()
    client.call(protocol.DOMAIN_SAVE, A, 0)
    assert time.monotonic() - started > client.timeout


def test_what_takes_long_is_given_up_when_the_daemon_is_silent(daemon: FakeDaemon, client: Client) -> None:
    daemon.script[protocol.DOMAIN_SAVE] = keeps_silent
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded, match="saving the domain a: libvirt did not answer within 1 s"):
        client.call(protocol.DOMAIN_SAVE, A, 0)
    assert time.monotonic() - started < 3


def truncated(data: bytes) -> Callable[[Connection, Call], None]:
    return lambda connection, call: says_and_hangs_up(data or reply(call, A)[:40])(connection, call)


@pytest.mark.parametrize(
    "behaviour", [hangs_up, truncated(b""), truncated(b"\0\0")], ids=["at once", "in the body", "in the length"]
)
def test_a_daemon_that_dies(daemon: FakeDaemon, client: Client, behaviour: Callable[[Connection, Call], None]) -> None:
    daemon.script[protocol.DOMAIN_BY_NAME] = behaviour
    with pytest.raises(ConnectionFailed, match="looking up the domain a: the connection to libvirt failed"):
        ask(client)
    with pytest.raises(ConnectionFailed, match="is closed, because it failed earlier"):
        change(client)
    assert daemon.asked == [protocol.DOMAIN_BY_NAME]


def test_a_daemon_that_dies_leaves_the_outcome_of_a_change_open(daemon: FakeDaemon, client: Client) -> None:
    daemon.script[protocol.DOMAIN_SUSPEND] = hangs_up
    with pytest.raises(OutcomeUnknown, match=r"pausing the domain a.*before the answer came") as raised:
        client.pipeline([(protocol.DOMAIN_BY_NAME, ("a",)), (protocol.DOMAIN_SUSPEND, (A,))])
    assert raised.value.facts["unanswered"] == ["pausing the domain a"]
    assert client.closed
    with pytest.raises(ConnectionFailed):
        change(client)


def altered(**changes: int) -> Callable[[Call], bytes]:
    """Return a good reply with other numbers in its header."""
    places = ("size", "program", "version", "procedure", "kind", "serial", "status")

    def make(call: Call) -> bytes:
        data = bytearray(reply(call, A))
        for name, value in changes.items():
            struct.pack_into(">I", data, 4 * places.index(name), value)
        return bytes(data)

    return make


BAD_PACKETS: dict[str, Callable[[Call], bytes]] = {
    "oversized": altered(size=protocol.PACKET_LIMIT + 1),
    "a size below the header's": altered(size=27),
    "another program": altered(program=protocol.QEMU),
    "an unknown program": altered(program=0x20008099),
    "another version": altered(version=2),
    "another procedure": altered(procedure=1),
    "a serial never used": altered(serial=99),
    "serial 0": altered(serial=0),
    "a call": altered(kind=protocol.CALL),
    "a reply with descriptors": altered(kind=5),
    "an unknown type": altered(kind=77),
    "a packet of a stream that nobody opened": altered(kind=protocol.STREAM, status=protocol.CONTINUE),
    "an unknown status": altered(status=9),
    "a status of streams": altered(status=protocol.CONTINUE),
    "an event that nobody registered for": altered(kind=protocol.MESSAGE, serial=0),
    "a body that is too short": lambda call: packet(protocol.REMOTE, 23, protocol.REPLY, call.serial, 0, b"\0\0\0\1"),
    "a body that is too long": lambda call: packet(
        protocol.REMOTE, 23, protocol.REPLY, call.serial, 0, reply(call, A)[28:] + b"\0\0\0\0"
    ),
    "no body": lambda call: packet(protocol.REMOTE, 23, protocol.REPLY, call.serial, 0),
    "an error that is none": lambda call: packet(protocol.REMOTE, 23, protocol.REPLY, call.serial, 1, b"\0\0\0\1"),
    "two answers": lambda call: reply(call, A) * 2,
    "plain text": lambda call: b"HTTP/1.1 400 Bad Request\r\n\r\n",
}


@pytest.mark.parametrize("make", BAD_PACKETS.values(), ids=BAD_PACKETS)
def test_a_peer_that_breaks_the_protocol(daemon: FakeDaemon, client: Client, make: Callable[[Call], bytes]) -> None:
    daemon.script[protocol.DOMAIN_BY_NAME] = lambda connection, call: says(make(call))(connection, call)
    calls = [(protocol.DOMAIN_BY_NAME, ("a",))] * 2
    with pytest.raises(PeerError, match="what answers does not speak libvirt's protocol"):
        client.pipeline(calls)
    assert client.closed
    with pytest.raises(ConnectionFailed, match="is closed"):
        ask(client)


def test_a_broken_answer_to_a_change_leaves_its_outcome_open(daemon: FakeDaemon, client: Client) -> None:
    daemon.script[protocol.DOMAIN_SUSPEND] = says(b"garbage that is longer than any header of a packet is")
    with pytest.raises(OutcomeUnknown):
        change(client)


def test_what_the_daemon_says_is_bounded_and_clean(daemon: FakeDaemon, client: Client) -> None:
    daemon.script[protocol.DOMAIN_BY_NAME] = refuses(9, "evil\x1b[31m\r\nfailed=0\x7f" + "x" * 100_000)
    with pytest.raises(Exception, match="evil") as raised:
        ask(client)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 3000


def test_a_closed_client_says_so(client: Client) -> None:
    client.close()
    client.close()
    with pytest.raises(ConnectionFailed, match="because it was closed"):
        ask(client)
