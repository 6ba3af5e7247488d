# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Names of hosts and groups, made of what anybody can have written into a domain."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

LOCAL = ("localhost", "127.0.0.1", "::1")
"""What Ansible takes for the machine that it runs on."""
GROUP_LIMIT = 128
"""Characters of what a group is named after."""
# Neither an option of the programs that Ansible starts, nor a path, a pattern, a template, or more than one line.
_HOST = re.compile(r"\w(?:[\w.+@~ -]{0,251}[\w.+@~-])?")


def short(text: str, limit: int = 100) -> str:
    """Return the beginning of what somebody else has written, for a message."""
    return text if len(text) <= limit else f"{text[:limit]}…"


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
    return (
        isinstance(text, str) and _HOST.fullmatch(text) is not None and text not in taken and text.lower() not in LOCAL
    )


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
