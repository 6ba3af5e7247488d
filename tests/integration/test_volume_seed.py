# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Seeds for cloud-init, as a guest and other readers of CDs see them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from tests.integration import ansible
from tests.integration.modules import Tasks
from tests.integration.test_domain_live import in_guest
from tests.integration.test_volume_content import left
from tests.lab import Node

SEED: dict[str, Any] = {
    "user_data": {"users": ["default", {"name": "ann", "passwd": "hunter2-hunter2"}], "ssh_pwauth": True},
    "meta_data": {"instance-id": "i-7", "local-hostname": "web1"},
    "network_config": "version: 2\nethernets: {}\n",
}
STATED = {"pool": "default", "name": "web1-seed.iso"}


def test_a_guest_mounts_it_and_reads_its_data(
    volumes: Tasks, tasks: Tasks, node: Node, bootable: dict[str, object]
) -> None:
    volumes.apply(**STATED, cloud_init=SEED)
    seed = {"target": "vda", "pool": "default", "volume": STATED["name"], "format": "raw", "read_only": True}
    tasks.make(**bootable, name="reads", state="running", disks=[seed], wait_for=["agent"])
    # The guest has mounted it already, and taken its name from it.
    assert in_guest(tasks, "reads", "hostname; umount /seed").strip() == "web1"
    script = "mkdir -p /cd; mount -t iso9660 -o ro{0} /dev/vda /cd && {1}; umount /cd"
    user_data = in_guest(tasks, "reads", script.format("", "cat /cd/user-data"))
    assert user_data.startswith("#cloud-config\n")
    assert yaml.safe_load(user_data) == SEED["user_data"]
    listed = in_guest(tasks, "reads", script.format("", "ls -ln /cd")).splitlines()
    assert [line.split()[-1] for line in listed[1:]] == ["meta-data", "network-config", "user-data"]
    # It may hold secrets.
    assert all(line.startswith("-r--------    1 0        0 ") for line in listed[1:]), listed
    # Without Rock Ridge, by the names that Windows sees.
    joliet = in_guest(tasks, "reads", script.format(",norock", "cat /cd/network-config"))
    assert joliet == SEED["network_config"]
    assert in_guest(tasks, "reads", "dd if=/dev/vda bs=1 skip=32808 count=6 2>/dev/null") == "cidata"


def test_it_is_rewritten_only_when_its_content_changes(
    volumes: Tasks, tasks: Tasks, node: Node, bootable: dict[str, object]
) -> None:
    volumes.apply(**STATED, cloud_init=SEED, permissions={"mode": "0640"})
    before = (node.images / STATED["name"]).stat()
    volumes.unchanged(**STATED, cloud_init=dict(reversed(SEED.items())))
    assert (node.images / STATED["name"]).stat().st_ino == before.st_ino
    changed = {**SEED, "user_data": "#!/bin/sh\n"}
    seed = {"target": "vda", "pool": "default", "volume": STATED["name"], "format": "raw", "read_only": True}
    tasks.make(**bootable, name="reads", state="running", disks=[seed])
    refused = volumes.refused(**STATED, cloud_init=changed)
    assert "reads" in refused["msg"]
    tasks.make(name="reads", state="stopped", force=True, timeout=1)
    done = volumes.apply(**STATED, cloud_init=changed)
    assert done["actions"] == ["replace the content by a cloud-init seed"]
    assert (node.images / STATED["name"]).stat().st_mode & 0o777 == 0o640
    assert left(volumes) == [STATED["name"]]


def test_the_same_options_make_the_same_bytes(volumes: Tasks, node: Node, tmp_path: Path) -> None:
    for name in ("a", "b"):
        volumes.make(pool="default", name=name, cloud_init=SEED)
    volumes.virsh("vol-download", "a", str(tmp_path / "a"), "--pool", "default")
    assert (tmp_path / "a").read_bytes() == (node.images / "b").read_bytes()


def test_a_disk_is_not_taken_for_a_seed(volumes: Tasks, node: Node) -> None:
    volumes.make(**STATED, capacity="20MiB", format="qcow2")
    refused = volumes.refused(**STATED, cloud_init=SEED)
    assert "something that is no seed" in refused["msg"]
    done = volumes.make(**STATED, cloud_init=SEED, replace=True)
    assert done["volume"]["capacity"] < 100_000
    volumes.unchanged(**STATED, cloud_init=SEED)


def test_what_it_says_is_nowhere_else(volumes: Tasks, tasks: Tasks) -> None:
    """Nor are common words of it blanked out of the result."""
    seed = {**SEED, "user_data": {**SEED["user_data"], "packages": ["default", "raw", "cidata"], "n": 1}}
    for check in (True, False):
        for extra in ({}, {"format": "qcow2"}):
            result = volumes.run(check, **STATED, cloud_init=seed, **extra)
            assert "hunter2" not in json.dumps(result)
            assert (
                "default" in (result["msg"] if result["failed"] else result["volume"]["pool"])
                or "qcow2" in result["msg"]
            )
    assert volumes.info(pool=["default"])[0]["name"] == STATED["name"]
    printed = ansible.module("volume", {"uri": volumes.uri, **STATED, "cloud_init": {"user_data": "hunter2"}}, "-vvv")
    assert not printed["failed"], printed
    assert "hunter2" not in json.dumps(printed)
    assert printed["volume"]["pool"] == "default"
