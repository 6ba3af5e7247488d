# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ways from a login to a daemon's socket, on a far machine that is this one with its own programs."""

from __future__ import annotations

import shlex
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt import by_ssh
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.link import reach
from ansible_collections.stratum.virt.plugins.module_utils._errors import ConnectionFailed, InputError, PeerError
from ansible_collections.stratum.virt.plugins.module_utils._host.base import Access, ByteStream
from ansible_collections.stratum.virt.plugins.module_utils._host.command import finish
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost
from ansible_collections.stratum.virt.plugins.module_utils._host.openssh import OpenSshSession
from ansible_collections.stratum.virt.plugins.module_utils._host.pipes import ProgramStream
from ansible_collections.stratum.virt.plugins.module_utils._host.session import Finished, Session
from ansible_collections.stratum.virt.plugins.module_utils._uri import parse

HELPER = '#!/bin/sh\nread question; echo "helper $*"; cat >/dev/null\n'
NETCAT = """#!/bin/sh
case "$1" in
    -h) echo "-U  use a unix socket"; exit 1;;
    -q) [ $# = 1 ] && { echo "nc: option requires an argument -- 'q'" >&2; exit 1; };;
esac
read question; echo "netcat $*"; cat >/dev/null
"""
OLD_NETCAT = "#!/bin/sh\necho 'usage: nc host port' >&2; exit 1\n"
NEEDED = ("sh", "cat", "id", "printenv")


class Far(Session):
    """A login on a machine that has few programs."""

    name = "root@far"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.noise = ""
        self.started = 0
        self.forwards = True
        self._streams: list[ByteStream] = []

    def has(self, name: str, text: str) -> None:
        program = self.folder / name
        program.unlink(missing_ok=True)  # it may be a link to a program of this machine
        program.write_text(text)
        program.chmod(0o755)

    def start(self, argv: Sequence[str], deadline: Deadline) -> ProgramStream:
        self.started += 1
        line = f"PATH={shlex.quote(str(self.folder))}; export PATH; {self.noise} exec {shlex.join(argv)}"
        pipe = subprocess.PIPE
        process = subprocess.Popen(["/bin/sh", "-c", line], stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0)
        stream = ProgramStream(process, f"{argv[0]} on {self.name}")
        self._streams.append(stream)
        return stream

    def run(self, argv: Sequence[str], deadline: Deadline, *, input: bytes = b"") -> Finished:
        return finish(self.start(argv, deadline), argv, input, deadline, self.name)

    def connect(self, path: str, deadline: Deadline) -> ByteStream:
        if not self.forwards:
            raise ConnectionFailed(f"connecting to {path} on {self.name}: the ssh server refuses it (prohibited).")
        stream = LocalHost().connect(path, deadline)
        self._streams.append(stream)
        return stream

    def close(self) -> None:
        while self._streams:
            self._streams.pop().close()


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Far]:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in NEEDED:
        path = subprocess.run(["/bin/sh", "-c", f"command -v {name}"], check=True, capture_output=True, text=True)
        (folder / name).symlink_to(path.stdout.strip())
    far = Far(folder)
    monkeypatch.setattr(by_ssh, "_session", lambda *_arguments: far)
    yield far
    far.close()


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Path]:
    """A socket that answers with the word socket."""
    path = tmp_path / "libvirt-sock"

    def serve(server: socket.socket) -> None:
        while True:
            try:
                taken, _address = server.accept()
            except OSError:
                return
            with taken:
                taken.recv(100)
                taken.sendall(b"socket\n")

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        yield path
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def said(query: str = "", path: str = "/system") -> str:
    """Reach a daemon; return what is at the other end of the stream."""
    link = reach(parse(f"qemu+ssh://root@far{path}{query}"), LocalHost(), 10, Access())
    assert link.has_files
    assert link.host.name == "root@far"
    link.stream.send(b"question\n", Deadline(5))
    text = b""
    while not text.endswith(b"\n"):
        text += link.stream.receive(4096, Deadline(5))
    link.stream.close()
    return text.decode().strip()


def test_the_helper_goes_first(far: Far) -> None:
    far.has("virt-ssh-helper", HELPER)
    far.has("nc", NETCAT)
    assert said() == "helper qemu:///system"
    assert said("?proxy=native&name=qemu:///session") == "helper qemu:///session"
    assert far.started == 2, "it is started at once, without a question before"


def test_a_helper_that_is_not_there(far: Far, listening: Path) -> None:
    far.has("nc", NETCAT)
    assert said(f"?socket={listening}") == f"netcat -q 0 -U {listening}"
    far.has("nc", NETCAT.replace("requires an argument", "is invalid"))
    assert said(f"?socket={listening}") == f"netcat -U {listening}"


def test_netcat_by_choice(far: Far, listening: Path) -> None:
    far.has("virt-ssh-helper", HELPER)
    far.has("my nc", NETCAT)
    assert said(f"?netcat=my%20nc&socket={listening}") == f"netcat -q 0 -U {listening}"
    with pytest.raises(ConnectionFailed, match=r"libvirt there was not: there is no nc\."):
        said("?proxy=netcat")


def test_a_socket_without_any_program(far: Far, listening: Path) -> None:
    assert said(f"?socket={listening}") == "socket"
    far.has("nc", OLD_NETCAT)
    assert said(f"?socket={listening}") == "socket"


def test_the_sockets_of_an_ordinary_user(far: Far, tmp_path: Path, listening: Path) -> None:
    far.has("id", "#!/bin/sh\necho 1000\n")
    far.noise = f"XDG_RUNTIME_DIR={tmp_path}; export XDG_RUNTIME_DIR;"
    (tmp_path / "libvirt").mkdir()
    (tmp_path / "libvirt" / "libvirt-sock").symlink_to(listening)
    assert said(path="/session") == "socket"


def test_when_everything_fails_each_answer_is_told(far: Far) -> None:
    far.forwards = False
    far.has("nc", OLD_NETCAT)
    with pytest.raises(ConnectionFailed) as raised:
        said("?mode=legacy")
    assert "nc has no option -U" in raised.value.reason
    assert "connecting to /run/libvirt/libvirt-sock on root@far: the ssh server refuses it" in raised.value.reason
    far.has("nc", NETCAT)
    with pytest.raises(ConnectionFailed, match=r"there is no virt-ssh-helper; there is no socket .*/virtqemud-sock "):
        said(path="/session")


def test_what_a_login_prints_does_no_harm(far: Far) -> None:
    far.has("virt-ssh-helper", HELPER)
    far.noise = "echo Welcome to far; echo 'You have mail' >&2;"
    assert said() == "helper qemu:///system"


def test_a_login_that_prints_without_end(far: Far) -> None:
    far.has("yes", "#!/bin/sh\nwhile :; do echo y; done\n")
    far.noise = "exec yes;"
    with pytest.raises(PeerError, match="prints more than 65536 bytes"):
        said()


def test_a_daemon_does_not_speak_first(far: Far) -> None:
    (far.folder / "sh").unlink()
    far.has("sh", "#!/bin/sh\nprintf 'stratum.virt: yes\\nme first'\n")
    with pytest.raises(PeerError, match="says something before it was asked"):
        said()


def test_a_login_that_is_none(far: Far) -> None:
    far.noise = "echo 'This account is not available' >&2; exit 1;"
    far.forwards = False
    with pytest.raises(ConnectionFailed, match="This account is not available"):
        said()


def test_the_helper_finds_its_socket_itself(far: Far) -> None:
    for query in ("socket=/x", "mode=legacy"):
        with pytest.raises(InputError, match="finds the socket by itself"):
            said(f"?proxy=native&{query}")


# Who logs in


def client(argv: Sequence[str]) -> subprocess.Popen[bytes]:
    raise AssertionError("nothing is started yet")


@pytest.mark.parametrize(
    ("query", "access"),
    [("?command=/opt/ssh", Access()), ("", Access(ssh_client=client)), ("?command=ssh", Access(ssh_client=client))],
)
def test_openssh_where_it_is_wanted(query: str, access: Access) -> None:
    session = by_ssh._session(parse(f"qemu+ssh://far/system{query}"), access, Deadline(5))
    assert isinstance(session, OpenSshSession)


def test_with_a_secret_our_own_client_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.stratum.virt.plugins.module_utils._host import ssh

    taken: list[ssh.SshTarget] = []
    open_session: Callable[..., None] = lambda target, _access, _deadline: taken.append(target)  # noqa: E731
    monkeypatch.setattr(ssh, "open_session", open_session)
    uri = "qemu+libssh2://ann@far:2222/system?keyfile=/k&known_hosts=/kh&known_hosts_verify=auto&sshauth=privkey"
    by_ssh._session(parse(uri), Access(ssh_password="x", ssh_client=client), Deadline(5))
    by_ssh._session(parse("qemu+ssh://far/system?no_verify=1"), Access(), Deadline(5))
    assert taken[0] == ("far", "ann", 2222, "/k", "/kh", "auto", ("privkey",))
    assert taken[1] == ("far", None, None, None, None, "ignore", None)


@pytest.mark.parametrize("option", ["ssh_password", "ssh_passphrase"])
def test_a_program_takes_no_secrets(option: str) -> None:
    access = Access()._replace(**{option: "secret"})
    with pytest.raises(InputError, match=f"{option}: the ssh client"):
        by_ssh._session(parse("qemu+ssh://far/system?command=ssh"), access, Deadline(5))


@pytest.mark.parametrize(
    "uri", ["qemu+ssh:///system", "qemu+ssh://-oProxyCommand=x/system", "qemu+ssh://-l@far/system"]
)
def test_names_that_are_none(uri: str) -> None:
    with pytest.raises(InputError):
        reach(parse(uri), LocalHost(), 5, Access())


def test_a_check_that_is_switched_off_is_told() -> None:
    told: list[str] = []
    by_ssh._session(parse("qemu+ssh://far/system?command=ssh&no_verify=1"), Access(warn=told.append), Deadline(5))
    assert "nobody checks that far" in told[0]


@pytest.mark.parametrize("place", ["a;b", "a%0ab@node1", "$(x)", "-x@node1", "*", "a,b", "x'@node1"])
def test_names_that_cannot_be_those_of_a_user_or_a_machine(place: str) -> None:
    with pytest.raises(InputError, match="cannot be"):
        by_ssh._target(parse(f"qemu+ssh://{place}/system"))
