# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module tls_certificate as a program, and the library that it and TLS need, which nothing else does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.test_module import BLOCK_LXML, Modules

MISSING = "Failed to import the required Python library (cryptography)"


@pytest.fixture
def modules(tmp_path: Path) -> Modules:
    return Modules(tmp_path)


@pytest.fixture
def without(modules: Modules) -> Modules:
    """The same, where cryptography is not installed."""
    (modules.folder / "sitecustomize.py").write_text(BLOCK_LXML.replace("lxml", "cryptography"))
    modules.path.insert(0, str(modules.folder))
    return modules


def test_a_certificate_from_its_creation_to_its_end(modules: Modules) -> None:
    authority = {"role": "authority", "path": str(modules.folder / "authority"), "common_name": "Example"}
    assert modules.run("tls_certificate", **authority, key_type="ECC")["changed"]
    client = {"role": "client", "path": str(modules.folder / "client"), "common_name": "me"}
    signed = {"authority": authority["path"], "remote_src": True}
    done = modules.run("tls_certificate", **client, **signed)
    assert done["certificate"]["issuer"] == "CN=Example"
    assert "PRIVATE" not in json.dumps(done)
    assert not modules.run("tls_certificate", **client, **signed)["changed"]
    assert modules.run("tls_certificate", role="client", path=client["path"], state="absent")["changed"]


def test_options_that_are_missing(modules: Modules) -> None:
    failed = modules.run("tls_certificate", role="server")
    assert failed["msg"] == "state is present but all of the following are missing: common_name"


def test_without_cryptography_the_message_says_what_to_install(without: Modules) -> None:
    options = {"role": "authority", "path": str(without.folder / "authority"), "common_name": "Example"}
    for name, arguments in (("tls_certificate", options), ("domain_info", {"uri": "qemu+tls://localhost/system"})):
        failed = without.run(name, **arguments)
        assert failed["failed"]
        assert MISSING in failed["msg"]


def test_nothing_else_needs_cryptography(without: Modules) -> None:
    assert without.domain(memory="64MiB")["changed"]
