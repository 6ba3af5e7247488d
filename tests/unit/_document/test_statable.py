# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a document says and no task could state is left out of its spec."""

from __future__ import annotations

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document import tree
from ansible_collections.stratum.virt.plugins.module_utils._document.domain import DOMAIN
from ansible_collections.stratum.virt.plugins.module_utils._document.statable import statable


@pytest.mark.parametrize(
    ("document", "spec"),
    [
        ("<devices><channel type='pty'><target type='guestfwd' port='4600'/></channel></devices>", {}),
        (
            "<devices><disk><target bus='sata'/></disk><disk><target dev='vda'/></disk></devices>",
            {"disks": [{"target": "vda"}]},
        ),
        ("<cpu mode='custom'><numa><cell id='0'/></numa></cpu>", {"cpu": {"mode": "custom"}}),
        ("<cputune><vcpusched scheduler='idle'/><vcpusched vcpus='1' scheduler='idle'/></cputune>", {}),
    ],
)
def test_entries_that_lack_what_options_require(document: str, spec: object) -> None:
    read = DOMAIN.read(tree.parse(f"<domain>{document}</domain>", "a domain"))
    assert statable(DOMAIN, read) == spec
