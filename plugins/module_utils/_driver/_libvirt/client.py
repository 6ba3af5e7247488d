# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""A blocking client of libvirt's remote protocol: one thread, many calls in flight, a deadline on every wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Any, NamedTuple

from ..._deadline import Deadline
from ..._errors import ConnectionFailed, DeadlineExceeded, InvalidDocument, OutcomeUnknown, PeerError, StratumError
from ..._host.base import Buffer, ByteStream
from . import protocol
from .errors import from_remote, printable
from .protocol import HEADER, Procedure, subject
from .xdr import XdrError, decode, encode

READ_SIZE = 262144
WRITE_SIZE = 262144
WRITE_PARTS = 256
"""Pieces that are sent in one go; the kernel takes 1024."""
EVENT_LIMIT = 10000
"""Events that are kept for somebody to take; the oldest give way."""
LONG_LIMIT = 3600.0
"""Seconds that a procedure may last which takes as long as it takes, while the daemon shows that it is alive."""

Call = tuple[Procedure, "tuple[Any, ...]"]


class Event(NamedTuple):
    """Something the daemon tells by itself. ``registration`` is what registering for it answered."""

    procedure: int
    registration: int
    content: tuple[Any, ...]


class StreamPacket(NamedTuple):
    """One piece of a stream. ``hole`` is its length in bytes where it has no data, else 0."""

    data: bytes
    hole: int
    finished: bool


class Request:
    """A call that was queued, and what came back.

    ``start`` and ``end`` are where its packet lies in all that was ever queued: it was sent when ``end`` bytes were.
    """

    __slots__ = ("answer", "done", "end", "error", "opens_stream", "packets", "procedure", "serial", "start", "what")

    def __init__(self, procedure: Procedure, what: str, serial: int, opens_stream: bool) -> None:
        self.procedure = procedure
        self.what = what
        self.serial = serial
        self.opens_stream = opens_stream
        self.start = self.end = 0
        self.done = False
        self.answer: Any = None
        self.error: StratumError | None = None
        self.packets: deque[StreamPacket] = deque()


class Client:
    """One connection to one daemon.

    ``timeout`` is how many seconds the daemon may be without answering anything that was asked. A connection that
    failed stays closed: it is never opened again behind the caller's back, because what became of the calls that
    were under way is for the caller to find out.
    """

    def __init__(self, stream: ByteStream, timeout: float) -> None:
        self.timeout = timeout
        self._stream = stream
        self._failure: str | None = None
        self._serial = 0
        self._unanswered: dict[int, Request] = {}
        """By serial. A call that nobody waits for any more stays, so that its late answer is known for what it is."""
        self._open_stream: Request | None = None
        self._ended_streams: set[int] = set()
        """Serials about which the daemon may go on: it reports a failure for each packet and once for the whole."""
        self._outbox: deque[Buffer] = deque()
        self._inbox = bytearray()
        self._queued = self._sent = 0
        """Bytes, since the connection was opened."""
        self._events: deque[Event] = deque(maxlen=EVENT_LIMIT)

    @property
    def closed(self) -> bool:
        return self._failure is not None

    def close(self) -> None:
        """Close the connection; closing again does nothing."""
        self._fail("it was closed")

    def call(self, procedure: Procedure, *arguments: Any, deadline: Deadline | None = None) -> Any:
        """Ask for one thing and return the answer: ``None``, one value, or a tuple of them."""
        (answer,) = self.pipeline([(procedure, arguments)], deadline)
        if isinstance(answer, StratumError):
            raise answer
        return answer

    def pipeline(
        self, calls: Sequence[Call], deadline: Deadline | None = None, *, late_is_refused: bool = False
    ) -> list[Any]:
        """Ask for many things at once; return the answers in order, an exception where the daemon refused one.

        Without a deadline, each next answer has ``timeout`` seconds. Raises ConnectionFailed when the connection
        dies, OutcomeUnknown when a change was under way then, PeerError, and DeadlineExceeded, which is only returned
        in place of each answer that was too late when ``late_is_refused``.
        """
        packets = [self._encoded(procedure, arguments) for procedure, arguments in calls]
        requests = [
            self._queue(procedure, what, body, opens_stream=False)
            for (procedure, _arguments), (what, body) in zip(calls, packets)
        ]
        late: StratumError | None = None
        try:
            self._await(requests, deadline)
        except DeadlineExceeded as error:
            if not late_is_refused:
                raise
            late = error
        return [request.error or (request.answer if request.done else late) for request in requests]

    def open_stream(self, procedure: Procedure, *arguments: Any) -> Request:
        """Make a call that opens a stream; nothing else can be asked until it has ended."""
        what, body = self._encoded(procedure, arguments)
        request = self._queue(procedure, what, body, opens_stream=True)
        self._await([request], None)
        if request.error is not None:
            raise request.error
        return request

    def send_packet(self, stream: Request, kind: int, status: int, body: Buffer = b"") -> None:
        """Queue a packet of a stream, and send until little is waiting."""
        self._usable(stream.what)
        procedure = stream.procedure
        self._push(procedure.program, procedure.number, kind, stream.serial, status, body)
        deadline = Deadline(self.timeout)
        while self._queued - self._sent > WRITE_SIZE and not stream.error:
            self._guarded_turn([stream], deadline, stream.what)

    def receive_packet(self, stream: Request, patience: float = 0.0) -> StreamPacket:
        """Return the next packet of a stream, which may take some seconds more; raise what the daemon raised in it."""
        deadline = Deadline(self.timeout + patience)
        while not stream.packets:
            if stream.error:
                raise stream.error
            self._usable(stream.what)
            self._guarded_turn([stream], deadline, stream.what)
        return stream.packets.popleft()

    def next_event(self, registrations: frozenset[int], deadline: Deadline) -> Event | None:
        """Return the oldest event of these registrations, ``None`` when the deadline passes first."""
        while True:
            for event in self._events:
                if event.registration in registrations:
                    self._events.remove(event)
                    return event
            self._usable("waiting for events")
            try:
                self._guarded_turn([], deadline, "waiting for events")
            except DeadlineExceeded:
                return None

    def drop_events(self, registrations: frozenset[int]) -> None:
        """Forget the events of these registrations."""
        kept = [event for event in self._events if event.registration not in registrations]
        self._events = deque(kept, maxlen=EVENT_LIMIT)

    # Sending

    def _usable(self, what: str) -> None:
        if self._failure is not None:
            raise ConnectionFailed(
                f"{printable(what)}: the connection to libvirt is closed, because {self._failure}.",
                hint="Open a new one.",
            )

    def _encoded(self, procedure: Procedure, arguments: tuple[Any, ...]) -> tuple[str, bytearray]:
        what = subject(procedure, arguments)
        self._usable(what)
        if self._open_stream is not None:
            raise StratumError(f"{printable(what)}: the connection is busy {printable(self._open_stream.what)}.")
        body = bytearray()
        try:
            encode(procedure.takes, arguments, body)
        except XdrError as error:
            raise InvalidDocument(f"{printable(what)}: {error}.") from error
        return what, body

    def _queue(self, procedure: Procedure, what: str, body: bytearray, *, opens_stream: bool) -> Request:
        self._serial += 1
        request = Request(procedure, what, self._serial, opens_stream)
        self._unanswered[self._serial] = request
        request.start = self._queued
        self._push(procedure.program, procedure.number, protocol.CALL, self._serial, protocol.OK, body)
        request.end = self._queued
        return request

    def _push(self, program: int, procedure: int, kind: int, serial: int, status: int, body: Buffer) -> None:
        size = HEADER.size + len(body)
        self._outbox.append(HEADER.pack(size, program, protocol.VERSION, procedure, kind, serial, status))
        self._outbox.append(body)
        self._queued += size

    def _forget_sent(self, size: int) -> None:
        """Take so many bytes out of the outbox."""
        self._sent += size
        while self._outbox and size >= len(self._outbox[0]):
            size -= len(self._outbox.popleft())
        if size:
            self._outbox[0] = memoryview(self._outbox[0])[size:]

    # Waiting

    def _await(self, requests: Sequence[Request], deadline: Deadline | None) -> None:
        """Wait until all have been answered. Only an answer renews the time, not whatever else arrives."""
        for request in requests:
            if request.procedure.long and deadline is None:
                self._await_long(requests, request)
                continue
            current = deadline or Deadline(self.timeout)
            while not request.done:
                self._guarded_turn(requests, current, request.what)

    def _await_long(self, requests: Sequence[Request], request: Request) -> None:
        """Wait for something that takes its time, and ask in between whether the daemon is still there."""
        end = Deadline(LONG_LIMIT)
        asked = False
        while not request.done:
            try:
                heard = self._turn_or_fail(requests, end.sooner(self.timeout / 2), request.what)
                asked = asked and not heard
            except DeadlineExceeded as error:
                if asked or end.passed:
                    raise self._late(requests, self.timeout, request.what) from error
                self._push(protocol.KEEPALIVE, protocol.PING, protocol.MESSAGE, 0, protocol.OK, b"")
                asked = True

    def _guarded_turn(self, requests: Sequence[Request], deadline: Deadline, what: str) -> None:
        try:
            self._turn_or_fail(requests, deadline, what)
        except DeadlineExceeded as error:
            raise self._late(requests, deadline.seconds, what) from error

    def _turn_or_fail(self, requests: Sequence[Request], deadline: Deadline, what: str) -> bool:
        try:
            return self._turn(deadline)
        except (OSError, XdrError, PeerError) as error:
            raise self._lost(requests, error, what) from error

    def _turn(self, deadline: Deadline) -> bool:
        """Send what can be sent, receive what is there, and sort it; return whether there was something."""
        if self._outbox:
            sent, received = self._stream.exchange(list(islice(self._outbox, WRITE_PARTS)), READ_SIZE, deadline)
            self._forget_sent(sent)
        else:
            received = self._stream.receive(READ_SIZE, deadline)
            if not received:
                raise ConnectionResetError("the daemon closed it")
        if received:
            self._inbox += received
            self._sort()
        return bool(received)

    # Failing

    def _late(self, requests: Sequence[Request], seconds: float, what: str) -> DeadlineExceeded:
        """Take back what was not sent yet, and return what to raise."""
        for request in requests:
            if request.start >= self._sent and not request.done:
                while self._queued > request.start:
                    self._queued -= len(self._outbox.pop())
                break
        for request in requests:
            if request.start >= self._sent:
                self._unanswered.pop(request.serial, None)
        unknown = any(self._may_happen(each) and each.start < self._sent for each in requests)
        return DeadlineExceeded(
            f"{printable(what)}: libvirt did not answer within {seconds:g} s.",
            hint="It may still happen." if unknown else None,
            outcome_unknown=unknown,
        )

    def _lost(self, requests: Sequence[Request], error: Exception, what: str) -> StratumError:
        """Close the connection and return what to raise."""
        reason = str(error.strerror or error) if isinstance(error, OSError) else str(error)
        unknown = [printable(each.what) for each in requests if self._may_happen(each) and each.end <= self._sent]
        self._fail(f"it failed earlier ({reason})")
        if unknown:
            return OutcomeUnknown(
                f"{unknown[0]}: the connection to libvirt failed before the answer came ({reason}).",
                hint="It may or may not have happened.",
                unanswered=unknown[:20],
            )
        if isinstance(error, OSError):
            return ConnectionFailed(f"{printable(what)}: the connection to libvirt failed ({reason}).")
        return PeerError(f"{printable(what)}: what answers does not speak libvirt's protocol: {reason}.")

    def _may_happen(self, request: Request) -> bool:
        return request.procedure.changes and (not request.done or request is self._open_stream)

    def _fail(self, reason: str) -> None:
        if self._failure is None:
            self._failure = reason
            self._stream.close()
            self._unanswered.clear()
            self._outbox.clear()
            self._inbox.clear()

    # Receiving

    def _sort(self) -> None:
        """Take every complete packet out of the inbox."""
        at = 0
        with memoryview(self._inbox) as inbox:
            while len(inbox) - at >= 4:
                size = int.from_bytes(inbox[at : at + 4], "big")
                if not HEADER.size <= size <= protocol.PACKET_LIMIT:
                    raise PeerError(f"a packet says that it has {size} bytes")
                if len(inbox) - at < size:
                    break
                with inbox[at : at + size] as packet:
                    self._packet(packet)
                at += size
        del self._inbox[:at]

    def _packet(self, packet: memoryview) -> None:
        _size, program, version, procedure, kind, serial, status = HEADER.unpack_from(packet)
        if version != protocol.VERSION:
            raise PeerError(f"a packet has protocol version {version}")
        if kind == protocol.MESSAGE and status == protocol.OK:
            self._message(program, procedure, packet)
            return
        request = self._unanswered.get(serial)
        if request is None:
            if serial in self._ended_streams:
                return
            raise PeerError(f"an answer has serial {serial}, and nothing unanswered has")
        asked = request.procedure
        if (program, procedure) != (asked.program, asked.number):
            raise PeerError(f"the answer to procedure {asked.number} is one to {procedure} of program {program:#x}")
        if status == protocol.ERROR:
            # Even in a stream: a hole that cannot be made is refused by a reply.
            refusal = decode(protocol.REMOTE_ERROR, bytes(packet), HEADER.size)
            request.error = from_remote(refusal, request.what, program)
            self._finished(request)
        elif kind == protocol.REPLY:
            self._reply(request, status, packet)
        else:
            self._stream_packet(request, kind, status, packet)

    def _message(self, program: int, procedure: int, packet: memoryview) -> None:
        if program == protocol.KEEPALIVE:
            # A daemon that asks and never reads must not fill the memory.
            if procedure == protocol.PING and self._queued - self._sent < WRITE_SIZE:
                self._push(protocol.KEEPALIVE, protocol.PONG, protocol.MESSAGE, 0, protocol.OK, b"")
            return
        layout = protocol.EVENTS.get(procedure) if program == protocol.REMOTE else None
        if layout is None:
            raise PeerError(f"it sends the event {procedure} of program {program:#x}, for which nobody registered")
        registration, content = decode(layout, bytes(packet), HEADER.size)
        self._events.append(Event(procedure, registration, content))

    def _reply(self, request: Request, status: int, packet: memoryview) -> None:
        if status != protocol.OK or request.done:
            raise PeerError(f"an answer to procedure {request.procedure.number} has status {status}")
        answer = decode(request.procedure.gives, bytes(packet), HEADER.size)
        request.answer = answer[0] if request.procedure.single else answer or None
        if request.opens_stream:
            # Packets of the stream may be right behind, so it stays known under its serial.
            request.done = True
            self._open_stream = request
        else:
            self._finished(request)

    def _stream_packet(self, stream: Request, kind: int, status: int, packet: memoryview) -> None:
        # One thread of the daemon answers the call that opens a stream, another one may have begun with the stream.
        if not stream.opens_stream or kind not in (protocol.STREAM, protocol.STREAM_HOLE):
            raise PeerError(f"a packet is of type {kind} with status {status}")
        if kind == protocol.STREAM and status == protocol.OK:
            stream.packets.append(StreamPacket(b"", 0, True))
            self._finished(stream)
        elif status != protocol.CONTINUE or stream.procedure.changes:
            raise PeerError(f"a packet with status {status} is in a stream to which it does not belong")
        elif kind == protocol.STREAM:
            stream.packets.append(StreamPacket(bytes(packet[HEADER.size :]), 0, False))
        else:
            length, _flags = decode(protocol.HOLE, bytes(packet), HEADER.size)
            if length < 0:
                raise PeerError(f"a hole in a stream has {length} bytes")
            stream.packets.append(StreamPacket(b"", length, False))

    def _finished(self, request: Request) -> None:
        request.done = True
        if request.opens_stream:
            self._open_stream = None
            self._ended_streams.add(request.serial)
        del self._unanswered[request.serial]
