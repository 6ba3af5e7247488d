# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules as Ansible runs them: a program that reads its options from its input and prints one result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BUILD = Path(__file__).resolve().parents[2] / "build"
PASSWORD = "hunter2-hunter2"

BLOCK_LXML = """\
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "lxml":
            raise ImportError("No module named 'lxml'")

sys.meta_path.insert(0, Block())
"""


class Modules:
    """Runs modules on one simulated node."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.uri = f"sim://{folder}/node"
        self.path = [str(BUILD)]

    def run(self, module: str, *, environment: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
        arguments = {"ANSIBLE_MODULE_ARGS": options}
        done = subprocess.run(
            [sys.executable, "-m", f"ansible_collections.stratum.virt.plugins.modules.{module}"],
            input=json.dumps(arguments),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=self.folder,
            env={
                **{name: value for name, value in os.environ.items() if "VIRT" not in name},
                "PYTHONPATH": os.pathsep.join(self.path),
                "TMPDIR": str(self.folder),
                **(environment or {}),
            },
        )
        assert "Traceback" not in done.stderr, done.stderr
        result: dict[str, Any] = json.loads(done.stdout)
        assert done.returncode == (1 if result.get("failed") else 0)
        return result

    def domain(self, **options: Any) -> dict[str, Any]:
        return self.run("domain", uri=self.uri, name="web1", **options)


@pytest.fixture
def modules(tmp_path: Path) -> Modules:
    return Modules(tmp_path)


def test_a_domain_from_its_creation_to_its_end(modules: Modules) -> None:
    foretold = modules.domain(memory="64MiB", state="running", _ansible_check_mode=True)
    assert (foretold["changed"], foretold["actions"]) == (True, ["define", "start"])
    assert not (modules.folder / "node").exists()
    done = modules.domain(memory="64MiB", state="running")
    assert (done["changed"], done["actions"], done["uri"]) == (True, ["define", "start"], modules.uri)
    assert done["domain"]["state"] == "running"
    assert "warnings" not in done
    again = modules.domain(memory="64MiB", state="running")
    assert (again["changed"], again["diff"]) == (False, {"before": {}, "after": {}})
    # The environment can name the node.
    found = modules.run("domain_info", environment={"STRATUM_VIRT_URI": modules.uri}, name=["web*"])
    assert (found["changed"], found["uri"]) == (False, modules.uri)
    assert [each["state"] for each in found["domains"]] == ["running"]
    assert modules.domain(state="absent")["domain"] == {"name": "web1", "state": "absent"}


def test_a_failure_says_why_and_what_is_known(modules: Modules) -> None:
    modules.domain(memory="64MiB")
    failed = modules.run("domain", uri=f"{modules.uri}?fail=start", name="web1", memory="32MiB", state="running")
    assert failed["failed"]
    assert failed["msg"] == "start of the domain 'web1': the simulated node was told to refuse it."
    assert failed["actions"] == ["change the configuration"]
    assert (failed["failed_action"], failed["changed"]) == ("start", True)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"memory": "lots"}, "memory: "),
        ({"colour": "red"}, "Unsupported parameters"),
        ({"disks": [{"file": "/a"}]}, "missing required arguments: target"),
    ],
)
def test_options_that_make_no_sense_are_named(modules: Modules, options: dict[str, Any], says: str) -> None:
    failed = modules.domain(**options)
    assert failed["failed"]
    assert says in failed["msg"]


def test_a_name_is_needed_somewhere(modules: Modules) -> None:
    assert "one of the following is required: name, xml" in modules.run("domain", uri=modules.uri)["msg"]
    failed = modules.run("domain", uri=modules.uri, xml="<domain/>")
    assert failed["msg"] == "name: it is missing. Give name, or xml with a name in it."
    assert failed["option"] == "name"


def test_a_uri_that_nobody_knows(modules: Modules) -> None:
    failed = modules.run("domain_info", uri="cloud://nine/")
    assert failed["msg"].startswith("uri: no driver for 'cloud'. Known: qemu, ")


def test_a_warning_of_the_hypervisor_is_ansible_s(modules: Modules) -> None:
    modules.domain(memory="64MiB")
    done = modules.domain(xml="<domain id='7'/>")
    assert done["changed"] is False
    assert "xml/@id" in str(done["warnings"])


@pytest.mark.parametrize("way", ["option", "xml"])
@pytest.mark.parametrize("fault", ["", "?fail=define"])
def test_a_password_is_nowhere(modules: Modules, way: str, fault: str) -> None:
    options = {
        "option": {"graphics": [{"type": "vnc", "password": PASSWORD}]},
        "xml": {"xml": f"<domain><devices><graphics type='vnc' passwd='{PASSWORD}'/></devices></domain>"},
    }[way]
    done = modules.run("domain", uri=modules.uri + fault, name="web1", memory="64MiB", **options)
    assert bool(done.get("failed")) is bool(fault)
    assert "invocation" in done
    assert PASSWORD not in json.dumps(done)


def test_a_document_that_was_read_can_be_given_back(modules: Modules) -> None:
    """It may hold passwords, so Ansible hides the option; the result that is equal to it is shown all the same."""
    modules.domain(memory="64MiB")
    (found,) = modules.run("domain_info", uri=modules.uri, gather=["xml"])["domains"]
    done = modules.domain(xml=found["xml"])
    assert done["changed"] is False
    assert done["domain"]["xml"] == found["xml"]
    assert done["invocation"]["module_args"]["xml"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


@pytest.mark.parametrize(("module", "options"), [("domain", {"name": "web1"}), ("domain_info", {"gather": ["spec"]})])
def test_without_lxml_the_message_says_what_to_install(modules: Modules, module: str, options: dict[str, Any]) -> None:
    modules.domain(memory="64MiB")
    (modules.folder / "sitecustomize.py").write_text(BLOCK_LXML)
    modules.path.insert(0, str(modules.folder))
    failed = modules.run(module, uri=modules.uri, **options)
    assert failed["failed"]
    assert "Failed to import the required Python library (lxml)" in failed["msg"]
