# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection plugin itself: its options, Ansible's errors, and what it makes of a Windows shell."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleConnectionFailure, AnsibleError, AnsibleFileNotFound
from ansible.playbook.play_context import PlayContext
from ansible.plugins.connection import ConnectionBase
from ansible.plugins.loader import become_loader, get_shell_plugin
from ansible_collections.stratum.virt.plugins.connection import guest_agent
from ansible_collections.stratum.virt.plugins.connection.guest_agent import Connection
from ansible_collections.stratum.virt.plugins.module_utils._driver.domains import DomainState
from ansible_collections.stratum.virt.plugins.plugin_utils._guest_agent.guest import Guest
from ansible_collections.stratum.virt.tests.unit.connection.agents import NAME, LocalAgent, LocalNode

OPTIONS = yaml.safe_load(guest_agent.DOCUMENTATION)["options"]

Make = Callable[..., Connection]


@pytest.fixture
def make(node: LocalNode, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Make a connection with the documented defaults, and what is said instead of them."""
    asked: list[tuple[Any, ...]] = []
    made: list[Connection] = []

    def connect(*arguments: Any, **access: Any) -> Any:
        asked.append((*arguments, access))
        return node.connect()

    monkeypatch.setattr(guest_agent, "connect", connect)

    def make(shell: str = "sh", **options: Any) -> Connection:
        connection = Connection(PlayContext(), shell=get_shell_plugin(shell_type=shell))
        defaults = {name: option.get("default") for name, option in OPTIONS.items()}
        connection._options = {**defaults, "domain": NAME, **options}
        connection.asked = asked
        made.append(connection)
        return connection

    yield make
    for connection in made:
        connection.close()


def test_a_connection_is_opened_when_it_is_needed_and_stays_open(make: Make, node: LocalNode) -> None:
    connection = make(uri="qemu+ssh://kvm1/system", timeout=7, ssh_password="p", ssh_passphrase="q")
    assert node.connections == []
    assert not connection.connected
    assert connection.exec_command("echo x; cat", in_data=b"y") == (0, b"x\ny", b"")
    assert connection.exec_command("exit 3", sudoable=False) == (3, b"", b"")
    assert connection.connected
    access = {"warn": connection._display.warning, "ssh_password": "p", "ssh_passphrase": "q"}
    assert connection.asked == [("qemu+ssh://kvm1/system", 7, access)]
    connection.reset()
    assert not connection.connected
    assert [each.closed for each in node.connections] == [True]
    assert connection.exec_command("echo x")[1] == b"x\n"
    assert len(node.connections) == 2
    connection.close()
    connection.close()
    assert all(each.closed for each in node.connections)


def test_files(make: Make, tmp_path: Path) -> None:
    connection = make()
    (tmp_path / "a").write_bytes(b"abc")
    connection.put_file(str(tmp_path / "a"), str(tmp_path / "b"))
    connection.fetch_file(str(tmp_path / "b"), str(tmp_path / "c"))
    assert (tmp_path / "c").read_bytes() == b"abc"
    with pytest.raises(AnsibleFileNotFound):
        connection.put_file(str(tmp_path / "missing"), str(tmp_path / "b"))
    with pytest.raises(AnsibleError, match="there is no file") as caught:
        connection.fetch_file(str(tmp_path / "missing"), str(tmp_path / "d"))
    assert not isinstance(caught.value, AnsibleConnectionFailure), "the guest was reached"


def test_a_guest_that_cannot_be_reached_is_unreachable(make: Make, node: LocalNode) -> None:
    node.state = DomainState.STOPPED
    with pytest.raises(AnsibleConnectionFailure, match=r"because the domain is stopped\. Start it\."):
        make().exec_command("true")
    node.state = DomainState.RUNNING
    node.agent.enabled["guest-exec"] = False
    with pytest.raises(AnsibleConnectionFailure, match="guest-exec is disabled"):
        make().exec_command("true")
    with pytest.raises(AnsibleConnectionFailure, match="there is no domain web9"):
        make(domain="web9").exec_command("true")


def test_a_command_that_takes_too_long_has_failed(make: Make) -> None:
    with pytest.raises(
        AnsibleError, match=r"did not end within 1 s, and was ended\. The option command_timeout"
    ) as caught:
        make(command_timeout=1).exec_command("sleep 60")
    assert not isinstance(caught.value, AnsibleConnectionFailure)


def test_too_much_output_is_warned_of(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    connection = make(output_limit=4)
    monkeypatch.setattr(connection._display, "warning", warnings.append)
    assert connection.exec_command("echo 123456")[1] == b"1234"
    assert "more than the 4 bytes that the option output_limit allows" in warnings[0]


def test_become_that_asks_for_a_password_is_told_from_a_command_that_fails(make: Make) -> None:
    connection = make()
    become = become_loader.get("sudo")
    become._options = {"become_pass": "secret", "become_exe": "sudo", "become_flags": "-H -S", "become_user": "web"}
    become.prompt = "[sudo via ansible, key=abc] password:"
    connection.set_become_plugin(become)
    with pytest.raises(AnsibleError, match="was asked for a password in the guest of the domain web1") as caught:
        connection.exec_command("echo '[sudo via ansible, key=abc] password:' >&2; exit 1")
    assert "secret" not in str(caught.value)
    assert connection.exec_command("exit 1") == (1, b"", b"")


def test_a_windows_shell(make: Make, agent: LocalAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = make("powershell")
    assert connection.always_pipeline_modules
    assert connection.has_native_async
    assert not connection.allow_executable
    assert connection.module_implementation_preferences == (".ps1", ".exe", "")
    with pytest.raises(AnsibleError, match=r"does not run Windows\. It is for Windows guests: leave it out"):
        connection.exec_command("Get-Item x")

    agent.system = "mswindows"
    lines: list[str] = []

    class Done:
        status, output, truncated = 1, b"", False
        errors = (
            b'#< CLIXML\r\n<Objs xmlns="http://schemas.microsoft.com/powershell/2004/04"><S S="Error">bad</S></Objs>'
        )

    def execute(_self: Guest, line: str, _given: bytes) -> type[Done]:
        lines.append(line)
        return Done

    monkeypatch.setattr(Guest, "execute", execute)
    assert connection.exec_command("Get-Item x")[2].strip() == b"bad"
    program, _blank, rest = lines[0].partition(" ")
    assert program.lower() == "powershell"
    assert "Get-Item x" in base64.b64decode(rest.split()[-1]).decode("utf-16-le")
    # What is encoded already stays as it is.
    connection.exec_command(lines[0])
    assert lines[1] == lines[0]


def test_a_delegated_task_goes_to_the_host_it_is_delegated_to(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []
    monkeypatch.setattr(ConnectionBase, "set_options", lambda self, **options: given.append(options["var_options"]))
    make().set_options({"delegate_to": "web1"}, {"inventory_hostname": "localhost"})
    make().set_options({"delegate_to": None}, {"inventory_hostname": "web2"})
    assert given == [{"inventory_hostname": "web1"}, {"inventory_hostname": "web2"}]


def test_every_option_is_described() -> None:
    for name, option in OPTIONS.items():
        texts = option["description"]
        for text in [texts] if isinstance(texts, str) else texts:
            assert text[0].isupper(), name
            assert text.endswith("."), name
