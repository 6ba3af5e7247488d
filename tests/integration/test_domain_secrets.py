# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Passwords of graphics are given to the hypervisor and shown nowhere, whatever ansible prints, however a task ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ansible import playbook
from tests.integration.modules import Tasks

FIRST, SECOND, THIRD, FOREIGN = "hush-1st", "hush-2nd", "hush-3rd", "hush-4th"
EVERY = (FIRST, SECOND, THIRD, FOREIGN)


def vnc(password: str) -> dict[str, Any]:
    return {"type": "vnc", "password": password}


@pytest.fixture
def foreign(tasks: Tasks, tmp_path: Path) -> None:
    """A domain that somebody else gave a password, which no task ever said."""
    tasks.define(
        "<domain type='qemu'><name>foreign</name><memory>65536</memory><os><type>hvm</type></os><devices>"
        f"<graphics type='vnc' passwd='{FOREIGN}'/></devices></domain>",
        tmp_path,
    )


@pytest.mark.usefixtures("foreign")
def test_ansible_never_prints_a_password(tasks: Tasks, tmp_path: Path) -> None:
    document = f"<domain><name>vaulted</name><devices><graphics type='vnc' passwd='{THIRD}'/></devices></domain>"
    arguments: list[tuple[str, str, dict[str, Any]]] = [
        ("create", "domain", {"name": "vaulted", "memory": "64MiB", "graphics": [vnc(FIRST)], "state": "running"}),
        ("change", "domain", {"name": "vaulted", "graphics": [vnc(SECOND)]}),
        ("change by xml", "domain", {"xml": document}),
        ("fail", "domain", {"name": "vaulted", "graphics": [vnc(SECOND)], "interfaces": [{"network": "none"}]}),
        ("fail at the end", "domain", {"name": "vaulted", "graphics": [vnc(SECOND)], "machine": "none"}),
        ("adopt", "domain", {"name": "foreign", "title": "Adopted"}),
        ("read", "domain_info", {"gather": ["spec", "xml"]}),
    ]
    play = {
        "name": "Passwords",
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            {
                "name": f"{name}, check mode {check}",
                f"stratum.virt.{module}": {"uri": tasks.uri, **options},
                "check_mode": check,
                "diff": True,
                "ignore_errors": name.startswith("fail"),
            }
            for name, module, options in arguments
            for check in (True, False)
            if not (check and module == "domain_info")
        ],
    }
    file = tmp_path / "play.yml"
    file.write_text(json.dumps([play]))
    # Shown by -vvv is everything that a module returns, with what it was called with.
    done = playbook(file, "-vvv")
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    assert "ok=13" in output
    assert "ignored=3" in output  # what only the hypervisor refuses is not known in check mode
    for password in EVERY:
        # The file of the play itself is not printed, or this would find it.
        assert password not in output
    assert f"passwd='{THIRD}'" in tasks.config("vaulted")
    # What the module itself read with its secrets is written back with them.
    assert f"passwd='{FOREIGN}'" in tasks.config("foreign")
    assert "<title>Adopted</title>" in tasks.config("foreign")


@pytest.mark.usefixtures("foreign")
def test_no_result_holds_a_password(tasks: Tasks) -> None:
    """The whole result, also what ansible does not print."""
    for check in (True, False):
        for options in (
            {"name": "vaulted", "memory": "64MiB", "graphics": [vnc(FIRST)]},
            {"name": "vaulted", "graphics": [vnc(SECOND)]},
            {"name": "vaulted", "graphics": [vnc(SECOND)], "kernel": "/nowhere"},
            {"name": "foreign", "memory": "32MiB"},
            {"name": "foreign", "state": "absent"},
        ):
            result = tasks.run(check=check, **options)
            assert not any(password in json.dumps(result) for password in EVERY), options
    assert f"passwd='{SECOND}'" in tasks.config("vaulted")
    tasks.unchanged(name="vaulted", graphics=[vnc(SECOND)])


def test_the_diff_says_that_a_password_changes(tasks: Tasks) -> None:
    tasks.make(name="vaulted", memory="64MiB", graphics=[vnc(FIRST)])
    done = tasks.apply(name="vaulted", graphics=[vnc(SECOND)])
    assert list(done["diff"]["after"]) == ["graphics[vnc].password"]
