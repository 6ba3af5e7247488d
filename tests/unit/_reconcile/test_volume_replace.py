# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a volume is made anew: only by consent, only as a whole, and never under somebody who uses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._errors import AlreadyExists, InputError
from ansible_collections.stratum.virt.plugins.module_utils._reconcile.volume_staging import Staging

from .conftest import SMALL, Node, Result

FIRST = {"source": {"volume": "first.img"}}
SECOND = {"source": {"volume": "second.img"}}
DISK = {"target": "vda", "pool": "default", "volume": "copy.img", "format": "raw"}


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


@pytest.mark.parametrize("condition", ["running", "saved"])
def test_an_active_domain_keeps_its_content(node: Node, condition: str) -> None:
    node.task({**SMALL, "disks": [DISK]})
    node.put(condition)
    with pytest.raises(InputError, match=r"a disk of web1.*Stop the domain first"):
        task(node, **SECOND, replace=True)
    with node.connect() as driver:
        {"running": driver.domains.destroy, "saved": driver.domains.discard_save}[condition]("web1")
    assert task(node, **SECOND, replace=True)["changed"]


def test_what_a_domain_runs_on_is_not_removed_as_incomplete(node: Node) -> None:
    """A task that was killed right before it deleted the old volume leaves it with the sign of a copy."""
    node.task({**SMALL, "disks": [DISK]})
    node.put("running")
    with node.connect() as driver:
        assert driver.volumes is not None
        driver.volumes.create(
            "default", "<volume><name>copy.img.stratum-copying</name><capacity>4096</capacity></volume>"
        )
    for options in (FIRST, {"capacity": "2MiB"}, {"state": "absent"}):
        with pytest.raises(InputError, match=r"copy\.img is a disk of web1"):
            task(node, **options)


def in_the_middle(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen when the new content is there, and does not have its name yet."""
    grow = Staging.grow

    def late(staging: Staging, capacity: int | None) -> None:
        happens()
        grow(staging, capacity)

    monkeypatch.setattr(Staging, "grow", late)


def test_a_domain_that_is_started_meanwhile_keeps_its_content(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    node.task({**SMALL, "disks": [DISK]})
    in_the_middle(monkeypatch, lambda: node.put("running"))
    with pytest.raises(InputError, match=r"a disk of web1.*Stop the domain first"):
        task(node, **SECOND, replace=True)
    monkeypatch.undo()
    assert task(node)["volume"]["capacity"] == 2 * 1024**2


def test_what_somebody_else_makes_meanwhile_is_not_replaced(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    in_the_middle(monkeypatch, lambda: task_by_another(node))
    with pytest.raises(AlreadyExists, match=r"creating new\.img: somebody else has made it"):
        task(node, name="new.img", **FIRST)
    assert task(node, name="new.img")["volume"]["capacity"] == 8 * 1024**2


def task_by_another(node: Node) -> None:
    with node.connect() as driver:
        assert driver.volumes is not None
        driver.volumes.create("default", "<volume><name>new.img</name><capacity>8388608</capacity></volume>")


def test_what_is_built_on_it_keeps_its_content(node: Node) -> None:
    task(node, name="top.qcow2", format="qcow2", backing={"volume": "copy.img"})
    with pytest.raises(InputError, match=r"top\.qcow2 is built on"):
        task(node, **SECOND, replace=True)


def test_only_an_empty_volume_gets_its_tables_at_once(node: Node) -> None:
    with pytest.raises(InputError, match="preallocate_metadata"):
        task(node, name="new", **FIRST, preallocate_metadata=True)
