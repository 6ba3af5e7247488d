# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What the argument specs of all modules share; its twin is the documentation fragment _connection."""

from __future__ import annotations

from typing import Any

ArgumentSpec = dict[str, dict[str, Any]]

CONNECTION: ArgumentSpec = {
    "uri": {"type": "str"},
    "ssh_password": {"type": "str", "no_log": True},
    "ssh_passphrase": {"type": "str", "no_log": True},
}

WAIT: ArgumentSpec = {
    "timeout": {"type": "int", "default": 120},
}
