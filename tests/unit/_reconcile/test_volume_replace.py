# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a volume is made anew: only by consent, only as a whole, and never under somebody who uses it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError

from .conftest import SMALL, Node, Result

FIRST = {"source": {"volume": "first.img"}}
SECOND = {"source": {"volume": "second.img"}}


@pytest.fixture
def node(node: Node) -> Node:
    for name, capacity in (("first.img", "2MiB"), ("second.img", "4MiB")):
        task(node, name=name, capacity=capacity, format="raw")
    task(node, **FIRST)
    return node


def task(node: Node, check: bool = False, **options: Any) -> Result:
    return node.manage("volume", {"pool": "default", "name": "copy.img", **options}, check=check)


def test_the_same_source_again_changes_nothing(node: Node) -> None:
    again = task(node, **FIRST)
    assert (again["changed"], again["content_needed"]) == (False, False)


def test_another_source_is_refused(node: Node) -> None:
    before = node.bytes()
    for check in (True, False):
        with pytest.raises(InputError) as failed:
            task(node, check, **SECOND)
        assert failed.value.option == "source"
        assert "first.img" in failed.value.reason
        assert "second.img" in failed.value.reason
        assert "replace: true" in str(failed.value.hint)
    assert node.bytes() == before


def test_another_source_replaces_it_by_consent(node: Node) -> None:
    foretold = task(node, True, **SECOND, replace=True)
    done = task(node, **SECOND, replace=True)
    for result in (foretold, done):
        assert [action.partition(" by ")[0] for action in result["actions"]] == ["replace the content"]
        assert result["content_needed"]
        assert set(result["diff"]["after"]) == {"capacity", "source"}
    assert foretold["diff"] == done["diff"]
    assert done["volume"]["capacity"] == 4 * 1024**2
    again = task(node, **SECOND, replace=True)
    assert (again["changed"], again["content_needed"]) == (False, False)


def test_what_cannot_change_is_made_anew_by_consent(node: Node) -> None:
    with pytest.raises(InputError, match=r"format is raw and qcow2 is wanted.*replace: true"):
        task(node, **FIRST, format="qcow2")
    done = task(node, **FIRST, format="qcow2", replace=True)
    assert done["volume"]["format"] == "qcow2"
    assert not task(node, **FIRST, format="qcow2")["changed"]


def test_what_can_change_is_not_made_anew(node: Node) -> None:
    done = task(node, **FIRST, capacity="8MiB", replace=True)
    assert done["actions"] == ["grow to 8MiB"]
    assert done["content_needed"] is False


def test_who_may_use_the_file_stays(node: Node) -> None:
    task(node, name="mine.img", **FIRST, permissions={"mode": "0640", "owner": 7})
    done = task(node, name="mine.img", **SECOND, replace=True)
    assert done["volume"]["spec"]["permissions"] == {"mode": "0640", "owner": 7, "group": 0}


def test_content_that_nobody_knows_is_left_alone(node: Node) -> None:
    task(node, name="own.img", capacity="2MiB", format="raw")
    result = task(node, name="own.img", **FIRST)
    assert not result["changed"]
    assert "nobody knows where own.img has its content from" in result["warnings"][0]
    done = task(node, name="own.img", **FIRST, replace=True)
    assert done["changed"]
    assert not task(node, name="own.img", **FIRST, replace=True)["changed"]


def test_a_running_domain_keeps_its_content(node: Node) -> None:
    disk = {"target": "vda", "pool": "default", "volume": "copy.img", "format": "raw"}
    node.task({**SMALL, "disks": [disk]})
    node.put("running")
    with pytest.raises(InputError, match=r"a disk of web1.*Stop the domain first"):
        task(node, **SECOND, replace=True)
    with node.connect() as driver:
        driver.domains.destroy("web1")
    assert task(node, **SECOND, replace=True)["changed"]


def test_what_is_built_on_it_keeps_its_content(node: Node) -> None:
    task(node, name="top.qcow2", format="qcow2", backing={"volume": "copy.img"})
    with pytest.raises(InputError, match=r"top\.qcow2 is built on"):
        task(node, **SECOND, replace=True)


def test_only_an_empty_volume_gets_its_tables_at_once(node: Node) -> None:
    with pytest.raises(InputError, match="preallocate_metadata"):
        task(node, name="new", **FIRST, preallocate_metadata=True)
