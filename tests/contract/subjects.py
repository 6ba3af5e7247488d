# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the contract suite runs over: drivers, the domains that each can have, and a witness beside each driver."""

from __future__ import annotations

import json
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from xml.sax.saxutils import escape

from ansible_collections.stratum.virt.plugins.module_utils._deadline import Deadline
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.control import Volume, edit
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Driver
from ansible_collections.stratum.virt.plugins.module_utils._driver.domains import Shutdown
from ansible_collections.stratum.virt.plugins.module_utils._driver.registry import open_driver
from ansible_collections.stratum.virt.plugins.module_utils._errors import DriverError, StratumError
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost

from tests.lab import Node

if TYPE_CHECKING:
    from tests.conftest import Guest

TIMEOUT = 30.0
"""Seconds that a call may take. The machine may be busy."""
READY = 60.0
"""Seconds that a guest may take to boot under emulation, on a busy machine."""
MEMORY = 65536
"""KiB of every domain here."""
SYSTEM_MEMORY = 131072
"""KiB of a domain with an operating system."""
AGENT = "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"


class Witness(Protocol):
    """Somebody else who can see the same node, in the words of virsh."""

    def state(self, name: str) -> str | None:
        """``running``, ``paused``, ``shut off``…; ``None`` when there is no such domain."""

    def document(self, name: str, *, config: bool = False) -> str:
        """The document of a domain, live where it is active."""

    def autostart(self, name: str) -> bool: ...

    def network(self, name: str) -> str | None:
        """``active`` or ``inactive``; ``None`` when there is no such network."""

    def network_document(self, name: str, *, config: bool = False) -> str:
        """The document of a network, live where it is active."""

    def pool(self, name: str) -> str | None:
        """``active`` or ``inactive``; ``None`` when there is no such pool."""

    def volumes(self, pool: str) -> list[str]:
        """The names of the volumes of an active pool, sorted."""


class Virsh:
    """virsh, talking to the same daemon."""

    def __init__(self, node: Node, uri: str) -> None:
        self._node = node
        self._uri = uri

    def state(self, name: str) -> str | None:
        return self._node.virsh("domstate", name, uri=self._uri, check=False) or None

    def document(self, name: str, *, config: bool = False) -> str:
        return self._node.virsh("dumpxml", name, *(["--inactive"] if config else []), uri=self._uri)

    def autostart(self, name: str) -> bool:
        lines = self._node.virsh("dominfo", name, uri=self._uri).splitlines()
        (found,) = [line.split(":")[1].strip() for line in lines if line.startswith("Autostart:")]
        return found == "enable"

    def network(self, name: str) -> str | None:
        return self._listed("net-list", name)

    def network_document(self, name: str, *, config: bool = False) -> str:
        return self._node.virsh("net-dumpxml", name, *(["--inactive"] if config else []), uri=self._uri)

    def pool(self, name: str) -> str | None:
        return self._listed("pool-list", name)

    def volumes(self, pool: str) -> list[str]:
        lines = self._node.virsh("vol-list", pool, uri=self._uri).splitlines()
        return sorted(line.split()[0] for line in lines if line)

    def _listed(self, command: str, name: str) -> str | None:
        for state, options in (("active", ["--name"]), ("inactive", ["--name", "--inactive"])):
            if name in self._node.virsh(command, *options, uri=self._uri).split():
                return state
        return None


class StateFile:
    """The simulated node's file, read as the plain JSON that it is."""

    WORDS: ClassVar = {"stopped": "shut off"}

    def __init__(self, path: Path) -> None:
        self._path = path

    def state(self, name: str) -> str | None:
        found = self._domains().get(name)
        return self.WORDS.get(found["state"], found["state"]) if found else None

    def document(self, name: str, *, config: bool = False) -> str:
        found = self._domains()[name]
        return str(found["config"] if config or found["live"] is None else found["live"])

    def autostart(self, name: str) -> bool:
        return bool(self._domains()[name]["autostart"])

    def network(self, name: str) -> str | None:
        return self._activity(self._all("networks").get(name))

    def network_document(self, name: str, *, config: bool = False) -> str:
        found = self._all("networks")[name]
        return str(found["config"] if config or found["live"] is None else found["live"])

    def pool(self, name: str) -> str | None:
        return self._activity(self._all("pools").get(name))

    def volumes(self, pool: str) -> list[str]:
        return sorted(self._all("storages")[self._all("pools")[pool]["storage"]]["volumes"])

    def _activity(self, found: dict[str, Any] | None) -> str | None:
        if found is None:
            return None
        return "inactive" if found["live"] is None else "active"

    def _domains(self) -> dict[str, dict[str, Any]]:
        return self._all("domains")

    def _all(self, kind: str) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = json.loads(self._path.read_text())[kind] if self._path.exists() else {}
        return found


class Subject(ABC):
    """One driver on one node."""

    kind: ClassVar[str]
    how: ClassVar = Shutdown.ACPI
    """How guests without an agent are asked to shut down."""
    uri: str
    witness: Witness
    pool: ClassVar = "default"
    """A pool that is there, and active."""

    def __init__(self) -> None:
        self._opened: list[Driver] = []

    @property
    def driver(self) -> Driver:
        """A connection that is opened when it is first needed, and lasts for the test."""
        return self._opened[0] if self._opened else self.open()

    def open(self, parameters: str = "") -> Driver:
        """Open one more connection."""
        separator = "&" if "?" in self.uri else "?"
        uri = f"{self.uri}{separator}{parameters}" if parameters else self.uri
        driver = open_driver(uri, LocalHost(), TIMEOUT)
        self._opened.append(driver)
        return driver

    def close(self) -> None:
        for driver in self._opened:
            driver.close()

    @abstractmethod
    def document(self, name: str, *, uuid: str | None = None, memory: int = MEMORY, devices: str = "") -> str:
        """Write the document of a small domain with room for one more vCPU."""

    def device(self, number: int) -> str:
        """Write the document of a device that can be plugged in; the number tells them apart."""
        return (
            f"<interface type='network'><mac address='52:54:00:c0:00:{number:02x}'/><source network='default'/>"
            f"<model type='virtio'/></interface>"
        )

    def run_bare(self, name: str, devices: str = "") -> None:
        """Have a running domain whose guest answers nothing."""
        self.driver.domains.define(self.document(name, devices=devices))
        self.driver.domains.start(name)

    def run_system(self, name: str) -> None:
        """Have a running domain whose guest listens to what it is asked."""
        self.run_bare(name)

    def volume(self) -> AbstractContextManager[tuple[str, str, str]]:
        """Have a volume: its pool, its name and its path."""
        raise NotImplementedError


def _identity(name: str, uuid: str | None) -> str:
    return f"<name>{name}</name>{f'<uuid>{uuid}</uuid>' if uuid else ''}"


class SimSubject(Subject):
    """A simulated node."""

    kind = "sim"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.path = folder / "node"
        self.uri = f"sim://{self.path}"
        self.witness = StateFile(self.path)

    def document(self, name: str, *, uuid: str | None = None, memory: int = MEMORY, devices: str = "") -> str:
        return qemu_document(name, uuid, memory, devices)

    def run_bare(self, name: str, devices: str = "") -> None:
        self.driver.domains.define(self.document(name, devices=devices))
        self.open("guest=deaf").domains.start(name)

    def run_system(self, name: str) -> None:
        devices = AGENT + self.device(0)
        self.driver.domains.define(self.document(name, memory=SYSTEM_MEMORY, devices=devices))
        self.open("guest=agent&reaction=0.1").domains.start(name)
        wait_for_agent(self.driver, name)

    @contextmanager
    def volume(self) -> Iterator[tuple[str, str, str]]:
        with edit(str(self.path)) as state:
            state.volumes("default")["contract.img"] = Volume("/images/contract.img", 1024)
        yield "default", "contract.img", "/images/contract.img"


class QemuSubject(Subject):
    """libvirt's QEMU driver on a real node."""

    kind = "qemu"

    def __init__(self, node: Node, guest: Guest | None) -> None:
        super().__init__()
        self.node = node
        self.guest = guest
        self.uri = node.uri
        self.witness = Virsh(node, node.uri)

    def document(self, name: str, *, uuid: str | None = None, memory: int = MEMORY, devices: str = "") -> str:
        return qemu_document(name, uuid, memory, devices)

    def run_system(self, name: str) -> None:
        assert self.guest is not None, "only tests that ask for a system may run one"
        devices = AGENT + self.device(0) + "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"
        boot = (
            f"<kernel>{self.guest.kernel}</kernel><initrd>{self.guest.initrd}</initrd>"
            f"<cmdline>{self.guest.cmdline}</cmdline>"
        )
        self.driver.domains.define(qemu_document(name, None, SYSTEM_MEMORY, devices, boot))
        self.driver.domains.start(name)
        wait_for_agent(self.driver, name)

    @contextmanager
    def volume(self) -> Iterator[tuple[str, str, str]]:
        self.node.virsh("vol-create-as", "default", "contract.img", "64K")
        try:
            yield "default", "contract.img", str(self.node.images / "contract.img")
        finally:
            self.node.virsh("vol-delete", "contract.img", "--pool", "default", check=False)


class LxcSubject(Subject):
    """libvirt's LXC driver on a real node: containers of one program, busybox."""

    kind = "lxc"
    how = Shutdown.INITCTL
    INIT = "trap 'exit 0' TERM; : > /ready-$NAME; while :; do sleep 1 & wait $!; done"

    def __init__(self, node: Node, root: Path) -> None:
        super().__init__()
        self.node = node
        self.root = root
        self.uri = node.lxc_uri
        self.witness = Virsh(node, node.lxc_uri)

    def document(self, name: str, *, uuid: str | None = None, memory: int = MEMORY, devices: str = "") -> str:
        return (
            f"<domain type='lxc'>{_identity(name, uuid)}<memory unit='KiB'>{memory}</memory><vcpu>1</vcpu>"
            f"<os><type>exe</type><init>/bin/busybox</init><initarg>sh</initarg><initarg>-c</initarg>"
            f"<initarg>{escape(self.INIT.replace('$NAME', name))}</initarg></os>"
            f"<devices><filesystem type='mount'><source dir='{self.root}'/><target dir='/'/></filesystem>"
            f"<console type='pty'/>{devices}</devices></domain>"
        )

    def device(self, number: int) -> str:
        return super().device(number).replace("<model type='virtio'/>", "")

    def run_bare(self, name: str, devices: str = "") -> None:
        # libvirt itself needs a moment to learn who the first process of a container is.
        ready = self.root / f"ready-{name}"
        super().run_bare(name, devices)
        wait_until(ready.exists, f"{name} does not run its program")


class TestSubject(Subject):
    """libvirt's own simulation, inside the daemon of a node: it lasts as long as somebody is connected."""

    kind = "test"
    pool = "default-pool"
    __test__ = False  # it is no test

    def __init__(self, node: Node) -> None:
        super().__init__()
        self.node = node
        self.uri = node.test_uri
        self.witness = Virsh(node, node.test_uri)

    def document(self, name: str, *, uuid: str | None = None, memory: int = MEMORY, devices: str = "") -> str:
        return (
            f"<domain type='test'>{_identity(name, uuid)}<memory unit='KiB'>{memory}</memory>"
            f"<vcpu current='1'>2</vcpu><os><type>hvm</type></os><devices>{devices}</devices></domain>"
        )

    def close(self) -> None:
        # Other connections may keep it alive; it must not keep our domains.
        for record in self.driver.domains.describe(documents=False):
            if record.name.startswith(PREFIX):
                if record.state.active:
                    self.driver.domains.destroy(record.name)
                if record.persistent:
                    self.driver.domains.undefine(record.name)
        networks, pools = self.driver.networks, self.driver.pools
        assert networks is not None
        assert pools is not None
        for network in networks.describe(documents=False):
            if network.name.startswith(PREFIX):
                if network.active:
                    networks.destroy(network.name)
                networks.undefine(network.name)
        for pool in pools.describe(documents=False):
            if pool.name.startswith(PREFIX):
                if pool.state.active:
                    pools.destroy(pool.name)
                pools.undefine(pool.name)
        super().close()

    @contextmanager
    def volume(self) -> Iterator[tuple[str, str, str]]:
        self.node.virsh("vol-create-as", "default-pool", "contract.img", "64K", uri=self.uri)
        try:
            yield "default-pool", "contract.img", "/default-pool/contract.img"
        finally:
            self.node.virsh("vol-delete", "contract.img", "--pool", "default-pool", uri=self.uri, check=False)


PREFIX = "contract-"


def qemu_document(name: str, uuid: str | None, memory: int, devices: str, boot: str = "") -> str:
    """Write the document of a PC. Without something to boot it sits in its firmware, which answers nothing."""
    return (
        f"<domain type='qemu'>{_identity(name, uuid)}<memory unit='KiB'>{memory}</memory>"
        f"<vcpu current='1'>2</vcpu><os><type arch='x86_64' machine='pc'>hvm</type>{boot}</os>"
        f"<features><acpi/></features><devices>{devices}</devices></domain>"
    )


def new_uuid() -> str:
    return str(uuid.uuid4())


def wait_until(condition: object, otherwise: str, seconds: float = READY) -> None:
    """Wait for something that no event tells."""
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, otherwise
        time.sleep(0.05)


def once_up(act: Callable[[], None]) -> None:
    """Do what a hypervisor refuses while an instance is coming up: the LXC driver until it knows the container's init,
    QEMU while the firmware looks into a drive."""
    end = time.monotonic() + READY
    while True:
        try:
            act()
            return
        except DriverError as error:
            if time.monotonic() > end or not any(words in error.reason for words in ("init PID", "is not open")):
                raise
            time.sleep(0.1)


def wait_for_agent(driver: Driver, name: str) -> None:
    """Wait until the guest agent answers."""

    def answers() -> bool:
        try:
            driver.domains.agent(name, '{"execute": "guest-ping"}', Deadline(2))
        except StratumError:
            return False
        return True

    wait_until(answers, f"the guest agent of {name} does not answer")
