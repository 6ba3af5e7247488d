# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Content that the machine which the task runs on fetches from a server."""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from .._driver.base import Driver
from .._errors import InputError, StratumError
from .._host.base import Extent, Host
from .volume_checksum import Checksum, look_up, parse, verified
from .volume_content import Fetch, Response
from .volume_image import Image, ImageContent, beginning, too_short

OPTION = "source.url"

_PIECE = 1048576
_MOST_REDIRECTIONS = 10
_REDIRECTIONS = (301, 302, 303, 307, 308)
_OK = 200

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
_URL = re.compile("[!-~]+")
"""What is sent as it is."""


class UrlContent(ImageContent):
    """What a server answers."""

    def __init__(self, source: Mapping[str, Any], fetch: Fetch | None, timeout: float) -> None:
        self._url: str = source["url"]
        self._fetch = fetch
        self._timeout = timeout
        self._headers = {str(name): str(value) for name, value in (source.get("headers") or {}).items()}
        self.format = source.get("format")
        self._checksum = None if source.get("checksum") is None else parse(source["checksum"])
        self._looked_up: Checksum | None = None
        self._check()
        self.description = shown(self._url)

    def fingerprints(self, driver: Driver, host: Host) -> Sequence[str]:
        # The whole of it, by a digest: a query may hold a secret, and may be what makes the difference.
        url = f"url {hashlib.sha256(self._url.encode()).hexdigest()}"
        expected = self._expected()
        return (url,) if expected is None else (str(expected), url)

    @contextmanager
    def opened(self, host: Host) -> Iterator[Image]:
        expected = self._expected()
        response = opened(self._fetch, self._url, self._headers, self._timeout)
        try:
            extents: Iterator[Extent] = _content(response, self.description)
            if expected is not None:
                extents = verified(extents, expected, self.description)
            start, extents = beginning(extents)
            yield Image(start, response.length, extents)
        finally:
            response.close()

    def _expected(self) -> Checksum | None:
        if self._looked_up is None and self._checksum is not None:
            file = unquote(urlsplit(self._url).path.rpartition("/")[2])
            self._looked_up = look_up(self._checksum, self._fetch, file, self._timeout)
        return self._looked_up

    def _check(self) -> None:
        scheme = _scheme(self._url)
        if scheme == "http" and self._checksum is None:
            raise InputError(
                OPTION,
                f"what comes by http can be anybody's, and {shown(self._url)} has no checksum.",
                hint="State checksum, or use https.",
            )
        for name, value in self._headers.items():
            # Neither is said here: whoever mixes them up has the secret in the name.
            if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
                raise InputError(
                    "source.headers",
                    "one of them has a character that headers cannot have.",
                    hint="The end of a line, for example, which the filter trim takes away.",
                )


def shown(url: str) -> str:
    """Return a URL without what could be secret: the user, and the query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def opened(fetch: Fetch | None, url: str, headers: Mapping[str, str], timeout: float) -> Response:
    """Ask for a URL, go where the server sends us, and return the answer that has the content.

    Raises StratumError for any other answer, and for a redirection to a less safe place. Other servers do not see the
    headers.
    """
    if fetch is None:
        raise StratumError(f"fetching {shown(url)}: there is no way to fetch anything.")
    now, sent = url, headers
    for _redirection in range(_MOST_REDIRECTIONS):
        response = fetch(now, sent, timeout)
        if response.status == _OK:
            return response
        response.close()
        if response.status not in _REDIRECTIONS or not response.location:
            raise StratumError(f"fetching {shown(now)}: the server answered {response.status}.")
        following = _redirected(now, response.location)
        if urlsplit(following).netloc != urlsplit(now).netloc:
            sent = {}
        now = following
    raise StratumError(f"fetching {shown(url)}: the server redirects more than {_MOST_REDIRECTIONS} times.")


def _redirected(now: str, location: str) -> str:
    """Return where a server sends us; raise StratumError for a place that is less safe, or that no server has."""
    try:
        # Headers are read as Latin-1. Some servers send bytes in them that a URL cannot have.
        following = urljoin(now, quote(location, safe=string.punctuation, encoding="latin-1"))
    except ValueError:
        raise StratumError(f"fetching {shown(now)}: the server redirects to what is no URL.") from None
    scheme = _scheme(following)
    if scheme != "https" and _scheme(now) == "https":
        raise StratumError(
            f"fetching {shown(now)}: the server redirects to {shown(following)}, which is not safe.",
            hint="Name that URL with a checksum, if you trust it.",
        )
    return following


def fetched(fetch: Fetch | None, url: str, largest: int, timeout: float) -> str:
    """Return a small text; raise StratumError when it is larger than so many bytes."""
    response = opened(fetch, url, {}, timeout)
    try:
        text = b""
        for extent in _content(response, shown(url)):
            text += extent.data
            if len(text) > largest:
                raise StratumError(f"fetching {shown(url)}: it has more than {largest} bytes.")
        return text.decode("utf-8", "replace")
    finally:
        response.close()


def _content(response: Response, what: str) -> Iterator[Extent]:
    size = 0
    while True:
        data = response.read(_PIECE)
        if not data:
            break
        size += len(data)
        yield Extent(data)
    if response.length is not None and size != response.length:
        raise too_short(what, size, response.length)


@contextmanager
def unreachable(url: str) -> Iterator[None]:
    """Turn what goes wrong between us and a server into a StratumError."""
    try:
        yield
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise StratumError(f"fetching {shown(url)}: {reason or type(error).__name__}.") from error
    except ValueError:
        # Its words could be those of a header, or of a whole URL.
        raise StratumError(f"fetching {shown(url)}: it, or where it redirects to, cannot be asked for.") from None


def _scheme(url: str) -> str:
    """Return the scheme of a URL; raise InputError for what is none that a server has."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise InputError(OPTION, "it is no URL.") from None
    if parts.scheme not in ("http", "https") or not host:
        raise InputError(OPTION, f"{shown(url)} is not an http:// or https:// URL.", hint="For a file, state file.")
    if not _URL.fullmatch(url):
        raise InputError(
            OPTION, f"{shown(url)} has a character that URLs cannot have.", hint="Write it in percent-encoding."
        )
    return parts.scheme
