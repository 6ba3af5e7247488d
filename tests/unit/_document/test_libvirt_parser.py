# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""libvirt's own parser, through its built-in test driver, reads of a document what the spec said.

The driver needs no daemon; it knows no kinds of machines, so these are taken out first.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document import tree

from .cases import CASES, Case, each
from .kinds import DOMAIN, NETWORK

MACHINE = ("virt_type", "os_type", "arch", "machine")

COMMANDS = {
    DOMAIN.name: ("define {file}", "dumpxml --inactive --security-info {name}", "undefine {name}"),
    NETWORK.name: ("net-define {file}", "net-dumpxml {name}", "net-undefine {name}"),
}
"""How virsh defines a kind of object, shows it, and removes it."""

DIFFERENT = {
    "nic-user": "the parser of libvirt 9.0 refuses the backend that its schema offers",
    "power": "only the QEMU driver knows that this device has a UUID on this architecture",
    "labels-dynamic": "the test driver has no SELinux",
}

TOGETHER = [case for kind in COMMANDS for case in CASES[kind] if case.name not in DIFFERENT]


@pytest.fixture(scope="module")
def understood(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    """Return, by kind and the corpus' names, what libvirt writes after it has read the document."""
    virsh = shutil.which("virsh")
    if virsh is None:
        if os.environ.get("CI"):
            pytest.fail("virsh is missing: install libvirt's clients, whose parser has to read what we write")
        pytest.skip("virsh is not installed")
    folder = tmp_path_factory.mktemp("corpus")
    commands = []
    for case in TOGETHER:
        file = _file(case, folder)
        commands.append(f"echo ==={case.kind.name} {case.name}===")
        commands += [command.format(file=file, name=case.name) for command in COMMANDS[case.kind.name]]
    done = subprocess.run(
        [virsh, "-q", "-c", "test:///default"],
        input="\n".join(commands) + "\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    answers = re.split(r"^===(\S+) (.*?)===", done.stdout, flags=re.MULTILINE)
    documents = {}
    for kind, name, answer in zip(answers[1::3], answers[2::3], answers[3::3]):
        found = re.search(rf"<{kind}[ >].*</{kind}>", answer, re.DOTALL)
        documents[kind, name] = found[0] if found else f"{done.stderr}"
    return documents


def _file(case: Case, folder: Path) -> Path:
    document = case.document()
    if case.kind is DOMAIN:
        document.set("type", "test")
        kind = tree.Place("os/type").make(document)
        kind.attrib.clear()
        kind.text = "exe" if kind.text == "exe" else "hvm"
    file = folder / f"{case.kind.name}-{case.name}.xml"
    file.write_text(tree.serialize(document), encoding="utf-8")
    return file


@each(TOGETHER)
def test_libvirt_understands(case: Case, understood: dict[tuple[str, str], str]) -> None:
    answer = understood[case.kind.name, case.name]
    assert answer.startswith(f"<{case.kind.name}"), answer
    table, document = case.kind.table, tree.parse(answer, case.name)
    params = {name: value for name, value in case.params.items() if name not in MACHINE}
    spec = case.kind.complete(table.load(params), table.read(document))
    assert list(table.differences(document, spec)) == []
    again = table.load(table.show(table.read(document)))
    assert list(table.differences(document, again)) == []
