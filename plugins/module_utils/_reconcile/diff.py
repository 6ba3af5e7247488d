# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""From differences between a spec and documents to what a person reads. No I/O here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from .plan import Change

if TYPE_CHECKING:
    from .._document.field import Difference
    from .._document.subset import Missing


def changes(differences: Iterable[Difference | Missing]) -> Iterator[Change]:
    """Yield the lines of a diff."""
    for difference in differences:
        yield Change(difference.path, difference.before, difference.after)
