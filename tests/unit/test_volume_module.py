# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module volume as a program: what it prints of secrets, and how it fetches."""

from __future__ import annotations

import gzip
import hashlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.unit._reconcile.contents import DATA, Server
from tests.unit.test_module import Modules

PASSWORD = "hunter2-hunter2"
CHECKSUM = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
SEED = {
    "user_data": {"password": PASSWORD, "words": ["default", "raw", "create", "a", "simple"], "n": 1, "yes": True},
    "meta_data": "local-hostname: default\n",
}


@pytest.fixture
def modules(tmp_path: Path) -> Modules:
    return Modules(tmp_path)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    server.files["/disk.img"] = DATA
    yield server
    server.close()


def volume(modules: Modules, fault: str = "", **options: Any) -> dict[str, Any]:
    return modules.run("volume", uri=modules.uri + fault, pool="default", name="a", **options)


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("fault", ["", "?fail=volumes.create"])
def test_what_a_seed_says_is_nowhere(modules: Modules, check: bool, fault: str) -> None:
    done = volume(modules, fault, cloud_init=SEED, _ansible_check_mode=check, _ansible_diff=True)
    assert bool(done.get("failed")) is (bool(fault) and not check)
    assert PASSWORD not in json.dumps(done)
    assert done["invocation"]["module_args"]["cloud_init"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def test_words_of_a_seed_are_not_blanked_elsewhere(modules: Modules) -> None:
    done = volume(modules, cloud_init=SEED)
    assert (done["volume"]["name"], done["volume"]["pool"]) == ("a", "default")
    assert done["actions"] == ["create from a cloud-init seed"]
    again = volume(modules, cloud_init={**SEED, "user_data": "#!/bin/sh\n"})
    assert again["actions"] == ["replace the content by a cloud-init seed"]
    assert again["diff"]["after"] == {"cloud_init": "a cloud-init seed"}


@pytest.mark.parametrize(
    "options",
    [
        {"cloud_init": {"user_data": [PASSWORD]}},
        {"cloud_init": {"user_data": PASSWORD}, "format": "qcow2"},
        {"cloud_init": {"user_data": PASSWORD}, "source": {"volume": "b"}},
        {"source": {"url": f"http://me:{PASSWORD}@e.org/a"}},
        {"source": {"url": f"https://me:{PASSWORD}@e.org/a", "volume": "b"}},
        {"source": {"volume": "b", "headers": {"X-Token": PASSWORD}}},
        {"source": {"url": "https://e.org/a", "headers": {"X-Token": f"{PASSWORD}\n"}}},
        {"source": {"url": f"https://me:x/{PASSWORD}@e.org/a"}},
        {"source": {"url": "https://e.org/a", "checksum": f"md5:https://me:{PASSWORD}@e.org/a"}},
    ],
)
def test_a_task_that_makes_no_sense_tells_no_secret(modules: Modules, options: dict[str, Any]) -> None:
    failed = volume(modules, **options)
    assert failed["failed"]
    assert PASSWORD not in json.dumps(failed)


def test_content_is_fetched(modules: Modules, server: Server) -> None:
    server.redirections["/latest"] = "/disk.img"
    source = {"url": server.url("/latest", "http"), "checksum": CHECKSUM, "headers": {"X-Token": PASSWORD}}
    done = volume(modules, source=source)
    assert not done.get("failed"), done
    assert done["volume"]["capacity"] == len(DATA)
    assert [headers["X-Token"] for _path, headers in server.asked] == [PASSWORD] * 2
    assert PASSWORD not in json.dumps(done)
    assert volume(modules, source=source)["changed"] is False
    assert len(server.asked) == 2


@pytest.mark.parametrize("location", ["/a disk.img", "/ä disk.img"])
def test_a_redirection_with_what_no_url_has(modules: Modules, server: Server, location: str) -> None:
    server.files[quote(location, encoding="latin-1")] = DATA
    server.redirections["/latest"] = location
    done = volume(modules, source={"url": server.url("/latest", "http"), "checksum": CHECKSUM})
    assert not done.get("failed"), done


@pytest.mark.parametrize("location", ["http://[bad", f"http://{'a' * 70}.org/"])
def test_a_redirection_that_makes_no_sense(modules: Modules, server: Server, location: str) -> None:
    server.redirections["/latest"] = location
    failed = volume(modules, source={"url": server.url("/latest", "http"), "checksum": CHECKSUM})
    assert "cannot be asked for" in failed["msg"]


def test_what_is_packed_is_not_unpacked_on_the_way(modules: Modules, server: Server) -> None:
    """Its checksum is that of what the server has."""
    packed = gzip.compress(DATA, mtime=0)
    server.files["/disk.img.gz"] = packed
    server.more_headers["Content-Encoding"] = "gzip"
    checksum = f"sha256:{hashlib.sha256(packed).hexdigest()}"
    failed = volume(modules, source={"url": server.url("/disk.img.gz", "http"), "checksum": checksum})
    assert "it is a file compressed by gzip, neither raw nor qcow2" in failed["msg"]


@pytest.mark.parametrize(("told", "says"), [(len(DATA) + 1, "131072 of 131073 bytes"), (4096, "has the checksum")])
def test_a_length_that_is_not_true(modules: Modules, server: Server, told: int, says: str) -> None:
    server.told_length = told
    failed = volume(modules, source={"url": server.url("/disk.img", "http"), "checksum": CHECKSUM})
    assert failed["failed"]
    assert says in failed["msg"]
    assert volume(modules, state="absent")["changed"] is False


def test_servers_that_do_not_answer(modules: Modules, server: Server) -> None:
    def failure(url: str) -> str:
        failed = volume(modules, source={"url": url, "checksum": CHECKSUM}, timeout=1)
        assert failed["failed"]
        message: str = failed["msg"]
        return message

    assert "/none: the server answered 404" in failure(server.url("/none", "http"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert failure(f"http://127.0.0.1:{port}/a") == f"fetching http://127.0.0.1:{port}/a: timed out."
    assert f"fetching http://127.0.0.1:{port}/a: [Errno 111] Connection refused." in failure(
        f"http://127.0.0.1:{port}/a"
    )
    assert "fetching http://no.host.invalid/a: " in failure("http://no.host.invalid/a")
    assert "fetching https://127.0.0.1" in failure(server.url("/disk.img"))
