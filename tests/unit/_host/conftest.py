# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._host.base import Host
from ansible_collections.stratum.virt.plugins.module_utils._host.far import FarHost
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost

from .sessions import LocalSession


@pytest.fixture
def session() -> Iterator[LocalSession]:
    session = LocalSession()
    yield session
    session.close()


@pytest.fixture
def far(session: LocalSession) -> Iterator[FarHost]:
    """The far machine, whose program runs in a process of its own."""
    far = FarHost(session, 20.0)
    yield far
    far.close()


@pytest.fixture(params=["local", "far"])
def host(request: pytest.FixtureRequest) -> Host:
    """This machine, as it is and as a far one: a host is the same wherever it is."""
    found: Host = LocalHost() if request.param == "local" else request.getfixturevalue("far")
    return found
