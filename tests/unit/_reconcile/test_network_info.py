# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading networks: all or some, and only what was asked for."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError
from ansible_collections.stratum.virt.plugins.module_utils._reconcile import network_info

from .conftest import Node, Result, validated
from .networks import LAB, MAC, connected, task


def info(node: Node, parameters: str = "", **options: Any) -> list[Result]:
    with node.connect(parameters) as driver:
        return network_info.networks(driver, network_info.load(validated("network_info", options)))


@pytest.fixture
def many(node: Node) -> Node:
    """A node with two networks beside ``default``, which is active."""
    task(node, **LAB, state="active", tags=["a", "b"])
    task(node, name="other", tags=["b"], autostart=True)
    return node


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["default", "lab", "other"]),
        ({"name": ["lab", "nobody"]}, ["lab"]),
        ({"name": ["*l*"]}, ["default", "lab"]),
        ({"name": ["nobody"]}, []),
        ({"states": ["inactive"]}, ["other"]),
        ({"states": ["active"], "tags": ["b"]}, ["lab"]),
        ({"tags": ["b"]}, ["lab", "other"]),
        ({"tags": ["a", "b"]}, ["lab"]),
        ({"tags": ["c"]}, []),
    ],
)
def test_selecting(many: Node, options: dict[str, Any], names: list[str]) -> None:
    assert [network["name"] for network in info(many, **options)] == names


def test_only_what_was_asked_for(many: Node) -> None:
    (other,) = info(many, name=["other"])
    assert other.keys() == {"name", "uuid", "state", "persistent", "autostart"}
    assert (other["state"], other["persistent"], other["autostart"]) == ("inactive", True, True)


def test_applying_what_is_shown_changes_nothing(many: Node) -> None:
    for network in info(many, gather=["spec", "xml"]):
        assert not task(many, **network["spec"])["changed"]
        assert not task(many, name=network["name"], xml=network["xml"])["changed"]


def test_leases_and_domains(many: Node) -> None:
    connected(many, MAC)
    by_name = {network["name"]: network for network in info(many, gather=["leases", "domains"])}
    (lease,) = by_name["lab"]["leases"]
    assert (lease["mac"], lease["family"], lease["address"], lease["prefix"]) == (MAC, "ipv4", "10.1.2.11", 24)
    assert lease["hostname"] == "one"
    assert lease["expires"] > 0
    (domain,) = by_name["lab"]["domains"]
    assert (domain["name"], domain["mac"]) == ("web1", MAC)
    assert domain["target"].startswith("vnet")
    for name in ("default", "other"):
        assert by_name[name]["leases"] == []
        assert by_name[name]["domains"] == []


@pytest.mark.parametrize("lacking", ["network_leases", "network_ports"])
def test_what_the_hypervisor_does_not_know_is_left_out(many: Node, lacking: str) -> None:
    connected(many, MAC)
    (lab,) = info(many, f"without={lacking}", name=["lab"], gather=["leases", "domains"])
    assert bool(lab["leases"]) == (lacking != "network_leases")
    assert [domain["name"] for domain in lab["domains"]] == ["web1"]


def test_a_time_to_wait() -> None:
    with pytest.raises(InputError):
        network_info.load(validated("network_info", {"timeout": 0}))
