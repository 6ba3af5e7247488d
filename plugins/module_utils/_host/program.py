# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The program that serves a far machine's files: it is sent there, and runs out of memory with the Python it finds."""

from __future__ import annotations

import os
import re
import zlib
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from .._deadline import Deadline
from .._errors import PeerError, StratumError

if TYPE_CHECKING:
    from importlib.abc import InspectLoader

    from .base import ByteStream
    from .session import Session

OLDEST = (3, 9)
"""The Python that our code is for, wherever it runs."""
NOISE = 65536
"""Bytes that a login may print before our program does."""
_PACKAGE = "stratum_virt"
_READ_SIZE = 65536

# One line of few kinds of signs, because whatever shell the user has there reads it first. With a buffer of one byte it
# takes no more from the input than it is asked to: what follows are frames.
_FIRST = "import io,sys,zlib;exec(zlib.decompress(io.BufferedReader(io.FileIO(0,closefd=False),1).read({size})))"
_PYTHON = ("python3", "-I", "-S", "-X", "utf8", "-c")
"""Alone with its standard library, whatever else the user has there; names of files are UTF-8 in every locale."""


def start_program(session: Session, deadline: Deadline) -> tuple[ByteStream, bytes]:
    """Start it over there; return the stream to it, and what came of it after its greeting.

    Raises StratumError when the far machine has no Python for it.
    """
    greeting = f"stratum.virt {os.urandom(16).hex()}\n"
    packed = zlib.compress(program(greeting).encode())
    stream = session.start([*_PYTHON, _FIRST.format(size=len(packed))], deadline)
    try:
        stream.send(packed, deadline)
        rest = _greeted(stream, greeting.encode(), session.name, deadline)
    except (ConnectionError, EOFError) as error:
        stream.close()
        raise _reason(session, deadline) from error
    except StratumError:
        stream.close()
        raise
    return stream, rest


def _greeted(stream: ByteStream, greeting: bytes, name: str, deadline: Deadline) -> bytes:
    """Return what came after the greeting; drop what came before it. Raise EOFError when there is none."""
    received = b""
    while greeting not in received:
        if len(received) > NOISE:
            raise PeerError(
                f"{name} does not answer as our program would, but with {len(received)} other bytes.",
                hint="Look at what a login prints there when it is not interactive.",
            )
        data = stream.receive(_READ_SIZE, deadline)
        if not data:
            raise EOFError
        received += data
    return received.partition(greeting)[2]


def _reason(session: Session, deadline: Deadline) -> StratumError:
    """Return why the program did not start, which its end alone does not say."""
    oldest = ".".join(map(str, OLDEST))
    done = session.run(["python3", "-V"], deadline)
    version = re.search(rb"Python (\d{1,3})\.(\d{1,3})", done.output + done.errors)
    if done.status != 0 or version is None:
        reason = f"{session.name} has no python3, and its files are reached by it."
    elif tuple(map(int, version.groups())) < OLDEST:
        found = b".".join(version.groups()).decode()
        reason = f"the python3 of {session.name} is {found}, and its files are reached by {oldest} or newer."
    else:
        return StratumError(f"the program that reaches the files of {session.name} ended as soon as it was started.")
    return StratumError(reason, hint=f"Install Python {oldest} or newer there, or run the task on that node.")


def program(greeting: str) -> str:
    """Return its source: how modules come out of memory, and the modules."""
    # Literal imports, so that Ansible sends them to where this runs.
    from .. import _deadline, _errors
    from . import base, boot, content, frames, local, serve

    parts = {"_errors": _errors, "_deadline": _deadline}
    parts.update({f"_host.{part.__name__.rpartition('.')[2]}": part for part in (base, content, frames, local, serve)})
    sources = {f"{_PACKAGE}.{name}": _source(part) for name, part in parts.items()}
    return f"{_source(boot)}\nstart({sources!r}, {f'{_PACKAGE}._host.serve'!r}, {greeting!r})\n"


def _source(module: ModuleType) -> str:
    """Return a module's source, from wherever it was loaded: a folder, Ansible's zip file, or a collection's path."""
    source: Any = cast("InspectLoader", module.__loader__).get_source(module.__name__)
    if source is None:
        raise StratumError(f"the source of {module.__name__} is not there to be sent to the node.")
    # Ansible's own loader of collections, which the controller's plugins come by, gives bytes.
    return source.decode() if isinstance(source, bytes) else str(source)
