# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt import protocol
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.driver import LibvirtDriver
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Capability
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    AuthenticationFailed,
    ConnectionFailed,
    DeadlineExceeded,
    Denied,
    InputError,
    PeerError,
)
from ansible_collections.stratum.virt.plugins.module_utils._host.base import ByteStream
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost
from ansible_collections.stratum.virt.plugins.module_utils._uri import parse
from ansible_collections.stratum.virt.tests.unit._driver._libvirt.conftest import OpenDriver
from ansible_collections.stratum.virt.tests.unit._driver._libvirt.fake_daemon import (
    FakeDaemon,
    gives,
    hangs_up,
    keeps_silent,
    refuses,
    says,
)


class Machine(LocalHost):
    """A machine on which these sockets exist, or are refused to us; all lead to one daemon."""

    name = "the machine"

    def __init__(self, daemon: str, there: tuple[str, ...] = (), closed: tuple[str, ...] = (), user: int = 0) -> None:
        self.tried: list[str] = []
        self.variables = {"HOME": "/home/ann"}
        self._daemon = daemon
        self._there = there
        self._closed = closed
        self._user = user

    def connect(self, path: str, deadline: Deadline) -> ByteStream:
        self.tried.append(path)
        if path in self._closed:
            raise Denied(f"connecting to {path}: permission denied.")
        if path not in self._there:
            raise ConnectionFailed(f"connecting to {path}: No such file or directory.")
        return super().connect(self._daemon, deadline)

    def user_id(self) -> int:
        return self._user

    def environment(self, variable: str) -> str | None:
        return self.variables.get(variable)


def test_opening_takes_two_round_trips(daemon: FakeDaemon, open_driver: OpenDriver) -> None:
    driver = open_driver()
    assert daemon.asked == [protocol.AUTH_LIST, protocol.CONNECT_OPEN]
    assert daemon.calls[1].arguments == ("qemu:///system", 0)
    assert driver.uri == f"qemu:///system?socket={daemon.path}"


def test_polkit(daemon: FakeDaemon, open_driver: OpenDriver) -> None:
    daemon.script[protocol.AUTH_LIST] = gives([2])
    daemon.script[protocol.AUTH_POLKIT] = gives(1)
    open_driver()
    assert daemon.asked == [protocol.AUTH_LIST, protocol.AUTH_POLKIT, protocol.CONNECT_OPEN]


@pytest.mark.parametrize("code", [1, 45, 94])
def test_polkit_refuses(daemon: FakeDaemon, open_driver: OpenDriver, code: int) -> None:
    daemon.script[protocol.AUTH_LIST] = gives([2])
    daemon.script[protocol.AUTH_POLKIT] = refuses(code, "no agent")
    with pytest.raises(AuthenticationFailed, match=r"no agent.*group libvirt"):
        open_driver()


@pytest.mark.parametrize(("offered", "says"), [([1], "SASL"), ([], "no way"), ([7], "no way")])
def test_other_authentication(daemon: FakeDaemon, open_driver: OpenDriver, offered: list[int], says: str) -> None:
    daemon.script[protocol.AUTH_LIST] = gives(offered)
    with pytest.raises(AuthenticationFailed, match=says):
        open_driver()
    assert daemon.asked == [protocol.AUTH_LIST]


def test_a_daemon_without_that_hypervisor(daemon: FakeDaemon, open_driver: OpenDriver) -> None:
    daemon.script[protocol.CONNECT_OPEN] = refuses(5, "no connection driver available for xen:///system")
    with pytest.raises(ConnectionFailed, match="opening xen:///system: no connection driver"):
        open_driver("xen")


def test_a_daemon_whose_rules_refuse_us(daemon: FakeDaemon, open_driver: OpenDriver) -> None:
    daemon.script[protocol.CONNECT_OPEN] = refuses(88, "access denied")
    with pytest.raises(Denied, match="opening qemu:///system: access denied"):
        open_driver()


def test_a_daemon_that_dies_at_the_door(daemon: FakeDaemon, open_driver: OpenDriver) -> None:
    daemon.script[protocol.AUTH_LIST] = hangs_up
    with pytest.raises(ConnectionFailed, match="asking how to authenticate"):
        open_driver()


def test_a_daemon_that_is_none(daemon: FakeDaemon, open_driver: OpenDriver) -> None:
    daemon.script[protocol.AUTH_LIST] = says(b"SSH-2.0-OpenSSH_9.2 Debian, a greeting of some length\r\n")
    with pytest.raises(PeerError, match="asking how to authenticate"):
        open_driver()


def test_a_daemon_that_never_answers(daemon: FakeDaemon, open_driver: OpenDriver) -> None:
    daemon.script[protocol.AUTH_LIST] = keeps_silent
    with pytest.raises(DeadlineExceeded, match="asking how to authenticate: libvirt did not answer within 0"):
        open_driver(timeout=0.2)


def test_a_daemon_that_never_accepts(tmp_path: Path, host: LocalHost) -> None:
    path = str(tmp_path / "full")
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
        listener.bind(path)
        listener.listen(0)
        first.connect(path)
        opened = []

        def fill() -> None:
            with socket.socket(socket.AF_UNIX) as more:
                more.settimeout(2)
                try:
                    more.connect(path)
                except OSError as error:
                    opened.append(error)

        threading.Thread(target=fill, daemon=True).start()
        with pytest.raises((DeadlineExceeded, ConnectionFailed)):
            LibvirtDriver(parse(f"qemu:///system?socket={path}"), host, 0.3)


DIRECT, LEGACY = "/run/libvirt/virtqemud-sock", "/run/libvirt/libvirt-sock"


@pytest.mark.parametrize(
    ("uri", "there", "user", "used"),
    [
        ("qemu:///system", (DIRECT, LEGACY), 0, DIRECT),
        ("qemu+unix:///system", (LEGACY,), 0, LEGACY),
        ("qemu:///system?mode=legacy", (DIRECT, LEGACY), 0, LEGACY),
        ("qemu:///system?mode=direct", (DIRECT, LEGACY), 0, DIRECT),
        ("qemu:///system", ("/var" + DIRECT,), 0, "/var" + DIRECT),
        ("qemu:///system", (LEGACY,), 1000, LEGACY),
        ("lxc:///system", (DIRECT, LEGACY, "/run/libvirt/virtlxcd-sock"), 0, "/run/libvirt/virtlxcd-sock"),
        ("test:///default", (DIRECT, LEGACY), 0, LEGACY),
        ("qemu:///session", (LEGACY,), 0, LEGACY),
        (
            "qemu:///session",
            (LEGACY, "/home/ann/.cache/libvirt/virtqemud-sock"),
            1000,
            "/home/ann/.cache/libvirt/virtqemud-sock",
        ),
        (
            "test:///default",
            (LEGACY, "/home/ann/.cache/libvirt/libvirt-sock"),
            1000,
            "/home/ann/.cache/libvirt/libvirt-sock",
        ),
        ("qemu:///system?socket=/elsewhere", (DIRECT, LEGACY, "/elsewhere"), 0, "/elsewhere"),
    ],
)
def test_the_socket_that_is_used(daemon: FakeDaemon, uri: str, there: tuple[str, ...], user: int, used: str) -> None:
    machine = Machine(daemon.path, there, user=user)
    LibvirtDriver(parse(uri), machine, 1).close()
    assert machine.tried[-1] == used


def test_a_session_has_its_sockets_in_the_runtime_folder(daemon: FakeDaemon) -> None:
    machine = Machine(daemon.path, ("/run/user/1000/libvirt/libvirt-sock",), user=1000)
    machine.variables["XDG_RUNTIME_DIR"] = "/run/user/1000"
    LibvirtDriver(parse("qemu:///session"), machine, 1).close()
    assert machine.tried == ["/run/user/1000/libvirt/virtqemud-sock", "/run/user/1000/libvirt/libvirt-sock"]


def test_no_daemon(daemon: FakeDaemon) -> None:
    with pytest.raises(ConnectionFailed, match=r"does not answer on the machine: .*virtqemud-sock.*Start libvirtd"):
        LibvirtDriver(parse("qemu:///system"), Machine(daemon.path), 1)


def test_a_socket_that_is_not_for_us(daemon: FakeDaemon) -> None:
    machine = Machine(daemon.path, (LEGACY,), closed=(DIRECT,))
    with pytest.raises(Denied):
        LibvirtDriver(parse("qemu:///system"), machine, 1)


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("qemu+ssh:///system", "ssh needs a machine"),
        ("qemu+unix://host/system", "a unix socket is on this machine, not on host"),
        ("qemu+tcp://host/system", "unprotected"),
        ("qemu:///system?soket=/x", "'soket' is not known"),
        ("qemu:///system?mode=fast", "'fast' is not known"),
    ],
)
def test_a_uri_that_asks_for_what_is_not_there(host: LocalHost, uri: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as raised:
        LibvirtDriver(parse(uri), host, 1)
    assert raised.value.option == "uri"


def test_what_hypervisors_can_do(open_driver: OpenDriver) -> None:
    assert open_driver("qemu").capabilities == frozenset(Capability)
    assert Capability.AGENT not in open_driver("lxc").capabilities
    unknown = open_driver("hyperv")
    assert Capability.SHUTDOWN in unknown.capabilities
    assert Capability.HOTPLUG not in unknown.capabilities
    assert (unknown.networks, unknown.pools, unknown.volumes) == (None, None, None)
    simulation = open_driver("test")
    assert Capability.VOLUME_CONTENT not in simulation.capabilities
    assert simulation.networks is not None
    assert simulation.pools is not None
    assert simulation.volumes is not None


def test_leaving_closes(open_driver: OpenDriver) -> None:
    with open_driver() as driver:
        pass
    with pytest.raises(ConnectionFailed, match="was closed"):
        driver.domains.names()
