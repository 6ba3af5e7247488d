# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import time

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt import content, protocol
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.client import Client
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.content import download, upload
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.xdr import decode, encode
from ansible_collections.stratum.virt.plugins.module_utils._errors import DeadlineExceeded, DriverError, NotSupported
from ansible_collections.stratum.virt.plugins.module_utils._host.base import Extent
from ansible_collections.stratum.virt.tests.unit._driver._libvirt.fake_daemon import (
    Call,
    Connection,
    FakeDaemon,
    packet,
    refusal,
    refuses,
    reply,
)

VOLUME = protocol.Volume("p", "v", "/v")
FILE, BLOCK = 0, 1


class Storage:
    """One volume behind a fake daemon, as libvirt keeps it: a hole in a file leaves there what was there."""

    def __init__(self, daemon: FakeDaemon, *, before: bytes = b"", kind: int = FILE, allocated: bool = True) -> None:
        self.data = bytearray(before)
        self.kind = kind
        self.allocated = allocated
        self.sparse = True
        self.room = 10**9
        """Bytes that fit; the daemon says nothing about those that don't."""
        self.delay = 0.0
        """Seconds that the daemon takes to write what it has accepted."""
        self.holes: list[int] = []
        self.opened: list[int] = []
        daemon.script.update(
            {
                protocol.VOLUME_SIZES: self.sizes,
                protocol.VOLUME_UPLOAD: self.upload,
                protocol.VOLUME_DOWNLOAD: self.download,
            }
        )

    def sizes(self, connection: Connection, call: Call) -> None:
        size = len(self.data) if call.arguments[1] or self.allocated else 0
        connection.send(reply(call, self.kind, 2**40, size))

    def opens(self, connection: Connection, call: Call) -> bool:
        flags = call.arguments[3]
        self.opened.append(flags)
        if flags and not self.sparse:
            connection.send(refusal(call, 8, "unsupported flags (0x1) in function storageVolUpload"))
            return False
        connection.send(reply(call))
        return True

    def upload(self, connection: Connection, call: Call) -> None:
        if not self.opens(connection, call):
            return
        at = 0
        while (received := connection.receive()) is not None and received.status == protocol.CONTINUE:
            if received.kind == protocol.STREAM_HOLE:
                (size, _flags) = decode(protocol.HOLE, received.body)
                self.holes.append(size)
                at += size
                self.data[at:] = b""
                self.data += bytes(at - len(self.data))
            else:
                kept = received.body[: max(self.room - at, 0)]
                self.data[at : at + len(kept)] = kept
                at += len(received.body)
        time.sleep(self.delay)
        connection.send(self.piece(call, protocol.OK))

    def download(self, connection: Connection, call: Call) -> None:
        if not self.opens(connection, call):
            return
        _volume, at, size, _flags = call.arguments
        data = bytes(self.data[at : at + size] if size else self.data)
        for start in range(0, len(data), 1000):
            connection.send(self.piece(call, protocol.CONTINUE, data[start : start + 1000]))
        if call.arguments[3]:
            body = bytearray()
            encode(protocol.HOLE, (2**40, 0), body)
            connection.send(self.piece(call, protocol.CONTINUE, bytes(body), protocol.STREAM_HOLE))
        connection.send(self.piece(call, protocol.CONTINUE))
        connection.receive()
        connection.send(self.piece(call, protocol.OK))

    def piece(self, call: Call, status: int, body: bytes = b"", kind: int = protocol.STREAM) -> bytes:
        return packet(protocol.REMOTE, call.procedure.number, kind, call.serial, status, body)


def write(client: Client, *extents: Extent) -> None:
    with upload(client, VOLUME) as writer:
        for extent in extents:
            if extent.data:
                writer.write(extent.data)
            else:
                writer.hole(extent.hole)


CONTENT = (Extent(b"head" * 1000), Extent(b"", 500_000), Extent(b"body" * 200_000), Extent(b"", 7))
WHOLE = b"head" * 1000 + bytes(500_000) + b"body" * 200_000 + bytes(7)


def test_holes_stay_holes_in_a_volume_that_is_one(daemon: FakeDaemon, client: Client) -> None:
    storage = Storage(daemon, before=bytes(2_000_000), allocated=False)
    write(client, *CONTENT)
    assert storage.holes == [500_000, 7]
    assert storage.data == WHOLE


def test_what_was_there_does_not_shine_through(daemon: FakeDaemon, client: Client) -> None:
    storage = Storage(daemon, before=os.urandom(300_000))
    write(client, *CONTENT)
    assert storage.holes == [204_000, 7]
    assert storage.data == WHOLE


def test_what_is_beyond_stays_in_a_longer_volume(daemon: FakeDaemon, client: Client) -> None:
    storage = Storage(daemon, before=b"x" * 2_000_000)
    write(client, *CONTENT)
    assert storage.holes == []
    assert storage.data == WHOLE + b"x" * (2_000_000 - len(WHOLE))


def test_into_holes_of_a_device_libvirt_writes_zeros_itself(daemon: FakeDaemon, client: Client) -> None:
    storage = Storage(daemon, before=b"x" * 300_000, kind=BLOCK)
    write(client, *CONTENT)
    assert storage.holes == [500_000, 7]


@pytest.mark.parametrize("slowest", [200_000, 200_000_000])
def test_the_end_takes_as_long_as_writing_all_of_it(
    daemon: FakeDaemon, client: Client, monkeypatch: pytest.MonkeyPatch, slowest: int
) -> None:
    """A client with 1 s of patience has 1 s more for each ``slowest`` bytes, holes too."""
    monkeypatch.setattr(content, "SLOWEST", slowest)
    storage = Storage(daemon, kind=BLOCK)
    storage.delay = 1.5
    if slowest == 200_000:
        write(client, Extent(b"", 1_000_000), Extent(b"end"))
        assert storage.data == bytes(1_000_000) + b"end"
    else:
        with pytest.raises(DeadlineExceeded):
            write(client, Extent(b"", 1_000_000), Extent(b"end"))


def test_a_daemon_that_knows_no_holes(daemon: FakeDaemon, client: Client) -> None:
    storage = Storage(daemon, allocated=False)
    storage.sparse = False
    write(client, *CONTENT)
    assert storage.opened[:2] == [1, 0]
    assert storage.holes == []
    assert storage.data == WHOLE
    with download(client, VOLUME) as extents:
        assert b"".join(extent.data for extent in extents) == WHOLE


def test_a_volume_that_cannot_be_written(daemon: FakeDaemon, client: Client) -> None:
    Storage(daemon)
    daemon.script[protocol.VOLUME_UPLOAD] = refuses(3, "storage pool doesn't support volume upload")
    with pytest.raises(NotSupported, match="writing the volume v: storage pool doesn't support"):
        write(client, *CONTENT)


@pytest.mark.parametrize("short", [1, 7, 5000, 700_000])
def test_an_end_that_did_not_arrive_is_noticed(daemon: FakeDaemon, client: Client, short: int) -> None:
    storage = Storage(daemon, allocated=False)
    storage.room = len(WHOLE) - 7 - short
    with pytest.raises(DriverError, match="writing the volume v: its end is missing"):
        write(client, *CONTENT)


def test_zeros_at_the_end_do_not_hide_that_it_is_missing(daemon: FakeDaemon, client: Client) -> None:
    storage = Storage(daemon, allocated=False)
    storage.room = 3000
    with pytest.raises(DriverError, match="its end is missing"):
        write(client, Extent(b"x" * 5000 + bytes(10_000)), Extent(bytes(100_000)), Extent(b"", 10))


def test_only_the_last_bytes_are_kept(daemon: FakeDaemon, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "RECENT", 10)
    Storage(daemon, allocated=False)
    with upload(client, VOLUME) as writer:
        assert writer.last() == (0, b"")
        for number in range(100):
            writer.write(bytes([number]) * 4)
        writer.write(bytes(3))
        assert writer.last() == (396, b"c" * 4)
        writer.write(bytes(30))
        assert writer.last() == (0, b"")
        assert len(writer._recent) == 1


def test_nothing_at_all(daemon: FakeDaemon, client: Client) -> None:
    storage = Storage(daemon, before=b"old")
    write(client)
    with upload(client, VOLUME) as writer:
        writer.write(b"")
        writer.hole(0)
    assert storage.data == b"old"
    assert protocol.VOLUME_DOWNLOAD not in daemon.asked


def test_downloading(daemon: FakeDaemon, client: Client) -> None:
    Storage(daemon, before=b"x" * 2500)
    with download(client, VOLUME) as extents:
        assert list(extents) == [
            Extent(b"x" * 1000),
            Extent(b"x" * 1000),
            Extent(b"x" * 500),
            Extent(b"", 2**40),
        ]


@pytest.mark.parametrize("raised", [None, KeyError])
def test_a_download_can_be_left_early(daemon: FakeDaemon, client: Client, raised: type[Exception] | None) -> None:
    Storage(daemon, before=b"x" * 2500)

    def leave() -> None:
        with download(client, VOLUME) as extents:
            assert next(extents) == Extent(b"x" * 1000)
            if raised is not None:
                raise raised

    if raised is None:
        leave()
    else:
        with pytest.raises(raised):
            leave()
    with download(client, VOLUME) as extents:
        assert len(list(extents)) == 4
