# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt import files, protocol
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.client import Client
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.objects import Objects
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.pools import POOL
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.volumes import WIPES, LibvirtVolumes
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    AlreadyExists,
    Denied,
    DriverError,
    InputError,
    NotFound,
    NotSupported,
    OperationInvalid,
    OutcomeUnknown,
)
from ansible_collections.stratum.virt.plugins.module_utils._host.base import FileStatus, Host
from ansible_collections.stratum.virt.plugins.module_utils._host.local import LocalHost
from ansible_collections.stratum.virt.tests.unit._driver._libvirt.fake_daemon import (
    Call,
    Connection,
    FakeDaemon,
    gives,
    hangs_up,
    refusal,
    refuses,
    reply,
)

NO_POOL, NO_VOLUME, INTERNAL, INVALID = 49, 50, 1, 55


class Model:
    """Pools whose volumes are the files of folders, behind a fake daemon. A pool without a folder is not active."""

    def __init__(self, daemon: FakeDaemon, **folders: Path | None) -> None:
        self.folders = folders
        self.pools = {name: protocol.Pool(name, name.encode().ljust(16, b".")) for name in folders}
        self.volumes: dict[str, list[str]] = {}
        self.busy = 0
        """How many times a pool cannot be refreshed yet."""
        self.look()
        daemon.script.update(
            {
                protocol.LIST_POOLS: lambda connection, call: connection.send(
                    reply(call, list(self.pools.values()), len(self.pools))
                ),
                protocol.POOL_BY_NAME: self.pool,
                protocol.POOL_VOLUMES: self.list,
                protocol.POOL_REFRESH: self.refresh,
                protocol.VOLUME_BY_NAME: self.by_name,
                protocol.VOLUME_BY_PATH: self.by_path,
                protocol.VOLUME_DOCUMENT: lambda connection, call: self.about(connection, call, "<volume>{}</volume>"),
                protocol.VOLUME_PATH: lambda connection, call: self.about(connection, call, "{}"),
            }
        )

    def look(self) -> None:
        self.volumes = {pool: os.listdir(folder) for pool, folder in self.folders.items() if folder is not None}

    def volume(self, pool: str, name: str) -> protocol.Volume:
        return protocol.Volume(pool, name, f"{self.folders[pool]}/{name}")

    def pool(self, connection: Connection, call: Call) -> None:
        pool = self.pools.get(call.arguments[0])
        connection.send(reply(call, pool) if pool else refusal(call, NO_POOL, f"no pool {call.arguments[0]}"))

    def list(self, connection: Connection, call: Call) -> None:
        pool = call.arguments[0].name
        if pool not in self.volumes:
            connection.send(refusal(call, INVALID, f"storage pool '{pool}' is not active"))
            return
        found = [self.volume(pool, name) for name in self.volumes[pool]]
        connection.send(reply(call, found, len(found)))

    def refresh(self, connection: Connection, call: Call) -> None:
        if self.busy:
            self.busy -= 1
            connection.send(refusal(call, INTERNAL, "pool 'p' has asynchronous jobs running."))
            return
        self.look()
        connection.send(reply(call))

    def by_name(self, connection: Connection, call: Call) -> None:
        pool, name = call.arguments[0].name, call.arguments[1]
        if pool not in self.volumes:
            connection.send(refusal(call, INVALID, f"storage pool '{pool}' is not active"))
        elif name in self.volumes[pool]:
            connection.send(reply(call, self.volume(pool, name)))
        else:
            connection.send(refusal(call, NO_VOLUME, f"no storage vol with matching name '{name}'"))

    def by_path(self, connection: Connection, call: Call) -> None:
        every = [self.volume(pool, name) for pool, names in self.volumes.items() for name in names]
        found = [volume for volume in every if volume.key == call.arguments[0]]
        connection.send(reply(call, found[0]) if found else refusal(call, NO_VOLUME, "no storage vol"))

    def about(self, connection: Connection, call: Call, text: str) -> None:
        volume = call.arguments[0]
        if Path(volume.key).exists():
            connection.send(reply(call, text.format(volume.key)))
        else:
            connection.send(refusal(call, NO_VOLUME, "no storage vol with matching path"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "pool"
    folder.mkdir()
    for name in ("b", "a", "c"):
        (folder / name).write_text(name)
    return folder


@pytest.fixture
def model(daemon: FakeDaemon, folder: Path, tmp_path: Path) -> Model:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a").write_text("other")
    return Model(daemon, p=folder, q=tmp_path / "other", stopped=None)


@pytest.fixture
def volumes(client: Client, model: Model) -> LibvirtVolumes:
    return on(client, LocalHost())


def on(client: Client, host: Host | None) -> LibvirtVolumes:
    return LibvirtVolumes(client, Objects(client, POOL), host)


def test_volumes_are_read_together(daemon: FakeDaemon, volumes: LibvirtVolumes, folder: Path) -> None:
    records = volumes.describe({"q": None, "p": None, "stopped": None, "nobody": None})
    assert [(each.pool, each.name) for each in records] == [("q", "a"), ("p", "a"), ("p", "b"), ("p", "c")]
    assert records[1].key == f"{folder}/a"
    assert records[1].document == f"<volume>{folder}/a</volume>"
    assert daemon.asked.count(protocol.POOL_VOLUMES) == 3
    assert protocol.VOLUME_BY_NAME not in daemon.asked


def test_few_volumes_are_not_looked_for_among_all(daemon: FakeDaemon, volumes: LibvirtVolumes) -> None:
    records = volumes.describe({"p": ["c", "nobody", "a", "c"], "stopped": ["a"], "q": []})
    assert [(each.pool, each.name) for each in records] == [("p", "c"), ("p", "a")]
    assert protocol.POOL_VOLUMES not in daemon.asked
    assert protocol.LIST_POOLS not in daemon.asked


def test_many_names_are_given_back_in_their_order(daemon: FakeDaemon, volumes: LibvirtVolumes) -> None:
    names = ["c", *(f"nobody{index}" for index in range(20)), "a"]
    assert [each.name for each in volumes.describe({"p": names})] == ["c", "a"]
    assert protocol.VOLUME_BY_NAME not in daemon.asked


def test_a_volume_that_vanishes_meanwhile_is_left_out(volumes: LibvirtVolumes, folder: Path) -> None:
    (folder / "b").unlink()
    assert [each.name for each in volumes.describe({"p": None})] == ["a", "c"]


def test_a_document_that_is_denied_is_an_error(daemon: FakeDaemon, volumes: LibvirtVolumes) -> None:
    daemon.script[protocol.VOLUME_DOCUMENT] = refuses(88, "access denied")
    with pytest.raises(Denied, match="reading the document of the volume a"):
        volumes.describe({"p": None})


def test_paths(volumes: LibvirtVolumes, folder: Path) -> None:
    wanted = [("p", "a"), ("p", "a"), ("p", "nobody"), ("nobody", "a"), ("stopped", "a")]
    assert volumes.paths(wanted) == {("p", "a"): f"{folder}/a"}
    assert volumes.paths([]) == {}
    assert volumes.find(f"{folder}/a") == ("p", "a")
    assert volumes.find("/no/such/file") is None


def test_deleting(daemon: FakeDaemon, volumes: LibvirtVolumes, model: Model, folder: Path) -> None:
    daemon.script[protocol.VOLUME_DELETE] = gives()
    assert volumes.delete_path(f"{folder}/a") is True
    assert volumes.delete_path("/no/such/file") is False
    volumes.delete("p", "b")
    deleted = [call.arguments for call in daemon.calls if call.procedure is protocol.VOLUME_DELETE]
    assert deleted == [(model.volume("p", "a"), 0), (model.volume("p", "b"), 0)]
    with pytest.raises(NotFound, match="nobody"):
        volumes.delete("p", "nobody")
    with pytest.raises(NotFound, match="the pool nobody"):
        volumes.delete("nobody", "a")
    with pytest.raises(OperationInvalid, match="stopped"):
        volumes.delete("stopped", "a")


def test_creating(daemon: FakeDaemon, volumes: LibvirtVolumes, model: Model) -> None:
    daemon.script[protocol.VOLUME_CREATE] = daemon.script[protocol.VOLUME_CLONE] = gives(model.volume("p", "new"))
    volumes.create("p", "<volume/>")
    volumes.create("p", "<volume/>", preallocate_metadata=True)
    volumes.create("p", "<volume/>", source=("q", "a"))
    volumes.create("p", "<volume/>", source=("q", "a"), reflink=True)
    pool, source = model.pools["p"], model.volume("q", "a")
    created = [
        call.arguments for call in daemon.calls if call.procedure in (protocol.VOLUME_CREATE, protocol.VOLUME_CLONE)
    ]
    assert created == [
        (pool, "<volume/>", 4),
        (pool, "<volume/>", 5),
        (pool, "<volume/>", source, 4),
        (pool, "<volume/>", source, 6),
    ]


def test_creating_where_the_daemon_cannot_validate(daemon: FakeDaemon, volumes: LibvirtVolumes, model: Model) -> None:
    def old(connection: Connection, call: Call) -> None:
        refused = refusal(call, 8, "unsupported flags (0x4) in function storageVolCreateXML")
        connection.send(refused if call.arguments[2] & 4 else reply(call, model.volume("p", "new")))

    daemon.script[protocol.VOLUME_CREATE] = old
    volumes.create("p", "<volume/>", preallocate_metadata=True)
    assert daemon.calls[-1].arguments[2] == 1


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (90, "storage volume 'a' exists already"),
        (INTERNAL, "storage volume name 'a' already in use."),
        (9, "storage vol already exists"),
    ],
)
def test_a_name_that_is_taken(daemon: FakeDaemon, volumes: LibvirtVolumes, code: int, message: str) -> None:
    daemon.script[protocol.VOLUME_CREATE] = refuses(code, message)
    with pytest.raises(AlreadyExists, match="creating a volume in the pool p"):
        volumes.create("p", "<volume/>")


def test_sizes_and_wiping(daemon: FakeDaemon, volumes: LibvirtVolumes, model: Model) -> None:
    daemon.script[protocol.VOLUME_RESIZE] = daemon.script[protocol.VOLUME_WIPE] = gives()
    volumes.resize("p", "a", 2**40)
    volumes.resize("p", "a", 1, shrink=True)
    volumes.resize("p", "a", 2, allocate=True)
    for algorithm in WIPES:
        volumes.wipe("p", "a", algorithm)
    sent = [
        call.arguments[1:] for call in daemon.calls if call.procedure in (protocol.VOLUME_RESIZE, protocol.VOLUME_WIPE)
    ]
    assert sent == [(2**40, 0), (1, 4), (2, 1), *((number, 0) for number in range(10))]
    with pytest.raises(InputError, match="'fire' is not known"):
        volumes.wipe("p", "a", "fire")


def test_a_daemon_that_dies_at_a_change_leaves_its_outcome_open(daemon: FakeDaemon, volumes: LibvirtVolumes) -> None:
    daemon.script[protocol.VOLUME_RESIZE] = hangs_up
    with pytest.raises(OutcomeUnknown, match="resizing the volume a"):
        volumes.resize("p", "a", 1)


def test_renaming_replaces(volumes: LibvirtVolumes, folder: Path) -> None:
    volumes.rename("p", "b", "a")
    assert sorted(os.listdir(folder)) == ["a", "c"]
    assert (folder / "a").read_text() == "b"
    assert [each.name for each in volumes.describe({"p": None})] == ["a", "c"]


def test_renaming_waits_for_what_else_goes_on_in_the_pool(
    daemon: FakeDaemon, volumes: LibvirtVolumes, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "AGAIN", 0.01)
    model.busy = 3
    volumes.rename("p", "b", "d")
    assert daemon.asked.count(protocol.POOL_REFRESH) == 4
    assert volumes.paths([("p", "d")])


def test_renaming_in_a_pool_that_cannot_be_refreshed(daemon: FakeDaemon, volumes: LibvirtVolumes) -> None:
    daemon.script[protocol.POOL_REFRESH] = refuses(38, "cannot open directory")
    with pytest.raises(DriverError, match="refreshing the pool p: cannot open directory"):
        volumes.rename("p", "b", "d")


@pytest.mark.parametrize("name", ["", ".", "..", "../a", "x/y", "/etc/x", "a\0b"])
def test_a_name_that_leads_elsewhere(volumes: LibvirtVolumes, folder: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be the name of a file"):
        volumes.rename("p", "b", name)
    assert sorted(os.listdir(folder)) == ["a", "b", "c"]


class Elsewhere(LocalHost):
    """A machine on which files of these kinds are where the volumes are."""

    def __init__(self, kind: str | None) -> None:
        self._kind = kind

    def status(self, path: str) -> FileStatus | None:
        if self._kind == "denied":
            raise Denied(f"reading the status of {path}: permission denied.")
        return None if self._kind is None else FileStatus(self._kind, 0, 0, 0, 0)

    def rename(self, path: str, new_path: str) -> None:
        if self._kind != "file":
            raise NotImplementedError
        raise Denied(f"renaming {path} to {new_path}: permission denied.")


@pytest.mark.parametrize("kind", [None, "block", "directory", "denied", "file"])
def test_what_cannot_be_renamed(client: Client, model: Model, folder: Path, kind: str | None) -> None:
    with pytest.raises(NotSupported, match="renaming the volume b of the pool p to d"):
        on(client, Elsewhere(kind)).rename("p", "b", "d")
    assert sorted(os.listdir(folder)) == ["a", "b", "c"]


def test_without_a_host_there_are_no_files(client: Client, model: Model) -> None:
    volumes = on(client, None)
    with pytest.raises(NotSupported, match="renaming the volume b"):
        volumes.rename("p", "b", "d")
    assert volumes.set_mark("p", "b", "x") is False
    assert volumes.mark("p", "b") is None


def test_a_volume_whose_path_has_another_name(daemon: FakeDaemon, volumes: LibvirtVolumes, folder: Path) -> None:
    daemon.script[protocol.VOLUME_PATH] = gives(f"{folder}/c")
    with pytest.raises(NotSupported, match="renaming the volume b"):
        volumes.rename("p", "b", "d")


def test_a_file_of_another_machine_gets_its_name_back(
    daemon: FakeDaemon, volumes: LibvirtVolumes, folder: Path
) -> None:
    daemon.script[protocol.POOL_REFRESH] = gives()  # the daemon looks into a folder of its own
    with pytest.raises(NotSupported, match="libvirt does not see what happens to"):
        volumes.rename("p", "b", "d")
    assert (folder / "b").read_text() == "b"
    assert not (folder / "d").exists()


class Marking(LocalHost):
    """A machine whose file systems keep marks."""

    def __init__(self) -> None:
        self.marks: dict[str, Any] = {}

    def mark(self, path: str) -> str | None:
        return self.marks.get(path)

    def set_mark(self, path: str, mark: str) -> bool:
        self.marks[path] = mark
        return True


def test_marks(client: Client, model: Model, folder: Path) -> None:
    host = Marking()
    volumes = on(client, host)
    assert volumes.mark("p", "a") is None
    assert volumes.set_mark("p", "a", "from there") is True
    assert host.marks == {f"{folder}/a": "from there"}
    assert volumes.mark("p", "a") == "from there"
    with pytest.raises(NotFound, match="nobody"):
        volumes.mark("p", "nobody")
    assert on(client, Elsewhere("block")).set_mark("p", "a", "x") is False
    assert on(client, Elsewhere("denied")).mark("p", "a") is None
