# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Connecting to a port of another machine."""

from __future__ import annotations

import errno
import os
import select
import socket
import threading
from collections.abc import Sequence
from typing import Any

from .._deadline import Deadline
from .._errors import ConnectionFailed, names

Address = tuple[int, int, int, str, Any]
"""As getaddrinfo has it: family, type, protocol, name, address."""
STAGGER = 0.3
"""Seconds after which the next address is tried beside those that have not answered. Source: RFC 8305, section 5, where
it is 0.25."""
MOST_ADDRESSES = 20


def open_socket(host: str, port: int, deadline: Deadline) -> socket.socket:
    """Connect to the first address of a machine that takes the connection, non-blocking from then on.

    Addresses that don't answer do not keep the others waiting. Raises ConnectionFailed, DeadlineExceeded.
    """
    race = _Race(host, port)
    try:
        return race.run(resolve(host, port, deadline), deadline)
    finally:
        race.end()


def resolve(host: str, port: int, deadline: Deadline) -> Sequence[Address]:
    """Return the addresses of a name; raise ConnectionFailed when it has none, DeadlineExceeded."""
    found: list[Sequence[Address]] = []
    failed: list[OSError] = []

    def ask() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except UnicodeError:
            failed.append(OSError("it cannot be the name of a machine"))
        except OSError as error:
            failed.append(error)

    # The resolver has its own idea of how long to wait, and cannot be told another one.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(min(deadline.check(f"the address of {host}"), threading.TIMEOUT_MAX))
    if failed:
        reason = failed[0].strerror or str(failed[0])
        raise ConnectionFailed(
            f"the address of {host} was not found: {reason}.", hint="Check the name of the node in the URI."
        ) from failed[0]
    if not found:
        raise deadline.exceeded(f"the address of {host}")
    return found[0]


class _Race:
    """Several addresses of one machine, tried beside each other."""

    def __init__(self, host: str, port: int) -> None:
        self._target = f"port {port} of {host}"
        self._running: dict[int, tuple[socket.socket, Any]] = {}
        self._failures: list[str] = []
        self._poll = select.poll()

    def run(self, addresses: Sequence[Address], deadline: Deadline) -> socket.socket:
        """Return the socket that is connected first."""
        waiting = list(addresses[:MOST_ADDRESSES])
        while waiting or self._running:
            if waiting:
                self._start(waiting.pop(0))
            patience = deadline.remaining()
            if waiting:
                patience = min(patience, STAGGER)
            winner = self._wait(deadline.sooner(patience))
            if winner is not None:
                return winner
            if deadline.passed:
                raise deadline.exceeded(f"connecting to {self._target}")
        raise ConnectionFailed(
            f"connecting to {self._target}: {names(self._failures)}.",
            hint="Check that the daemon listens there, and that no firewall is in between.",
        )

    def end(self) -> None:
        """Let go of all that did not win."""
        for opened, _address in self._running.values():
            opened.close()
        self._running.clear()

    def _start(self, address: Address) -> None:
        family, kind, protocol, _name, place = address
        try:
            opened = socket.socket(family, kind, protocol)
        except OSError as error:  # a machine without IPv6, for example
            self._failures.append(f"{place[0]}: {error.strerror}")
            return
        opened.setblocking(False)
        result = opened.connect_ex(place)
        if result not in (0, errno.EINPROGRESS):
            opened.close()
            self._failures.append(f"{place[0]}: {os.strerror(result)}")
            return
        self._running[opened.fileno()] = (opened, place)
        self._poll.register(opened, select.POLLOUT)

    def _wait(self, deadline: Deadline) -> socket.socket | None:
        """Wait until one is connected, all have failed, or the time is over."""
        while self._running and not deadline.passed:
            for number, _events in self._poll.poll(min(deadline.remaining(), 86400.0) * 1000 + 1):
                opened, place = self._running.pop(number)
                self._poll.unregister(number)
                failure = opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if not failure:
                    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                    return opened
                opened.close()
                self._failures.append(f"{place[0]}: {os.strerror(failure)}")
        return None
