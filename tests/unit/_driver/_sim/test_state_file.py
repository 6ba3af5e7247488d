# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state file: what survives, who may read it, and what happens when it cannot be right."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim import form, model
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.control import Fault, Volume, edit
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.driver import SimDriver
from ansible_collections.stratum.virt.plugins.module_utils._driver.domains import EventKind
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    ConnectionFailed,
    DeadlineExceeded,
    StratumError,
)
from hypothesis import given
from hypothesis import strategies as st

from .conftest import DOMAIN, OpenSim


def test_every_connection_sees_what_others_did(sim: SimDriver, open_sim: OpenSim) -> None:
    sim.domains.start("a")
    other = open_sim()
    assert other.domains.describe() == sim.domains.describe()
    other.domains.destroy("a")
    other.domains.undefine("a")
    assert sim.domains.names() == []


def test_only_its_owner_can_read_the_file(sim: SimDriver, state_file: Path) -> None:
    assert state_file.stat().st_mode & 0o777 == 0o600
    state_file.chmod(0o644)
    sim.domains.start("a")
    assert state_file.stat().st_mode & 0o777 == 0o600
    assert {path.stat().st_mode & 0o777 for path in state_file.parent.iterdir()} == {0o600}


def test_reading_leaves_no_file_behind(open_sim: OpenSim, state_file: Path) -> None:
    driver = open_sim()
    assert driver.domains.describe() == []
    assert driver.domains.find("00000000-0000-4000-8000-000000000000") is None
    assert not state_file.exists()


def test_a_missing_folder_is_said(open_sim: OpenSim, state_file: Path) -> None:
    state_file.parent.rmdir()
    with pytest.raises(ConnectionFailed, match="No such file or directory"):
        open_sim()


def put_volume(state: dict[str, Any], content: list[dict[str, Any]]) -> None:
    (storage,) = state["storages"].values()
    storage["volumes"]["a"] = {"path": "/a", "content": content}


CORRUPT: dict[str, str | Callable[[dict[str, Any]], object]] = {
    "not JSON": "{",
    "nothing": "",
    "not an object": "[]",
    "deeply nested": "[" * 100_000,
    "another format": '{"format": 99}',
    "not text": "\udcff",
    "an unknown key": lambda state: state.update(colour="red"),
    "a wrong type": lambda state: state["domains"]["a"].update(autostart="yes"),
    "a number for a document": lambda state: state["domains"]["a"].update(config=7),
    "an unknown state": lambda state: state["domains"]["a"].update(state="dancing"),
    "running without a document": lambda state: state["domains"]["a"].update(state="running"),
    "a domain without anything": lambda state: state["domains"]["a"].update(config=None),
    "a lacking key": lambda state: state["domains"]["a"].pop("uuid"),
    "an unknown event": lambda state: state["events"][0].update(kind="party"),
    "an unknown fault": lambda state: state["faults"].append({"call": "explode"}),
    "an unknown moment": lambda state: state["faults"].append({"call": "start", "when": "during"}),
    "a list for an object": lambda state: state.update(networks=[]),
    "an object for a list": lambda state: state.update(events={}),
    "a network without anything": lambda state: state["networks"]["default"].update(live=None, config=None),
    "an unknown state of a pool": lambda state: state["pools"]["default"].update(state="dancing"),
    "an active pool without a document": lambda state: state["pools"]["default"].update(live=None),
    "an active pool without storage": lambda state: state["storages"].clear(),
    "content that is not in base64": lambda state: put_volume(state, [{"offset": 0, "data": "?"}]),
    "content that is not in order": lambda state: put_volume(state, [{"offset": 9, "data": "QUJD"}] * 2),
    "content before the beginning": lambda state: put_volume(state, [{"offset": -1, "data": "QUJD"}]),
    "an unknown action": lambda state: state["domains"]["a"].update(due=[{"at": 0, "action": "dance"}]),
}


@pytest.mark.parametrize("kind", CORRUPT)
def test_a_file_that_cannot_be_right_is_left_alone(
    sim: SimDriver, open_sim: OpenSim, state_file: Path, kind: str
) -> None:
    change = CORRUPT[kind]
    if isinstance(change, str):
        state_file.write_bytes(change.encode(errors="surrogateescape"))
    else:
        state = json.loads(state_file.read_text())
        change(state)
        state_file.write_text(json.dumps(state))
    before = state_file.read_bytes()
    for attempt in (open_sim, sim.domains.names, lambda: sim.domains.define(DOMAIN.format(name="b"))):
        with pytest.raises(StratumError, match=str(state_file)):
            attempt()
    assert state_file.read_bytes() == before


def test_a_call_that_fails_changes_nothing(sim: SimDriver, state_file: Path) -> None:
    before = state_file.read_bytes()
    with pytest.raises(StratumError):
        sim.domains.attach_device("a", "<disk><target dev='vdb'/></disk>")
    with contextlib.suppress(KeyError), edit(str(state_file)) as state:
        state.domains.clear()
        state.domains.pop("a")
    assert state_file.read_bytes() == before


def test_who_waits_too_long_for_the_lock_says_so(sim: SimDriver, open_sim: OpenSim, state_file: Path) -> None:
    impatient = open_sim(timeout=0.05)
    with edit(str(state_file)), pytest.raises(DeadlineExceeded, match="lock"):
        impatient.domains.names()
    assert impatient.domains.names() == ["a"]


def test_what_a_killed_process_left_is_no_obstacle(sim: SimDriver, open_sim: OpenSim, state_file: Path) -> None:
    Path(f"{state_file}.new").write_text("{ half a fi")
    sim.domains.start("a")
    assert open_sim().domains.names() == ["a"]
    assert not Path(f"{state_file}.new").exists()


def test_nothing_is_written_through_a_link(sim: SimDriver, state_file: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    os.symlink(victim, f"{state_file}.new")
    with pytest.raises(StratumError):
        sim.domains.start("a")
    assert victim.read_text() == "precious"


WORKER = """
import sys
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.driver import SimDriver
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost
from ansible_collections.stratum.virt.plugins.module_utils._uri import parse
driver = SimDriver(parse(sys.argv[1]), LocalHost(), 60.0)
for number in range(10):
    driver.domains.define(sys.argv[3].format(name=f"{sys.argv[2]}{number}"))
"""


def test_processes_take_turns(open_sim: OpenSim, state_file: Path) -> None:
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, f"sim://{state_file}", prefix, DOMAIN],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for prefix in ("x", "y", "z")
    ]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    assert open_sim().domains.names() == [f"{prefix}{number}" for prefix in "xyz" for number in range(10)]


def test_faults_in_the_file_are_for_everybody_and_count_down(
    sim: SimDriver, open_sim: OpenSim, state_file: Path
) -> None:
    with edit(str(state_file)) as state:
        state.faults.append(Fault("start", times=2, error="denied"))
    for driver in (open_sim(), open_sim()):
        with pytest.raises(StratumError, match="permission denied"):
            driver.domains.start("a")
    open_sim().domains.start("a")
    with edit(str(state_file)) as state:
        assert state.faults == []


def test_volumes_are_the_models_and_no_file_is_touched(sim: SimDriver, state_file: Path, tmp_path: Path) -> None:
    image = tmp_path / "a.qcow2"
    image.write_text("precious")
    with edit(str(state_file)) as state:
        state.volumes("default")["a.qcow2"] = Volume(str(image))
    assert sim.volumes is not None
    wanted = [("default", "a.qcow2"), ("default", "b.qcow2"), ("nowhere", "a.qcow2")]
    assert sim.volumes.paths(wanted) == {("default", "a.qcow2"): str(image)}
    assert sim.volumes.delete_path(str(image)) is True
    assert sim.volumes.delete_path(str(image)) is False
    assert sim.volumes.paths(wanted) == {}
    assert image.read_text() == "precious"


def test_the_log_of_events_is_bounded(sim: SimDriver, state_file: Path) -> None:
    with edit(str(state_file)) as state:
        for _each in range(model.EVENT_LIMIT + 5):
            state.tell(EventKind.LIFECYCLE, "a", "defined")
        assert len(state.events) == model.EVENT_LIMIT
        assert state.events[-1].sequence == state.sequence


WORDS = st.text(max_size=20)
STORAGE = st.builds(
    model.Storage,
    capacity=st.integers(),
    volumes=st.dictionaries(
        WORDS,
        st.builds(
            model.Volume,
            path=WORDS,
            capacity=st.integers(),
            allocation=st.integers(),
            document=WORDS,
            content=st.binary(min_size=1).map(lambda data: [model.Piece(7, b64encode(data).decode())]),
            length=st.none() | st.integers(),
            mark=st.none() | WORDS,
        ),
        max_size=2,
    ),
)
STATES = st.builds(
    model.State,
    host_uuid=WORDS,
    sequence=st.integers(),
    domains=st.dictionaries(
        WORDS,
        st.builds(
            model.Domain,
            uuid=WORDS,
            config=WORDS.filter(bool),
            live=st.none(),
            saved=st.none() | WORDS,
            state=st.just("stopped"),
            guest=st.builds(model.Guest, reaction=st.floats(0, 100)),
            due=st.lists(st.builds(model.Due, at=st.floats(0, 1e10), action=st.just("boot")), max_size=2),
            capacities=st.dictionaries(WORDS, st.integers(), max_size=2),
            since=st.floats(0, 1e10),
        ),
        max_size=3,
    ),
    networks=st.dictionaries(
        WORDS,
        st.builds(
            model.Network,
            uuid=WORDS,
            config=WORDS.filter(bool),
            live=st.none() | WORDS.filter(bool),
            ports=st.lists(WORDS, max_size=2),
        ),
        max_size=2,
    ),
    pools=st.dictionaries(
        WORDS,
        st.builds(
            model.Pool, uuid=WORDS, config=WORDS.filter(bool), storage=st.just("dir /a"), state=st.just("inactive")
        )
        | st.builds(
            model.Pool,
            uuid=WORDS,
            config=st.none(),
            storage=st.just("dir /a"),
            live=WORDS.filter(bool),
            state=st.just("degraded"),
        ),
        max_size=2,
    ),
    storages=st.builds(
        lambda others, used: {**others, "dir /a": used}, st.dictionaries(WORDS, STORAGE, max_size=1), STORAGE
    ),
    format=st.just(model.FORMAT),
    events=st.just([]),
    faults=st.lists(st.builds(model.Fault, call=st.just("start"), when=st.just("after"), error=st.just("denied"))),
)


@given(STATES)
def test_what_was_written_is_read_again(state: model.State) -> None:
    assert form.decode(form.encode(state)) == state


STATE_KEYS = [field.name for field in fields(model.State)]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | WORDS,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([*STATE_KEYS, "a", "guest", "due", "config", "volumes", "content"]),
                inner,
                max_size=3,
            )
        ),
    )
)
def test_no_content_surprises_the_reader(content: object) -> None:
    data = {**content, "format": model.FORMAT} if isinstance(content, dict) else content
    # Only this error may come out of it.
    with contextlib.suppress(form.NotThisForm):
        assert form.decode(json.dumps(data)).format == model.FORMAT
