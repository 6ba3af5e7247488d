# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Files of certificates and keys on this machine, written such that whoever reads them always finds what fits."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from .._errors import StratumError
from .read import LARGEST

PUBLIC = 0o644
SECRET = 0o600
SHARED = 0o640
"""Of a key that a group may read."""
PENDING = ".stratum-new"
"""After the name of a key: the name of one that waits for its certificate."""
WRITING = ".stratum-writing"
"""After the name of a file: the name of what will take its place."""


class Permissions(NamedTuple):
    """Who may use a file. ``None``: as it is, or as it comes."""

    mode: int
    owner: int | None = None
    group: int | None = None


def read_regular(path: str) -> bytes:
    """Return the text of a regular file; raise OSError, also for a file that one would have to wait for."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        return file.read(LARGEST)


def read(path: str) -> bytes | None:
    """Return a file's text, ``None`` when there is none; raise StratumError."""
    try:
        return read_regular(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StratumError(f"reading {path}: {error.strerror}.") from error


def refuse_links_of_others(path: str) -> None:
    """Raise StratumError if the way to a file leads over a link of another user, root excepted.

    In the folder of such a user, root would read a key that is somewhere else, and give it to whom the folder is.
    """
    ours = (0, os.geteuid())
    while path != os.path.dirname(path):
        with _failing("looking at", path), contextlib.suppress(FileNotFoundError):
            found = os.lstat(path)
            if stat.S_ISLNK(found.st_mode) and found.st_uid not in ours:
                raise StratumError(
                    f"{path} is a link that belongs to another user, and is not followed.",
                    hint="Run the task as that user, with become_user.",
                )
        path = os.path.dirname(path)


def is_there(path: str) -> bool:
    """Say whether a name is taken, if only by a link to nothing."""
    return os.path.lexists(path)


def permissions(path: str) -> Permissions | None:
    """Return who may use a file; ``None`` when there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StratumError(f"reading the status of {path}: {error.strerror}.") from error
    return Permissions(stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)


def set_permissions(path: str, wanted: Permissions) -> None:
    """Change who may use a file; raise StratumError."""
    with _failing("changing the permissions of", path), _opened(path, os.O_NONBLOCK) as handle:
        _permit(handle, wanted)


@contextmanager
def _opened(path: str, flags: int) -> Iterator[int]:
    """Open what has a name, if it is no link."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | flags)
    try:
        yield handle
    finally:
        os.close(handle)


def _permit(handle: int, wanted: Permissions) -> None:
    if wanted.owner is not None or wanted.group is not None:
        unchanged = -1
        os.fchown(
            handle,
            unchanged if wanted.owner is None else wanted.owner,
            unchanged if wanted.group is None else wanted.group,
        )
    os.fchmod(handle, wanted.mode)


def write(path: str, text: bytes, wanted: Permissions) -> None:
    """Give a file a text and its permissions, in one step; make its folder if there is none. Raises StratumError."""
    with _failing("writing", path), _beside(path) as beside:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, SECRET)
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            file.flush()
            _permit(handle, wanted)
            os.fsync(handle)


def link(path: str, target: str) -> None:
    """Make a file a second name of another one, in one step; raise StratumError."""
    with _failing("writing", path), _beside(path) as beside:
        os.symlink(os.path.relpath(os.path.realpath(target), os.path.realpath(os.path.dirname(path))), beside)


@contextmanager
def _beside(path: str) -> Iterator[str]:
    """Yield the name for a file that gets the name ``path`` in the end.

    It is always the same one, so that what a crash has left is gone with the next attempt.
    """
    folder, beside = os.path.dirname(path), path + WRITING
    _make_folder(folder)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(beside)
    try:
        yield beside
        os.replace(beside, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside)
    _keep(folder)


def links_to(path: str, target: str) -> bool:
    """Say whether a file is a second name of another one."""
    return os.path.islink(path) and os.path.realpath(path) == os.path.realpath(target)


def remove(path: str) -> bool:
    """Remove a file; return whether there was one. Raises StratumError."""
    with _failing("removing", path):
        try:
            os.unlink(path)
        except FileNotFoundError:
            return False
        _keep(os.path.dirname(path))
    return True


class Pair(NamedTuple):
    """Texts that belong together."""

    key: bytes
    certificate: bytes


def replace_pair(
    key_path: str, certificate_path: str, before: Pair, after: Pair, secret: Permissions, public: Permissions
) -> None:
    """Replace a key and its certificate such that whoever reads both, at any time, gets two that fit.

    Two files cannot be replaced in one step. But one file can hold both, of which the reader of each takes its own
    part, and the name of the key can lead to it. So both change at the third step, and whatever breaks off leaves
    files that can be read, and that the next task tidies up.
    """
    write(certificate_path, before.key + before.certificate, secret)
    link(key_path, certificate_path)
    write(certificate_path, after.key + after.certificate, secret)
    tidy_pair(key_path, certificate_path, after, secret, public)


def tidy_pair(key_path: str, certificate_path: str, pair: Pair, secret: Permissions, public: Permissions) -> None:
    """Give a key and its certificate, that may be in one file, a file each."""
    write(key_path, pair.key, secret)
    write(certificate_path, pair.certificate, public)


def is_untidy(certificate: bytes | None) -> bool:
    """Say whether a replacement has broken off: there is a key in the file of a certificate."""
    return b"PRIVATE KEY-----" in (certificate or b"")


def _make_folder(path: str) -> None:
    """Make a folder, and those above it. One that is called private is for its owner only, as libvirt wants it."""
    if os.path.isdir(path):
        return
    _make_folder(os.path.dirname(path))
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o700)
        # Whatever the umask: QEMU and others read these as users of their own.
        if os.path.basename(path) != "private":
            with _opened(path, os.O_DIRECTORY) as handle:
                os.fchmod(handle, 0o755)


def _keep(folder: str) -> None:
    """See to it that the names in a folder are on the disk, in the order in which they changed."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _failing(verb: str, path: str) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise StratumError(f"{verb} {path}: permission denied.", hint="Use become.") from error
    except OSError as error:
        raise StratumError(f"{verb} {path}: {error.strerror}.") from error
