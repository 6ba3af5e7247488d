# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What simulated guests do by themselves, in their own time."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.control import edit
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.driver import SimDriver
from ansible_collections.stratum.virt.plugins.module_utils._driver.domains import DomainState, EventKind, Shutdown
from ansible_collections.stratum.virt.plugins.module_utils._errors import GuestAgentError, OperationInvalid

from .conftest import DOMAIN, OpenSim


def state_of(driver: SimDriver) -> DomainState:
    (found,) = driver.domains.describe(["a"], documents=False)
    return found.state


def age(path: Path, seconds: float) -> None:
    """Let everything that guests are to do come sooner."""
    with edit(str(path)) as state:
        for domain in state.domains.values():
            for due in domain.due:
                due.at -= seconds


def test_a_guest_takes_its_time(sim: SimDriver, open_sim: OpenSim, state_file: Path) -> None:
    slow = open_sim("reaction=1000")
    slow.domains.start("a")
    slow.domains.shutdown("a", Shutdown.ACPI)
    age(state_file, 990)
    assert state_of(sim) is DomainState.RUNNING
    age(state_file, 20)
    assert state_of(sim) is DomainState.STOPPED


def test_a_paused_guest_does_nothing_until_it_is_resumed(sim: SimDriver, open_sim: OpenSim, state_file: Path) -> None:
    open_sim("reaction=1000").domains.start("a")
    sim.domains.shutdown("a", Shutdown.ACPI)
    sim.domains.suspend("a")
    age(state_file, 2000)
    assert state_of(sim) is DomainState.PAUSED
    sim.domains.resume("a")
    assert state_of(sim) is DomainState.STOPPED


def test_a_transient_domain_goes_with_its_guest(sim: SimDriver, open_sim: OpenSim) -> None:
    open_sim("reaction=0").domains.start("a")
    sim.domains.undefine("a")
    with sim.domains.watch("a") as watch:
        sim.domains.shutdown("a", Shutdown.ACPI)
        assert sim.domains.names() == []
        told = [watch.next(Deadline(5)), watch.next(Deadline(5))]
    assert [(each.name, each.detail) for each in told if each] == [("a", "shutdown"), ("a", "stopped")]


def test_a_domain_that_restarts_when_it_powers_off(sim: SimDriver, open_sim: OpenSim) -> None:
    document = DOMAIN.format(name="b").replace("<devices>", "<on_poweroff>restart</on_poweroff><devices>")
    driver = open_sim("reaction=0")
    driver.domains.define(document)
    driver.domains.start("b")
    driver.domains.shutdown("b", Shutdown.ACPI)
    (found,) = driver.domains.describe(["b"])
    assert found.state is DomainState.RUNNING


@pytest.mark.parametrize("call", ["reboot", "reset"])
def test_the_agent_is_away_while_the_guest_boots(
    open_sim: OpenSim, sim: SimDriver, state_file: Path, call: str
) -> None:
    open_sim("guest=agent&reaction=0").domains.start("a")
    with sim.domains.watch("a") as watch:
        assert sim.domains.agent("a", '{"execute": "guest-ping"}', Deadline(5))
        if call == "reboot":
            sim.domains.reboot("a", Shutdown.ACPI)
        else:
            sim.domains.reset("a")
        sim.domains.names()
        events = [watch.next(Deadline(5)), watch.next(Deadline(5))]
    assert [(event.kind, event.detail) for event in events if event] == [
        (EventKind.AGENT, "disconnected"),
        (EventKind.AGENT, "connected"),
    ]


def test_the_agent_answers_what_it_knows(open_sim: OpenSim) -> None:
    driver = open_sim("guest=agent&reaction=0")
    driver.domains.define(DOMAIN.format(name="a"))
    driver.domains.start("a")

    def ask(command: str) -> object:
        return json.loads(driver.domains.agent("a", command, Deadline(5)))["return"]

    assert ask('{"execute": "guest-sync", "arguments": {"id": 7}}') == 7
    assert ask('{"execute": "guest-get-host-name"}') == {"host-name": "a"}
    interfaces = ask('{"execute": "guest-network-get-interfaces"}')
    assert isinstance(interfaces, list)
    assert [each["name"] for each in interfaces] == ["lo", "eth0"]
    for wrong in ("{", "[]", '{"execute": "guest-explode"}', '{"execute": "guest-ping", "arguments": 1}'):
        with pytest.raises(GuestAgentError):
            driver.domains.agent("a", wrong, Deadline(5))
    driver.domains.suspend("a")
    with pytest.raises(OperationInvalid):
        driver.domains.agent("a", '{"execute": "guest-ping"}', Deadline(5))


def test_without_its_channel_there_is_no_agent(open_sim: OpenSim) -> None:
    driver = open_sim("guest=agent&reaction=0")
    driver.domains.define(DOMAIN.format(name="a").replace("org.qemu.guest_agent.0", "org.other"))
    driver.domains.start("a")
    with pytest.raises(GuestAgentError):
        driver.domains.agent("a", '{"execute": "guest-ping"}', Deadline(5))


def test_a_watch_sleeps_while_nothing_happens(sim: SimDriver, state_file: Path) -> None:
    with sim.domains.watch("a") as watch:
        used = time.process_time()
        assert watch.next(Deadline(0.5)) is None
        assert time.process_time() - used < 0.1


def test_a_watch_sees_what_another_process_does(sim: SimDriver, open_sim: OpenSim) -> None:
    open_sim("reaction=0.2").domains.start("a")
    with sim.domains.watch("a") as watch:
        sim.domains.shutdown("a", Shutdown.ACPI)
        # Nobody calls anything now: the watch itself has to find out that the guest has gone.
        began = time.monotonic()
        events = [watch.next(Deadline(5)), watch.next(Deadline(5))]
        assert time.monotonic() - began < 2
    assert [event.detail for event in events if event] == ["shutdown", "stopped"]
