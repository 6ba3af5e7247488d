# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pools of storage that other hosts offer: their servers run on the node itself, and are real ones."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which

import pytest

from tests.conftest import lacking
from tests.integration.modules import Tasks
from tests.lab import Node

TARGET = "iqn.2026-01.org.example:storage"
INITIATOR = "iqn.2026-01.org.example:node1"

QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def needs(*programs: str) -> None:
    missing = [program for program in programs if which(program) is None]
    if missing:
        lacking(f"this takes {', '.join(missing)}")


def wait_for(condition: Callable[[], bool], told: Callable[[], str] = str, seconds: float = 120) -> None:
    """Wait until the condition holds; a failure says what ``told`` returns."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, told()
        time.sleep(0.1)


@pytest.fixture
def target(node: Node, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """An iSCSI target on the node, with one unit; what it returns is what its daemon's administrator says."""
    needs("tgtd")
    if "iscsi-direct" not in node.virsh("pool-capabilities"):
        lacking("this takes libvirt's iscsi-direct driver")
    unit = tmp_path / "unit"
    with unit.open("wb") as made:
        made.truncate(8 * 1024**2)
    daemon = subprocess.Popen(node.enter("tgtd", "-f"), **QUIET)

    def administer(*argv: str, check: bool = True) -> str:
        return node.run(["tgtadm", "--lld", "iscsi", *argv], check=check).stdout

    try:
        wait_for(lambda: node.run(["tgtadm", "--op", "show", "--mode", "sys"], check=False).returncode == 0)
        administer("--op", "new", "--mode", "target", "--tid", "1", "-T", TARGET)
        administer("--op", "new", "--mode", "logicalunit", "--tid", "1", "--lun", "1", "-b", str(unit))
        administer("--op", "bind", "--mode", "target", "--tid", "1", "-I", "ALL")
        yield administer
    finally:
        administer("--op", "delete", "--mode", "target", "--force", "--tid", "1", check=False)
        node.run(["tgtadm", "--op", "delete", "--mode", "system"], check=False)
        daemon.terminate()
        daemon.wait()


SECRET = """
<secret ephemeral='yes' private='yes'>
  <usage type='iscsi'><target>san</target></usage>
</secret>
"""


def test_an_iscsi_target_with_a_password(pools: Tasks, target: Callable[..., str], tmp_path: Path) -> None:
    target("--op", "new", "--mode", "account", "--user", "node1", "--password", "correct horse")
    target("--op", "bind", "--mode", "account", "--tid", "1", "--user", "node1")
    source = {"hosts": [{"name": "127.0.0.1"}], "devices": [{"path": TARGET}], "initiator": INITIATOR}
    options = {"name": "san", "type": "iscsi-direct", "source": source, "state": "active"}
    result = pools.run(**options)
    assert result["failed"]
    assert result["failed_action"] == "start"
    document = tmp_path / "secret.xml"
    document.write_text(SECRET)
    pools.virsh("secret-define", str(document))
    uuid = pools.virsh("secret-list").split()[0]
    try:
        (tmp_path / "password").write_text("correct horse")
        pools.virsh("secret-set-value", uuid, "--file", str(tmp_path / "password"), "--plain")
        auth = {"type": "chap", "username": "node1", "secret": {"usage": "san"}}
        done = pools.apply(**{**options, "source": {**source, "auth": auth}})
        assert done["actions"] == ["change the configuration", "start"]
        assert "unit:0:0:1" in pools.virsh("vol-list", "san")
        result = pools.refused(name="san", state="absent", delete_storage=True)
        assert "libvirt cannot delete the volumes of a pool of the type iscsi-direct" in result["msg"]
        done = pools.apply(name="san", source={"auth": {**auth, "secret": {"uuid": uuid}}}, restart="if_needed")
        assert done["actions"] == ["change the configuration", "stop", "start"]
        pools.apply(name="san", state="absent")
    finally:
        pools.virsh("secret-undefine", uuid)


@pytest.fixture
def share(node: Node, tmp_path: Path) -> Iterator[Path]:
    """The folder whose files a Gluster server on the node shares as ``images``."""
    needs("glusterd", "gluster", "mount.glusterfs")
    brick = tmp_path / "brick"
    brick.mkdir()
    # What the server keeps is the node's own, and this test's.
    private = ("/var/lib/glusterd", "/var/log/glusterfs")
    for path in private:
        node.run(["mount", "-t", "tmpfs", "tmpfs", path])
    log = tmp_path / "glusterd.log"
    # It gives up when its script does not run, and that one runs on whatever PYTHON names in the environment.
    system = ("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin")
    daemon = subprocess.Popen(node.enter(*system, "glusterd", "--no-daemon", "--log-file", str(log)), **QUIET)

    def gluster(*argv: str, check: bool = True) -> bool:
        return node.run(["gluster", "--mode=script", "volume", *argv], check=check).returncode == 0

    def answers() -> bool:
        assert daemon.poll() is None, log.read_text()
        return gluster("info", check=False)

    try:
        wait_for(answers, told=log.read_text)
        gluster("create", "images", f"{node.address}:{brick}", "force")
        gluster("start", "images")
        yield brick
    finally:
        gluster("stop", "images", "force", check=False)
        daemon.terminate()
        daemon.wait()
        for path in private:
            node.run(["umount", "--lazy", path])


def test_a_share_is_mounted(pools: Tasks, share: Path, node: Node, tmp_path: Path) -> None:
    folder = tmp_path / "mounted"
    source = {"hosts": [{"name": node.address}], "dir": "images", "format": "glusterfs"}
    options = {"name": "share", "type": "netfs", "source": source, "target": {"path": str(folder)}}
    done = pools.apply(**options, state="active")
    assert done["actions"] == ["define", f"make the folder {folder}", "start"]
    assert f" {folder} fuse.glusterfs " in node.run(["cat", "/proc/mounts"]).stdout
    pools.virsh("vol-create-as", "share", "kept.raw", "1M")
    assert (share / "kept.raw").stat().st_size == 1024**2
    result = pools.refused(name="share", source={"dir": "/images", "format": "nfs", "hosts": []})
    assert result["msg"].startswith("source.hosts: a pool of the type netfs needs it")
    pools.apply(name="share", state="inactive")
    assert str(folder) not in node.run(["cat", "/proc/mounts"]).stdout
    pools.apply(name="share", state="active")
    pools.apply(name="share", state="absent")
    assert (share / "kept.raw").exists()
    pools.make(**options, state="active")
    done = pools.apply(name="share", state="absent", delete_storage=True)
    assert done["actions"] == [
        f"delete the volume kept.raw ({folder}/kept.raw)",
        "stop",
        f"delete the folder {folder}",
        "undefine",
    ]
    assert not (share / "kept.raw").exists()
    assert not folder.exists()
