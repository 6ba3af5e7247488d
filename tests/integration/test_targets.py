# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run every folder of ``targets`` as a role, in a play of its own, against a real node.

A target finds these variables: ``lab_uri``, ``lab_lxc_uri``, ``lab_virsh`` (a command line to append to, for asking
what really is), ``lab_images`` (a folder for disks), ``guest_kernel``, ``guest_initrd``, ``guest_cmdline`` and
``output_dir`` (empty, thrown away). The modules take ``lab_uri`` by themselves. Folders that begin with ``setup_`` are
for other targets to include. A target leaves no domain behind.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Guest
from tests.integration.ansible import playbook
from tests.lab import Node

TARGETS = Path(__file__).parent / "targets"
NAMES = sorted(
    path.name for path in TARGETS.iterdir() if (path / "tasks" / "main.yml").is_file() and path.name[:6] != "setup_"
)


@pytest.mark.parametrize("target", NAMES)
def test_target(target: str, node: Node, guest: Guest, tmp_path: Path) -> None:
    play = {
        "name": f"Target {target}",
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/stratum.virt.virt": {"uri": node.uri}},
        "vars": {
            "lab_uri": node.uri,
            "lab_lxc_uri": node.lxc_uri,
            "lab_virsh": node.virsh_command(),
            "lab_images": str(node.images),
            "guest_kernel": guest.kernel,
            "guest_initrd": guest.initrd,
            "guest_cmdline": guest.cmdline,
            "output_dir": str(tmp_path),
        },
        "roles": [target],
    }
    file = tmp_path / "play.yml"
    file.write_text(json.dumps([play]))
    done = playbook(file, environment={"ANSIBLE_ROLES_PATH": str(TARGETS)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert node.virsh("list", "--all", "--name") == "", "the target left a domain behind"
