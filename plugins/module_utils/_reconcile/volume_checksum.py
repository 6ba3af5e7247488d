# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Checksums: what a task states, and whether content has it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .._errors import InputError, StratumError
from .._host.base import Extent
from .volume_content import Fetch
from .volume_stream import watched

OPTION = "source.checksum"
ALGORITHMS = ("sha256", "sha384", "sha512")
"""What nobody can make two contents for; of md5 and sha1 that is not true."""
LARGEST_LIST = 1048576
"""Bytes."""


class ChecksumMismatch(StratumError):
    """Content is not what its checksum says."""


class Checksum(NamedTuple):
    """What content must have."""

    algorithm: str
    digest: str
    """In hexadecimal, small letters; empty when it is still to be looked up."""
    url: str | None = None
    """Of a file that lists checksums."""

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.digest}"


def parse(stated: str) -> Checksum:
    """Return what a task states: an algorithm, and a digest or the URL of a list; raise InputError."""
    algorithm, colon, rest = stated.strip().partition(":")
    algorithm = algorithm.lower()
    if not colon or algorithm not in ALGORITHMS:
        raise InputError(
            OPTION,
            f"{algorithm!r} is none that can be relied on.",
            hint=f"Give one like sha256:DIGEST, of {', '.join(ALGORITHMS)}.",
        )
    if "/" in rest:
        if not rest.lower().startswith("https://"):
            raise InputError(OPTION, "a list of checksums is only believed by https.", hint="Give an https:// URL.")
        return Checksum(algorithm, "", rest)
    digest = rest.strip().lower()
    if not re.fullmatch("[0-9a-f]+", digest) or len(digest) != hashlib.new(algorithm).digest_size * 2:
        raise InputError(
            OPTION, f"{stated!r} is no {algorithm}.", hint=f"It has {hashlib.new(algorithm).digest_size * 2} digits."
        )
    return Checksum(algorithm, digest)


def look_up(checksum: Checksum, fetch: Fetch | None, file: str, timeout: float) -> Checksum:
    """Return a checksum with its digest, from the list of checksums where the task names one.

    ``file`` is the name by which the list knows the content. Raises StratumError when it is not in there.
    """
    if checksum.url is None:
        return checksum
    from .volume_url import fetched, shown

    digest = _listed(fetched(fetch, checksum.url, LARGEST_LIST, timeout), file, hashlib.new(checksum.algorithm))
    if digest is None:
        raise InputError(OPTION, f"{shown(checksum.url)} has no {checksum.algorithm} of {file}.")
    return checksum._replace(digest=digest)


def _listed(text: str, file: str, algorithm: hashlib._Hash) -> str | None:
    """Return the digest of a file from a list: lines of digest and name, or ``SHA256 (name) = digest``."""
    digits = algorithm.digest_size * 2
    for line in text.splitlines():
        tagged = re.fullmatch(r"(\w+) \((.+)\) = ([0-9A-Fa-f]+)", line.strip())
        if tagged is not None and tagged.group(1).lower().replace("-", "") == algorithm.name:
            digest, name = tagged.group(3), tagged.group(2)
        else:
            digest, _blank, name = line.strip().partition(" ")
        name = name.strip().lstrip("*").rpartition("/")[2]
        if name == file and len(digest) == digits and re.fullmatch("[0-9A-Fa-f]+", digest):
            return digest.lower()
    return None


def verified(extents: Iterable[Extent], checksum: Checksum, what: str) -> Iterator[Extent]:
    """Yield the same content; raise ChecksumMismatch at its end when it is not what the checksum says."""
    sum_up = hashlib.new(checksum.algorithm)
    yield from watched(extents, sum_up.update)
    if sum_up.hexdigest() != checksum.digest:
        raise ChecksumMismatch(
            f"{what} has the checksum {checksum.algorithm}:{sum_up.hexdigest()}, not {checksum}.",
            hint="It was damaged or changed on its way, or the checksum is another file's.",
        )
