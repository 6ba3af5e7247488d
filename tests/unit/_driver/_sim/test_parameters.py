# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a sim URI may say, and that everything else is refused before anything is read."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.calls import FAULT_ERRORS, WHEN
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.driver import SimDriver
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.parameters import GUESTS, PARAMETERS
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Capability
from ansible_collections.stratum.virt.plugins.module_utils._driver.domains import DomainState, Shutdown
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    ConnectionFailed,
    DeadlineExceeded,
    DriverError,
    GuestAgentError,
    InputError,
    NotSupported,
)
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost
from ansible_collections.stratum.virt.plugins.module_utils._uri import parse

from .conftest import OpenSim


@pytest.mark.parametrize(
    "parameters",
    [
        "colour=red",
        "without=flying",
        "without=",
        "delay=-1",
        "delay=nan",
        "delay=soon",
        "delay=100000",
        "guest=sleepy",
        "reaction=inf",
        "fail=explode",
        "fail=node.explode",
        "fail=start:during",
        "fail=start:before:0",
        "fail=start:before:many",
        "fail=start:before:1:oops",
        "fail=start:before:1:denied:more",
        "fail=start,,destroy",
    ],
)
def test_what_no_node_understands_is_refused(open_sim: OpenSim, state_file: Path, parameters: str) -> None:
    with pytest.raises(InputError) as refused:
        open_sim(parameters)
    assert refused.value.option == "uri"
    assert parameters.split("=")[0] in str(refused.value)
    assert not state_file.exists()


@pytest.mark.parametrize("uri", ["sim://", "sim:///", "sim:///folder/", "sim://host/path", "sim+ssh://host/path"])
def test_a_uri_names_a_local_file(uri: str) -> None:
    with pytest.raises(InputError):
        SimDriver(parse(uri), LocalHost(), 5.0)


def test_without_takes_capabilities_away(open_sim: OpenSim) -> None:
    driver = open_sim("without=hotplug,volumes,networks")
    assert open_sim().capabilities - driver.capabilities == {
        Capability.HOTPLUG,
        Capability.VOLUMES,
        Capability.NETWORKS,
    }
    assert driver.volumes is None
    assert driver.networks is None
    with pytest.raises(NotSupported, match="attach and detach devices"):
        driver.domains.attach_device("a", "<disk/>")


def test_delay_is_the_time_of_every_answer(open_sim: OpenSim) -> None:
    driver = open_sim("delay=0.1")
    began = time.monotonic()
    driver.domains.names()
    driver.node.capabilities()
    assert time.monotonic() - began >= 0.2


def test_an_answer_that_takes_too_long_is_given_up(sim: SimDriver, open_sim: OpenSim) -> None:
    slow = open_sim("delay=60", timeout=0.1)
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded) as late:
        slow.domains.start("a")
    assert time.monotonic() - began < 5
    assert late.value.facts["outcome_unknown"] is True
    (found,) = sim.domains.describe(["a"])
    assert found.state is DomainState.RUNNING  # a slow daemon does it all the same


def test_fail_before_the_effect(sim: SimDriver, open_sim: OpenSim) -> None:
    failing = open_sim("fail=start:before:2")
    for _attempt in range(2):
        with pytest.raises(DriverError, match="told to refuse"):
            failing.domains.start("a")
    (found,) = sim.domains.describe(["a"])
    assert found.state is DomainState.STOPPED
    failing.domains.start("a")


def test_fail_names_its_error_and_other_objects(open_sim: OpenSim) -> None:
    failing = open_sim("fail=node.capabilities:before:1:connection,networks.names:before:1:unsupported")
    assert failing.networks is not None
    with pytest.raises(NotSupported):
        failing.networks.names()
    with pytest.raises(ConnectionFailed):
        failing.node.capabilities()
    with pytest.raises(ConnectionFailed, match="closed"):
        failing.domains.names()


def test_a_deaf_guest_hears_nothing(sim: SimDriver, open_sim: OpenSim) -> None:
    deaf = open_sim("guest=deaf&reaction=0")
    deaf.domains.start("a")
    deaf.domains.shutdown("a", Shutdown.ACPI)
    deaf.domains.set_memory("a", 1024)
    deaf.domains.detach_device("a", "<disk><target dev='vda'/></disk>")
    (found,) = sim.domains.describe(["a"])
    assert found.state is DomainState.RUNNING
    assert found.live is not None
    assert "vda" in found.live
    assert '<currentMemory unit="KiB">65536<' in found.live
    assert sim.domains.addresses(["a"], ["lease", "arp"]) == {"a": []}
    deaf.domains.set_vcpus("a", 2)
    with pytest.raises(DriverError, match="let go"):
        deaf.domains.set_vcpus("a", 1)


def test_a_guest_stays_what_it_was_told_to_be(open_sim: OpenSim, sim: SimDriver) -> None:
    open_sim("guest=agent&reaction=0").domains.start("a")
    assert sim.domains.agent("a", '{"execute": "guest-ping"}', Deadline(5)) == '{"return": {}}'
    open_sim("guest=normal").domains.set_title("a", "without an agent")
    with pytest.raises(GuestAgentError, match="not connected"):
        sim.domains.agent("a", '{"execute": "guest-ping"}', Deadline(5))


def test_the_documentation_knows_every_word() -> None:
    words = Path(__file__).parents[4].joinpath("docs", "sim.md").read_text()
    for word in (*GUESTS, *FAULT_ERRORS, *WHEN):
        assert f"`{word}`" in words or f"guest={word}`" in words, word
    for parameter in PARAMETERS:
        assert f"`{parameter}=" in words, parameter
