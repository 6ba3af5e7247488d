# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Programs in a guest: started, watched, and ended when their time is over."""

from __future__ import annotations

import base64
import time
from typing import NamedTuple

from ...module_utils._deadline import Deadline
from ...module_utils._errors import (
    DeadlineExceeded,
    GuestAgentError,
    NotFound,
    OutcomeUnknown,
    PeerError,
    StratumError,
)
from .agent import Agent
from .channel import NotRunning
from .replies import Reply, printable
from .system import GuestFailed, Program, System

INPUT_LIMIT = 98304
"""Bytes of input that go along with a program."""
CAPTURE_LIMIT = 3145728
"""Bytes of one output that can come back: more does not get through libvirt."""
FIRST_POLL = 0.01
"""Seconds after which it is asked for the first time whether a program has ended."""
POLL_SHARE = 0.1
"""How much later than necessary the end of a program may be seen, as a part of the time that it took."""
LAST_RITES = 10.0
"""Seconds for ending a program whose time is over."""
SECOND_LOOK = 2.0
"""Seconds after which a program that was to end is told so again."""
EXECUTE = ("guest-exec", "guest-exec-status")


class Ended(NamedTuple):
    """How a program ended. A status above 128 is 128 and the signal that ended it, as shells say it."""

    status: int
    output: bytes
    errors: bytes


class Programs:
    """Runs programs through one agent. ``poll`` is how many seconds there are between two looks, at most."""

    def __init__(self, agent: Agent, system: System, poll: float) -> None:
        self._agent = agent
        self._system = system
        self._poll = poll

    def do(self, program: Program, what: str, deadline: Deadline, given: bytes = b"") -> bytes:
        """Run a program of ours; return what it writes, raise StratumError with what it says when it fails."""
        ended = self.run(program, what, deadline, given)
        if ended.status != 0:
            said = printable(ended.errors.decode("utf-8", "replace"))
            raise GuestFailed(f"{what}: {said or f'it ended with status {ended.status}'}.")
        return ended.output

    def run(self, program: Program, what: str, deadline: Deadline, given: bytes = b"", folder: str = "") -> Ended:
        """Run a program. One that has not ended by the deadline is ended, and its folder removed.

        Raises GuestFailed then; OutcomeUnknown when the agent was lost meanwhile.
        """
        self._agent.require(EXECUTE, what)
        process = self._start(program, given, what, deadline)
        unattended = True
        try:
            ended = self._wait(process, deadline, what)
            unattended = False
        except OutcomeUnknown:
            unattended = False
            raise
        finally:
            # The task was interrupted, or the agent talks nonsense: nobody waits for the program any more.
            if unattended:
                self._end(process, folder)
        if ended is not None:
            return ended
        failure = self._end(process, folder)
        if failure is not None:
            raise OutcomeUnknown(
                f"{what}: it did not end within {deadline.seconds:g} s, and could not be ended ({failure.reason}).",
                hint="It may still run in the guest.",
            )
        raise GuestFailed(
            f"{what}: it did not end within {deadline.seconds:g} s, and was ended.",
            hint="The option command_timeout says how long it may take.",
        )

    def _start(self, program: Program, given: bytes, what: str, deadline: Deadline) -> int:
        arguments = {"path": program.path, "arg": program.arguments, "capture-output": True}
        if given:
            arguments["input-data"] = base64.b64encode(given).decode()
        try:
            reply = Reply(self._agent.call("guest-exec", arguments, what=what, deadline=deadline), what)
        except (DeadlineExceeded, OutcomeUnknown) as error:
            raise OutcomeUnknown(f"{what}: {error.reason}", hint="It may have been started.") from error
        # 0 and 1 would mean something else to whoever has to end it.
        return reply.number("pid", least=2, most=2**32 - 1)

    def _wait(self, process: int, deadline: Deadline, what: str) -> Ended | None:
        """Return how a program ended, ``None`` when it has not by the deadline.

        The hypervisor's daemon may restart and the domain may stand still meanwhile, for as long as an answer may take.
        """
        began = time.monotonic()
        patience: Deadline | None = None
        while True:
            try:
                ended = self._look(process, deadline, what)
                patience = None
            except PeerError:
                raise
            except StratumError as error:
                patience = patience or Deadline(self._agent.timeout)
                if isinstance(error, (_Forgotten, NotFound, NotRunning)) or patience.passed:
                    raise OutcomeUnknown(
                        f"{what}: what became of it is not known, because {error.reason}",
                        hint="It may still run in the guest.",
                    ) from error
                ended = None
            if ended is not None:
                return ended
            left = deadline.remaining()
            if not left:
                return None
            time.sleep(min(max(FIRST_POLL, (time.monotonic() - began) * POLL_SHARE), self._poll, left))

    def _look(self, process: int, deadline: Deadline, what: str) -> Ended | None:
        try:
            reply = self._status(process, deadline, what)
        except GuestAgentError:
            # It does not answer, or it does not know the program: only that it does answer tells which.
            self._agent.ping(deadline)
            try:
                reply = self._status(process, deadline, what)
            except GuestAgentError as error:
                raise _Forgotten(
                    "the guest agent does not know it any more: the agent or the guest was restarted."
                ) from error
        if not reply.flag("exited"):
            return None
        status = reply.number("exitcode", least=-(2**31), most=2**32 - 1, default=0)
        signal = reply.number("signal", most=2**32 - 1, default=0)
        return Ended(
            128 + signal if signal else status,
            reply.octets("out-data", most=CAPTURE_LIMIT),
            reply.octets("err-data", most=CAPTURE_LIMIT),
        )

    def _status(self, process: int, deadline: Deadline, what: str) -> Reply:
        arguments = {"pid": process}
        return Reply(
            self._agent.call("guest-exec-status", arguments, what=what, repeatable=True, deadline=deadline), what
        )

    def _end(self, process: int, folder: str) -> StratumError | None:
        """End a program; return why that could not be done."""
        what = "ending it"
        deadline = Deadline(LAST_RITES)
        try:
            while not deadline.passed:
                killer = self._start(self._system.kill(process, folder), b"", what, deadline)
                if self._wait(killer, deadline, what) is None:
                    break
                # The agent keeps what has ended until it is asked. One that was just starting may have got away.
                if self._wait(process, deadline.sooner(SECOND_LOOK), what) is not None:
                    return None
        except StratumError as error:
            return error
        return StratumError("it goes on")


class _Forgotten(GuestAgentError):
    """The agent answers, and does not know the program."""
