# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS, against real servers with real certificates on this machine."""

from __future__ import annotations

import contextlib
import errno
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._certificate.read import Certificate, certificates, day
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    AuthenticationFailed,
    ConnectionFailed,
    DeadlineExceeded,
    PeerError,
    StratumError,
)
from ansible_collections.stratum.virt.plugins.module_utils._host.base import Access, ByteStream
from ansible_collections.stratum.virt.plugins.module_utils._host.pki import locate
from ansible_collections.stratum.virt.plugins.module_utils._host.tls import connect_tls
from ansible_collections.stratum.virt.plugins.module_utils._host.tls_stream import client_context
from cryptography.hazmat.primitives import serialization

from tests.certificates import Authority

MIB = 1024**2
LOCAL = ("DNS:localhost", "IP:127.0.0.1")
Speak = Callable[[ssl.SSLSocket], None]


def accept(connection: ssl.SSLSocket) -> None:
    """Do what libvirt does with a client that it accepts."""
    connection.sendall(b"\1")
    received.append(connection.recv(100))
    connection.unwrap()


received: list[bytes] = []
"""What clients sent after the handshake."""


@pytest.fixture(autouse=True)
def _nothing_received() -> None:
    received.clear()


class Server:
    """A server with TLS, and its own threads. ``speak`` is what it does after the handshake."""

    def __init__(
        self,
        pki: Path,
        speak: Speak = accept,
        *,
        address: str = "127.0.0.1",
        demand: ssl.VerifyMode = ssl.CERT_REQUIRED,
        newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
    ) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        self.context.maximum_version = newest
        if newest is ssl.TLSVersion.TLSv1_1:
            self.context.set_ciphers("ALL:@SECLEVEL=0")
        self.context.load_cert_chain(pki / "servercert.pem", pki / "serverkey.pem")
        self.context.load_verify_locations(pki / "cacert.pem")
        self.context.verify_mode = demand
        self.speak = speak
        self.ended = 0
        self.clients: list[dict[str, Any] | None] = []
        self.listener = socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
        self.port: int = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _address = self.listener.accept()
                threading.Thread(target=self._answer, args=(plain,), daemon=True).start()

    def _answer(self, plain: socket.socket) -> None:
        try:
            with self.context.wrap_socket(plain, server_side=True) as connection:
                self.clients.append(connection.getpeercert())
                self.speak(connection)
        except OSError:
            pass  # a client that goes is what many of these tests are about
        finally:
            self.ended += 1

    def close(self) -> None:
        # Waking the thread that accepts, so that it lets go.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    started: list[Server] = []

    def start(*arguments: Any, **more: Any) -> Server:
        started.append(Server(*arguments, **more))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def pki(authority: Authority, tmp_path: Path) -> Path:
    """A folder with a certificate for a server at localhost, and one for a client."""
    authority.issue(tmp_path / "pki", "server", LOCAL)
    return authority.issue(tmp_path / "pki", "client")


def connect(
    folder: Path,
    port: int,
    host: str = "localhost",
    *,
    verify: bool = True,
    seconds: float = 10,
    warn: Callable[[str], object] = pytest.fail,
) -> ByteStream:
    return connect_tls(
        host,
        port,
        pki=locate(str(folder), user_id=0, home="/nowhere"),
        verify=verify,
        deadline=Deadline(seconds),
        access=Access(warn=warn),
    )


def refused(folder: Path, port: int, *, kind: type[StratumError] = ConnectionFailed, **more: Any) -> str:
    """Fail to connect; return the message."""
    with pytest.raises(kind) as caught:
        connect(folder, port, **more)
    assert caught.value.__class__ is kind
    assert "PRIVATE" not in str(caught.value)
    return str(caught.value)


def read(folder: Path, name: str) -> Certificate:
    return certificates((folder / name).read_bytes())[0]


# What works


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_both_sides_know_each_other(pki: Path, serve: Serve, host: str, newest: ssl.TLSVersion) -> None:
    server = serve(pki, newest=newest)
    stream = connect(pki, server.port, host)
    stream.send(b"hello", Deadline(5))
    assert stream.receive(10, Deadline(5)) == b""  # the server says goodbye
    assert received == [b"hello"]
    (client,) = server.clients
    assert client
    assert ("commonName", "test client") in [pair for part in client["subject"] for pair in part]
    stream.close()
    stream.close()


def test_an_address_of_version_6(authority: Authority, tmp_path: Path, serve: Serve) -> None:
    authority.issue(tmp_path, "server", ["IP:::1"])
    server = serve(authority.issue(tmp_path, "client"), address="::1")
    connect(tmp_path, server.port, "::1").close()


@pytest.mark.parametrize("kind", ["RSA", "ECC", "Ed25519"])
def test_every_type_of_key(authority: Authority, tmp_path: Path, serve: Serve, kind: str) -> None:
    authority.issue(tmp_path, "server", LOCAL, kind=kind)
    server = serve(authority.issue(tmp_path, "client", kind=kind))
    connect(tmp_path, server.port).close()


def test_an_older_certificate_with_its_name_in_the_subject_only(
    authority: Authority, tmp_path: Path, serve: Serve
) -> None:
    authority.issue(tmp_path, "server")
    """A name in the subject can be anybody's: of a client, of a person."""
    authority.issue(tmp_path, "server", common_name="localhost")
    server = serve(authority.issue(tmp_path, "client"))
    assert (
        "the certificate of localhost is for other names, so this may be another machine: it has none but its subject, "
        "CN=localhost,O=Tests."
    ) in refused(tmp_path, server.port)


def test_a_name_with_a_wildcard(authority: Authority, tmp_path: Path, serve: Serve) -> None:
    """It stands for one whole label, and never for an address."""
    for name in ("*.localhost", "local*", "*", "127.0.0.*", "127.0.0.1"):
        authority.issue(tmp_path, "server", [f"DNS:{name}"])
        server = serve(authority.issue(tmp_path, "client"))
        for host in ("localhost", "127.0.0.1"):
            assert "is for other names" in refused(tmp_path, server.port, host=host)


def test_much_in_both_directions_at_once(pki: Path, serve: Serve) -> None:
    """A server that doesn't read on before its answers are taken."""
    size = 24 * MIB

    def echo(connection: ssl.SSLSocket) -> None:
        connection.sendall(b"\1")
        done = 0
        while done < size:
            piece = connection.recv(65536)
            connection.sendall(piece)
            done += len(piece)

    stream = connect(pki, serve(pki, echo).port)
    data = memoryview(bytes(range(256)) * (size // 256))
    deadline = Deadline(60)
    back = bytearray()
    sent = 0
    while sent < size:
        parts = [data[sent : sent + 1000], data[sent + 1000 : sent + 3 * MIB]]
        count, came = stream.exchange(parts, 65536, deadline)
        assert count or came
        sent += count
        back += came
    while len(back) < size:
        back += stream.receive(65536, deadline)
    assert back == data
    stream.close()


def test_each_part_can_be_read_by_itself(pki: Path, serve: Serve) -> None:
    """libvirtd does not see a message that comes in one record with the end of the one before."""
    came: list[bytes] = []

    def read(connection: ssl.SSLSocket) -> None:
        connection.sendall(b"\1")
        time.sleep(0.2)  # all is there by now, and OpenSSL gives one record at a time
        while not came or came[-1]:
            came.append(connection.recv(100000))

    stream = connect(pki, serve(pki, read).port)
    assert stream.exchange([b"one", b"", b"two", bytes(20000), b"three"], 1, Deadline(5)) == (20011, b"")
    stream.close()
    deadline = Deadline(5)
    while not came or came[-1]:
        assert not deadline.passed
        time.sleep(0.01)
    assert came == [b"one", b"two", bytes(16384), bytes(3616), b"three", b""]


def test_sending_to_a_server_that_sends_first(pki: Path, serve: Serve) -> None:
    size = 8 * MIB

    def flood(connection: ssl.SSLSocket) -> None:
        connection.sendall(b"\1" + bytes(size))
        while connection.recv(65536):
            pass

    stream = connect(pki, serve(pki, flood).port)
    stream.send(bytes(size), Deadline(30))
    taken = 0
    while taken < size:
        taken += len(stream.receive(MIB, Deadline(30)))
    stream.close()


def test_an_end_without_goodbye_is_an_error(pki: Path, serve: Serve) -> None:
    """Whoever can cut the connection must not be able to make it look complete."""

    def vanish(connection: ssl.SSLSocket) -> None:
        connection.sendall(b"\1")
        connection.recv(1)
        socket.socket(fileno=connection.detach()).close()

    server = serve(pki, vanish)
    for wait in (
        lambda stream: stream.receive(1, Deadline(5)),
        lambda stream: stream.send(bytes(64 * MIB), Deadline(5)),
        lambda stream: [stream.exchange([bytes(MIB)], 1, Deadline(5)) for _each in range(100)],
    ):
        stream = connect(pki, server.port)
        stream.send(b"x", Deadline(5))
        with pytest.raises(ConnectionError):
            wait(stream)
        stream.close()


def test_waiting_has_an_end(pki: Path, serve: Serve) -> None:
    def wait(connection: ssl.SSLSocket) -> None:
        connection.sendall(b"\1")
        connection.recv(1)
        time.sleep(2)

    stream = connect(pki, serve(pki, wait).port)
    with pytest.raises(DeadlineExceeded):
        stream.receive(1, Deadline(0.1))
    with pytest.raises(DeadlineExceeded):
        stream.send(bytes(64 * MIB), Deadline(0.3))
    stream.close()


# What is refused


def test_an_expired_server(authority: Authority, pki: Path, serve: Serve) -> None:
    authority.issue(pki, "server", LOCAL, begin=-20, end=-10)
    server = serve(pki)
    said = refused(pki, server.port)
    assert said.startswith(f"the certificate of localhost has expired on {day(read(pki, 'servercert.pem').not_after)}.")


def test_a_server_of_tomorrow(authority: Authority, pki: Path, serve: Serve) -> None:
    authority.issue(pki, "server", LOCAL, begin=10)
    server = serve(pki)
    since = day(read(pki, "servercert.pem").not_before)
    assert f"the certificate of localhost is not yet valid, but from {since} on." in refused(pki, server.port)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_server_of_another_name(authority: Authority, pki: Path, serve: Serve, host: str) -> None:
    authority.issue(pki, "server", ["DNS:node7.example.org", "IP:192.0.2.7"])
    said = refused(pki, serve(pki).port, host=host)
    assert f"the certificate of {host} is for other names" in said
    assert "it has DNS:node7.example.org and IP:192.0.2.7." in said
    assert received == []


def test_a_name_that_would_be_printed_badly(authority: Authority, pki: Path, serve: Serve) -> None:
    authority.issue(pki, "server", ["DNS:node7\n\x1b[31m.example.org", *(f"DNS:node{n}" for n in range(100))])
    said = refused(pki, serve(pki).port)
    assert "DNS:node7??[31m.example.org" in said
    assert said.isprintable()
    assert len(said) < 800


def test_somebody_in_between(pki: Path, tmp_path: Path, serve: Serve) -> None:
    other = Authority("Somebody else")
    server = serve(other.issue(tmp_path / "other", "server", LOCAL), demand=ssl.CERT_OPTIONAL)
    said = refused(pki, server.port)
    assert "is signed by an authority that is not known here: it was issued by CN=Somebody else, " in said
    assert f"{pki}/cacert.pem is of CN=Test authority." in said
    # Once to connect, and once more, without our certificate, for the message.
    deadline = Deadline(5)
    while server.ended < 2:
        assert not deadline.passed
        time.sleep(0.01)
    assert not any(received)
    assert not any(server.clients)


def test_an_authority_that_has_expired(tmp_path: Path, serve: Serve) -> None:
    old = Authority("Old", end=-1)
    old.issue(tmp_path, "server", LOCAL)
    server = serve(old.issue(tmp_path, "client"))
    ended = day(old.certificate.not_after)
    assert f"the authority's certificate {tmp_path}/cacert.pem has expired on {ended}." in refused(
        tmp_path, server.port
    )
    # One that takes over can be there already, and the server's is still of the other one.
    new = Authority("New")
    new.issue(tmp_path, "client")
    (tmp_path / "cacert.pem").write_bytes(new.certificate.pem() + old.certificate.pem())
    said = refused(tmp_path, server.port)
    assert f"the certificate of localhost is signed by an authority whose certificate has expired on {ended}." in said


def test_a_server_whose_certificate_was_taken_back(authority: Authority, pki: Path, serve: Serve) -> None:
    server = serve(pki)
    authority.revoke(pki, 12345)
    connect(pki, server.port).close()
    authority.revoke(pki, 12345, read(pki, "servercert.pem").serial_number)
    assert f"the certificate of localhost has been revoked by {pki}/cacrl.pem." in refused(pki, server.port)
    authority.revoke(pki, 12345, end=-1)
    assert f"cannot be checked: {pki}/cacrl.pem is no list of the authority's that is" in refused(pki, server.port)
    unusable = f"the list of revoked certificates {pki}/cacrl.pem cannot be used"
    (pki / "cacrl.pem").write_text("nothing")
    assert unusable in refused(pki, server.port)
    # A list that leads nowhere is not the same as no list.
    (pki / "cacrl.pem").unlink()
    (pki / "cacrl.pem").symlink_to("nowhere")
    assert unusable in refused(pki, server.port)


def test_a_list_of_the_revoked_makes_nobody_trusted(pki: Path, tmp_path: Path, serve: Serve) -> None:
    other = Authority("Somebody else")
    server = serve(other.issue(tmp_path / "other", "server", LOCAL), demand=ssl.CERT_NONE)
    other.revoke(pki, 12345)
    with (pki / "cacrl.pem").open("ab") as file:
        file.write(other.certificate.pem())
    assert f"{pki}/cacrl.pem cannot be used: there are certificates in it." in refused(pki, server.port)


def test_a_certificate_that_breaks_the_rules(tmp_path: Path, pki: Path, serve: Serve) -> None:
    """Two extensions of one kind: OpenSSL shows it for a message, and other libraries refuse to read it."""
    other = Authority("Somebody else").issue(tmp_path / "other", "server", LOCAL)
    raw = read(other, "servercert.pem").raw.public_bytes(serialization.Encoding.DER)
    # The identifiers of both keys become extensions of one kind that nobody knows.
    broken = re.sub(rb"\x06\x03\x55\x1d[\x0e\x23]", b"\x06\x03\x55\x1d\x7f", raw)
    assert broken != raw
    (other / "servercert.pem").write_text(ssl.DER_cert_to_PEM_cert(broken))
    assert "the certificate of localhost" in refused(pki, serve(other, demand=ssl.CERT_NONE).port)


def test_keys_are_not_agreed_on_again() -> None:
    """With TLS 1.2 a server may want to begin anew, in the middle of what is sent. OpenSSL refuses it if told to."""
    assert client_context().options & ssl.OP_NO_RENEGOTIATION


class Unplugged:
    """A socket whose other end does not answer the kernel any more."""

    def __init__(self, opened: socket.socket) -> None:
        self.fileno = opened.fileno
        self.close = opened.close

    def recv(self, size: int) -> bytes:
        raise TimeoutError(errno.ETIMEDOUT, "Connection timed out")

    def send(self, data: bytes) -> int:
        raise OSError(errno.EHOSTUNREACH, "No route to host")


def test_a_cable_that_is_pulled(pki: Path, serve: Serve) -> None:
    def talk(connection: ssl.SSLSocket) -> None:
        connection.sendall(b"\1x")
        time.sleep(1)

    stream: Any = connect(pki, serve(pki, talk).port)
    assert stream.receive(1, Deadline(5)) == b"x"
    stream._socket = Unplugged(stream._socket)
    with pytest.raises(ConnectionError, match="No route to host"):
        stream.send(b"y", Deadline(5))
    stream._ended = False
    with pytest.raises(ConnectionError, match="Connection timed out"):
        stream._pull()
    stream.close()


def test_a_connection_that_is_tampered_with_is_not_a_refusal(pki: Path, serve: Serve) -> None:
    """Whoever is in between can break it, and the node has nothing against us then."""

    def break_it(connection: ssl.SSLSocket) -> None:
        plain = socket.socket(fileno=connection.detach())
        plain.sendall(b"\x17\x03\x03\x00\x20" + bytes(32))
        time.sleep(0.2)
        plain.close()

    said = refused(pki, serve(pki, break_it).port)
    assert said.startswith("the connection to localhost broke off before it was accepted: TLS failed: ")


def test_a_certificate_for_clients_is_none_for_a_server(authority: Authority, pki: Path, serve: Serve) -> None:
    for name in ("cert", "key"):
        (pki / f"server{name}.pem").write_bytes((pki / f"client{name}.pem").read_bytes())
    server = serve(pki)
    assert "is not one for a server" in refused(pki, server.port)


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_of_another_authority_s_clients(
    authority: Authority, pki: Path, tmp_path: Path, serve: Serve, newest: ssl.TLSVersion
) -> None:
    strangers = Authority("Strangers").write(tmp_path / "strangers")
    server = serve(pki, newest=newest)
    server.context = _trusting(server.context, strangers, pki)
    server.context.maximum_version = newest
    said = refused(pki, server.port, kind=AuthenticationFailed)
    assert f"localhost does not accept our certificate {pki}/clientcert.pem (tlsv1 alert unknown ca)." in said
    assert "It is of CN=test client,O=Tests, issued by CN=Test authority." in said


def _trusting(context: ssl.SSLContext, folder: Path, own: Path) -> ssl.SSLContext:
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    other.load_cert_chain(own / "servercert.pem", own / "serverkey.pem")
    other.load_verify_locations(folder / "cacert.pem")
    other.verify_mode = context.verify_mode
    return other


def test_a_server_that_ends_it_after_the_handshake(pki: Path, serve: Serve) -> None:
    """This is what libvirt does: it looks at the certificate afterwards."""
    said = refused(pki, serve(pki, lambda connection: None).port, kind=AuthenticationFailed)
    assert "localhost does not accept our certificate" in said


def test_a_server_that_is_not_libvirt(pki: Path, serve: Serve) -> None:
    server = serve(pki, lambda connection: connection.sendall(b"220 mail.example.org"))
    assert "is not libvirt" in refused(pki, server.port, kind=PeerError)


def test_a_server_that_says_nothing(pki: Path, serve: Serve) -> None:
    server = serve(pki, lambda connection: time.sleep(2))
    refused(pki, server.port, kind=DeadlineExceeded, seconds=0.3)


def test_versions_that_are_too_old(pki: Path, serve: Serve) -> None:
    server = serve(pki, newest=ssl.TLSVersion.TLSv1_1)
    assert "too old to be safe" in refused(pki, server.port)


class Plain:
    """A server without TLS."""

    def __init__(self, answer: bytes | None) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.answer = answer
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _address = self.listener.accept()
                with connection:
                    connection.recv(1000)
                    if self.answer is None:
                        time.sleep(2)
                    connection.sendall(self.answer or b"")

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"HTTP/1.0 400 Bad Request\r\n\r\n", "does not speak TLS: something else answers there."),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak TLS: something else answers there."),
        (b"\0\0\0\x1c" + bytes(24), "does not speak TLS: something else answers there."),
        (b"", "closed the connection in the middle of the handshake."),
    ],
)
def test_a_port_without_tls(pki: Path, answer: bytes, says: str) -> None:
    server = Plain(answer)
    assert f"port {server.port} of localhost {says}" in refused(pki, server.port)
    server.close()


def test_a_port_that_never_answers(pki: Path) -> None:
    server = Plain(None)
    said = refused(pki, server.port, kind=DeadlineExceeded, seconds=0.3)
    assert said == f"no answer within 0.3 s: port {server.port} of localhost"
    server.close()


# What is let through, and told


def test_a_server_that_ends_soon(authority: Authority, pki: Path, serve: Serve) -> None:
    authority.issue(pki, "server", LOCAL, end=10.5)
    told: list[str] = []
    connect(pki, serve(pki).port, warn=told.append).close()
    assert told == [f"the certificate of localhost ends on {day(read(pki, 'servercert.pem').not_after)}, in 10 days."]


def test_nobody_is_checked_if_told_so(pki: Path, tmp_path: Path, serve: Serve) -> None:
    server = serve(Authority("Somebody else").issue(tmp_path / "other", "server"), demand=ssl.CERT_NONE)
    told: list[str] = []
    (pki / "cacert.pem").unlink()
    connect(pki, server.port, verify=False, warn=told.append).close()
    assert told == ["no_verify: it was not checked whether localhost is who it says. Anybody in between can read all."]
