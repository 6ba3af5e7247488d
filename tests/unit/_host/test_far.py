# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A far machine that does as it should. What all hosts have in common is tested for both kinds beside this."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    ConnectionFailed,
    DeadlineExceeded,
    Denied,
    OutcomeUnknown,
    StratumError,
)
from ansible_collections.stratum.virt.plugins.module_utils._host.base import Buffer, ContentWriter, Host
from ansible_collections.stratum.virt.plugins.module_utils._host.far import FarHost
from ansible_collections.stratum.virt.plugins.module_utils._host.frames import WINDOW
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost

from .sessions import LocalSession

MIB = 1048576


def test_what_needs_no_file_starts_no_program(far: FarHost, session: LocalSession) -> None:
    assert far.name == "root@far"
    assert far.user_id() == os.getuid()
    assert far.environment("HOME") == os.environ["HOME"]
    assert far.environment("NO_SUCH_VARIABLE") is None
    assert session.started == []
    far.status("/")
    far.read("/proc/self/status", 100)
    assert len(session.started) == 1


def test_status(host: Host, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")
    os.utime(tmp_path / "file", ns=(0, -5_000_000_001))
    for path in (tmp_path, *tmp_path.iterdir(), Path("/dev/null")):
        assert host.status(str(path)) == LocalHost().status(str(path))
    for path in (tmp_path / "missing", tmp_path / "file" / "below"):
        assert host.status(str(path)) is None
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(StratumError, match=r"reading the status of .*loop: Too many levels"):
        host.status(str(tmp_path / "loop"))


def test_names_that_are_no_text(host: Host, tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xe4 \xc3\xa4 \n\"'$(id)")
    Path(path).write_bytes(b"here")
    assert host.read(path, 100) == b"here"
    host.rename(path, f"{path}2")
    host.remove(f"{path}2")
    host.remove(f"{path}2")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [0, 1, 10, MIB - 1, MIB, 3 * MIB + 7, 10 * MIB])
def test_reading_a_part(host: Host, tmp_path: Path, size: int) -> None:
    content = os.urandom(4 * MIB)
    (tmp_path / "file").write_bytes(content)
    for offset in (0, 5, 3 * MIB, 5 * MIB):
        assert host.read(str(tmp_path / "file"), size, offset=offset) == content[offset : offset + size]
    with pytest.raises(StratumError, match=r"reading .*: No such file"):
        host.read(str(tmp_path / "missing"), 10)


def test_nobody_waits_for_who_writes_to_a_fifo(host: Host, tmp_path: Path) -> None:
    """Over there, a program that waits for that would stay when the session has long ended."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StratumError, match=r"reading .*pipe: .* not seekable"):
        host.read(str(tmp_path / "pipe"), 10)
    with pytest.raises(StratumError, match=r"reading .*pipe: Illegal seek"):
        next(host.extents(str(tmp_path / "pipe")))


def test_removing(host: Host, tmp_path: Path) -> None:
    with pytest.raises(StratumError, match="it is not a regular file"):
        host.remove(str(tmp_path))
    assert tmp_path.is_dir()


def test_marks_of_a_real_file(host: Host, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    assert host.mark(str(path)) is None
    assert host.mark(f"{path}x") is None
    if host.set_mark(str(path), "größer"):
        assert host.mark(str(path)) == "größer"


def test_errors_say_where_and_are_what_they_are(far: FarHost, tmp_path: Path) -> None:
    with pytest.raises(StratumError) as found:
        far.read(str(tmp_path), 5)
    assert found.value.__class__ is StratumError
    assert str(found.value) == f"root@far: reading {tmp_path}: Is a directory."
    with pytest.raises(StratumError, match="root@far: embedded null byte"):
        far.status("\0")
    with pytest.raises(StratumError, match="it is too long"):
        far.status("/" + "x" * 100_000)
    with pytest.raises(StratumError, match="root@far: embedded null byte"):
        next(far.extents("\0"))
    assert far.status("/") is not None


def test_denials_are_denials(host: Host) -> None:
    """The kernel denies this to everybody, root among them."""
    with pytest.raises(Denied, match="changing the permissions of /proc/self/status: permission denied"):
        host.set_permissions("/proc/self/status", mode=0o777)


# Locks


def test_a_lock_is_held_over_there(host: Host) -> None:
    name = f"test {os.getpid()} {host.name}"
    other = LocalHost()
    with host.lock(name, Deadline(5)):
        for seconds in (0.0, 0.2):
            with pytest.raises(DeadlineExceeded, match=f"working on {name} for"), other.lock(name, Deadline(seconds)):
                pytest.fail("it is held")
        with other.lock(f"{name}, another", Deadline(0)):
            pass
    held = pytest.raises(DeadlineExceeded, match=f"working on {name} for 1.2 s")
    with other.lock(name, Deadline(0)), held, host.lock(name, Deadline(1.2)):
        pytest.fail("it is held")
    with host.lock(name, Deadline(5)):
        pass


def hang_up(far: FarHost, session: LocalSession) -> None:
    """Lose the connection: nobody says goodbye."""
    session.close()


def terminate(far: FarHost, session: LocalSession) -> None:
    (process,) = session.processes
    process.send_signal(signal.SIGTERM)
    process.wait(60)


def end_all(far: FarHost, session: LocalSession) -> None:
    """Shut the machine down: each process of a login is told so by two signals, one right after the other."""
    (process,) = session.processes
    for number in (signal.SIGSTOP, signal.SIGHUP, signal.SIGTERM, signal.SIGCONT):
        process.send_signal(number)
    assert process.wait(60) == 0


def close(far: FarHost, session: LocalSession) -> None:
    far.close()


ENDS = pytest.mark.parametrize("end", [hang_up, terminate, end_all, close])
End = Callable[[FarHost, LocalSession], None]


@ENDS
def test_a_lock_is_free_when_the_session_has_ended(end: End, far: FarHost, session: LocalSession) -> None:
    name = f"test {os.getpid()} {end.__name__}"
    with far.lock(name, Deadline(5)):
        end(far, session)
        with LocalHost().lock(name, Deadline(20)):
            pass


# Content


FAILED = r"root@far: writing .*/file: (File too large|Invalid argument)"


@ENDS
def test_nothing_is_left_of_content_when_the_session_has_ended(
    end: End, far: FarHost, session: LocalSession, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def write() -> None:
        with far.replace(str(path)) as writer:
            writer.write(b"x" * 5 * MIB)
            far.status("/")
            assert len(os.listdir(tmp_path)) == 2
            end(far, session)
            for _each in range(100):  # the first may still find its way
                writer.write(b"x" * MIB)

    with pytest.raises(ConnectionFailed):
        write()
    assert os.listdir(tmp_path) == ["file"]
    assert path.read_text() == "old"


def too_long(far: FarHost, path: Path, then: Callable[[ContentWriter], None]) -> None:
    """Write a file that is longer than files can be, and go on with it."""
    with far.replace(str(path)) as writer:
        writer.hole(2**62)
        writer.hole(2**62)
        then(writer)


def test_content_that_fails_over_there_is_told_by_the_next_call(far: FarHost, tmp_path: Path) -> None:
    told: list[str] = []

    def then(writer: ContentWriter) -> None:
        writer.write(b"x")
        far.status("/")
        with pytest.raises(StratumError, match=FAILED):
            writer.write(b"x")
        told.append("by the call")
        raise KeyError

    with pytest.raises(KeyError):
        too_long(far, tmp_path / "file", then)
    assert told == ["by the call"]
    assert os.listdir(tmp_path) == []
    assert far.status("/") is not None


def test_content_that_fails_over_there_is_told_at_its_end(far: FarHost, tmp_path: Path) -> None:
    with pytest.raises(StratumError, match=FAILED):
        too_long(far, tmp_path / "file", lambda _writer: None)
    assert os.listdir(tmp_path) == []
    assert far.status("/") is not None


def test_who_gives_up_hears_of_his_own_error(far: FarHost, tmp_path: Path) -> None:
    def then(writer: ContentWriter) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        too_long(far, tmp_path / "file", then)
    assert os.listdir(tmp_path) == []
    assert far.status("/") is not None


def test_a_change_whose_answer_is_lost(far: FarHost, session: LocalSession, tmp_path: Path) -> None:
    far.status("/")
    session.close()
    with pytest.raises(OutcomeUnknown, match="rename on root@far: the connection was lost"):
        far.rename(str(tmp_path / "a"), str(tmp_path / "b"))
    with pytest.raises(ConnectionFailed, match="the connection is closed, because it was lost"):
        far.status("/")


def test_whoever_is_interrupted_says_no_more(
    far: FarHost, session: LocalSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of a frame, what comes next would be a part of it."""
    stream: list[str] = []

    def interrupted(parts: Sequence[Buffer], size: int, deadline: Deadline) -> tuple[int, bytes]:
        stream.append("said something")
        raise KeyboardInterrupt

    def write() -> None:
        with far.replace(str(tmp_path / "file")) as writer:
            monkeypatch.setattr(far._talk._stream, "exchange", interrupted)
            writer.write(b"x" * MIB)

    with pytest.raises(KeyboardInterrupt):
        write()
    assert stream == ["said something"]
    session.close()
    assert os.listdir(tmp_path) == []
    with pytest.raises(ConnectionFailed, match="the connection is closed, because it was interrupted"):
        far.status("/")


def test_reading_is_given_up_and_goes_on(far: FarHost, tmp_path: Path) -> None:
    """What is on its way when a reader leaves is no answer to what is asked next."""
    path = tmp_path / "file"
    path.write_bytes(os.urandom(3 * WINDOW))
    for taken in range(4):
        extents = far.extents(str(path))
        for _each in range(taken):
            next(extents)
        extents.close()  # type: ignore[attr-defined]
        assert far.read(str(path), 5) == path.read_bytes()[:5]
    assert b"".join(extent.data for extent in far.extents(str(path))) == path.read_bytes()


def test_a_reader_who_leaves_when_the_error_is_under_way(far: FarHost, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(MIB + 5))
    extents = far.extents(str(path))
    next(extents)
    far.status("/")
    extents.close()  # type: ignore[attr-defined]
    assert far.status("/") is not None


def test_all_goes_on_at_once(far: FarHost, tmp_path: Path) -> None:
    """Two readers, a writer with what they read, and questions in between."""
    first, second, copy = (tmp_path / name for name in ("first", "second", "copy"))
    first.write_bytes(os.urandom(2 * WINDOW + 77))
    second.write_bytes(os.urandom(2 * WINDOW + 77))
    with far.replace(str(copy)) as writer:
        for one, other in zip(far.extents(str(first)), far.extents(str(second))):
            status = far.status(str(copy))
            assert status is None
            writer.write(one.data)
            writer.write(other.data)
    pieces = [range(at, min(at + MIB, first.stat().st_size)) for at in range(0, first.stat().st_size, MIB)]
    expected = b"".join(path.read_bytes()[piece.start : piece.stop] for piece in pieces for path in (first, second))
    assert copy.read_bytes() == expected
