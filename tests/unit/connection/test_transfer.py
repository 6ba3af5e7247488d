# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files there and back: whole or not at all, for nobody else's eyes."""

from __future__ import annotations

import base64
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._errors import GuestAgentError, PeerError, StratumError
from ansible_collections.stratum.virt.plugins.plugin_utils._guest_agent.guest import Guest
from ansible_collections.stratum.virt.plugins.plugin_utils._guest_agent.system import GuestFailed
from ansible_collections.stratum.virt.tests.unit.connection.agents import LocalAgent, Request
from ansible_collections.stratum.virt.tests.unit.connection.conftest import Reach

SIZES = [0, 1, 98304, 98305, 3_000_000]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


@pytest.fixture
def there(tmp_path: Path) -> Path:
    (tmp_path / 'it\'s the "guest" $(touch x)').mkdir()
    return tmp_path / 'it\'s the "guest" $(touch x)'


@pytest.fixture(autouse=True)
def _nothing_stays(here: Path, there: Path, agent: LocalAgent) -> Iterator[None]:
    yield
    assert [path for folder in (here, there) for path in folder.iterdir() if ".stratum-" in path.name] == []
    assert agent.handles == {}
    assert agent.processes == {}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("size", SIZES)
def test_a_file_there_and_back(guest: Guest, here: Path, there: Path, size: int) -> None:
    data = os.urandom(size)
    (here / "a").write_bytes(data)
    guest.put(str(here / "a"), str(there / "b"))
    assert (there / "b").read_bytes() == data
    guest.fetch(str(there / "b"), str(here / "c"))
    assert (here / "c").read_bytes() == data


@pytest.mark.parametrize("size", SIZES)
def test_a_file_is_for_its_owner_alone_from_the_beginning(
    guest: Guest, agent: LocalAgent, here: Path, there: Path, size: int
) -> None:
    seen: set[int] = set()

    def look(request: Request) -> None:
        seen.update(stat.S_IMODE(path.stat().st_mode) for path in there.iterdir())

    agent.before = agent.after = look
    (here / "a").write_bytes(bytes(size))
    (here / "a").chmod(0o644)
    guest.put(str(here / "a"), str(there / "b"))
    (here / "a").chmod(0o755)
    guest.put(str(here / "a"), str(there / "c"))
    assert stat.S_IMODE((there / "b").stat().st_mode) == 0o600
    assert stat.S_IMODE((there / "c").stat().st_mode) == 0o700
    assert seen <= {0o600, 0o700}


def test_a_file_is_replaced_in_one_step(guest: Guest, here: Path, there: Path) -> None:
    (here / "a").write_bytes(b"new")
    (there / "b").write_bytes(b"old")
    (there / "link").symlink_to("b")
    guest.put(str(here / "a"), str(there / "link"))
    assert (there / "b").read_bytes() == b"old"
    assert (there / "link").read_bytes() == b"new"


@pytest.mark.parametrize("size", [10, 200_000])
def test_a_place_that_cannot_be_written_is_named(guest: Guest, here: Path, there: Path, size: int) -> None:
    (here / "a").write_bytes(bytes(size))
    with pytest.raises(GuestFailed, match=r"copying .* is a directory"):
        guest.put(str(here / "a"), str(there))
    with pytest.raises(GuestFailed, match="cannot be written"):
        guest.put(str(here / "a"), str(there / "missing" / "b"))
    with pytest.raises(GuestFailed, match="No such file or directory"):
        guest.put(str(here / "missing"), str(there / "b"))
    assert names(there) == []


def test_what_arrives_damaged_is_removed(guest: Guest, agent: LocalAgent, here: Path, there: Path) -> None:
    def damage(request: Request) -> str | None:
        if request.command != "guest-file-write":
            return None
        data = bytearray(base64.b64decode(request.arguments["buf-b64"]))
        data[7] ^= 1
        agent.handles[request.arguments["handle"]].write(data)
        return json.dumps({"return": {"count": len(data), "eof": False}})

    agent.before = damage
    (here / "a").write_bytes(bytes(200_000))
    (there / "b").write_bytes(b"old")
    with pytest.raises(GuestFailed, match="did not arrive as it was sent"):
        guest.put(str(here / "a"), str(there / "b"))
    assert (there / "b").read_bytes() == b"old"


def test_where_nothing_can_tell_a_digest_the_size_has_to_do(
    guest: Guest, agent: LocalAgent, here: Path, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("wc", "mv", "chmod", "rm", "cat", "head", "mkdir", "setsid", "id"):
        for folder in ("/bin", "/usr/bin"):
            if Path(folder, name).exists():
                (tools / name).symlink_to(Path(folder, name))
                break
    monkeypatch.setenv("PATH", str(tools))
    (here / "a").write_bytes(bytes(200_000))
    guest.put(str(here / "a"), str(there / "b"))
    guest.fetch(str(there / "b"), str(here / "c"))
    assert (here / "c").read_bytes() == bytes(200_000)

    def shorten(request: Request) -> str | None:
        if request.command != "guest-file-write":
            return None
        return json.dumps({"return": {"count": len(base64.b64decode(request.arguments["buf-b64"]))}})

    agent.before = shorten
    with pytest.raises(GuestFailed, match="did not arrive as it was sent"):
        guest.put(str(here / "a"), str(there / "d"))


def test_a_transfer_that_breaks_off_leaves_nothing(guest: Guest, agent: LocalAgent, here: Path, there: Path) -> None:
    def fail(request: Request) -> None:
        if request.command in ("guest-file-write", "guest-file-read") and agent.count(request.command) % 3 == 2:
            raise GuestAgentError("no space left on the device")

    (here / "a").write_bytes(bytes(3_000_000))
    (there / "big").write_bytes(bytes(3_000_000))
    agent.before = fail
    with pytest.raises(GuestAgentError, match="no space"):
        guest.put(str(here / "a"), str(there / "b"))
    with pytest.raises(GuestAgentError, match="no space"):
        guest.fetch(str(there / "big"), str(here / "b"))
    assert names(here) == ["a"]
    assert names(there) == ["big"]


def test_a_transfer_has_a_deadline(reached: Reach, here: Path, there: Path) -> None:
    guest = reached(command_timeout=0.2)
    (here / "a").write_bytes(bytes(50_000_000))
    with pytest.raises(StratumError, match=r"within 0\.2 s"):
        guest.put(str(here / "a"), str(there / "b"))
    assert names(there) == []


def test_only_files_are_fetched(guest: Guest, here: Path, there: Path) -> None:
    """A fifo would block the agent for everybody, for ever."""
    os.mkfifo(there / "fifo")
    for name, words in (("missing", "there is no file"), ("fifo", "not a regular file"), (".", "not a regular file")):
        with pytest.raises(GuestFailed, match=words):
            guest.fetch(str(there / name), str(here / "b"))
    assert names(here) == []
    with pytest.raises(GuestFailed, match="No such file or directory"):
        guest.fetch("/etc/hostname", str(here / "missing" / "b"))


LIES = [
    {"count": 5, "buf-b64": "", "eof": False},
    {"count": 0, "buf-b64": "", "eof": False},
    {"count": 2**70, "buf-b64": "AAAA", "eof": True},
    {"count": 3, "buf-b64": "AA=A", "eof": True},
    {"count": 3, "buf-b64": "AAAA"},
    {"count": 3 * 2**19, "buf-b64": "AAAA" * 2**19, "eof": False},
]


@pytest.mark.parametrize("lie", LIES)
def test_a_reader_that_contradicts_itself_is_not_believed(
    guest: Guest, agent: LocalAgent, here: Path, there: Path, lie: object
) -> None:
    agent.before = lambda request: json.dumps({"return": lie}) if request.command == "guest-file-read" else None
    (there / "a").write_bytes(b"abc")
    with pytest.raises(PeerError):
        guest.fetch(str(there / "a"), str(here / "a"))
    assert names(here) == []


def test_what_was_read_is_what_is_there(guest: Guest, agent: LocalAgent, here: Path, there: Path) -> None:
    other = json.dumps({"return": {"count": 3, "buf-b64": "AAAA", "eof": True}})
    agent.before = lambda request: other if request.command == "guest-file-read" else None
    (there / "a").write_bytes(b"abc")
    with pytest.raises(GuestFailed, match="changed meanwhile, or did not arrive"):
        guest.fetch(str(there / "a"), str(here / "a"))
    assert names(here) == []


@pytest.mark.parametrize("count", [0, -1, 98305, 2**70, True, "3", None])
def test_a_writer_that_lies_about_what_it_wrote_is_not_believed(
    guest: Guest, agent: LocalAgent, here: Path, there: Path, count: object
) -> None:
    lie = json.dumps({"return": {"count": count}})
    agent.before = lambda request: lie if request.command == "guest-file-write" else None
    (here / "a").write_bytes(bytes(98305))
    with pytest.raises(PeerError):
        guest.put(str(here / "a"), str(there / "b"))
    assert names(there) == []
