# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The domains of real nodes as hosts: many of them, from afar, and with nodes among them that do not answer."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.certificates import Authority
from tests.conftest import Guest, clear
from tests.integration.ansible import program
from tests.integration.conftest import DEAF
from tests.lab import Lab, Node
from tests.lab.proxy import DelayingProxy, stalled, swallowed
from tests.lab.ssh import SshServer, make_key, set_password

MANY = 1000
TIMEOUT = 8
"""Seconds for each node: much more than those that live need."""
ON_DEFAULT = "<interface type='network'><source network='default'/></interface>"
AGENT = "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"


class Site(NamedTuple):
    """Two nodes with domains, and one from which they are reached."""

    crowded: Node
    """With many domains, by TLS."""
    small: Node
    """By ssh."""
    near: Node
    folder: Path

    @property
    def tls(self) -> str:
        return self.by_tls("node1")

    def by_tls(self, server: str) -> str:
        return f"qemu+tls://{server}/system?pkipath={self.folder}/client"

    @property
    def ssh(self) -> str:
        return f"qemu+ssh://root@node2/system?keyfile={self.folder}/key&known_hosts={self.folder}/known_hosts"

    def source(self, *uris: Mapping[str, Any], **options: Any) -> Path:
        path = self.folder / "lab.stratum_virt.yml"
        path.write_text(
            yaml.safe_dump(
                {"plugin": "stratum.virt.domains", "uris": [*map(dict, uris)], "timeout": TIMEOUT, **options}
            )
        )
        return path


class Listed:
    """What ``ansible-inventory`` says of a source."""

    def __init__(self, source: Path, at: Node | None = None, *argv: str) -> None:
        began = time.monotonic()
        done = program(["ansible-inventory", "--inventory", str(source), "--list", "--export", *argv], at=at)
        self.elapsed = time.monotonic() - began
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        self.hosts: dict[str, dict[str, Any]] = {
            host: plain(variables) for host, variables in said["_meta"]["hostvars"].items()
        }
        self.groups: dict[str, list[str]] = {name: group.get("hosts", []) for name, group in said.items()}
        self.warnings = " ".join(done.stderr.split())

    def of(self, node: str) -> set[str]:
        return set(self.groups[f"node_{node}"])


def plain(value: Any) -> Any:
    """Return a value without the marks of strings that are no templates."""
    if isinstance(value, dict):
        return (
            plain(value["__ansible_unsafe"])
            if set(value) == {"__ansible_unsafe"}
            else {name: plain(item) for name, item in value.items()}
        )
    return [plain(item) for item in value] if isinstance(value, list) else value


def virsh(node: Node, commands: list[str]) -> None:
    """Run many commands by one virsh."""
    subprocess.run(node.virsh_command(), input="\n".join(commands), text=True, capture_output=True, check=True)


@pytest.fixture(scope="module")
def site(far_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("inventory")
    crowded, small, near = far_lab.nodes
    site = Site(crowded, small, near, folder)
    define(crowded, folder, *(f"many{number}" for number in range(MANY)))
    define(small, folder, "web", "many1")
    small.virsh("start", "web")
    authority = Authority()
    for role, names in (("server", ["DNS:node1"]), ("client", [])):
        authority.issue(folder / role, role, names=names)
    places = (folder / "server/servercert.pem", folder / "server/serverkey.pem", folder / "server/cacert.pem")
    crowded.serve_tls(*places)
    key = make_key(folder / "key")
    with SshServer(small, folder / "sshd", authorized=[key.with_suffix(".pub")]) as server:
        (folder / "known_hosts").write_text(server.known_hosts_line("node2"))
        yield site
    crowded.stop_tls()
    virsh(crowded, [f"undefine many{number}" for number in range(MANY)])
    clear(small)


def define(node: Node, folder: Path, *names: str) -> None:
    commands = []
    for name in names:
        path = folder / f"{name}.xml"
        path.write_text(DEAF.format(name=name, devices=ON_DEFAULT))
        commands.append(f"define {path}")
    virsh(node, commands)


def unix(socket: Path | str, name: str, **more: Any) -> dict[str, Any]:
    return {"uri": f"qemu+unix:///system?socket={socket}", "name": name, **more}


def test_the_living_are_complete_within_their_time(site: Site) -> None:
    slow = DelayingProxy(site.small.socket, 0.3)
    with slow, stalled(listen=site.folder / "stalled") as dead:
        assert isinstance(dead.place, Path)
        found = Listed(
            site.source(
                unix(dead.place, "stalled"),
                unix(site.crowded.socket, "crowded"),
                unix(site.folder / "nobody", "nobody"),
                unix(slow.path, "slow"),
            )
        )
    assert found.of("crowded") == {f"many{number}" for number in range(MANY)} - {"many1"} | {"many1.crowded"}
    assert found.of("slow") == {"web", "many1.slow"}
    assert found.groups["state_running"] == ["web"]
    assert found.groups["network_default"] != []
    many = found.hosts["many7"]
    assert many["stratum_virt_spec"]["memory"] == "64MiB"
    assert many["stratum_virt_uuid"] == site.crowded.virsh("domuuid", "many7")
    assert "the domains of the node stalled are not in the inventory" in found.warnings
    assert f"within {TIMEOUT} s" in found.warnings
    assert "the domains of the node nobody are not in the inventory" in found.warnings
    # The one that says nothing has its time, and nobody else waits for it.
    assert found.elapsed < 2 * TIMEOUT


def test_it_takes_two_round_trips_and_those_of_the_handshake(site: Site) -> None:
    delay = 0.3
    with DelayingProxy(site.crowded.socket, delay) as far:
        found = Listed(site.source(unix(far.path, "far"), filters=[{"exclude": "stratum_virt_name == 'many0'"}]))
        assert far.counts().connections == 1
    assert len(found.hosts) == MANY - 1
    # A round trip for each domain would take a quarter of an hour.
    assert found.elapsed < 30


def test_from_afar(site: Site) -> None:
    nobody = {"uri": site.by_tls("10.77.0.200"), "timeout": 4}
    unknown = {"uri": "qemu+ssh://no-such-node.invalid/system", "timeout": 4}
    with swallowed(site.crowded, 16999):
        found = Listed(
            site.source(
                {"uri": site.tls, "name": "crowded"},
                {"uri": site.ssh, "name": "small"},
                nobody,
                unknown,
                {"uri": site.by_tls("node1:16999"), "name": "swallowed", "timeout": 4},
                address_sources=[],
            ),
            at=site.near,
        )
    assert len(found.of("crowded")) == MANY
    assert found.of("small") == {"web", "many1.small"}
    for name in ("10.77.0.200", "no-such-node.invalid", "swallowed"):
        assert f"the domains of the node {name} are not in the inventory" in found.warnings
    assert "within 4 s" in found.warnings
    assert found.elapsed < 3 * TIMEOUT


def test_a_password_is_an_option_or_a_variable_from_outside(site: Site) -> None:
    set_password(site.small, "root", "right")
    uri = f"qemu+ssh://root@node2/system?known_hosts={site.folder}/known_hosts&sshauth=password"
    wrong = {"uri": uri, "name": "wrong", "ssh_password": "wr0ng"}
    source = site.source({"uri": uri, "name": "right"}, wrong, names=["web"])
    found = Listed(source, site.near, "--extra-vars", "stratum_virt_ssh_password=right")
    assert found.of("right") == {"web"}
    assert "the domains of the node wrong are not in the inventory" in found.warnings
    assert "wr0ng" not in found.warnings + str(found.hosts)
    assert "stratum_virt_ssh_password" not in found.hosts["web"]


def test_a_name_that_nobody_looks_up_holds_up_nothing(site: Site) -> None:
    resolver = site.near.folder / "etc" / "resolv.conf"
    before = resolver.read_text() if resolver.exists() else None
    resolver.write_text("nameserver 10.77.0.200\noptions timeout:30 attempts:9\n")
    try:
        found = Listed(
            site.source(
                {"uri": site.ssh, "name": "small"},
                {"uri": site.by_tls("who.example"), "timeout": 3},
                names=["web"],
            ),
            at=site.near,
        )
    finally:
        resolver.unlink() if before is None else resolver.write_text(before)
    assert list(found.hosts) == ["web"]
    assert "the domains of the node who.example are not in the inventory" in found.warnings
    assert "within 3 s" in found.warnings
    assert found.elapsed < 30


def test_what_cannot_be_read_fails_when_told_so(site: Site) -> None:
    source = site.source(unix(site.folder / "nobody", "nobody"), on_unreachable="fail")
    done = program(["ansible-inventory", "--inventory", str(source), "--list"])
    assert "the domains of the node nobody are not in the inventory" in " ".join(done.stderr.split())
    done = program(
        ["ansible-inventory", "--inventory", str(source), "--list"],
        environment={"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"},
    )
    assert done.returncode != 0


def test_modules_find_their_domain_by_the_variables_of_its_host(site: Site) -> None:
    source = site.source(
        {"uri": site.tls, "name": "crowded"}, {"uri": site.ssh, "name": "small"}, names=["many2", "many3", "web"]
    )

    def adhoc(state: str) -> str:
        arguments = f"uri={{{{ stratum_virt_uri }}}} name={{{{ stratum_virt_name }}}} state={state}"
        done = program(
            [
                *("ansible", "all", "--inventory", str(source), "--connection", "local"),
                *("--module-name", "stratum.virt.domain", "--args", arguments),
            ],
            at=site.near,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert adhoc("running").count("CHANGED") == 2
    assert sorted(site.crowded.virsh("list", "--name").split()) == ["many2", "many3"]
    assert adhoc("running").count("SUCCESS") == 3
    site.crowded.virsh("destroy", "many2")
    site.crowded.virsh("destroy", "many3")


@pytest.fixture(scope="module")
def inside(site: Site, guest: Guest) -> Iterator[str]:
    """A domain that runs an operating system, with an agent and an address."""
    path = site.folder / "inside.xml"
    boot = f"<kernel>{guest.kernel}</kernel><initrd>{guest.initrd}</initrd><cmdline>{guest.cmdline}</cmdline></os>"
    document = DEAF.format(name="inside", devices=ON_DEFAULT.replace("/></i", "/><model type='virtio'/></i") + AGENT)
    path.write_text(document.replace("</os>", boot).replace("<memory unit='MiB'>64<", "<memory unit='MiB'>160<"))
    virsh(site.small, [f"define {path}", "start inside"])
    end = time.monotonic() + 60
    while "192.168.122." not in site.small.virsh("domifaddr", "inside", "--source", "agent", check=False):
        assert time.monotonic() < end, "the guest does not come up"
        time.sleep(0.3)
    yield "inside"
    virsh(site.small, ["destroy inside", "undefine inside"])


def test_addresses_of_a_guest(site: Site, inside: str) -> None:
    found = Listed(
        site.source({"uri": site.ssh, "name": "small"}, address_sources=["agent", "lease", "arp"]), site.near
    )
    host = found.hosts[inside]
    by_source = {each["source"]: each for each in host["stratum_virt_addresses"] if "192.168" in each["address"]}
    assert {"agent", "lease"} <= set(by_source)
    assert by_source["agent"]["address"] == by_source["lease"]["address"] == host["ansible_host"]
    assert by_source["agent"]["mac"] == by_source["lease"]["mac"]
    # The agent also tells of addresses that nobody else can use.
    assert "127.0.0.1" in [each["address"] for each in host["stratum_virt_addresses"]]
    # The firmware of a domain without a guest may have an address, and there is no agent to say so.
    assert "agent" not in [each["source"] for each in found.hosts["web"]["stratum_virt_addresses"]]


def test_a_play_goes_into_guests_through_their_agents(site: Site, inside: str) -> None:
    filters = [{"exclude": "stratum_virt_addresses | length == 0"}]
    source = site.source(
        {"uri": site.ssh, "name": "small"}, connection="guest_agent", address_sources=["agent"], filters=filters
    )
    play = site.folder / "play.yml"
    task = {"name": "Look around", "ansible.builtin.raw": "echo inside of $(cat /proc/sys/kernel/ostype)"}
    play.write_text(yaml.safe_dump([{"name": "In guests", "hosts": "all", "gather_facts": False, "tasks": [task]}]))
    done = program(["ansible-playbook", "--inventory", str(source), "-v", str(play)], at=site.near)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "inside of Linux" in done.stdout
    assert inside in done.stdout
    assert "web" not in done.stdout
