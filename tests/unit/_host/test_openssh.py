# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OpenSSH's client as a session, with a program in its place that says what a test wants."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    AuthenticationFailed,
    ConnectionFailed,
    PeerError,
    StratumError,
)
from ansible_collections.stratum.virt.plugins.module_utils._host.base import Program
from ansible_collections.stratum.virt.plugins.module_utils._host.openssh import OpenSshSession
from ansible_collections.stratum.virt.plugins.module_utils._host.ssh import SshTarget

TARGET = SshTarget("node1", "root", 2222, "/k", "/a b", "ignore", ("agent", "password"))


class Launcher:
    """Starts a script in the place of ssh, and keeps the arguments."""

    def __init__(self, script: str) -> None:
        self.script = script
        self.argv: list[list[str]] = []

    def __call__(self, argv: Sequence[str]) -> Program:
        self.argv.append(list(argv))
        pipe = subprocess.PIPE
        command = ["/bin/sh", "-c", self.script, "ssh", argv[-1]]
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0)


RUN = 'exec sh -c "$1"'


def test_the_command_line() -> None:
    launch = Launcher(RUN)
    session = OpenSshSession(TARGET, "/opt/ssh", launch)
    assert session.name == "root@node1"
    assert session.run(["echo", "a  b"], Deadline(10)) == (0, b"a  b\n", b"")
    session.close()
    (argv,) = launch.argv
    assert argv[0] == "/opt/ssh"
    assert argv[-3:-1] == ["--", "node1"]
    options = " ".join(argv[1:-3])
    for expected in (
        "-T -a -x -e none -o BatchMode=yes",
        "-l root -p 2222 -i /k",
        "-o PreferredAuthentications=publickey,password",
        "-o StrictHostKeyChecking=no",
    ):
        assert expected in options


def test_what_a_login_prints_is_no_part_of_the_output() -> None:
    session = OpenSshSession(TARGET, "ssh", Launcher(f"echo Welcome; echo motd >&2; {RUN}"))
    assert session.run(["cat"], Deadline(10), input=b"data").output == b"data"
    session.close()


def test_a_login_that_prints_without_end() -> None:
    session = OpenSshSession(TARGET, "ssh", Launcher("exec yes"))
    with pytest.raises(PeerError, match="the login prints more than"):
        session.start(["true"], Deadline(10))
    session.close()


@pytest.mark.parametrize(
    ("said", "kind", "says"),
    [
        (
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nOffending ED25519 key in /kh:7\n"
            "Host key verification failed.",
            AuthenticationFailed,
            "the host key has changed; /kh:7 has another one",
        ),
        ("No ED25519 host key is known\nHost key verification failed.", AuthenticationFailed, "is not known"),
        ("REVOKED HOST KEY DETECTED\nHost key verification failed.", AuthenticationFailed, "is revoked"),
        ("root@node1: Permission denied (publickey).", AuthenticationFailed, r"was accepted \(publickey\)"),
        ("ssh: Could not resolve hostname nodeX: Name or service not known", ConnectionFailed, "address of nodeX was"),
        ("ssh: connect to host node1 port 22: Connection refused", ConnectionFailed, "was refused"),
        ("ssh: connect to host node1 port 22: Connection timed out", ConnectionFailed, "does not answer"),
        ("something\x1b[2J else", ConnectionFailed, r"something \[2J else"),
        ("", ConnectionFailed, "without a word"),
    ],
)
def test_what_ssh_says_becomes_an_error_of_ours(said: str, kind: type[StratumError], says: str, tmp_path: Path) -> None:
    (tmp_path / "said").write_text(said)
    session = OpenSshSession(TARGET, "ssh", Launcher(f"cat {tmp_path}/said >&2; exit 255"))
    with pytest.raises(kind, match=says) as raised:
        session.start(["true"], Deadline(10))
    assert raised.value.__class__ is kind
    assert "\x1b" not in str(raised.value)
    session.close()


@pytest.mark.parametrize(
    ("verify", "expected"),
    [
        # The configuration may say otherwise, and the URI goes first.
        ("normal", "-o StrictHostKeyChecking=yes"),
        # Nothing is learned from somebody who may be anybody.
        ("ignore", "-o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null"),
    ],
)
def test_what_the_uri_says_of_known_hosts_goes_first(verify: str, expected: str) -> None:
    launch = Launcher(RUN)
    session = OpenSshSession(TARGET._replace(verify=verify, known_hosts=None), "ssh", launch)
    session.run(["true"], Deadline(10))
    session.close()
    assert expected in " ".join(launch.argv[0])


def test_a_named_file_of_known_hosts_is_in_place_of_all_others() -> None:
    launch = Launcher(RUN)
    session = OpenSshSession(TARGET._replace(verify="normal"), "ssh", launch)
    session.run(["true"], Deadline(10))
    session.close()
    assert '-o UserKnownHostsFile="/a b" -o GlobalKnownHostsFile=/dev/null' in " ".join(launch.argv[0])


def test_nothing_of_ours_is_lent_to_the_node() -> None:
    """Neither our agent nor our screen, whatever the configuration says."""
    launch = Launcher(RUN)
    session = OpenSshSession(TARGET, "ssh", launch)
    session.run(["true"], Deadline(10))
    session.close()
    assert {"-a", "-x"} <= set(launch.argv[0])
