# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Who may use the files of a pool or a volume. Source: https://libvirt.org/formatstorage.html#target-elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .field import Field, Group, Live
from .kind import Integer, Line, Value

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_LARGEST_ID = 2**32 - 2
"""The one above it, which documents may write as -1, stands for nobody in particular."""


class Mode(Integer):
    """The rights of owner, group and others: octal digits, or a number that YAML has read from such digits."""

    argument = {"type": "raw"}

    def __init__(self) -> None:
        super().__init__(0, 0o777)

    def parse(self, value: Any) -> Value:
        try:
            mode = value if isinstance(value, int) else int(str(value), 8)
            return super().parse(mode)
        except ValueError:
            raise ValueError(f"{value!r} is not a mode like '0711', in quotes") from None

    def of_document(self, text: str) -> Value:
        return int(text, 8)

    def to_document(self, value: Value) -> str:
        return f"{value:04o}"

    def show(self, value: Value) -> Any:
        return self.to_document(value)


class Owner(Integer):
    """The number of a user or a group of the node."""

    def __init__(self) -> None:
        super().__init__(0, _LARGEST_ID)

    def read(self, element: Element, attribute: str | None) -> Value | None:
        number = super().read(element, attribute)
        return None if number == -1 else number


def permissions(place: str, *, live: Live = None) -> Group:
    """Return the options of what is at this place."""
    return Group(
        "permissions",
        place,
        Field("mode", "mode", Mode()),
        Field("owner", "owner", Owner()),
        Field("group", "group", Owner()),
        Field("label", "label", Line()),
        live=live,
    )
