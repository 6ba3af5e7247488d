# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may follow what: starting, pausing, saving, stopping."""

from __future__ import annotations

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document.tree import parse
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Capability, Driver
from ansible_collections.stratum.virt.plugins.module_utils._driver.domains import DomainRecord, DomainState
from ansible_collections.stratum.virt.plugins.module_utils._errors import DriverError, OperationInvalid

from tests.contract.calls import DOMAIN_CALLS, outcomes_other_than
from tests.contract.subjects import Subject


def read(driver: Driver, name: str) -> DomainRecord:
    (found,) = driver.domains.describe([name])
    return found


def test_a_started_domain_runs(subject: Subject, driver: Driver, stopped: str) -> None:
    driver.domains.start(stopped)
    found = read(driver, stopped)
    assert (found.state, found.reason, found.persistent) == (DomainState.RUNNING, "booted", True)
    assert parse(found.live or "", "live").get("id")
    assert parse(found.config or "", "config").get("id") is None
    assert subject.witness.state(stopped) == "running"


def test_a_running_domain_is_not_started_again(subject: Subject, driver: Driver, running: str) -> None:
    before = read(driver, running)
    # libvirt's own simulation refuses with an error of no class.
    with pytest.raises(DriverError if subject.kind == "test" else OperationInvalid, match=running):
        driver.domains.start(running)
    assert read(driver, running) == before


def test_a_destroyed_domain_is_stopped(subject: Subject, driver: Driver, running: str) -> None:
    driver.domains.destroy(running)
    found = read(driver, running)
    assert (found.state, found.live) == (DomainState.STOPPED, None)
    # libvirt may see the end of a container before its own part in it.
    assert found.reason in (("destroyed", "failed") if subject.kind == "lxc" else ("destroyed",))
    assert found.config
    assert subject.witness.state(running) == "shut off"


@pytest.mark.kinds("sim", "qemu")  # the others do not know the wish
def test_a_domain_can_be_destroyed_with_care(driver: Driver, running: str) -> None:
    driver.domains.destroy(running, graceful=True)
    assert read(driver, running).state is DomainState.STOPPED


# libvirt's own simulation refuses with an error of no class.
@pytest.mark.kinds("sim", "qemu", "lxc")
def test_what_is_for_running_domains_only(driver: Driver, stopped: str) -> None:
    before = read(driver, stopped)
    calls = [call for call in DOMAIN_CALLS if call.live and (call.needs is None or call.needs in driver.capabilities)]
    assert len(calls) > 5
    assert outcomes_other_than(OperationInvalid, calls, driver.domains, stopped) == {}
    assert read(driver, stopped) == before


@pytest.mark.needs(Capability.SUSPEND)
def test_a_domain_can_be_paused_and_resumed(subject: Subject, driver: Driver, running: str) -> None:
    driver.domains.suspend(running)
    found = read(driver, running)
    assert (found.state, found.reason) == (DomainState.PAUSED, "user")
    assert found.live
    assert subject.witness.state(running) == "paused"
    driver.domains.resume(running)
    assert (read(driver, running).state, read(driver, running).reason) == (DomainState.RUNNING, "unpaused")
    assert subject.witness.state(running) == "running"


@pytest.mark.needs(Capability.SUSPEND)
@pytest.mark.kinds("sim", "qemu", "lxc")  # libvirt's own simulation refuses with an error of no class
def test_a_running_domain_cannot_be_resumed(driver: Driver, running: str) -> None:
    with pytest.raises(OperationInvalid):
        driver.domains.resume(running)
    assert read(driver, running).state is DomainState.RUNNING


@pytest.mark.needs(Capability.SUSPEND)
def test_a_paused_domain_can_be_destroyed(driver: Driver, running: str) -> None:
    driver.domains.suspend(running)
    driver.domains.destroy(running)
    assert read(driver, running).state is DomainState.STOPPED


@pytest.mark.needs(Capability.START_PAUSED)
def test_a_domain_can_be_started_paused(subject: Subject, driver: Driver, stopped: str) -> None:
    driver.domains.start(stopped, paused=True)
    assert read(driver, stopped).state is DomainState.PAUSED
    assert subject.witness.state(stopped) == "paused"
    driver.domains.resume(stopped)
    assert read(driver, stopped).state is DomainState.RUNNING


@pytest.mark.needs(Capability.MANAGED_SAVE)
def test_a_saved_domain_goes_on_where_it_was(subject: Subject, driver: Driver, running: str) -> None:
    driver.domains.save(running)
    found = read(driver, running)
    assert (found.state, found.reason, found.saved, found.live) == (DomainState.STOPPED, "saved", True, None)
    assert subject.witness.state(running) == "shut off"
    driver.domains.start(running)
    found = read(driver, running)
    assert (found.state, found.saved) == (DomainState.RUNNING, False)
    if subject.kind != "test":  # it says that it booted
        assert found.reason == "restored"


@pytest.mark.needs(Capability.MANAGED_SAVE)
@pytest.mark.kinds("sim", "qemu")  # libvirt's own simulation restores whatever is asked for
def test_a_fresh_start_forgets_what_was_saved(driver: Driver, running: str) -> None:
    driver.domains.save(running)
    driver.domains.start(running, fresh=True)
    found = read(driver, running)
    assert (found.state, found.reason, found.saved) == (DomainState.RUNNING, "booted", False)


@pytest.mark.needs(Capability.MANAGED_SAVE)
def test_what_was_saved_can_be_discarded(driver: Driver, running: str) -> None:
    driver.domains.save(running)
    driver.domains.discard_save(running)
    found = read(driver, running)
    assert (found.state, found.saved) == (DomainState.STOPPED, False)
    driver.domains.start(running)
    assert read(driver, running).reason == "booted"


@pytest.mark.needs(Capability.MANAGED_SAVE)
def test_a_saved_domain_can_be_undefined(driver: Driver, running: str) -> None:
    driver.domains.save(running)
    driver.domains.undefine(running)
    assert driver.domains.describe([running]) == []


@pytest.mark.needs(Capability.MANAGED_SAVE)
@pytest.mark.kinds("sim", "qemu")  # libvirt's own simulation saves anything
def test_a_transient_domain_cannot_be_saved(driver: Driver, running: str) -> None:
    driver.domains.undefine(running)
    with pytest.raises(OperationInvalid):
        driver.domains.save(running)
    assert read(driver, running).state is DomainState.RUNNING


@pytest.mark.needs(Capability.AUTOSTART)
def test_autostart_stays_as_it_was_set(subject: Subject, driver: Driver, stopped: str) -> None:
    for enabled in (True, True, False, False):
        driver.domains.set_autostart(stopped, enabled)
        assert read(driver, stopped).autostart is enabled
        assert subject.witness.autostart(stopped) is enabled
    driver.domains.set_autostart(stopped, True)
    driver.domains.start(stopped)
    assert read(driver, stopped).autostart is True


@pytest.mark.kinds("sim", "qemu")  # the others have no such button
def test_a_reset_domain_runs_on(driver: Driver, running: str) -> None:
    before = read(driver, running)
    driver.domains.reset(running)
    found = read(driver, running)
    assert found.state is DomainState.RUNNING
    assert parse(found.live or "", "live").get("id") == parse(before.live or "", "live").get("id")


@pytest.mark.kinds("sim", "qemu")
def test_a_stopped_domain_cannot_be_reset(driver: Driver, stopped: str) -> None:
    with pytest.raises(OperationInvalid):
        driver.domains.reset(stopped)
