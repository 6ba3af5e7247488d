# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Content from a file of the controller, by playbooks."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration import ansible
from tests.integration.modules import Tasks
from tests.integration.test_volume_content import left
from tests.lab import Node

MIB = 1024**2
DATA = random.Random(3).randbytes(MIB) + bytes(15 * MIB)

Play = Callable[..., dict[str, Any]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a playbook's files, and a place for the temporary files of the node."""
    (tmp_path / "files" / "images").mkdir(parents=True)
    (tmp_path / "files" / "images" / "disk.img").write_bytes(DATA)
    (tmp_path / "tmp").mkdir()
    return tmp_path


@pytest.fixture
def play(volumes: Tasks, project: Path) -> Play:
    """Run one task of a playbook; return its result and, as ``copied``, the files that were brought to the node."""

    def run(*argv: str, task: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        stated = {"uri": volumes.uri, "pool": "default", "name": "a", **options}
        tasks = [{"name": "The task", "stratum.virt.volume": stated, **(task or {})}]
        (project / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
        results = project / "results"
        results.write_text("")
        done = ansible.playbook(
            project / "play.yml",
            "-vvv",
            *argv,
            environment={
                "ANSIBLE_CALLBACKS_ENABLED": "results",
                "ANSIBLE_CALLBACK_PLUGINS": str(Path(ansible.__file__).parent / "callback"),
                "ANSIBLE_REMOTE_TEMP": str(project / "tmp"),
                "STRATUM_TEST_RESULTS": str(results),
            },
        )
        lines = results.read_text().splitlines()
        assert len(lines) == 1, done.stdout + done.stderr
        result: dict[str, Any] = json.loads(lines[0])
        result["copied"] = [line for line in done.stdout.splitlines() if " PUT " in line and "AnsiballZ" not in line]
        end = time.monotonic() + 10
        while list((project / "tmp").iterdir()):
            # With async, Ansible leaves it to the node to clean up in its own time.
            assert time.monotonic() < end
            time.sleep(0.1)
        return result

    return run


def test_it_is_brought_when_it_is_needed(play: Play, volumes: Tasks, node: Node) -> None:
    source = {"file": "images/disk.img"}
    foretold = play("--check", source=source)
    assert (foretold["failed"], foretold["changed"], foretold["copied"]) == (False, True, []), foretold
    assert left(volumes) == []
    done = play(source=source)
    assert not done["failed"], done
    assert done["changed"]
    assert len(done["copied"]) == 1
    for what in ("actions", "diff"):
        assert done[what] == foretold[what]
    assert done["actions"] == ["create from the file disk.img"]
    assert (node.images / "a").read_bytes() == DATA
    assert (node.images / "a").stat().st_blocks * 512 < 2 * MIB
    again = play(source=source)
    assert (again["failed"], again["changed"], again["copied"]) == (False, False, [])
    assert left(volumes) == ["a"]


def test_another_file_is_not_brought_without_consent(play: Play, node: Node, project: Path) -> None:
    assert not play(source={"file": str(project / "files/images/disk.img")})["failed"]
    (project / "files/other.img").write_bytes(DATA[::-1])
    refused = play(source={"file": "other.img"})
    assert (refused["failed"], refused["copied"]) == (True, [])
    assert "a has its content from the file disk.img, not from the file other.img" in refused["msg"]
    done = play(source={"file": "other.img"}, replace=True)
    assert not done["failed"], done
    assert (node.images / "a").read_bytes() == DATA[::-1]


def test_a_qcow2_file_is_known_for_one_before_it_is_there(play: Play, project: Path, node: Node) -> None:
    argv = ["qemu-img", "create", "-q", "-f", "qcow2", str(project / "files" / "disk.qcow2"), "8M"]
    subprocess.run(argv, check=True)
    for arguments in (["--check"], []):
        done = play(*arguments, source={"file": "disk.qcow2"})
        assert not done["failed"], done
        assert done["diff"]["after"]["format"] == "qcow2"
    assert (node.images / "a").read_bytes() == (project / "files" / "disk.qcow2").read_bytes()


def test_a_file_in_a_vault(play: Play, project: Path, node: Node) -> None:
    (project / "password").write_text("hunter2")
    secret = project / "files" / "secret.img"
    secret.write_bytes(DATA[: MIB // 4])
    argv = ["encrypt", "--vault-password-file", str(project / "password"), str(secret)]
    subprocess.run([str(ansible.PROGRAMS / "ansible-vault"), *argv], check=True, env=ansible.environment())
    assert secret.read_bytes().startswith(b"$ANSIBLE_VAULT")
    done = play("--vault-password-file", str(project / "password"), source={"file": "secret.img"})
    assert not done["failed"], done
    assert done["actions"] == ["create from the file secret.img"]
    assert (node.images / "a").read_bytes() == DATA[: MIB // 4]


def test_a_checksum_of_a_file_of_the_controller(play: Play, volumes: Tasks, node: Node) -> None:
    digest = hashlib.sha512(DATA).hexdigest()
    wrong = play(source={"file": "images/disk.img", "checksum": f"sha512:{'0' * 128}"})
    assert f"has the checksum sha512:{digest}, not sha512:0000" in wrong["msg"]
    assert left(volumes) == []
    done = play(source={"file": "images/disk.img", "checksum": f"sha512:{digest}"})
    assert not done["failed"], done
    assert (node.images / "a").read_bytes() == DATA


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ({"file": "none.img"}, "source.file: "),
        ({"file": "images"}, "is not a file"),
        ({"file": "packed.img"}, "source.file: packed.img cannot be used: it is a file compressed by gzip"),
        (
            {"file": "images/disk.img", "format": "qcow2"},
            "cannot be used: it is stated to be qcow2, and does not begin",
        ),
        ({"file": "images/disk.img", "url": "https://e.org/a"}, "source: it names one volume, one file or one URL"),
        ({"file": "images/disk.img", "checksum": "md5:0"}, "source.checksum: 'md5' is none that can be relied on"),
        ({"file": "images/disk.img", "remote_src": True}, "source.file: 'images/disk.img' is not an absolute path"),
        ({"file": ["a"]}, "source"),
        ("nonsense", "dictionary requested, could not parse"),
    ],
)
def test_what_cannot_be_brought(play: Play, project: Path, volumes: Tasks, source: Any, says: str) -> None:
    (project / "files" / "packed.img").write_bytes(b"\x1f\x8b" + DATA[:MIB])
    result = play(source=source)
    assert (result["failed"], result["copied"]) == (True, [])
    assert says in result["msg"]
    assert left(volumes) == []


def test_a_file_of_the_node_and_no_file(play: Play, project: Path, node: Node) -> None:
    path = project / "files" / "images" / "disk.img"
    done = play(source={"file": str(path), "remote_src": "yes"})
    assert (done["failed"], done["copied"]) == (False, []), done
    assert done["actions"] == [f"create from the file {path}"]
    done = play(source=f"file={path} remote_src=true")
    assert (done["failed"], done["changed"]) == (False, False), done
    done = play(state="absent", source={"file": "none"})
    assert (done["failed"], done["changed"]) == (False, True), done
    assert not (node.images / "a").exists()


def test_async_needs_no_file_of_the_controller(play: Play, node: Node) -> None:
    refused = play(source={"file": "images/disk.img"}, task={"async": 30, "poll": 1})
    assert "a file of the controller cannot be used with async" in refused["msg"]
    done = play(capacity="1MiB", task={"async": 30, "poll": 1})
    assert not done["failed"], done
    assert (node.images / "a").exists()
