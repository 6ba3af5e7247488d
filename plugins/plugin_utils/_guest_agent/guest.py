# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a connection does in a guest: commands, and files there and back."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import BinaryIO, NamedTuple

from ...module_utils._deadline import Deadline
from ...module_utils._driver.base import Driver
from ...module_utils._errors import InputError, StratumError
from .agent import Agent
from .channel import Channel
from .contents import Contents
from .posix import Posix
from .programs import EXECUTE, INPUT_LIMIT, Programs
from .system import GuestFailed, Program, System
from .windows import Windows

INLINE_LIMIT = 1048576
"""Bytes of output, both together, that come back with the exit status."""
PIECE = 1048576
TIDYING = 10.0
"""Seconds for removing what is left over."""


class Limits(NamedTuple):
    """What the guest may take, by the names of the options."""

    timeout: float
    """Seconds for an answer of its agent."""
    command_timeout: float
    """Seconds for a command, or for the copying of a file."""
    output_limit: int
    """Bytes of each output of a command that are kept."""
    poll_interval: float
    """Seconds between two looks whether a command has ended, at most."""


class Finished(NamedTuple):
    """How a command ended."""

    status: int
    output: bytes
    errors: bytes
    truncated: bool
    """Whether there was more output than the limit."""


def reach(
    connect: Callable[[], Driver], domain: str, limits: Limits, *, windows: bool, executable: str | None
) -> Guest:
    """Return the guest of the domain with this name or UUID, on the node that ``connect`` connects to.

    Raises an error that says why nothing can be done in it; InputError when it is not the kind of guest that was said.
    """
    for option, value in limits._asdict().items():
        if not value > 0:
            raise InputError(option, f"it is {value}, and has to be more than 0.")
    agent = Agent(Channel(connect, domain), limits.timeout)
    try:
        agent.require(EXECUTE, "connecting")
        found = agent.windows
        if found is not windows:
            raise InputError(
                "ansible_shell_type",
                f"the guest of the domain {domain} {'runs' if found else 'does not run'} Windows.",
                hint="Set it to powershell." if found else "It is for Windows guests: leave it out, or set it to sh.",
            )
    except StratumError:
        agent.close()
        raise
    return Guest(agent, Windows(executable) if windows else Posix(executable), limits)


class Guest:
    """The guest of one domain."""

    def __init__(self, agent: Agent, system: System, limits: Limits) -> None:
        self.domain = agent.domain
        self._agent = agent
        self._system = system
        self._limits = limits
        self._programs = Programs(agent, system, limits.poll_interval)
        self._contents = Contents(agent)

    def close(self) -> None:
        """Close the connection to the node; it is opened again when it is needed."""
        self._agent.close()

    def execute(self, command: str, given: bytes = b"") -> Finished:
        """Run a command with this input; raise DeadlineExceeded when its time is over, and it was ended for that."""
        what = f"running a command in the guest of the domain {self.domain}"
        deadline = Deadline(self._limits.command_timeout)
        limit = self._limits.output_limit
        folder = self._system.folder(secrets.token_hex(16))
        program = self._system.command(command, folder, limit=limit, inline=INLINE_LIMIT)
        if len(given) > INPUT_LIMIT or not self._system.takes_input:
            with self._undone_by(self._system.discard(folder)):
                self._programs.do(self._system.make(folder), what, deadline)
                self._contents.write(self._system.inside(folder, "in"), [given], what, deadline)
            given = b""
        ended = self._programs.run(program, what, deadline, given, folder)
        output, errors = ended.output, ended.errors
        if errors == folder.encode():
            try:
                output, errors = (self._kept(folder, name, what, deadline) for name in ("out", "err"))
            finally:
                self._clean(self._system.discard(folder))
        truncated = len(output) > limit or len(errors) > limit
        return Finished(ended.status, output[:limit], errors[:limit], truncated)

    def put(self, source: str, destination: str) -> None:
        """Copy a file of this machine into the guest. It has its name there when it is complete, or not at all.

        Only the agent's user can read it, and execute it if its owner can here.
        """
        what = f"copying {source} to {destination} in the guest of the domain {self.domain}"
        deadline = Deadline(self._limits.command_timeout)
        path = f"{destination}.stratum-{secrets.token_hex(8)}"
        digest = hashlib.sha256()
        size = 0
        with _opened(source, what) as file:
            executable = bool(os.fstat(file.fileno()).st_mode & stat.S_IXUSR)

            def content() -> Iterator[bytes]:
                nonlocal size
                for data in iter(lambda: file.read(PIECE), b""):
                    digest.update(data)
                    size += len(data)
                    yield data

            def finish(given: bool) -> Program:
                return self._system.finish(
                    path, destination, digest=digest.hexdigest(), size=size, executable=executable, given=given
                )

            if os.fstat(file.fileno()).st_size <= INPUT_LIMIT and self._system.takes_input:
                data = b"".join(content())
                self._programs.do(finish(True), what, deadline, data)
                return
            with self._undone_by(self._system.remove(path)):
                self._programs.do(self._system.create(path, destination), what, deadline)
                self._contents.write(path, content(), what, deadline)
                self._programs.do(finish(False), what, deadline)

    def fetch(self, source: str, destination: str) -> None:
        """Copy a file of the guest to this machine. It has its name here when it is complete, or not at all."""
        what = f"copying {source} from the guest of the domain {self.domain} to {destination}"
        deadline = Deadline(self._limits.command_timeout)
        expected = self._programs.do(self._system.digest(source), what, deadline).decode("ascii", "replace").strip()
        digest = hashlib.sha256()
        with _complete(destination, what) as file:
            for data in self._contents.read(source, what, deadline):
                digest.update(data)
                file.write(data)
            if expected and expected.lower() != digest.hexdigest():
                raise GuestFailed(f"{what}: it changed meanwhile, or did not arrive as it was sent.")

    def _kept(self, folder: str, name: str, what: str, deadline: Deadline) -> bytes:
        """Return an output that is in a folder: all of it, or more than its limit."""
        output = bytearray()
        with closing(self._contents.read(self._system.inside(folder, name), what, deadline)) as content:
            for data in content:
                output += data
                if len(output) > self._limits.output_limit:
                    break
        return bytes(output)

    @contextmanager
    def _undone_by(self, program: Program) -> Iterator[None]:
        """Run a program if what follows fails."""
        intact = False
        try:
            yield
            intact = True
        finally:
            if not intact:
                self._clean(program)

    def _clean(self, program: Program) -> None:
        # What went wrong before says more, and what went well stays so.
        with suppress(StratumError):
            self._programs.do(program, "tidying up", Deadline(TIDYING))


@contextmanager
def _opened(source: str, what: str) -> Iterator[BinaryIO]:
    try:
        with open(source, "rb") as file:
            yield file
    except OSError as error:
        raise GuestFailed(f"{what}: {error.strerror}.") from error


@contextmanager
def _complete(destination: str, what: str) -> Iterator[BinaryIO]:
    """Write a file of this machine beside its name, and give it the name at the end."""
    path = f"{destination}.stratum-{secrets.token_hex(8)}"
    try:
        try:
            with open(path, "xb") as file:
                yield file
            os.replace(path, destination)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(path)
    except OSError as error:
        raise GuestFailed(f"{what}: {error.strerror}.") from error
