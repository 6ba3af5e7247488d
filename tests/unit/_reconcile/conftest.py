# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks on a simulated node, as the module ``domain`` runs them, without Ansible around them."""

from __future__ import annotations

import json
import tempfile
import time
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.stratum.virt.plugins.module_utils._document import tree
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim import guest as guests
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.control import edit
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.parameters import GUESTS
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Capability, Driver
from ansible_collections.stratum.virt.plugins.module_utils._driver.domains import DomainRecord
from ansible_collections.stratum.virt.plugins.module_utils._driver.registry import open_driver
from ansible_collections.stratum.virt.plugins.module_utils._host.base import Host
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost
from ansible_collections.stratum.virt.plugins.module_utils._reconcile import (
    domain_info,
    domain_live,
    domain_power,
    domain_request,
)
from ansible_collections.stratum.virt.plugins.module_utils._reconcile.domain import DomainManager

Result = dict[str, Any]

CORE = "ansible_collections.stratum.virt.plugins.module_utils"
RECONCILE = f"{CORE}._reconcile"

SMALL: dict[str, Any] = {
    "name": "web1",
    "machine": "pc",
    "memory": "64MiB",
    "memory_max": "128MiB",
    "vcpus": 1,
    "vcpus_max": 4,
    "disks": [{"target": "vda", "file": "/images/a.qcow2"}],
    "interfaces": [{"network": "default"}],
}
"""A small domain, with room to grow while it runs; its machine has few parts, so that reading it takes little time."""

_VALIDATORS: dict[str, ArgumentSpecValidator] = {}


def validated(module: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return options as Ansible hands them to a module: checked, converted, with all defaults."""
    if module not in _VALIDATORS:
        _VALIDATORS[module] = ArgumentSpecValidator(import_module(f"{CORE}._task.{module}").argument_spec())
    # Through JSON, as options come from the controller: nothing is shared with the caller.
    result = _VALIDATORS[module].validate(json.loads(json.dumps(options)))
    assert not result.error_messages, result.error_messages
    parameters: dict[str, Any] = result.validated_parameters
    return parameters


class Node:
    """A simulated node, tasks on it, and a look behind the scenes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.has_files = False
        """Whether the domains' files are real ones of this host."""
        self.host: Host = LocalHost()
        """The machine that tasks run on, and the node."""

    def connect(self, parameters: str = "", timeout: float = 5.0) -> Driver:
        driver = open_driver(f"sim://{self.path}{'?' + parameters if parameters else ''}", self.host, timeout)
        if self.has_files:
            driver.capabilities |= {Capability.NODE_FILES}
        return driver

    def task(
        self,
        options: dict[str, Any],
        *,
        check: bool = False,
        parameters: str = "",
        patience: float = 5.0,
        **more: Any,
    ) -> Result:
        """Run one task; ``parameters`` are those of the URI, ``patience`` is its timeout."""
        request = domain_request.load(validated("domain", {**options, **more}))._replace(timeout=patience)
        result = DomainManager(partial(self.connect, parameters), self.host, request).run(check_mode=check)
        # What is returned has to be something that can be printed.
        printed: Result = json.loads(json.dumps(result))
        return printed

    def info(self, **options: Any) -> list[Result]:
        with self.connect() as driver:
            return domain_info.domains(driver, domain_info.load(validated("domain_info", options)))

    def manage(
        self,
        module: str,
        options: dict[str, Any],
        *,
        check: bool = False,
        parameters: str = "",
        patience: float = 5.0,
        **more: Any,
    ) -> Result:
        """Run one task with another module that manages objects (``pool``); the rest is as for ``task``."""
        request, manager = (import_module(f"{RECONCILE}.{name}") for name in (f"{module}_request", module))
        asked = request.load(validated(module, {**options, **more}))._replace(timeout=patience)
        connect = partial(self.connect, parameters)
        result = getattr(manager, f"{module.title()}Manager")(connect, self.host, asked).run(check_mode=check)
        printed: Result = json.loads(json.dumps(result))
        return printed

    def create(self, **options: Any) -> Result:
        """Create a domain whose guest takes no time for anything."""
        result = self.task(SMALL, **options)
        with self.edit() as state:
            for domain in state.domains.values():
                domain.guest.reaction = 0.0
        return result

    def record(self, name: str = "web1") -> DomainRecord | None:
        with self.connect() as driver:
            return next(iter(driver.domains.describe([name], secrets=True)), None)

    def config(self, name: str = "web1") -> Any:
        record = self.record(name)
        assert record is not None
        assert record.config is not None
        return tree.parse(record.config, name)

    def live(self, name: str = "web1") -> Any:
        record = self.record(name)
        assert record is not None
        assert record.live is not None
        return tree.parse(record.live, name)

    def edit(self) -> Any:
        return edit(str(self.path))

    def bytes(self) -> bytes:
        self.settled()
        return self.path.read_bytes() if self.path.exists() else b""

    def settled(self) -> None:
        """Wait until no guest has anything left to do by itself."""
        end = time.monotonic() + 5
        while time.monotonic() < end:
            with self.edit() as state:
                waiting = [domain for domain in state.domains.values() if domain.state == "running" and domain.due]
            if not waiting:
                return
            time.sleep(0.005)
        raise AssertionError("a simulated guest never comes to rest")

    def put(self, condition: str, name: str = "web1") -> None:
        """Bring a domain, which exists and is stopped, into a condition."""
        with self.connect() as driver:
            domains = driver.domains
            if condition == "absent":
                domains.undefine(name)
            elif condition != "stopped":
                domains.start(name)
                self.settled()
                {"paused": domains.suspend, "saved": domains.save}.get(condition, lambda _name: None)(name)
        if condition in ("suspended", "crashed", "shutting down"):
            # No call leads there: a guest, or the hardware, does it by itself.
            with self.edit() as state:
                state.domains[name].state = condition

    def is_like(self, *words: str, name: str = "web1") -> None:
        """Let a guest behave like that from now on (the words of the URI's ``guest``)."""
        with self.edit() as state:
            guest = state.domains[name].guest
            for word in words:
                for attribute, value in GUESTS[word].items():
                    setattr(guest, attribute, value)
            guests.behave(state, name, guest)


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let waits for guests that do nothing be short, and locks be this test's own."""
    monkeypatch.setattr(domain_live, "PATIENCE", 0.3)
    monkeypatch.setattr(domain_live, "SETTLING", 0.1)
    monkeypatch.setattr(domain_power, "ASK_AGAIN", 0.2)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A simulated node without domains."""
    return Node(tmp_path / "node")
