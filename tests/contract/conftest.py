# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One suite over every driver: each test says what it needs, and runs over every driver that can."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Capability, Driver
from ansible_collections.stratum.virt.plugins.module_utils._driver.storage import Volumes

from tests.conftest import lacking
from tests.contract.subjects import PREFIX, LxcSubject, QemuSubject, SimSubject, Subject, TestSubject

KINDS = ("sim", "qemu", "lxc", "test")
_NUMBERS = count()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*capabilities): skip over drivers that do not declare these")
    config.addinivalue_line("markers", "kinds(*kinds): run over these drivers only; the test says why")
    config.addinivalue_line("markers", "system: the test runs a domain with an operating system")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "subject" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("kinds")
        metafunc.parametrize("subject", marker.args if marker else KINDS, indirect=True)


@pytest.fixture
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    """The driver under test on its node. Closed, and its domains gone, after the test."""
    made = _make(request, tmp_path)
    try:
        needed = [each for marker in request.node.iter_markers("needs") for each in marker.args]
        for capability in needed:
            assert isinstance(capability, Capability)
            if capability not in made.driver.capabilities:
                pytest.skip(f"{made.kind} does not declare that it can {capability.value}")
        yield made
    finally:
        made.close()


def _make(request: pytest.FixtureRequest, tmp_path: Path) -> Subject:
    kind = request.param
    if kind == "sim":
        return SimSubject(tmp_path)
    node = request.getfixturevalue("node")
    if kind == "qemu":
        needs_system = request.node.get_closest_marker("system") is not None
        return QemuSubject(node, request.getfixturevalue("guest") if needs_system else None)
    if kind == "lxc":
        return LxcSubject(node, request.getfixturevalue("container_root"))
    return TestSubject(node)


@pytest.fixture(scope="session")
def container_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root file system of one program."""
    busybox = shutil.which("busybox")
    if busybox is None:
        lacking("containers need the program busybox")
    root = tmp_path_factory.mktemp("container")
    for folder in ("bin", "dev", "proc", "sys", "tmp"):
        (root / folder).mkdir()
    shutil.copy(busybox, root / "bin" / "busybox")
    for name in ("sh", "sleep"):
        os.symlink("busybox", root / "bin" / name)
    # libvirt enters it through folders that are the test's alone.
    for folder_above in (root, root.parent):
        folder_above.chmod(0o755)
    return root


@pytest.fixture
def driver(subject: Subject) -> Driver:
    return subject.driver


@pytest.fixture
def name() -> str:
    """A name that no other test has."""
    return f"{PREFIX}{os.getpid()}-{next(_NUMBERS)}"


@pytest.fixture
def other() -> str:
    """Another one."""
    return f"{PREFIX}{os.getpid()}-{next(_NUMBERS)}"


@pytest.fixture
def stopped(subject: Subject, name: str) -> str:
    """A domain that is defined."""
    subject.driver.domains.define(subject.document(name))
    return name


@pytest.fixture
def running(subject: Subject, name: str) -> str:
    """A domain that runs, without anything in it that listens."""
    subject.run_bare(name)
    return name


@pytest.fixture
def system(subject: Subject, name: str) -> str:
    """A domain that runs, with something in it that listens. The test has the mark ``system``."""
    subject.run_system(name)
    return name


@pytest.fixture
def volumes(driver: Driver) -> Volumes:
    assert driver.volumes is not None
    return driver.volumes


@pytest.fixture
def pool(subject: Subject, driver: Driver, name: str, tmp_path: Path) -> str:
    """An active pool without volumes."""
    assert driver.pools is not None
    path = tmp_path / "pool"
    driver.pools.define(f"<pool type='dir'><name>{name}</name><target><path>{path}</path></target></pool>")
    driver.pools.build(name)
    driver.pools.start(name)
    return name


@pytest.fixture
def small(subject: Subject, driver: Driver, name: str, tmp_path: Path) -> Iterator[str]:
    """An active pool with room for 4 MiB."""
    assert isinstance(subject, QemuSubject)
    assert driver.pools is not None
    path = tmp_path / "small"
    path.mkdir()
    subject.node.run(["mount", "-t", "tmpfs", "-o", "size=4M", "small", str(path)])
    driver.pools.define(f"<pool type='dir'><name>{name}</name><target><path>{path}</path></target></pool>")
    driver.pools.start(name)
    try:
        yield name
    finally:
        driver.pools.destroy(name)
        subject.node.run(["umount", str(path)])
