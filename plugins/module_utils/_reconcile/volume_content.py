# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Where a volume's content comes from: what a task states, and what a volume remembers of it."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote

from .._document.field import Spec
from .._driver.base import Capability, Driver
from .._driver.storage import Volumes
from .._errors import InputError
from .._host.base import Host
from .volume_request import PARTIAL

LONGEST_NAME = 255 - len(PARTIAL + "-source")
"""Bytes."""

_LONGEST_ORIGIN = 300


class Response(NamedTuple):
    """The answer of a server."""

    status: int
    location: str | None
    """Where else it is, when the server says that."""
    length: int | None
    """Bytes; ``None`` when the server does not say it."""
    read: Callable[[int], bytes]
    """Returns up to so many bytes, ``b""`` at the end; raises StratumError."""
    close: Callable[[], object]


Fetch = Callable[[str, Mapping[str, str], float], Response]
"""Asks for a URL, with these headers; seconds that each wait may take. Follows no redirection; raises StratumError when
there is no answer."""


class Found(NamedTuple):
    """What a volume has in it."""

    same: bool | None
    """Whether that is the stated content; ``None`` when nobody knows where it came from."""
    origin: str = ""
    """In words."""
    disposable: bool = False
    """Whether it can be replaced without being asked: what is in it was made, by us, of options."""


class Content(ABC):
    """What a task says about the content of a volume."""

    option: str
    """Which option says it."""
    description: str
    """In words, without secrets."""

    @abstractmethod
    def found(self, driver: Driver, host: Host, pool: str, name: str) -> Found:
        """Compare with the content of a volume that is there; raise InputError when the source is not."""

    @abstractmethod
    def implied(self, driver: Driver, host: Host, pool: str, spec: Spec) -> Spec:
        """Return what follows for a new volume and is not stated, as far as that is known without fetching anything;
        raise InputError for what contradicts it."""

    @abstractmethod
    def put(
        self, driver: Driver, host: Host, pool: str, name: str, spec: Spec, timeout: float, check: Callable[[], None]
    ) -> None:
        """Make a volume with this content, in place of the one that has the name.

        It is complete from the moment on at which it has its name. ``check`` is called shortly before, and raises an
        error when that must not be any more. When an error is raised, the volume is as it was
        before, or not there; in a pool that cannot rename, an old one may be gone.
        """


class Tracked(Content):
    """Content that is known by where it came from."""

    @abstractmethod
    def fingerprints(self, driver: Driver, host: Host) -> Sequence[str]:
        """Return what tells this content from any other, the strictest first; each alone is enough.

        Raises InputError when the source is not there.
        """

    def found(self, driver: Driver, host: Host, pool: str, name: str) -> Found:
        mark = read_mark(volumes_of(driver, self.option).mark(pool, name))
        if mark is None:
            return Found(None)
        known = self.fingerprints(driver, host)[0]
        if known in mark.fingerprints:
            return Found(True, mark.origin)
        changed = " as it was before" if mark.is_of(self.description) else ""
        return Found(False, mark.origin + changed)

    def mark(self, driver: Driver, host: Host) -> str:
        """Return what a volume remembers of this content."""
        return write_mark(self.description, self.fingerprints(driver, host))


class Mark(NamedTuple):
    """What a volume remembers of its content."""

    origin: str
    fingerprints: tuple[str, ...]

    def is_of(self, description: str) -> bool:
        """Whether the content came from what has this description."""
        return self.origin == description[:_LONGEST_ORIGIN]


def write_mark(origin: str, fingerprints: Sequence[str]) -> str:
    """Return a mark as it is left on a volume."""
    return json.dumps({"from": origin[:_LONGEST_ORIGIN], "is": list(fingerprints)}, sort_keys=True)


def read_mark(text: str | None) -> Mark | None:
    """Return what was left on a volume; ``None`` when nothing was, or by somebody else."""
    try:
        read: Any = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    if not isinstance(read, dict) or not isinstance(read.get("is"), list) or not read["is"]:
        return None
    origin = str(read.get("from", ""))[:_LONGEST_ORIGIN]
    return Mark(origin if origin and origin.isprintable() else "another source", tuple(map(str, read["is"])))


def volumes_of(driver: Driver, option: str) -> Volumes:
    """Return the driver's volumes; raise InputError when their content cannot be reached."""
    if driver.volumes is None or Capability.VOLUME_CONTENT not in driver.capabilities:
        raise InputError(option, f"the driver of {driver.uri} cannot {Capability.VOLUME_CONTENT.value}.")
    return driver.volumes


def secrets(source: Mapping[str, Any]) -> Iterator[str]:
    """Yield what must not be printed of a source, whether it makes sense or not."""
    for option in ("url", "checksum"):
        user, _at, _host = (source.get(option) or "").rpartition("@")
        password = user.split("//", 1)[-1].partition(":")[2]
        if password:
            yield from {password, unquote(password)}


def load(params: Mapping[str, Any], fetch: Fetch | None = None) -> Content | None:
    """Return the content that a task states; raise InputError for what cannot be right."""
    source, cloud_init = params.get("source"), params.get("cloud_init")
    if source is not None and cloud_init is not None:
        raise InputError("cloud_init", "a volume with a seed has no other source.", hint="State one of the two.")
    if len(params["name"].encode()) > LONGEST_NAME:
        raise InputError("name", f"a volume that gets content has a name of at most {LONGEST_NAME} bytes.")
    if cloud_init is not None:
        from .volume_seed import Seed

        return Seed(cloud_init, params["name"])
    return None if source is None else _source(source, params, fetch)


def _source(source: Mapping[str, Any], params: Mapping[str, Any], fetch: Fetch | None) -> Content:
    stated = [way for way in _WAYS if source.get(way) is not None]
    if len(stated) != 1:
        raise InputError("source", "it names one volume, one file or one URL.", hint=f"State one of {_KNOWN}.")
    for option, way in _ONLY_WITH.items():
        if source.get(option) not in (None, False, "full") and stated[0] not in way:
            raise InputError(f"source.{option}", f"a {stated[0]} has none.", hint=f"It goes with {' or '.join(way)}.")
    if "volume" in stated:
        from .volume_copy import VolumeCopy

        return VolumeCopy(source, params["pool"], params["name"])
    if "file" in stated:
        from .volume_file import FileContent

        return FileContent(source, fetch, float(params["timeout"]))
    from .volume_url import UrlContent

    return UrlContent(source, fetch, float(params["timeout"]))


_WAYS = ("volume", "file", "url")
_KNOWN = "volume, file and url"
_ONLY_WITH = {
    "pool": ("volume",),
    "clone": ("volume",),
    "remote_src": ("file",),
    "checksum": ("file", "url"),
    "format": ("file", "url"),
    "headers": ("url",),
}
"""With which ways an option means something."""
