# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Choosing objects by their names, or by patterns as the shell knows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

_PATTERN = frozenset("*?[")


def has_pattern(patterns: Sequence[str]) -> bool:
    """Whether one of them stands for more than itself."""
    return any(_PATTERN.intersection(pattern) for pattern in patterns)


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether one of the patterns fits; a name may hold the characters of a pattern, and is always itself."""
    return name in patterns or any(fnmatchcase(name, pattern) for pattern in patterns)


def selected(names: Callable[[], Sequence[str]], patterns: Sequence[str]) -> list[str] | None:
    """Return the names to read, ``None`` for all; which ``names`` there are is asked only when a pattern needs it."""
    if not patterns:
        return None
    if not has_pattern(patterns):
        return list(dict.fromkeys(patterns))
    return [name for name in names() if matches(name, patterns)]
