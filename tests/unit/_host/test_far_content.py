# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Much content of a far machine: it takes little memory, and the link is never empty."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._host.far import FarHost
from ansible_collections.stratum.virt.plugins.module_utils._host.frames import TURN, WINDOW
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost

from .sessions import LocalSession

MIB = 1048576
GIB = 1024 * MIB


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file of 100 GiB, 96 MiB of which are data."""
    path = tmp_path / "large"
    with path.open("wb") as file:
        for gib in range(96):
            file.seek(gib * GIB)
            file.write(gib.to_bytes(4, "big") * (MIB // 4))
        file.truncate(100 * GIB)
    return path


@contextmanager
def limited(session: LocalSession) -> Iterator[None]:
    """See to it that neither side takes more memory than the window, the program and a few pieces."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 2 * WINDOW
    finally:
        tracemalloc.stop()
    (process,) = session.processes
    (peak,) = (line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if "VmHWM" in line)
    assert int(peak.split()[1]) * 1024 < 48 * MIB


def test_a_large_file_with_holes_takes_little_memory(
    far: FarHost, session: LocalSession, large: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    far.status("/")
    with limited(session), far.replace(str(copy)) as writer:
        for extent in far.extents(str(large)):
            if extent.data:
                writer.write(extent.data)
            else:
                writer.hole(extent.hole)
    assert copy.stat().st_size == 100 * GIB
    assert copy.stat().st_blocks * 512 < 97 * MIB
    assert list(LocalHost().extents(str(copy))) == list(LocalHost().extents(str(large)))


def test_who_does_not_take_what_comes_keeps_little(far: FarHost, session: LocalSession, large: Path) -> None:
    far.status("/")
    with limited(session):
        extents = far.extents(str(large))
        next(extents)
        for _each in range(50):
            far.read(str(large), MIB)
        assert sum(1 for _extent in extents) == 2 * 96 - 1


def test_many_small_pieces_take_little_memory(far: FarHost, session: LocalSession, tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        for block in range(20_000):
            file.seek(2 * block * 4096)
            file.write(b"x" * 4096)
    far.status("/")
    with limited(session):
        extents = far.extents(str(path))
        next(extents)
        far.status("/")
        assert sum(len(extent.data) for extent in extents) == 19_999 * 4096


# On a long way, nobody waits for an answer to each piece


class Counting:
    """Counts how often somebody waits for a far machine, on whose stream it is put."""

    def __init__(self, far: FarHost, monkeypatch: pytest.MonkeyPatch) -> None:
        far.status("/")
        stream = far._talk._stream
        self.waited = self.sent = 0
        receive, exchange = stream.receive, stream.exchange

        def counting_receive(size: int, deadline: Deadline) -> bytes:
            self.waited += 1
            return receive(size, deadline)

        def counting_exchange(parts: object, size: int, deadline: Deadline) -> tuple[int, bytes]:
            sent, received = exchange(parts, size, deadline)  # type: ignore[arg-type]
            self.sent += sent > 0
            return sent, received

        monkeypatch.setattr(stream, "receive", counting_receive)
        monkeypatch.setattr(stream, "exchange", counting_exchange)


def test_a_writer_never_waits_for_an_answer(far: FarHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with far.replace(str(tmp_path / "file")) as writer:
        counting = Counting(far, monkeypatch)
        for _each in range(64):
            writer.write(b"x" * MIB)
            writer.hole(MIB)
        assert counting.waited == 0
    assert counting.waited > 0


def test_a_reader_allows_more_long_before_the_link_is_empty(
    far: FarHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(8 * WINDOW))
    counting = Counting(far, monkeypatch)
    pieces = []
    for _extent in far.extents(str(path)):
        pieces.append(counting.sent)
    # One question, and then one word for each part that was taken: never when the link may be half empty.
    assert counting.sent <= 1 + 8 * WINDOW // TURN
    allowed = [index for index, (before, after) in enumerate(pairwise(pieces)) if after > before]
    assert max(after - before for before, after in pairwise([0, *allowed])) <= WINDOW // MIB // 2
