# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every wanted state, from everything that a domain can be in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.modules import Tasks

CONDITIONS = ("absent", "stopped", "saved", "running", "paused")

# What becomes of a domain that was in these conditions, in this order.
OUTCOMES = {
    "present": ("stopped", "stopped", "saved", "running", "paused"),
    "running": ("running", "running", "running", "running", "running"),
    "stopped": ("stopped", "stopped", "stopped", "stopped", "stopped"),
    "paused": ("paused", "paused", "paused", "paused", "paused"),
    "saved": ("stopped", "stopped", "saved", "saved", "saved"),
    "restarted": ("running", "running", "running", "running", "running"),
    "absent": ("absent", "absent", "absent", "absent", "absent"),
}


@pytest.mark.parametrize("wanted", OUTCOMES)
def test_state_from_every_condition(wanted: str, tasks: Tasks, deaf: Callable[..., None]) -> None:
    for condition in CONDITIONS[1:]:
        deaf(f"was-{condition}", start=condition != "stopped")
    tasks.virsh("managedsave was-saved; suspend was-paused")
    assert [tasks.state(f"was-{condition}") for condition in CONDITIONS] == list(CONDITIONS)
    # The guest has no operating system, so its plug has to be pulled.
    options = {"state": wanted, "memory": "64MiB", "force": True, "timeout": 5}
    before = tasks.truth()

    def at_once(check: bool) -> list[dict[str, object]]:
        started = [tasks.start(check, name=f"was-{condition}", **options) for condition in CONDITIONS]
        return [running.result() for running in started]

    foretold = at_once(check=True)
    assert tasks.truth() == before, "check mode changed something"
    done = at_once(check=False)

    for condition, outcome, prediction, result in zip(CONDITIONS, OUTCOMES[wanted], foretold, done):
        name = f"was-{condition}"
        assert not result["failed"], (name, result)
        assert tasks.state(name) == outcome, name
        assert result["domain"]["state"] == outcome, name
        assert result["changed"] == (condition != outcome or wanted == "restarted"), name
        for what in ("changed", "actions", "diff"):
            assert prediction[what] == result[what], (name, what)
        assert prediction["domain"]["state"] == outcome, name
    if wanted == "restarted":
        return
    settled = tasks.truth()
    for result in at_once(check=False):
        assert not result["failed"], result
        assert not result["changed"], result
    assert tasks.truth() == settled


def test_a_guest_that_does_not_listen_is_not_killed_without_force(tasks: Tasks, deaf: Callable[..., None]) -> None:
    deaf("deaf", start=True)
    before = tasks.truth()
    for state in ("stopped", "restarted", "absent"):
        result = tasks.run(name="deaf", state=state, timeout=3)
        assert result["failed"]
        assert "has not shut down within 3 s" in result["msg"]
        assert "force" in result["msg"]
        assert result["failed_action"] == "shut down"
        assert tasks.truth() == before


def test_a_guest_with_an_operating_system_is_asked(tasks: Tasks, bootable: dict[str, object]) -> None:
    """It shuts down by itself in every way there is: through its agent, after having been saved, and by the button."""
    tasks.make(name="asked", state="running", wait_for=["agent"], **bootable)
    assert tasks.make(name="asked", state="saved")["changed"]
    assert tasks.state("asked") == "saved"
    assert tasks.make(name="asked", state="stopped")["actions"] == ["start", "shut down"]
    assert tasks.state("asked") == "stopped"
    assert tasks.virsh("domstate", "--reason", "asked") == "shut off (shutdown)"

    tasks.make(name="asked", state="running", channels=[], exclusive=["channels"])
    assert "org.qemu.guest_agent.0" not in tasks.live("asked")
    restarted = tasks.make(name="asked", state="restarted")
    assert restarted["actions"] == ["shut down", "start"]
    # It is still booting: the button is pressed again until somebody listens.
    assert tasks.make(name="asked", state="absent")["changed"]
    assert tasks.names() == []


def test_a_transient_domain_becomes_persistent(tasks: Tasks, deaf: Callable[..., None]) -> None:
    deaf("transient", start=True)
    tasks.virsh("undefine", "transient")
    assert tasks.facts("transient")["Persistent"] == "no"
    done = tasks.apply(name="transient", state="present")
    assert done["diff"]["after"] == {"persistent": True}
    assert tasks.facts("transient")["Persistent"] == "yes"
    assert tasks.state("transient") == "running"


def test_autostart_holds_beside_every_state(tasks: Tasks) -> None:
    tasks.apply(name="auto", memory="64MiB", autostart=True)
    assert tasks.facts("auto")["Autostart"] == "enable"
    done = tasks.apply(name="auto", state="running", autostart=False)
    assert done["diff"]["after"] == {"state": "running", "autostart": False}
    assert tasks.facts("auto")["Autostart"] == "disable"
    tasks.apply(name="auto", state="paused", autostart=True)
    assert tasks.facts("auto")["Autostart"] == "enable"
    assert tasks.state("auto") == "paused"
    tasks.apply(name="auto", state="stopped", autostart=False, force=True, timeout=3)
    assert tasks.facts("auto")["Autostart"] == "disable"
    # Unstated, it is left alone.
    tasks.virsh("autostart", "auto")
    tasks.apply(name="auto", state="running", title="Unrelated")
    assert tasks.facts("auto")["Autostart"] == "enable"


def test_wait_for_says_what_did_not_come(tasks: Tasks, deaf: Callable[..., None]) -> None:
    # Without the card's boot code, which would get itself an address.
    deaf("deaf", "<interface type='network'><source network='default'/><rom enabled='no'/></interface>", start=True)
    result = tasks.run(name="deaf", wait_for=["agent"], timeout=3)
    assert result["failed"]
    assert "the guest agent of deaf does not answer after 3 s" in result["msg"]
    result = tasks.run(name="deaf", wait_for=["address"], timeout=3)
    assert result["failed"]
    assert "has no address after 3 s" in result["msg"]
