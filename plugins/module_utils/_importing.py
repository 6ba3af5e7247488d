# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Importing on a managed node, where modules come out of the zip file that Ansible sends, without bytecode."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, cast
from zipimport import ZipImportError, zipimporter

if TYPE_CHECKING:
    from importlib.abc import Loader

_PACKAGE = __name__.rpartition(".")[0] + "."


class CompileOnce:
    """Finds this collection's modules in a zip file without compiling them.

    The ordinary finder asks the zip file's importer for each module's file name, which it answers by compiling the
    module, and compiles it once more to run it: half of the time of a task that changes nothing.
    """

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return where a module is; ``None``, and so the ordinary way, for what is not ours or not in a zip file."""
        if not name.startswith(_PACKAGE):
            return None
        for folder in path or ():
            importer = sys.path_importer_cache.get(folder)
            # Before Python 3.10 its importer knows only the older way of loading.
            if not isinstance(importer, zipimporter) or not hasattr(importer, "exec_module"):
                continue
            try:
                is_package = importer.is_package(name)
            except ZipImportError:
                continue
            place = f"{folder}/{name.rpartition('.')[2]}"
            origin = f"{place}/__init__.py" if is_package else f"{place}.py"
            loader = cast("Loader", importer)  # which typeshed does not say of zipimporter
            spec = ModuleSpec(name, loader, origin=origin, is_package=is_package)
            if is_package:
                spec.submodule_search_locations = [place]
            return spec
        return None


def compile_once() -> None:
    """Import what is imported from here on in half the time, by asking CompileOnce before the ordinary finder."""
    if PathFinder in sys.meta_path and CompileOnce not in sys.meta_path:
        sys.meta_path.insert(sys.meta_path.index(PathFinder), CompileOnce)
