# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What plugins on the controller import is compiled once, and not in every process of Ansible's anew."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
CORE = "module_utils/_document/tree"

PROGRAM = """
import json, sys
from ansible.errors import AnsibleError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader, init_plugin_loader, inventory_loader
init_plugin_loader()
compiled = []
sys.addaudithook(lambda event, details: event == "compile" and compiled.append(str(details[1])))
if sys.argv[1] == "inventory":
    plugin = inventory_loader.get(sys.argv[2])
    use = lambda: plugin.parse(InventoryData(), DataLoader(), "/nowhere/lab.stratum_virt.yml")
else:
    plugin = connection_loader.get(sys.argv[2], PlayContext())
    use = plugin._connect
# There is no such source and no such guest, but what it takes is imported.
try:
    use()
except AnsibleError:
    pass
import ansible_collections.other.one.plugins.module_utils.thing as thing
from ansible_collections.stratum.virt.plugins.module_utils._document import tree
json.dump([compiled, type(thing.__loader__).__name__, tree.__file__], sys.stdout)
"""


class Installed:
    """This collection where it was installed, and another one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.plugins = root / "ansible_collections/stratum/virt/plugins"
        shutil.copytree(CHECKOUT / "plugins", self.plugins, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(CHECKOUT / "meta", self.plugins.parent / "meta")
        other = root / "ansible_collections/other/one/plugins/module_utils"
        other.mkdir(parents=True)
        (other / "thing.py").write_text("")

    def compiled(self, kind: str, plugin: str, **environment: str) -> set[str]:
        """Load a plugin in a process of its own; return which of the collection's files were compiled for it."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        where = {"ANSIBLE_COLLECTIONS_PATH": str(self.root), "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false"}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, kind, plugin],
            env={**ours, **where, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        compiled, loader, file = json.loads(done.stdout)
        assert loader == "_AnsibleCollectionLoader"  # of other collections, nothing changes
        assert file == str(self.plugins / f"{CORE}.py")
        return self.names(path for path in compiled if path.startswith(str(self.plugins)))

    def names(self, paths: Iterable[str]) -> set[str]:
        return {os.path.relpath(path, self.plugins).removesuffix(".py") for path in paths}


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    return Installed(tmp_path)


PLUGINS = (
    ("inventory", "stratum.virt.domains", "plugin_utils/_inventory/source"),
    ("connection", "stratum.virt.guest_agent", "plugin_utils/_guest_agent/guest"),
)
INVENTORY = PLUGINS[0][:2]
BEFORE = "plugin_utils/_importing"
"""What comes before the finder is there."""


@pytest.mark.parametrize(("kind", "plugin", "work"), PLUGINS)
def test_it_is_compiled_once(installed: Installed, kind: str, plugin: str, work: str) -> None:
    assert installed.compiled(kind, plugin) > {work, CORE, BEFORE}
    again = installed.compiled(kind, plugin)
    assert BEFORE in again
    assert not again & {work, CORE}


def test_what_has_changed_is_compiled_again(installed: Installed) -> None:
    installed.compiled(*INVENTORY)
    with (installed.plugins / f"{CORE}.py").open("a") as file:
        file.write("# changed\n")
    assert installed.compiled(*INVENTORY) == {BEFORE, CORE}


def test_nothing_is_written_when_python_may_not(installed: Installed) -> None:
    for _time in range(2):
        assert CORE in installed.compiled(*INVENTORY, PYTHONDONTWRITEBYTECODE="1")
    assert list(installed.plugins.rglob("*.pyc")) == []


def test_nor_where_it_cannot_be(installed: Installed) -> None:
    # A file in its place stops root, too.
    places = [folder for folder in installed.plugins.rglob("*") if folder.is_dir()]
    for folder in places:
        (folder / "__pycache__").write_text("")
    for _time in range(2):
        assert CORE in installed.compiled(*INVENTORY)
