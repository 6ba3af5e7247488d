# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Streams over ssh channels and programs, against peers that read and write as a test wants."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    ConnectionFailed,
    DeadlineExceeded,
    PeerError,
)
from ansible_collections.stratum.virt.plugins.module_utils._host.base import ByteStream
from ansible_collections.stratum.virt.plugins.module_utils._host.command import Command, finish
from ansible_collections.stratum.virt.plugins.module_utils._host.paramiko import paramiko
from ansible_collections.stratum.virt.plugins.module_utils._host.pipes import ProgramStream, start_program
from ansible_collections.stratum.virt.plugins.module_utils._host.ssh import SshSession
from ansible_collections.stratum.virt.plugins.module_utils._host.ssh_connection import Connection
from ansible_collections.stratum.virt.plugins.module_utils._host.ssh_wire import SocketWire

MIB = 1048576


class Server(paramiko.ServerInterface):
    """An ssh server in this process that runs commands of this machine, as sshd does."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.silent = False

    def check_auth_none(self, username: str) -> int:
        return paramiko.AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED if kind == "session" else paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        self.commands.append(command.decode())
        while self.silent:
            threading.Event().wait(0.01)
        threading.Thread(target=serve, args=(channel, command.decode()), daemon=True).start()
        return True


def serve(channel: paramiko.Channel, command: str) -> None:
    """Play the far command: ``exec NAME ARGUMENTS``."""
    name, *arguments = command.split()[1:]
    time.sleep(0.02)  # sshd, too, says first that it has begun
    if name == "echo-late":
        # Takes nothing until all that it has said is taken.
        channel.sendall(b"x" * int(arguments[0]))
        while channel.recv(65536):
            pass
        channel.send_exit_status(0)
    elif name == "cat":
        while data := channel.recv(65536):
            channel.sendall(data)
        channel.send_exit_status(0)
    elif name == "deaf":
        return
    elif name == "die":
        channel.sendall_stderr(b"noise " * 2000 + b"\x1b[31mfailed: no such thing\n")
        channel.send_exit_status(3)
    elif name == "flood":
        try:
            while True:
                channel.sendall(b"x" * 65536)
        except (OSError, EOFError):
            return
    channel.close()


class Peer:
    """A session with the server above."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.server = Server()
        self.transport = paramiko.Transport(theirs)
        self.transport.add_server_key(paramiko.ECDSAKey.generate())
        self.transport.start_server(threading.Event(), self.server)
        self.connection = Connection(SocketWire(ours))
        self.connection.start_client()
        self.connection.auth_none("ann")
        self.session = SshSession(self.connection, "ann@far", self.connection.close)

    def close(self) -> None:
        self.session.close()
        self.transport.close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    peer = Peer()
    yield peer
    peer.close()


PROGRAMS = {
    "echo-late": "import sys,os; os.write(1, b'') or sys.stdout.buffer.write(b'x'*int(sys.argv[1])); "
    "sys.stdout.flush(); sys.stdin.buffer.read()",
    "cat": "import shutil,sys; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)",
    "deaf": "import time; time.sleep(600)",
    "die": "import sys; sys.stderr.write('noise '*2000 + '\\x1b[31mfailed: no such thing\\n'); sys.exit(3)",
    "flood": "import os\nwhile True: os.write(1, b'x'*65536)",
}


@pytest.fixture(params=["channel", "program"])
def start(request: pytest.FixtureRequest) -> Iterator[Callable[..., Command]]:
    """Start a command at the other end, by ssh or as a program of this machine: both are used alike."""
    opened: list[ByteStream] = []
    peer = Peer() if request.param == "channel" else None

    def start(name: str, *arguments: str) -> Command:
        stream: Command
        if peer is not None:
            stream = peer.session.start([name, *arguments], Deadline(5))
        else:
            argv = [sys.executable, "-I", "-c", PROGRAMS[name], *arguments]
            stream = ProgramStream(start_program(argv), f"{name} on ann@far")
        opened.append(stream)
        return stream

    yield start
    for stream in opened:
        stream.close()
    if peer is not None:
        peer.close()


def test_both_directions_full(start: Callable[..., Command]) -> None:
    """Neither side reads before it has written much more than any window or pipe holds."""
    stream = start("echo-late", str(24 * MIB))
    waiting, came = memoryview(b"y" * (24 * MIB)), 0
    deadline = Deadline(60)
    while waiting:
        sent, received = stream.exchange([waiting[:100], waiting[100:]], 65536, deadline)
        assert sent or received
        waiting = waiting[sent:]
        came += len(received)
    stream.finish_input()
    while received := stream.receive(65536, deadline):
        came += len(received)
    assert came == 24 * MIB


def test_what_goes_in_comes_out(start: Callable[..., Command]) -> None:
    data = bytes(range(256)) * 12000
    done = finish(start("cat"), ["cat"], data, Deadline(60), "ann@far")
    assert done == (0, data, b"")


def test_deadlines_hold_in_every_direction(start: Callable[..., Command]) -> None:
    stream = start("deaf")
    with pytest.raises(DeadlineExceeded, match="deaf on ann@far"):
        stream.receive(1, Deadline(0.1))
    with pytest.raises(DeadlineExceeded):
        stream.send(b"x" * (64 * MIB), Deadline(0.5))
    with pytest.raises(DeadlineExceeded):
        stream.exchange([b"x"], 1, Deadline(0.1))


def test_the_last_words_of_a_command_say_why_it_ended(start: Callable[..., Command]) -> None:
    stream = start("die")
    with pytest.raises(ConnectionError, match=r"^die on ann@far ended: .* \[31mfailed: no such thing$") as raised:
        stream.receive(1, Deadline(5))
    assert len(str(raised.value)) < 1100
    assert "\x1b" not in str(raised.value)
    assert stream.ended(Deadline(5)) == 3
    with pytest.raises(ConnectionError, match="no such thing"):
        stream.exchange([b"x"], 1, Deadline(5))
    done = finish(start("die"), ["die"], b"", Deadline(5), "ann@far")
    assert (done.status, done.output) == (3, b"")
    assert done.errors.endswith(b"failed: no such thing\n")
    assert len(done.errors) <= 4096


def test_a_command_that_never_ends_writing(start: Callable[..., Command]) -> None:
    with pytest.raises(PeerError, match="flood on ann@far writes more than"):
        finish(start("flood"), ["flood"], b"", Deadline(60), "ann@far")


def test_closing_twice(start: Callable[..., Command]) -> None:
    stream = start("deaf")
    stream.close()
    stream.close()


# What only ssh has


def test_arguments_arrive_as_they_are(peer: Peer) -> None:
    peer.session.start(["deaf", "a b", "$x", "it's"], Deadline(5))
    assert peer.server.commands == ["exec deaf 'a b' '$x' 'it'\"'\"'s'"]


def test_a_server_that_never_answers_a_request(peer: Peer) -> None:
    peer.server.silent = True
    with pytest.raises(DeadlineExceeded, match="starting deaf on ann@far"):
        peer.session.start(["deaf"], Deadline(0.3))
    peer.server.silent = False


def test_a_socket_that_the_server_does_not_give(peer: Peer) -> None:
    with pytest.raises(ConnectionFailed, match=r"connecting to /x on ann@far: the ssh server refuses it"):
        peer.session.connect("/x", Deadline(5))


def test_a_connection_that_breaks(peer: Peer) -> None:
    stream = peer.session.start(["deaf"], Deadline(5))
    peer.transport.close()
    with pytest.raises(ConnectionError):
        stream.receive(1, Deadline(5))
    with pytest.raises(ConnectionError):
        stream.send(b"x", Deadline(5))
    with pytest.raises(ConnectionFailed):
        peer.session.start(["deaf"], Deadline(5))


def test_a_network_that_takes_nothing_any_more() -> None:
    """A dead machine is noticed by the deadline, not by the patience of TCP."""
    peer = Peer()
    stream = peer.session.start(["deaf"], Deadline(5))
    peer.transport.packetizer.read_message = threading.Event().wait  # type: ignore[method-assign]
    with pytest.raises((DeadlineExceeded, ConnectionError)):
        stream.send(b"x" * (64 * MIB), Deadline(0.5))
    peer.session.close()
