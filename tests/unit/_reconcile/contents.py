# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes with content on a simulated node, as the module ``volume`` runs its tasks, and a server to fetch from."""

from __future__ import annotations

import contextlib
import json
import ssl
import struct
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ansible_collections.stratum.virt.plugins.module_utils._document import tree
from ansible_collections.stratum.virt.plugins.module_utils._document.volume import VOLUME
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Driver
from ansible_collections.stratum.virt.plugins.module_utils._driver.registry import open_driver
from ansible_collections.stratum.virt.plugins.module_utils._driver.storage import Volumes
from ansible_collections.stratum.virt.plugins.module_utils._errors import StratumError
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost
from ansible_collections.stratum.virt.plugins.module_utils._reconcile import volume_request
from ansible_collections.stratum.virt.plugins.module_utils._reconcile.volume import VolumeManager
from ansible_collections.stratum.virt.plugins.module_utils._reconcile.volume_content import Response

from tests.unit._reconcile.conftest import Result, validated

DATA = bytes(range(256)) * 512
"""128 KiB."""


def qcow2(capacity: int, *, backing: str | None = None, features: int = 0) -> bytes:
    """Return a qcow2 image without any content: a header, and nothing allocated."""
    name = (backing or "").encode()
    header = struct.pack(
        ">4sIQIIQIIQQIIQQQQII",
        *(b"QFI\xfb", 3, 104 if name else 0, len(name), 16, capacity, 0),
        *(max(1, -(-capacity // 2**29)), 3 * 65536, 65536, 1, 0, 0),
        *(features, 0, 0, 4, 104),
    )
    refcounts = struct.pack(">Q", 2 * 65536).ljust(65536, b"\0")
    counts = (struct.pack(">H", 1) * 4).ljust(65536, b"\0")
    return (header + name).ljust(65536, b"\0") + refcounts + counts + bytes(65536)


class Node:
    """A simulated node with a pool ``default``, tasks with volumes on it, and a look behind the scenes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.host = LocalHost()
        """The machine that tasks run on, and the node."""

    def connect(self, parameters: str = "", timeout: float = 5.0) -> Driver:
        return open_driver(f"sim://{self.path}{'?' + parameters if parameters else ''}", self.host, timeout)

    def task(self, *, check: bool = False, parameters: str = "", name: str = "a", **options: Any) -> Result:
        """Run one task with the module volume; ``parameters`` are those of the URI."""
        stated = {"pool": "default", "name": name, "timeout": 2, **options}
        request = volume_request.load(validated("volume", stated), fetch)
        result = VolumeManager(partial(self.connect, parameters), self.host, request).run(check_mode=check)
        printed: Result = json.loads(json.dumps(result))
        return printed

    def apply(self, **options: Any) -> Result:
        """Run a task that changes something: check mode foretells it, and again there is nothing to do."""
        before = self.truth()
        foretold = self.task(check=True, **options)
        assert self.truth() == before, "check mode changed something"
        done = self.task(**options)
        assert done["changed"]
        for what in ("changed", "actions", "diff", "content_needed"):
            assert foretold.get(what) == done.get(what), f"check mode foretold another {what}"
        again = self.task(**{**options, "replace": False} if "content_needed" in done else options)
        assert not again["changed"], again["actions"]
        return done

    @property
    def volumes(self) -> Volumes:
        volumes = self.connect().volumes
        assert volumes is not None
        return volumes

    def names(self, pool: str = "default") -> list[str]:
        return [record.name for record in self.volumes.describe({pool: None})]

    def spec(self, name: str = "a", pool: str = "default") -> dict[str, Any]:
        (record,) = self.volumes.describe({pool: [name]})
        return VOLUME.read(tree.parse(record.document, name))

    def content(self, name: str = "a", pool: str = "default") -> bytes:
        with self.volumes.download(pool, name) as extents:
            return b"".join(extent.data or bytes(extent.hole) for extent in extents)

    def truth(self) -> list[tuple[str, str, bytes, str | None]]:
        """Return all that there is to know of the node's volumes."""
        records = self.volumes.describe({"default": None})
        return [
            (record.name, record.document, self.content(record.name), self.volumes.mark("default", record.name))
            for record in records
        ]


def fetch(url: str, headers: Mapping[str, str], timeout: float) -> Response:
    """Ask a server of these tests for a URL, without Ansible's part of it."""

    class NoRedirection(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_arguments: Any, **_more: Any) -> None:
            return None

    opener = urllib.request.build_opener(NoRedirection, urllib.request.ProxyHandler({}))
    # Only the tests' servers pass for safe ones.
    request = urllib.request.Request(url.replace("https://127.", "http://127."), headers=dict(headers))
    try:
        answer = opener.open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        answer = error
    except OSError as error:
        raise StratumError(f"fetching {url}: {error}.") from error
    length = answer.headers.get("Content-Length")
    return Response(
        answer.status,
        answer.headers.get("Location"),
        None if length is None else int(length),
        answer.read,
        answer.close,
    )


class Server:
    """A server on this machine that answers with what the test has put there."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self.redirections: dict[str, str] = {}
        self.told_length: int | None = None
        """What it says instead of the length of what it sends; 0: nothing."""
        self.more_headers: dict[str, str] = {}
        self.stop_after: int | None = None
        """How many bytes of an answer it sends before it waits for ``go_on``."""
        self.go_on = threading.Event()
        self.asked: list[tuple[str, dict[str, str]]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.answer(self)

            def log_message(self, *_arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def url(self, path: str, scheme: str = "https") -> str:
        return f"{scheme}://127.0.0.1:{self._server.server_address[1]}{path}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.partition("?")[0]
        self.asked.append((handler.path, dict(handler.headers)))
        if path in self.redirections:
            handler.send_response(302)
            handler.send_header("Location", self.redirections[path])
            handler.end_headers()
            return
        content = self.files.get(path)
        if content is None:
            handler.send_error(404)
            return
        handler.send_response(200)
        for name, value in self.more_headers.items():
            handler.send_header(name, value)
        told = len(content) if self.told_length is None else self.told_length
        if told:
            handler.send_header("Content-Length", str(told))
        handler.end_headers()
        first = len(content) if self.stop_after is None else self.stop_after
        with contextlib.suppress(ConnectionError):  # who asked may be gone
            handler.wfile.write(content[:first])
            if first < len(content):
                self.go_on.wait()
                handler.wfile.write(content[first:])

    def close(self) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
