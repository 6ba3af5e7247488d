# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The plan of a domain: from what is to what is wanted, in order. Only reads; nothing is changed here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .._document import tree
from .._document.domain import DOMAIN
from .._document.field import Difference
from .._driver.base import Capability, Driver
from .._errors import NotSupported, OperationInvalid
from .diff import changes
from .domain_checks import check_identity, check_sources, check_verbs, check_waits
from .domain_request import DomainRequest
from .domain_seen import Seen
from .domain_state import Verb, outcome, verbs
from .domain_want import Wanted, differences, raw_differences, want
from .plan import NEXT_START, Change, Effect, Plan

if TYPE_CHECKING:
    from .domain_storage import Disk

# What few tasks need is imported where it is used: a node has no bytecode of ours, and importing is most of what a task
# that changes nothing takes there.

STOPS = frozenset((Verb.SHUTDOWN, Verb.AWAIT_STOP, Verb.DESTROY))
STARTS = frozenset((Verb.START, Verb.START_PAUSED))


class DomainPlan(Plan):
    """The plan for one domain as it was seen."""

    def __init__(self, driver: Driver, request: DomainRequest, seen: Seen) -> None:
        super().__init__()
        self._driver = driver
        self._request = request
        self._seen = seen
        self.wanted: Wanted | None = None
        """``None`` when the domain is to be absent."""
        self.kept: list[Disk] = []
        """Disks that ``remove_storage`` leaves."""
        self.reasons: dict[str, str] = {}
        """Why the running domain did not take a change, by field; filled while steps run."""
        self._raw_before: set[str] = set()
        """What only ``xml`` says, was configured before, and the running domain does not show."""
        self._kept = True
        """Whether the hypervisor kept what only ``xml`` says; known once it was defined."""
        self.fresh = False
        """Whether the domain ends as an instance that has all of its configuration, or none at all."""
        check_identity(request, seen)
        if request.state == "absent":
            self._remove()
        else:
            self._reconcile()

    @property
    def end(self) -> str:
        """The condition that the domain will be in."""
        start = "stopped" if self._seen.record is None else self._seen.condition
        return outcome(start, self._request.state)

    def may_cycle(self, pending: Iterable[str]) -> bool:
        """Whether a power cycle would help these fields: the domain runs at the end, and was not just started.

        What only ``xml`` says counts when it is new: a running domain may show it otherwise whenever it is started, and
        would be power cycled by every task.
        """
        return not self.fresh and self.end in ("running", "paused") and not self._raw_before.issuperset(pending)

    def cycle(self) -> tuple[Verb, ...]:
        """Return what power cycles the domain, which ends running or paused."""
        start = Verb.START if self.end == "running" else Verb.START_PAUSED
        return (*verbs(self.end, "stopped", force=False), start)

    def add_verbs(self, steps: tuple[Verb, ...], name: str, *, if_kept: bool = False) -> None:
        """Add the steps of a change of state. ``if_kept``: only for what the hypervisor may not have kept."""
        restores = not STOPS.intersection(steps) and self._seen.condition == "saved"
        self.fresh = self.fresh or (not restores and bool((STOPS | STARTS).intersection(steps)))
        for verb, following in zip(steps, (*steps[1:], None)):
            effect = Effect.RESTART if verb in STOPS else Effect.LIVE
            run = self._doing(verb, name, if_kept=if_kept, on_the_way_down=following is Verb.SHUTDOWN)
            self.add(verb.value, effect, run, uncertain=if_kept)

    def _doing(self, verb: Verb, name: str, *, if_kept: bool, on_the_way_down: bool) -> Callable[[], bool]:
        def run() -> bool:
            from .domain_power import Power

            if if_kept and not self._kept:
                return False
            power = Power(self._driver, self._request.timeout, force=self._request.force)
            power.run(verb, name, on_the_way_down=on_the_way_down)
            return True

        return run

    def _reconcile(self) -> None:
        request, seen = self._request, self._seen
        self.wanted = want(self._driver, request, seen)
        steps = verbs("stopped" if seen.record is None else seen.condition, request.state, force=request.force)
        check_verbs(self._driver, steps, request.state)
        check_waits(self._driver, request.wait_for, request.name, self.end)
        check_sources(self._driver, self.wanted, is_new=seen.record is None)
        if seen.condition != self.end:
            self.show([Change("state", seen.condition, self.end)])
        elif request.state == "restarted":
            self.show([Change("state", seen.condition, "restarted")])
        self._rename()
        self._define(self.wanted)
        # A guest that is to run helps with what is changed live; one that is to stop does not need to be asked.
        first = steps if request.state in ("running", "stopped", "restarted") else ()
        self.add_verbs(first, request.name)
        waiting = [] if self.fresh else self._change_live(self.wanted)
        if not first:
            self.add_verbs(steps, request.name)
        self._wait_for_saved_memory(self.wanted, steps)
        if request.restart and self.may_cycle(self.pending):
            self.show(changes(waiting))
            raw = self._raw_before.union(item.path for item in self.wanted.raw)
            self.add_verbs(self.cycle(), request.name, if_kept=raw.issuperset(self.pending))
            self.pending.clear()
        self._autostart()

    def _rename(self) -> None:
        record, new = self._seen.record, self._request.name
        if record is None or record.name == new:
            return
        if record.state.active:
            raise OperationInvalid(f"renaming {record.name} to {new}: it is active.", hint="Stop it first.")
        if Capability.RENAME not in self._driver.capabilities:
            raise NotSupported(f"name: {self._driver.uri} cannot rename domains.", option="name")
        old = record.name
        self.show([Change("name", old, new)])
        self.add(f"rename {old} to {new}", Effect.CONFIG, lambda: self._driver.domains.rename(old, new))

    def _define(self, wanted: Wanted) -> None:
        record = self._seen.record
        if record is None:
            shown = DOMAIN.show(DOMAIN.read(wanted.document))
            self.show(Change(path, None, value) for path, value in shown.items())
            self.add("define", Effect.CONFIG, self._defining(wanted))
            return
        different = [difference for difference in wanted.differences if difference.path != "name"]
        self.show(changes([*different, *wanted.raw]))
        if not record.persistent:
            self.show([Change("persistent", False, True)])
        if different or not record.persistent:
            self.add("change the configuration", Effect.CONFIG, self._defining(wanted))
        elif wanted.raw:
            # The hypervisor may not keep what only the raw document says: then nothing has changed.
            self.add("change the configuration", Effect.CONFIG, self._redefining(wanted), uncertain=True)

    def _wait_for_saved_memory(self, wanted: Wanted, steps: tuple[Verb, ...]) -> None:
        """Note what a saved domain does not have when it is restored: all that changed since it was saved."""
        if self._seen.condition != "saved" or self.fresh or Verb.DISCARD_SAVE in steps:
            return
        for path in [*(item.path for item in wanted.differences), *(item.path for item in wanted.raw)]:
            self.wait(path, f"{NEXT_START} that does not restore the saved memory")

    def _defining(self, wanted: Wanted) -> Callable[[], None]:
        text = tree.serialize(wanted.document)
        return lambda: self._driver.domains.define(text)

    def _redefining(self, wanted: Wanted) -> Callable[[], bool]:
        define = self._defining(wanted)
        name, before = self._request.name, self._seen.record

        def run() -> bool:
            define()
            after = self._driver.domains.describe([name], secrets=True)
            self._kept = bool(after) and before is not None and after[0].config != before.config
            return self._kept

        return run

    def _change_live(self, wanted: Wanted) -> list[Difference]:
        """Plan what the running domain can take; return everywhere that it is not as wanted."""
        live = self._seen.live
        if live is None:
            return []
        found = [item for item in differences(live, wanted.spec, self._request) if item.path != "name"]
        if found:
            from .domain_live import LivePlanner

            paused = self._seen.condition == "paused" and self._request.state != "running"
            LivePlanner(self._driver, self._request, wanted, self.reasons).plan(self, live, found, paused=paused)
        self.show(changes(item for item in found if item.path not in self.pending))
        raw = {item.path for item in raw_differences(live, wanted.document, self._request)}
        for path in sorted(raw):
            self.wait(path, NEXT_START)
        self._raw_before = raw.difference(item.path for item in wanted.raw)
        return found

    def _autostart(self) -> None:
        wanted, record = self._request.autostart, self._seen.record
        if wanted is None or wanted == (record is not None and record.autostart):
            return
        if Capability.AUTOSTART not in self._driver.capabilities:
            raise NotSupported(f"autostart: {self._driver.uri} cannot start domains with the node.", option="autostart")
        name = self._request.name
        self.show([Change("autostart", not wanted, wanted)])
        self.add(
            "switch autostart on" if wanted else "switch autostart off",
            Effect.CONFIG,
            lambda: self._driver.domains.set_autostart(name, wanted),
        )

    def _remove(self) -> None:
        from .domain_storage import UNREACHED, select

        record, config = self._seen.record, self._seen.config
        if record is None or config is None:
            return
        name = record.name
        doomed, self.kept = select(self._driver, name, config, self._request.remove_storage)
        for disk in self.kept:
            if disk.obstacle == UNREACHED:
                reason = f"{UNREACHED}, and files are not reached through {self._driver.uri}"
                self.warnings.append(f"{disk.path} ({disk.target}) stays: {reason}")
        steps = verbs(self._seen.condition, "absent", force=self._request.force)
        check_verbs(self._driver, steps, "absent")
        self.show([Change("state", self._seen.condition, "absent")])
        self.add_verbs(steps, name)
        if record.persistent:
            self.add("undefine", Effect.CONFIG, lambda: self._driver.domains.undefine(name))
        for disk in doomed:
            self.show([Change(f"disks[{disk.target}]", disk.path, None)])
            action = f"delete {disk.path} ({disk.target})"
            self.add(action, Effect.DESTROY_DATA, self._deleting(disk), uncertain=True)

    def _deleting(self, disk: Disk) -> Callable[[], bool]:
        def run() -> bool:
            from .domain_storage import UNREACHED, delete

            deleted = delete(self._driver, disk)
            if not deleted:
                self.kept.append(disk._replace(obstacle=UNREACHED))
            return deleted

        return run
