# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Move this process, a fork of a test's, into a node: for Python that has to go on there without starting again."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
from pathlib import Path

from tests.lab.lab import Node

# The mounts come last: with them, the machine's /proc is out of sight.
NAMESPACES = ("pid", "net", "uts", "cgroup", "mnt")
PR_SET_PDEATHSIG = 1


def move_into(node: Node) -> None:
    """Go on inside the node, in its root folder. Only a process with one thread can.

    What returns is a child of this process, because only a child can be in other process namespaces. This process
    waits for it and ends as it ended; killing this one kills the child.
    """
    handles = [os.open(f"/proc/{node.pid}/ns/{name}", os.O_RDONLY) for name in NAMESPACES]
    library = ctypes.CDLL(None, use_errno=True)
    for name, handle in zip(NAMESPACES, handles):
        if library.setns(handle, 0) != 0:
            raise OSError(ctypes.get_errno(), f"the process cannot enter the {name} namespace of {node.name}")
        os.close(handle)
    os.chdir(Path("/"))
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.pidfd_open(os.getpid())
    child = os.fork()
    if child:
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF)
    library.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if select.select([parent], [], [], 0)[0]:  # it was killed before that was said
        os._exit(1)
    os.close(parent)
