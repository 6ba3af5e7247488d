# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever arrives, the client answers or raises one of our errors, and never waits beyond its deadline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt import protocol
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.client import Client
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.protocol import Domain, Procedure
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.streams import open_stream
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.xdr import XdrError, decode
from ansible_collections.stratum.virt.plugins.module_utils._errors import StratumError
from ansible_collections.stratum.virt.plugins.module_utils._host.base import Buffer, ByteStream
from ansible_collections.stratum.virt.tests.unit._driver._libvirt.fake_daemon import (
    PROCEDURES,
    Call,
    event,
    packet,
    refusal,
    reply,
)
from hypothesis import given, settings
from hypothesis import strategies as st

A = Domain("a", b"a" * 16, 3)
NETWORK = protocol.Network("n", b"n" * 16)
POOL = protocol.Pool("p", b"p" * 16)
VOLUME = protocol.Volume("p", "v", "/v")


class Playback(ByteStream):
    """A peer that says prepared bytes in prepared pieces, then hangs up or keeps silent."""

    def __init__(self, data: bytes, pieces: Sequence[int], ends: bool) -> None:
        self._data = data
        self._pieces = list(pieces)
        self._ends = ends

    def send(self, data: bytes, deadline: Deadline) -> None:
        raise NotImplementedError

    def receive(self, size: int, deadline: Deadline) -> bytes:
        length = min(size, self._pieces.pop() if self._pieces else size)
        piece, self._data = self._data[:length], self._data[length:]
        if not piece and not self._ends:
            raise deadline.exceeded("the peer is silent")
        return piece

    def exchange(self, parts: Sequence[Buffer], size: int, deadline: Deadline) -> tuple[int, bytes]:
        return sum(map(len, parts)), b""

    def close(self) -> None:
        self._data = b""


CALLS = [
    Call(protocol.DOMAIN_BY_NAME, ("a",), 1),
    Call(protocol.DOMAIN_STATE, (A, 0), 2),
    Call(protocol.DOMAIN_STATS, ([], 0, 0), 3),
    Call(protocol.DOMAIN_SUSPEND, (A,), 4),
    Call(protocol.LIST_NETWORKS, (1, 0), 5),
    Call(protocol.NETWORK_LEASES, (NETWORK, None, 1, 0), 6),
    Call(protocol.POOL_INFO, (POOL,), 7),
    Call(protocol.POOL_VOLUMES, (POOL, 1, 0), 8),
]
GOOD = [
    reply(CALLS[0], A),
    reply(CALLS[1], 1, 5),
    reply(CALLS[2], [(A, {"state.state": 1, "name": "x", "rate": 0.5, "on": True, "loss": -1})]),
    reply(CALLS[3]),
    reply(CALLS[4], [NETWORK], 1),
    reply(CALLS[5], [protocol.Lease("virbr0", 7, 0, "52:54:00:00:00:01", None, "10.0.0.2", 24, "web", None)], 1),
    reply(CALLS[6], protocol.PoolInfo(2, 100, 40, 60)),
    reply(CALLS[7], [VOLUME], 1),
    refusal(CALLS[1], 42, "gone"),
    event(318, 7, (A, 2, 0)),
    event(331, 7, (A, 2**40)),
    packet(protocol.KEEPALIVE, protocol.PING, protocol.MESSAGE, 0, protocol.OK),
    packet(protocol.REMOTE, protocol.VOLUME_DOWNLOAD.number, protocol.REPLY, 1, protocol.OK),
    packet(protocol.REMOTE, protocol.VOLUME_DOWNLOAD.number, protocol.STREAM, 1, protocol.CONTINUE, b"data"),
    packet(protocol.REMOTE, protocol.VOLUME_DOWNLOAD.number, protocol.STREAM_HOLE, 1, protocol.CONTINUE, bytes(12)),
    packet(protocol.REMOTE, protocol.VOLUME_DOWNLOAD.number, protocol.STREAM, 1, protocol.OK),
]


@st.composite
def conversations(draw: st.DrawFn) -> Playback:
    """Good packets in any order, of which some bytes were changed, lost or added."""
    data = bytearray(b"".join(draw(st.lists(st.sampled_from(GOOD) | st.binary(max_size=60), max_size=12))))
    for _times in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    return Playback(bytes(data), draw(st.lists(st.integers(1, 50), max_size=20)), draw(st.booleans()))


@settings(deadline=None)  # the machine may be busy
@given(conversations())
def test_calls(peer: Playback) -> None:
    client = Client(peer, timeout=0.01)
    for _times in range(2):
        try:
            answers = client.pipeline([(call.procedure, call.arguments) for call in CALLS])
        except StratumError:
            continue
        assert len(answers) == len(CALLS)


@settings(deadline=None)  # the machine may be busy
@given(conversations())
def test_streams(peer: Playback) -> None:
    client = Client(peer, timeout=0.01)
    pieces: list[Any] = []
    try:
        with open_stream(client, protocol.VOLUME_DOWNLOAD, VOLUME, 0, 0, 1) as stream:
            while (piece := stream.read()) is not None:
                pieces.append(piece)
    except StratumError:
        pass
    assert all(piece.data or piece.hole > 0 for piece in pieces)


@settings(deadline=None)  # the machine may be busy
@given(conversations())
def test_events(peer: Playback) -> None:
    client = Client(peer, timeout=0.01)
    try:
        event = client.next_event(frozenset([7]), Deadline(0.01))
    except StratumError:
        return
    assert event is None or event.registration == 7


@settings(deadline=None)  # the machine may be busy
@given(st.sampled_from(list(PROCEDURES.values())), st.lists(st.integers(0, 3), max_size=40), st.binary(max_size=60))
def test_every_answer_is_read_or_refused(procedure: Procedure, numbers: list[int], rest: bytes) -> None:
    # Small numbers are lengths, flags and counts that can be right.
    try:
        decode(procedure.gives, b"".join(number.to_bytes(4, "big") for number in numbers) + rest)
    except XdrError:
        return
