# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes with content that the node fetches."""

from __future__ import annotations

import hashlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError, StratumError
from ansible_collections.stratum.virt.plugins.module_utils._reconcile.volume_content import secrets

from tests.unit._reconcile.contents import DATA, Node, Server, qcow2

SHA256 = hashlib.sha256(DATA).hexdigest()
MIB = 1024 * 1024


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "node")


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    server.files["/disk.img"] = DATA
    yield server
    server.close()


def test_a_url(node: Node, server: Server) -> None:
    source = {"url": server.url("/disk.img?token=hunter2")}
    foretold = node.task(check=True, source=source)
    assert not server.asked
    done = node.apply(source=source)
    assert done["actions"] == foretold["actions"] == [f"create from {server.url('/disk.img')}"]
    assert (node.names(), node.content()) == (["a"], DATA)
    assert len(server.asked) == 1
    server.files.clear()
    assert not node.task(source=source)["changed"]
    with pytest.raises(InputError) as raised:
        node.task(source={"url": server.url("/disk.img?token=other")})
    assert f"a has its content from {server.url('/disk.img')} as it was before, not from" in str(raised.value)
    mark = node.volumes.mark("default", "a")
    assert mark is not None
    assert "hunter2" not in mark


def test_an_image_becomes_what_is_wanted(node: Node, server: Server) -> None:
    server.files["/image"] = qcow2(MIB)
    node.apply(source={"url": server.url("/image")}, capacity="3MiB")
    assert (node.spec()["format"], node.spec()["capacity"]) == ("qcow2", 3 * MIB)
    node.apply(name="b", source={"url": server.url("/image")}, format="raw")
    assert (node.spec("b")["format"], node.content("b")) == ("raw", bytes(MIB))


def test_a_url_with_a_checksum_is_known_by_that(node: Node, server: Server) -> None:
    checksum = f"sha256:{SHA256}"
    node.apply(source={"url": server.url("/disk.img", "http"), "checksum": checksum})
    asked = len(server.asked)
    assert not node.task(source={"url": server.url("/elsewhere", "http"), "checksum": checksum})["changed"]
    assert len(server.asked) == asked
    with pytest.raises(InputError, match=r"from http.*disk.img.*, not from"):
        node.task(source={"url": server.url("/disk.img"), "checksum": f"sha512:{'0' * 128}"})


LISTS = {
    "coreutils": f"{'0' * 64}  disk.img.sig\n{SHA256} *disk.img\n",
    "with a folder": f"# comment\n\n{SHA256}  ./images/disk.img\n",
    "tagged": f"SHA512 (disk.img) = {'0' * 128}\nSHA256 (disk.img) = {SHA256.upper()}\n",
    "windows": f"{SHA256}  disk.img\r\n",
}


@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS)
def test_a_checksum_from_a_list(node: Node, server: Server, text: str) -> None:
    server.files["/SHA256SUMS"] = text.encode()
    source = {"url": server.url("/disk.img"), "checksum": f"sha256:{server.url('/SHA256SUMS')}"}
    node.apply(source=source)
    assert node.content() == DATA
    server.files["/SHA256SUMS"] = text.upper().replace(SHA256.upper(), "1" * 64).lower().encode()
    with pytest.raises(InputError, match=r"from http.*disk.img.*, not from"):
        node.task(source=source)
    with pytest.raises(StratumError, match=f"disk.img has the checksum sha256:{SHA256}, not sha256:1111"):
        node.task(name="b", source=source)
    assert node.names() == ["a"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "SHA256SUMS: the server answered 404"),
        (b"", "SHA256SUMS has no sha256 of disk.img"),
        (f"{SHA256}  disk.img.old\n{'1' * 63}  disk.img\n".encode(), "SHA256SUMS has no sha256 of disk.img"),
        (bytes(2 * MIB), "SHA256SUMS: it has more than 1048576 bytes"),
    ],
)
def test_a_list_that_does_not_help(node: Node, server: Server, content: bytes | None, says: str) -> None:
    if content is not None:
        server.files["/SHA256SUMS"] = content
    with pytest.raises(StratumError, match=says):
        node.task(source={"url": server.url("/disk.img"), "checksum": f"sha256:{server.url('/SHA256SUMS')}"})
    assert node.names() == []


def test_a_server_that_says_no_length(node: Node, server: Server) -> None:
    server.told_length = 0
    node.apply(source={"url": server.url("/disk.img")}, capacity="1MiB")
    assert node.content() == DATA + bytes(MIB - len(DATA))
    for size in ("4KiB", "128KiB"):
        source = {"url": server.url("/disk.img"), "checksum": f"sha256:{SHA256}"}
        if size == "4KiB":
            with pytest.raises(InputError, match="capacity: 4096 bytes are less than its source has"):
                node.task(name="b", source=source, capacity=size)
            assert node.names() == ["a"]
        else:
            node.apply(name="b", source=source, capacity=size)


def test_a_transfer_that_breaks_off(node: Node, server: Server) -> None:
    server.told_length = len(DATA) + 1
    with pytest.raises(StratumError, match=r"disk.img ended after 131072 of 131073 bytes|IncompleteRead"):
        node.task(source={"url": server.url("/disk.img")})
    assert node.names() == []


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/missing", "/missing: the server answered 404"),
        ("/image", "/image cannot be used: it is a file compressed by"),
    ],
)
def test_an_answer_that_is_no_image(node: Node, server: Server, path: str, says: str) -> None:
    server.files["/image"] = b"\xfd7zXZ\0" + DATA
    with pytest.raises(StratumError, match=says):
        node.task(source={"url": server.url(path)})
    assert node.names() == []


def test_a_redirection_is_followed_where_it_is_safe(node: Node, server: Server) -> None:
    server.redirections = {"/a": "/b", "/b": server.url("/disk.img")}
    node.apply(source={"url": server.url("/a"), "headers": {"X-Token": "hunter2"}})
    assert node.content() == DATA
    assert [headers.get("X-Token") for _path, headers in server.asked] == ["hunter2"] * 3


def test_other_servers_do_not_see_the_headers(node: Node, server: Server) -> None:
    other = Server()
    other.files["/disk.img"] = DATA
    server.redirections = {"/a": other.url("/disk.img?signature=hunter2")}
    node.apply(source={"url": server.url("/a"), "headers": {"X-Token": "hunter2"}})
    assert [headers.get("X-Token") for _path, headers in server.asked + other.asked] == ["hunter2", None]
    other.close()


@pytest.mark.parametrize(
    ("location", "says"),
    [
        ("http://127.0.0.1:1/b?token=hunter2", "/a: the server redirects to http://127.0.0.1:1/b, which is not safe"),
        ("file:///etc/passwd", "source.url: file:///etc/passwd is not an http:// or https:// URL"),
        ("/a", "/a: the server redirects more than 10 times"),
        ("", "/a: the server answered 302"),
    ],
)
def test_a_redirection_that_is_not_followed(node: Node, server: Server, location: str, says: str) -> None:
    server.redirections = {"/a": location}
    with pytest.raises(StratumError, match=says) as raised:
        node.task(source={"url": server.url("/a"), "checksum": f"sha256:{SHA256}"})
    assert "hunter2" not in str(raised.value)
    assert node.names() == []


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1:1/a", "http://127.0.0.1:port/"])
def test_a_redirection_leads_to_a_server(node: Node, server: Server, location: str) -> None:
    """From http, which needs a checksum, as well: what is there is not even opened."""
    server.redirections = {"/a": location}
    with pytest.raises(InputError, match=r"source\.url: .*URL"):
        node.task(source={"url": server.url("/a", "http"), "checksum": f"sha256:{SHA256}"})


@pytest.mark.parametrize("told", [None, 0])
def test_an_answer_without_content(node: Node, server: Server, told: int | None) -> None:
    server.files["/empty"] = b""
    server.told_length = told
    with pytest.raises(InputError, match="/empty is empty"):
        node.task(source={"url": server.url("/empty")})
    assert node.names() == []


def test_a_list_keeps_its_own_secrets(node: Node, server: Server) -> None:
    assert set(secrets({"checksum": "sha256:https://me:hunter2@e.org/SUMS"})) == {"hunter2"}
    server.files["/SUMS"] = b""
    with pytest.raises(InputError, match=r"/SUMS has no sha256 of disk\.img") as raised:
        node.task(source={"url": server.url("/disk.img"), "checksum": f"sha256:{server.url('/SUMS?token=hunter2')}"})
    assert "hunter2" not in str(raised.value)


def test_nobody_answers(node: Node) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(StratumError, match=f"fetching https://127.0.0.1:{port}/a"):
        node.task(source={"url": f"https://127.0.0.1:{port}/a"})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        start = time.monotonic()
        with pytest.raises(StratumError, match="timed out"):
            node.task(source={"url": f"https://127.0.0.1:{silent.getsockname()[1]}/a"}, timeout=1)
        assert time.monotonic() - start < 10
    assert node.names() == []


@pytest.mark.parametrize(
    ("url", "hidden"),
    [
        ("https://e.org/a@b:c", set()),
        ("https://me@e.org/a", set()),
        ("https://me:hunter2@e.org:80/a", {"hunter2"}),
        ("https://me:hunter%32@e.org/a", {"hunter%32", "hunter2"}),
        ("https://me:hunter2/3@e.org/a", {"hunter2/3"}),
        ("what://me:p@ss@e.org", {"p@ss"}),
        ("me:hunter2@", {"hunter2"}),
        (None, set()),
    ],
)
def test_a_password_in_a_url_is_a_secret(url: str | None, hidden: set[str]) -> None:
    assert set(secrets({"url": url})) == hidden
