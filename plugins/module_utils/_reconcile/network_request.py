# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a task asks of a network. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .._document.field import Spec
from .._document.network import NETWORK, complete, simplify, write
from .stated import check_exclusive, check_name, check_timeout, joined, parse_xml, stated_by

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

WANTED = ("present", "active", "inactive", "absent")


class NetworkRequest(NamedTuple):
    """A task's options in canonical form. ``None``: not stated."""

    name: str
    spec: Spec
    """What was stated, by options and by ``xml``; the options win."""
    xml: Element | None
    """The raw document, which says nothing that the options contradict."""
    state: str
    autostart: bool | None
    exclusive: frozenset[str]
    restart: bool
    """Whether a restart is allowed where a change needs one."""
    force: bool
    timeout: float


def load(params: Mapping[str, Any]) -> NetworkRequest:
    """Return what a task asks for; raise InputError for what cannot be right, before anything is looked at."""
    xml = parse_xml(params.get("xml"), "network")
    spec = NETWORK.load(params)
    if xml is not None:
        spec = joined(stated_by(NETWORK, xml), spec)
    name = check_name(spec, xml)
    check_timeout(params["timeout"])
    check_exclusive(params.get("exclusive") or (), spec)
    spec, exclusive = complete(spec, None), frozenset(params.get("exclusive") or ())
    if xml is not None:
        simplify(xml)
        write(xml, spec, exclusive)
    return NetworkRequest(
        name=name,
        spec=spec,
        xml=xml,
        state=params["state"],
        autostart=params.get("autostart"),
        exclusive=exclusive,
        restart=params["restart"] == "if_needed",
        force=bool(params["force"]),
        timeout=float(params["timeout"]),
    )
