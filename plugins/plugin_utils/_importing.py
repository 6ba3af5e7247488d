# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Importing on the controller, where Ansible compiles what its plugins import anew in every process."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from types import ModuleType

_PLUGINS = __name__.rpartition("plugin_utils.")[0]
_OURS = (f"{_PLUGINS}module_utils.", f"{_PLUGINS}plugin_utils.")


class KeepBytecode:
    """Finds this collection's modules in their files and loads them as Python does, with bytecode in ``__pycache__``.

    Ansible's own finder keeps none, although its plugins, which it loads in another way, have theirs beside them. It
    still finds everything else, folders of this collection and redirections included.
    """

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return where a module is; ``None``, and so the ordinary way, for what is not ours or not a file."""
        if not name.startswith(_OURS):
            return None
        for folder in path or ():
            place = os.path.join(folder, name.rpartition(".")[2])
            # Like the ordinary way, which takes a folder before a file of the same name.
            if os.path.isfile(f"{place}.py") and not os.path.isdir(place):
                return spec_from_file_location(name, f"{place}.py")
        return None


def keep_bytecode() -> None:
    """Keep bytecode of what is imported from here on, as far as Python is allowed to and its folder can be written."""
    if KeepBytecode not in sys.meta_path:
        sys.meta_path.insert(0, KeepBytecode)
