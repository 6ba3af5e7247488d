# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A program that loads inventories with Ansible's own machinery, one for each line of JSON that it reads.

A process of its own, because Ansible takes over how collections are imported; one for many inventories, because it
takes half a second to start.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar
from ansible.utils.display import Display

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19, where every string is a template that does not say otherwise
    trust_as_template = str

WARNINGS: list[str] = []


def plain(value: Any) -> Any:
    """Return a value without what Ansible puts around strings."""
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return str.__str__(value) + "" if isinstance(value, str) else value


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Load an inventory; return its hosts with their variables, its groups, and what was warned of."""
    WARNINGS.clear()
    loader = DataLoader()
    manager = InventoryManager(loader=loader, sources=[*request["sources"]], cache=request["cache"], parse=True)
    hosts = {name: host.get_vars() for name, host in manager.hosts.items()}
    rendered = {
        name: {
            expression: plain(Templar(loader, variables=variables).template(trust_as_template(expression)))
            for expression in request["render"]
        }
        for name, variables in hosts.items()
    }
    return {
        "hosts": plain(hosts),
        "groups": {name: sorted(host.name for host in group.get_hosts()) for name, group in manager.groups.items()},
        "group_vars": {name: plain(group.get_vars()) for name, group in manager.groups.items()},
        "rendered": rendered,
        "warnings": list(WARNINGS),
    }


def main() -> None:
    init_plugin_loader()
    Display.warning = lambda self, msg, *_more, **_options: WARNINGS.append(str(msg))
    # Since ansible-core 2.19, for what a source says wrong.
    Display.error_as_warning = lambda self, msg, exception, **_more: WARNINGS.append(f"{msg}: {exception}")
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
