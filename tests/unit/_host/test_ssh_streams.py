# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Streams over ssh channels and programs, against peers that read and write as a test wants."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    ConnectionFailed,
    DeadlineExceeded,
    PeerError,
)
from ansible_collections.stratum.virt.plugins.module_utils._host import ssh, ssh_connection
from ansible_collections.stratum.virt.plugins.module_utils._host.base import Access, ByteStream
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
    elif name == "chatter":
        channel.sendall_stderr(b"x" * (4 * MIB))
        channel.sendall(b"done")
        while channel.recv(65536):
            pass
    elif name == "rage":
        try:
            while True:
                channel.sendall_stderr(b"x" * 65536)
        except (OSError, EOFError):
            return
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
    "rage": "import os\nwhile True: os.write(2, b'x'*65536)",
    "chatter": "import sys; sys.stderr.write('x'*4194304); sys.stderr.flush(); sys.stdout.buffer.write(b'done'); "
    "sys.stdout.flush(); sys.stdin.buffer.read()",
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


def test_errors_without_end_keep_nobody_waiting(start: Callable[..., Command]) -> None:
    stream = start("rage")
    with pytest.raises(DeadlineExceeded):
        stream.receive(1, Deadline(0.3))
    assert len(stream.errors) <= 4096


def test_a_command_that_complains_before_it_listens(start: Callable[..., Command]) -> None:
    """More than a pipe holds, while we only send."""
    stream = start("chatter")
    stream.send(b"x" * (8 * MIB), Deadline(20))
    assert stream.receive(4, Deadline(20)) == b"done"


def test_closing_twice(start: Callable[..., Command]) -> None:
    stream = start("deaf")
    stream.close()
    stream.close()


def test_a_stream_that_was_closed_is_not_used(start: Callable[..., Command]) -> None:
    """The numbers of its pipes may be those of other files by then."""
    stream = start("cat")
    stream.close()
    others = [socket.socketpair() for _pair in range(4)]
    for one, other in others:
        one.send(b"not for it")
        other.send(b"not for it")
    with contextlib.suppress(ConnectionError):
        assert stream.receive(10, Deadline(1)) == b""
    with pytest.raises(ConnectionError):
        stream.send(b"x", Deadline(1))
    for pair in others:
        for each in pair:
            each.close()


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


def test_closing_a_stream_that_a_dead_machine_does_not_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh_connection, "CLOSING", 0.2)
    peer = Peer()
    stream = peer.session.start(["deaf"], Deadline(5))
    peer.transport.packetizer.read_message = threading.Event().wait  # type: ignore[method-assign]
    with pytest.raises((DeadlineExceeded, ConnectionError)):
        stream.send(b"x" * (64 * MIB), Deadline(0.5))

    def finish_input() -> None:
        with pytest.raises((DeadlineExceeded, ConnectionError)):
            stream.finish_input()

    for close in (finish_input, stream.close):
        closing = threading.Thread(target=close, daemon=True)
        closing.start()
        closing.join(10)
        assert not closing.is_alive()
    peer.session.close()


def test_nothing_of_a_connection_is_left_when_it_is_closed() -> None:
    """Its thread would read from pipes and sockets whose numbers others have by then."""
    peer = Peer()
    peer.session.close()
    assert not peer.connection.is_alive()
    peer.close()


def test_a_server_that_signs_with_another_algorithm_than_agreed() -> None:
    connection = Connection(SocketWire(socket.socketpair()[0]))
    connection.host_key_type = "rsa-sha2-512"
    message = paramiko.Message()
    message.add_string("ssh-rsa")
    message.add_string(b"x" * 256)
    with pytest.raises(paramiko.SSHException, match="ssh-rsa in place of rsa-sha2-512"):
        connection._verify_key(b"", message.asbytes())
    connection.wire.close()


# What goes to whom


def test_a_jump_host_does_not_get_the_password_of_the_node(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[Access] = []

    class Seen:
        def __init__(self, _connection: object, _config: object, access: Access, _methods: object) -> None:
            seen.append(access)

        def run(self, _deadline: Deadline, _name: str) -> None: ...

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(ssh, "Login", Seen)
    monkeypatch.setattr(ssh, "_agree", lambda *_arguments: None)
    monkeypatch.setattr(ssh.HostCheck, "check", lambda *_arguments: None)
    monkeypatch.setattr(ssh, "open_socket", lambda *_arguments: socket.socketpair()[0])
    way = ssh._Way(Access(ssh_password="secret", ssh_passphrase="phrase"), Deadline(5))
    way._hop("ann@jump", None, 0)
    way.to(ssh.SshTarget("node1"), ssh.read_config(ssh.Asked("node1")))
    way.close()
    assert [(access.ssh_password, access.ssh_passphrase) for access in seen] == [(None, "phrase"), ("secret", "phrase")]


def test_the_arguments_of_a_proxy_command_are_in_no_message() -> None:
    way = ssh._Way(Access(), Deadline(5))
    wire = way._by_program("/bin/sh -c 'exit 1' --auth ann:secret")
    assert "/bin/sh" in wire.why_ended()
    assert "secret" not in wire.why_ended()
    way.close()


def test_whatever_goes_wrong_closes_what_was_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    ours, theirs = socket.socketpair()
    monkeypatch.setattr(ssh, "open_socket", lambda *_arguments: ours)

    def fail(*_arguments: object) -> None:
        raise ValueError

    monkeypatch.setattr(ssh, "_agree", fail)
    with pytest.raises(ValueError):  # noqa: PT011  # whatever it is
        ssh.open_session(ssh.SshTarget("node1"), Access(), Deadline(5))
    assert ours.fileno() == -1
    theirs.close()
