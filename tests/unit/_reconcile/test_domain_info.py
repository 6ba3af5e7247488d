# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading domains: which, and what of them, in how many calls."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.session import Session
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError, InvalidDocument, NotSupported

from .conftest import SMALL, Node

ALWAYS = {"name", "uuid", "state", "reason", "persistent", "autostart"}


@pytest.fixture
def three(node: Node) -> Node:
    """A node with a running, a stopped and a saved domain."""
    for name, tags, condition in (
        ("web2", ["web", "old"], "saved"),
        ("web1", ["web"], "running"),
        ("db1", [], "stopped"),
    ):
        node.create(name=name, tags=tags)
        node.put(condition, name)
    return node


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["db1", "web1", "web2"]),
        ({"name": ["web2", "db1", "web2"]}, ["db1", "web2"]),
        ({"name": ["web*"]}, ["web1", "web2"]),
        ({"name": ["?b1", "web[2-9]"]}, ["db1", "web2"]),
        ({"name": ["nobody"]}, []),
        ({"name": ["nobody*"]}, []),
        ({"name": ["WEB1"]}, []),
        ({"states": ["running"]}, ["web1"]),
        ({"states": ["saved", "stopped"]}, ["db1", "web2"]),
        ({"tags": ["web"]}, ["web1", "web2"]),
        ({"tags": ["web", "old"]}, ["web2"]),
        ({"tags": ["new"]}, []),
        ({"name": ["web*"], "states": ["running", "stopped"], "tags": ["web"]}, ["web1"]),
    ],
)
def test_which_domains(three: Node, options: dict[str, Any], names: list[str]) -> None:
    found = three.info(**options)
    assert [each["name"] for each in found] == names
    assert all(set(each) == ALWAYS for each in found)


def test_a_node_without_domains(node: Node) -> None:
    assert node.info() == []
    assert node.info(name=["web*"], gather=["spec", "xml", "addresses", "stats"]) == []


def test_only_what_is_asked_for(three: Node) -> None:
    for what in ("spec", "xml", "addresses", "stats"):
        assert all(set(each) == {*ALWAYS, what} for each in three.info(gather=[what]))


def test_what_there_is_to_know(three: Node) -> None:
    stopped, running, saved = three.info(gather=["spec", "xml", "addresses", "stats"])
    assert [each["state"] for each in (stopped, running, saved)] == ["stopped", "running", "saved"]
    assert running["spec"]["memory"] == "64MiB"
    assert running["spec"]["tags"] == ["web"]
    assert running["xml"].startswith("<domain")
    assert running["stats"]["vcpu.current"] == 1
    assert running["addresses"][0]["address"].startswith("192.168.122.")
    assert set(running["addresses"][0]) == {"interface", "mac", "family", "address", "prefix", "source"}
    assert stopped["addresses"] == saved["addresses"] == []


def test_a_transient_domain_has_its_running_configuration(three: Node) -> None:
    with three.connect() as driver:
        driver.domains.undefine("web1")
    (found,) = three.info(name=["web1"], gather=["spec", "xml"])
    assert found["persistent"] is False
    assert found["spec"]["memory"] == "64MiB"


def test_reading_changes_nothing(three: Node) -> None:
    before = three.bytes()
    three.info(gather=["spec", "xml", "addresses", "stats"])
    assert three.bytes() == before


def test_many_domains_take_as_many_calls_as_one(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    call = Session.call

    def counted(self: Session, name: str, what: str) -> Any:
        calls.append(name)
        return call(self, name, what)

    monkeypatch.setattr(Session, "call", counted)

    def needed() -> int:
        calls.clear()
        node.info(name=["web*"], gather=["spec", "xml", "addresses", "stats"])
        return len(calls)

    node.task({**SMALL, "name": "web0"}, state="running")
    for_one = needed()
    for number in range(1, 6):
        node.task({**SMALL, "name": f"web{number}"}, state="running")
    assert needed() == for_one
    assert for_one <= 4


def test_a_driver_without_statistics_says_so(three: Node) -> None:
    from ansible_collections.stratum.virt.plugins.module_utils._reconcile import domain_info

    with three.connect("without=stats") as driver, pytest.raises(NotSupported, match="report statistics"):
        domain_info.domains(driver, domain_info.load({"gather": ["stats"], "timeout": 5}))


def test_a_time_in_which_nothing_can_happen(node: Node) -> None:
    with pytest.raises(InputError, match=r"^timeout: 0 is no time to wait"):
        node.info(timeout=0)


def test_a_number_in_a_document_that_is_none(three: Node) -> None:
    with three.edit() as state:
        state.domains["db1"].config = state.domains["db1"].config.replace("<vcpu", "<iothreads>many</iothreads><vcpu")
    with pytest.raises(InvalidDocument, match=r"iothreads of a document: .*'many'"):
        three.info(gather=["spec"])
