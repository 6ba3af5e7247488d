# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import getpass
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._errors import StratumError
from ansible_collections.stratum.virt.plugins.module_utils._host.ssh_config import Asked, HostConfig, read_config


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    (tmp_path / ".ssh").mkdir(mode=0o700)
    return tmp_path


def read(home: Path, text: str, asked: Asked = Asked("node1"), system: str = "") -> HostConfig:  # noqa: B008
    (home / ".ssh" / "config").write_text(text)
    (home / ".ssh" / "config").chmod(0o600)
    (home / "system").write_text(system)
    return read_config(asked, system_file=str(home / "system"))


def test_without_a_file_everything_is_as_in_ssh(home: Path) -> None:
    config = read_config(Asked("node1"), system_file=str(home / "system"))
    assert (config.host, config.port, config.user) == ("node1", 22, getpass.getuser())
    assert config.known_hosts == (
        f"{home}/.ssh/known_hosts",
        f"{home}/.ssh/known_hosts2",
        "/etc/ssh/ssh_known_hosts",
        "/etc/ssh/ssh_known_hosts2",
    )
    assert f"{home}/.ssh/id_ed25519" in config.identities
    assert not config.identities_stated
    assert (config.verify, config.connect_timeout, config.agent) == ("normal", None, None)
    assert (config.jumps, config.proxy_command, config.notes) == ((), None, ())


def test_the_first_value_counts_and_keys_add_up(home: Path) -> None:
    config = read(
        home,
        """
        # a comment
        Host other
            User wrong
        Host node* !node2
            HostName = 10.0.0.1
            port 2222
            IdentityFile ~/.ssh/one
        Host *
            Port 3333
            User "ann lee"
            IdentityFile %d/two-%n-%h-%p-%r
            IdentitiesOnly yes
            ConnectTimeout 1m30s
            UserKnownHostsFile "~/my hosts" ~/more
            GlobalKnownHostsFile none
            StrictHostKeyChecking accept-new
            HostKeyAlias cluster
        """,
    )
    assert (config.host, config.port, config.user) == ("10.0.0.1", 2222, "ann lee")
    assert config.identities == (f"{home}/.ssh/one", f"{home}/two-node1-10.0.0.1-2222-ann lee")
    assert config.identities_stated
    assert config.identities_only
    assert config.connect_timeout == 90
    assert config.known_hosts == (f"{home}/my hosts", f"{home}/more")
    assert (config.verify, config.known_as) == ("auto", "cluster")


def test_what_the_uri_says_goes_before_the_file(home: Path) -> None:
    config = read(home, "Port 2222\nUser ann\n", Asked("node1", 22, "root"))
    assert (config.port, config.user) == (22, "root")


def test_a_negated_pattern_excludes(home: Path) -> None:
    assert read(home, "Host node* !node1\n Port 1\n").port == 22


def test_the_users_file_goes_before_the_systems(home: Path) -> None:
    assert read(home, "Port 1\n", system="Port 2\nUser sys\n")[1:3] == (1, "sys")


def test_match(home: Path) -> None:
    text = "Match host 10.* user ann\n Port 1\nMatch originalhost node1 !user root\n Port 2\n"
    assert read(home, "HostName 10.1.1.1\n" + text, Asked("node1", user="ann")).port == 1
    assert read(home, text, Asked("node1", user="ann")).port == 2
    assert read(home, text, Asked("node1", user="root")).port == 22


def test_match_final_comes_last(home: Path) -> None:
    assert read(home, "Match final all\n Port 1\n User sys\nHost node1\n Port 2\n")[1:3] == (2, "sys")


def test_what_a_command_decides_is_not_decided_here(home: Path) -> None:
    config = read(home, "Match exec 'touch /gotcha'\n Port 1\n")
    assert config.port == 22
    assert "line 1: Match exec is not evaluated here" in config.notes[0]


def test_include(home: Path) -> None:
    (home / ".ssh" / "conf.d").mkdir()
    (home / ".ssh" / "conf.d" / "a").write_text("Host node1\n Port 5\nHost else\n User wrong\n")
    assert read(home, "Include conf.d/*\nUser ann\n")[1:3] == (5, "ann")
    assert read(home, "Host else\n Include conf.d/*\nHost *\n User ann\n")[1:3] == (22, "ann")


def test_includes_that_go_in_a_circle(home: Path) -> None:
    with pytest.raises(StratumError, match="deeper than 16"):
        read(home, "Include config\n")


def test_jumps(home: Path) -> None:
    assert read(home, "ProxyJump ann@a:2222,b\nProxyCommand nc %h %p\n").jumps == ("ann@a:2222", "b")
    assert read(home, "ProxyJump none\nProxyCommand nc %h\n").jumps == ()


def test_a_proxy_command_keeps_its_quotes(home: Path) -> None:
    config = read(home, "ProxyCommand sh -c 'nc \"%h\" %p' %% # x\nProxyJump a\n")
    assert config.proxy_command == "sh -c 'nc \"node1\" 22' % # x"
    assert config.jumps == ()
    assert read(home, "ProxyCommand none\n").proxy_command is None


@pytest.mark.parametrize(
    ("line", "agent"),
    [("", "/env"), ("IdentityAgent none", None), ("IdentityAgent ~/a", "~/a"), ("IdentityAgent $OTHER", "/other")],
)
def test_agent(home: Path, monkeypatch: pytest.MonkeyPatch, line: str, agent: str | None) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/env")
    monkeypatch.setenv("OTHER", "/other")
    assert read(home, line).agent == (agent and agent.replace("~", str(home)))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Port many\n", "line 1: 'many' is not a port"),
        ("\nPort 70000\n", "line 2: '70000' is not a port"),
        ("IdentitiesOnly perhaps\n", "is not yes or no"),
        ("ConnectTimeout soon\n", "is not a time"),
        ("StrictHostKeyChecking never\n", "is not one of yes"),
        ("HostName 'x\n", "line 1: No closing quotation"),
        ("IdentityFile %Z\n", "token %Z"),
        ("Match user\n", "nothing to compare"),
    ],
)
def test_values_that_cannot_be_right(home: Path, text: str, says: str) -> None:
    with pytest.raises(StratumError, match=says):
        read(home, text)


def test_a_file_that_others_can_write_is_not_believed(home: Path) -> None:
    (home / ".ssh" / "config").write_text("ProxyCommand evil\n")
    (home / ".ssh" / "config").chmod(0o666)
    with pytest.raises(StratumError, match="others can write to it"):
        read_config(Asked("node1"), system_file=str(home / "system"))


@pytest.mark.parametrize(
    "asked",
    [
        Asked("node1;touch x"),
        Asked("$(touch x)"),
        Asked("`x`"),
        Asked("-oProxyCommand=x"),
        Asked("a\nb"),
        Asked("node1", user="-x"),
        Asked("node1", user="ann'; x"),
        Asked("node1", user="a\nb"),
    ],
)
def test_a_name_that_a_shell_would_execute_gets_into_no_proxy_command(home: Path, asked: Asked) -> None:
    with pytest.raises(StratumError, match="is not for a shell"):
        read(home, "ProxyCommand nc %h %p %r\n", asked)


def test_digits_that_are_no_number(home: Path) -> None:
    with pytest.raises(StratumError, match="is not a port"):
        read(home, "Port ²\n")
