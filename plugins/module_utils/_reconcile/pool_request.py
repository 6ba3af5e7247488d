# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a task asks of a pool. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .._document.field import Spec
from .._document.pool import MEASURED, POOL
from .._document.remainder import remainder
from .._document.tree import remove
from .._errors import InputError
from .stated import check_name, check_timeout, joined, parse_xml, stated_by

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


class PoolRequest(NamedTuple):
    """A task's options in canonical form. ``None``: not stated."""

    name: str
    spec: Spec
    """What was stated, by options and by ``xml``; the options win."""
    xml: Element | None
    """What the document says beyond that."""
    state: str
    autostart: bool | None
    restart: bool
    """Whether the pool may be stopped and started where a change needs it."""
    overwrite: bool
    force: bool
    delete_storage: bool
    timeout: float


def load(params: Mapping[str, Any]) -> PoolRequest:
    """Return what a task asks for; raise InputError for what cannot be right, before anything is looked at."""
    xml = parse_xml(params.get("xml"), "pool")
    for found in () if xml is None else [child for child in xml if child.tag in MEASURED]:
        remove(found)
    stated = POOL.load(params)
    spec = stated if xml is None else joined(stated_by(POOL, xml), stated)
    name = check_name(spec, xml)
    check_timeout(params["timeout"])
    state = params["state"]
    if params["delete_storage"] and state != "absent":
        raise InputError("delete_storage", f"it needs state: absent, not {state}.")
    if params["overwrite"] and state in ("inactive", "absent"):
        raise InputError("overwrite", f"nothing is made with state: {state}.", hint="It goes with state: active.")
    return PoolRequest(
        name=name,
        spec=spec,
        xml=None if xml is None else remainder(POOL, xml),
        state=state,
        autostart=params.get("autostart"),
        restart=params["restart"] == "if_needed",
        overwrite=bool(params["overwrite"]),
        force=bool(params["force"]),
        delete_storage=bool(params["delete_storage"]),
        timeout=float(params["timeout"]),
    )
