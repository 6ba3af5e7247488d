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
from ansible_collections.stratum.virt.plugins.module_utils._document.domain import DOMAIN, complete

from .cases import CASES, Case

MACHINE = ("virt_type", "os_type", "arch", "machine")

DIFFERENT = {
    "nic-user": "the parser of libvirt 9.0 refuses the backend that its schema offers",
    "power": "only the QEMU driver knows that this device has a UUID on this architecture",
    "labels-dynamic": "the test driver has no SELinux",
}

TOGETHER = [case for case in CASES if case.name not in DIFFERENT]


@pytest.fixture(scope="module")
def understood(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return, by the corpus' names, what libvirt writes after it has read the document."""
    virsh = shutil.which("virsh")
    if virsh is None:
        if os.environ.get("CI"):
            pytest.fail("virsh is missing: install libvirt's clients, whose parser has to read what we write")
        pytest.skip("virsh is not installed")
    folder = tmp_path_factory.mktemp("corpus")
    commands = []
    for case in TOGETHER:
        file = _without_machine(case, folder)
        commands += [f"echo ==={case.name}===", f"define {file}", f"dumpxml --inactive --security-info {case.name}"]
        commands.append(f"undefine {case.name}")
    done = subprocess.run(
        [virsh, "-q", "-c", "test:///default"],
        input="\n".join(commands) + "\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    answers = re.split(r"^===(.*?)===", done.stdout, flags=re.MULTILINE)
    documents = {}
    for name, answer in zip(answers[1::2], answers[2::2]):
        found = re.search(r"<domain .*</domain>", answer, re.DOTALL)
        documents[name] = found[0] if found else f"{done.stderr}"
    return documents


def _without_machine(case: Case, folder: Path) -> Path:
    document = case.document()
    document.set("type", "test")
    kind = tree.Place("os/type").make(document)
    kind.attrib.clear()
    kind.text = "exe" if kind.text == "exe" else "hvm"
    file = folder / f"{case.name}.xml"
    file.write_text(tree.serialize(document), encoding="utf-8")
    return file


@pytest.mark.parametrize("case", TOGETHER, ids=[case.name for case in TOGETHER])
def test_libvirt_understands(case: Case, understood: dict[str, str]) -> None:
    answer = understood[case.name]
    assert answer.startswith("<domain "), answer
    document = tree.parse(answer, case.name)
    params = {name: value for name, value in case.params.items() if name not in MACHINE}
    spec = complete(DOMAIN.load(params), DOMAIN.read(document))
    assert list(DOMAIN.differences(document, spec)) == []
    again = DOMAIN.load(DOMAIN.show(DOMAIN.read(document)))
    assert list(DOMAIN.differences(document, again)) == []
