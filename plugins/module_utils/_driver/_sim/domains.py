# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""Domains of a simulated node: each call under its name, with its rules elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from ..._deadline import Deadline
from ..._errors import DeadlineExceeded, GuestAgentError, NotSupported, OperationInvalid
from ..base import Capability
from ..domains import Address, Choose, DomainRecord, Domains, Shutdown, Surveyed, Watch
from . import agent, devices, guest, lifecycle, report
from .model import Domain, State
from .session import Session
from .validate import wanted_uuid
from .watch import SimWatch


class SimDomains(Domains):
    """Domains of one simulated node."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def names(self) -> list[str]:
        with self._session.call("domains.names", "listing the domains") as state:
            return sorted(state.domains)

    def describe(
        self, names: Sequence[str] | None = None, *, documents: bool = True, secrets: bool = False
    ) -> list[DomainRecord]:
        with self._session.call("domains.describe", "reading domains") as state:
            wanted = sorted(state.domains) if names is None else dict.fromkeys(names)
            found = [(name, state.domains[name]) for name in wanted if name in state.domains]
        return [report.record(name, domain, documents=documents, secrets=secrets) for name, domain in found]

    def survey(
        self, choose: Choose, sources: Sequence[str], deadline: Deadline, *, live: bool = False
    ) -> list[Surveyed]:
        deadline.check("reading domains")
        asked = sources if Capability.GUEST_ADDRESSES in self._session.capabilities else ()
        with self._session.call("domains.survey", "reading domains") as state:
            known = {
                name: report.record(name, domain, documents=False, secrets=False)
                for name, domain in sorted(state.domains.items())
            }
            return [
                Surveyed(
                    report.record(name, state.domains[name], documents=True, secrets=False),
                    report.addresses(state, name, asked),
                )
                for name, record in known.items()
                if choose(record._replace(reason="unknown"))
            ]

    def find(self, uuid: str) -> str | None:
        wanted = wanted_uuid(uuid)
        with self._session.call("domains.find", f"looking for the domain {wanted}") as state:
            return next((name for name, domain in state.domains.items() if domain.uuid == wanted), None)

    def define(self, document: str) -> None:
        with self._session.call("domains.define", "defining a domain") as state:
            lifecycle.define(state, document)

    def undefine(self, name: str) -> None:
        with self._change("undefine", name) as state:
            lifecycle.undefine(state, name)

    def start(self, name: str, *, paused: bool = False, fresh: bool = False) -> None:
        if paused:
            self._session.require(Capability.START_PAUSED, f"starting the domain {name!r} paused")
        with self._change("start", name) as state:
            lifecycle.start(state, name, paused=paused, fresh=fresh)

    def shutdown(self, name: str, how: Shutdown) -> None:
        what = f"shutting the domain {name!r} down"
        with self._change("shutdown", name) as state:
            domain = self._asked(state, name, how, what)
            # The agent does it whether or not the guest listens to ACPI.
            if how is Shutdown.AGENT or domain.guest.acpi:
                guest.plan(domain, guest.POWER_OFF, time.time())

    def reboot(self, name: str, how: Shutdown) -> None:
        what = f"rebooting the domain {name!r}"
        with self._change("reboot", name) as state:
            domain = self._asked(state, name, how, what)
            if how is Shutdown.AGENT or domain.guest.acpi:
                guest.plan(domain, guest.REBOOT, time.time())

    def reset(self, name: str) -> None:
        with self._change("reset", name) as state:
            lifecycle.active(state, name, f"resetting the domain {name!r}")
            guest.restart(state, name)

    def destroy(self, name: str, *, graceful: bool = False) -> None:
        # A simulated process always ends by itself.
        with self._change("destroy", name) as state:
            lifecycle.active(state, name, f"destroying the domain {name!r}")
            guest.stop(state, name, "destroyed")

    def suspend(self, name: str) -> None:
        with self._change("suspend", name) as state:
            lifecycle.suspend(state, name)

    def resume(self, name: str) -> None:
        with self._change("resume", name) as state:
            lifecycle.resume(state, name)

    def save(self, name: str) -> None:
        with self._change("save", name) as state:
            lifecycle.save(state, name)

    def discard_save(self, name: str) -> None:
        with self._change("discard_save", name) as state:
            lifecycle.find(state, name, f"discarding the managed save image of the domain {name!r}").saved = None

    def set_autostart(self, name: str, enabled: bool) -> None:
        with self._change("set_autostart", name) as state:
            lifecycle.persistent(state, name, f"setting the autostart of the domain {name!r}").autostart = enabled

    def rename(self, name: str, new_name: str) -> None:
        with self._change("rename", name) as state:
            lifecycle.rename(state, name, new_name)

    def attach_device(self, name: str, device: str) -> None:
        with self._change("attach_device", name) as state:
            devices.attach(state, name, device)

    def detach_device(self, name: str, device: str) -> None:
        with self._change("detach_device", name) as state:
            devices.detach(state, name, device)

    def update_device(self, name: str, device: str) -> None:
        with self._change("update_device", name) as state:
            devices.update(state, name, device)

    def set_memory(self, name: str, kibibytes: int) -> None:
        with self._change("set_memory", name) as state:
            devices.set_memory(state, name, kibibytes)

    def set_vcpus(self, name: str, count: int) -> None:
        with self._change("set_vcpus", name) as state:
            devices.set_vcpus(state, name, count)

    def set_title(self, name: str, title: str | None) -> None:
        with self._change("set_title", name) as state:
            devices.set_word(state, name, "title", title)

    def set_description(self, name: str, description: str | None) -> None:
        with self._change("set_description", name) as state:
            devices.set_word(state, name, "description", description)

    def set_metadata(self, name: str, element: str | None, prefix: str, namespace: str) -> None:
        with self._change("set_metadata", name) as state:
            devices.set_metadata(state, name, element, prefix, namespace)

    def resize_disk(self, name: str, target: str, size: int) -> None:
        with self._change("resize_disk", name) as state:
            devices.resize(state, name, target, size)

    def addresses(
        self, names: Sequence[str], sources: Sequence[str], deadline: Deadline | None = None
    ) -> dict[str, list[Address]]:
        with self._session.call("domains.addresses", "reading addresses") as state:
            return {
                name: report.addresses(state, name, sources) for name in dict.fromkeys(names) if name in state.domains
            }

    def stats(self, names: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
        with self._session.call("domains.stats", "reading statistics") as state:
            wanted = sorted(state.domains) if names is None else dict.fromkeys(names)
            return {name: report.stats(name, state.domains[name]) for name in wanted if name in state.domains}

    def agent(self, name: str, command: str, deadline: Deadline) -> str:
        what = f"asking the guest agent of the domain {name!r}"
        if self._session.settings.delay > deadline.remaining():
            time.sleep(deadline.remaining())
            raise DeadlineExceeded(f"{what}: no answer within {deadline.seconds:g} s.")
        with self._change("agent", name) as state:
            domain = lifecycle.active(state, name, what)
            if domain.state != lifecycle.RUNNING:
                raise OperationInvalid(f"{what}: it is {domain.state}, so nothing in it can answer.")
            if not report.agent_connected(domain, name):
                raise GuestAgentError(f"{what}: it is not connected.")
            return agent.answer(state, name, command, what)

    def watch(self, name: str) -> AbstractContextManager[Watch]:
        return self._watch(name)

    @contextmanager
    def _watch(self, name: str) -> Iterator[Watch]:
        what = f"watching the domain {name!r}"
        with self._session.call("domains.watch", what) as state:
            uuid, sequence = lifecycle.find(state, name, what).uuid, state.sequence
        yield SimWatch(self._session, name, uuid, sequence)

    def _asked(self, state: State, name: str, how: Shutdown, what: str) -> Domain:
        """Return a running domain whose guest can be asked in this way."""
        if how is Shutdown.INITCTL:
            raise NotSupported(f"{what}: it is not a container, which alone has an init to tell.")
        domain = lifecycle.running(state, name, what)
        if how is Shutdown.AGENT:
            self._session.require(Capability.AGENT, what)
            if not report.agent_connected(domain, name):
                raise GuestAgentError(f"{what}: its guest agent is not connected.")
        return domain

    @contextmanager
    def _change(self, call: str, name: str) -> Iterator[State]:
        """Make a call about one domain, whose guest is from now on as this connection says."""
        with self._session.call(f"domains.{call}", f"{call} of the domain {name!r}") as state:
            settings = self._session.settings
            if settings.guest is not None and name in state.domains:
                guest.behave(state, name, settings.guest)
            yield state
