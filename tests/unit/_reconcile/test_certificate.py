# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates as a task wants them, from the first to their end."""

from __future__ import annotations

import contextlib
import json
import os
import ssl
import stat
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.stratum.virt.plugins.module_utils._certificate import files, make
from ansible_collections.stratum.virt.plugins.module_utils._certificate.read import (
    Certificate,
    certificates,
    day,
    fits,
    is_signed_by,
    now,
    private_key,
    signer,
)
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError, StratumError
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost
from ansible_collections.stratum.virt.plugins.module_utils._reconcile.certificate import CertificateManager
from ansible_collections.stratum.virt.plugins.module_utils._reconcile.certificate_request import load
from ansible_collections.stratum.virt.plugins.module_utils._task.tls_certificate import Signer, argument_spec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa

from tests.certificates import DAY, Authority, dates

Result = dict[str, Any]


class Tasks:
    """Runs tasks in one folder."""

    def __init__(self, folder: Path, authority: Path) -> None:
        self.folder = folder
        self.authority = authority

    def options(self, role: str = "server", **options: Any) -> dict[str, Any]:
        stated = {"role": role, "path": str(self.folder), "common_name": "node1", "key_type": "ECC", **options}
        if role != "authority" and not {"authority", "certificate", "authority_certificate"} & options.keys():
            stated.update(authority=str(self.authority), remote_src=True)
        checked = ArgumentSpecValidator(argument_spec()).validate({k: v for k, v in stated.items() if v is not None})
        assert not checked.error_messages
        return dict(checked.validated_parameters)

    def run(self, role: str = "server", *, check: bool = False, **options: Any) -> Result:
        result = CertificateManager(LocalHost(), load(self.options(role, **options))).run(check_mode=check)
        assert "PRIVATE" not in json.dumps(result)
        return result

    def apply(self, role: str = "server", **options: Any) -> Result:
        """Run a task that has to change something, foretold by check mode, and changes nothing the second time."""
        before = self.truth()
        foretold = self.run(role, check=True, **options)
        assert self.truth() == before
        done = self.run(role, **options)
        assert done["changed"]
        for what in ("changed", "actions", "diff"):
            assert foretold[what] == done[what]
        self.unchanged(role, **options)
        return done

    def unchanged(self, role: str = "server", **options: Any) -> Result:
        before = self.truth()
        result = self.run(role, **options)
        assert not result["changed"], result["actions"]
        assert result["diff"] == {"before": {}, "after": {}}
        assert self.truth() == before
        return result

    def refused(self, role: str = "server", **options: Any) -> str:
        before = self.truth()
        with pytest.raises(StratumError) as caught:
            self.run(role, **options)
        assert self.truth() == before
        return str(caught.value)

    def truth(self) -> dict[str, tuple[int, bytes | str]]:
        """Return all names, with permissions and content."""
        return {
            path.name: (
                stat.S_IMODE(path.lstat().st_mode),
                os.readlink(path) if path.is_symlink() else path.read_bytes(),
            )
            for path in sorted(self.folder.glob("*"))
        }

    def certificate(self, name: str = "servercert.pem") -> Certificate:
        return certificates((self.folder / name).read_bytes())[0]

    def mode(self, name: str) -> int:
        return stat.S_IMODE((self.folder / name).stat().st_mode)


@pytest.fixture
def signing() -> Authority:
    return Authority()


@pytest.fixture
def tasks(tmp_path: Path, signing: Authority) -> Tasks:
    return Tasks(tmp_path / "node", signing.write_key(tmp_path / "authority"))


def loads(folder: Path, name: str = "server") -> None:
    """Do what a daemon does with a certificate and its key; OpenSSL raises an error when they do not fit."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}cert.pem", folder / f"{name}key.pem")


# An authority


def test_an_authority(tasks: Tasks) -> None:
    done = tasks.apply("authority", common_name="Example", organization="Example Ltd")
    assert done["actions"] == ["make the key and the certificate: there is none"]
    assert done["certificate"]["subject"] == "CN=Example,O=Example Ltd"
    assert (tasks.mode("cakey.pem"), tasks.mode("cacert.pem")) == (0o600, 0o644)
    made = tasks.certificate("cacert.pem")
    assert made.is_authority
    assert is_signed_by(made, made)
    assert 3649 * DAY < made.not_after - now() <= 3650 * DAY
    usage = made.raw.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.key_cert_sign
    assert not usage.value.digital_signature


def test_an_authority_is_renewed_and_what_it_has_signed_stays_good(tasks: Tasks, tmp_path: Path) -> None:
    node = Tasks(tmp_path / "other", tasks.folder)
    tasks.run("authority", common_name="Example")
    node.run(common_name="node1")
    before, signed = tasks.certificate("cacert.pem"), node.certificate()
    done = tasks.run("authority", common_name="Example", renew_before=3650, valid_for=3660)
    assert done["actions"] == [f"renew the certificate: it ends on {before.not_after:%Y-%m-%d}"]
    after = tasks.certificate("cacert.pem")
    assert after.serial_number != before.serial_number
    assert is_signed_by(signed, after)
    assert node.apply(common_name="node1")["actions"] == ["place the authority's certificate"]
    assert node.certificate() == signed
    assert certificates((node.folder / "cacert.pem").read_bytes()) == [after]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"common_name": "Other"}, "its common name is Example"),
        ({"organization": "Other"}, "its organization is None"),
        ({"key_type": "RSA"}, "its type is ECC"),
        ({"key_size": 384}, "it has 256 bits"),
    ],
)
def test_an_authority_is_not_replaced_by_accident(tasks: Tasks, options: dict[str, Any], says: str) -> None:
    tasks.run("authority", common_name="Example")
    other = {"common_name": "Example", **options}
    assert f"is not as it is wanted: {says}." in tasks.refused("authority", **other)
    tasks.apply("authority", **other, force=True)
    tasks.unchanged("authority", **other)


def test_an_authority_without_its_key(tasks: Tasks) -> None:
    tasks.run("authority", common_name="Example")
    (tasks.folder / "cakey.pem").unlink()
    assert "its key is missing" in tasks.refused("authority", common_name="Example")
    (tasks.folder / "cakey.pem").write_bytes(make.key_text(make.new_key("ECC", 256)))
    assert "its key does not fit it" in tasks.refused("authority", common_name="Example")


def test_an_authority_that_has_ended_may_be_replaced(tasks: Tasks) -> None:
    Authority("Old", end=-1).write_key(tasks.folder)
    assert tasks.apply("authority", common_name="New")["certificate"]["subject"] == "CN=New"


def test_a_key_without_its_certificate_is_what_a_crash_leaves(tasks: Tasks) -> None:
    tasks.run("authority", common_name="Example")
    (tasks.folder / "cacert.pem").unlink()
    key = (tasks.folder / "cakey.pem").read_bytes()
    assert tasks.apply("authority", common_name="Example")["actions"] == ["make the certificate: there is none"]
    assert (tasks.folder / "cakey.pem").read_bytes() == key


# Certificates


@pytest.mark.parametrize(
    ("role", "usages", "names"),
    [
        ("server", {"server"}, ("DNS:node1",)),
        ("client", {"client"}, ()),
        ("migration", {"server", "client"}, ("DNS:node1",)),
    ],
)
@pytest.mark.parametrize("kind", ["RSA", "ECC", "Ed25519"])
def test_a_certificate(
    tasks: Tasks, signing: Authority, role: str, usages: set[str], names: tuple[str, ...], kind: str
) -> None:
    done = tasks.apply(role, key_type=kind, organization="Nodes")
    assert done["actions"][:2] == [
        "place the authority's certificate",
        "make the key and the certificate: there is none",
    ]
    made = tasks.certificate(os.path.basename(done["certificate"]["path"]))
    key = os.path.basename(done["certificate"]["key_path"])
    assert tasks.mode(key) == 0o600
    assert fits(private_key((tasks.folder / key).read_bytes()), made)
    assert is_signed_by(made, signing.certificate)
    assert (made.usages(), made.names, made.subject) == (usages, names, "CN=node1,O=Nodes")
    assert not made.is_authority
    assert 364 * DAY < made.not_after - now() <= 365 * DAY
    assert made.serial_number.bit_length() > 64
    extensions = made.raw.extensions
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.value.digital_signature
    assert (usage.value.key_encipherment, usage.critical) == (kind == "RSA", kind == "RSA")
    own = signing.certificate.raw.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier == own.digest
    assert extensions.get_extension_for_class(x509.SubjectKeyIdentifier)


def test_qemu_finds_one_certificate_under_both_names(tasks: Tasks) -> None:
    tasks.apply("migration")
    names = {"ca-cert.pem", "server-cert.pem", "server-key.pem", "client-cert.pem", "client-key.pem"}
    assert set(tasks.truth()) == names
    for part in ("cert", "key"):
        assert os.readlink(tasks.folder / f"client-{part}.pem") == f"server-{part}.pem"
    (tasks.folder / "client-key.pem").unlink()
    tasks.apply("migration")
    tasks.apply("migration", state="absent", common_name=None)
    assert set(tasks.truth()) == {"ca-cert.pem"}


def test_names(tasks: Tasks) -> None:
    done = tasks.apply(alternative_names=["DNS:node1", "DNS:*.example.org", "IP:192.0.2.1", "IP:2001:DB8::1"])
    assert done["certificate"]["alternative_names"] == [
        "DNS:node1",
        "DNS:*.example.org",
        "IP:192.0.2.1",
        "IP:2001:db8::1",
    ]
    tasks.unchanged(alternative_names=["IP:2001:db8:0::1", "DNS:node1", "IP:192.0.2.1", "DNS:*.example.org"])
    done = tasks.apply(alternative_names=["DNS:node1"])
    assert done["actions"] == ["renew the certificate: its names differ"]
    assert done["diff"]["after"] == {"names": ["DNS:node1"], "fingerprint": "another one"}
    assert tasks.run(common_name="192.0.2.7")["certificate"]["alternative_names"] == ["IP:192.0.2.7"]


def test_a_renewal_keeps_the_key(tasks: Tasks) -> None:
    tasks.run(valid_for=20, renew_before=10)
    key, before = (tasks.folder / "serverkey.pem").read_bytes(), tasks.certificate()
    tasks.unchanged(renew_before=10)
    done = tasks.apply()
    assert done["actions"] == [f"renew the certificate: it ends on {before.not_after:%Y-%m-%d}"]
    assert (tasks.folder / "serverkey.pem").read_bytes() == key
    assert done["diff"]["before"] == {"ends": f"{before.not_after:%Y-%m-%d}", "fingerprint": before.fingerprint}
    loads(tasks.folder)


def test_no_certificate_outlives_its_authority(tmp_path: Path) -> None:
    ending = Authority(end=9)
    tasks = Tasks(tmp_path / "node", ending.write_key(tmp_path / "authority"))
    # It would be renewed 30 days before its end, which would not help.
    done = tasks.apply()
    assert tasks.certificate().not_after == ending.certificate.not_after
    assert done["warnings"] == [
        f"the authority CN=Test authority ends on {ending.certificate.not_after:%Y-%m-%d %H:%M} UTC."
    ]


def test_another_authority_takes_over(tasks: Tasks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At any time, what the daemon loads is signed by one of the authorities beside it."""
    tasks.run()
    new = Authority("New").write_key(tmp_path / "new")
    seen: list[int] = []
    watched = files.write

    def write(*arguments: Any) -> None:
        watched(*arguments)
        authorities = certificates((tasks.folder / "cacert.pem").read_bytes())
        assert signer([tasks.certificate()], authorities)
        loads(tasks.folder)
        seen.append(len(authorities))

    with monkeypatch.context() as patch:
        patch.setattr(files, "write", write)
        done = tasks.run(authority=str(new), remote_src=True)
    assert seen == [2, 2, 1]
    assert done["actions"] == [
        "place the authority's certificate",
        "renew the certificate: another authority has signed it",
        "take away what another authority has left",
    ]
    assert done["certificate"]["issuer"] == "CN=New"
    tasks.unchanged(authority=str(new), remote_src=True)


class Crash(Exception):
    """The machine goes down."""


def steps(tasks: Tasks, change: Callable[[], object], monkeypatch: pytest.MonkeyPatch, crash_after: int) -> int:
    """Do something, and let the machine go down after so many renamings; return how many there were."""
    done = 0
    rename = os.replace

    def replace(old: str, new: str) -> None:
        nonlocal done
        if done == crash_after:
            raise Crash
        rename(old, new)
        done += 1

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        with contextlib.suppress(Crash):
            change()
    return done


@pytest.mark.parametrize("crash_after", range(6))
def test_whatever_breaks_off_leaves_two_that_fit(
    tasks: Tasks, monkeypatch: pytest.MonkeyPatch, crash_after: int
) -> None:
    tasks.run()
    done = steps(tasks, lambda: tasks.run(key_size=384), monkeypatch, crash_after)
    assert done == min(crash_after, 5)
    loads(tasks.folder)
    assert fits(private_key((tasks.folder / "serverkey.pem").read_bytes()), tasks.certificate())
    if done < 5:
        assert tasks.run(key_size=384)["changed"]
    tasks.unchanged(key_size=384)
    loads(tasks.folder)
    assert set(tasks.truth()) == {"cacert.pem", "servercert.pem", "serverkey.pem"}
    assert (tasks.mode("serverkey.pem"), tasks.mode("servercert.pem")) == (0o600, 0o644)
    assert b"PRIVATE" not in (tasks.folder / "servercert.pem").read_bytes()
    assert not (tasks.folder / "serverkey.pem").is_symlink()


@pytest.mark.parametrize("crash_after", range(4))
def test_a_first_time_that_breaks_off_is_finished(
    tasks: Tasks, monkeypatch: pytest.MonkeyPatch, crash_after: int
) -> None:
    steps(tasks, tasks.run, monkeypatch, crash_after)
    tasks.run()
    loads(tasks.folder)
    tasks.unchanged()


def test_a_key_of_another_certificate(tasks: Tasks) -> None:
    tasks.run()
    (tasks.folder / "serverkey.pem").write_bytes(make.key_text(make.new_key("ECC", 256)))
    assert tasks.apply()["actions"] == ["renew the certificate: it does not fit its key"]
    loads(tasks.folder)


@pytest.mark.parametrize(
    "text", [b"nothing", b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"]
)
def test_a_key_that_cannot_be_read_is_somebody_s(tasks: Tasks, text: bytes) -> None:
    tasks.run()
    (tasks.folder / "serverkey.pem").write_bytes(text)
    assert "serverkey.pem cannot be used: it is " in tasks.refused()
    tasks.apply(force=True)
    loads(tasks.folder)


def test_permissions(tasks: Tasks) -> None:
    tasks.run()
    (tasks.folder / "serverkey.pem").chmod(0o644)
    done = tasks.apply()
    assert done["actions"] == [f"change the permissions of {tasks.folder}/serverkey.pem"]
    assert tasks.mode("serverkey.pem") == 0o600
    tasks.apply(group=str(os.getgid()), common_name="other")
    assert tasks.mode("serverkey.pem") == 0o640
    # What somebody has given to a group by hand stays.
    tasks.unchanged(common_name="other")
    assert "there is no 'nobody-of-that-name' on this machine" in tasks.refused(owner="nobody-of-that-name")


def test_absent(tasks: Tasks) -> None:
    tasks.unchanged(state="absent", common_name=None)
    tasks.run()
    done = tasks.apply(state="absent", common_name=None)
    assert done["certificate"] == {"state": "absent", "role": "server"}
    assert done["diff"] == {"before": {"state": "present"}, "after": {"state": "absent"}}
    assert set(tasks.truth()) == {"cacert.pem"}
    tasks.run("authority", common_name="Example", force=True)
    assert "force: true" in tasks.refused("authority", state="absent")
    tasks.apply("authority", state="absent", force=True)
    assert not tasks.truth()


def test_absent_leaves_no_key_that_a_crash_has_left(tasks: Tasks) -> None:
    tasks.run()
    left = {f"{name}.stratum-writing" for name in ("servercert.pem", "serverkey.pem", "serverkey.pem.stratum-new")}
    for name in left:
        (tasks.folder / name).write_bytes((tasks.folder / "serverkey.pem").read_bytes())
    tasks.apply(state="absent", common_name=None)
    assert set(tasks.truth()) == {"cacert.pem"}


def test_folders_can_be_entered_whatever_the_task_s_umask(tasks: Tasks) -> None:
    """QEMU reads its certificates as another user."""
    umask = os.umask(0o077)
    try:
        tasks.run(path=str(tasks.folder / "private" / "qemu"))
    finally:
        os.umask(umask)
    folders = (tasks.folder, tasks.folder / "private", tasks.folder / "private" / "qemu")
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o755, 0o700, 0o755]


def test_a_folder_that_somebody_makes_at_the_same_time(tasks: Tasks, monkeypatch: pytest.MonkeyPatch) -> None:
    make_folder = os.mkdir

    def late(*arguments: Any) -> None:
        make_folder(*arguments)
        make_folder(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(os, "mkdir", late)
        tasks.run()
    tasks.unchanged()


def test_tasks_that_share_the_authority_s_certificate_take_turns(tasks: Tasks) -> None:
    class Locks(LocalHost):
        @contextlib.contextmanager
        def lock(self, name: str, deadline: Deadline) -> Iterator[None]:
            taken.append(name)
            with super().lock(name, deadline):
                yield

    locks: list[list[str]] = []
    for role in ("authority", "server", "client"):
        taken: list[str] = []
        locks.append(taken)
        request = load(tasks.options(role, state="absent"))
        CertificateManager(Locks(), request).run(check_mode=True)
    shared = f"certificate {tasks.folder}/cacert.pem"
    assert [each[-1] for each in locks] == [shared] * 3
    assert len({each[0] for each in locks}) == 3


@pytest.mark.parametrize("what", ["serverkey.pem", "servercert.pem", "cacert.pem", ""])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_links_of_other_users_are_not_followed(
    tasks: Tasks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, state: str
) -> None:
    """Whoever has the folder could have root read and give away another key, or write where only root may."""
    tasks.run()
    real = tmp_path / "real"
    os.rename(tasks.folder / what, real)
    (tasks.folder / what).symlink_to(real)
    before = real.read_bytes() if what else b""
    tasks.unchanged()  # what is linked by root or by us is meant to be
    if os.geteuid() == 0:
        os.lchown(tasks.folder / what, 65534, 65534)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    says = f"{str(tasks.folder / what).rstrip('/')} is a link that belongs to another user, and is not followed."
    assert says in tasks.refused(state=state, force=True)
    assert not what or real.read_bytes() == before


# Signed elsewhere


def test_a_request_for_somebody_else(tasks: Tasks, signing: Authority) -> None:
    first = tasks.run(authority=None)
    assert first["actions"] == ["make a key that waits for its certificate"]
    assert set(tasks.truth()) == {"serverkey.pem.stratum-new"}
    assert tasks.mode("serverkey.pem.stratum-new") == 0o600
    again = tasks.unchanged(authority=None)
    key = make.requested_key(again["request"].encode())
    wanted = make.Wanted("node1", None, ("DNS:node1", "DNS:alias"), frozenset({"server"}), 90)
    text = make.sign(key, wanted, signing.certificate, signing.key).pem().decode()
    given = {"certificate": text, "authority_certificate": signing.certificate.pem().decode()}
    done = tasks.apply(**given)
    # What somebody else has signed is taken as it is.
    assert done["certificate"]["alternative_names"] == ["DNS:node1", "DNS:alias"]
    assert set(tasks.truth()) == {"cacert.pem", "servercert.pem", "serverkey.pem"}
    loads(tasks.folder)
    # A certificate of another key, or of another authority, is refused.
    other = make.sign(make.new_key("ECC", 256).public_key(), wanted, signing.certificate, signing.key).pem().decode()
    assert "it fits no key that is here" in tasks.refused(certificate=other)
    stranger = Authority("Stranger").certificate.pem().decode()
    assert "which is not the authority" in tasks.refused(certificate=text, authority_certificate=stranger)


@pytest.mark.parametrize(
    ("begin", "end", "says"),
    [
        (1, 90, "the certificate is not yet valid, but from {begin} on. Check this machine's clock."),
        (-9, -1, "the certificate that is given has expired on {end}."),
        (-9, 9, "the certificate that is given ends on {end}."),
        (-9, 90, ""),
    ],
)
def test_dates_of_what_somebody_else_has_signed(
    tasks: Tasks, signing: Authority, begin: int, end: int, says: str
) -> None:
    key = make.requested_key(tasks.run(authority=None)["request"].encode())
    wanted = make.Wanted("node1", None, (), frozenset({"server"}), 0)
    made = make.sign(key, wanted, signing.certificate, signing.key, dates(begin, end))
    told = says.format(begin=day(made.not_before), end=day(made.not_after))
    for _each in range(2):
        assert tasks.run(certificate=made.pem().decode())["warnings"] == ([told] if told else [])


def test_the_controller_signs(tasks: Tasks, signing: Authority) -> None:
    """The two runs of the action plugin. What check mode foretells is what both do."""

    def run(**options: Any) -> Result:
        stated = {
            "authority": str(tasks.authority),
            "authority_certificate": signing.certificate.pem().decode(),
            **options,
        }
        foretold = tasks.run(check=True, **stated)
        first = tasks.run(**stated)
        if "request" not in first:
            assert not first["changed"]
            return first
        there = {name: what for name, what in tasks.truth().items() if "stratum-new" not in name}
        assert there == before
        signed = Signer(tasks.options(**stated)).sign(first["request"])
        done = tasks.run(**stated, certificate=signed)
        for what in ("changed", "actions", "diff"):
            assert foretold[what] == done[what]
        assert not any("stratum-new" in name for name in tasks.truth())
        return done

    before: dict[str, Any] = {}
    assert run()["actions"] == ["place the authority's certificate", "make the key and the certificate: there is none"]
    before = tasks.truth()
    assert run()["actions"] == []
    assert run(alternative_names=["DNS:other"])["actions"] == ["renew the certificate: its names differ"]
    before = tasks.truth()
    assert run(key_size=384)["actions"] == [
        "renew the key and the certificate: it has 256 bits",
    ]
    loads(tasks.folder)


def test_what_a_request_says_is_not_believed(tasks: Tasks) -> None:
    wanted = make.Wanted("evil", None, ("DNS:everybody",), frozenset({"server", "client"}), 9999)
    request = make.make_request(make.new_key("ECC", 256), wanted).decode()
    (made,) = certificates(Signer(tasks.options("client")).sign(request).encode())
    assert (made.common_name, made.names, made.usages()) == ("node1", (), {"client"})
    assert made.not_after - now() < timedelta(days=366)
    with pytest.raises(InputError, match="request: it is not a request for a certificate"):
        Signer(tasks.options("client")).sign("nothing")
    old = dsa.generate_private_key(2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "old")])
    strange = x509.CertificateSigningRequestBuilder().subject_name(name).sign(old, hashes.SHA256())
    with pytest.raises(InputError, match="request: it is for a key of a kind that is not known here"):
        Signer(tasks.options("client")).sign(strange.public_bytes(serialization.Encoding.PEM).decode())
    text = x509.load_pem_x509_csr(request.encode()).public_bytes(serialization.Encoding.DER)
    for broken, says in (
        (text[:-1] + bytes([text[-1] ^ 1]), "it is not signed with the key that it is for"),
        (text.replace(b"\x02\x01\x00", b"\x02\x01\x07", 1), "it is not a request for a certificate"),
    ):
        pem = ssl.DER_cert_to_PEM_cert(broken).replace("CERTIFICATE", "CERTIFICATE REQUEST")
        with pytest.raises(InputError, match=f"request: {says}"):
            Signer(tasks.options("client")).sign(pem)


# What makes no sense


@pytest.mark.parametrize(
    ("role", "options", "says"),
    [
        ("server", {"alternative_names": ["node1"]}, "alternative_names: 'node1' is no name of a machine."),
        ("server", {"alternative_names": ["DNS:a b"]}, "alternative_names: 'DNS:a b' is no name of a machine."),
        ("server", {"alternative_names": ["DNS:192.0.2.1"]}, "alternative_names: 'DNS:192.0.2.1' is an address."),
        ("server", {"alternative_names": ["IP:1.2.3"]}, "alternative_names: '1.2.3' is not an address."),
        ("server", {"common_name": "my node"}, "common_name: 'DNS:my node' is no name of a machine."),
        ("client", {"common_name": ""}, "common_name: it has to have 1 to 64 characters"),
        ("client", {"common_name": "a\nb"}, "common_name: it has to have 1 to 64 characters"),
        ("server", {"valid_for": 0}, "valid_for: 0 is not between 1 and 36500 days."),
        ("server", {"valid_for": 20}, "renew_before: 30 days are not fewer than the 20"),
        ("server", {"key_size": 1024}, "key_size: a key of type ECC has no 1024 bits."),
        ("server", {"path": "relative"}, "path: 'relative' is not an absolute path."),
        ("authority", {"alternative_names": ["DNS:a"]}, "alternative_names: an authority has none."),
        ("server", {"certificate": "nothing"}, "certificate: there is no PEM certificate in it."),
        ("server", {"authority": "/nowhere", "remote_src": True}, "authority: there is no file /nowhere/cacert.pem."),
    ],
)
def test_what_cannot_be_right(tasks: Tasks, role: str, options: dict[str, Any], says: str) -> None:
    assert tasks.refused(role, **options).startswith(says)


def test_an_authority_that_cannot_sign(tasks: Tasks, signing: Authority) -> None:
    (tasks.authority / "cakey.pem").write_bytes(make.key_text(make.new_key("ECC", 256)))
    assert "does not fit the certificate" in tasks.refused()
    signing.issue(tasks.authority, "server")
    for part in ("cert", "key"):
        os.replace(tasks.authority / f"server{part}.pem", tasks.authority / f"ca{part}.pem")
    assert "is not the certificate of an authority" in tasks.refused()
    Authority(end=-1).write_key(tasks.authority)
    assert "has expired" in tasks.refused()
