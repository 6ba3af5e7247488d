# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a pool's configuration is to become."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .._document import tree
from .._document.field import Difference, Spec
from .._document.pool import POOL, write
from .._document.pool_type import check_type, complete
from .._document.subset import Missing, merge, missing
from .._errors import InputError
from .pool_request import PoolRequest
from .pool_seen import Seen

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

MOUNTED = ("fs", "netfs")
"""Types whose folder, while they are active, is the root of what is mounted there."""


class Wanted(NamedTuple):
    """The configuration that a request asks for."""

    spec: Spec
    """What was stated, completed."""
    document: Element
    whole: Spec
    """All that the document says."""
    differences: list[Difference]
    """Where the configuration is not as stated; empty for a new pool."""
    raw: list[Missing]
    """What ``xml`` says beyond the options, and the configuration does not."""

    @property
    def type(self) -> str:
        return str(self.whole["type"])


def want(request: PoolRequest, seen: Seen) -> Wanted:
    """Work out what the configuration is to become; raise InputError for what cannot be."""
    base = tree.parse("<pool/>", "nothing") if seen.config is None else seen.config
    there = None if seen.record is None else POOL.read(base)
    if there is None and "type" not in request.spec:
        raise InputError("type", f"{request.name} does not exist yet, and a new pool needs a type.")
    if there is not None and request.spec.get("type", there.get("type")) != there.get("type"):
        raise InputError(
            "type",
            f"the pool {request.name} is of the type {there.get('type')}, which never changes.",
            hint="Remove it with state: absent, which leaves its storage alone, and define it anew.",
        )
    spec = complete(request.spec, there)
    document = tree.clone(base)
    if request.xml is not None:
        merge(document, request.xml, {})
    write(document, spec)
    whole = POOL.read(document)
    if there is None:
        check_type(whole, spec)
        return Wanted(spec, document, whole, [], [])
    different = differences(base, spec)
    if different:
        check_type(whole, spec)
    typed = tree.clone(base)
    write(typed, spec)
    return Wanted(spec, document, whole, different, missing_of_xml(typed, request))


def differences(document: Element, spec: Spec) -> list[Difference]:
    """Return where a document of the pool is not as wanted."""
    return list(POOL.differences(document, spec))


def missing_of_xml(document: Element, request: PoolRequest) -> list[Missing]:
    """Return what a document does not say of the request's ``xml``."""
    return [] if request.xml is None else list(missing(document, request.xml, {}))


def raw_differences(live: Element, config: Element, request: PoolRequest) -> list[Missing]:
    """Return what only ``xml`` says, the configuration has, and the active pool does not."""
    ignored = {item.path for item in missing_of_xml(config, request)}
    return [item for item in missing_of_xml(live, request) if item.path not in ignored]


def unchangeable(path: str, kind: str) -> str | None:
    """Return why libvirt does not give an active pool what is stated here, however often it is started; ``None`` when
    it does. Both documents of an active pool then say what is really there."""
    if path == "target.permissions.label":
        return "libvirt does not label the folder: that is for the node's own tools"
    if path.startswith("target.permissions.") and kind in MOUNTED:
        return "these are the permissions of what is mounted, which libvirt does not change"
    return None
