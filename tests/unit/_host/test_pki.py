# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where certificates are looked for, and what is told about them before anything is connected."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._certificate import make
from ansible_collections.stratum.virt.plugins.module_utils._certificate.read import Certificate, certificates, day
from ansible_collections.stratum.virt.plugins.module_utils._errors import ConnectionFailed
from ansible_collections.stratum.virt.plugins.module_utils._host import pki
from cryptography.hazmat.primitives import serialization

from tests.certificates import Authority, dates


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def folder(authority: Authority, tmp_path: Path) -> Path:
    return authority.issue(tmp_path / "pki", "client")


def load(folder: Path, *, verify: bool = True, warn: Callable[[str], object] = pytest.fail) -> pki.Identity:
    return pki.load(pki.locate(str(folder), user_id=1000, home="/nowhere"), verify=verify, warn=warn)


def refused(folder: Path) -> str:
    with pytest.raises(ConnectionFailed) as caught:
        load(folder)
    assert "PRIVATE" not in str(caught.value)
    return str(caught.value)


def read(path: Path) -> Certificate:
    return certificates(path.read_bytes())[0]


# Where


def test_root_has_the_system_s(tmp_path: Path) -> None:
    Authority().issue(tmp_path / ".pki/libvirt", "client")
    assert pki.locate(None, user_id=0, home=str(tmp_path)) == (
        "/etc/pki/CA/cacert.pem",
        "/etc/pki/CA/cacrl.pem",
        "/etc/pki/libvirt/clientcert.pem",
        "/etc/pki/libvirt/private/clientkey.pem",
    )


def test_a_user_has_their_own_or_else_the_system_s(tmp_path: Path) -> None:
    own = tmp_path / ".pki/libvirt"
    assert pki.locate(None, user_id=1000, home=str(tmp_path)) == pki.SYSTEM
    Authority().issue(own, "client")
    found = pki.locate(None, user_id=1000, home=str(tmp_path))
    assert (found.authority, found.certificate) == (f"{own}/cacert.pem", f"{own}/clientcert.pem")
    assert found.key == f"{own}/clientkey.pem"
    assert found.revoked == pki.SYSTEM.revoked
    # A certificate without a key is nobody's, and a key of the system would not fit it.
    (own / "clientkey.pem").unlink()
    found = pki.locate(None, user_id=1000, home=str(tmp_path))
    assert (found.authority, found.certificate) == (f"{own}/cacert.pem", pki.SYSTEM.certificate)
    assert found.key == pki.SYSTEM.key


def test_a_folder_that_is_named_is_the_only_one(tmp_path: Path) -> None:
    found = pki.locate(str(tmp_path), user_id=1000, home="/nowhere")
    assert {os.path.dirname(path) for path in found} == {str(tmp_path)}


# Whether


def test_what_fits_together_is_taken(folder: Path) -> None:
    identity = load(folder)
    assert identity.chain[0].subject == "CN=test client,O=Tests"
    assert [each.subject for each in identity.authorities] == ["CN=Test authority"]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("cacert.pem", "the authority's certificate"),
        ("clientcert.pem", "our certificate"),
        ("clientkey.pem", "our private key"),
    ],
)
def test_files_that_cannot_be_used(folder: Path, name: str, what: str) -> None:
    path = folder / name
    path.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    kind = "a private key in PEM form" if "key" in name else "a certificate"
    assert refused(folder).startswith(f"{what} cannot be used: {path}: it is not {kind}, or a broken one.")
    path.write_bytes(os.urandom(1000))
    assert refused(folder).startswith(f"{what} cannot be used: {path}: ")
    path.unlink()
    assert refused(folder).startswith(f"{what} is missing: there is no file {path}.")
    path.mkdir()
    assert refused(folder).startswith(f"{what} cannot be read: {path}: Is a directory.")
    path.rmdir()
    # Whoever opened it would wait for somebody to write.
    os.mkfifo(path)
    assert refused(folder).startswith(f"{what} cannot be read: {path}: it is not a regular file.")


def test_a_key_of_somebody_else(authority: Authority) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = authority.issue(Path(name), "client")
        folder.chmod(0o755)
        (folder / "clientkey.pem").chmod(0)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            said = refused(folder)
        finally:
            os.seteuid(user)
    assert said.startswith(f"our private key cannot be read: {folder}/clientkey.pem: permission denied.")


@pytest.mark.parametrize("form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL])
def test_a_key_that_is_encrypted(folder: Path, form: serialization.PrivateFormat) -> None:
    key = serialization.load_pem_private_key((folder / "clientkey.pem").read_bytes(), None)
    secret = serialization.BestAvailableEncryption(b"secret")
    (folder / "clientkey.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, secret))
    assert refused(folder).startswith(f"our private key cannot be used: {folder}/clientkey.pem: it is encrypted, ")


def test_a_key_of_another_certificate(folder: Path) -> None:
    (folder / "clientkey.pem").write_bytes(make.key_text(make.new_key("ECC", 256)))
    assert refused(folder).startswith(
        f"our private key {folder}/clientkey.pem does not fit our certificate {folder}/clientcert.pem."
    )


def test_a_certificate_that_has_expired(authority: Authority, folder: Path) -> None:
    authority.issue(folder, "client", begin=-20, end=-10)
    ended = day(read(folder / "clientcert.pem").not_after)
    assert refused(folder).startswith(f"our certificate {folder}/clientcert.pem has expired on {ended}.")


def test_a_certificate_of_tomorrow(authority: Authority, folder: Path) -> None:
    authority.issue(folder, "client", begin=1)
    since = day(read(folder / "clientcert.pem").not_before)
    assert refused(folder).startswith(f"our certificate {folder}/clientcert.pem is not yet valid, but from {since} on.")


def test_an_authority_that_has_expired(tmp_path: Path) -> None:
    old = Authority("Old", end=-1)
    old.issue(tmp_path, "client")
    ended = day(old.certificate.not_after)
    assert refused(tmp_path).startswith(f"the authority's certificate {tmp_path}/cacert.pem has expired on {ended}.")


def test_a_certificate_of_another_authority(folder: Path) -> None:
    Authority("Somebody else").write(folder)
    assert refused(folder).startswith(
        f"our certificate {folder}/clientcert.pem is not signed by our authority: it was issued by CN=Test authority, "
        f"and {folder}/cacert.pem is of CN=Somebody else."
    )


def test_an_authority_of_the_same_name_is_another_one(folder: Path) -> None:
    Authority().write(folder)
    assert "is not signed by our authority" in refused(folder)


def test_several_authorities_and_one_between(folder: Path, authority: Authority) -> None:
    between = make.new_key("ECC", 256)
    wanted = make.Wanted("Between", None, (), frozenset(), 0)
    made = make.make_authority(between, wanted, dates())
    assert made.is_authority
    key = make.new_key("ECC", 256)
    leaf = make.sign(
        key.public_key(),
        make.Wanted("leaf", None, (), frozenset({"client"}), 0),
        made,
        between,
        dates(),
    )
    (folder / "clientcert.pem").write_bytes(leaf.pem() + made.pem())
    (folder / "clientkey.pem").write_bytes(make.key_text(key))
    assert "is not signed by our authority" in refused(folder)
    (folder / "cacert.pem").write_bytes(authority.certificate.pem() + made.pem())
    load(folder)


@pytest.mark.parametrize("which", ["ours", "the authority's"])
def test_an_end_that_comes_soon(tmp_path: Path, which: str) -> None:
    authority = Authority(end=12.5 if which == "the authority's" else 3650)
    authority.issue(tmp_path, "client", end=8.5 if which == "ours" else 365)
    told: list[str] = []
    load(tmp_path, warn=told.append)
    what, file, left = {
        "ours": ("our certificate", tmp_path / "clientcert.pem", 8),
        "the authority's": ("the authority's certificate", tmp_path / "cacert.pem", 12),
    }[which]
    assert told == [f"{what} {file} ends on {day(read(file).not_after)}, in {left} days."]


def test_nobody_needs_an_authority_who_checks_nothing(folder: Path) -> None:
    (folder / "cacert.pem").unlink()
    assert load(folder, verify=False).authorities == ()
