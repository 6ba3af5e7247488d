# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""For tests: prepare a simulated node, and make it misbehave. The same file that the driver uses.

::

    with edit(path) as state:
        state.faults.append(Fault("start", when="after"))
        state.volumes("default")["a.img"] = Volume("/var/lib/libvirt/images/a.img", 1024**3)
        state.storages["dir /srv/images"] = Storage(capacity=1024**4)
        state.domains["a"].guest.unplug = False
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from ..._deadline import Deadline
from .guest import settle
from .model import Domain, Due, Fault, Guest, Network, Pool, State, Storage, Volume
from .store import Store

WAIT = 10.0
"""Seconds to wait for a driver that holds the lock."""


@contextmanager
def edit(path: str) -> Iterator[State]:
    """Change a simulated node behind its drivers' back; nothing is changed when the block raises."""
    store = Store(path)
    with store.locked(Deadline(WAIT)):
        state = store.load()
        settle(state, time.time())
        yield state
        store.save(state)


__all__ = ["Domain", "Due", "Fault", "Guest", "Network", "Pool", "State", "Storage", "Volume", "edit"]
