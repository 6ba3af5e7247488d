# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""What _module is for modules, for plugins on the controller: options in, an open driver or Ansible's error out."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ..module_utils._driver.base import Driver
from ..module_utils._driver.registry import open_driver
from ..module_utils._errors import ConnectionFailed, MissingLibrary, StratumError
from ..module_utils._host.base import Access, Program
from ..module_utils._host.local import LocalHost


def connect(
    uri: str | None,
    timeout: float,
    *,
    warn: Callable[[str], object],
    ssh_password: str | None = None,
    ssh_passphrase: str | None = None,
) -> Driver:
    """Open the driver for a URI from the controller; ``timeout`` is how many seconds each answer may take.

    ``warn`` takes what a person should know of the connection. Raises what ``open_driver`` raises; ``ansible_errors``
    makes Ansible's errors of that.
    """
    client = _start if shutil.which("ssh") else None
    access = Access(ssh_password, ssh_passphrase, warn, client)
    return open_driver(uri, LocalHost(), timeout, access)


def _start(argv: Sequence[str]) -> Program:
    """Start OpenSSH's client, which a controller has, with hardware keys and connections that are open already."""
    try:
        return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        raise ConnectionFailed(f"starting {argv[0]}: {error.strerror}.") from error


@contextmanager
def ansible_errors(kind: Callable[[str], Exception]) -> Iterator[None]:
    """Raise one of Ansible's errors, of this kind, in place of one of ours."""
    try:
        yield
    except StratumError as error:
        # Without the cause, whose message Ansible would add to the same message.
        raise kind(message_of(error)) from None


def message_of(error: StratumError) -> str:
    """Return what a person reads of an error on the controller."""
    if isinstance(error, MissingLibrary):
        return f"{error}. Install it for the Python that runs Ansible here, {sys.executable}."
    return str(error)
