# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A guest agent that works on this machine, behind a node that has one domain: what it runs, it really runs.

It has the limits that libvirt and QEMU's agent were seen to have.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Capability, Driver
from ansible_collections.stratum.virt.plugins.module_utils._driver.domains import DomainRecord, DomainState
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    ConnectionFailed,
    DriverError,
    GuestAgentError,
    NotFound,
    OperationInvalid,
)

NAME = "web1"
UUID = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"
LARGEST_COMMAND = 212992
"""What libvirt can hand to QEMU at once; a longer command never arrives as a whole."""
LARGEST_ANSWER = 4194304
COMMANDS = (
    "guest-ping",
    "guest-info",
    "guest-get-osinfo",
    "guest-exec",
    "guest-exec-status",
    "guest-file-open",
    "guest-file-close",
    "guest-file-read",
    "guest-file-write",
)


class Request(NamedTuple):
    """A command that arrived."""

    command: str
    arguments: Mapping[str, Any]


Hook = Callable[[Request], "str | None"]


class LocalAgent:
    """An agent. ``before`` and ``after`` see every command, before and after it was done: what they return is the
    answer, and what they raise comes out of the driver."""

    def __init__(self, shell: str = "/bin/sh", system: str = "debian") -> None:
        self.shell = shell
        self.system = system
        self.enabled = dict.fromkeys(COMMANDS, True)
        self.requests: list[Request] = []
        self.before: Hook = lambda request: None
        self.after: Hook = lambda request: None
        self.handles: dict[int, IO[bytes]] = {}
        self.processes: dict[int, tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]] = {}
        self._next_handle = 1000

    def answer(self, command: str) -> str:
        if len(command) > LARGEST_COMMAND:
            raise GuestAgentError("Guest agent is not responding: Guest agent not available for now", code=86)
        parsed = json.loads(command)
        request = Request(parsed["execute"], parsed.get("arguments", {}))
        self.requests.append(request)
        said = self.before(request)
        if said is None:
            result = self._do(request)
            said = self.after(request)
            if said is None:
                said = json.dumps({"return": result})
        if len(said) > LARGEST_ANSWER:
            raise DriverError("Unable to encode message payload", code=39)
        return said

    def restart(self) -> None:
        """Forget all that is going on, as an agent does that is started again."""
        self.processes.clear()
        self.handles.clear()

    def pretend(self) -> object:
        """Answer as if a program had been started, which ends well and has done nothing."""
        return {"return": self._exec("/bin/true", [], True)}

    def count(self, command: str) -> int:
        return sum(request.command == command for request in self.requests)

    def _do(self, request: Request) -> object:
        if not self.enabled.get(request.command):
            raise GuestAgentError(f"Command {request.command} has been disabled", code=1)
        name = "_" + request.command.removeprefix("guest-").replace("-", "_")
        return getattr(self, name)(**{key.replace("-", "_"): value for key, value in request.arguments.items()})

    def _ping(self) -> object:
        return {}

    def _info(self) -> object:
        entries = [{"name": name, "enabled": enabled} for name, enabled in self.enabled.items()]
        return {"version": "7.2.0", "supported_commands": entries}

    def _get_osinfo(self) -> object:
        return {"id": self.system}

    def _exec(self, path: str, arg: Sequence[str], capture_output: bool, input_data: str = "") -> object:
        output, errors = (tempfile.TemporaryFile() for _stream in range(2))  # noqa: SIM115
        given = tempfile.TemporaryFile()  # noqa: SIM115
        given.write(base64.b64decode(input_data))
        given.seek(0)
        try:
            process = subprocess.Popen(
                [text.replace("/bin/sh", self.shell) for text in (path, *arg)],
                stdin=given,
                stdout=output,
                stderr=errors,
                cwd="/",
            )
        except OSError as error:
            raise GuestAgentError(f"Failed to execute child process ({error})", code=1) from error
        finally:
            given.close()
        self.processes[process.pid] = (process, output, errors)
        return {"pid": process.pid}

    def _exec_status(self, pid: int) -> object:
        if pid not in self.processes:
            raise GuestAgentError("Invalid parameter 'pid'", code=1)
        process, *streams = self.processes[pid]
        for each, *_streams in self.processes.values():
            each.poll()  # an agent notices the end of every program at once
        status = process.returncode
        if status is None:
            return {"exited": False}
        del self.processes[pid]
        captured = {}
        for key, stream in zip(("out-data", "err-data"), streams):
            stream.seek(0)
            captured[key] = base64.b64encode(stream.read()).decode()
            stream.close()
        ended = {"signal": -status} if status < 0 else {"exitcode": status}
        return {"exited": True, **ended, **{key: value for key, value in captured.items() if value}}

    def _file_open(self, path: str, mode: str) -> object:
        try:
            made = not Path(path).exists()
            file = open(path, mode)  # noqa: SIM115
        except OSError as error:
            raise GuestAgentError(f"failed to open file '{path}': {error.strerror}", code=1) from error
        if made:
            os.chmod(path, 0o666)
        self._next_handle += 1
        self.handles[self._next_handle] = cast("IO[bytes]", file)
        return self._next_handle

    def _file_close(self, handle: int) -> object:
        self.handles.pop(handle).close()
        return {}

    def _file_read(self, handle: int, count: int) -> object:
        data = self.handles[handle].read(count)
        return {"count": len(data), "buf-b64": base64.b64encode(data).decode(), "eof": len(data) < count}

    def _file_write(self, handle: int, buf_b64: str) -> object:
        return {"count": self.handles[handle].write(base64.b64decode(buf_b64)), "eof": False}

    def close(self) -> None:
        """End what is still going on, and remove what it leaves."""
        for process, *streams in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            process.wait()
            for stream in streams:
                stream.close()
        for request in self.requests:
            for text in request.arguments.get("arg", ()):
                if text.startswith("/tmp/stratum-"):
                    shutil.rmtree(text, ignore_errors=True)


class LocalNode:
    """A node with one domain, and the connections to it. A connection is a driver, as far as it is used."""

    capabilities = frozenset(Capability)
    channel: str | None = "connected"
    """The state of the agent's channel, ``None`` where there is none."""

    def __init__(self, agent: LocalAgent) -> None:
        self.agent = agent
        self.state: DomainState | None = DomainState.RUNNING
        self.connections: list[Connection] = []
        self.reachable = True
        self.patience: list[float] = []
        """How many seconds each command was given."""

    def connect(self) -> Driver:
        if not self.reachable:
            raise ConnectionFailed("nobody answers at qemu:///system.")
        self.connections.append(Connection(self))
        return cast("Driver", self.connections[-1])

    def document(self) -> str:
        state = f"<target name='org.qemu.guest_agent.0' state='{self.channel}'/>" if self.channel else ""
        return f"<domain id='1'><devices><channel type='unix'>{state}</channel></devices></domain>"


class Connection:
    """One connection; what is asked for its domains is asked for the connection itself."""

    uri = "qemu:///system"

    def __init__(self, node: LocalNode) -> None:
        self.node = node
        self.capabilities = node.capabilities
        self.domains = self
        self.closed = False
        self.dead = False

    def describe(self, names: Sequence[str], *, documents: bool = True) -> list[DomainRecord]:
        state = self.node.state
        if NAME not in names or state is None:
            return []
        live = self.node.document() if documents and state.active else None
        return [DomainRecord(NAME, UUID, state, "unknown", True, False, False, live, live)]

    def find(self, uuid: str) -> str | None:
        return NAME if uuid == UUID and self.node.state else None

    def agent(self, name: str, command: str, deadline: Deadline) -> str:
        assert not self.closed
        assert deadline.seconds > 0
        self.node.patience.append(deadline.seconds)
        if self.dead:
            raise ConnectionFailed("the connection to libvirt failed.")
        if name != NAME or self.node.state is None:
            raise NotFound("Domain not found", code=42)
        if self.node.state is not DomainState.RUNNING:
            raise OperationInvalid("domain is not running", code=55)
        if self.node.channel != "connected":
            raise GuestAgentError("QEMU guest agent is not connected", code=86)
        return self.node.agent.answer(command)

    def close(self) -> None:
        self.closed = True
