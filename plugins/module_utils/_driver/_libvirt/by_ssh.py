# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Reaching a daemon by ssh: log in, and find the way from the login to the daemon's socket."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..._deadline import Deadline
from ..._errors import ConnectionFailed, InputError, PeerError, StratumError
from ..._host.base import Access, ByteStream, Host
from ..._host.far import FarHost
from ..._host.last_words import last_words
from ..._host.ssh import SshTarget
from ..._host.ssh_config import is_name
from ..._uri import Uri
from .parameters import daemon_uri, is_set, ssh_methods
from .sockets import socket_paths

if TYPE_CHECKING:
    from ..._host.session import Session

HELPER = "virt-ssh-helper"
NETCAT = "nc"
NOISE = 65536
"""Bytes that a login may print before our command begins."""
_ANSWER = b"stratum.virt: "
_YES = b"yes"
_READ_SIZE = 65536
_MOST_ANSWER = 1000

# What the login shell is does not matter: it only starts sh. The answer costs no wait of its own, because it comes
# right behind the one that the command was started.
_BY_HELPER = """\
if command -v "$1" >/dev/null 2>&1; then echo 'stratum.virt: yes'; exec "$@"; fi
echo "stratum.virt: there is no $1"
"""
# Some close the connection at the end of their input only if they are told to, and some know no unix sockets.
_BY_NETCAT = """\
nc=$1; shift
if ! command -v "$nc" >/dev/null 2>&1; then echo "stratum.virt: there is no $nc"; exit; fi
case $("$nc" -h 2>&1 </dev/null) in *-U*) ;; *) echo "stratum.virt: $nc has no option -U"; exit;; esac
case $("$nc" -q 2>&1 </dev/null) in *'requires an argument'*) quit='-q 0';; *) quit=;; esac
for path do
    if [ -S "$path" ]; then echo 'stratum.virt: yes'; exec "$nc" $quit -U "$path"; fi
done
echo "stratum.virt: there is no socket $*"
"""


def reach_by_ssh(uri: Uri, timeout: float, access: Access) -> tuple[ByteStream, Host]:
    """Log in, and connect to the daemon; return the stream, and the machine.

    Raises InputError, ConnectionFailed that says what each way answered, and what ``open_session`` raises.
    """
    deadline = Deadline(timeout)
    session = _session(uri, access, deadline)
    host = FarHost(session, timeout)
    try:
        return _Ways(uri, session, host, deadline).stream(), host
    except (StratumError, OSError):
        host.close()
        raise


def _session(uri: Uri, access: Access, deadline: Deadline) -> Session:
    target = _target(uri)
    program = uri.parameters.get("command")
    if program is not None and access.ssh_password is not None:
        raise InputError("ssh_password", "the ssh client that the URI names (command) takes no password from here.")
    if program is not None and access.ssh_passphrase is not None:
        raise InputError("ssh_passphrase", "the ssh client that the URI names (command) takes no passphrase from here.")
    secrets = access.ssh_password is not None or access.ssh_passphrase is not None
    if program is None and (access.ssh_client is None or secrets):
        from ..._host.ssh import open_session

        return open_session(target, access, deadline)
    from ..._host.openssh import OpenSshSession
    from ..._host.pipes import start_program

    if target.verify == "ignore":
        access.warn(f"ssh: nobody checks that {target.host} is the machine that it should be.")
    return OpenSshSession(target, program or "ssh", access.ssh_client or start_program)


def _target(uri: Uri) -> SshTarget:
    if not uri.host:
        raise InputError(
            "uri", f"{uri.transport} needs a machine to log in to.", hint="Write it like qemu+ssh://root@node1/system."
        )
    for what, name in (("machine", uri.host), ("user", uri.user)):
        if name and not is_name(name):
            raise InputError("uri", f"{name!r} cannot be the name of a {what}.")
    return SshTarget(
        host=uri.host,
        user=uri.user,
        port=uri.port,
        keyfile=uri.parameters.get("keyfile"),
        known_hosts=uri.parameters.get("known_hosts"),
        verify="ignore" if is_set(uri, "no_verify") else uri.parameters.get("known_hosts_verify"),
        methods=ssh_methods(uri),
    )


class _Ways:
    """The ways from a login to the daemon, and what each of them answered."""

    def __init__(self, uri: Uri, session: Session, host: Host, deadline: Deadline) -> None:
        self._uri = uri
        self._session = session
        self._host = host
        self._deadline = deadline
        self._answers: list[str] = []

    def stream(self) -> ByteStream:
        """Return the first stream that comes about."""
        for way in self._chosen():
            stream = way()
            if stream is not None:
                return stream
        raise ConnectionFailed(
            f"{self._session.name} was reached, and libvirt there was not: {'; '.join(self._answers)}.",
            hint=f"Install libvirt there, which brings {HELPER}, and start its daemon.",
        )

    def _chosen(self) -> Sequence[Callable[[], ByteStream | None]]:
        finds_itself = "socket" not in self._uri.parameters and self._uri.parameters.get("mode", "auto") == "auto"
        proxy = self._uri.parameters.get("proxy", "auto")
        if proxy == "native" and not finds_itself:
            raise InputError("uri", f"{HELPER} finds the socket by itself, so socket and mode go with another proxy.")
        if proxy == "native":
            return (self._by_helper,)
        if proxy == "netcat" or "netcat" in self._uri.parameters:
            return (self._by_netcat,)
        others = (self._by_netcat, self._by_socket)
        return (self._by_helper, *others) if finds_itself else others

    def _by_helper(self) -> ByteStream | None:
        return self._ask(_BY_HELPER, HELPER, [HELPER, daemon_uri(self._uri)])

    def _by_netcat(self) -> ByteStream | None:
        netcat = self._uri.parameters.get("netcat", NETCAT)
        return self._ask(_BY_NETCAT, netcat, [netcat, *socket_paths(self._uri, self._host)])

    def _by_socket(self) -> ByteStream | None:
        for path in socket_paths(self._uri, self._host):
            try:
                return self._session.connect(path, self._deadline)
            except ConnectionFailed as error:
                self._answers.append(error.reason.rstrip("."))
        return None

    def _ask(self, script: str, program: str, arguments: Sequence[str]) -> ByteStream | None:
        """Start a program that the script looks for over there; return ``None`` when there is none that would do."""
        stream = self._session.start(["sh", "-c", script, "sh", *arguments], self._deadline)
        try:
            answer = self._answer(stream)
        except (StratumError, OSError):
            stream.close()
            raise
        if answer == _YES:
            return stream
        stream.close()
        self._answers.append(last_words(answer) or f"looking for {program} was not answered")
        return None

    def _answer(self, stream: ByteStream) -> bytes:
        """Return what our script says, ``b""`` when it says nothing; drop what a login prints before that."""
        received = b""
        while True:
            _before, answered, answer = received.partition(_ANSWER)
            if answered and b"\n" in answer:
                line, _end, rest = answer.partition(b"\n")
                if rest and line == _YES:
                    raise PeerError(f"libvirt on {self._session.name} says something before it was asked.")
                return line[:_MOST_ANSWER]
            if len(received) > NOISE:
                raise PeerError(
                    f"a login on {self._session.name} prints more than {NOISE} bytes before its command begins."
                )
            try:
                data = stream.receive(_READ_SIZE, self._deadline)
            except ConnectionError as error:
                return last_words(str(error)).encode()
            if not data:
                return b""
            received += data
