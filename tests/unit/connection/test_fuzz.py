# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a guest's agent answers: a result within its limits, or one of our errors, before the deadline."""

from __future__ import annotations

import base64
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._errors import StratumError
from ansible_collections.stratum.virt.plugins.plugin_utils._guest_agent import guest as guests
from ansible_collections.stratum.virt.plugins.plugin_utils._guest_agent import programs
from ansible_collections.stratum.virt.plugins.plugin_utils._guest_agent.guest import Limits, reach
from ansible_collections.stratum.virt.tests.unit.connection.agents import COMMANDS, NAME, LocalAgent, LocalNode
from hypothesis import given, settings
from hypothesis import strategies as st

LIMITS = Limits(timeout=0.02, command_timeout=0.05, output_limit=1000, poll_interval=0.001)

NUMBERS = st.integers() | st.integers(-2, 5) | st.sampled_from([2**31, 2**63, 10**400, True, 0.5, float("nan"), "1"])
TEXTS = st.text(max_size=30) | st.binary(max_size=2000).map(lambda data: base64.b64encode(data).decode())
FLAGS = st.booleans() | st.sampled_from([0, 1, "true", None])
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | FLAGS | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


def members(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with some of these members, which may be anything at times."""
    return st.fixed_dictionaries(
        {}, optional={name.replace("_", "-"): value | ANYTHING for name, value in values.items()}
    )


RETURNED: dict[str, st.SearchStrategy[Any]] = {
    "guest-info": members(
        supported_commands=st.lists(
            st.fixed_dictionaries({"name": st.sampled_from(COMMANDS) | ANYTHING, "enabled": FLAGS}), max_size=12
        )
    ).map(lambda value: {key.replace("supported-", "supported_"): item for key, item in value.items()}),
    "guest-get-osinfo": members(id=st.sampled_from(["debian", "mswindows"])),
    "guest-exec": members(pid=NUMBERS),
    "guest-exec-status": members(
        exited=FLAGS, exitcode=NUMBERS, signal=NUMBERS, out_data=TEXTS, err_data=TEXTS, out_truncated=FLAGS
    ),
    "guest-file-open": NUMBERS,
    "guest-file-read": members(count=NUMBERS, buf_b64=TEXTS, eof=FLAGS),
    "guest-file-write": members(count=NUMBERS, eof=FLAGS),
    "guest-file-close": ANYTHING,
    "guest-ping": ANYTHING,
}
SOUND = {
    "guest-info": {"supported_commands": [{"name": name, "enabled": True} for name in COMMANDS]},
    "guest-get-osinfo": {"id": "debian"},
    "guest-exec": {"pid": 77},
    "guest-exec-status": {"exited": True, "exitcode": 0},
    "guest-file-open": 1000,
    "guest-file-read": {"count": 3, "buf-b64": "AAAA", "eof": False},
    "guest-file-write": {"count": 1, "eof": False},
    "guest-file-close": {},
    "guest-ping": {},
}


class Liar(LocalAgent):
    """Says what it likes, mostly something that could be right, and does nothing."""

    def __init__(self, data: st.DataObject) -> None:
        super().__init__()
        self._data = data
        self._answers = 0

    def answer(self, command: str) -> str:
        name = json.loads(command)["execute"]
        self._answers += 1
        # A draw for each answer would use up what hypothesis has, in loops that only a deadline ends.
        mood = self._data.draw(st.integers(0, 9)) if self._answers < 30 else 0
        if mood < 6:
            return json.dumps({"return": SOUND[name]})
        if mood < 9:
            return json.dumps({"return": self._data.draw(RETURNED[name] | ANYTHING)})
        return self._data.draw(
            st.text(max_size=20)
            | ANYTHING.map(json.dumps)
            | st.sampled_from(['{"error": 1}', '{"error": {"desc": {}}}', "[" * 9999, '{"return": ' + "9" * 9999 + "}"])
        )


@pytest.fixture(scope="module", autouse=True)
def _little_patience() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(programs, "LAST_RITES", 0.05)
        patch.setattr(guests, "TIDYING", 0.05)
        yield


@settings(deadline=None)  # the machine may be busy
@given(st.data(), st.sampled_from(["execute", "input", "put", "put much", "fetch"]), st.booleans())
def test_a_guest_that_lies(data: st.DataObject, what: str, windows: bool) -> None:
    node = LocalNode(Liar(data))
    began = time.monotonic()
    failure = ""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "a").write_bytes(bytes(200_000 if what == "put much" else 10))
        try:
            guest = reach(node.connect, NAME, LIMITS, windows=windows, executable=None)
            if what in ("execute", "input"):
                done = guest.execute("true x", bytes(200_000) if what == "input" else b"")
                assert isinstance(done.status, int)
                assert max(len(done.output), len(done.errors)) <= LIMITS.output_limit
            elif what == "fetch":
                guest.fetch("/there", str(folder / "b"))
            else:
                guest.put(str(folder / "a"), "/there")
        except StratumError as error:
            failure = str(error)
        there = {path.name for path in folder.iterdir()}
    assert there == ({"a", "b"} if what == "fetch" and not failure else {"a"})
    assert failure.isprintable()  # so is nothing
    assert len(failure) < 3000
    assert time.monotonic() - began < 5
