# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
CORE = "ansible_collections/stratum/virt/plugins/module_utils"

PROGRAM = """
import json, sys
archive, once = sys.argv[1:]
sys.path.insert(0, archive)
compiled = []
sys.addaudithook(lambda event, details: event == "compile" and compiled.append(str(details[1])))
from ansible_collections.stratum.virt.plugins.module_utils import _importing
if once == "once":
    _importing.compile_once()
compiled.clear()
from ansible_collections.stratum.virt.plugins.module_utils._document import domain, tree
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt import driver
ours = [name for name in compiled if archive in name]
json.dump([len(ours), len(set(ours)), domain.DOMAIN is not None, driver.__name__, tree.__spec__.origin], sys.stdout)
"""


def imported(archive: Path, how: str) -> tuple[int, int, str]:
    """Import from a zip file in a process of its own; return how often was compiled, how much, and an origin."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    argv = [sys.executable, "-c", PROGRAM, str(archive), how]
    output = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=60, check=True).stdout
    times, files, has_table, name, origin = json.loads(output)
    assert has_table
    assert name.endswith("_driver._libvirt.driver")
    return times, files, origin


def test_what_comes_out_of_a_zip_file_is_compiled_once(tmp_path: Path) -> None:
    archive = tmp_path / "payload.zip"
    with zipfile.ZipFile(archive, "w") as payload:
        for folder in (*Path(CORE).parents, Path(CORE)):
            if str(folder) != ".":
                payload.writestr(f"{folder}/__init__.py", "")
        core = CHECKOUT / "plugins" / "module_utils"
        for path in core.rglob("*.py"):
            payload.write(path, f"{CORE}/{path.relative_to(core)}")
        for folder in {path.parent for path in core.rglob("*.py")} - {core}:
            if not (folder / "__init__.py").exists():
                payload.writestr(f"{CORE}/{folder.relative_to(core)}/__init__.py", "")
    times, files, origin = imported(archive, "once")
    # The first module of each folder is found in the ordinary way, before the folder's importer is known.
    assert files <= times <= files + 5
    assert origin == f"{archive}/{CORE}/_document/tree.py"
    assert imported(archive, "ordinary")[0] > times
