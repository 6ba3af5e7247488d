# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""URIs that lead to a port, and what they must not ask for."""

from __future__ import annotations

import errno
import socket

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.link import reach
from ansible_collections.stratum.virt.plugins.module_utils._errors import ConnectionFailed, InputError
from ansible_collections.stratum.virt.plugins.module_utils._host.base import NOTHING_GIVEN
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost
from ansible_collections.stratum.virt.plugins.module_utils._uri import parse


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        (
            "qemu+tcp://node1/system",
            "uri: tcp sends everything unprotected, so it is only for this machine's own addresses.",
        ),
        ("qemu+tcp:///system", "uri: tcp needs a machine to connect to."),
        ("qemu+tls:///system", "uri: tls needs a machine to connect to."),
        ("qemu+tls://me@node1/system", "uri: there is no user in tls."),
        ("qemu+tls://node1/system?pkipath=here", "uri: pkipath: 'here' is not an absolute path."),
        ("qemu+tls://node1/system?keyfile=/a", "uri: the parameter 'keyfile' is not known"),
        ("qemu+tcp://localhost/system?no_verify=1", "uri: the parameter 'no_verify' is not known"),
    ],
)
def test_what_makes_no_sense(uri: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        reach(parse(uri), LocalHost(), 5, NOTHING_GIVEN)
    assert str(caught.value).startswith(says)


@pytest.mark.parametrize("uri", ["qemu+tls://localhost/system", "qemu://localhost/system"])
def test_certificates_are_looked_for_where_the_uri_says(uri: str) -> None:
    with pytest.raises(ConnectionFailed, match=r"there is no file /nowhere/cacert\.pem"):
        reach(parse(f"{uri}?pkipath=/nowhere"), LocalHost(), 5, NOTHING_GIVEN)


@pytest.mark.parametrize(
    ("host", "address"), [("localhost", "127.0.0.1"), ("127.0.0.1", "127.0.0.1"), ("[::1]", "::1")]
)
def test_a_port_of_this_machine_has_no_files(host: str, address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as listener:
        link = reach(parse(f"qemu+tcp://{host}:{listener.getsockname()[1]}/system"), LocalHost(), 5, NOTHING_GIVEN)
        peer, _address = listener.accept()
        with peer:
            peer.sendall(b"hello")
            assert link.stream.receive(5, Deadline(5)) == b"hello"
        assert not link.has_files
        link.stream.close()


def test_a_name_that_pretends_to_be_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who answers for names could lead ``localhost`` away."""

    class Away(socket.socket):
        def getpeername(self) -> tuple[str, int]:
            return ("192.0.2.1", 16509)

    assert "localhost is not this machine" in refused(Away, monkeypatch)


def test_a_peer_that_is_gone_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(socket.socket):
        def getpeername(self) -> tuple[str, int]:
            raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

    assert "of localhost was closed at once: Transport endpoint is not connected." in refused(Gone, monkeypatch)


def refused(sockets: type[socket.socket], monkeypatch: pytest.MonkeyPatch) -> str:
    """Fail to connect with sockets of this kind; return the message."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        monkeypatch.setattr(socket, "socket", sockets)
        with pytest.raises(ConnectionFailed) as caught:
            reach(parse(f"qemu+tcp://localhost:{port}/system"), LocalHost(), 5, NOTHING_GIVEN)
    return str(caught.value)
