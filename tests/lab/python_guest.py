# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tiny guest with a Python in it, for modules that run inside: the machine's own, as far as Ansible needs it."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

PYTHON = Path("/usr/bin/python3")
"""The distribution's, which looks for its library where it was installed."""
ABOUT = "import sys, sysconfig; print(sysconfig.get_path('stdlib'), sys.implementation.cache_tag, sys.version)"
FOLDERS_LEFT_OUT = frozenset(
    ["test", "idlelib", "tkinter", "turtledemo", "lib2to3", "ensurepip", "pydoc_data", "dist-packages", "site-packages"]
)
# What would bring large libraries along: Ansible hashes without OpenSSL, and needs no terminal and no database.
EXTENSIONS_LEFT_OUT = (
    "_ssl.",
    "_hashlib.",
    "_sqlite3.",
    "_curses",
    "_tkinter.",
    "readline.",
    "_dbm.",
    "_gdbm.",
    "_test",
)


def add_python(initrd: Path, result: Path) -> None:
    """Write an initial file system that is ``initrd`` and a Python; the kernel unpacks one after the other.

    It is made anew when one of the two is another one than the last time. Raises FileNotFoundError without a Python.
    """
    told = subprocess.run([str(PYTHON), "-c", ABOUT], capture_output=True, text=True, check=True).stdout
    stamp = result.with_suffix(".stamp")
    version = f"{told}{initrd.stat().st_mtime_ns} {Path(__file__).stat().st_mtime_ns}"
    if result.is_file() and stamp.is_file() and stamp.read_text() == version:
        return
    library, tag, _version = told.split(maxsplit=2)
    archive = _tiny_guest().Archive()
    archive.program("usr/bin/python3", PYTHON)
    for name, source in _modules(Path(library), tag):
        if source.suffix == ".so":
            archive.program(name, source)
        else:
            archive.add(name, source.read_bytes())
    temporary = result.with_suffix(".new")
    temporary.write_bytes(initrd.read_bytes() + archive.finish())
    temporary.replace(result)
    stamp.write_text(version)


def _modules(library: Path, tag: str) -> Iterator[tuple[str, Path]]:
    """Yield the files of the library by the names that they get.

    Compiled ones, where there are some, without their sources: compiling takes the guest longer than anything else.
    """
    for path in sorted(library.rglob("*")):
        inside = path.relative_to(library)
        if FOLDERS_LEFT_OUT.intersection(inside.parts) or path.name.startswith(EXTENSIONS_LEFT_OUT):
            continue
        if path.suffix == ".so":
            yield str(path).lstrip("/"), path
        elif path.suffix == ".py":
            compiled = path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc"
            found = compiled if compiled.exists() else path
            yield str(path.with_suffix(found.suffix)).lstrip("/"), found


def _tiny_guest() -> ModuleType:
    builder = Path(__file__).parents[2] / "playbooks" / "files" / "tiny_guest.py"
    spec = importlib.util.spec_from_file_location("tiny_guest", builder)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(builder)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
