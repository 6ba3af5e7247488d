# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Which wanted entry is which of those that are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class Identity:
    """Options (``direct.dev``: one of a group) that together tell an entry from its like.

    ``decisive``: an entry that states it and is not there is new. Otherwise the entry may be any of several alike, and
    the first that nobody claimed is taken. ``unique``: decisive, and no two entries can have the same. No options:
    order decides.
    """

    __slots__ = ("decisive", "options", "unique")

    def __init__(self, *options: str, unique: bool = False, decisive: bool = False) -> None:
        self.options = options
        self.unique = unique
        self.decisive = decisive or unique

    def of(self, entry: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Return the entry's identity, ``None`` when it does not state all of it."""
        key = tuple(_stated(entry, option) for option in self.options)
        return None if None in key else key

    def tells(self, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
        """Whether what is wanted can be what is there."""
        return self.of(wanted) == self.of(found)


ORDER = Identity()


def by(*options: str) -> Identity:
    """Return a unique identity."""
    return Identity(*options, unique=True)


def known_by(*options: str) -> Identity:
    """Return an identity that several entries may share, and that none takes on."""
    return Identity(*options, decisive=True)


def like(*options: str) -> Identity:
    """Return an identity that several entries may share."""
    return Identity(*options)


def pair(
    wanted: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]], identities: Sequence[Identity]
) -> list[int | None]:
    """Return, for each wanted entry, the index of the one that is there, or ``None`` when it is new.

    Identities are tried in order, each over all entries, so that a weak one never takes what a strong one claims.
    """
    places: list[int | None] = [None] * len(wanted)
    settled = [False] * len(wanted)
    free = dict(enumerate(found))
    for identity in identities:
        for index, entry in enumerate(wanted):
            if settled[index] or identity.of(entry) is None:
                continue
            place = next((place for place, other in free.items() if identity.tells(entry, other)), None)
            if place is not None:
                places[index] = place
                settled[index] = True
                del free[place]
        for index, entry in enumerate(wanted):
            # An entry that states what nobody has is new: a weaker likeness must not turn it into another one.
            if identity.decisive and identity.of(entry) is not None:
                settled[index] = True
    return places


def _stated(entry: Any, option: str) -> Any:
    for name in option.split("."):
        entry = entry.get(name) if isinstance(entry, Mapping) else None
    return entry
