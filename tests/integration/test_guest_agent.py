# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Into a guest without a network: plays, commands and files through its agent, and what becomes of them in trouble."""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml
from ansible_collections.stratum.virt.plugins.module_utils._driver.registry import open_driver
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    GuestAgentError,
    NotSupported,
    OperationInvalid,
    OutcomeUnknown,
)
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost
from ansible_collections.stratum.virt.plugins.plugin_utils._guest_agent.guest import Guest, Limits, reach
from ansible_collections.stratum.virt.plugins.plugin_utils._guest_agent.system import GuestFailed

from tests.conftest import CHECKOUT, lacking
from tests.conftest import Guest as Files
from tests.integration import ansible
from tests.integration.conftest import DEAF
from tests.integration.modules import Tasks
from tests.integration.test_domain_live import in_guest, until
from tests.lab import Lab
from tests.lab.python_guest import PYTHON, add_python

NAME = "isolated"
DOCUMENT = """
<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>288</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>{kernel}</kernel><initrd>{initrd}</initrd><cmdline>{cmdline}</cmdline>
  </os>
  <features><acpi/></features>
  <devices><channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel></devices>
</domain>
"""
LIMITS = Limits(timeout=30, command_timeout=60, output_limit=16 * 1024**2, poll_interval=0.2)

Reach = Callable[..., Guest]


@pytest.fixture(scope="module")
def home(lab: Lab, guest: Files, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tasks]:
    """A node on which the guest runs: the tiny guest with a Python, without a network card."""
    (node,) = lab.nodes
    if not PYTHON.exists():
        lacking(f"{PYTHON}, of which the guest gets a copy, is missing")
    initrd = CHECKOUT / "build" / "guest" / "python.img"
    add_python(Path(guest.initrd), initrd)
    tasks = Tasks(node)
    document = DOCUMENT.format(name=NAME, kernel=guest.kernel, initrd=initrd, cmdline=guest.cmdline)
    file = tmp_path_factory.mktemp("home") / "guest.xml"
    file.write_text(document)
    tasks.virsh("define", str(file))
    boot(tasks)
    yield tasks
    node.daemon_start()
    tasks.virsh("destroy", NAME, check=False)
    tasks.virsh("undefine", NAME)


def boot(tasks: Tasks) -> None:
    tasks.virsh("start", NAME)
    until(lambda: "state='connected'" in tasks.live(NAME), "the agent does not connect")


@pytest.fixture
def reached(home: Tasks) -> Iterator[Reach]:
    """Reach a guest; what is said replaces the ordinary limits."""
    guests: list[Guest] = []

    def get(name: str = NAME, **limits: float) -> Guest:
        connect = partial(open_driver, home.uri, LocalHost(), 30)
        guests.append(reach(connect, name, LIMITS._replace(**limits), windows=False, executable=None))
        return guests[-1]

    yield get
    for each in guests:
        each.close()


def processes(tasks: Tasks, words: str) -> int:
    """Count the guest's processes that have these words in their command line."""
    return int(in_guest(tasks, NAME, f"ps | grep -v grep | grep -c -e '{words}' || true").strip())


PLAY = """
- name: In a guest that is found by the inventory
  hosts: state_running
  gather_facts: false
  vars:
    ansible_python_interpreter: /usr/bin/python3
  tasks:
    - name: Make a user without a password
      ansible.builtin.raw: echo worker::1000:1000::/tmp:/bin/sh >>/etc/passwd; mkdir -m 1777 /var/tmp
    - name: Run a module that is piped into Python
      ansible.builtin.ping:
    - name: Copy a file
      ansible.builtin.copy:
        content: "{{ secret }}"
        dest: /root/copied
        mode: "0640"
    - name: Run a module as a file, and a command as another user
      ansible.builtin.command: id -u
      become: true
      become_method: ansible.builtin.su
      become_user: worker
      register: who
    - name: Forget the connection
      ansible.builtin.meta: reset_connection
    - name: Run a command that takes too long for its task
      ansible.builtin.raw: sleep 4321
      timeout: 2
      ignore_errors: true
      register: late
    - name: Look at all of it
      ansible.builtin.assert:
        that:
          - who.stdout == "1000"
          - late is failed

- name: From elsewhere
  hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Run a command in the guest
      ansible.builtin.raw: hostname; cat; exit 3
      delegate_to: isolated
      register: elsewhere
      failed_when: elsewhere.rc != 3 or elsewhere.stdout_lines != ["guest"]
"""


def test_a_play_over_the_inventory_runs_modules_in_the_guest(home: Tasks, tmp_path: Path) -> None:
    inventory = tmp_path / "guests.stratum_virt.yml"
    source = {"plugin": "stratum.virt.domains", "uris": [home.uri], "connection": "guest_agent"}
    inventory.write_text(yaml.safe_dump(source))
    (tmp_path / "play.yml").write_text(PLAY)
    secret = 'it\'s a "secret" $(touch /root/executed)\n' + "x" * 200_000
    (tmp_path / "extra.yml").write_text(yaml.safe_dump({"secret": secret}))
    began = time.monotonic()
    done = ansible.playbook(tmp_path / "play.yml", f"--inventory={inventory}", f"--extra-vars=@{tmp_path}/extra.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - began < 120
    assert re.search(rf"{NAME} +: ok=6 ", done.stdout), done.stdout
    assert in_guest(home, NAME, "stat -c '%a %s' /root/copied; ls /root").split() == ["640", str(len(secret)), "copied"]
    assert processes(home, "sleep 4321") == 0, "nobody waits for it, and it goes on"


def test_commands(home: Tasks, reached: Reach) -> None:
    guest = reached()
    assert guest.execute("cat; echo err >&2; exit 7", b"in\0") == (7, b"in\0", b"err\n", False)
    assert guest.execute("printf 'é\\n😀'; false").output == "é\n😀".encode()
    data = os.urandom(1_000_000)
    digest = hashlib.sha256(data).hexdigest().encode()
    assert guest.execute("sha256sum", data).output.split()[0] == digest
    assert guest.execute("cat; cat /etc/passwd >&2", data)[:2] == (0, data)
    assert len(guest.execute("head -c 3000000 /dev/zero; exit 1").output) == 3_000_000
    assert reached(output_limit=1000).execute("yes | head -c 30000000; echo end >&2") == (
        0, b"y\n" * 500, b"end\n", True
    )  # fmt: skip
    assert guest.execute("kill -9 $$").status == 137
    assert in_guest(home, NAME, "ls -A /tmp") == ""


def test_files(home: Tasks, reached: Reach, tmp_path: Path) -> None:
    guest = reached()
    for size, mode in ((10, 0o600), (3_000_000, 0o755)):
        data = os.urandom(size)
        (tmp_path / "a").write_bytes(data)
        (tmp_path / "a").chmod(mode)
        guest.put(str(tmp_path / "a"), "/root/it's $(here)")
        told = in_guest(home, NAME, "cd /root; stat -c %a it*; cat it* | sha256sum").split()
        assert told[:2] == ["600" if mode == 0o600 else "700", hashlib.sha256(data).hexdigest()]
        guest.fetch("/root/it's $(here)", str(tmp_path / "b"))
        assert (tmp_path / "b").read_bytes() == data
    # What is no file with a size still has content.
    guest.fetch("/proc/cmdline", str(tmp_path / "c"))
    assert b"console=ttyS0" in (tmp_path / "c").read_bytes()
    with pytest.raises(GuestFailed, match="there is no file"):
        guest.fetch("/root/missing", str(tmp_path / "d"))
    with pytest.raises(GuestFailed, match="cannot be written"):
        guest.put(str(tmp_path / "a"), "/proc/x")
    in_guest(home, NAME, "rm /root/it*")
    assert "stratum-" not in in_guest(home, NAME, "ls -A /tmp /root")


def test_a_command_whose_time_is_over_is_ended_with_all_that_it_started(home: Tasks, reached: Reach) -> None:
    began = time.monotonic()
    with pytest.raises(GuestFailed, match="did not end within 2 s, and was ended"):
        reached(command_timeout=2).execute("(trap '' TERM; sleep 1234; sleep 1234) & sleep 1234 & sleep 1234")
    assert time.monotonic() - began < 20
    assert processes(home, "sleep 1234") == 0
    assert in_guest(home, NAME, "ls -A /tmp") == ""


def test_a_command_outlives_the_daemon_of_its_node(home: Tasks, reached: Reach) -> None:
    """Killed and started again while the command runs."""
    guest = reached()

    def restart() -> None:
        time.sleep(1)
        home.node.daemon_kill()
        home.node.daemon_start()

    thread = threading.Thread(target=restart)
    thread.start()
    try:
        assert guest.execute("echo x >>/tmp/runs; sleep 4; cat /tmp/runs; rm /tmp/runs").output == b"x\n"
    finally:
        thread.join()
    # And one that is not running: the next command finds a daemon that is not the one it was connected to.
    home.node.daemon_kill()
    home.node.daemon_start()
    until(lambda: "state='connected'" in home.live(NAME), "the agent does not connect")
    assert guest.execute("echo x").output == b"x\n"


def test_a_guest_that_stands_still(home: Tasks, reached: Reach) -> None:
    guest = reached(timeout=2)
    timer = threading.Timer(1, home.virsh, ("suspend", NAME))
    timer.start()
    began = time.monotonic()
    try:
        with pytest.raises(OutcomeUnknown, match="the domain is paused"):
            guest.execute("sleep 3")
        assert time.monotonic() - began < 20
        with pytest.raises(OperationInvalid, match=r"because the domain is paused\. Resume it\."):
            guest.execute("true")
    finally:
        timer.join()
        home.virsh("resume", NAME)
    until(lambda: processes(home, "sleep 3") == 0, "the command does not end")


def test_an_agent_that_is_killed_does_not_know_the_command_any_more(home: Tasks, reached: Reach) -> None:
    guest = reached(timeout=20)
    with pytest.raises(OutcomeUnknown, match="the agent or the guest was restarted"):
        guest.execute("kill -9 $(pidof qemu-ga); sleep 3")
    assert guest.execute("echo x").output == b"x\n"
    in_guest(home, NAME, "rm -rf /tmp/stratum-*")


def test_a_domain_that_has_no_agent(home: Tasks, reached: Reach, tmp_path: Path) -> None:
    channel = "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
    try:
        for name, devices, words in (
            ("none", "", "none has no channel for a guest agent"),
            ("deaf", channel, "the guest agent of the domain deaf is not connected"),
        ):
            home.define(DEAF.format(name=name, devices=devices), tmp_path)
            home.virsh("start", name)
            with pytest.raises(GuestAgentError, match=words):
                reached(name)
    finally:
        for name in ("none", "deaf"):
            home.virsh("destroy", name, check=False)
            home.virsh("undefine", name, check=False)


def test_a_command_that_is_blocked_in_the_agent_is_named(home: Tasks, reached: Reach) -> None:
    """By the agent that runs for some seconds between two others."""
    end = "kill -9 $(pidof qemu-ga)"
    edit = "sed -i 's/-m virtio-serial/-b guest-exec &/' /etc/agent"
    undo = "sed -i 's/-b guest-exec //' /etc/agent"
    reached().execute(f"({edit}; sleep 1; {end}; sleep 6; {undo}; {end}) >/dev/null 2>&1 &")
    test = '{"execute": "guest-exec", "arguments": {"path": "/bin/true"}}'

    def allowed() -> bool:
        return "pid" in home.virsh("qemu-agent-command", NAME, test, check=False)

    def blocked() -> bool:
        return not allowed() and "state='connected'" in home.live(NAME)

    until(blocked, "the agent allows it")
    with pytest.raises(NotSupported, match="guest-exec is disabled in the guest agent of the domain isolated"):
        reached()
    until(allowed, "the agent does not allow it again")


def test_a_guest_that_stops_in_the_middle(home: Tasks, reached: Reach) -> None:
    """The last test: nothing starts the guest again."""
    guest = reached()
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown, match="because the domain is stopped"):
        guest.execute("poweroff -f; sleep 60")
    assert time.monotonic() - began < 20
    with pytest.raises(OperationInvalid, match=r"because the domain is stopped\. Start it\."):
        guest.execute("true")
