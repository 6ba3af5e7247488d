# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All of it together: from ``node3``, where only keys and certificates are, to nodes and into their guests.

``node1`` is reached by ssh, ``node2`` by TLS.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.certificates import Authority
from tests.conftest import clear
from tests.integration import ansible
from tests.integration.modules import Tasks
from tests.lab import Lab, Node
from tests.lab.proxy import DelayingProxy
from tests.lab.ssh import SshServer, make_key


class Far(NamedTuple):
    """Two nodes, the way to each, and the place from which one goes."""

    ssh: Node
    tls: Node
    here: Node
    uris: Mapping[str, str]

    def tasks(self, node: Node) -> Tasks:
        """Return tasks of the third node about another."""
        return Tasks(node, self.uris[node.name], at=self.here)

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a program of Ansible's on the third node; it has to succeed."""
        done = ansible.program(argv, at=self.here)
        assert done.returncode == 0, done.stdout + done.stderr
        return done


@pytest.fixture(scope="module")
def far(far_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    first, second, third = far_lab.nodes
    folder = tmp_path_factory.mktemp("far")
    key, known_hosts = make_key(folder / "key"), folder / "known_hosts"
    authority = Authority()
    server = authority.issue(folder / "server", "server", ["DNS:node2"])
    client = authority.issue(folder / "client", "client")
    second.serve_tls(server / "servercert.pem", server / "serverkey.pem", server / "cacert.pem")
    try:
        with SshServer(first, folder / "sshd", authorized=[key.with_suffix(".pub")]) as sshd:
            known_hosts.write_text(sshd.known_hosts_line("node1"))
            uris = {
                # All in the URI: Ansible goes through the OpenSSH client, which does not ask HOME where its files are.
                "node1": f"qemu+ssh://root@node1/system?keyfile={key}&known_hosts={known_hosts}",
                "node2": f"qemu+tls://node2/system?pkipath={client}",
            }
            yield Far(first, second, third, uris)
    finally:
        second.stop_tls()
        for node in (first, second):
            clear(node)


def test_an_ad_hoc_command_manages_far_nodes(far: Far, tmp_path: Path) -> None:
    hosts = {name: {"ansible_connection": "local", "uri": uri} for name, uri in far.uris.items()}
    inventory = tmp_path / "nodes.yml"
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
    options = json.dumps({"uri": "{{ uri }}", "name": "adhoc", "memory": "64MiB", "state": "stopped"})
    command = ("ansible", "all", "-i", str(inventory), "-m", "stratum.virt.domain", "-a", options)
    for word in ("CHANGED", "SUCCESS"):
        said = far.run(*command).stdout
        for name in far.uris:
            assert f"{name} | {word}" in said
    for node in (far.ssh, far.tls):
        assert node.virsh("list", "--all", "--name") == "adhoc"
        node.virsh("undefine", "adhoc")


def test_a_play_over_the_inventory_runs_commands_inside_guests(
    far: Far, bootable: dict[str, Any], tmp_path: Path
) -> None:
    started = []
    for node in (far.ssh, far.tls):
        # Two of one name, which only the node tells apart; each guest knows where it is from its kernel's command line.
        options = {**bootable, "cmdline": f"{bootable['cmdline']} lies_on={node.name}"}
        # By TLS, nothing is known of the node's processor, from which a default would come.
        started.append(far.tasks(node).start(name="twin", virt_type="qemu", state="running", **options))
    for task in started:
        assert task.result()["changed"]
    for node in (far.ssh, far.tls):
        far.tasks(node).make(name="twin", state="running", wait_for="agent")
    source = tmp_path / "far.stratum_virt.yml"
    source.write_text(
        json.dumps({"plugin": "stratum.virt.domains", "uris": [*far.uris.values()], "connection": "guest_agent"})
    )
    play = tmp_path / "play.yml"
    tasks = [
        {"name": "Ask", "ansible.builtin.raw": "cat /proc/cmdline", "register": "said", "changed_when": False},
        {
            "name": "Compare",
            "ansible.builtin.assert": {"that": "('lies_on=' ~ stratum_virt_node) in said.stdout"},
        },
    ]
    play.write_text(json.dumps([{"name": "Guests", "hosts": "state_running", "gather_facts": False, "tasks": tasks}]))
    done = far.run("ansible-playbook", "-i", str(source), str(play))
    for name in ("twin.node1", "twin.node2"):
        assert f"{name} " in done.stdout
    assert done.stdout.count("ok=2") == 2, done.stdout


def test_plain_text_is_refused_before_anything_is_sent(far: Far) -> None:
    """The daemon would take it: virsh shows that. Nobody's password or document goes there by our hand."""
    far.ssh.serve_tcp()
    try:
        plain = "qemu+tcp://node1/system"
        assert far.here.run(["virsh", "--connect", plain, "hostname"]).stdout.strip() == "node1"
        with DelayingProxy((far.ssh.address, 16509), 0, node=far.here) as proxy:
            for uri in (plain, f"qemu+tcp://{proxy.place[0]}:{proxy.port}/system"):
                refused = Tasks(far.ssh, uri, at=far.here).run(name="any")
                assert refused["failed"]
                assert "tcp sends everything unprotected" in refused["msg"]
            assert proxy.connections == 0
    finally:
        far.ssh.stop_tls()


def test_a_node_that_answers_in_plain_text_is_no_node(far: Far) -> None:
    """TLS to a daemon that does not protect what it says ends before any of it is believed."""
    far.ssh.serve_tcp()
    try:
        uri = far.uris["node2"].replace("node2", "node1:16509")
        refused = Tasks(far.ssh, uri, at=far.here).run(name="any", timeout=5)
        assert refused["failed"]
        assert "port 16509 of node1 closed the connection in the middle of the handshake" in refused["msg"]
    finally:
        far.ssh.stop_tls()
