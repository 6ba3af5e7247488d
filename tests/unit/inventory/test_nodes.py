# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which nodes a source names, how each is reached, and what happens when one is not."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleParserError
from ansible_collections.stratum.virt.plugins.inventory.domains import DOCUMENTATION
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError, StratumError
from ansible_collections.stratum.virt.plugins.plugin_utils._inventory.nodes import load
from ansible_collections.stratum.virt.plugins.plugin_utils._inventory.source import Source
from ansible_collections.stratum.virt.plugins.plugin_utils._inventory.threads import Job, run_all

from tests.integration.ansible import environment
from tests.unit.inventory.conftest import Nodes

SYSTEM = "qemu:///system"
OPTIONS: dict[str, Any] = yaml.safe_load(DOCUMENTATION)["options"]


def test_a_node_is_a_uri_or_more() -> None:
    first, second, third = load(
        [
            "qemu+ssh://root@kvm1.example.org/system",
            {"uri": "qemu+tls://kvm2/system", "timeout": 7, "ssh_password": "own"},
            {"uri": SYSTEM, "name": "here"},
        ],
        timeout=30,
        ssh_password="common",
        ssh_passphrase="phrase",
    )
    assert (first.name, first.timeout, first.ssh_password) == ("kvm1.example.org", 30, "common")
    assert (second.name, second.timeout, second.ssh_password) == ("kvm2", 7, "own")
    assert (third.name, third.uri, third.ssh_passphrase) == ("here", SYSTEM, "phrase")


def test_without_one_it_is_the_controllers_own() -> None:
    (node,) = load([], timeout=30)
    assert (node.name, node.uri) == ("localhost", None)


@pytest.mark.parametrize(
    ("uris", "says"),
    [
        (["qemu"], "'qemu' is not a URI"),
        ([{"name": "a"}], "neither a URI nor a dictionary"),
        ([7], "neither a URI nor a dictionary"),
        ([{"uri": SYSTEM, "user": "x"}], "user: there is no such option"),
        ([{"uri": SYSTEM, "name": "a b"}], "name: a name has letters"),
        ([{"uri": SYSTEM, "name": "x" * 64}], "name: a name has letters"),
        ([{"uri": SYSTEM, "timeout": 0}], "timeout: it is not a number of seconds"),
        ([{"uri": SYSTEM, "timeout": "soon"}], "timeout: it is not a number of seconds"),
        ([SYSTEM, "lxc:///system"], "its node is called localhost, as that of"),
        (["qemu://root:s3cret@kvm1/system"], "it holds a password"),
    ],
)
def test_what_is_no_node_is_refused(uris: list[Any], says: str) -> None:
    with pytest.raises(InputError, match=r"^uris\[") as raised:
        load(uris, timeout=30)
    assert says in str(raised.value)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("file", "fits"),
    [
        ("stratum_virt.yml", True),
        ("lab.stratum_virt.yaml", True),
        ("virt.yml", False),
        ("stratum_virt.json", False),
    ],
)
def test_a_source_is_known_by_its_name(nodes: Nodes, file: str, fits: bool) -> None:
    from ansible_collections.stratum.virt.plugins.inventory.domains import InventoryModule

    assert InventoryModule().verify_file(str(nodes.source("kvm1", file=file))) is fits
    assert InventoryModule().verify_file(str(nodes.folder / "no" / file)) is False


def test_the_dead_are_a_warning_and_hold_up_nobody(nodes: Nodes) -> None:
    nodes.define("kvm1", "web")
    nodes.define("slow", "late")
    dead = [{"uri": f"sim://{nodes.folder}/dead{number}?delay=60", "name": f"dead{number}"} for number in range(6)]
    slow = {"uri": f"{nodes.uri('slow')}&delay=0.5", "name": "slow"}
    began = time.monotonic()
    found = nodes.load(*dead, "kvm1", slow, timeout=2)
    elapsed = time.monotonic() - began
    assert found.names == ["late", "web"]
    # One deadline for all of them, not one after the other.
    assert elapsed < 2 * 3
    assert len(found.warnings) == 6
    for number in range(6):
        assert f"the domains of the node dead{number} are not in the inventory" in " ".join(found.warnings)
    assert "did not answer within 2 s" in " ".join(found.warnings)


def test_what_cannot_be_reached_fails_when_told_so(nodes: Nodes) -> None:
    nodes.define("kvm1", "web")
    dead = {"uri": f"sim://{nodes.folder}/no/such", "name": "dead"}
    assert nodes.load("kvm1", dead).names == ["web"]
    found = nodes.load("kvm1", dead, on_unreachable="fail")
    assert found.names == []
    assert "the domains of the node dead are not in the inventory: opening the simulated node" in " ".join(
        found.warnings
    )


def test_what_a_source_says_wrong_is_no_nodes_failure(nodes: Nodes) -> None:
    nodes.define("kvm1", "web")
    found = nodes.load("kvm1", {"uri": f"sim://{nodes.folder}/kvm2?color=red", "name": "kvm2"})
    assert found.names == []
    assert "color" in " ".join(found.warnings)


def jobs(*works: Any, seconds: float = 0.5) -> list[Job]:
    return [Job(f"job {number}", seconds, work) for number, work in enumerate(works)]


def sleep(_deadline: Deadline) -> None:
    time.sleep(60)


def test_threads_that_never_come_back_are_left_alone() -> None:
    began = time.monotonic()
    outcomes = {each.number: each for each in run_all(jobs(sleep, sleep, lambda _deadline: "done", sleep), 8)}
    assert time.monotonic() - began < 3
    assert outcomes[2].value == "done"
    assert sorted(number for number, each in outcomes.items() if each.error) == [0, 1, 3]
    assert str(outcomes[0].error) == "job 0: it was not done within 0.5 s."


def test_no_more_threads_than_told_and_a_lost_one_does_not_count() -> None:
    running: list[int] = []
    most: list[int] = []

    def work(_deadline: Deadline) -> None:
        running.append(1)
        most.append(len(running))
        time.sleep(0.05)
        running.pop()

    outcomes = list(run_all(jobs(*[work] * 8), 2))
    assert len(outcomes) == 8
    assert max(most) == 2
    lost = {each.number: each.value for each in run_all(jobs(sleep, sleep, lambda _deadline: "done"), 2)}
    assert lost == {0: None, 1: None, 2: "done"}


def test_every_error_of_a_thread_arrives(capfd: pytest.CaptureFixture[str]) -> None:
    def refuse(_deadline: Deadline) -> None:
        raise StratumError("no")

    def break_off(_deadline: Deadline) -> None:
        raise KeyError("a mistake")

    first, second = sorted(run_all(jobs(refuse, break_off), 2), key=lambda each: each.number)
    assert str(first.error) == "no"
    assert isinstance(second.error, KeyError)
    assert capfd.readouterr().err == ""  # a thread that writes can keep the whole process from ending


def test_the_process_ends_while_a_thread_hangs() -> None:
    program = """
import time
from ansible_collections.stratum.virt.plugins.plugin_utils._inventory.threads import Job, run_all
(outcome,) = run_all([Job("looking up a name", 0.2, lambda deadline: time.sleep(600))], 1)
print(outcome.error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**environment(), "PYTHONPATH": environment()["ANSIBLE_COLLECTIONS_PATH"]},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout == "looking up a name: it was not done within 0.2 s.\n"


class Failing:
    """What a source uses of Ansible's plugin, with one node that fails at once and one that answers later."""

    def __init__(self, nodes: Nodes) -> None:
        self.evaluated: list[str] = []
        self.options = {
            **{name: option.get("default") for name, option in OPTIONS.items()},
            "uris": [f"sim://{nodes.folder}/no/such", {"uri": f"{nodes.uri('slow')}&delay=0.3", "name": "slow"}],
            "filters": [{"exclude": "stratum_virt_name == 'x'"}],
            "on_unreachable": "fail",
            "strict": False,
        }

    def get_option(self, option: str) -> Any:
        return self.options[option]

    def _compose(self, template: str, _variables: dict[str, Any]) -> bool:
        self.evaluated.append(template)
        return False


def test_nothing_is_evaluated_any_more_when_the_source_has_failed(nodes: Nodes) -> None:
    nodes.define("slow", "web")
    plugin = Failing(nodes)
    with pytest.raises(AnsibleParserError, match="no/such"):
        Source(plugin, "lab.stratum_virt.yml", None, use_cache=False).populate()  # type: ignore[arg-type]
    (late,) = (thread for thread in threading.enumerate() if thread.name == "reading the domains of slow")
    late.join(10)
    assert not late.is_alive()
    assert plugin.evaluated == []
