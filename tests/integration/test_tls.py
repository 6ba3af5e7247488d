# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes that are reached by TLS, and all that keeps them from being reached."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._certificate.read import certificates, day

from tests.certificates import Authority
from tests.integration.modules import Running, Tasks
from tests.lab import Lab, Node

MIB = 1024**2


def certificate(at: Node, role: str, folder: Path, **options: Any) -> dict[str, Any]:
    """Make a certificate by the module."""
    names = {"role": role, "path": str(folder), "common_name": at.name, **options}
    result = Running("tls_certificate", names, check=False, at=at).result()
    assert not result["failed"], result
    return result


class Site(NamedTuple):
    """A node with TLS, and a machine from which it is reached."""

    node: Node
    near: Node
    folder: Path
    authority: Path
    """The folder of the authority that both know."""

    @property
    def client(self) -> Path:
        """The certificates of whoever is near."""
        return self.folder / "client"

    def signing(self) -> Authority:
        """Return the authority, for certificates that the module does not make."""
        return Authority.read(self.authority)

    def serve(self, **conf: Any) -> None:
        """Start the daemon with the certificate that the module has made for it, which it checks itself."""
        pki = self.folder / "server"
        places = (pki / "servercert.pem", pki / "serverkey.pem", pki / "cacert.pem")
        self.node.serve_tls(*places, listen_tcp=1, auth_tcp="none", **conf)

    def serve_badly(self, pki: Path) -> None:
        """Start the daemon with a certificate with which it would not start, if it checked."""
        places = (pki / "servercert.pem", pki / "serverkey.pem", pki / "cacert.pem")
        self.node.serve_tls(*places, tls_no_sanity_certificate=1)

    def other(self, name: str) -> Path:
        """Return a copy of the client's folder, to be made worse."""
        copy = self.folder / name
        shutil.copytree(self.client, copy)
        return copy

    def tasks(self, pki: Path | None = None, *, server: str = "node1", more: str = "") -> Tasks:
        return Tasks(self.node, f"qemu+tls://{server}/system?pkipath={pki or self.client}{more}", at=self.near)

    def refused(self, pki: Path | None = None, **more: Any) -> str:
        """Fail to list the domains; return the message."""
        tasks = self.tasks(pki, **more)
        result = Running("domain_info", {"uri": tasks.uri, "timeout": 10}, check=False, at=self.near).result()
        assert result["failed"], result
        assert "PRIVATE" not in str(result)
        return str(result["msg"])

    def listed(self, pki: Path | None = None, **more: Any) -> list[str]:
        """List the domains; return the warnings."""
        tasks = self.tasks(pki, **more)
        result = Running("domain_info", {"uri": tasks.uri, "timeout": 10}, check=False, at=self.near).result()
        assert not result["failed"], result
        assert result["domains"] == []
        # Newer versions of ansible-core send more than the text.
        told = result.get("warnings", [])
        return [each if isinstance(each, str) else each["event"]["msg"] for each in told]


@pytest.fixture(scope="module")
def site(far_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The node ``node1``, whose daemon has a good certificate; all of them are made by the module."""
    folder = tmp_path_factory.mktemp("tls")
    node, _other, near = far_lab.nodes
    made = Site(node, near, folder, folder / "authority")
    certificate(near, "authority", made.authority, common_name="Lab")
    signed = {"authority": str(made.authority), "remote_src": True}
    certificate(node, "server", folder / "server", alternative_names=["DNS:node1", f"IP:{node.address}"], **signed)
    certificate(near, "client", made.client, organization="Tests", **signed)
    made.serve()
    yield made
    node.stop_tls()


@pytest.fixture
def bad_server(site: Site) -> Iterator[Path]:
    """A folder for a server's certificate that is no good; afterwards the daemon has the good one."""
    folder = site.folder / "bad"
    yield folder
    shutil.rmtree(folder)
    site.serve()


@pytest.fixture
def tasks(site: Site, far_nodes: tuple[Node, Node, Node]) -> Tasks:
    return site.tasks()


def end_of(path: Path) -> str:
    return day(certificates(path.read_bytes())[0].not_after)


# Reached


def test_a_domain(site: Site, tasks: Tasks) -> None:
    options = {"name": "far", "memory": "64MiB", "virt_type": "qemu"}
    done = tasks.apply(**options, state="running")
    assert done["uri"] == f"qemu+tls://node1/system?pkipath={site.client}"
    assert tasks.state("far") == "running"
    (found,) = tasks.info(gather=["spec", "stats"])
    assert (found["name"], found["state"], found["spec"]["memory"]) == ("far", "running", "64MiB")
    tasks.apply(name="far", title="Far away")
    assert tasks.virsh("desc", "far", "--title") == "Far away"
    tasks.apply(name="far", state="absent", force=True, timeout=1)


def test_much_content(site: Site, tasks: Tasks) -> None:
    content = os.urandom(24 * MIB)
    (site.folder / "disk.img").write_bytes(content)
    source = {"file": str(site.folder / "disk.img"), "remote_src": True}
    tasks.of("volume").make(pool="default", name="disk", format="raw", source=source)
    assert (site.node.images / "disk").read_bytes() == content


@pytest.mark.parametrize("way", ["by address", "without a transport"])
def test_other_words_for_it(site: Site, way: str) -> None:
    if way == "by address":
        assert site.listed(server=site.node.address) == []
    else:
        uri = f"qemu://node1/system?pkipath={site.client}"
        result = Running("domain_info", {"uri": uri}, check=False, at=site.near).result()
        assert result["domains"] == []


def test_virsh_takes_the_same_certificates(site: Site) -> None:
    said = site.near.run(["virsh", "-c", site.tasks().uri, "hostname"])
    assert said.stdout.strip() == "node1"
    assert "warning" not in said.stderr


def test_qemu_takes_those_for_migration(site: Site) -> None:
    migration = site.folder / "migration"
    certificate(site.node, "migration", migration, authority=str(site.authority), remote_src=True)
    for endpoint in ("server", "client"):
        secret = f"tls-creds-x509,id=tls,dir={migration},endpoint={endpoint},verify-peer=yes"
        subprocess.run(
            ["qemu-system-x86_64", "-machine", "none", "-display", "none", "-monitor", "stdio", "-object", secret],
            input="quit\n",
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )


def test_a_port_of_this_machine(site: Site) -> None:
    result = Running("domain_info", {"uri": "qemu+tcp://127.0.0.1/system"}, check=False, at=site.node).result()
    assert result["domains"] == []
    result = Running("domain_info", {"uri": "qemu+tcp://node1/system"}, check=False, at=site.near).result()
    assert result["msg"].startswith("uri: tcp sends everything unprotected, so it is only for this machine's own")


# Refused here, before anything is connected


def test_no_certificate(site: Site) -> None:
    pki = site.other("no-certificate")
    (pki / "clientcert.pem").unlink()
    assert site.refused(pki).startswith(f"our certificate is missing: there is no file {pki}/clientcert.pem.")


def test_a_certificate_that_has_expired(site: Site) -> None:
    pki = site.signing().issue(site.other("expired"), "client", begin=-20, end=-10)
    ended = end_of(pki / "clientcert.pem")
    assert site.refused(pki).startswith(f"our certificate {pki}/clientcert.pem has expired on {ended}.")


def test_a_key_of_another_certificate(site: Site) -> None:
    pki = site.other("other-key")
    shutil.copy(site.folder / "server" / "serverkey.pem", pki / "clientkey.pem")
    assert site.refused(pki).startswith(f"our private key {pki}/clientkey.pem does not fit our certificate {pki}/")


# Refused by the node


def test_a_certificate_of_another_authority(site: Site) -> None:
    pki = Authority("Strangers").issue(site.folder / "strangers", "client")
    with (pki / "cacert.pem").open("ab") as file:
        file.write((site.client / "cacert.pem").read_bytes())
    said = site.refused(pki)
    assert said.startswith(f"node1 does not accept our certificate {pki}/clientcert.pem.")
    assert "It is of CN=test client,O=Tests, issued by CN=Strangers." in said


def test_a_client_that_is_not_on_the_list(site: Site) -> None:
    site.serve(tls_allowed_dn_list=["O=Nobody,CN=nobody"])
    try:
        assert "node1 does not accept our certificate" in site.refused()
    finally:
        site.serve()


# Refused because of the node


def test_an_expired_node(site: Site, bad_server: Path) -> None:
    site.serve_badly(site.signing().issue(bad_server, "server", ["DNS:node1"], begin=-20, end=-10))
    ended = end_of(bad_server / "servercert.pem")
    assert site.refused().startswith(f"the certificate of node1 has expired on {ended}.")


def test_a_node_of_tomorrow(site: Site, bad_server: Path) -> None:
    site.serve_badly(site.signing().issue(bad_server, "server", ["DNS:node1"], begin=5))
    assert site.refused().startswith("the certificate of node1 is not yet valid, but from ")


def test_a_node_of_another_name(site: Site) -> None:
    said = site.refused(server="localhost.node1.invalid")
    assert said.startswith("the address of localhost.node1.invalid was not found: ")
    site.near.run(["sh", "-c", f"echo {site.node.address} alias >> /etc/hosts"])
    said = site.refused(server="alias")
    assert said.startswith("the certificate of alias is for other names, so this may be another machine: it has ")
    assert f"DNS:node1 and IP:{site.node.address}." in said


def test_somebody_in_between(site: Site, bad_server: Path) -> None:
    site.serve_badly(Authority("Somebody").issue(bad_server, "server", ["DNS:node1"]))
    said = site.refused()
    assert said.startswith(
        "the certificate of node1 is signed by an authority that is not known here: it was issued by "
    )
    assert f"CN=Somebody, and {site.client}/cacert.pem is of CN=Lab." in said


def test_a_port_without_tls(site: Site) -> None:
    assert site.refused(server="node1:16509").startswith(
        "port 16509 of node1 closed the connection in the middle of the handshake."
    )
    assert site.refused(server="node1:1").startswith("connecting to port 1 of node1: ")


# Let through, and told


def test_a_node_that_ends_soon(site: Site, bad_server: Path) -> None:
    site.serve_badly(site.signing().issue(bad_server, "server", ["DNS:node1"], end=10.5))
    ends = end_of(bad_server / "servercert.pem")
    assert site.listed() == [f"the certificate of node1 ends on {ends}, in 10 days."]


def test_a_certificate_that_ends_soon(site: Site) -> None:
    pki = site.signing().issue(site.other("soon"), "client", end=10.5)
    ends = end_of(pki / "clientcert.pem")
    assert site.listed(pki) == [f"our certificate {pki}/clientcert.pem ends on {ends}, in 10 days."]


def test_nobody_is_checked_if_told_so(site: Site, bad_server: Path) -> None:
    site.signing().issue(bad_server, "server", ["DNS:other"])
    site.serve_badly(bad_server)
    assert site.listed(more="&no_verify=1") == [
        "no_verify: it was not checked whether node1 is who it says. Anybody in between can read all."
    ]
