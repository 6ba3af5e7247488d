# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket
import threading
from pathlib import Path

from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost


def test_a_deadline_beyond_what_the_kernel_counts(tmp_path: Path) -> None:
    deadline = Deadline(10.0**19)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        server.listen()
        stream = LocalHost().connect(str(tmp_path / "socket"), deadline)
        peer, _address = server.accept()
        with peer:
            peer.sendall(b"hello")
            assert stream.receive(5, deadline) == b"hello"
        stream.close()


def test_a_peer_with_too_many_waiting_is_tried_again(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen(0)
        waiting = [LocalHost().connect(path, Deadline(5))]
        taken = []
        taker = threading.Timer(0.2, lambda: taken.extend(server.accept()[0] for _each in range(2)))
        taker.start()
        waiting.append(LocalHost().connect(path, Deadline(5)))
        waiting.append(LocalHost().connect(path, Deadline(5)))
        taker.join()
        for stream in (*waiting, *taken):
            stream.close()
