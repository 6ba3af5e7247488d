# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a task asks of a domain. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .._document.domain import DOMAIN
from .._document.field import Spec
from .._errors import InputError
from .stated import check_exclusive, check_name, check_timeout, parse_xml, stated_by

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


CEILINGS = {"memory": "memory_max", "vcpus": "vcpus_max"}
"""What each amount cannot exceed while the domain runs."""


class DomainRequest(NamedTuple):
    """A task's options in canonical form. ``None``: not stated."""

    name: str
    spec: Spec
    """What was stated, by options and by ``xml``; the options win."""
    xml: Element | None
    state: str
    autostart: bool | None
    exclusive: frozenset[str]
    restart: bool
    """Whether a power cycle is allowed where a change needs one."""
    force: bool
    timeout: float
    wait_for: tuple[str, ...]
    remove_storage: tuple[str, ...]


def load(params: Mapping[str, Any]) -> DomainRequest:
    """Return what a task asks for; raise InputError for what cannot be right, before anything is looked at."""
    xml = parse_xml(params.get("xml"), "domain")
    stated = DOMAIN.load(params)
    spec = stated if xml is None else _joined(stated_by(DOMAIN, xml), stated)
    name = check_name(spec, xml)
    check_timeout(params["timeout"])
    state = params["state"]
    if params.get("remove_storage") and state != "absent":
        raise InputError("remove_storage", f"it needs state: absent, not {state}.")
    if params.get("wait_for") and state not in ("present", "running", "restarted"):
        raise InputError("wait_for", f"a domain with state {state} has no guest to wait for.")
    check_exclusive(params.get("exclusive") or (), spec)
    return DomainRequest(
        name=name,
        spec=spec,
        xml=xml,
        state=state,
        autostart=params.get("autostart"),
        exclusive=frozenset(params.get("exclusive") or ()),
        restart=params["restart"] == "if_needed",
        force=bool(params["force"]),
        timeout=float(params["timeout"]),
        wait_for=tuple(params.get("wait_for") or ()),
        remove_storage=tuple(params.get("remove_storage") or ()),
    )


def _joined(from_xml: Spec, stated: Spec) -> Spec:
    """Return what both say; an option wins, and takes with it what the document says of the same amount's ceiling."""
    spec = {**from_xml, **stated}
    for now, ceiling in CEILINGS.items():
        if now in stated and ceiling not in stated and ceiling in spec:
            spec[ceiling] = max(spec[ceiling], spec[now])
        elif ceiling in stated and now not in stated and now in spec:
            spec[now] = min(spec[now], spec[ceiling])
    return spec
