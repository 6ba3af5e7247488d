# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""How a far Python comes to have modules of ours: out of memory, and no file is left there.

This file is the beginning of the program that is sent, so it imports nothing of ours.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class Sources(MetaPathFinder, InspectLoader):
    """Finds and loads modules by their sources; what has modules below it is a package."""

    def __init__(self, sources: dict[str, str]) -> None:
        self._sources = sources
        self._packages = {name.rpartition(".")[0] for name in sources}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module is, ``None`` for what is not ours."""
        if fullname not in self._sources and fullname not in self._packages:
            return None
        return ModuleSpec(fullname, self, origin="sent", is_package=self.is_package(fullname))

    def is_package(self, fullname: str) -> bool:
        """Whether it has modules below it."""
        return fullname in self._packages

    def get_source(self, fullname: str) -> str:
        """Return a module's source; that of a package is empty."""
        return self._sources.get(fullname, "")


def start(sources: dict[str, str], main: str, argument: str) -> None:
    """Make modules of these sources known, and run the function ``main`` of the module ``main``."""
    sys.meta_path.insert(0, Sources(sources))
    import_module(main).main(argument)
