# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the modules as Ansible runs them on a node: a process each, options in, one JSON object out.

Without ansible's own second of start, and with Python's share of it paid once: a process is a fork of this one, which
has imported the module already. What ansible itself prints is tested with ``ansible.py``.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TextIO

from tests.lab import Node
from tests.lab.entering import move_into

PATIENCE = 240.0
"""Seconds after which a task counts as hanging; no task of these tests is allowed as much."""


class Running:
    """A task that was started and is going on."""

    def __init__(
        self,
        name: str,
        arguments: Mapping[str, Any],
        check: bool,
        at: Node | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        module = importlib.import_module(f"ansible_collections.stratum.virt.plugins.modules.{name}")
        options = {**arguments, "_ansible_check_mode": check, "_ansible_diff": True}
        self._output, self._errors = (tempfile.TemporaryFile("w+") for _stream in range(2))  # noqa: SIM115
        with tempfile.TemporaryFile("w+") as wanted:
            json.dump({"ANSIBLE_MODULE_ARGS": options}, wanted)
            wanted.seek(0)
            self.pid = os.fork()
            if self.pid == 0:
                _become(module, wanted, self._output, self._errors, at, environment or {})
        self._handle = os.pidfd_open(self.pid)

    def result(self) -> dict[str, Any]:
        """Wait for its end; return its whole result, with ``failed`` always in it."""
        in_time = bool(select.select([self._handle], [], [], PATIENCE)[0])
        if not in_time:
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._handle)
        output, errors = (_read(stream) for stream in (self._output, self._errors))
        assert in_time, f"the task hangs: {output}{errors}"
        if "Traceback" in errors or not output.strip():
            raise AssertionError(f"the module crashed: {output}{errors}")
        result: dict[str, Any] = json.loads(output)
        return {"failed": False, **result}

    def kill(self) -> None:
        """Kill it, as a person or a machine that goes down would."""
        signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._handle)

    @property
    def ended(self) -> bool:
        return bool(select.select([self._handle], [], [], 0)[0])


def _read(stream: TextIO) -> str:
    with stream:
        stream.seek(0)
        return stream.read()


def _become(
    module: Any,
    wanted: TextIO,
    output: TextIO,
    errors: TextIO,
    at: Node | None,
    environment: Mapping[str, str],
) -> NoReturn:
    """Turn this process, a fork, into the module's: nothing of what pytest has open stays.

    With ``at`` it goes on inside that node.
    """
    try:
        for number, stream in enumerate((wanted, output, errors)):
            os.dup2(stream.fileno(), number)
        os.closerange(3, 1024)
        sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
        sys.argv = [module.__file__]
        for name in list(os.environ):
            if name.startswith(("LIBVIRT_", "STRATUM_", "SSH_")):
                del os.environ[name]
        os.environ.update(environment)
        if at is not None:
            move_into(at)
        module.main()
    except SystemExit:
        pass
    except BaseException:  # noqa: BLE001 - whatever it is, this process must not go on as pytest
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


class Tasks:
    """Runs one module against one hypervisor of one node, and asks virsh what really is.

    With ``at``, the module runs on another node, from which ``node`` is far, with the ``environment`` added to its own.
    ``uri`` is what the module gets; virsh always takes the node's socket.
    """

    def __init__(
        self,
        node: Node,
        uri: str | None = None,
        module: str = "domain",
        *,
        at: Node | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.node = node
        self.uri = uri or node.uri
        self.module = module
        self.at = at
        self.environment = dict(environment or {})

    def of(self, module: str) -> Tasks:
        """Return the same for another module."""
        return Tasks(self.node, self.uri, module, at=self.at, environment=self.environment)

    def start(self, check: bool = False, **options: Any) -> Running:
        """Start a task."""
        return self._start(self.module, options, check)

    def _start(self, module: str, options: Mapping[str, Any], check: bool) -> Running:
        return Running(module, {"uri": self.uri, **options}, check, self.at, self.environment)

    def run(self, check: bool = False, **options: Any) -> dict[str, Any]:
        """Run a task; return its result, failed or not."""
        return self.start(check, **options).result()

    def make(self, **options: Any) -> dict[str, Any]:
        """Run a task that has to succeed."""
        result = self.run(**options)
        assert not result["failed"], result
        return result

    def apply(self, **options: Any) -> dict[str, Any]:
        """Run a task that has to change something, in check mode first; return the result of the real run.

        Check mode has to foretell it without changing anything, and a second run has to find nothing to do.
        """
        before = self.truth()
        foretold = self.run(check=True, **options)
        assert not foretold["failed"], foretold
        assert self.truth() == before, "check mode changed something"
        done = self.make(**options)
        assert done["changed"]
        for what in ("changed", "actions", "diff"):
            assert foretold[what] == done[what], f"check mode foretold another {what}"
        again = self.make(**options)
        assert not again["changed"], again["actions"]
        assert again["diff"] == {"before": {}, "after": {}}
        return done

    def unchanged(self, **options: Any) -> dict[str, Any]:
        """Run a task that must find nothing to do."""
        before = self.truth()
        result = self.make(**options)
        assert not result["changed"], result["actions"]
        assert result["actions"] == []
        assert result["diff"] == {"before": {}, "after": {}}
        assert self.truth() == before
        return result

    def refused(self, **options: Any) -> dict[str, Any]:
        """Run a task that has to fail before it changes anything, in check mode and out of it; return its result."""
        before = self.truth()
        messages = []
        for check in (True, False):
            result = self.run(check=check, **options)
            assert result["failed"], result
            assert self.truth() == before, f"a task that fails with {result['msg']!r} changed something"
            messages.append(result["msg"])
        assert messages[0] == messages[1]
        return result

    def info(self, **options: Any) -> list[dict[str, Any]]:
        """Run a task with the module that reads such objects; return them."""
        result = self._start(f"{self.module}_info", options, check=False).result()
        assert not result["failed"], result
        assert not result["changed"]
        found: list[dict[str, Any]] = result[f"{self.module}s"]
        return found

    def virsh(self, *argv: str, check: bool = True) -> str:
        """Return what virsh prints."""
        return self.node.virsh(*argv, uri=self.uri if self.at is None else self.node.uri, check=check)

    def define(self, document: str, folder: Path) -> None:
        """Define a domain by virsh."""
        file = folder / "define.xml"
        file.write_text(document)
        self.virsh("define", str(file))

    def names(self) -> list[str]:
        """Return the names of all domains."""
        return sorted(self.virsh("list", "--all", "--name").split())

    def state(self, name: str) -> str:
        """Return a domain's state in the words of the module, from virsh."""
        if name not in self.names():
            return "absent"
        facts = self.facts(name)
        state = {"shut off": "stopped"}.get(facts["State"], facts["State"])
        return "saved" if facts.get("Managed save") == "yes" else state

    def facts(self, name: str) -> dict[str, str]:
        """Return ``virsh dominfo`` as a dictionary."""
        lines = self.virsh("dominfo", name).splitlines()
        return {key.strip(): value.strip() for key, _colon, value in (line.partition(":") for line in lines)}

    def config(self, name: str) -> str:
        """Return a domain's configuration with its passwords."""
        return self.virsh("dumpxml", "--inactive", "--security-info", name)

    def live(self, name: str) -> str:
        """Return a running domain's document."""
        return self.virsh("dumpxml", name)

    def truth(self) -> str:
        """Return all that virsh and the folder of images say, to be compared with what they say later."""
        lines = [*self._domains_said()]
        if self.uri.startswith("qemu"):
            lines += [*self._networks_said(), *self._pools_said()]
        images = (path for path in sorted(self.node.images.rglob("*")) if path.is_file())
        return "\n".join([*lines, *(f"{path} {path.stat().st_size}" for path in images)])

    def _domains_said(self) -> Iterator[str]:
        commands = (
            "dominfo {0}; domstate --reason {0}; dumpxml {0}; dumpxml --inactive --security-info {0};"
            "snapshot-list --name {0}"
        )
        if not self.uri.startswith("qemu"):
            commands = commands.rpartition(";")[0]
        names = self.names()
        yield from names
        # A container's use of memory is measured; its documents say what it may use.
        passing = ("CPU time:", "Id:") if self.uri.startswith("qemu") else ("CPU time:", "Id:", "Used memory:")
        yield from self._said(commands, names, passing)

    def _networks_said(self) -> Iterator[str]:
        names = sorted(self.virsh("net-list", "--all", "--name").split())
        yield from self._said("net-info {0}; net-dumpxml {0}; net-dumpxml --inactive {0}", names)

    def _pools_said(self) -> Iterator[str]:
        names = sorted(self.virsh("pool-list", "--all", "--name").split())
        # How full a file system is changes by itself.
        passing = ("<capacity", "<allocation", "<available")
        yield from self._said("pool-dumpxml {0}; pool-dumpxml --inactive {0}", names, passing)
        yield from self.virsh("pool-list", "--all").splitlines()
        for pool in self.virsh("pool-list", "--name").split():
            volumes = [line.split()[0] for line in self.virsh("vol-list", pool).splitlines() if line.strip()]
            yield from self._said(f"vol-dumpxml {{0}} --pool {pool}", sorted(volumes), ("<atime>",))

    def _said(self, commands: str, names: Sequence[str], passing: tuple[str, ...] = ()) -> Iterator[str]:
        """Yield what virsh answers about each name, less the lines that change by themselves."""
        said = self.virsh("; ".join(commands.format(name) for name in names)) if names else ""
        return (line for line in said.splitlines() if not line.strip().startswith(passing or ("\0",)))
