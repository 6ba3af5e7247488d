# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A guest whose agent works on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.plugin_utils._guest_agent.guest import Guest, Limits, reach
from ansible_collections.stratum.virt.tests.unit.connection.agents import NAME, LocalAgent, LocalNode

LIMITS = Limits(timeout=5, command_timeout=30, output_limit=16 * 1024**2, poll_interval=0.05)

Reach = Callable[..., Guest]


@pytest.fixture
def agent() -> Iterator[LocalAgent]:
    agent = LocalAgent()
    yield agent
    agent.close()


@pytest.fixture
def node(agent: LocalAgent) -> LocalNode:
    return LocalNode(agent)


@pytest.fixture
def reached(node: LocalNode) -> Iterator[Reach]:
    """Reach the guest; what is said replaces the ordinary limits."""
    guests: list[Guest] = []

    def get(domain: str = NAME, windows: bool = False, **limits: Any) -> Guest:
        guests.append(reach(node.connect, domain, LIMITS._replace(**limits), windows=windows, executable=None))
        return guests[-1]

    yield get
    for guest in guests:
        guest.close()


@pytest.fixture
def guest(reached: Reach) -> Guest:
    return reached()
