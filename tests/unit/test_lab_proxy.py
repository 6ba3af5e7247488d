# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The slow line that other tests rely on."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.lab import LabError
from tests.lab.proxy import DelayingProxy, Place, stalled

PATIENCE = 30.0


def connect(place: Place) -> socket.socket:
    made = socket.socket(socket.AF_UNIX if isinstance(place, Path) else socket.AF_INET)
    made.settimeout(PATIENCE)
    made.connect(str(place) if isinstance(place, Path) else place)
    return made


def received(stream: socket.socket) -> bytes:
    """Return all that comes until the end."""
    return b"".join(iter(lambda: stream.recv(65536), b""))


@pytest.fixture(params=["tcp", "unix"])
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[socket.socket]:
    made = socket.socket(socket.AF_UNIX if request.param == "unix" else socket.AF_INET)
    made.bind(str(tmp_path / "target") if request.param == "unix" else ("127.0.0.1", 0))
    made.listen()
    made.settimeout(PATIENCE)
    with made:
        yield made


@pytest.fixture
def target(listener: socket.socket) -> Place:
    name = listener.getsockname()
    return Path(name) if isinstance(name, str) else name


def served(listener: socket.socket, serve: Callable[[socket.socket], None]) -> threading.Thread:
    """Serve one connection in the background."""

    def work() -> None:
        stream = listener.accept()[0]
        stream.settimeout(PATIENCE)
        with stream:
            serve(stream)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def answer_at_the_end(stream: socket.socket) -> None:
    stream.sendall(received(stream)[::-1])


def test_everything_arrives_in_order_and_an_end_leaves_the_other_way_open(
    listener: socket.socket, target: Place
) -> None:
    sent = os.urandom(3_000_000)
    with DelayingProxy(target, 0.05) as proxy:
        server = served(listener, answer_at_the_end)
        start = time.monotonic()
        with connect(proxy.place) as client:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            assert received(client) == sent[::-1]
        # Not less than the two ways: more is the machine's matter.
        assert time.monotonic() - start >= 0.1
        server.join(PATIENCE)
        assert proxy.counts() == (1, len(sent), len(sent))


def test_what_is_under_way_is_not_limited(listener: socket.socket, target: Place) -> None:
    """A sender is not held up by a line of a day's length: all fits in."""
    with DelayingProxy(target, 86400) as proxy, connect(proxy.place) as client:
        client.sendall(bytes(30_000_000))
        assert proxy.counts() == (1, 0, 0)


@pytest.mark.parametrize("near", [True, False])
def test_a_break_goes_through(listener: socket.socket, target: Place, near: bool) -> None:
    with DelayingProxy(target, 0.01) as proxy, connect(proxy.place) as client:
        server = listener.accept()[0]
        with server:
            breaking, other = (client, server) if near else (server, client)
            if breaking.family == socket.AF_INET:
                breaking.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            breaking.close()
            other.settimeout(PATIENCE)
            with contextlib.suppress(ConnectionResetError):
                assert other.recv(1) == b""


def test_connections_are_counted_and_end_with_it(listener: socket.socket, target: Place) -> None:
    with DelayingProxy(target, 0.0) as proxy:
        clients = [connect(proxy.place) for _number in range(3)]
        servers = [listener.accept()[0] for _client in clients]
        assert proxy.connections == 3
    for stream in (*clients, *servers):
        stream.settimeout(PATIENCE)
        with stream:
            assert stream.recv(1) == b""


def test_a_target_that_is_not_there_breaks_the_connection(listener: socket.socket, target: Place) -> None:
    listener.close()
    with DelayingProxy(target) as proxy, connect(proxy.place) as client, contextlib.suppress(ConnectionResetError):
        assert client.recv(1) == b""


def test_a_stalled_place_takes_everything_and_never_answers() -> None:
    with stalled() as proxy, connect(proxy.place) as client:
        client.sendall(b"hello")
        client.shutdown(socket.SHUT_WR)
        while proxy.counts() != (1, 5, 0):
            time.sleep(0.01)
        assert not select.select([client], [], [], 0.2)[0]


def test_a_place_that_is_taken_is_an_error(
    listener: socket.socket, target: Place, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(LabError, match="did not start"):
        DelayingProxy(target, listen=target).start()
    assert "in use" in capfd.readouterr().err
