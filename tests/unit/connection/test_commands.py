# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands in a guest: input, outputs, exit status, time; and that nothing of them stays."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._errors import StratumError
from ansible_collections.stratum.virt.plugins.plugin_utils._guest_agent.guest import Guest
from ansible_collections.stratum.virt.plugins.plugin_utils._guest_agent.posix import Posix
from ansible_collections.stratum.virt.plugins.plugin_utils._guest_agent.system import GuestFailed
from ansible_collections.stratum.virt.tests.unit.connection.agents import LocalAgent, Request
from ansible_collections.stratum.virt.tests.unit.connection.conftest import Reach

SHELLS = {"dash": "dash", "bash": "bash", "busybox": "busybox"}


@pytest.fixture(autouse=True)
def _nothing_stays(agent: LocalAgent) -> Iterator[None]:
    yield
    folders = {
        text
        for request in agent.requests
        for text in request.arguments.get("arg", ())
        if text.startswith("/tmp/stratum-")
    }
    assert [folder for folder in folders if os.path.exists(folder)] == []
    assert agent.handles == {}
    assert agent.processes == {}, "the agent keeps a program of which nobody asked how it ended"


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path: Path, agent: LocalAgent) -> str:
    """Let one of the shells that guests have be /bin/sh."""
    found = shutil.which(SHELLS[request.param])
    if found is None:
        pytest.skip(f"this machine has no {request.param}")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sh").symlink_to(found)
    agent.shell = str(tmp_path / "bin" / "sh")
    return agent.shell


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.usefixtures("shell")
def test_a_command_is_told_apart_in_all_that_it_does(guest: Guest) -> None:
    done = guest.execute("cat; printf 'bytes \\000\\377' ; printf 'no newline' >&2; exit 7", b"given\0\xfe")
    assert done == (7, b"given\0\xfebytes \0\xff", b"no newline", False)


@pytest.mark.usefixtures("shell")
@pytest.mark.parametrize("size", [98304, 98305, 1_200_000])
def test_input_of_any_size_arrives(guest: Guest, size: int) -> None:
    data = os.urandom(size)
    assert guest.execute("cat", data).output == data


@pytest.mark.usefixtures("shell")
def test_much_output_arrives(guest: Guest) -> None:
    done = guest.execute("cat; head -c 3000000 /dev/zero >&2; exit 3", bytes(range(256)) * 12000)
    assert done == (3, bytes(range(256)) * 12000, bytes(3_000_000), False)


@pytest.mark.usefixtures("shell")
def test_too_much_output_is_dropped_and_does_not_stop_the_command(reached: Reach, tmp_path: Path) -> None:
    guest = reached(output_limit=1000)
    assert guest.execute("head -c 1000 /dev/zero") == (0, bytes(1000), b"", False)
    done = guest.execute(f"head -c 1000000 /dev/zero; echo end >&2; touch {tmp_path}/end")
    assert done == (0, bytes(1000), b"end\n", True)
    assert (tmp_path / "end").exists()
    # Also where it does not come along with the exit status.
    done = reached(output_limit=1_500_000).execute("yes | head -c 9000000")
    assert (len(done.output), done.truncated) == (1_500_000, True)


@pytest.mark.usefixtures("shell")
def test_a_command_has_what_it_needs_around_it(guest: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "USER", "LOGNAME"):
        monkeypatch.delenv(name, raising=False)
    done = guest.execute(
        'umask; pwd; echo "$HOME $USER $LOGNAME"; ls -l /proc/self/fd | grep -c stratum-; ps -o sid= $$'
    )
    mask, where, names, _files, _session = done.output.decode().split("\n")[:5]
    assert int(mask, 8) == 0o22
    assert [where, "root", "root"] == names.split()
    assert where == "/root"


@pytest.mark.usefixtures("shell")
def test_a_signal_is_an_exit_status(guest: Guest) -> None:
    assert guest.execute("kill -9 $$").status == 137


@pytest.mark.usefixtures("shell")
def test_a_command_whose_time_is_over_is_ended_with_all_that_it_started(reached: Reach, tmp_path: Path) -> None:
    guest = reached(command_timeout=1)
    began = time.monotonic()
    with pytest.raises(GuestFailed, match="did not end within 1 s, and was ended"):
        guest.execute(
            f"(trap '' TERM; echo $$ >>{tmp_path}/pids; sleep 300; sleep 300) & "
            f"sh -c 'echo $$ >>{tmp_path}/pids; exec sleep 300' & "
            f"echo $$ >>{tmp_path}/pids; wait"
        )
    assert time.monotonic() - began < 15
    pids = [int(line) for line in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 3
    assert not any(alive(pid) for pid in pids)


def test_a_task_that_is_interrupted_ends_its_command(guest: Guest, agent: LocalAgent, tmp_path: Path) -> None:
    class Interrupt(BaseException):
        pass

    def interrupt(request: Request) -> None:
        if request.command == "guest-exec-status" and (tmp_path / "pid").exists():
            agent.before = lambda request: None
            raise Interrupt

    agent.before = interrupt
    with pytest.raises(Interrupt):
        guest.execute(f"echo $$ >{tmp_path}/new; mv {tmp_path}/new {tmp_path}/pid; sleep 300")
    assert not alive(int((tmp_path / "pid").read_text()))


def test_a_number_that_another_process_has_meanwhile_is_left_alone() -> None:
    child = os.posix_spawn("/bin/sleep", ["sleep", "300"], {})
    try:
        program = Posix().kill(child, "/tmp/stratum-of-another")
        subprocess.run([program.path, *program.arguments], check=True)
        assert alive(child)
        program = Posix().kill(child, "300")  # a part of its own command line
        subprocess.run([program.path, *program.arguments], check=True)
        assert not alive(child)
    finally:
        os.waitpid(child, 0)


def test_a_guest_without_a_place_for_the_output_says_so(guest: Guest, agent: LocalAgent) -> None:
    def full(request: Request) -> None:
        for text in request.arguments.get("arg", ()):
            if text.startswith("/tmp/stratum-"):
                Path(text).touch()

    agent.before = full
    done = guest.execute("echo never")
    agent.before = lambda request: None
    assert (done.status, done.output) == (125, b"")
    assert b"no place for the output" in done.errors
    for request in agent.requests:
        for text in request.arguments.get("arg", ()):
            if text.startswith("/tmp/stratum-"):
                Path(text).unlink(missing_ok=True)


def test_a_command_that_no_agent_can_be_sent_is_refused(guest: Guest) -> None:
    with pytest.raises(StratumError, match="more than the 163840 characters"):
        guest.execute("x" * 200_000)


def test_files_are_not_needed_for_little_input_and_output(agent: LocalAgent, reached: Reach) -> None:
    for name in agent.enabled:
        if name.startswith("guest-file"):
            agent.enabled[name] = False
    guest = reached()
    assert guest.execute("cat", b"x").output == b"x"
    with pytest.raises(StratumError, match="guest-file-open is disabled in the guest agent of the domain web1"):
        guest.execute("cat", bytes(200_000))
