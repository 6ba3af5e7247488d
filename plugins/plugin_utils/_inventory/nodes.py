# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Which nodes a source names, and how each is reached."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ...module_utils._errors import InputError
from ...module_utils._uri import parse

LOCAL = "localhost"
OPTIONS = ("uri", "name", "timeout", "ssh_password", "ssh_passphrase")
_NAME = re.compile(r"\w[\w.-]{0,62}")


class NodeSource(NamedTuple):
    """One node, as a source says it."""

    name: str
    uri: str | None
    """``None``: what the environment names, else the first that answers."""
    timeout: float
    ssh_password: str | None
    ssh_passphrase: str | None


def load(
    uris: Sequence[Any], *, timeout: float, ssh_password: str | None = None, ssh_passphrase: str | None = None
) -> list[NodeSource]:
    """Return the nodes that the option uris names, or the one that is meant without it; raise InputError."""
    common = {"timeout": timeout, "ssh_password": ssh_password, "ssh_passphrase": ssh_passphrase}
    nodes = [_node(entry, f"uris[{index}]", common) for index, entry in enumerate(uris or [{"uri": None}])]
    names: dict[str, int] = {}
    for index, node in enumerate(nodes):
        first = names.setdefault(node.name, index)
        if first != index:
            raise InputError(
                f"uris[{index}]",
                f"its node is called {node.name}, as that of uris[{first}] is.",
                hint="Give each a name of its own: {uri: …, name: …}.",
            )
    return nodes


def _node(entry: Any, where: str, common: Mapping[str, Any]) -> NodeSource:
    given = {"uri": entry} if isinstance(entry, str) else entry
    if not isinstance(given, Mapping) or "uri" not in given:
        raise InputError(where, "it is neither a URI nor a dictionary with one.")
    unknown = [str(name) for name in given if name not in OPTIONS]
    if unknown:
        raise InputError(f"{where}.{unknown[0]}", "there is no such option.", hint=f"There are {', '.join(OPTIONS)}.")
    settings = {**common, **{name: value for name, value in given.items() if value is not None}}
    uri = settings.get("uri")
    parsed = None if uri is None else parse(str(uri), f"{where}.uri")
    name = str(settings.get("name") or (parsed.host if parsed and parsed.host else LOCAL))
    if "name" in settings and not _NAME.fullmatch(name):
        raise InputError(f"{where}.name", "a name has letters, digits, dots and dashes, 63 of them at most.")
    return NodeSource(
        name=name,
        uri=None if uri is None else str(uri),
        timeout=_seconds(settings["timeout"], f"{where}.timeout"),
        ssh_password=_text(settings["ssh_password"]),
        ssh_passphrase=_text(settings["ssh_passphrase"]),
    )


def _text(value: Any) -> str | None:
    # What a vault holds is decrypted by this.
    return None if value is None else str(value)


def _seconds(value: Any, where: str) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = 0.0
    if not 0.0 < seconds <= 86400.0:
        raise InputError(where, "it is not a number of seconds between 0 and a day.")
    return seconds
