# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt import protocol
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.events import _KINDS
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.protocol import Procedure, subject
from ansible_collections.stratum.virt.tests.unit._driver._libvirt.fake_daemon import PROCEDURES


def test_no_procedure_is_declared_twice() -> None:
    declared = [value for value in vars(protocol).values() if isinstance(value, Procedure)]
    assert len(declared) == len(PROCEDURES)
    assert len({procedure.what for procedure in declared}) == len(declared)


@pytest.mark.parametrize("procedure", PROCEDURES.values(), ids=lambda procedure: procedure.what)
def test_what_a_procedure_does_is_said_in_words(procedure: Procedure) -> None:
    assert procedure.what[0].islower()
    assert procedure.what.partition(" ")[0].endswith("ing")
    assert procedure.what.count("%") == procedure.what.count("%s") <= 1


def test_the_object_is_named_by_its_own_name() -> None:
    assert subject(protocol.DOMAIN_BY_NAME, ("100% %s",)) == "looking up the domain 100% %s"
    assert subject(protocol.DOMAIN_START, (protocol.Domain("a", bytes(16), -1), 0)) == "starting the domain a"
    assert subject(protocol.DOMAIN_DEFINE, ("<domain/>", 0)) == "defining a domain"


def test_every_event_that_can_arrive_can_be_told() -> None:
    assert set(_KINDS) == set(protocol.EVENTS)
