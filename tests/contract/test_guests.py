# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What needs the guest's help: a system that listens, and one that does not."""

from __future__ import annotations

import json
import time

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._document.tree import parse, serialize
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Capability, Driver
from ansible_collections.stratum.virt.plugins.module_utils._driver.domains import (
    DomainEvent,
    DomainState,
    EventKind,
    Shutdown,
    Watch,
)
from ansible_collections.stratum.virt.plugins.module_utils._errors import DeadlineExceeded, GuestAgentError

from tests.contract.subjects import AGENT, READY, SYSTEM_MEMORY, Subject, wait_until


def wait_for(watch: Watch, kind: EventKind, detail: str | None = None) -> DomainEvent:
    """Return the next event of a kind; fail when it does not come."""
    deadline = Deadline(READY)
    seen = []
    while (event := watch.next(deadline)) is not None:
        seen.append(event)
        if event.kind is kind and detail in (None, event.detail):
            return event
    pytest.fail(f"no event {kind} {detail}, only {seen}")


@pytest.mark.needs(Capability.SHUTDOWN)
@pytest.mark.system
def test_a_guest_that_listens_shuts_down(subject: Subject, driver: Driver, system: str) -> None:
    with driver.domains.watch(system) as watch:
        driver.domains.shutdown(system, subject.how)
        assert wait_for(watch, EventKind.LIFECYCLE, "stopped").name == system
    (found,) = driver.domains.describe([system])
    assert (found.state, found.reason, found.live) == (DomainState.STOPPED, "shutdown", None)
    assert subject.witness.state(system) == "shut off"


@pytest.mark.needs(Capability.SHUTDOWN)
@pytest.mark.kinds("sim", "qemu")  # the others are not asked: they stop
def test_a_guest_that_does_not_listen_runs_on(driver: Driver, running: str) -> None:
    driver.domains.shutdown(running, Shutdown.ACPI)
    time.sleep(0.5)
    (found,) = driver.domains.describe([running])
    assert found.state is DomainState.RUNNING


@pytest.mark.needs(Capability.AGENT)
@pytest.mark.system
def test_the_agent_answers(driver: Driver, system: str) -> None:
    def ask(command: str) -> object:
        return json.loads(driver.domains.agent(system, command, Deadline(10)))["return"]

    assert ask('{"execute": "guest-ping"}') == {}
    info = ask('{"execute": "guest-info"}')
    assert isinstance(info, dict)
    assert "guest-ping" in [command["name"] for command in info["supported_commands"]]
    with pytest.raises(GuestAgentError, match="guest-explode"):
        driver.domains.agent(system, '{"execute": "guest-explode"}', Deadline(10))
    channel = parse(driver.domains.describe([system])[0].live or "", "live").find("devices/channel/target")
    assert channel is not None
    assert channel.get("state") == "connected"


@pytest.mark.needs(Capability.AGENT)
@pytest.mark.system
def test_the_agent_shuts_down(driver: Driver, system: str) -> None:
    with driver.domains.watch(system) as watch:
        driver.domains.shutdown(system, Shutdown.AGENT)
        wait_for(watch, EventKind.LIFECYCLE, "stopped")
    assert driver.domains.describe([system])[0].state is DomainState.STOPPED


@pytest.mark.needs(Capability.AGENT)
def test_an_agent_that_is_not_there_says_nothing(subject: Subject, driver: Driver, name: str, other: str) -> None:
    subject.run_bare(name, AGENT)
    subject.run_bare(other)
    began = time.monotonic()
    for domain in (name, other):
        with pytest.raises((GuestAgentError, DeadlineExceeded)):
            driver.domains.agent(domain, '{"execute": "guest-ping"}', Deadline(5))
    with pytest.raises(GuestAgentError):
        driver.domains.shutdown(name, Shutdown.AGENT)
    assert time.monotonic() - began < 30
    assert driver.domains.describe([name])[0].state is DomainState.RUNNING


@pytest.mark.needs(Capability.GUEST_ADDRESSES, Capability.AGENT)
@pytest.mark.system
def test_a_guest_has_addresses_from_every_source(driver: Driver, system: str, other: str) -> None:
    def has(source: str) -> bool:
        found = driver.domains.addresses([system], [source])[system]
        return any(each.mac == "52:54:00:c0:00:00" and each.family == "ipv4" for each in found)

    for source in ("lease", "agent"):
        wait_until(lambda source=source: has(source), f"no address from {source}")
    found = driver.domains.addresses([system, other], ["lease", "agent"])
    assert list(found) == [system]
    ours = [each for each in found[system] if each.mac == "52:54:00:c0:00:00" and each.family == "ipv4"]
    assert {each.source for each in ours} == {"lease", "agent"}
    assert len({each.address for each in ours}) == 1
    assert {each.prefix for each in ours} == {24}


@pytest.mark.needs(Capability.GUEST_ADDRESSES)
@pytest.mark.kinds("sim", "qemu", "lxc")  # what libvirt simulates has addresses whatever it is
def test_no_address_is_no_error(subject: Subject, driver: Driver, name: str) -> None:
    subject.run_bare(name, subject.device(1))
    assert driver.domains.addresses([name], ["lease", "agent", "arp"]) == {name: []}


@pytest.mark.needs(Capability.HOTPLUG)
@pytest.mark.system
@pytest.mark.kinds("sim", "qemu")  # a container's guest is not asked
def test_a_guest_that_listens_lets_go(subject: Subject, driver: Driver, system: str) -> None:
    with driver.domains.watch(system) as watch:
        driver.domains.attach_device(system, subject.device(5))
        added = wait_for(watch, EventKind.DEVICE_ADDED)
        assert added.detail == "net1"
        device = parse(driver.domains.describe([system])[0].live or "", "live").find("devices/interface[2]")
        assert device is not None
        driver.domains.detach_device(system, serialize(device))
        assert wait_for(watch, EventKind.DEVICE_REMOVED).detail == "net1"
    assert "52:54:00:c0:00:05" not in subject.witness.document(system)


@pytest.mark.needs(Capability.LIVE_MEMORY)
@pytest.mark.system
@pytest.mark.kinds("sim", "qemu")  # a container's guest is not asked
def test_a_guest_that_listens_gives_memory_back(driver: Driver, system: str) -> None:
    wanted = SYSTEM_MEMORY - 16384
    with driver.domains.watch(system) as watch:
        driver.domains.set_memory(system, wanted)
        wait_for(watch, EventKind.BALLOON, str(wanted))
    root = parse(driver.domains.describe([system])[0].live or "", "live")
    assert (root.findtext("memory"), root.findtext("currentMemory")) == (str(SYSTEM_MEMORY), str(wanted))


@pytest.mark.needs(Capability.SHUTDOWN)
@pytest.mark.system
@pytest.mark.kinds("sim", "qemu")  # seen by the agent, which goes and comes back
def test_a_guest_that_listens_reboots(driver: Driver, system: str) -> None:
    with driver.domains.watch(system) as watch:
        driver.domains.reset(system)
        wait_for(watch, EventKind.AGENT, "disconnected")
        wait_for(watch, EventKind.AGENT, "connected")
    assert driver.domains.describe([system])[0].state is DomainState.RUNNING
