# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The plan of a pool: from what is to what is wanted, in order. Only reads; nothing is changed here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .._document import tree
from .._document.field import Difference
from .._document.pool import POOL
from .._driver.base import Driver
from .._errors import AlreadyExists, DriverError, InputError
from .diff import changes
from .plan import NEXT_START, Change, Effect, Pending, Plan
from .pool_checks import check_autostart, check_identity, check_place, check_verbs
from .pool_request import PoolRequest
from .pool_seen import Seen, storage
from .pool_state import Verb, is_active, outcome
from .pool_want import Wanted, differences, raw_differences, unchangeable, want

if TYPE_CHECKING:
    from .pool_build import Build
    from .pool_storage import Doomed

# What few tasks need is imported where it is used: a node has no bytecode of ours, and importing is most of what a task
# that changes nothing takes there.


class PoolPlan(Plan):
    """The plan for one pool as it was seen."""

    def __init__(self, driver: Driver, request: PoolRequest, seen: Seen) -> None:
        super().__init__()
        self._driver = driver
        self._pools, self._volumes = storage(driver)
        self._request = request
        self._seen = seen
        self.wanted: Wanted | None = None
        """``None`` when the pool is to be absent."""
        check_identity(request, seen)
        if request.state == "absent":
            self._remove()
        else:
            self._reconcile()

    @property
    def end(self) -> str:
        """The condition that the pool will be in."""
        return outcome(self._seen.condition, self._request.state)

    def _reconcile(self) -> None:
        request, seen = self._request, self._seen
        self.wanted = wanted = want(request, seen)
        steps = check_verbs(request.name, seen.condition, request.state)
        check_place(self._driver, request, wanted, is_new=seen.record is None)
        if seen.condition != self.end:
            self.show([Change("state", seen.condition, self.end)])
        self._define(wanted)
        if not steps and is_active(seen.condition):
            steps = self._change_active(wanted)
        if Verb.STOP in steps:
            self._check_stopping()
        build = self._build(wanted) if Verb.START in steps else None
        for verb in steps:
            if verb is Verb.START and build is not None:
                self._add_build(build)
            self._add_verb(verb)
        self._autostart()

    def _define(self, wanted: Wanted) -> None:
        record = self._seen.record
        if record is None:
            shown = POOL.show(POOL.read(wanted.document))
            self.show(Change(path, None, value) for path, value in shown.items())
            self.add("define", Effect.CONFIG, self._defining(wanted))
            return
        different = self.definable(wanted.differences)
        self.show(changes([*different, *wanted.raw]))
        if not record.persistent:
            self.show([Change("persistent", False, True)])
        if different or not record.persistent:
            self.add("change the configuration", Effect.CONFIG, self._defining(wanted))
        elif wanted.raw:
            # The hypervisor may not keep what only the raw document says: then nothing has changed.
            self.add("change the configuration", Effect.CONFIG, self._redefining(wanted), uncertain=True)

    def definable(self, found: Iterable[Difference]) -> list[Difference]:
        """Return the differences of the configuration that defining the pool takes away."""
        if self.wanted is None or not is_active(self.end):
            return list(found)
        return [item for item in found if unchangeable(item.path, self.wanted.type) is None]

    def waiting(self, seen: Seen) -> dict[str, Pending]:
        """Return what an active pool does not have, by field."""
        found: dict[str, Pending] = {}
        if self.wanted is None or seen.live is None or seen.config is None:
            return found
        for item in differences(seen.live, self.wanted.spec):
            reason = unchangeable(item.path, self.wanted.type) or NEXT_START
            found[item.path] = Pending(item.path, reason)
        for missing in raw_differences(seen.live, seen.config, self._request):
            found.setdefault(missing.path, Pending(missing.path, NEXT_START))
        return found

    def cures(self, pending: Iterable[str]) -> bool:
        """Whether stopping and starting the pool would help any of these fields."""
        return self.wanted is not None and any(unchangeable(path, self.wanted.type) is None for path in pending)

    def _change_active(self, wanted: Wanted) -> tuple[Verb, ...]:
        """Plan what a pool that stays active does not have; return how it gets it, if it may."""
        live = self._seen.live
        if live is None:
            return ()
        configured = self._seen._replace(config=wanted.document)
        waiting = self.waiting(configured)
        if not self._request.restart or not self.cures(waiting):
            self.pending.update(waiting)
            if self.cures(waiting):
                # What could not be made is found now, not when the pool is started in the middle of the night.
                self._build(wanted)
            return ()
        for item in differences(live, wanted.spec):
            if unchangeable(item.path, wanted.type) is None:
                self.show(changes([item]))
            else:
                self.pending[item.path] = waiting[item.path]
        return (Verb.STOP, Verb.START)

    def _build(self, wanted: Wanted) -> Build | None:
        from .pool_build import Builder

        build = Builder(self._driver, self._request, wanted.whole, live=self._seen.live).needed()
        if build is not None and build.overwrite:
            from .pool_use import check_overwriting

            check_overwriting(self._driver, self._request.name, wanted.whole)
        return build

    def _add_build(self, build: Build) -> None:
        self.show(build.changes)
        effect = Effect.DESTROY_DATA if build.overwrite else Effect.CONFIG
        name = self._request.name

        def run() -> bool:
            try:
                self._pools.build(name, overwrite=build.overwrite)
            except AlreadyExists:
                if not build.uncertain:
                    raise
                return False
            return True

        self.add(build.action, effect, run, uncertain=build.uncertain)

    def _add_verb(self, verb: Verb) -> None:
        name = self._request.name
        if verb is Verb.START:
            self.add(verb.value, Effect.LIVE, lambda: self._pools.start(name))
        else:
            self.add(verb.value, Effect.RESTART, lambda: self._pools.destroy(name))

    def _check_stopping(self) -> None:
        from .pool_use import check_stopping

        if self._seen.live is not None:
            whole = POOL.read(self._seen.live)
            check_stopping(self._driver, self._request.name, whole, force=self._request.force)

    def _defining(self, wanted: Wanted) -> Callable[[], None]:
        text = tree.serialize(wanted.document)
        return lambda: self._pools.define(text)

    def _redefining(self, wanted: Wanted) -> Callable[[], bool]:
        define = self._defining(wanted)
        name, before = self._request.name, self._seen.record

        def run() -> bool:
            define()
            after = self._pools.describe([name])
            return bool(after) and before is not None and after[0].config != before.config

        return run

    def _autostart(self) -> None:
        wanted, record = self._request.autostart, self._seen.record
        if wanted is None or wanted == (record is not None and record.autostart):
            return
        check_autostart(self._driver)
        name = self._request.name
        self.show([Change("autostart", not wanted, wanted)])
        self.add(
            "switch autostart on" if wanted else "switch autostart off",
            Effect.CONFIG,
            lambda: self._pools.set_autostart(name, wanted),
        )

    def _remove(self) -> None:
        record, config = self._seen.record, self._seen.config
        if record is None or config is None:
            return
        name = record.name
        steps = check_verbs(name, self._seen.condition, "absent")
        self.show([Change("state", self._seen.condition, "absent")])
        left = self._remove_volumes(name) if self._request.delete_storage else None
        if Verb.STOP in steps:
            self._check_stopping()
        if left is not None and not record.persistent:
            # A transient pool is gone when it is stopped, and what it was in could not be deleted.
            text = tree.serialize(config)
            self.add("define", Effect.CONFIG, lambda: self._pools.define(text))
        if left is not None:
            self.add(Verb.STOP.value, Effect.RESTART, self._stopping_emptied(name))
            self.show([Change("storage", left, None)])
            self.add(f"delete {left}", Effect.DESTROY_DATA, lambda: self._delete(name, left))
        else:
            for verb in steps:
                self._add_verb(verb)
        if record.persistent or left is not None:
            self.add("undefine", Effect.CONFIG, lambda: self._pools.undefine(name))

    def _remove_volumes(self, name: str) -> str | None:
        """Plan the removal of a pool's volumes; return in words what is left then, and is to go, too."""
        from .pool_storage import remains, select

        if self._seen.live is None:
            raise InputError(
                "delete_storage",
                f"the pool {name} is not active, and so nobody knows what is in it.",
                hint="Make it active first, with state: active.",
            )
        whole = POOL.read(self._seen.live)
        for volume in select(self._driver, name, whole):
            self.show([Change(f"volumes[{volume.name}]", volume.path, None)])
            action = f"delete the volume {volume.name} ({volume.path})"
            self.add(action, Effect.DESTROY_DATA, self._deleting(name, volume))
        return remains(whole)

    def _stopping_emptied(self, name: str) -> Callable[[], None]:
        live = self._seen.live

        def run() -> None:
            from .pool_storage import check_emptied

            if live is not None:
                check_emptied(self._driver, name, POOL.read(live))
            self._pools.destroy(name)

        return run

    def _deleting(self, name: str, volume: Doomed) -> Callable[[], None]:
        return lambda: self._volumes.delete(name, volume.name)

    def _delete(self, name: str, left: str) -> None:
        try:
            self._pools.delete(name)
        except DriverError as error:
            error.hint = error.hint or f"If there is anything left in {left}, it is no volume of the pool, and stays."
            raise
