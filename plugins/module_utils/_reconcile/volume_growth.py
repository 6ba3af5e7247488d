# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Growing a volume, also under running domains, which see its new size."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .._document.units import format_size
from .._driver.base import Capability, Driver
from .._errors import InputError, NotSupported, OperationInvalid, names
from .plan import Effect, Plan
from .storage_use import Use
from .volume_checks import check_resizing
from .volume_request import VolumeRequest
from .volume_result import facts
from .volume_seen import parse, storage
from .volume_use import Usage

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_STEP = 1024
"""QEMU's image formats count in sectors, and libvirt in KiB where it calls qemu-img."""


class Growth:
    """The steps that make one volume larger.

    What is a file is grown by one of the running domains that write to it: QEMU holds the lock of the file. A block
    device grows by itself, and QEMU is told. In both cases QEMU would just as well make it smaller.
    """

    def __init__(self, driver: Driver, request: VolumeRequest, document: Element, size: int, use: Usage) -> None:
        self._driver = driver
        self._request = request
        self._size = size
        self._use = use
        self._by_itself = document.get("type") == "block"
        self._check()

    def plan(self, plan: Plan) -> None:
        """Add the steps."""
        writers = [disk for disk in self._use.disks if disk.writable]
        for disk in self._use.disks:
            if not disk.writable:
                plan.wait("capacity", f"{disk.domain} only reads it, as {disk.target}, and sees it at its next start")
        if writers and not self._by_itself:
            disk = writers.pop(0)
            action = f"grow to {format_size(self._size)} by {disk.domain} ({disk.target})"
            plan.add(action, Effect.LIVE, self._telling(disk))
        else:
            plan.add(f"grow to {format_size(self._size)}", Effect.CONFIG, self._resize)
        for disk in writers:
            plan.add(f"tell {disk.domain} the new size of {disk.target}", Effect.LIVE, self._telling(disk))

    def _check(self) -> None:
        request, use = self._request, self._use
        below = [str(each) for each in use.running if not each.target and each.how == "a backing file"]
        if below:
            raise InputError(
                "capacity",
                f"{request.name} is {names(list(dict.fromkeys(below)))}, which runs, and must not change now.",
                hint="Grow the volume on top of it instead.",
            )
        if not use.disks:
            check_resizing(self._driver)
        elif Capability.BLOCK_RESIZE not in self._driver.capabilities:
            raise NotSupported(
                f"capacity: {use.disks[0].domain} uses {request.name}, and {self._driver.uri} cannot "
                f"{Capability.BLOCK_RESIZE.value}.",
                option="capacity",
            )

    def _resize(self) -> None:
        storage(self._driver)[1].resize(self._request.pool, self._request.name, self._size)

    def _telling(self, disk: Use) -> Callable[[], None]:
        size = -(-self._size // _STEP) * _STEP

        def run() -> None:
            self._check_again()
            self._driver.domains.resize_disk(disk.domain, disk.target, size)

        return run

    def _check_again(self) -> None:
        pool, name = self._request.pool, self._request.name
        for record in storage(self._driver)[1].describe({pool: [name]}):
            now = facts(parse(record)).get("capacity", 0)
            if now > self._size + _STEP and not self._by_itself:
                raise OperationInvalid(
                    f"growing {name} to {format_size(self._size)}: it has {format_size(now)} by now.",
                    hint="Run the task again.",
                )
