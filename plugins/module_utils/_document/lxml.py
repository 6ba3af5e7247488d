# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The guarded import of lxml, the one library that a managed node needs."""

from __future__ import annotations

import traceback

from .._errors import MissingLibrary

LXML_TRACEBACK: str | None = None

try:
    from lxml import etree
except ImportError:
    LXML_TRACEBACK = traceback.format_exc()
    etree = None  # type: ignore[assignment]  # every file that parses begins with require_lxml


def require_lxml() -> None:
    """Raise MissingLibrary when lxml is not installed."""
    if LXML_TRACEBACK is not None:
        raise MissingLibrary("lxml", needed_for="reading and writing documents", traceback=LXML_TRACEBACK)


__all__ = ["etree", "require_lxml"]
