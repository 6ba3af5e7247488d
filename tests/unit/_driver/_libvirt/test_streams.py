# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt import protocol
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.client import Client
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.streams import open_stream
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.xdr import decode, encode
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    ConnectionFailed,
    DeadlineExceeded,
    DriverError,
    NotFound,
    OutcomeUnknown,
    PeerError,
    StratumError,
)
from ansible_collections.stratum.virt.tests.unit._driver._libvirt.fake_daemon import (
    Call,
    Connection,
    FakeDaemon,
    Packet,
    error_body,
    gives,
    packet,
    refuses,
    reply,
)

VOLUME = protocol.Volume("p", "v", "/v")
NAMES: tuple[list[protocol.Network], int] = ([], 0)
SPARSE = 1


def piece(call: Call, status: int, body: bytes = b"", kind: int = protocol.STREAM) -> bytes:
    return packet(protocol.REMOTE, call.procedure.number, kind, call.serial, status, body)


def hole(size: int) -> bytes:
    body = bytearray()
    encode(protocol.HOLE, (size, 0), body)
    return bytes(body)


class Sink:
    """A daemon's end of an upload."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.packets: list[Packet] = []
        self._fails_at = fails_at

    def __call__(self, connection: Connection, call: Call) -> None:
        connection.send(reply(call))
        while (received := connection.receive()) is not None:
            self.packets.append(received)
            if len(self.packets) == self._fails_at:
                failure = piece(call, protocol.ERROR, error_body(38, "disk full"))
                connection.send(failure * 2)
            if received.status != protocol.CONTINUE:
                if self._fails_at is None:
                    connection.send(piece(call, protocol.OK))
                return


def sends(*make: Callable[[Call], bytes]) -> Callable[[Connection, Call], None]:
    def behave(connection: Connection, call: Call) -> None:
        connection.send(reply(call) + b"".join(each(call) for each in make))
        if (received := connection.receive()) is not None:
            assert received.kind == protocol.STREAM
            assert received.status in (protocol.OK, protocol.ERROR)
            connection.send(piece(call, protocol.OK))

    return behave


def read_all(client: Client) -> list[tuple[bytes, int]]:
    pieces = []
    with open_stream(client, protocol.VOLUME_DOWNLOAD, VOLUME, 0, 0, SPARSE) as stream:
        while (each := stream.read()) is not None:
            pieces.append((each.data, each.hole))
    return pieces


def usable(daemon: FakeDaemon, client: Client) -> bool:
    daemon.script[protocol.LIST_NETWORKS] = gives(*NAMES)
    return bool(client.call(protocol.LIST_NETWORKS, 1, 0) == NAMES)


def test_upload(daemon: FakeDaemon, client: Client) -> None:
    sink = Sink()
    daemon.script[protocol.VOLUME_UPLOAD] = sink
    data = bytes(range(256)) * 4096
    with open_stream(client, protocol.VOLUME_UPLOAD, VOLUME, 0, 0, SPARSE) as stream:
        stream.write(data)
        stream.write_hole(2**40)
        stream.write(b"end")
    kinds = [each.kind for each in sink.packets]
    assert kinds == [protocol.STREAM] * 5 + [protocol.STREAM_HOLE] + [protocol.STREAM] * 2
    assert max(len(each.body) for each in sink.packets) <= protocol.STREAM_CHUNK
    assert min(len(each.body) for each in sink.packets[:5]) > protocol.STREAM_CHUNK / 2
    assert b"".join(each.body for each in sink.packets if each.kind == protocol.STREAM) == data + b"end"
    assert decode(protocol.HOLE, sink.packets[5].body) == (2**40, 0)
    assert sink.packets[-1].status == protocol.OK
    assert usable(daemon, client)


def test_download(daemon: FakeDaemon, client: Client) -> None:
    daemon.script[protocol.VOLUME_DOWNLOAD] = sends(
        lambda call: piece(call, protocol.CONTINUE, b"data"),
        lambda call: piece(call, protocol.CONTINUE, hole(2**40), protocol.STREAM_HOLE),
        lambda call: piece(call, protocol.CONTINUE, b"x" * protocol.STREAM_CHUNK),
        lambda call: piece(call, protocol.CONTINUE),
    )
    assert read_all(client) == [(b"data", 0), (b"", 2**40), (b"x" * protocol.STREAM_CHUNK, 0)]
    assert usable(daemon, client)


def test_a_stream_that_begins_before_the_call_is_answered(daemon: FakeDaemon, client: Client) -> None:
    def behave(connection: Connection, call: Call) -> None:
        connection.send(piece(call, protocol.CONTINUE, b"early") + reply(call) + piece(call, protocol.CONTINUE))
        connection.receive()
        connection.send(piece(call, protocol.OK))

    daemon.script[protocol.VOLUME_DOWNLOAD] = behave
    assert read_all(client) == [(b"early", 0)]
    assert usable(daemon, client)


def test_a_ping_is_answered_in_the_middle_of_an_upload(daemon: FakeDaemon, client: Client) -> None:
    ping = packet(protocol.KEEPALIVE, protocol.PING, protocol.MESSAGE, 0, protocol.OK)
    received: list[Packet] = []

    def behave(connection: Connection, call: Call) -> None:
        connection.send(reply(call) + ping)
        while (each := connection.receive()) is not None:
            received.append(each)
            if (each.program, each.status) == (protocol.REMOTE, protocol.OK):
                connection.send(piece(call, protocol.OK))
                return

    daemon.script[protocol.VOLUME_UPLOAD] = behave
    with open_stream(client, protocol.VOLUME_UPLOAD, VOLUME, 0, 0, 0) as stream:
        for _times in range(20):
            stream.write(b"x" * 1_000_000)
    assert protocol.KEEPALIVE in [each.program for each in received]
    assert sum(len(each.body) for each in received) == 20_000_000


def test_a_stream_that_cannot_be_opened(daemon: FakeDaemon, client: Client) -> None:
    daemon.script[protocol.VOLUME_DOWNLOAD] = refuses(50, "no such volume")
    with pytest.raises(NotFound, match="reading the volume v: no such volume"):
        read_all(client)
    assert usable(daemon, client)


def test_an_upload_that_the_daemon_refuses_in_the_middle(daemon: FakeDaemon, client: Client) -> None:
    daemon.script[protocol.VOLUME_UPLOAD] = Sink(fails_at=2)

    def upload() -> None:
        with open_stream(client, protocol.VOLUME_UPLOAD, VOLUME, 0, 0, 0) as stream:
            stream.write(b"x" * 3_000_000)

    with pytest.raises(DriverError, match="writing the volume v: disk full"):
        upload()
    daemon.connections[0].hang_up()


@pytest.mark.parametrize("kind", [protocol.STREAM, protocol.REPLY])
def test_a_download_that_fails_in_the_middle(daemon: FakeDaemon, client: Client, kind: int) -> None:
    def behave(connection: Connection, call: Call) -> None:
        failure = piece(call, protocol.ERROR, error_body(38, "bad sector"), kind)
        connection.send(reply(call) + piece(call, protocol.CONTINUE, b"data") + failure * 2)

    daemon.script[protocol.VOLUME_DOWNLOAD] = behave
    with pytest.raises(DriverError, match="reading the volume v: bad sector"):
        read_all(client)
    assert usable(daemon, client)


def test_leaving_by_an_exception_aborts(daemon: FakeDaemon, client: Client) -> None:
    sink = Sink()
    daemon.script[protocol.VOLUME_UPLOAD] = sink

    def upload() -> None:
        with open_stream(client, protocol.VOLUME_UPLOAD, VOLUME, 0, 0, 0) as stream:
            stream.write(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        upload()
    assert sink.packets[-1].status == protocol.ERROR
    assert usable(daemon, client)


def test_nothing_else_is_asked_while_a_stream_is_open(daemon: FakeDaemon, client: Client) -> None:
    daemon.script[protocol.VOLUME_UPLOAD] = Sink()
    with (
        open_stream(client, protocol.VOLUME_UPLOAD, VOLUME, 0, 0, 0),
        pytest.raises(StratumError, match="listing networks: the connection is busy writing the volume v"),
    ):
        client.call(protocol.LIST_NETWORKS, 1, 0)
    assert usable(daemon, client)


@pytest.mark.parametrize(
    "make",
    [
        lambda call: piece(call, protocol.CONTINUE, hole(-1), protocol.STREAM_HOLE),
        lambda call: piece(call, protocol.CONTINUE, b"\0\0\0\0", protocol.STREAM_HOLE),
        lambda call: piece(call, 9, b"data"),
        reply,
        lambda call: piece(call, protocol.OK, b"", protocol.STREAM_HOLE),
    ],
    ids=["a negative hole", "half a hole", "an unknown status", "a second reply", "a hole that ends"],
)
def test_a_stream_that_breaks_the_protocol(daemon: FakeDaemon, client: Client, make: Callable[[Call], bytes]) -> None:
    daemon.script[protocol.VOLUME_DOWNLOAD] = sends(make)
    with pytest.raises(PeerError, match="reading the volume v"):
        read_all(client)
    assert client.closed


def test_a_daemon_that_dies_while_a_volume_is_written(daemon: FakeDaemon, client: Client) -> None:
    def dies(connection: Connection, call: Call) -> None:
        connection.send(reply(call))
        connection.receive()
        connection.hang_up()

    daemon.script[protocol.VOLUME_UPLOAD] = dies

    def upload() -> None:
        with open_stream(client, protocol.VOLUME_UPLOAD, VOLUME, 0, 0, 0) as stream:
            stream.write(b"x" * 10_000_000)

    with pytest.raises(OutcomeUnknown, match="writing the volume v"):
        upload()


def test_a_daemon_that_falls_silent_in_a_stream(daemon: FakeDaemon, client: Client) -> None:
    daemon.script[protocol.VOLUME_DOWNLOAD] = gives()
    with pytest.raises(DeadlineExceeded, match="reading the volume v"):
        read_all(client)
    with pytest.raises(ConnectionFailed):
        usable(daemon, client)
