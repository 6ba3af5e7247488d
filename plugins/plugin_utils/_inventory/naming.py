# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Names of hosts and groups, made of what anybody can have written into a domain."""

from __future__ import annotations

import re
import socket
import unicodedata
from collections import Counter
from collections.abc import Sequence
from ipaddress import IPv4Address
from typing import NamedTuple

from ...module_utils._document import untrusted

LOCAL = re.compile(r"(?:.*\.)?localhost|localhost[46]?(?:\.localdomain[46]?)?|ip6-(?:localhost|loopback)")
"""Names that machines have for themselves."""
GROUP_LIMIT = 128
"""Characters of what a group is named after."""
GROUPS_LIMIT = 256
"""Groups of one kind that a host is put into: what Ansible needs for them grows with their square."""
# Neither an option of the programs that Ansible starts, nor a path, a pattern, a template, or more than one line.
_HOST = re.compile(r"\w(?:[\w.+@~ -]{0,251}[\w.+@~-])?")


def short(text: str, limit: int = 100) -> str:
    """Return the beginning of what somebody else has written, on one line, for a message."""
    return untrusted.line(text, limit) + ("…" if len(text) > limit else "")


class Named(NamedTuple):
    """What one host can be called."""

    wanted: Sequence[object]
    """What the source's expressions say, the first choice first."""
    name: str
    """The domain's, for messages."""
    uuid: str
    node: str


def is_host_name(text: object, taken: frozenset[str]) -> bool:
    """Whether a host can have this name; ``taken`` are names of groups, whose variables would be its own."""
    return isinstance(text, str) and _HOST.fullmatch(text) is not None and text not in taken and not _leads_here(text)


def _leads_here(text: str) -> bool:
    """Whether this is the machine that Ansible runs on, to Ansible itself or to ssh.

    Where no address is known, the name of a host is where ssh goes: behind its last ``@``, with or without a dot at the
    end, and with addresses in every form that the resolver knows (``127.1``, ``2130706433``).
    """
    name = unicodedata.normalize("NFKC", text).casefold().rpartition("@")[2].rstrip(".")
    if LOCAL.fullmatch(name):
        return True
    try:
        address = IPv4Address(socket.inet_aton(name))
    except (OSError, ValueError):
        return False
    return address.is_loopback or address.is_unspecified


def host_names(hosts: Sequence[Named], taken: frozenset[str]) -> tuple[list[str], list[str]]:
    """Return a name for each host, all different and whatever their order, and what has to be said about them.

    The first usable one of those that are wanted; where several hosts want the same, each of them has its node's name
    behind it; and the UUID where that is not enough, or nothing is usable.
    """
    problems: list[str] = []
    first: list[str | None] = []
    for host in hosts:
        usable = (str(text) for text in host.wanted if is_host_name(text, taken))
        chosen = next(usable, None)
        first.append(chosen)
        if chosen is None:
            problems.append(
                f"{short(host.name)!r} on {host.node} cannot be the name of a host, which is its UUID instead"
            )
    steps: tuple[list[str | None], ...] = (
        first,
        [f"{name}.{host.node}" if name else None for name, host in zip(first, hosts)],
        [host.uuid for host in hosts],
    )
    names: list[str | None] = [None] * len(hosts)
    for step in steps:
        proposed = [name or other for name, other in zip(names, step)]
        times = Counter(proposed)
        names = [
            name or (other if other and times[other] == 1 and is_host_name(other, taken) else None)
            for name, other in zip(names, step)
        ]
    return [name or f"{host.uuid}.{host.node}" for name, host in zip(names, hosts)], problems


def can_name_group(value: str) -> bool:
    """Whether a group can be named after a value: a short one that has something in it."""
    return len(value) <= GROUP_LIMIT and any(map(str.isalnum, value))
