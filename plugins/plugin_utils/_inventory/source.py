# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""From a source's options to hosts: what is read of the nodes, or of the cache, and what becomes of it."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, MutableMapping, Sequence
from typing import Any, NamedTuple, Protocol

from ansible.errors import AnsibleParserError

from ...module_utils._driver.registry import ENVIRONMENT
from ...module_utils._errors import InputError, MissingLibrary, StratumError
from .._driver import message_of
from . import nodes, reading
from .expressions import Evaluator, needs
from .naming import GROUPS_LIMIT, Named, can_name_group, host_names, short
from .nodes import NodeSource
from .selection import PREFIX, Candidate, Selection, Stage
from .templating import untrusted
from .threads import Job, run_all
from .variables import Way, groups_of, of_connection, of_domain

KEY_FORM = 1
"""Counts up when what the cache holds gets another form."""


class Plugin(Protocol):
    """What is used of Ansible's base classes for inventory plugins."""

    inventory: Any
    display: Any

    def get_option(self, option: str) -> Any: ...
    def get_cache_key(self, path: str) -> str: ...
    def _compose(self, template: Any, variables: dict[str, Any]) -> Any: ...
    def _sanitize_group_name(self, name: str) -> str: ...
    def _set_composite_vars(self, compose: Any, variables: Any, host: str, strict: bool) -> None: ...
    def _add_host_to_composed_groups(self, groups: Any, variables: Any, host: str, strict: bool) -> None: ...
    def _add_host_to_keyed_groups(self, keys: Any, variables: Any, host: str, strict: bool) -> None: ...


class Host(NamedTuple):
    """A domain that is in the inventory."""

    name: str
    """The domain's."""
    node: str
    variables: dict[str, Any]
    groups: list[str]
    """Those that are made for everybody, by kind."""
    problems: list[str]
    """Sentences about groups that it is not in."""


class Source:
    """One source. ``cache`` is Ansible's, ``None`` without one; ``use_cache``: what it holds may be used."""

    def __init__(self, plugin: Plugin, path: str, cache: MutableMapping[str, Any] | None, *, use_cache: bool) -> None:
        option = plugin.get_option
        self._plugin = plugin
        self._cache = cache
        self._use_cache = use_cache
        self._key = plugin.get_cache_key(path) if cache is not None else ""
        self._strict = bool(option("strict"))
        self._spec = bool(option("spec"))
        self._evaluator = Evaluator(plugin._compose, strict=self._strict)
        self._selection = Selection(
            self._evaluator, **{name: option(name) or () for name in ("names", "states", "tags", "filters")}
        )
        sources = tuple(dict.fromkeys(option("address_sources") or ()))
        self._way = Way(option("connection"), sources, option("address_network"), option("address_family"))
        self._nodes = nodes.load(
            option("uris"),
            timeout=option("timeout"),
            ssh_password=option("ssh_password"),
            ssh_passphrase=option("ssh_passphrase"),
        )
        if option("threads") < 1:
            raise InputError("threads", "at least one is needed.")
        for index, expression in enumerate(option("hostnames")):
            needs(expression, f"hostnames[{index}]")

    def populate(self) -> None:
        """Add everything to the inventory."""
        try:
            hosts = [host for node, read in self._read() for host in self._wanted(node, read)]
            names, problems = self._names(hosts)
        finally:
            failed = self._evaluator.close()
        self._tell("names of hosts", problems)
        self._tell("groups", [problem for host in hosts for problem in host.problems])
        for problem in failed:
            self._plugin.display.warning(problem)
        # One round after the other, because Ansible takes a name for a group's wherever there is a group of that name.
        # Groups that it may find by itself, of values that anybody can have written, come last.
        for add in (self._add_host, self._add_to_groups, self._add_to_keyed_groups):
            for name, host in zip(names, hosts):
                add(name, host)

    # Reading

    def _read(self) -> list[tuple[NodeSource, reading.Read]]:
        """Return what is known of the nodes that answered, in their order."""
        found = {node.name: read for node in self._nodes for read in self._cached(node)}
        missing = [node for node in self._nodes if node.name not in found]
        warnings: dict[str, list[str]] = {node.name: [] for node in missing}
        jobs = [self._job(node, warnings[node.name]) for node in missing]
        for outcome in run_all(jobs, self._plugin.get_option("threads")):
            node = missing[outcome.number]
            for warning in warnings[node.name]:
                self._plugin.display.warning(f"{node.name}: {short(warning, 1000)}")
            if outcome.error is not None:
                self._failed(node, outcome.error)
            if outcome.value is not None:
                read = found[node.name] = outcome.value.read()
                self._tell(node.name, read.problems)
                self._store(node, read)
        return [(node, found[node.name]) for node in self._nodes if node.name in found]

    def _job(self, node: NodeSource, warnings: list[str]) -> Job:
        return Job(
            f"reading the domains of {node.name}",
            node.timeout,
            lambda deadline: reading.read(
                node, self._selection, self._way.sources, deadline, warnings.append, spec=self._spec
            ),
        )

    def _failed(self, node: NodeSource, error: BaseException) -> None:
        """Warn or raise. What the source itself says wrong is no node's failure, nor is a mistake of ours."""
        if not isinstance(error, StratumError):
            raise error
        message = f"the domains of the node {node.name} are not in the inventory: {short(message_of(error), 1000)}"
        if isinstance(error, (InputError, MissingLibrary)) or self._plugin.get_option("on_unreachable") == "fail":
            raise AnsibleParserError(message) from error
        self._plugin.display.warning(message)

    def _tell(self, what: str, problems: Sequence[str]) -> None:
        """Tell the first of some problems: any number of domains can have the same one."""
        if problems:
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            self._plugin.display.warning(f"{what}: {problems[0]}{more}")

    # The cache: what was read of each node, under a key of its own, so that one that did not answer is asked again

    def _node_key(self, node: NodeSource) -> str:
        """Return the key of a node, which changes with all that decides about what is read of it."""
        option = self._plugin.get_option
        decides = [
            KEY_FORM,
            node.name,
            node.uri or [os.environ.get(variable) for variable in ENVIRONMENT],
            self._way.sources,
            *map(option, ("names", "states", "tags", "filters", "spec")),
        ]
        text = json.dumps(decides, sort_keys=True, default=str)
        return f"{self._key}_{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    def _cached(self, node: NodeSource) -> Iterator[reading.Read]:
        """Yield what the cache has of a node, if anything."""
        if self._cache is None or not self._use_cache:
            return
        try:
            kept = self._cache[self._node_key(node)]
        except KeyError:
            return
        # Ansible writes all of it again when a part is new, and would let the others never end.
        lasts = self._plugin.get_option("cache_timeout")
        if not lasts or 0 <= time.time() - kept["read"] < lasts:
            yield reading.Read(kept["uri"], kept["domains"], [], {})

    def _store(self, node: NodeSource, read: reading.Read) -> None:
        if self._cache is not None:
            self._cache[self._node_key(node)] = {"read": time.time(), "uri": read.uri, "domains": read.domains}

    # What becomes of it

    def _wanted(self, node: NodeSource, read: reading.Read) -> Iterator[Host]:
        for facts in read.domains:
            known = of_domain(node.name, read.uri, facts, spec=self._spec)
            variables = untrusted({**known, **of_connection(facts, self._way)})
            candidate = read.candidates.get(facts["uuid"]) or Candidate(facts["name"])
            if self._selection.wants(candidate, Stage.KNOWN, variables):
                groups, left = self._groups(variables)
                problems = [f"{short(facts['name'])!r} on {node.name} is not in all groups by {each}" for each in left]
                yield Host(facts["name"], node.name, variables, groups, problems)

    def _names(self, hosts: Sequence[Host]) -> tuple[list[str], list[str]]:
        own = map(self._plugin._sanitize_group_name, self._plugin.get_option("groups"))
        taken = {*self._plugin.inventory.groups, *own, *(group for host in hosts for group in host.groups)}
        wanted = [
            Named(self._wanted_names(host), host.name, str(host.variables[f"{PREFIX}uuid"]), host.node)
            for host in hosts
        ]
        return host_names(wanted, frozenset(taken))

    def _wanted_names(self, host: Host) -> list[object]:
        expressions = enumerate(self._plugin.get_option("hostnames"))
        return [
            host.variables[expression]
            if expression in host.variables
            else self._evaluator.value(expression, host.variables, f"hostnames[{index}]", host.name)
            for index, expression in expressions
        ]

    def _groups(self, variables: dict[str, Any]) -> tuple[list[str], list[str]]:
        """Return the groups of a host, and of which kinds there are too many: anybody can have written them."""
        prefix = self._plugin.get_option("group_prefix")
        groups, left = [], []
        for kind, values in groups_of(variables, self._plugin.get_option("group_by")).items():
            usable = [value for value in values if can_name_group(value)]
            groups += [self._plugin._sanitize_group_name(f"{prefix}{kind}_{value}") for value in usable[:GROUPS_LIMIT]]
            if len(usable) > GROUPS_LIMIT:
                left.append(f"{kind}: there are {len(usable)} of them")
        return groups, left

    def _add_host(self, name: str, host: Host) -> None:
        self._plugin.inventory.add_host(name)
        # The inventory's own way would note beside every string which file it is from. They are not from that file, and
        # with many domains it would take half of the time.
        added = self._plugin.inventory.get_host(name)
        for variable, value in host.variables.items():
            added.set_variable(variable, value)
        if compose := self._plugin.get_option("compose"):
            self._plugin._set_composite_vars(compose, host.variables, name, self._strict)

    def _add_to_groups(self, name: str, host: Host) -> None:
        for group in host.groups:
            self._plugin.inventory.add_group(group)
            self._plugin.inventory.add_host(name, group)
        if groups := self._plugin.get_option("groups"):
            self._plugin._add_host_to_composed_groups(groups, self._composed(name), name, self._strict)

    def _add_to_keyed_groups(self, name: str, _host: Host) -> None:
        if keys := self._plugin.get_option("keyed_groups"):
            self._plugin._add_host_to_keyed_groups(keys, self._composed(name), name, self._strict)

    def _composed(self, name: str) -> Any:
        """Return a host's variables, with those that the source composes."""
        return self._plugin.inventory.get_host(name).get_vars()
