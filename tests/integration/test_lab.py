# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests of far nodes rely on: servers in nodes that let in whom they should, and nobody else."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.modules import Tasks
from tests.lab import Node
from tests.lab.lab import LabError
from tests.lab.proxy import DelayingProxy, swallowed
from tests.lab.ssh import SshServer, add_user, make_key, set_password

Nodes = tuple[Node, Node, Node]


def reply(node: Node, *argv: str) -> subprocess.CompletedProcess[str]:
    return node.run(argv, check=False)


class Client:
    """The OpenSSH client on a node, which knows nothing but what it is told."""

    def __init__(self, node: Node, folder: Path) -> None:
        self.node = node
        self.known_hosts = folder / "known_hosts"
        self.key = make_key(folder / "key")

    def run(self, destination: str, command: str, port: int = 22) -> subprocess.CompletedProcess[str]:
        options = {"UserKnownHostsFile": self.known_hosts, "IdentityFile": self.key, "BatchMode": "yes", "Port": port}
        argv = ["ssh", "-F", "none", *(f"-o{name}={value}" for name, value in options.items()), destination, command]
        return reply(self.node, *argv)


@pytest.fixture
def client(far_nodes: Nodes, tmp_path: Path) -> Client:
    return Client(far_nodes[2], tmp_path)


@pytest.fixture
def server(far_nodes: Nodes, client: Client, tmp_path: Path) -> Iterator[SshServer]:
    with SshServer(far_nodes[0], tmp_path / "server", authorized=[client.key.with_suffix(".pub")]) as server:
        client.known_hosts.write_text(server.known_hosts_line("node1"))
        yield server


def test_ssh_reaches_the_nodes_own_daemon(far_nodes: Nodes, client: Client, server: SshServer) -> None:
    done = client.run("root@node1", "hostname; virsh hostname; echo said >&2; exit 3")
    assert (done.stdout.split(), done.stderr, done.returncode) == (["node1", "node1"], "said\n", 3)
    assert "Accepted publickey for root" in server.log.read_text()


def test_an_ordinary_user_is_one(client: Client, server: SshServer) -> None:
    home = add_user(server.node, "ann")
    done = client.run("ann@node1", "id -un; pwd; touch made; virsh -c qemu:///system hostname")
    assert done.stdout.split() == ["ann", "/run/home/ann"]
    assert done.returncode != 0
    assert (home / "made").stat().st_uid == home.stat().st_uid
    assert "ann:" not in Path("/etc/passwd").read_text()


def test_a_password_is_asked_for(far_nodes: Nodes, server: SshServer, tmp_path: Path) -> None:
    add_user(server.node, "bob", "right")
    ask = tmp_path / "ask"
    ask.touch(0o700)
    for word, greeted in (("right", "bob"), ("wrong", "")):
        ask.write_text(f"#!/bin/sh\necho {word}\n")
        options = (f"-oUserKnownHostsFile={tmp_path}/known_hosts", "-oPubkeyAuthentication=no")
        options += ("-oNumberOfPasswordPrompts=1",)
        environment = (f"SSH_ASKPASS={ask}", "SSH_ASKPASS_REQUIRE=force")
        done = reply(far_nodes[2], "env", *environment, "ssh", "-F", "none", *options, "bob@node1", "id -un")
        assert done.stdout.strip() == greeted
    set_password(server.node, "bob", "other")
    assert "Failed password for bob" in server.log.read_text()


def test_a_node_has_several_servers_of_which_each_has_its_own_mind(
    client: Client, server: SshServer, tmp_path: Path
) -> None:
    with SshServer(server.node, tmp_path / "other", port=2222, options={"PermitRootLogin": "no"}) as other:
        client.known_hosts.write_text(server.known_hosts_line("node1") + other.known_hosts_line("node1"))
        other.authorize(client.key.with_suffix(".pub"))
        assert client.run("root@node1", "true").returncode == 0
        assert "Permission denied" in client.run("root@node1", "true", port=2222).stderr
        client.known_hosts.write_text(other.known_hosts_line("node1").replace("[node1]:2222", "node1"))
        assert "IDENTIFICATION HAS CHANGED" in client.run("root@node1", "true").stderr
    assert "Connection refused" in client.run("root@node1", "true", port=2222).stderr


def test_a_server_takes_its_sessions_along(client: Client, server: SshServer) -> None:
    waiting = subprocess.Popen(
        [
            *client.node.enter(
                "ssh", "-F", "none", f"-oUserKnownHostsFile={client.known_hosts}", "-i", str(client.key)
            ),
            "root@node1",
            "echo here; exec sleep 1234",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with waiting:
        assert waiting.stdout
        assert waiting.stdout.readline() == b"here\n"
        server.stop()
        assert waiting.wait(10) == 255
    assert "sleep 1234" not in server.node.run(["ps", "axo", "args"]).stdout


def test_a_server_that_cannot_start_says_why(far_nodes: Nodes, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="Bad configuration option: Nonsense"):
        SshServer(far_nodes[0], tmp_path / "server", options={"Nonsense": "yes"}).start()


def test_tls_asks_for_a_certificate_and_guests_go_on(far_nodes: Nodes, tmp_path: Path) -> None:
    first, _second, third = far_nodes
    tasks = Tasks(first)
    tasks.define(
        "<domain type='qemu'><name>on</name><memory>65536</memory><os><type>hvm</type></os></domain>", tmp_path
    )
    tasks.virsh("start", "on")
    make_pki(tmp_path)
    virsh = ("virsh", "--connect", f"qemu+tls://node1/system?pkipath={tmp_path}", "hostname")
    assert "Connection refused" in reply(third, *virsh).stderr
    first.serve_tls(tmp_path / "servercert.pem", tmp_path / "serverkey.pem", tmp_path / "cacert.pem")
    try:
        assert reply(third, *virsh).stdout.strip() == "node1"
        (tmp_path / "clientcert.pem").unlink()
        assert reply(third, *virsh).returncode != 0
    finally:
        first.stop_tls()
    assert "Connection refused" in reply(third, *virsh).stderr
    assert tasks.state("on") == "running"


def test_a_daemon_that_cannot_serve_says_why(far_nodes: Nodes, tmp_path: Path) -> None:
    first = far_nodes[0]
    with pytest.raises(LabError, match=r"does not start: .*Cannot read CA certificate"):
        first.serve_tls(tmp_path / "none", tmp_path / "none", tmp_path / "none")
    assert not first.answers()
    first.stop_tls()
    assert first.answers()


def make_pki(folder: Path) -> None:
    """Make an authority, and certificates of a server ``node1`` and a client, under libvirt's names."""

    def openssl(*argv: str) -> None:
        subprocess.run(["openssl", *argv], cwd=folder, check=True, capture_output=True)

    new = ("-newkey", "ed25519", "-nodes")
    openssl("req", "-x509", *new, "-keyout", "cakey.pem", "-out", "cacert.pem", "-subj", "/CN=authority")
    for role, name in (("server", "node1"), ("client", "client")):
        openssl("req", *new, "-keyout", f"{role}key.pem", "-out", "request", "-subj", f"/CN={name}")
        signed = ("-CA", "cacert.pem", "-CAkey", "cakey.pem", "-CAcreateserial", "-out", f"{role}cert.pem")
        openssl("x509", "-req", "-in", "request", *signed)


def test_a_line_lies_in_a_nodes_network(far_nodes: Nodes, client: Client, server: SshServer) -> None:
    second = far_nodes[1]
    with DelayingProxy((server.address, 22), 0.01, node=second) as proxy:
        line = server.known_hosts_line("node2").replace("node2", f"[node2]:{proxy.port}")
        client.known_hosts.write_text(line)
        assert client.run("root@node2", "hostname", proxy.port).stdout.strip() == "node1"
        assert proxy.connections == 1


def test_a_dead_port_swallows(far_nodes: Nodes, server: SshServer) -> None:
    hello = ["timeout", "1", "bash", "-c", "exec 3<>/dev/tcp/node1/22 && head -c 4 <&3"]
    with swallowed(far_nodes[0], 22):
        assert reply(far_nodes[2], *hello).returncode == 124
    assert reply(far_nodes[2], *hello).stdout == "SSH-"


def test_a_task_runs_on_another_node(far_nodes: Nodes) -> None:
    """The daemon at the usual socket is the one of the node that the module runs on."""
    first, second, _third = far_nodes
    there = Tasks(first, "qemu:///system", at=first)
    assert there.make(name="there", memory="64MiB", vcpus=1, state="stopped")["changed"]
    assert there.names() == ["there"]
    assert [found["name"] for found in there.info()] == ["there"]
    assert Tasks(second, "qemu:///system", at=second).info() == []


def test_a_task_on_another_node_can_be_killed(far_nodes: Nodes) -> None:
    first, _second, third = far_nodes

    def processes() -> int:
        return sum("pytest" in line for line in third.run(["ps", "axo", "args"]).stdout.splitlines())

    first.daemon_signal(signal.SIGSTOP)
    try:
        started = Tasks(first, at=third).start(name="any")
        wait_until(lambda: processes() == 1)
        started.kill()
        wait_until(lambda: processes() == 0)
    finally:
        first.daemon_signal(signal.SIGCONT)


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_task_gets_its_environment(far_nodes: Nodes) -> None:
    uri = "lxc+unix:///system?socket=/nowhere"
    task = Tasks(far_nodes[0], at=far_nodes[2], environment={"STRATUM_VIRT_URI": uri}).of("domain_info")
    assert "/nowhere" in task.run(uri=None)["msg"]
