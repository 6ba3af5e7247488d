# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What another machine says, fit for a message."""

from __future__ import annotations

LONGEST = 1000
"""Characters; the last ones say why something ended."""


def last_words(said: bytes | str) -> str:
    """Make one printable line of bounded length out of what a far program or server said."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= LONGEST else f"…{line[-LONGEST:]}"
