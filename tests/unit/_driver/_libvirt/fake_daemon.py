# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A libvirt daemon that says what a test tells it to say, over a real socket."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt import protocol
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.protocol import HEADER, Procedure
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.xdr import decode, encode

PROCEDURES = {(value.program, value.number): value for value in vars(protocol).values() if isinstance(value, Procedure)}
NO_DOMAIN = 42


class Call(NamedTuple):
    procedure: Procedure
    arguments: tuple[Any, ...]
    serial: int


class Packet(NamedTuple):
    """Something that came and is not a call."""

    program: int
    procedure: int
    kind: int
    serial: int
    status: int
    body: bytes


Behaviour = Callable[["Connection", Call], None]


def packet(program: int, procedure: int, kind: int, serial: int, status: int, body: bytes | bytearray = b"") -> bytes:
    return HEADER.pack(HEADER.size + len(body), program, protocol.VERSION, procedure, kind, serial, status) + body


def reply(call: Call, *values: Any) -> bytes:
    body = bytearray()
    encode(call.procedure.gives, values, body)
    return packet(call.procedure.program, call.procedure.number, protocol.REPLY, call.serial, protocol.OK, body)


def error_body(code: int, message: str | None) -> bytes:
    body = bytearray()
    encode(protocol.REMOTE_ERROR, (code, 10, message, 2, None, None, None, None, 0, 0, None), body)
    return bytes(body)


def refusal(call: Call, code: int, message: str | None, kind: int = protocol.REPLY) -> bytes:
    number = call.procedure.number
    return packet(call.procedure.program, number, kind, call.serial, protocol.ERROR, error_body(code, message))


def event(procedure: int, *values: Any) -> bytes:
    body = bytearray()
    encode(protocol.EVENTS[procedure], values, body)
    return packet(protocol.REMOTE, procedure, protocol.MESSAGE, 0, protocol.OK, body)


class Connection:
    """One client, as the daemon sees it."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self) -> Packet | None:
        """Return the next packet, ``None`` when the client has gone."""
        head = self._exactly(HEADER.size)
        if head is None:
            return None
        size, program, _version, procedure, kind, serial, status = HEADER.unpack(head)
        body = self._exactly(size - HEADER.size)
        return None if body is None else Packet(program, procedure, kind, serial, status, body)

    def hang_up(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _exactly(self, size: int) -> bytes | None:
        data = bytearray()
        while len(data) < size:
            piece = self._socket.recv(size - len(data))
            if not piece:
                return None
            data += piece
        return bytes(data)


def gives(*values: Any) -> Behaviour:
    return lambda connection, call: connection.send(reply(call, *values))


def refuses(code: int, message: str | None = "no") -> Behaviour:
    return lambda connection, call: connection.send(refusal(call, code, message))


def says(data: bytes) -> Behaviour:
    """Send these bytes, whatever they are, instead of an answer."""
    return lambda connection, call: connection.send(data)


def says_and_hangs_up(data: bytes) -> Behaviour:
    def behave(connection: Connection, call: Call) -> None:
        connection.send(data)
        connection.hang_up()

    return behave


def keeps_silent(connection: Connection, call: Call) -> None:
    pass


def hangs_up(connection: Connection, call: Call) -> None:
    connection.hang_up()


class FakeDaemon:
    """A thread that listens on a unix socket and answers by ``script``, which is keyed by procedure.

    What is not in the script is refused like a domain that is not there. ``calls`` and ``packets`` are what came.
    """

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "libvirt-sock")
        self.script: dict[Procedure, Behaviour] = {
            protocol.AUTH_LIST: gives([0]),
            protocol.CONNECT_OPEN: gives(),
        }
        self.calls: list[Call] = []
        self.packets: list[Packet] = []
        self.connections: list[Connection] = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self.path)
        self._listener.listen()
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self._threads[0].start()

    @property
    def asked(self) -> list[Procedure]:
        return [call.procedure for call in self.calls]

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self.connections:
            connection.hang_up()
        for thread in self._threads:
            thread.join(10)

    def _listen(self) -> None:
        while True:
            try:
                connected, _address = self._listener.accept()
            except OSError:
                return
            connection = Connection(connected)
            self.connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connected, connection), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connected: socket.socket, connection: Connection) -> None:
        with connected, contextlib.suppress(OSError):
            while (received := connection.receive()) is not None:
                procedure = PROCEDURES.get((received.program, received.procedure))
                if received.kind != protocol.CALL or procedure is None:
                    self.packets.append(received)
                    continue
                call = Call(procedure, decode(procedure.takes, received.body), received.serial)
                self.calls.append(call)
                self.script.get(procedure, refuses(NO_DOMAIN, "Domain not found"))(connection, call)
