# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which domains there are, and what their configuration is."""

from __future__ import annotations

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document.tree import parse
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Capability, Driver
from ansible_collections.stratum.virt.plugins.module_utils._driver.domains import DomainRecord, DomainState
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    AlreadyExists,
    ConnectionFailed,
    DriverError,
    InputError,
    InvalidDocument,
    NotFound,
    NotSupported,
    OperationInvalid,
)

from tests.contract.calls import DOMAIN_CALLS, needs_of, outcomes_other_than
from tests.contract.subjects import MEMORY, Subject, new_uuid


def read(driver: Driver, name: str, secrets: bool = False) -> DomainRecord:
    (found,) = driver.domains.describe([name], secrets=secrets)
    return found


def memory_of(document: str | None) -> str | None:
    assert document is not None
    return parse(document, "a domain").findtext("memory")


def test_a_defined_domain_is_there(subject: Subject, driver: Driver, stopped: str) -> None:
    assert stopped in driver.domains.names()
    found = read(driver, stopped)
    assert found.name == stopped
    assert (found.state, found.persistent, found.autostart, found.saved) == (DomainState.STOPPED, True, False, False)
    assert found.live is None
    assert memory_of(found.config) == str(MEMORY)
    assert parse(found.config or "", "config").findtext("uuid") == found.uuid
    assert driver.domains.find(found.uuid) == stopped
    assert subject.witness.state(stopped) == "shut off"


def test_a_stated_uuid_is_kept(subject: Subject, driver: Driver, name: str) -> None:
    uuid = new_uuid()
    driver.domains.define(subject.document(name, uuid=uuid))
    assert read(driver, name).uuid == uuid
    assert driver.domains.find(uuid.upper()) == name


def test_what_is_not_there_is_not_found(driver: Driver, name: str) -> None:
    assert driver.domains.find(new_uuid()) is None
    assert driver.domains.describe([name]) == []
    assert name not in driver.domains.names()
    with pytest.raises(InputError):
        driver.domains.find("not a UUID")


def test_every_call_on_a_missing_domain_says_so(driver: Driver, name: str) -> None:
    calls = [call for call in DOMAIN_CALLS if call.needs is None or call.needs in driver.capabilities]
    wrong = outcomes_other_than(NotFound, calls, driver.domains, name)
    assert wrong == {}


def test_describing_many_keeps_to_what_was_asked(subject: Subject, driver: Driver, name: str, other: str) -> None:
    wanted = [f"{name}-{number}" for number in range(12)]
    for each in wanted:
        driver.domains.define(subject.document(each))
    order = [wanted[7], other, wanted[2], wanted[7]]
    assert [record.name for record in driver.domains.describe(order)] == [wanted[7], wanted[2]]
    assert driver.domains.describe([]) == []
    everything = driver.domains.describe()
    assert [record.name for record in everything] == driver.domains.names()
    assert driver.domains.names() == sorted(driver.domains.names())
    for record in everything:
        if record.name in wanted:
            assert parse(record.config or "", "config").findtext("name") == record.name


def test_documents_are_left_out_when_nobody_wants_them(driver: Driver, running: str) -> None:
    (found,) = driver.domains.describe([running], documents=False)
    assert (found.live, found.config, found.state, found.persistent) == (None, None, DomainState.RUNNING, True)
    (from_all,) = [each for each in driver.domains.describe(documents=False) if each.name == running]
    assert from_all == found


def test_a_second_connection_sees_the_same(subject: Subject, driver: Driver, stopped: str) -> None:
    assert read(subject.open(), stopped) == read(driver, stopped)


def test_a_name_belongs_to_one_uuid(subject: Subject, driver: Driver, stopped: str, other: str) -> None:
    before = read(driver, stopped)
    with pytest.raises(AlreadyExists, match=stopped):
        driver.domains.define(subject.document(stopped, uuid=new_uuid()))
    with pytest.raises(AlreadyExists, match=stopped):
        driver.domains.define(subject.document(other, uuid=before.uuid))
    assert read(driver, stopped) == before
    assert other not in driver.domains.names()


@pytest.mark.parametrize(
    ("change", "to"),
    [
        ("<domain ", "<domain <"),
        ("<domain ", "<domain type='none' "),
        ("<name>", "<title>"),
        ("<memory unit='KiB'>", "<memory unit='KiB'>many"),
        ("<vcpu", "<cheese/><vcpu"),
        ("<name>", "<name>a/b"),
    ],
)
def test_a_document_that_cannot_be_is_refused(
    subject: Subject, driver: Driver, name: str, change: str, to: str
) -> None:
    document = subject.document(name).replace(change, to)
    if change == "<name>" and to == "<title>":
        document = document.replace("</name>", "</title>")
    before = driver.domains.names()
    with pytest.raises(InvalidDocument):
        driver.domains.define(document)
    assert driver.domains.names() == before


def test_defining_again_replaces_the_configuration(subject: Subject, driver: Driver, stopped: str) -> None:
    uuid = read(driver, stopped).uuid
    driver.domains.define(subject.document(stopped, uuid=uuid, memory=2 * MEMORY))
    found = read(driver, stopped)
    assert (found.uuid, memory_of(found.config)) == (uuid, str(2 * MEMORY))
    assert memory_of(subject.witness.document(stopped)) == str(2 * MEMORY)


def test_defining_what_was_read_changes_nothing(driver: Driver, stopped: str) -> None:
    before = read(driver, stopped, secrets=True)
    driver.domains.define(before.config or "")
    assert read(driver, stopped, secrets=True) == before


def test_defining_a_running_domain_is_for_its_next_start(subject: Subject, driver: Driver, running: str) -> None:
    before = read(driver, running)
    driver.domains.define(subject.document(running, uuid=before.uuid, memory=2 * MEMORY))
    found = read(driver, running)
    assert found.state is DomainState.RUNNING
    assert memory_of(found.config) == str(2 * MEMORY)
    assert memory_of(found.live) == str(MEMORY)
    driver.domains.destroy(running)
    driver.domains.start(running)
    assert memory_of(read(driver, running).live) == str(2 * MEMORY)


def test_an_undefined_domain_is_gone(subject: Subject, driver: Driver, stopped: str) -> None:
    uuid = read(driver, stopped).uuid
    driver.domains.undefine(stopped)
    assert driver.domains.describe([stopped]) == []
    assert driver.domains.find(uuid) is None
    assert subject.witness.state(stopped) is None
    with pytest.raises(NotFound):
        driver.domains.undefine(stopped)


def test_a_running_domain_that_is_undefined_is_transient(subject: Subject, driver: Driver, running: str) -> None:
    driver.domains.undefine(running)
    found = read(driver, running)
    assert (found.persistent, found.config, found.state) == (False, None, DomainState.RUNNING)
    assert memory_of(found.live) == str(MEMORY)
    driver.domains.destroy(running)
    assert running not in driver.domains.names()
    assert subject.witness.state(running) is None


@pytest.mark.kinds("sim", "qemu", "lxc")  # libvirt's own simulation lets it pass
def test_a_transient_domain_has_no_configuration_to_lose(driver: Driver, running: str) -> None:
    driver.domains.undefine(running)
    with pytest.raises(OperationInvalid):
        driver.domains.undefine(running)
    with pytest.raises(OperationInvalid):
        driver.domains.set_autostart(running, True)
    assert read(driver, running).state is DomainState.RUNNING


def test_a_transient_domain_can_be_made_persistent(subject: Subject, driver: Driver, running: str) -> None:
    uuid = read(driver, running).uuid
    driver.domains.undefine(running)
    driver.domains.define(subject.document(running, uuid=uuid))
    found = read(driver, running)
    assert (found.persistent, found.state, found.uuid) == (True, DomainState.RUNNING, uuid)
    driver.domains.destroy(running)
    assert running in driver.domains.names()


@pytest.mark.needs(Capability.RENAME)
def test_a_renamed_domain_stays_itself(subject: Subject, driver: Driver, stopped: str, other: str) -> None:
    uuid = read(driver, stopped).uuid
    driver.domains.rename(stopped, other)
    assert driver.domains.find(uuid) == other
    assert driver.domains.describe([stopped]) == []
    assert parse(read(driver, other).config or "", "config").findtext("name") == other
    assert (subject.witness.state(stopped), subject.witness.state(other)) == (None, "shut off")


@pytest.mark.needs(Capability.RENAME)
def test_a_name_that_is_taken_cannot_be_had(subject: Subject, driver: Driver, stopped: str, other: str) -> None:
    driver.domains.define(subject.document(other))
    before = driver.domains.names()
    with pytest.raises(DriverError, match=other):
        driver.domains.rename(stopped, other)
    assert driver.domains.names() == before


@pytest.mark.needs(Capability.RENAME)
def test_a_running_domain_keeps_its_name(driver: Driver, running: str, other: str) -> None:
    with pytest.raises(OperationInvalid):
        driver.domains.rename(running, other)
    assert running in driver.domains.names()


@pytest.mark.kinds("sim", "qemu", "test")  # containers have no display, which is what has a password
def test_passwords_are_withheld_unless_asked_for(subject: Subject, driver: Driver, name: str) -> None:
    display = "<graphics type='vnc' port='-1' autoport='yes' passwd='hidden'/>"
    driver.domains.define(subject.document(name, devices=display))
    assert "hidden" not in str(driver.domains.describe([name]))
    assert "hidden" in (read(driver, name, secrets=True).config or "")
    driver.domains.start(name)
    assert "hidden" not in str(driver.domains.describe([name]))
    assert "hidden" in (read(driver, name, secrets=True).live or "")


def test_a_closed_connection_says_so(subject: Subject, name: str) -> None:
    kept = subject.driver  # what libvirt simulates goes with the last connection
    with subject.open() as driver:
        assert name not in driver.domains.names()
    driver.close()
    with pytest.raises(ConnectionFailed):
        driver.domains.names()
    assert name not in kept.domains.names()


@pytest.mark.kinds("lxc", "test")  # the others can do everything
def test_what_a_driver_does_not_declare_it_refuses(driver: Driver, running: str) -> None:
    calls = [call for call in DOMAIN_CALLS if call.needs is not None and call.needs not in driver.capabilities]
    assert calls
    before = read(driver, running)
    wrong = outcomes_other_than(NotSupported, calls, driver.domains, running)
    assert wrong == {}
    assert read(driver, running) == before


@pytest.mark.kinds("sim")  # it can be told to lack something
@pytest.mark.parametrize("capability", [each for each in Capability if needs_of(each)], ids=lambda each: each.name)
def test_what_was_taken_from_a_driver_it_refuses(subject: Subject, running: str, capability: Capability) -> None:
    driver = subject.open(f"without={capability.name.lower()}")
    assert capability not in driver.capabilities
    before = read(driver, running)
    assert outcomes_other_than(NotSupported, needs_of(capability), driver.domains, running) == {}
    assert read(driver, running) == before
