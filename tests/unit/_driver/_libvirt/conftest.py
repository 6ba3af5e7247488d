# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.client import Client
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.driver import LibvirtDriver
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost
from ansible_collections.stratum.virt.plugins.module_utils._uri import parse
from ansible_collections.stratum.virt.tests.unit._driver._libvirt.fake_daemon import FakeDaemon

OpenDriver = Callable[..., LibvirtDriver]


@pytest.fixture
def host() -> LocalHost:
    return LocalHost()


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[FakeDaemon]:
    fake = FakeDaemon(tmp_path)
    yield fake
    fake.close()


@pytest.fixture
def client(daemon: FakeDaemon, host: LocalHost) -> Iterator[Client]:
    """A client with 1 s of patience."""
    client = Client(host.connect(daemon.path, Deadline(5)), timeout=1.0)
    yield client
    client.close()


@pytest.fixture
def open_driver(daemon: FakeDaemon, host: LocalHost) -> Iterator[OpenDriver]:
    opened = []

    def opener(scheme: str = "qemu", path: str = "/system", timeout: float = 1.0) -> LibvirtDriver:
        driver = LibvirtDriver(parse(f"{scheme}://{path}?socket={daemon.path}"), host, timeout)
        opened.append(driver)
        return driver

    yield opener
    for driver in opened:
        driver.close()
