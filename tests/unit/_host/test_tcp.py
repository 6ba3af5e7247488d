# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connecting to ports, of several addresses and of none."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._errors import ConnectionFailed, DeadlineExceeded
from ansible_collections.stratum.virt.plugins.module_utils._host import tcp

Answer = list[tuple[Any, ...]]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened


@pytest.fixture
def full() -> Iterator[int]:
    """A port that doesn't answer: its queue is full, so the kernel drops what comes."""
    with contextlib.ExitStack() as stack:
        opened = stack.enter_context(socket.socket())
        opened.bind(("127.0.0.2", 0))
        opened.listen(0)
        for _each in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(opened.getsockname())
        yield opened.getsockname()[1]


def addresses(monkeypatch: pytest.MonkeyPatch, *places: tuple[Any, ...]) -> None:
    """Give every name these addresses."""
    families = {2: socket.AF_INET, 4: socket.AF_INET6}
    answer = [(families[len(place)], socket.SOCK_STREAM, 6, "", place) for place in places]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_more: answer)


def test_the_first_that_takes_it(listener: socket.socket, full: int, monkeypatch: pytest.MonkeyPatch) -> None:
    place = listener.getsockname()
    # One that refuses, one that never answers, then the good one.
    addresses(monkeypatch, ("127.0.0.3", 1), ("127.0.0.2", full), place)
    opened = tcp.open_socket("many", 1, Deadline(20))
    assert opened.getpeername() == place
    opened.close()


def test_all_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses(monkeypatch, ("127.0.0.3", 1), ("127.0.0.4", 1))
    with pytest.raises(ConnectionFailed) as caught:
        tcp.open_socket("many", 1, Deadline(20))
    refused = "Connection refused"
    assert caught.value.reason == f"connecting to port 1 of many: 127.0.0.3: {refused} and 127.0.0.4: {refused}."


def test_none_answers(full: int, monkeypatch: pytest.MonkeyPatch) -> None:
    addresses(monkeypatch, ("127.0.0.2", full))
    with pytest.raises(DeadlineExceeded, match=r"^no answer within 0\.3 s: connecting to port 7 of many$"):
        tcp.open_socket("many", 7, Deadline(0.3))


@pytest.mark.parametrize("name", ["nobody.invalid", "a" * 64, "..", "a\0b"])
def test_a_name_without_an_address(name: str) -> None:
    with pytest.raises(ConnectionFailed, match=r"^the address of .* was not found: "):
        tcp.open_socket(name, 1, Deadline(20))


def test_a_resolver_that_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    going = threading.Event()

    def wait(*_arguments: Any, **_more: Any) -> Answer:
        going.wait(20)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    with pytest.raises(DeadlineExceeded, match="the address of slow"):
        tcp.open_socket("slow", 1, Deadline(0.2))
    going.set()
