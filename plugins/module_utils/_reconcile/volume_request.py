# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What a task asks of a volume. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .._document.field import Spec
from .._document.volume import BACKING_VOLUME, POOL, VOLUME
from .._errors import InputError
from .stated import check_timeout

if TYPE_CHECKING:
    from .volume_content import Content, Fetch
    from .volume_download import Download

PARTIAL = ".stratum-partial"
"""In the name of what is still being made; nobody else names a volume like that."""

COPYING = ".stratum-copying"
"""After the name of a volume: the name of a sign that the volume is not complete, for storage that cannot rename."""

_CONTENT = ("source", "cloud_init")

WIPES = ("zero", "nnsa", "dod", "bsi", "gutmann", "schneier", "pfitzner7", "pfitzner33", "random", "trim")
"""Source: https://libvirt.org/manpages/virsh.html#vol-wipe."""


class VolumeRequest(NamedTuple):
    """A task's options in canonical form. ``None``: not stated."""

    pool: str
    name: str
    spec: Spec
    backing: tuple[str, str] | None
    """Pool and name of the volume that a new one is built on."""
    state: str
    content: Content | None
    download: Download | None
    preallocate_metadata: bool
    """Whether a new qcow2 image gets all of its tables at once."""
    replace: bool
    """Whether other content, and a volume that cannot be changed, may be replaced by ``content``."""
    allow_shrink: bool
    force: bool
    wipe: str | None
    timeout: float


def load(params: Mapping[str, Any], fetch: Fetch | None = None) -> VolumeRequest:
    """Return what a task asks for; raise InputError for what cannot be right, before anything is looked at.

    ``fetch`` opens URLs.
    """
    spec = VOLUME.load(params)
    pool = POOL.load(params)["pool"]
    state = params["state"]
    check_timeout(params["timeout"])
    _check_state(params, spec["name"], state)
    content = _content(params, fetch)
    if params["replace"] and content is None:
        raise InputError("replace", "there is nothing to replace the content by.", hint="State source or cloud_init.")
    if params["preallocate_metadata"] and content is not None:
        raise InputError("preallocate_metadata", "only an empty volume can be made like that.", hint="Leave it out.")
    return VolumeRequest(
        pool=pool,
        name=spec["name"],
        spec=spec,
        backing=_backing(params, pool),
        state=state,
        content=content,
        download=_download(params),
        preallocate_metadata=bool(params["preallocate_metadata"]),
        replace=bool(params["replace"]),
        allow_shrink=bool(params["allow_shrink"]),
        force=bool(params["force"]),
        wipe=params.get("wipe"),
        timeout=float(params["timeout"]),
    )


def _check_state(params: Mapping[str, Any], name: str, state: str) -> None:
    if params.get("wipe") and state != "absent":
        raise InputError("wipe", f"it needs state: absent, not {state}.")
    if params.get("download") and state == "absent":
        raise InputError("download", "a volume that is to be absent cannot be read.", hint="Give it a task of its own.")
    for part in (PARTIAL, COPYING):
        if part in name and state != "absent":
            raise InputError("name", f"{part} is part of the names of volumes that are not complete yet.")


def _content(params: Mapping[str, Any], fetch: Fetch | None) -> Content | None:
    if params["state"] == "absent" or not any(params.get(option) for option in _CONTENT):
        return None
    from .volume_content import load as load_content

    return load_content(params, fetch)


def _download(params: Mapping[str, Any]) -> Download | None:
    if not params.get("download"):
        return None
    from .volume_download import load as load_download

    return load_download(params)


def _backing(params: Mapping[str, Any], pool: str) -> tuple[str, str] | None:
    stated = params.get("backing") or {}
    named = BACKING_VOLUME.load(stated, "backing")
    if "volume" in named and stated.get("path"):
        raise InputError("backing", "volume and path exclude each other.", hint="Give one of them.")
    if "volume" in named:
        return named.get("pool", pool), named["volume"]
    if "pool" in named:
        raise InputError("backing.pool", "it belongs to backing.volume, which is missing.")
    if stated and not stated.get("path"):
        raise InputError("backing", "nothing says which image it is.", hint="Give volume or path.")
    return None
