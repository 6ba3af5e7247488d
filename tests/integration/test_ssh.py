# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes that are reached by ssh, in every way that ssh has, and all that keeps them from being reached."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.integration.modules import Tasks
from tests.lab import Lab, Node
from tests.lab.proxy import DelayingProxy
from tests.lab.ssh import SshServer, add_user, make_key, set_password

MIB = 1048576
PASSPHRASE = "a phrase for keys"
PASSWORD = "a word for root"
NAME = "far-witness"
"""A domain of the node, which only the node knows."""


class Site(NamedTuple):
    """A node with a server, one that leads to it, and a machine from which both are reached."""

    node: Node
    jump: Node
    near: Node
    server: SshServer
    jump_server: SshServer
    bare: SshServer
    """The node again, at another port, for logins that find few programs."""
    keys: Path

    def key(self, name: str) -> Path:
        return self.keys / name


class Person:
    """Somebody on the near machine, with a home folder that has what the test puts there."""

    def __init__(self, site: Site, home: Path) -> None:
        self.site = site
        self.home = home
        self.environment = {"HOME": str(home)}
        (home / ".ssh").mkdir(parents=True, mode=0o700)
        self.known_hosts = home / ".ssh" / "known_hosts"

    def knows(self, *lines: str) -> Person:
        self.known_hosts.write_text("".join(lines))
        return self

    def knows_all(self) -> Person:
        site = self.site
        return self.knows(
            site.server.known_hosts_line("node1"),
            site.jump_server.known_hosts_line("node2"),
            site.bare.known_hosts_line("node1"),
        )

    def has_key(self, name: str = "good", path: str = ".ssh/id_ed25519") -> Person:
        shutil.copy(self.site.key(name), self.home / path)
        shutil.copy(self.site.key(name).with_suffix(".pub"), self.home / f"{path}.pub")
        return self

    def configures(self, text: str) -> Person:
        (self.home / ".ssh" / "config").write_text(text)
        (self.home / ".ssh" / "config").chmod(0o600)
        return self

    def tasks(self, uri: str, module: str = "domain_info") -> Tasks:
        return Tasks(self.site.node, uri, module, at=self.site.near, environment=self.environment)

    def sees(self, uri: str = "qemu+ssh://root@node1/system", **options: Any) -> dict[str, Any]:
        """Read the node's domains; return the result, in which the witness is."""
        result = self.tasks(uri).make(**options)
        assert [domain["name"] for domain in result["domains"]] == [NAME]
        return result

    def refused(self, uri: str = "qemu+ssh://root@node1/system", **options: Any) -> str:
        """Try to read them in vain; return the message."""
        result = self.tasks(uri).run(**options)
        assert result["failed"], result
        message: str = result["msg"]
        assert PASSWORD not in message
        assert PASSPHRASE not in message
        return message


@pytest.fixture(scope="module")
def site(far_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("ssh")
    node, jump, near = far_lab.nodes
    for name, kind, passphrase in (
        ("good", "ed25519", ""),
        ("rsa", "rsa", ""),
        ("locked", "ed25519", PASSPHRASE),
        ("stranger", "ed25519", ""),
        ("authority", "ed25519", ""),
    ):
        make_key(folder / name, kind, passphrase)
    authorized = [folder / f"{name}.pub" for name in ("good", "rsa", "locked")]
    set_password(node, "root", PASSWORD)
    few = node.folder / "run" / "few"
    few.mkdir()
    for name in ("sh", "id", "printenv"):
        (few / name).symlink_to(shutil.which(name) or "")
    bare = {"SetEnv": "PATH=/run/few", "PermitTTY": "no"}
    with (
        SshServer(node, folder / "node1", authorized=authorized) as server,
        SshServer(jump, folder / "node2", authorized=authorized) as jump_server,
        SshServer(node, folder / "node1", port=2222, options=bare, authorized=authorized) as bare_server,
    ):
        yield Site(node, jump, near, server, jump_server, bare_server, folder)


@pytest.fixture(autouse=True)
def witness(site: Site) -> Iterator[None]:
    tasks = Tasks(site.node)
    tasks.make(name=NAME, memory="64MiB", state="stopped")
    yield
    for name in tasks.names():
        tasks.virsh("destroy", name, check=False)
        tasks.virsh("undefine", name, check=False)


@pytest.fixture
def person(site: Site, tmp_path: Path) -> Person:
    return Person(site, tmp_path / "home")


@pytest.fixture
def agent(person: Person) -> Iterator[Person]:
    """Somebody with an agent that holds nothing yet."""
    path = person.home / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.DEVNULL)
    person.environment["SSH_AUTH_SOCK"] = str(path)
    while not path.exists():
        time.sleep(0.01)
    yield person
    process.terminate()
    process.wait()


def add_to_agent(person: Person, name: str) -> None:
    environment = {**os.environ, **person.environment, "SSH_ASKPASS": "/bin/cat", "SSH_ASKPASS_REQUIRE": "force"}
    if name == "locked":
        ask = person.home / "ask"
        ask.write_text(f"#!/bin/sh\necho '{PASSPHRASE}'\n")
        ask.chmod(0o700)
        environment["SSH_ASKPASS"] = str(ask)
    subprocess.run(["ssh-add", "-q", str(person.site.key(name))], env=environment, check=True, stdin=subprocess.DEVNULL)


# Logging in


def test_the_default_key(person: Person) -> None:
    assert person.knows_all().has_key().sees().get("warnings", []) == []


@pytest.mark.parametrize("transport", ["libssh", "libssh2"])
def test_the_other_names_of_ssh_and_their_parameters(person: Person, site: Site, transport: str) -> None:
    elsewhere = person.home / "elsewhere"
    elsewhere.write_text(site.server.known_hosts_line("node1"))
    parameters = f"keyfile={site.key('rsa')}&known_hosts={elsewhere}&known_hosts_verify=normal&sshauth=privkey"
    person.sees(f"qemu+{transport}://root@node1/system?{parameters}")


def test_an_agent(agent: Person, site: Site) -> None:
    agent.knows_all()
    assert "there was nothing to try" in agent.refused()
    add_to_agent(agent, "good")
    agent.sees()
    agent.sees("qemu+ssh://root@node1/system?sshauth=agent")
    assert "there was nothing to try" in agent.refused("qemu+ssh://root@node1/system?sshauth=privkey")


def test_an_encrypted_key(person: Person) -> None:
    person.knows_all().has_key("locked")
    person.sees(ssh_passphrase=PASSPHRASE)
    message = person.refused()
    assert "id_ed25519 is encrypted, and neither an agent nor a passphrase is there for it" in message
    assert "Give ssh_passphrase" in message
    message = person.refused(ssh_passphrase="wrong")
    assert "id_ed25519 is encrypted with another passphrase than the one that was given" in message
    assert "wrong" not in message


def test_an_encrypted_key_that_an_agent_holds(agent: Person, site: Site) -> None:
    agent.knows_all()
    add_to_agent(agent, "stranger")
    add_to_agent(agent, "locked")
    agent.sees(f"qemu+ssh://root@node1/system?keyfile={site.key('locked')}")


def test_a_password(person: Person) -> None:
    person.knows_all()
    person.sees(ssh_password=PASSWORD)
    message = person.refused(ssh_password="wrong one")
    assert "logging in to root@node1: the password was refused." in message
    assert "wrong one" not in message


def test_keys_that_are_refused_are_named(person: Person, site: Site) -> None:
    message = person.knows_all().has_key("stranger").refused()
    fingerprint = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(site.key("stranger"))], capture_output=True, text=True, check=True
    ).stdout.split()[1]
    assert "logging in to root@node1: " in message
    assert f"id_ed25519 (ssh-ed25519 {fingerprint}) was refused" in message
    assert "authorized_keys" in message
    assert "logging in to nobody-here@node1" in person.refused("qemu+ssh://nobody-here@node1/system")
    with_none = person.refused("qemu+ssh://root@node1/system?keyfile=/nowhere/key&sshauth=privkey")
    assert "/nowhere/key cannot be read (No such file or directory)" in with_none


# Who answers


def test_a_hashed_file_of_known_hosts(person: Person) -> None:
    person.knows_all().has_key()
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(person.known_hosts)], check=True, capture_output=True)
    assert "node1" not in person.known_hosts.read_text()
    person.sees()


def test_the_type_of_key_that_is_known_is_asked_for(person: Person, site: Site) -> None:
    person.has_key().knows(site.server.known_hosts_line("node1", "rsa")).sees()


def test_an_unknown_host(person: Person, site: Site) -> None:
    message = person.has_key().refused()
    shown = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(site.server.host_key())], capture_output=True, text=True, check=True
    ).stdout.split()[1]
    assert f"the host key of node1 is not known: ssh-ed25519 {shown}." in message
    assert str(person.known_hosts) in message


def test_an_unknown_host_that_is_to_be_trusted(person: Person) -> None:
    person.has_key()
    (warning,) = person.sees("qemu+ssh://root@node1/system?known_hosts_verify=auto")["warnings"]
    assert "the key of node1 was not known and is trusted from now on" in str(warning)
    assert person.sees().get("warnings", []) == []


@pytest.mark.parametrize("parameter", ["no_verify=1", "known_hosts_verify=ignore"])
def test_a_check_that_is_switched_off_is_a_warning(person: Person, parameter: str) -> None:
    (warning,) = person.has_key().sees(f"qemu+ssh://root@node1/system?{parameter}")["warnings"]
    assert "nobody checked that node1 is the machine that it should be" in str(warning)


def test_a_revoked_key(person: Person, site: Site) -> None:
    line = site.server.known_hosts_line("node1")
    person.has_key().knows(line, f"@revoked * {line.partition(' ')[2]}")
    assert f"is revoked in {person.known_hosts} line 2" in person.refused()


def test_a_host_certificate(person: Person, site: Site) -> None:
    key = site.server.host_key()
    sign = ["ssh-keygen", "-q", "-s", str(site.key("authority")), "-I", "node1", "-h", "-n", "node1"]
    authority = site.key("authority").with_suffix(".pub").read_text()
    person.has_key().knows(f"@cert-authority node* {authority}")
    certificate = key.with_name(f"{key.name}-cert.pub")
    with SshServer(site.node, key.parent, port=2200, authorized=[site.key("good.pub")]) as server:
        for validity, says in (("-1h:+1h", None), ("20200101:20200102", "it has expired")):
            subprocess.run([*sign, "-V", validity, f"{key}.pub"], check=True)
            server.stop()
            server.options["HostCertificate"] = str(certificate)
            server.start()
            uri = "qemu+ssh://root@node1:2200/system"
            if says is None:
                person.sees(uri)
            else:
                assert says in person.refused(uri)


def test_a_man_in_the_middle_gets_nothing(agent: Person, site: Site, tmp_path: Path) -> None:
    agent.knows_all().has_key()
    add_to_agent(agent, "rsa")
    site.server.stop()
    try:
        with SshServer(site.node, tmp_path / "middle", authorized=[site.key("good.pub")]) as middle:
            message = agent.refused(ssh_password=PASSWORD)
            said = middle.log.read_text()
    finally:
        site.server.start()
    assert "the host key of node1 has changed" in message
    assert f"{agent.known_hosts} line 1" in message
    assert "kex: algorithm" in said, "it was really asked"
    for word in ("userauth", "publickey", "password"):
        assert f"{word}" not in said.split("SSH2_MSG_KEXINIT sent")[-1].lower(), said
    agent.sees()


# The configuration of ssh


def test_an_alias(person: Person, site: Site) -> None:
    person.has_key(path="key").configures(
        f"""
        Host near
            HostName node1
            User root
            Port 2222
            IdentityFile ~/key
            UserKnownHostsFile {person.home}/hosts
        """
    )
    (person.home / "hosts").write_text(site.bare.known_hosts_line("node1"))
    person.sees("qemu+ssh://near/system?socket=/run/libvirt/libvirt-sock")


def test_jumps(person: Person) -> None:
    person.knows_all().has_key().configures("Host node1\n ProxyJump root@node2,root@node1:2222\n")
    person.sees()
    person.configures("Host node1\n ProxyJump root@node2:2\n")
    message = person.refused()
    assert message.startswith("the jump host node2: connecting to port 2 of node2")
    person.configures("Host node1\n ProxyJump root@node2\n HostName nowhere\n")
    assert "connecting to nowhere port 22 from there: the ssh server refuses it" in person.refused()


def test_a_jump_host_that_is_not_known(person: Person, site: Site) -> None:
    person.has_key().knows(site.server.known_hosts_line("node1")).configures("Host node1\n ProxyJump root@node2\n")
    assert person.refused().startswith("the jump host node2: the host key of node2 is not known")


def test_a_proxy_command(person: Person) -> None:
    person.knows_all().has_key().configures("Host node1\n ProxyCommand nc %h %p\n")
    person.sees()
    person.configures("Host node1\n ProxyCommand echo no way >&2; exit 1\n")
    message = person.refused()
    assert "the ssh server at node1 port 22 does not go on" in message
    assert "no way" in message


# Servers that are none


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("nowhere-at-all", "the address of nowhere-at-all was not found"),
        ("node1:2", "connecting to port 2 of node1: 10.77.0.1: Connection refused"),
    ],
)
def test_places_that_are_not_there(person: Person, place: str, says: str) -> None:
    assert says in person.refused(f"qemu+ssh://root@{place}/system")


def test_a_server_that_does_not_answer(person: Person, site: Site) -> None:
    person.configures("ConnectTimeout 1\n")
    with DelayingProxy(None, listen=(site.node.address, 2022), node=site.node):
        assert "no answer within 1 s: the ssh server at node1 port 2022" in person.refused(
            "qemu+ssh://root@node1:2022/system"
        )


def test_a_server_of_another_kind(person: Person, site: Site) -> None:
    speak = """
import socket
server = socket.create_server(("", 2023))
server.settimeout(30)
print(flush=True)
taken, _address = server.accept()
taken.recv(100)
taken.sendall(b"HTTP/1.1 400 Bad\\r\\n\\r\\n")
"""
    with subprocess.Popen(site.node.enter(sys.executable, "-c", speak), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        message = person.refused("qemu+ssh://root@node1:2023/system")
    assert "what answers at node1 port 2023 is no ssh server. It says: 'HTTP/1.1 400 Bad'." in message


# From the login to the daemon


@pytest.mark.parametrize("query", ["proxy=native", "proxy=netcat", "mode=legacy", "netcat=nc", "no_tty=1"])
def test_the_ways_to_the_daemon(person: Person, query: str) -> None:
    person.knows_all().has_key().sees(f"qemu+ssh://root@node1/system?{query}")


def test_a_node_that_has_neither_helper_nor_netcat(person: Person) -> None:
    person.knows_all().has_key().sees("qemu+ssh://root@node1:2222/system")


def test_when_no_way_leads_to_the_daemon(person: Person, site: Site) -> None:
    person.knows_all().has_key()
    site.bare.stop()
    site.bare.options["AllowStreamLocalForwarding"] = "no"
    site.bare.start()
    try:
        message = person.refused("qemu+ssh://root@node1:2222/system")
    finally:
        site.bare.stop()
        del site.bare.options["AllowStreamLocalForwarding"]
        site.bare.start()
    assert "root@node1 was reached, and libvirt there was not: there is no virt-ssh-helper; there is no nc;" in message
    assert "/run/libvirt/libvirt-sock on root@node1: the ssh server refuses it" in message


def test_a_daemon_that_does_not_run(person: Person, site: Site) -> None:
    person.knows_all().has_key()
    site.node.daemon_stop()
    try:
        message = person.refused()
    finally:
        site.node.daemon_start()
    assert "virt-ssh-helper: cannot connect to" in message


def test_the_session_of_an_ordinary_person(person: Person, site: Site) -> None:
    add_user(site.node, "ann")
    person.knows_all().has_key()
    tasks = person.tasks("qemu+ssh://ann@node1/session", "domain")
    try:
        tasks.make(name="anns", memory="64MiB", state="stopped")
        domains = tasks.of("domain_info").make()["domains"]
    finally:
        # The helper has started a daemon of the person's own, which nobody ends before it is idle for two minutes.
        subprocess.run(site.node.enter("pkill", "-u", "ann", "libvirtd"), check=False)
    assert [domain["name"] for domain in domains] == ["anns"]
    person.sees()


def test_what_a_login_says_does_no_harm(person: Person, site: Site) -> None:
    home = add_user(site.node, "ann")
    person.knows_all().has_key()
    (home / ".ssh").mkdir(exist_ok=True)
    (home / ".ssh" / "rc").write_text("echo Welcome to the node >&2\n")
    site.server.stop()
    site.server.options["Banner"] = "/etc/passwd"
    site.server.start()
    try:
        domains = person.tasks("test+ssh://ann@node1/default?proxy=netcat&socket=/run/libvirt/libvirt-sock").run()
        person.sees()
    finally:
        site.server.stop()
        del site.server.options["Banner"]
        site.server.start()
    # Ann may not use the daemon of the system, and is told so in its words.
    assert "Permission denied" in domains["msg"]


# By OpenSSH's own client


@pytest.fixture
def openssh(person: Person) -> Path:
    """A program that is ssh with the person's own files: ssh looks for them in the home of the password database."""
    person.knows_all()
    program = person.home / "ssh"
    program.write_text(
        f"#!/bin/sh\nexec ssh -F none -o 'UserKnownHostsFile={person.known_hosts}' "
        f"-o 'IdentityFile={person.home}/.ssh/id_ed25519' \"$@\"\n"
    )
    program.chmod(0o755)
    return program


def test_a_program_as_the_client(person: Person, openssh: Path) -> None:
    person.has_key().sees(f"qemu+ssh://root@node1/system?command={openssh}")
    person.sees(f"qemu+ssh://root@node1:2222/system?command={openssh}")


def test_what_the_program_refuses(person: Person, openssh: Path, site: Site) -> None:
    uri = f"qemu+ssh://root@node1/system?command={openssh}"
    assert f"logging in to root@node1 with {openssh}: none of our keys was accepted (" in person.refused(uri)
    line = site.jump_server.known_hosts_line("node1")
    assert f"the host key has changed; {person.known_hosts}:1 has another one" in person.knows(line).refused(uri)
    assert "the host key is not known" in person.knows("").refused(uri)
    assert "takes no password from here" in person.refused(uri, ssh_password=PASSWORD)


# What is done there


def test_a_domain_from_its_beginning_to_its_end(person: Person) -> None:
    tasks = person.knows_all().has_key().tasks("qemu+ssh://root@node1/system", "domain")
    tasks.apply(name="far", memory="64MiB", state="stopped")
    tasks.apply(name="far", memory="96MiB", state="running")
    assert tasks.state("far") == "running"
    tasks.virsh("destroy", "far")  # without an operating system it would not do what it is asked
    tasks.apply(name="far", state="absent")
    assert "far" not in tasks.names()


def test_content_of_some_size(person: Person, site: Site, tmp_path: Path) -> None:
    """It goes through the daemon's own stream, in both directions at once where the daemon answers."""
    content = os.urandom(12 * MIB)
    (tmp_path / "image").write_bytes(content)
    tasks = person.knows_all().has_key().tasks("qemu+ssh://root@node1/system", "volume")
    source = {"file": str(tmp_path / "image"), "remote_src": True}
    try:
        tasks.make(pool="default", name="far-image", format="raw", source=source)
        assert (site.node.images / "far-image").read_bytes() == content
        tasks.make(pool="default", name="far-image", download={"path": str(tmp_path / "copy")})
        assert (tmp_path / "copy").read_bytes() == content
    finally:
        tasks.virsh("vol-delete", "far-image", "--pool", "default", check=False)


def test_nobody_is_left_logged_in(person: Person, site: Site) -> None:
    person.knows_all().has_key()
    with contextlib.suppress(AssertionError):
        person.sees("qemu+ssh://root@node1/system?mode=direct")
    person.sees()
    end = time.monotonic() + 10
    while "sshd: root" in (left := site.node.run(["ps", "-eo", "args"]).stdout) and time.monotonic() < end:
        time.sleep(0.05)
    assert "virt-ssh-helper" not in left
    assert "sshd: root" not in left


def test_a_connection_that_is_cut(person: Person, site: Site) -> None:
    """What was asked is not answered any more; the task says so and does not hang."""
    person.knows_all().has_key()
    site.node.daemon_signal(signal.SIGSTOP)
    try:
        running = person.tasks("qemu+ssh://root@node1/system").start()
        while "virt-ssh-helper" not in site.node.run(["ps", "-eo", "args"]).stdout:
            time.sleep(0.05)
        site.server.stop()
        message = running.result()["msg"]
    finally:
        site.server.start()
        site.node.daemon_signal(signal.SIGCONT)
    assert "the connection to libvirt failed" in message
