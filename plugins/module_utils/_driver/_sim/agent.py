# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The simulated guest agent: the few commands that it answers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from ..._errors import GuestAgentError
from .model import State
from .report import addresses

COMMAND_LIMIT = 4 * 1024 * 1024


def answer(state: State, name: str, command: str, what: str) -> str:
    """Answer one command (JSON) of an agent that is connected; raise GuestAgentError."""
    try:
        request = json.loads(command[:COMMAND_LIMIT])
    except (ValueError, RecursionError) as error:
        raise GuestAgentError(f"{what}: the command is not JSON.") from error
    if not isinstance(request, dict) or not isinstance(request.get("execute"), str):
        raise GuestAgentError(f"{what}: the command does not say what to execute.")
    arguments = request.get("arguments", {})
    if request["execute"] not in _COMMANDS:
        raise GuestAgentError(f"{what}: The command {request['execute']} has not been found.")
    if not isinstance(arguments, dict):
        raise GuestAgentError(f"{what}: the arguments are not an object.")
    return json.dumps({"return": _COMMANDS[request["execute"]](state, name, arguments)})


def _ping(_state: State, _name: str, _arguments: dict[str, Any]) -> object:
    return {}


def _sync(_state: State, _name: str, arguments: dict[str, Any]) -> object:
    return arguments.get("id", 0)


def _info(_state: State, _name: str, _arguments: dict[str, Any]) -> object:
    commands = [{"name": each, "enabled": True, "success-response": True} for each in sorted(_COMMANDS)]
    return {"version": "7.2.0", "supported_commands": commands}


def _system(_state: State, _name: str, _arguments: dict[str, Any]) -> object:
    return {"id": "simulated", "name": "Simulated guest", "pretty-name": "Simulated guest 1", "version-id": "1"}


def _host_name(_state: State, name: str, _arguments: dict[str, Any]) -> object:
    return {"host-name": name}


def _interfaces(state: State, name: str, _arguments: dict[str, Any]) -> object:
    return [
        {
            "name": each.interface,
            "hardware-address": each.mac,
            "ip-addresses": [
                {"ip-address": each.address, "ip-address-type": each.family, "prefix": each.prefix or 0},
            ],
        }
        for each in addresses(state, name, ["agent"])
    ]


def _time(_state: State, _name: str, _arguments: dict[str, Any]) -> object:
    return time.time_ns()


_COMMANDS: dict[str, Callable[[State, str, dict[str, Any]], object]] = {
    "guest-ping": _ping,
    "guest-sync": _sync,
    "guest-info": _info,
    "guest-get-osinfo": _system,
    "guest-get-host-name": _host_name,
    "guest-network-get-interfaces": _interfaces,
    "guest-get-time": _time,
}
