# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The plan of a volume: from what is to what is wanted, in order. Only reads; nothing is changed here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .._document import tree
from .._document.field import Difference, Spec
from .._document.units import format_size
from .._document.volume import VOLUME, write
from .._driver.base import Driver
from .._errors import AlreadyExists
from .._host.base import Host
from .diff import changes
from .plan import Change, Effect, Plan
from .volume_checks import check_pool
from .volume_request import VolumeRequest
from .volume_seen import Seen, path_of, read, storage
from .volume_want import differences, new_document, want_new, want_same

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

    from .volume_content import Content
    from .volume_use import Usage

# What few tasks need is imported where it is used, as in the plan of domains.


class VolumePlan(Plan):
    """The plan for one volume as it was seen."""

    def __init__(self, driver: Driver, host: Host, request: VolumeRequest, seen: Seen) -> None:
        super().__init__()
        self.driver = driver
        self._host = host
        self._request = request
        self._seen = seen
        self._usage: Usage | None = None
        self.spec: Spec = {}
        """What the volume is to be, as far as the task states it or it follows from that."""
        self.wanted: Element | None = None
        """The document of the volume as it will be, as far as that is known; ``None`` when it is to be absent."""
        self.content_needed = False
        """Whether the content has to be brought here."""
        check_pool(driver, request, seen)
        if seen.incomplete:
            self._discard()
        if request.state == "absent":
            self._remove()
            return
        if seen.document is None:
            self._create()
        else:
            self._change(seen.document)
        self._download()

    def _use(self) -> Usage:
        """Return who uses the volume; that takes reading all domains, so it is done only where it matters."""
        if self._usage is None:
            from .volume_use import usage

            where = (self._request.pool, self._request.name)
            if self._seen.document is None:
                path = storage(self.driver)[1].paths([where]).get(where)
            else:
                path = path_of(self._seen.document)
            self._usage = usage(self.driver, *where, path)
        return self._usage

    def _discard(self) -> None:
        """Plan the end of a copy that broke off. A task that was killed early can have left the old volume in use."""
        from .volume_checks import check_replaceable, check_unused, check_wipe
        from .volume_staging import discard

        request = self._request
        if request.state == "absent":
            check_unused(request, self._use())
        else:
            check_replaceable(request, "state", self._use())
        if request.wipe is not None:
            check_wipe(self.driver)
        volumes = storage(self.driver)[1]
        self.show([Change("incomplete copy", "present", "absent")])
        self.add(
            "remove the incomplete copy",
            Effect.DESTROY_DATA,
            lambda: discard(volumes, request.pool, request.name, request.timeout, request.wipe),
        )

    def _create(self) -> None:
        request = self._request
        self.show([Change("state", "absent", "present")])
        document = self._make(request)
        if request.content is not None:
            self.show([Change(request.content.option, None, request.content.description)])
            self._put(request.content, f"create from {request.content.description}", Effect.CONFIG, self._check_absent)
            return
        self.add("create", Effect.CONFIG, self._creating(tree.serialize(document)))

    def _creating(self, document: str) -> Callable[[], None]:
        volumes, request = storage(self.driver)[1], self._request
        return lambda: volumes.create(request.pool, document, preallocate_metadata=request.preallocate_metadata)

    def _make(self, request: VolumeRequest) -> Element:
        """Work out a whole volume, show it in the diff, and return its document."""
        self.spec = want_new(self.driver, self._host, request, self._seen)
        self.wanted = new_document(request.name, self.spec)
        there = {} if self._seen.document is None else VOLUME.show(VOLUME.read(self._seen.document))
        for path, value in VOLUME.show(VOLUME.read(self.wanted)).items():
            if there.get(path) != value and path != "name":
                self.show([Change(path, there.get(path), value)])
        return self.wanted

    def _put(self, content: Content, action: str, effect: Effect, check: Callable[[], None]) -> None:
        request, spec = self._request, self.spec
        self.content_needed = True

        def run() -> None:
            content.put(self.driver, self._host, request.pool, request.name, spec, request.timeout, check)

        self.add(action, effect, run)

    def _check_absent(self) -> None:
        """Raise AlreadyExists when somebody has made the volume while its content was on the way."""
        request = self._request
        if read(self.driver, request.pool, request.name, request.timeout).record is not None:
            raise AlreadyExists(f"creating {request.name}: somebody else has made it meanwhile.", hint="Look at it.")

    def _change(self, document: Element) -> None:
        self.spec = want_same(self.driver, self._request, document)
        found = differences(document, self.spec)
        fixed = [item for item in found if item.live is None]
        if self._replace(fixed):
            return
        if fixed:
            from .volume_checks import refuse

            refuse(self._request, fixed)
        self._resize(document, [item for item in found if item.live == "resize"])
        self._permit(document, [item for item in found if item.live == "permissions"])
        self.wanted = tree.clone(document)
        write(self.wanted, self.spec)

    def _replace(self, fixed: Sequence[Difference]) -> bool:
        """Plan other content where the task wants it; return whether that makes the whole volume anew."""
        request, content = self._request, self._request.content
        if content is None:
            return False
        there = content.found(self.driver, self._host, request.pool, request.name)
        if there.same is None and not request.replace:
            self.warnings.append(f"nobody knows where {request.name} has its content from; it is left as it is")
            return False
        if there.same and not (fixed and request.replace):
            return False
        from .volume_checks import check_replaceable, refuse_content

        if not (request.replace or there.disposable):
            refuse_content(request, content.option, there.origin, content.description)

        def check() -> None:
            # Asked again when the content is there: a domain can have been started on the old one meanwhile.
            self._usage = None
            check_replaceable(request, content.option, self._use())

        check()
        self._make(self._keeping_permissions())
        self.show([Change(content.option, there.origin, content.description)])
        self._put(content, f"replace the content by {content.description}", Effect.DESTROY_DATA, check)
        return True

    def _keeping_permissions(self) -> VolumeRequest:
        """Return the request with what it does not state, and the volume has although it is made anew."""
        request = self._request
        found = {} if self._seen.document is None else VOLUME.read(self._seen.document).get("permissions", {})
        kept = {**found, **request.spec.get("permissions", {})}
        return request._replace(spec={**request.spec, "permissions": kept}) if kept else request

    def _resize(self, document: Element, found: Sequence[Difference]) -> None:
        if not found:
            return
        request, size = self._request, self.spec["capacity"]
        if size > VOLUME.read(document).get("capacity", 0):
            from .volume_growth import Growth

            Growth(self.driver, request, document, size, self._use()).plan(self)
        else:
            from .volume_checks import check_shrinking

            check_shrinking(self.driver, request, document, size, self._use)
            self.add(f"shrink to {format_size(size)}", Effect.DESTROY_DATA, self._shrinking(size))
        self.show(changes(found))

    def _shrinking(self, size: int) -> Callable[[], None]:
        request = self._request
        return lambda: storage(self.driver)[1].resize(request.pool, request.name, size, shrink=True)

    def _permit(self, document: Element, found: Sequence[Difference]) -> None:
        """Plan other permissions. While a domain runs, its hypervisor owns the file, and gives it back afterwards."""
        path = path_of(document)
        if found and self._use().running:
            stated = self.spec["permissions"]
            self.spec["permissions"] = {option: value for option, value in stated.items() if option == "mode"}
            found = [item for item in found if item.path == "permissions.mode"]
        if not found or path is None:
            return
        from .volume_checks import check_permissions

        check_permissions(self.driver, found[0].path)
        options = [item.path.rpartition(".")[2] for item in found]
        wanted = {option: self.spec["permissions"][option] for option in options}
        self.show(changes(found))
        self.add("change the permissions", Effect.CONFIG, lambda: self.driver.host.set_permissions(path, **wanted))

    def _download(self) -> None:
        download, request = self._request.download, self._request
        if download is None:
            return
        where = (self.driver, self._host, request.pool, request.name)
        is_there = self._seen.document is not None
        if is_there and not self.content_needed and not download.needed(*where):
            return
        if is_there:
            from .volume_checks import check_download

            check_download(request, self._use())
        self.show([Change("download.path", None, download.path)])
        self.add(download.action, Effect.CONFIG, lambda: download.run(*where))

    def _remove(self) -> None:
        request = self._request
        if self._seen.document is None:
            return
        from .volume_checks import check_unused, check_wipe

        check_unused(request, self._use())
        volumes = storage(self.driver)[1]
        self.show([Change("state", "present", "absent")])
        algorithm = request.wipe
        if algorithm is not None:
            check_wipe(self.driver)
            action = f"wipe ({algorithm})"
            self.add(action, Effect.DESTROY_DATA, lambda: volumes.wipe(request.pool, request.name, algorithm))
        self.add("delete", Effect.DESTROY_DATA, lambda: volumes.delete(request.pool, request.name))
