# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program of a slow line: ``python -m tests.lab.relay DELAY LISTEN TARGET``, places in JSON.

It prints where it listens, then answers each line of its input with the counts, and ends when the input does.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from typing import Any, Union

Place = Union[str, list[Any]]
UnderWay = asyncio.Queue[tuple[float, Union[bytes, None]]]
"""What was taken and when it is due: nothing is the end, and none a break."""
PIECE = 256 * 1024


class Line:
    """All connections over one slow line."""

    def __init__(self, delay: float, target: Place | None) -> None:
        self.delay = delay
        self.target = target
        self.connections = 0
        self.bytes = [0, 0]
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry a new connection."""
        self.connections += 1
        task = asyncio.create_task(self._carry(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.target is None:
            await self._swallow(reader, writer)
            return
        try:
            far_reader, far_writer = await connect(self.target)
        except OSError:
            writer.transport.abort()
            return
        try:
            await asyncio.gather(
                self._flow(reader, writer, far_writer, 0), self._flow(far_reader, far_writer, writer, 1)
            )
        finally:
            writer.close()
            far_writer.close()

    async def _swallow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take what comes, and answer nothing, not even to the end."""
        try:
            while piece := await reader.read(PIECE):
                self.bytes[0] += len(piece)
            await asyncio.Event().wait()
        except OSError:
            writer.transport.abort()

    async def _flow(
        self, reader: asyncio.StreamReader, back: asyncio.StreamWriter, writer: asyncio.StreamWriter, direction: int
    ) -> None:
        """Carry one direction to its end; what breaks one side breaks the other."""
        under_way: UnderWay = asyncio.Queue()
        collecting = asyncio.create_task(self._collect(reader, under_way))
        try:
            await self._deliver(under_way, writer, direction)
            await collecting
        except OSError:
            back.transport.abort()
            writer.transport.abort()
            await collecting

    async def _collect(self, reader: asyncio.StreamReader, under_way: UnderWay) -> None:
        """Take all that comes, however much is under way already."""
        piece: bytes | None = b"first"
        while piece:
            try:
                piece = await reader.read(PIECE)
            except OSError:
                piece = None
            under_way.put_nowait((asyncio.get_running_loop().time() + self.delay, piece))

    async def _deliver(self, under_way: UnderWay, writer: asyncio.StreamWriter, direction: int) -> None:
        while True:
            moment, piece = await under_way.get()
            await asyncio.sleep(moment - asyncio.get_running_loop().time())
            if piece is None:
                raise ConnectionResetError
            if not piece:
                writer.write_eof()
                return
            self.bytes[direction] += len(piece)
            writer.write(piece)
            await writer.drain()


async def connect(place: Place) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(place, str):
        return await asyncio.open_unix_connection(place, limit=PIECE)
    return await asyncio.open_connection(*place, limit=PIECE)


def listener(place: Place) -> socket.socket:
    if not isinstance(place, str):
        return socket.create_server((place[0], place[1]), backlog=1024)
    made = socket.socket(socket.AF_UNIX)
    made.bind(place)
    return made


async def main(delay: float, place: Place, target: Place | None) -> None:
    line = Line(delay, target)
    listening = listener(place)
    if listening.family == socket.AF_UNIX:
        server = await asyncio.start_unix_server(line.take, sock=listening, limit=PIECE)
    else:
        server = await asyncio.start_server(line.take, sock=listening, limit=PIECE)
    print(json.dumps(listening.getsockname()), flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps([line.connections, *line.bytes]), flush=True)
    server.close()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), *map(json.loads, sys.argv[2:])))
