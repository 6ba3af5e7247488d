# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A survey says of each domain what describing it says, and asks only about those that are wanted."""

from __future__ import annotations

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._document.tree import parse
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Capability, Driver
from ansible_collections.stratum.virt.plugins.module_utils._driver.domains import DomainRecord, DomainState
from ansible_collections.stratum.virt.plugins.module_utils._errors import DeadlineExceeded

from tests.contract.subjects import Subject


def everything(_record: DomainRecord) -> bool:
    return True


def test_a_survey_is_what_descriptions_are(subject: Subject, driver: Driver, running: str, other: str) -> None:
    driver.domains.define(subject.document(other))
    found = {
        each.record.name: each for each in driver.domains.survey(everything, ["lease", "arp"], Deadline(20), live=True)
    }
    assert list(found) == sorted(found)
    for described in driver.domains.describe([running, other]):
        record = found[described.name].record
        # How long it runs, and the like, may stand in the document.
        assert record._replace(live=None) == described._replace(live=None)
        assert (record.live is None) is (described.live is None)
    assert found[other].addresses == []
    assert parse(found[running].record.live or "", "live").get("id") is not None


def test_the_choice_is_made_before_documents_are_read(
    subject: Subject, driver: Driver, running: str, other: str
) -> None:
    driver.domains.define(subject.document(other))
    seen: dict[str, DomainRecord] = {}

    def stopped(record: DomainRecord) -> bool:
        seen[record.name] = record
        return record.name == other and record.state is DomainState.STOPPED

    (found,) = driver.domains.survey(stopped, [], Deadline(20))
    assert found.record.name == other
    assert found.record.config is not None
    for described in driver.domains.describe([running, other], documents=False):
        assert seen[described.name] == described._replace(reason="unknown")


@pytest.mark.needs(Capability.SUSPEND)
def test_a_survey_knows_what_is_paused(driver: Driver, running: str) -> None:
    driver.domains.suspend(running)
    (found,) = driver.domains.survey(lambda record: record.state is DomainState.PAUSED, [], Deadline(20))
    assert (found.record.name, found.record.reason) == (running, "user")


@pytest.mark.needs(Capability.MANAGED_SAVE)
def test_a_survey_knows_what_is_saved(driver: Driver, running: str) -> None:
    driver.domains.save(running)
    (found,) = driver.domains.survey(lambda record: record.saved, [], Deadline(20))
    assert found.record.name == running


def test_a_survey_has_a_deadline(driver: Driver) -> None:
    with pytest.raises(DeadlineExceeded):
        driver.domains.survey(everything, [], Deadline(0))
