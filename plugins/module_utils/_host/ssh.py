# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Another machine by ssh: connect as ssh would, look at its key, log in, and run commands there."""

from __future__ import annotations

import os.path
import shlex
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from .._deadline import Deadline
from .._errors import AuthenticationFailed, ConnectionFailed, DeadlineExceeded, PeerError, StratumError
from .base import Access, ByteStream
from .command import finish
from .host_check import HostCheck, HostIdentity
from .last_words import last_words
from .paramiko import paramiko, require_paramiko
from .session import Finished, Session
from .ssh_config import Asked, HostConfig, read_config
from .ssh_connection import ChannelStream, Connection, channel_refused
from .ssh_login import METHODS, Login
from .ssh_wire import ChannelWire, ProgramWire, SocketWire, Wire
from .tcp import open_socket

MOST_JUMPS = 8
CONNECT_TIMEOUT = 60.0
"""Seconds to reach a server and agree with it on keys, where the configuration has no ConnectTimeout."""


class SshTarget(NamedTuple):
    """Where to log in, and what goes before the configuration of ssh. ``None`` leaves something to that."""

    host: str
    user: str | None = None
    port: int | None = None
    keyfile: str | None = None
    known_hosts: str | None = None
    verify: str | None = None
    """``normal``, ``auto`` or ``ignore``."""
    methods: tuple[str, ...] | None = None
    """Of METHODS, those that are tried, keys before passwords; ``None`` means all."""


def open_session(target: SshTarget, access: Access, deadline: Deadline) -> Session:
    """Log in. Nothing is asked, and no password is looked for.

    Raises ConnectionFailed, AuthenticationFailed, DeadlineExceeded, PeerError for what is no ssh server, StratumError
    for a configuration that cannot be right, MissingLibrary.
    """
    require_paramiko()
    way = _Way(access, deadline)
    with ExitStack() as undo:
        # Whatever is raised: what paramiko says to nonsense is no promise of its.
        undo.callback(way.close)
        connection = way.to(target, _configured(target, access))
        undo.pop_all()
    return SshSession(connection, way.name, way.close)


class SshSession(Session):
    """A login by paramiko."""

    def __init__(self, connection: Connection, name: str, close: Callable[[], None]) -> None:
        self.name = name
        self._connection = connection
        self._close = close

    def start(self, argv: Sequence[str], deadline: Deadline) -> ChannelStream:
        # Login shells quote and execute alike in this, whatever they are.
        line = f"exec {shlex.join(argv)}"
        what = f"{os.path.basename(argv[0])} on {self.name}"
        try:
            with self._connection.bounded(deadline, f"starting {what}"):
                channel = self._connection.open_session(timeout=deadline.remaining())
                channel.exec_command(line)
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise channel_refused(error, f"starting {what}") from error
        return ChannelStream(channel, self._connection, what)

    def run(self, argv: Sequence[str], deadline: Deadline, *, input: bytes = b"") -> Finished:
        stream = self.start(argv, deadline)
        try:
            return finish(stream, argv, input, deadline, self.name)
        finally:
            stream.close()

    def connect(self, path: str, deadline: Deadline) -> ByteStream:
        what = f"connecting to {path} on {self.name}"
        try:
            with self._connection.bounded(deadline, what):
                channel = self._connection.open_socket(path, deadline.remaining())
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise channel_refused(error, what) from error
        return ChannelStream(channel, self._connection, f"{path} on {self.name}")

    def close(self) -> None:
        self._close()


class _Way:
    """The connections that lead to a machine, one through the other, as far as they were made."""

    def __init__(self, access: Access, deadline: Deadline) -> None:
        self._access = access
        self._deadline = deadline
        self._undo: list[Callable[[], None]] = []
        self.name = ""

    def to(
        self, target: SshTarget, config: HostConfig, through: Connection | None = None, depth: int = 0
    ) -> Connection:
        """Reach a machine, through the ones that its configuration names, and log in there."""
        if depth > MOST_JUMPS:
            raise StratumError(f"reaching {target.host}: there are more than {MOST_JUMPS} jump hosts on the way.")
        if through is None:
            for hop in config.jumps:
                through = self._hop(hop, through, depth)
        name = f"{config.user}@{target.host}"
        until = self._deadline.sooner(config.connect_timeout or CONNECT_TIMEOUT)
        # Before anything is opened, because the files may have a mistake.
        files = (os.path.expanduser(target.known_hosts),) if target.known_hosts else config.known_hosts
        known_as = config.known_as or config.host
        port = 22 if config.known_as else config.port
        check = HostCheck(HostIdentity(known_as, port, files, target.verify or config.verify))
        connection = Connection(self._wire(config, through, until))
        self._undo.append(connection.close)
        _agree(connection, check, until, f"{config.host} port {config.port}")
        # The password is the one at the node, and no business of the machines on the way there.
        access = self._access if depth == 0 else self._access._replace(ssh_password=None)
        check.check(connection, access)
        _log_in(Login(connection, config, access, target.methods or METHODS), connection, self._deadline, name)
        self.name = name
        return connection

    def close(self) -> None:
        """Close what was opened, the last one first."""
        while self._undo:
            self._undo.pop()()

    def _hop(self, hop: str, through: Connection | None, depth: int) -> Connection:
        target = read_hop(hop)
        try:
            return self.to(target, _configured(target, self._access), through, depth + 1)
        except (ConnectionFailed, DeadlineExceeded, PeerError) as error:
            raise type(error)(f"the jump host {target.host}: {error.reason}", hint=error.hint) from error

    def _wire(self, config: HostConfig, through: Connection | None, until: Deadline) -> Wire:
        if through is not None:
            return self._through(through, config, until)
        if config.proxy_command is not None:
            return self._by_program(config.proxy_command)
        opened = open_socket(config.host, config.port, until)
        self._undo.append(opened.close)
        return SocketWire(opened)

    def _through(self, through: Connection, config: HostConfig, until: Deadline) -> Wire:
        what = f"connecting to {config.host} port {config.port} from there"
        try:
            with through.bounded(until, what):
                channel = through.open_channel(
                    "direct-tcpip", (config.host, config.port), ("127.0.0.1", 0), timeout=until.remaining()
                )
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise channel_refused(error, what) from error
        return ChannelWire(channel, through.wire)

    def _by_program(self, line: str) -> Wire:
        from .pipes import ProgramStream, start_program

        # Its arguments may hold a secret, so messages have its name only.
        what = f"the proxy command {line.partition(' ')[0]!r}"
        stream = ProgramStream(start_program(["/bin/sh", "-c", f"exec {line}"]), what)
        self._undo.append(stream.close)
        return ProgramWire(stream)


def read_hop(text: str) -> SshTarget:
    """Read a jump host, ``[user@]host[:port]`` or an ssh URI; raise StratumError."""
    rest = text[len("ssh://") :].rstrip("/") if text.startswith("ssh://") else text
    user, _at, place = rest.rpartition("@")
    host, port = place, ""
    if place.startswith("["):
        host, _bracket, port = place[1:].partition("]")
        port = port.lstrip(":")
    elif place.count(":") == 1:
        host, _colon, port = place.partition(":")
    if not host or host.startswith("-") or (port and not (port.isdecimal() and 0 < int(port) < 65536)):
        raise StratumError(f"the jump host {text!r} in the configuration of ssh is none.")
    return SshTarget(host, user or None, int(port) if port else None)


def _configured(target: SshTarget, access: Access) -> HostConfig:
    config = read_config(Asked(target.host, target.port, target.user))
    for note in config.notes:
        access.warn(f"ssh: {note}")
    if target.keyfile is not None:
        files = (os.path.expanduser(target.keyfile), *(config.identities if config.identities_stated else ()))
        config = config._replace(identities=files, identities_stated=True)
    return config


def _agree(connection: Connection, check: HostCheck, until: Deadline, where: str) -> None:
    """Agree with a server on the keys of the connection, so that its own key is known. Nothing of ours is in that."""
    check.prefer_known(connection)
    # Its own limits are shorter than ours may be.
    connection.banner_timeout = connection.handshake_timeout = until.remaining() + 1.0
    done = threading.Event()
    connection.start_client(event=done)
    done.wait(min(until.remaining(), threading.TIMEOUT_MAX))
    if connection.is_active() and connection.initial_kex_done:
        return
    error = connection.saved_exception
    if until.passed:
        raise until.exceeded(f"the ssh server at {where}") from error
    said = connection.wire.beginning
    if said and not any(line.startswith(b"SSH-") for line in said.splitlines()):
        raise PeerError(
            f"what answers at {where} is no ssh server. It says: {last_words(said)[:200]!r}.",
            hint="Check the port in the URI or in the configuration of ssh.",
        ) from error
    if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
        raise ConnectionFailed(
            f"the ssh server at {where} and paramiko have no way to encrypt in common: {last_words(str(error))}.",
            hint="Newer software at the older end helps, or command=ssh in the URI.",
        ) from error
    reason = last_words(str(error or "it closed")) if said else "it closed the connection before it said anything"
    raise ConnectionFailed(
        f"the ssh server at {where} does not go on: {reason}{connection.wire.why_ended()}."
    ) from error


def _log_in(login: Login, connection: Connection, deadline: Deadline, name: str) -> None:
    # What is too long is too long for the deadline of all; paramiko's own limit is shorter.
    connection.auth_timeout = min(deadline.remaining(), threading.TIMEOUT_MAX) + 1.0
    try:
        login.run(deadline, name)
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise AuthenticationFailed(
            f"logging in to {name}: {last_words(str(error)) or 'the connection broke'}."
        ) from error
