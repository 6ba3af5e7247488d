# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Another machine by OpenSSH's own client, a program of this machine: with its hardware keys and shared connections."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from .._deadline import Deadline
from .._errors import AuthenticationFailed, ConnectionFailed, PeerError, StratumError
from .base import Buffer, ByteStream, Program
from .command import finish
from .last_words import last_words
from .local import LocalHost
from .pipes import ProgramStream
from .session import Finished, Session
from .ssh import SshTarget

NOISE = 65536
"""Bytes that a login may print before the command begins."""
_READY = "stratum.virt: logged in"
_READ_SIZE = 65536
_NO_KNOWN_HOSTS = ("-o", "UserKnownHostsFile=/dev/null", "-o", "GlobalKnownHostsFile=/dev/null")
_VERIFY = {
    # The configuration may say something else, and what a URI says goes first.
    "normal": ("-o", "StrictHostKeyChecking=yes"),
    "auto": ("-o", "StrictHostKeyChecking=accept-new"),
    "ignore": ("-o", "StrictHostKeyChecking=no"),
}
_METHODS = {
    "agent": "publickey",
    "privkey": "publickey",
    "password": "password",
    "keyboard-interactive": "keyboard-interactive",
}


class _Failure(NamedTuple):
    """What ssh says, and what that means; the first group of the pattern is put into the reason."""

    pattern: str
    kind: type[ConnectionFailed]
    reason: str
    hint: str | None = None


_FAILURES = (
    _Failure(
        r"(?s)IDENTIFICATION HAS CHANGED.*?Offending \S+ key in (\S+)",
        AuthenticationFailed,
        "the host key has changed; {} has another one",
        "Somebody may be in between. If the machine was installed anew, remove that line.",
    ),
    _Failure(r"(REVOKED) HOST KEY", AuthenticationFailed, "the host key is revoked"),
    _Failure(
        r"(Host key verification failed)",
        AuthenticationFailed,
        "the host key is not known",
        "Add it to known_hosts, for example with ssh-keyscan, when its fingerprint is the right one.",
    ),
    _Failure(
        r"Permission denied(?: (\([^)]*\)))?\.",
        AuthenticationFailed,
        "none of our keys was accepted {}",
        "Check the user in the URI, and that its authorized_keys has one of our keys. ssh is told to ask nothing.",
    ),
    _Failure(
        r"Could not resolve hostname (\S+?):",
        ConnectionFailed,
        "the address of {} was not found",
        "Check the name of the node in the URI.",
    ),
    _Failure(r"(?i)(connection refused)", ConnectionFailed, "the connection was refused"),
    _Failure(r"(?i)(timed out)", ConnectionFailed, "it does not answer"),
)


class OpenSshSession(Session):
    """A login by the program ``ssh``: a process for each command, and a login, unless ssh shares its connections."""

    def __init__(self, target: SshTarget, program: str, launch: Callable[[Sequence[str]], Program]) -> None:
        self.name = f"{target.user}@{target.host}" if target.user else target.host
        self._target = target
        self._program = program
        self._launch = launch
        self._streams: list[ByteStream] = []

    def start(self, argv: Sequence[str], deadline: Deadline) -> ProgramStream:
        what = f"{os.path.basename(argv[0])} on {self.name}"
        # The login has worked as soon as this is said; what comes before it is noise of the login.
        stream = self._run([], f"echo '{_READY}'; exec {shlex.join(argv)}", what)
        try:
            self._until_ready(stream, deadline, what)
        except (StratumError, OSError):
            stream.close()
            raise
        return stream

    def run(self, argv: Sequence[str], deadline: Deadline, *, input: bytes = b"") -> Finished:
        stream = self.start(argv, deadline)
        try:
            return finish(stream, argv, input, deadline, self.name)
        finally:
            stream.close()

    def connect(self, path: str, deadline: Deadline) -> ByteStream:
        # A forwarded socket that is not there takes connections all the same, so this is asked before.
        if self.run(["sh", "-c", 'test -S "$1"', "sh", path], deadline).status != 0:
            raise ConnectionFailed(f"connecting to {path} on {self.name}: there is no such socket.")
        folder = tempfile.mkdtemp(prefix="stratum.virt-")
        here = os.path.join(folder, "socket")
        options = ["-N", "-o", "ExitOnForwardFailure=yes", "-o", "ControlPath=none", "-L", f"{here}:{path}"]
        stream = _Forwarded(self._run(options, None, f"{path} on {self.name}"), folder)
        self._streams.append(stream)
        try:
            while not os.path.exists(here):
                deadline.check(f"connecting to {path} on {self.name}")
                if stream.program.ended(deadline.sooner(0.01)) is not None:
                    raise self._failed(stream.program, f"connecting to {path}")
                time.sleep(0.005)
            stream.attach(LocalHost().connect(here, deadline))
        except (StratumError, OSError):
            stream.close()
            raise
        return stream

    def close(self) -> None:
        while self._streams:
            self._streams.pop().close()

    def _run(self, options: Sequence[str], line: str | None, what: str) -> ProgramStream:
        # Without our agent and our screen over there, whatever the configuration says.
        command = [self._program, "-T", "-a", "-x", "-e", "none", "-o", "BatchMode=yes", *self._options(), *options]
        stream = ProgramStream(self._launch([*command, "--", self._target.host, *([line] if line else [])]), what)
        self._streams.append(stream)
        return stream

    def _options(self) -> list[str]:
        target = self._target
        options = []
        if target.user:
            options += ["-l", target.user]
        if target.port:
            options += ["-p", str(target.port)]
        if target.keyfile:
            options += ["-i", os.path.expanduser(target.keyfile)]
        if target.verify == "ignore":
            # Nothing is learned from somebody who may be anybody.
            options += _NO_KNOWN_HOSTS
        elif target.known_hosts:
            options += ["-o", f'UserKnownHostsFile="{os.path.expanduser(target.known_hosts)}"']
            options += ["-o", "GlobalKnownHostsFile=/dev/null"]
        if target.methods is not None:
            methods = dict.fromkeys(_METHODS[method] for method in target.methods)
            options += ["-o", f"PreferredAuthentications={','.join(methods)}"]
        return [*options, *_VERIFY.get(target.verify or "", ())]

    def _until_ready(self, stream: ProgramStream, deadline: Deadline, what: str) -> None:
        received = b""
        ready = f"{_READY}\n".encode()
        while ready not in received:
            if len(received) > NOISE:
                raise PeerError(f"starting {what}: the login prints more than {NOISE} bytes before it does so.")
            try:
                data = stream.receive(_READ_SIZE, deadline)
            except ConnectionError as error:
                raise self._failed(stream, f"starting {what}") from error
            if not data:
                raise self._failed(stream, f"starting {what}")
            received += data
        stream.unread(received.partition(ready)[2])

    def _failed(self, stream: ProgramStream, what: str) -> ConnectionFailed:
        stream.ended(Deadline(1.0))
        said = stream.errors.decode("utf-8", "replace")
        for failure in _FAILURES:
            found = re.search(failure.pattern, said)
            if found:
                reason = failure.reason.format(last_words(found[1] or ""))
                words = f"logging in to {self.name} with {self._program}: {reason.strip()}."
                return failure.kind(words, hint=failure.hint)
        return ConnectionFailed(f"{what} with {self._program}: {last_words(said) or 'it ended without a word'}.")


class _Forwarded(ByteStream):
    """A stream through a socket that ssh forwards."""

    def __init__(self, program: ProgramStream, folder: str) -> None:
        self.program = program
        self._folder = folder
        self._stream: ByteStream | None = None

    def attach(self, stream: ByteStream) -> None:
        """Take the stream to the near end."""
        self._stream = stream

    def send(self, data: bytes, deadline: Deadline) -> None:
        self._attached.send(data, deadline)

    def receive(self, size: int, deadline: Deadline) -> bytes:
        return self._attached.receive(size, deadline)

    def exchange(self, parts: Sequence[Buffer], size: int, deadline: Deadline) -> tuple[int, bytes]:
        return self._attached.exchange(parts, size, deadline)

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self.program.stop()
        self.program.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _attached(self) -> ByteStream:
        if self._stream is None:
            raise ConnectionResetError("it is not connected")
        return self._stream
