# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The guarded import of paramiko, which is needed where a URI leads through ssh, and only there."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING

from .._errors import MissingLibrary

PARAMIKO_TRACEBACK: str | None = None

try:
    import paramiko
except ImportError:
    PARAMIKO_TRACEBACK = traceback.format_exc()
    paramiko = None  # type: ignore[assignment]  # whoever uses it begins with require_paramiko

if TYPE_CHECKING or paramiko is not None:
    TransportBase = paramiko.Transport
    # Errors come to us as exceptions; without a handler Python prints them as well.
    logging.getLogger("paramiko").addHandler(logging.NullHandler())
else:
    TransportBase = object


def require_paramiko(needed_for: str = "reaching a node by ssh") -> None:
    """Raise MissingLibrary when paramiko is not installed."""
    if PARAMIKO_TRACEBACK is not None:
        raise MissingLibrary("paramiko", needed_for=needed_for, traceback=PARAMIKO_TRACEBACK)


__all__ = ["TransportBase", "paramiko", "require_paramiko"]
