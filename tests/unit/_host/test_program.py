# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the program that serves a far machine's files gets there and starts."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._errors import PeerError, StratumError
from ansible_collections.stratum.virt.plugins.module_utils._host.far import FarHost
from ansible_collections.stratum.virt.plugins.module_utils._host.program import OLDEST, program

from .sessions import LocalSession

CHECKOUT = Path(__file__).resolve().parents[3]
CORE = "ansible_collections/stratum/virt/plugins/module_utils"
PRINT = """
from ansible_collections.stratum.virt.plugins.module_utils._importing import compile_once
{ways}
from ansible_collections.stratum.virt.plugins.module_utils._host.program import program
print(program("hello"), end="")
"""
ONCE = "compile_once()"
COLLECTION = """
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder
_AnsibleCollectionFinder(paths=[sys.argv[1]])._install()
"""


def printed(code: str, *arguments: str, path: str = "") -> str:
    """Return what another process prints."""
    environment = {**os.environ, "PYTHONPATH": path}
    argv = [sys.executable, "-c", f"import sys\n{code}", *arguments]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=60, check=True).stdout


def test_it_is_the_same_from_wherever_its_sources_are_loaded(tmp_path: Path) -> None:
    archive = tmp_path / "payload.zip"
    core = CHECKOUT / "plugins" / "module_utils"
    with zipfile.ZipFile(archive, "w") as payload:
        for folder in (*Path(CORE).parents, Path(CORE), Path(CORE) / "_host"):
            if str(folder) != ".":
                payload.writestr(f"{folder}/__init__.py", "")
        for source in (*core.glob("*.py"), *(core / "_host").glob("*.py")):
            payload.write(source, f"{CORE}/{source.relative_to(core)}")
    here = program("hello")
    for way in ("", ONCE):
        assert printed(PRINT.format(ways=way), path=str(archive)) == here
    # As in an inventory or connection plugin on the controller.
    assert printed(COLLECTION + PRINT.format(ways=""), str(CHECKOUT / "build")) == here


def test_the_oldest_python_reads_all_of_it() -> None:
    text = program("hello")
    tree = ast.parse(text, feature_version=OLDEST)
    (call,) = (node for node in tree.body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
    sources = ast.literal_eval(call.value.args[0])  # type: ignore[attr-defined]
    assert len(sources) > 5
    for source in sources.values():
        ast.parse(source, feature_version=OLDEST)


def test_it_leaves_no_file_and_reads_none_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("LC_ALL", "C")
    far = FarHost(LocalSession())
    path = f"{tmp_path}/ä"
    with far.replace(path) as writer:
        writer.write(b"x")
    assert os.path.exists(path)
    far.close()
    assert sorted(os.listdir(tmp_path)) == ["json.py", "ä"]


def test_what_a_login_prints_is_no_answer() -> None:
    far = FarHost(LocalSession(before="echo Welcome to this machine.; "))
    assert far.user_id() == os.geteuid()
    assert far.environment("HOME") == os.environ["HOME"]
    assert far.environment("NO_SUCH_VARIABLE") is None
    assert far.status("/") is not None
    far.close()


def error_of(session: LocalSession) -> StratumError:
    far = FarHost(session)
    with pytest.raises(StratumError) as found:
        far.status("/")
    far.close()
    return found.value


def test_a_login_that_prints_without_end() -> None:
    error = error_of(LocalSession(before="head -c 1000000 /dev/zero; "))
    assert isinstance(error, PeerError)
    assert "root@far does not answer as our program would" in error.reason
    assert "what a login prints" in str(error)


OLD = 'python3() { case "$1" in -V) echo Python 3.8.10;; *) exit 1;; esac; }; '
BROKEN = 'python3() { case "$1" in -V) echo Python 3.11.2;; *) exit 1;; esac; }; '
NONE = "python3() { exec /nowhere/python3; }; "
PYTHON_2 = "python3() { echo Python 2.7.18 >&2; }; "


@pytest.mark.parametrize(
    ("before", "reason", "hint"),
    [
        (OLD, "the python3 of root@far is 3.8, and its files are reached by 3.9 or newer.", True),
        (PYTHON_2, "the python3 of root@far is 2.7, and its files are reached by 3.9 or newer.", True),
        (NONE, "root@far has no python3, and its files are reached by it.", True),
        (BROKEN, "the program that reaches the files of root@far ended as soon as it was started.", False),
        ("exit 0; ", "root@far has no python3, and its files are reached by it.", True),
    ],
)
def test_a_machine_that_cannot_run_it(before: str, reason: str, hint: bool) -> None:
    error = error_of(LocalSession(python="", before=before))
    assert error.reason == reason
    wanted = "Install Python 3.9 or newer there, or run the task on that node."
    assert error.hint == (wanted if hint else None)
