# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.driver import SimDriver
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost
from ansible_collections.stratum.virt.plugins.module_utils._uri import parse

OpenSim = Callable[..., SimDriver]

DOMAIN = """\
<domain type='kvm'>
  <name>{name}</name>
  <memory unit='MiB'>64</memory>
  <vcpu current='1'>2</vcpu>
  <os><type machine='q35'>hvm</type></os>
  <devices>
    <disk type='file' device='disk'>
      <driver type='qcow2'/><source file='/images/a.qcow2'/><target dev='vda'/>
    </disk>
    <disk device='cdrom'><target dev='sda' bus='sata'/></disk>
    <interface type='network'><mac address='52:54:00:AB:00:01'/><source network='default'/></interface>
    <interface type='bridge'><source bridge='br0'/></interface>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <serial type='pty'/>
    <graphics type='vnc' passwd='hidden'/>
  </devices>
</domain>
"""


@pytest.fixture
def state_file(tmp_path: Path) -> Path:
    return tmp_path / "node"


@pytest.fixture
def open_sim(state_file: Path) -> Iterator[OpenSim]:
    """Open the same simulated node as often as wanted, with other parameters if wanted."""
    opened = []

    def opener(parameters: str = "", timeout: float = 5.0) -> SimDriver:
        uri = parse(f"sim://{state_file}{'?' + parameters if parameters else ''}")
        driver = SimDriver(uri, LocalHost(), timeout)
        opened.append(driver)
        return driver

    yield opener
    for driver in opened:
        driver.close()


@pytest.fixture
def sim(open_sim: OpenSim) -> SimDriver:
    """A simulated node with one stopped domain, ``a``."""
    driver = open_sim()
    driver.domains.define(DOMAIN.format(name="a"))
    return driver
