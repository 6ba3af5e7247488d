# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Driver
from ansible_collections.stratum.virt.plugins.module_utils._driver.registry import open_driver
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost

from tests.integration.ansible import environment

DOCUMENT = """
<domain type='qemu'>
  <name>{name}</name>
  {more}
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices>{devices}</devices>
</domain>
"""
ON_DEFAULT = "<interface type='network'><source network='default'/></interface>"
AGENT = "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
TAGS = "<metadata><stratum:domain xmlns:stratum='urn:stratum.virt:domain:1'>{tags}</stratum:domain></metadata>"


class Loaded:
    """An inventory as Ansible has it."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self.hosts: dict[str, dict[str, Any]] = said["hosts"]
        self.group_vars: dict[str, dict[str, Any]] = said["group_vars"]
        self.groups: dict[str, list[str]] = said["groups"]
        self.rendered: dict[str, dict[str, Any]] = said["rendered"]
        self.warnings: list[str] = said["warnings"]

    @property
    def names(self) -> list[str]:
        return sorted(self.hosts)


class Ansible:
    """A process that loads inventories; ``more`` is added to its environment."""

    def __init__(self, **more: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("loader.py"))],
            env={**environment(), **more},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def load(self, *sources: Path, cache: bool = True, render: tuple[str, ...] = ()) -> Loaded:
        """Load sources together; with ``render``, templates are rendered for every host."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"sources": [str(source) for source in sources], "cache": cache, "render": render}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return Loaded(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate(timeout=30)


@pytest.fixture(scope="session")
def ansible() -> Iterator[Ansible]:
    started = Ansible()
    yield started
    started.close()


class Nodes:
    """Simulated nodes in a folder, and sources that name them."""

    def __init__(self, folder: Path, ansible: Ansible) -> None:
        self.folder = folder
        self._ansible = ansible
        self._opened: dict[str, Driver] = {}

    def uri(self, node: str) -> str:
        return f"sim://{self.folder}/{node}?guest=agent&reaction=0"

    def driver(self, node: str) -> Driver:
        if node not in self._opened:
            self._opened[node] = open_driver(self.uri(node), LocalHost(), 10)
        return self._opened[node]

    def define(
        self,
        node: str,
        *names: str,
        start: bool = False,
        more: str = "",
        tags: tuple[str, ...] = (),
        devices: str = ON_DEFAULT,
    ) -> None:
        """Define domains on a node."""
        if tags:
            more += TAGS.format(tags="".join(f"<stratum:tag>{tag}</stratum:tag>" for tag in tags))
        for name in names:
            self.driver(node).domains.define(DOCUMENT.format(name=name, more=more, devices=devices))
            if start:
                self.driver(node).domains.start(name)

    def source(self, *nodes: str | Mapping[str, Any], file: str = "lab.stratum_virt.yml", **options: Any) -> Path:
        """Write a source over these nodes; a node that is more than a name is an entry of ``uris``."""
        uris = [{"uri": self.uri(node), "name": node} if isinstance(node, str) else dict(node) for node in nodes]
        path = self.folder / file
        path.write_text(yaml.safe_dump({"plugin": "stratum.virt.domains", "uris": uris, **options}))
        return path

    def load(
        self, *nodes: str | Mapping[str, Any], cache_used: bool = True, render: tuple[str, ...] = (), **options: Any
    ) -> Loaded:
        """Load a source over these nodes."""
        return self._ansible.load(self.source(*nodes, **options), cache=cache_used, render=render)

    def close(self) -> None:
        for driver in self._opened.values():
            driver.close()


@pytest.fixture
def nodes(tmp_path: Path, ansible: Ansible) -> Iterator[Nodes]:
    made = Nodes(tmp_path, ansible)
    yield made
    made.close()
