# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be read beside domains: events, statistics, the node, its volumes and networks."""

from __future__ import annotations

import time

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._document.tree import parse
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Capability, Driver
from ansible_collections.stratum.virt.plugins.module_utils._driver.domains import EventKind, Watch
from ansible_collections.stratum.virt.plugins.module_utils._errors import DriverError, NotFound, NotSupported

from tests.contract.subjects import MEMORY, Subject

PASSING = ("shutdown",)
"""What some hypervisors tell on the way to ``stopped``, even when the plug was pulled."""


def lifecycle(watch: Watch, last: str) -> list[str]:
    """Return what happened to a domain, up to the event that is waited for."""
    deadline = Deadline(20)
    seen = []
    while (event := watch.next(deadline)) is not None:
        if event.kind is EventKind.LIFECYCLE and event.detail not in PASSING:
            seen.append(event.detail)
            if event.detail == last:
                return seen
    pytest.fail(f"no event {last}, only {seen}")


@pytest.mark.needs(Capability.EVENTS, Capability.SUSPEND)
def test_events_come_in_their_order(driver: Driver, stopped: str) -> None:
    with driver.domains.watch(stopped) as watch:
        driver.domains.start(stopped)
        driver.domains.suspend(stopped)
        driver.domains.resume(stopped)
        driver.domains.destroy(stopped)
        seen = lifecycle(watch, "stopped")
    assert seen[-3:] == ["suspended", "resumed", "stopped"]
    # QEMU begins paused, and says that it goes on before libvirt says that it was started.
    assert sorted(set(seen[:-3])) in (["started"], ["resumed", "started"])


@pytest.mark.needs(Capability.EVENTS)
def test_a_watch_is_of_one_domain_from_now_on(subject: Subject, driver: Driver, stopped: str, other: str) -> None:
    driver.domains.define(subject.document(other))
    driver.domains.start(stopped)
    with driver.domains.watch(stopped) as watch:
        driver.domains.start(other)
        driver.domains.destroy(other)
        began = time.monotonic()
        assert watch.next(Deadline(0.3)) is None
        assert time.monotonic() - began >= 0.3
        driver.domains.destroy(stopped)
        assert lifecycle(watch, "stopped") == ["stopped"]


@pytest.mark.needs(Capability.EVENTS)
def test_an_event_names_its_domain(driver: Driver, running: str) -> None:
    with driver.domains.watch(running) as watch:
        driver.domains.destroy(running)
        event = watch.next(Deadline(20))
    assert event is not None
    assert (event.kind, event.name) == (EventKind.LIFECYCLE, running)


@pytest.mark.needs(Capability.EVENTS)
def test_a_watch_hears_what_others_do(subject: Subject, driver: Driver, stopped: str) -> None:
    with driver.domains.watch(stopped) as watch:
        subject.open().domains.start(stopped)
        assert "started" in lifecycle(watch, "started")
    with driver.domains.watch(stopped) as watch:
        assert watch.next(Deadline(0.2)) is None  # what was before is not told again
        subject.open().domains.destroy(stopped)
        assert lifecycle(watch, "stopped") == ["stopped"]


@pytest.mark.needs(Capability.EVENTS)
def test_a_call_may_be_made_while_watching(driver: Driver, stopped: str) -> None:
    with driver.domains.watch(stopped) as watch:
        for _time in range(3):
            driver.domains.start(stopped)
            assert driver.domains.describe([stopped])[0].state.active
            driver.domains.destroy(stopped)
        seen: list[str] = []
        while seen.count("started") < 3 or seen[-1] != "stopped":
            seen += lifecycle(watch, "stopped")
    # Of a container, libvirt sometimes tells twice that it stopped: once as a failure.
    told = [each for index, each in enumerate(seen) if each != "resumed" and seen[index - 1 : index] != [each]]
    assert told == ["started", "stopped"] * 3


@pytest.mark.needs(Capability.STATS)
def test_statistics_come_in_libvirts_words(driver: Driver, running: str, other: str) -> None:
    found = driver.domains.stats([running, other])
    assert list(found) == [running]
    stats = found[running]
    assert stats["state.state"] == 1
    everything = driver.domains.stats()
    assert running in everything
    assert other not in everything
    assert driver.domains.stats([other]) == {}


@pytest.mark.needs(Capability.STATS)
def test_statistics_of_what_does_not_run(driver: Driver, stopped: str) -> None:
    stats = driver.domains.stats([stopped])[stopped]
    assert stats["state.state"] == 5
    assert {"cpu.time", "cpu.user", "cpu.system"}.isdisjoint(stats)


@pytest.mark.needs(Capability.STATS)
@pytest.mark.kinds("sim", "qemu")  # libvirt's own simulation has little to say
def test_statistics_are_those_of_the_domain(driver: Driver, running: str) -> None:
    stats = driver.domains.stats([running])[running]
    assert (stats["balloon.current"], stats["balloon.maximum"]) == (MEMORY, MEMORY)
    assert (stats["vcpu.current"], stats["vcpu.maximum"]) == (1, 2)
    assert (stats["net.count"], stats["block.count"]) == (0, 0)


@pytest.mark.needs(Capability.STATS)
@pytest.mark.kinds("sim", "qemu")
def test_the_time_that_a_domain_used_grows(driver: Driver, running: str) -> None:
    first = driver.domains.stats([running])[running]["cpu.time"]
    time.sleep(0.2)
    assert driver.domains.stats([running])[running]["cpu.time"] >= first > 0


def test_the_node_says_what_it_is(driver: Driver) -> None:
    root = parse(driver.node.capabilities(), "capabilities")
    assert root.tag == "capabilities"
    assert root.findtext("host/cpu/arch") or root.find("guest/arch") is not None


@pytest.mark.needs(Capability.DOMAIN_CAPABILITIES)
def test_the_node_says_what_its_domains_may_have(driver: Driver) -> None:
    root = parse(driver.node.domain_capabilities(), "domain capabilities")
    assert root.tag == "domainCapabilities"
    asked = driver.node.domain_capabilities(
        emulator=root.findtext("path"), arch=root.findtext("arch"), machine="q35", virt_type="qemu"
    )
    found = parse(asked, "domain capabilities")
    assert (found.findtext("domain"), found.findtext("arch")) == ("qemu", root.findtext("arch"))
    assert "q35" in (found.findtext("machine") or "")
    assert "virtio" in [value.text for value in found.iterfind("devices/disk/enum[@name='bus']/value")]
    with pytest.raises(DriverError):
        driver.node.domain_capabilities(arch="pdp11")


@pytest.mark.kinds("lxc", "test")  # the others have them
def test_what_the_node_does_not_know_it_says(driver: Driver) -> None:
    assert Capability.DOMAIN_CAPABILITIES not in driver.capabilities
    with pytest.raises(NotSupported):
        driver.node.domain_capabilities()


@pytest.mark.needs(Capability.VOLUMES)
@pytest.mark.kinds("sim", "qemu", "test")  # containers share the storage of the QEMU driver
def test_volumes_have_paths_and_can_be_deleted(subject: Subject, driver: Driver) -> None:
    assert driver.volumes is not None
    with subject.volume() as (pool, volume, path):
        wanted = [(pool, volume), (pool, "no-such-volume"), ("no-such-pool", volume)]
        assert driver.volumes.paths(wanted) == {(pool, volume): path}
        assert driver.volumes.paths([]) == {}
        assert driver.volumes.delete_path("/no/such/volume") is False
        assert driver.volumes.delete_path(path) is True
        assert driver.volumes.paths(wanted) == {}
        assert driver.volumes.delete_path(path) is False


@pytest.mark.needs(Capability.NETWORKS)
def test_networks_have_names(driver: Driver) -> None:
    assert driver.networks is not None
    assert "default" in driver.networks.names()


@pytest.mark.needs(Capability.EVENTS)
def test_nothing_can_be_watched_that_is_not_there(driver: Driver, name: str) -> None:
    with pytest.raises(NotFound), driver.domains.watch(name):
        pytest.fail("there is nothing to watch")
