# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._errors import AuthenticationFailed, StratumError
from ansible_collections.stratum.virt.plugins.module_utils._host import known_hosts
from ansible_collections.stratum.virt.plugins.module_utils._host.base import Access
from ansible_collections.stratum.virt.plugins.module_utils._host.host_certificate import read_certificate, why_refused
from ansible_collections.stratum.virt.plugins.module_utils._host.host_check import HostCheck, HostIdentity
from ansible_collections.stratum.virt.plugins.module_utils._host.known_hosts import fingerprint, read_known_hosts
from ansible_collections.stratum.virt.plugins.module_utils._host.paramiko import paramiko


class Keys:
    """Keys of a host, made once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, kind in (("a", "ed25519"), ("b", "ed25519"), ("r", "rsa"), ("ca", "ed25519")):
            keygen("-q", "-t", kind, "-N", "", "-C", name, "-f", str(folder / name))

    def line(self, name: str) -> str:
        return " ".join((self.folder / f"{name}.pub").read_text().split()[:2])

    def key(self, name: str) -> paramiko.PKey:
        kind = paramiko.RSAKey if name == "r" else paramiko.Ed25519Key
        return kind.from_private_key_file(str(self.folder / name))

    def blob(self, name: str) -> bytes:
        return self.key(name).asbytes()


def keygen(*argv: str) -> str:
    return subprocess.run(["ssh-keygen", *argv], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "known_hosts"


def test_plain_lines(keys: Keys, file: Path) -> None:
    file.write_text(f"# a comment\n\nother {keys.line('b')}\nnode1,10.0.0.1 {keys.line('a')} a comment\n")
    known = read_known_hosts([str(file)], "NODE1", 22)
    verdict = known.judge("ssh-ed25519", keys.blob("a"))
    assert verdict == ("known", f"{file} line 4", "ssh-ed25519")
    assert known.kinds() == ["ssh-ed25519"]
    assert read_known_hosts([str(file)], "10.0.0.1", 22).judge("ssh-ed25519", keys.blob("a")).word == "known"
    assert read_known_hosts([str(file)], "10.0.0.2", 22).judge("ssh-ed25519", keys.blob("a")).word == "unknown"


def test_hashed_lines(keys: Keys, file: Path) -> None:
    file.write_text(f"node1 {keys.line('a')}\n[node1]:2222 {keys.line('b')}\n")
    keygen("-H", "-f", str(file))
    assert "node1" not in file.read_text()
    assert read_known_hosts([str(file)], "node1", 22).judge("ssh-ed25519", keys.blob("a")).word == "known"
    assert read_known_hosts([str(file)], "node1", 2222).judge("ssh-ed25519", keys.blob("b")).word == "known"
    assert read_known_hosts([str(file)], "node2", 22).judge("ssh-ed25519", keys.blob("a")).word == "unknown"


def test_another_port_is_another_host(keys: Keys, file: Path) -> None:
    file.write_text(f"node1 {keys.line('a')}\n")
    at_port = read_known_hosts([str(file)], "node1", 2222)
    # Like ssh: the same key as at the usual port is fine, another one is not a change of this host's.
    assert at_port.judge("ssh-ed25519", keys.blob("a")).word == "known"
    assert at_port.judge("ssh-ed25519", keys.blob("b")).word == "unknown"


def test_another_key_at_the_port_is_a_change_even_if_the_usual_port_has_it(keys: Keys, file: Path) -> None:
    file.write_text(f"[node1]:2222 {keys.line('a')}\nnode1 {keys.line('b')}\n")
    at_port = read_known_hosts([str(file)], "node1", 2222)
    assert at_port.judge("ssh-ed25519", keys.blob("b"))[:2] == ("changed", f"{file} line 1")


def test_lines_with_strange_signs_say_nothing(keys: Keys, file: Path) -> None:
    file.write_text(f"node1 ssh-ed25519 ÄÖ\nnode1 {keys.line('a')}\n")
    assert read_known_hosts([str(file)], "node1", 22).judge("", keys.blob("a")).word == "known"


def test_a_file_that_is_too_large_is_not_read_in_part(keys: Keys, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is revoked may stand at its end."""
    file.write_text(f"node1 {keys.line('a')}\n@revoked * {keys.line('a')}\n")
    monkeypatch.setattr(known_hosts, "LARGEST_FILE", 100)
    with pytest.raises(StratumError, match="larger than 100 bytes"):
        read_known_hosts([str(file)], "node1", 22)


def test_patterns(keys: Keys, file: Path) -> None:
    file.write_text(f"*.lab,!bad.lab {keys.line('a')}\n")
    assert read_known_hosts([str(file)], "n.lab", 22).judge("", keys.blob("a")).word == "known"
    assert read_known_hosts([str(file)], "bad.lab", 22).judge("", keys.blob("a")).word == "unknown"


def test_a_changed_key_names_the_line_of_its_type(keys: Keys, file: Path) -> None:
    file.write_text(f"node1 {keys.line('r')}\nnode1 {keys.line('a')}\n")
    known = read_known_hosts([str(file)], "node1", 22)
    assert known.judge("ssh-ed25519", keys.blob("b")) == ("changed", f"{file} line 2", "ssh-ed25519")
    assert known.judge("ecdsa-sha2-nistp256", b"x") == ("changed", f"{file} line 1", "ssh-rsa")


def test_a_revoked_key_counts_nowhere(keys: Keys, file: Path) -> None:
    file.write_text(f"node1 {keys.line('a')}\n@revoked * {keys.line('a')}\n")
    known = read_known_hosts([str(file)], "node1", 22)
    assert known.judge("ssh-ed25519", keys.blob("a"))[:2] == ("revoked", f"{file} line 2")


def test_lines_that_are_none_say_nothing(keys: Keys, file: Path) -> None:
    file.write_bytes(
        b"node1\nnode1 ssh-ed25519\nnode1 ssh-ed25519 !!!\n|1|x|y k AAAA\n@new node1 k AAAA\n\xff\xfe node1\n"
    )
    assert read_known_hosts([str(file)], "node1", 22).judge("k", b"\0\0\0").word == "unknown"


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(StratumError, match="reading the known host keys"):
        read_known_hosts([str(tmp_path)], "node1", 22)


def test_the_fingerprint_is_that_of_ssh(keys: Keys) -> None:
    assert fingerprint(keys.blob("a")) in keygen("-l", "-f", str(keys.folder / "a.pub"))


# Host certificates


def certificate(keys: Keys, name: str, *options: str) -> bytes:
    """Make a certificate for a key; return it."""
    keygen("-q", "-s", str(keys.folder / "ca"), "-I", "id", "-h", *options, str(keys.folder / f"{name}.pub"))
    return paramiko.PKey.from_path(str(keys.folder / name)).public_blob.key_blob


@pytest.mark.parametrize("name", ["a", "r"])
def test_a_certificate_of_a_known_authority(keys: Keys, name: str) -> None:
    blob = certificate(keys, name, "-n", "node1,*.lab")
    read = read_certificate(blob)
    assert why_refused(read, "node1", [keys.blob("ca")]) is None
    assert why_refused(read, "x.lab", [keys.blob("ca")]) is None
    assert "not for node2" in (why_refused(read, "node2", [keys.blob("ca")]) or "")
    assert "no authority" in (why_refused(read, "node1", [keys.blob("b")]) or "")
    forged = read._replace(signed=read.signed[:-1] + bytes([read.signed[-1] ^ 1]))
    assert why_refused(forged, "node1", [keys.blob("ca")]) == "its signature is wrong"


@pytest.mark.parametrize(
    ("validity", "says"),
    [("20200101:20200102", "it has expired"), ("20990101:20990102", "it is not valid yet"), ("-1h:+1h", None)],
)
def test_when_a_certificate_is_valid(keys: Keys, validity: str, says: str | None) -> None:
    read = read_certificate(certificate(keys, "a", "-n", "node1", "-V", validity))
    assert why_refused(read, "node1", [keys.blob("ca")]) == says


def test_a_certificate_of_a_person_is_not_one_of_a_host(keys: Keys) -> None:
    keygen("-q", "-s", str(keys.folder / "ca"), "-I", "id", "-n", "node1", str(keys.folder / "a.pub"))
    blob = paramiko.PKey.from_path(str(keys.folder / "a")).public_blob.key_blob
    assert why_refused(read_certificate(blob), "node1", [keys.blob("ca")]) == "it is not for a host"


@pytest.mark.parametrize("signature", [b"", b"\0\0\0\x01\xff", b"\0\0\0\x0bssh-ed25519\0\0\0\x01x"])
def test_a_signature_that_is_none(keys: Keys, signature: bytes) -> None:
    read = read_certificate(certificate(keys, "a", "-n", "node1"))._replace(signature=signature)
    assert why_refused(read, "node1", [keys.blob("ca")]) == "its signature is wrong"


def test_an_authority_that_signs_with_sha1(keys: Keys) -> None:
    """Not every paramiko refuses that by itself, so its word does not count."""
    read = read_certificate(certificate(keys, "a", "-n", "node1"))
    message = paramiko.Message()
    message.add_string("ssh-rsa")
    message.add_string(b"x" * 384)
    read = read._replace(authority=keys.blob("r"), signature=message.asbytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paramiko.RSAKey, "verify_ssh_sig", lambda *_arguments: True)
        assert why_refused(read, "node1", [keys.blob("r")]) == "its signature is wrong"


def test_what_is_no_certificate(keys: Keys) -> None:
    blob = certificate(keys, "a")
    for broken in (b"", keys.blob("a"), *(blob[:size] for size in range(0, len(blob), 7))):
        with pytest.raises(ValueError, match=r"ends too early|no known type"):
            read_certificate(broken)


# What becomes of it


class Server:
    """As much of a connection as the check looks at."""

    _key_info = paramiko.Transport._key_info  # type: ignore[attr-defined]

    def __init__(self, key: paramiko.PKey) -> None:
        self._key = key
        self.key_types: tuple[str, ...] = ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256")

    def get_remote_server_key(self) -> paramiko.PKey:
        return self._key

    def get_security_options(self) -> Server:
        return self


def check(keys: Keys, file: Path, name: str, verify: str = "normal") -> list[str]:
    """Check a host that shows a key; return the warnings."""
    warnings: list[str] = []
    HostCheck(HostIdentity("node1", 22, [str(file)], verify)).check(
        Server(keys.key(name)),  # type: ignore[arg-type]
        Access(warn=warnings.append),
    )
    return warnings


def test_known_types_are_asked_for_first(keys: Keys, file: Path) -> None:
    file.write_text(f"node1 {keys.line('r')}\n@cert-authority node1 {keys.line('ca')}\n")
    server = Server(keys.key("r"))
    HostCheck(HostIdentity("node1", 22, [str(file)], "normal")).prefer_known(server)  # type: ignore[arg-type]
    plain = [kind for kind in server.key_types if "cert" not in kind]
    assert plain[:2] == ["rsa-sha2-512", "rsa-sha2-256"]
    assert server.key_types[0] == "ssh-ed25519-cert-v01@openssh.com"


def test_refusals_say_what_to_do(keys: Keys, file: Path) -> None:
    with pytest.raises(AuthenticationFailed) as unknown:
        check(keys, file, "a")
    assert fingerprint(keys.blob("a")) in unknown.value.reason
    assert f"add its key to {file}" in (unknown.value.hint or "")
    file.write_text(f"node1 {keys.line('b')}\n")
    with pytest.raises(AuthenticationFailed, match=rf"has changed: it shows another key .* than {file} line 1 has"):
        check(keys, file, "a")
    file.write_text(f"@revoked * {keys.line('a')}\n")
    with pytest.raises(AuthenticationFailed, match=rf"is revoked in {file} line 1"):
        check(keys, file, "a")


def test_auto_remembers_and_still_refuses_a_change(keys: Keys, file: Path) -> None:
    file.write_text("other x y")
    assert fingerprint(keys.blob("a")) in check(keys, file, "a", "auto")[0]
    assert file.read_text() == f"other x y\nnode1 {keys.line('a')}\n"
    assert check(keys, file, "a", "auto") == []
    with pytest.raises(AuthenticationFailed, match="has changed"):
        check(keys, file, "b", "auto")


def test_ignoring_warns_with_the_fingerprint(keys: Keys, file: Path) -> None:
    file.write_text(f"node1 {keys.line('b')}\n")
    (warning,) = check(keys, file, "a", "ignore")
    assert "nobody checked" in warning
    assert fingerprint(keys.blob("a")) in warning


def test_sha1_is_not_offered(keys: Keys, file: Path) -> None:
    file.write_text(f"node1 {keys.line('r')}\n@cert-authority node1 {keys.line('ca')}\n")
    server = Server(keys.key("r"))
    # As older paramiko has it.
    server.key_types = ("ssh-ed25519", "rsa-sha2-512", "ssh-rsa", "ssh-dss")
    server._key_info = {**server._key_info, "ssh-rsa": paramiko.RSAKey, "ssh-rsa-cert-v01@openssh.com": paramiko.RSAKey}
    HostCheck(HostIdentity("node1", 22, [str(file)], "normal")).prefer_known(server)  # type: ignore[arg-type]
    assert not [kind for kind in server.key_types if kind.startswith(("ssh-rsa", "ssh-dss"))]
