# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Windows guests: what their agent is told, by an agent that understands it as Windows would."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.plugin_utils._guest_agent.guest import Guest, Limits, reach
from ansible_collections.stratum.virt.plugins.plugin_utils._guest_agent.system import GuestFailed
from ansible_collections.stratum.virt.plugins.plugin_utils._guest_agent.windows import _COMMAND, _KILL, Windows
from ansible_collections.stratum.virt.tests.unit.connection.agents import NAME, LocalAgent, LocalNode

HOSTILE = "C:\\Users\\O'Brien \u2018$(calc)\u2019 `\"\\a.txt"
"""PowerShell takes the curly quotes for straight ones."""


class WindowsAgent(LocalAgent):
    """Has its files in a dictionary, and does what the scripts are for rather than running them."""

    def __init__(self) -> None:
        super().__init__(system="mswindows")
        self.files: dict[str, bytearray] = {}
        self.scripts: list[tuple[str, dict[str, Any]]] = []
        self.results: dict[int, Mapping[str, Any]] = {}
        self.output, self.errors, self.status, self.ends = b"", b"", 0, True
        self.inputs: list[bytes] = []
        self._opened: dict[int, tuple[str, int]] = {}

    def _exec(self, path: str, arg: Any, capture_output: bool, input_data: str = "") -> object:
        assert path == "powershell.exe"
        assert arg[:-1] == ["-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Unrestricted", "-EncodedCommand"]
        assert sum(map(len, (path, *arg))) + len(arg) < 32767, "more than a command line of Windows can have"
        script = base64.b64decode(arg[-1]).decode("utf-16-le")
        found = re.search(r"FromBase64String\('([A-Za-z0-9+/=]*)'\)", script)
        assert found is not None
        arguments = json.loads(base64.b64decode(found.group(1)))
        self.scripts.append((script, arguments))
        pid = 4000 + 4 * len(self.scripts)
        self.results[pid] = self._run(script, arguments)
        return {"pid": pid}

    def _run(self, script: str, arguments: dict[str, Any]) -> Mapping[str, Any]:
        output = errors = b""
        status = 0
        if "Start-Process" in script:
            if not self.ends:
                return {"exited": False}
            folder = arguments["folder"]
            self.inputs.append(bytes(self.files.pop(f"{folder}\\in", b"")))
            status = self.status
            if len(self.output) + len(self.errors) <= arguments["inline"]:
                output, errors = self.output, self.errors
            else:
                self.files[f"{folder}\\out"] = bytearray(self.output)
                self.files[f"{folder}\\err"] = bytearray(self.errors)
                errors = folder.encode()
        elif "Move-Item" in script:
            content = self.files.pop(arguments["path"])
            if (hashlib.sha256(content).hexdigest(), len(content)) != (arguments["digest"], arguments["size"]):
                status, errors = 125, b"it did not arrive as it was sent"
            else:
                self.files[arguments["destination"]] = content
        elif "New-Item -ItemType File -Path $a.path" in script:
            self.files[arguments["path"]] = bytearray()
        elif "Remove-Item -LiteralPath $a.path" in script:
            for name in [name for name in self.files if name.startswith(arguments["path"])]:
                del self.files[name]
        elif "[Console]::Out.Write((Sum $a.path))" in script:
            if arguments["path"] in self.files:
                output = hashlib.sha256(self.files[arguments["path"]]).hexdigest().upper().encode()
            else:
                status, errors = 125, b"there is no file"
        encoded = {"out-data": base64.b64encode(output).decode(), "err-data": base64.b64encode(errors).decode()}
        return {"exited": True, "exitcode": status, **encoded}

    def _exec_status(self, pid: int) -> object:
        if "taskkill" in self.scripts[-1][0] and not self.results[pid]["exited"]:
            return {"exited": True, "exitcode": 1}
        return self.results[pid]

    def _file_open(self, path: str, mode: str) -> object:
        assert path in self.files or mode == "wb"
        assert mode in ("rb", "wb")
        if mode == "wb":
            self.files[path] = bytearray()
        handle = len(self._opened)
        self._opened[handle] = (path, 0)
        return handle

    def _file_write(self, handle: int, buf_b64: str) -> object:
        data = base64.b64decode(buf_b64)
        self.files[self._opened[handle][0]] += data
        return {"count": len(data), "eof": False}

    def _file_read(self, handle: int, count: int) -> object:
        path, at = self._opened[handle]
        data = bytes(self.files[path][at : at + count])
        self._opened[handle] = (path, at + len(data))
        return {"count": len(data), "buf-b64": base64.b64encode(data).decode(), "eof": len(data) < count}

    def _file_close(self, handle: int) -> object:
        return {}


@pytest.fixture
def agent() -> WindowsAgent:
    return WindowsAgent()


@pytest.fixture
def guest(agent: WindowsAgent) -> Guest:
    limits = Limits(timeout=5, command_timeout=0.5, output_limit=3_000_000, poll_interval=0.05)
    return reach(LocalNode(agent).connect, NAME, limits, windows=True, executable=None)


def test_a_command_with_input_and_outputs(guest: Guest, agent: WindowsAgent) -> None:
    agent.output, agent.errors, agent.status = b"out", b"err", 0xC0000005
    done = guest.execute("PowerShell -NoProfile -EncodedCommand QQA=", b"x" * 500_000)
    assert done == (0xC0000005, b"out", b"err", False)
    assert agent.inputs == [b"x" * 500_000]
    script, arguments = agent.scripts[-1]
    assert (arguments["program"], arguments["line"]) == ("PowerShell", "-NoProfile -EncodedCommand QQA=")
    assert arguments["folder"].startswith("C:\\Windows\\Temp\\stratum-")
    assert _COMMAND.strip() in script
    assert agent.files == {}


def test_much_output(guest: Guest, agent: WindowsAgent) -> None:
    agent.output, agent.errors = bytes(2_000_000), bytes(4_000_000)
    assert guest.execute("PowerShell -Command x") == (0, bytes(2_000_000), bytes(3_000_000), True)
    assert agent.files == {}


def test_a_command_whose_time_is_over_is_ended(guest: Guest, agent: WindowsAgent) -> None:
    agent.ends = False
    with pytest.raises(GuestFailed, match=r"did not end within 0\.5 s, and was ended"):
        guest.execute("PowerShell -Command x")
    script, arguments = agent.scripts[-1]
    assert _KILL.strip() in script
    assert arguments["process"] in agent.results


def test_a_file_there_and_back(guest: Guest, agent: WindowsAgent, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"data" * 100_000)
    guest.put(str(tmp_path / "a"), HOSTILE)
    assert agent.files == {HOSTILE: bytearray(b"data" * 100_000)}
    guest.fetch(HOSTILE, str(tmp_path / "b"))
    assert (tmp_path / "b").read_bytes() == b"data" * 100_000
    with pytest.raises(GuestFailed, match="there is no file"):
        guest.fetch("C:\\missing", str(tmp_path / "c"))


def test_what_is_worked_on_is_no_part_of_a_script() -> None:
    system = Windows()
    for program in (
        system.create(HOSTILE, HOSTILE),
        system.finish(HOSTILE, HOSTILE, digest="0", size=1, executable=True),
        system.remove(HOSTILE),
        system.digest(HOSTILE),
        system.command(HOSTILE, HOSTILE, limit=1, inline=1),
    ):
        assert "calc" not in base64.b64decode(program.arguments[-1]).decode("utf-16-le")


def test_another_powershell() -> None:
    assert Windows("pwsh.exe").remove("x").path == "pwsh.exe"
