# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every wanted state from every state that a domain can be in: what is done, and that check mode knew it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim import guest
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    DeadlineExceeded,
    DriverError,
    InputError,
    NotSupported,
    StratumError,
)
from ansible_collections.stratum.virt.plugins.module_utils._reconcile.domain_state import WANTED

from .conftest import SMALL, Node, Result

STOP = ["shut down"]
RESUME_STOP = ["resume", "shut down"]
RESTORE_STOP = ["start", "shut down"]
END = ["end the crashed instance"]
AWAIT = ["wait until it has stopped"]

# From a condition to a wanted state: what is done, and what the domain is then.
DONE: dict[str, dict[str, tuple[list[str], str]]] = {
    "absent": {
        "present": (["define"], "stopped"),
        "running": (["define", "start"], "running"),
        "stopped": (["define"], "stopped"),
        "paused": (["define", "start paused"], "paused"),
        "saved": (["define"], "stopped"),
        "restarted": (["define", "start"], "running"),
        "absent": ([], "absent"),
    },
    "stopped": {
        "present": ([], "stopped"),
        "running": (["start"], "running"),
        "stopped": ([], "stopped"),
        "paused": (["start paused"], "paused"),
        "saved": ([], "stopped"),
        "restarted": (["start"], "running"),
        "absent": (["undefine"], "absent"),
    },
    "saved": {
        "present": ([], "saved"),
        "running": (["start"], "running"),
        "stopped": (RESTORE_STOP, "stopped"),
        "paused": (["start paused"], "paused"),
        "saved": ([], "saved"),
        "restarted": ([*RESTORE_STOP, "start"], "running"),
        "absent": (["undefine"], "absent"),
    },
    "running": {
        "present": ([], "running"),
        "running": ([], "running"),
        "stopped": (STOP, "stopped"),
        "paused": (["suspend"], "paused"),
        "saved": (["save"], "saved"),
        "restarted": ([*STOP, "start"], "running"),
        "absent": ([*STOP, "undefine"], "absent"),
    },
    "paused": {
        "present": ([], "paused"),
        "running": (["resume"], "running"),
        "stopped": (RESUME_STOP, "stopped"),
        "paused": ([], "paused"),
        "saved": (["save"], "saved"),
        "restarted": ([*RESUME_STOP, "start"], "running"),
        "absent": ([*RESUME_STOP, "undefine"], "absent"),
    },
    "suspended": {
        "present": ([], "suspended"),
        "running": (["resume"], "running"),
        "stopped": (RESUME_STOP, "stopped"),
        "paused": (["resume", "suspend"], "paused"),
        "saved": (["resume", "save"], "saved"),
        "restarted": ([*RESUME_STOP, "start"], "running"),
        "absent": ([*RESUME_STOP, "undefine"], "absent"),
    },
    "crashed": {
        "present": ([], "crashed"),
        "running": ([*END, "start"], "running"),
        "stopped": (END, "stopped"),
        "paused": ([*END, "start paused"], "paused"),
        "saved": (END, "stopped"),
        "restarted": ([*END, "start"], "running"),
        "absent": ([*END, "undefine"], "absent"),
    },
    "shutting down": {
        "present": ([], "shutting down"),
        "running": ([*AWAIT, "start"], "running"),
        "stopped": (AWAIT, "stopped"),
        "paused": ([*AWAIT, "start paused"], "paused"),
        "saved": (AWAIT, "stopped"),
        "restarted": ([*AWAIT, "start"], "running"),
        "absent": ([*AWAIT, "undefine"], "absent"),
    },
}
EVERY = [(condition, wanted) for condition in DONE for wanted in WANTED]


def prepared(node: Node, condition: str) -> None:
    node.create()
    node.put(condition)


@contextmanager
def stopping_soon(node: Node) -> Iterator[None]:
    """Let a guest that is shutting down be done with it in a moment."""

    def stop() -> None:
        with node.edit() as state:
            if state.domains["web1"].state == "shutting down":
                guest.stop(state, "web1", "shutdown")

    timer = threading.Timer(0.1, stop)
    timer.start()
    yield
    timer.join()


def essence(result: Result) -> dict[str, Any]:
    """Return what check mode has to foretell: all but what the hypervisor makes up."""
    kept = {name: value for name, value in result.items() if name not in ("domain", "uri")}
    domain = {name: result["domain"].get(name) for name in ("name", "state", "persistent", "autostart")}
    return {**kept, "domain": domain}


@pytest.mark.parametrize(("condition", "wanted"), EVERY)
def test_each_state_is_reached_from_each(node: Node, condition: str, wanted: str) -> None:
    actions, end = DONE[condition][wanted]
    prepared(node, condition)
    before = node.bytes()

    foretold = node.task(SMALL, check=True, state=wanted)
    assert node.bytes() == before
    assert foretold["actions"] == actions
    assert foretold["changed"] is bool(actions)
    assert foretold["domain"]["state"] == end

    with stopping_soon(node) if "wait until it has stopped" in actions else nullcontext():
        done = node.task(SMALL, state=wanted)
    assert essence(done) == essence(foretold)

    settled = node.bytes()
    (there,) = node.info() or [{"state": "absent"}]
    assert there["state"] == end

    if wanted != "restarted":
        again = node.task(SMALL, check=True, state=wanted)
        assert node.bytes() == settled
        assert (again["changed"], again["actions"], again["diff"]) == (False, [], {"before": {}, "after": {}})
        again = node.task(SMALL, state=wanted)
        assert (again["changed"], again["actions"], again["diff"]) == (False, [], {"before": {}, "after": {}})
        assert again["domain"]["state"] == end


@pytest.mark.parametrize("wanted", [state for state in WANTED if state != "absent"])
def test_autostart_holds_beside_every_state(node: Node, wanted: str) -> None:
    prepared(node, "stopped")
    actions, _end = DONE["stopped"][wanted]
    for autostart, word in ((True, "on"), (False, "off")):
        foretold = node.task(SMALL, check=True, state=wanted, autostart=autostart)
        done = node.task(SMALL, state=wanted, autostart=autostart)
        assert essence(done) == essence(foretold)
        assert done["actions"] == [*actions, f"switch autostart {word}"]
        assert done["diff"]["before"]["autostart"] is (not autostart)
        assert done["diff"]["after"]["autostart"] is autostart
        assert done["domain"]["autostart"] is autostart
        if wanted != "restarted":
            assert not node.task(SMALL, state=wanted, autostart=autostart)["changed"]
        # Not stated is left alone.
        assert node.task(SMALL)["domain"]["autostart"] is autostart
        with node.connect() as driver:
            if node.info()[0]["state"] != "stopped":
                driver.domains.destroy("web1")


def test_a_new_domain_starts_with_the_node_and_runs(node: Node) -> None:
    done = node.task(SMALL, state="running", autostart=True)
    assert done["actions"] == ["define", "start", "switch autostart on"]
    assert (done["domain"]["state"], done["domain"]["autostart"]) == ("running", True)


@pytest.mark.parametrize("wanted", ["stopped", "restarted", "absent"])
def test_a_guest_that_does_not_listen_is_an_error_that_says_so(node: Node, wanted: str) -> None:
    prepared(node, "running")
    node.is_like("no_acpi")
    with pytest.raises(
        DeadlineExceeded, match=r"the guest of web1 has not shut down within 0\.3 s.*force: true"
    ) as told:
        node.task(SMALL, state=wanted, patience=0.3)
    assert told.value.facts == {"actions": [], "failed_action": "shut down", "changed": False}
    assert node.info()[0]["state"] == "running"


@pytest.mark.parametrize(("wanted", "end"), [("stopped", "stopped"), ("restarted", "running"), ("absent", None)])
def test_force_pulls_the_plug_only_after_the_timeout(node: Node, wanted: str, end: str | None) -> None:
    prepared(node, "running")
    node.is_like("no_acpi")
    done = node.task(SMALL, state=wanted, force=True, patience=0.3)
    assert done["changed"]
    assert done["actions"][0] == "shut down"
    assert [each["state"] for each in node.info()] == ([] if end is None else [end])


def test_force_pulls_the_plug_of_a_guest_that_cannot_be_resumed(node: Node) -> None:
    node.create()
    node.put("paused")
    node.is_like("deaf")
    cannot = "fail=resume:before:9:invalid"
    with pytest.raises(DriverError):
        node.task(SMALL, state="stopped", patience=0.3, parameters=cannot)
    done = node.task(SMALL, state="stopped", force=True, patience=0.3, parameters=cannot)
    assert done["domain"]["state"] == "stopped"


def test_force_gives_the_guest_its_chance(node: Node) -> None:
    prepared(node, "running")
    node.task(SMALL, state="stopped", force=True)
    assert node.info()[0]["reason"] == "shutdown"


def test_a_guest_that_never_ends_shutting_down(node: Node) -> None:
    prepared(node, "shutting down")
    with pytest.raises(DeadlineExceeded, match="has not shut down"):
        node.task(SMALL, state="stopped", patience=0.2)
    assert node.task(SMALL, state="stopped", patience=0.2, force=True)["domain"]["state"] == "stopped"


def test_a_guest_is_asked_through_its_agent_first(node: Node) -> None:
    prepared(node, "stopped")
    node.is_like("agent", "no_acpi")
    node.put("running")
    assert node.task(SMALL, state="stopped")["domain"]["state"] == "stopped"


@pytest.mark.parametrize("failure", ["unsupported", "deadline"])
def test_an_agent_that_fails_is_no_obstacle(node: Node, failure: str) -> None:
    prepared(node, "stopped")
    node.is_like("agent")
    node.put("running")
    done = node.task(SMALL, state="stopped", parameters=f"fail=shutdown:before:1:{failure}")
    assert done["domain"]["state"] == "stopped"


def test_saved_memory_is_only_lost_with_consent(node: Node) -> None:
    prepared(node, "saved")
    foretold = node.task(SMALL, check=True, state="stopped", force=True)
    assert foretold["actions"] == ["discard the saved memory"]
    done = node.task(SMALL, state="stopped", force=True)
    assert essence(done) == essence(foretold)
    assert done["domain"]["state"] == "stopped"


def test_a_domain_that_was_saved_paused_runs_again(node: Node) -> None:
    prepared(node, "paused")
    node.task(SMALL, state="saved")
    assert node.task(SMALL, state="running")["domain"]["state"] == "running"


@pytest.mark.parametrize(
    ("without", "condition", "wanted", "does"),
    [
        ("managed_save", "running", "saved", "save a domain's memory"),
        ("managed_save", "saved", "stopped", "save a domain's memory"),
        ("suspend", "running", "paused", "pause and resume"),
        ("suspend", "paused", "running", "pause and resume"),
        ("start_paused", "stopped", "paused", "start a domain paused"),
        ("shutdown", "running", "stopped", "ask the guest to shut down"),
    ],
)
def test_what_a_driver_cannot_do_is_said_before_any_change(
    node: Node, without: str, condition: str, wanted: str, does: str
) -> None:
    prepared(node, condition)
    before = node.bytes()
    for check in (True, False):
        with pytest.raises(NotSupported, match=rf"state: {wanted} needs to {does}.*sim:.*cannot") as told:
            node.task(SMALL, state=wanted, memory="96MiB", parameters=f"without={without}", check=check, force=True)
        assert told.value.facts["option"] == "state"
    assert node.bytes() == before


def test_autostart_needs_a_driver_that_has_it(node: Node) -> None:
    prepared(node, "stopped")
    before = node.bytes()
    with pytest.raises(NotSupported, match=r"autostart: .* cannot start domains with the node") as told:
        node.task(SMALL, autostart=True, parameters="without=autostart")
    assert told.value.facts["option"] == "autostart"
    assert node.bytes() == before
    assert not node.task(SMALL, autostart=False, parameters="without=autostart")["changed"]


@pytest.mark.parametrize("wanted", ["running", "stopped", "paused", "restarted", "absent"])
def test_a_driver_without_events_does_the_same(node: Node, wanted: str) -> None:
    prepared(node, "running")
    done = node.task(SMALL, state=wanted, parameters="without=events")
    actions, end = DONE["running"][wanted]
    assert (done["actions"], done["domain"]["state"]) == (actions, end)


def test_a_transient_domain_that_is_deaf_goes_by_force(node: Node) -> None:
    prepared(node, "running")
    node.is_like("no_acpi")
    with node.connect() as driver:
        driver.domains.undefine("web1")
    done = node.task({"name": "web1"}, state="absent", force=True, patience=0.3)
    assert done["actions"] == ["shut down"]
    assert node.info() == []


def test_a_domain_that_is_not_there_is_absent(node: Node) -> None:
    for check in (True, False):
        done = node.task({"name": "nobody"}, state="absent", check=check)
        assert not done["changed"]
        assert done["domain"] == {"name": "nobody", "state": "absent"}


@pytest.mark.parametrize("what", ["agent", "address"])
def test_waiting_for_a_guest(node: Node, what: str) -> None:
    node.create()
    node.is_like("agent")
    done = node.task(SMALL, state="running", wait_for=[what])
    addresses = done.get("addresses", [])
    assert ("addresses" in done) is (what == "address")
    assert all(each["address"].startswith("192.168.122.") for each in addresses)
    assert bool(addresses) is (what == "address")


@pytest.mark.parametrize(
    ("what", "kind", "says"),
    [("agent", "normal", "guest agent of web1 does not answer"), ("address", "no_network", "has no address after")],
)
def test_waiting_for_a_guest_ends(node: Node, what: str, kind: str, says: str) -> None:
    node.create()
    node.is_like(kind)
    with pytest.raises(DeadlineExceeded, match=says):
        node.task(SMALL, state="running", wait_for=[what], patience=0.3)


@pytest.mark.parametrize("what", ["agent", "address"])
@pytest.mark.parametrize("condition", ["missing", "stopped", "saved", "crashed"])
def test_nobody_waits_for_a_domain_that_does_not_run(node: Node, what: str, condition: str) -> None:
    if condition != "missing":
        node.create()
        node.put(condition)
    says = "^wait_for: the domain web1 does not run, and state: present does not start it"
    with pytest.raises(InputError, match=says):
        node.task({**SMALL, "title": "new"}, wait_for=[what])
    assert [domain.get("title") for domain in node.info()] == ([] if condition == "missing" else [None])


def test_who_runs_already_is_waited_for(node: Node) -> None:
    node.create()
    node.is_like("agent")
    node.put("running")
    assert not node.task(SMALL, wait_for=["agent"])["changed"]


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"state": "stopped", "wait_for": ["agent"]}, "wait_for"),
        ({"state": "present", "remove_storage": ["vda"]}, "remove_storage"),
        ({"timeout": 0}, "timeout"),
    ],
)
def test_options_that_contradict_each_other(node: Node, options: dict[str, Any], option: str) -> None:
    with pytest.raises(StratumError, match=f"^{option}: ") as told:
        node.task(SMALL, **options)
    assert told.value.facts["option"] == option
    assert node.info() == []
