# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt import protocol
from ansible_collections.stratum.virt.plugins.module_utils._driver._libvirt.pools import LibvirtPools
from ansible_collections.stratum.virt.plugins.module_utils._driver.storage import PoolState
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    AlreadyExists,
    InvalidDocument,
    NotFound,
    OperationInvalid,
    OutcomeUnknown,
)
from ansible_collections.stratum.virt.tests.unit._driver._libvirt.conftest import OpenDriver
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

TRANSIENT, AUTOSTART = 1 << 3, 1 << 4
NO_POOL = 49
POOLS = {name: protocol.Pool(name, name.encode().ljust(16, b".")) for name in ("b", "a")}


@pytest.fixture
def pools(daemon: FakeDaemon, open_driver: OpenDriver) -> LibvirtPools:
    """The pool ``a`` is not active, and ``b`` transient."""

    def lists(connection: Connection, call: Call) -> None:
        names = {TRANSIENT: ["b"], AUTOSTART: ["a"]}.get(call.arguments[1], list(POOLS))
        connection.send(reply(call, [POOLS[name] for name in names], len(names)))

    def by_name(connection: Connection, call: Call) -> None:
        pool = POOLS.get(call.arguments[0])
        connection.send(reply(call, pool) if pool else refusal(call, NO_POOL, f"no pool {call.arguments[0]}"))

    def info(connection: Connection, call: Call) -> None:
        sizes = (2, 100, 40, 60) if call.arguments[0].name == "b" else (0, 7, 7, 7)
        connection.send(reply(call, protocol.PoolInfo(*sizes)))

    def document(connection: Connection, call: Call) -> None:
        connection.send(reply(call, "<pool>config</pool>" if call.arguments[1] else "<pool>live</pool>"))

    def named(name: str) -> Any:
        return lambda connection, call: connection.send(reply(call, call.arguments[0].name == name))

    daemon.script.update(
        {
            protocol.LIST_POOLS: lists,
            protocol.POOL_BY_NAME: by_name,
            protocol.POOL_INFO: info,
            protocol.POOL_DOCUMENT: document,
            protocol.POOL_PERSISTENT: named("a"),
            protocol.POOL_AUTOSTART: named("a"),
        }
    )
    found = open_driver().pools
    assert isinstance(found, LibvirtPools)
    return found


def test_all_pools_in_two_round_trips(daemon: FakeDaemon, pools: LibvirtPools) -> None:
    daemon.calls.clear()
    a, b = pools.describe()
    assert (a.name, a.state, a.persistent, a.autostart) == ("a", PoolState.INACTIVE, True, True)
    assert (a.live, a.config, a.capacity, a.allocation, a.available) == (None, "<pool>config</pool>", 0, 0, 0)
    assert (b.name, b.state, b.persistent, b.autostart) == ("b", PoolState.ACTIVE, False, False)
    assert (b.live, b.config, b.capacity, b.allocation, b.available) == ("<pool>live</pool>", None, 100, 40, 60)
    assert b.uuid == "622e2e2e-2e2e-2e2e-2e2e-2e2e2e2e2e2e"
    assert daemon.asked[:3] == [protocol.LIST_POOLS] * 3
    assert len(daemon.calls) == 3 + 2 * 3


def test_few_pools_are_not_looked_for_among_all(daemon: FakeDaemon, pools: LibvirtPools) -> None:
    everything = pools.describe()
    daemon.calls.clear()
    assert pools.describe(["b", "nobody", "a"]) == everything[::-1]
    assert protocol.LIST_POOLS not in daemon.asked


def test_without_documents_none_is_read(daemon: FakeDaemon, pools: LibvirtPools) -> None:
    a, b = pools.describe(documents=False)
    assert (a.live, a.config, b.live, b.config) == (None, None, None, None)
    assert b.available == 60
    assert protocol.POOL_DOCUMENT not in daemon.asked


def test_names_and_find(daemon: FakeDaemon, pools: LibvirtPools) -> None:
    assert pools.names() == ["a", "b"]
    daemon.script[protocol.POOL_BY_UUID] = gives(POOLS["a"])
    assert pools.find("612e2e2e-2e2e-2e2e-2e2e-2e2e2e2e2e2e") == "a"
    daemon.script[protocol.POOL_BY_UUID] = refuses(NO_POOL)
    assert pools.find("612e2e2e-2e2e-2e2e-2e2e-2e2e2e2e2e2e") is None


def test_changes(daemon: FakeDaemon, pools: LibvirtPools) -> None:
    for name in ("BUILD", "START", "REFRESH", "DESTROY", "DELETE", "SET_AUTOSTART", "UNDEFINE"):
        daemon.script[getattr(protocol, f"POOL_{name}")] = gives()
    daemon.calls.clear()
    for overwrite in (None, False, True):
        pools.build("a", overwrite=overwrite)
    pools.start("a")
    pools.refresh("a")
    pools.destroy("a")
    pools.delete("a")
    pools.set_autostart("a", False)
    pools.undefine("a")
    assert [(call.procedure, call.arguments[1:]) for call in daemon.calls[1:]] == [
        (protocol.POOL_BUILD, (0,)),
        (protocol.POOL_BUILD, (1 << 2,)),
        (protocol.POOL_BUILD, (1 << 3,)),
        (protocol.POOL_START, (0,)),
        (protocol.POOL_REFRESH, (0,)),
        (protocol.POOL_DESTROY, ()),
        (protocol.POOL_DELETE, (0,)),
        (protocol.POOL_SET_AUTOSTART, (0,)),
        (protocol.POOL_UNDEFINE, ()),
    ]
    assert {call.arguments[0] for call in daemon.calls[1:]} == {POOLS["a"]}


def test_a_document_is_validated_where_the_daemon_can(daemon: FakeDaemon, pools: LibvirtPools) -> None:
    def old(connection: Connection, call: Call) -> None:
        flags = call.arguments[1]
        refused = refusal(call, 8, f"unsupported flags (0x{flags:x}) in function storagePoolDefineXML")
        connection.send(refused if flags else reply(call, POOLS["a"]))

    daemon.script[protocol.POOL_DEFINE] = old
    pools.define("<pool/>")
    assert [call.arguments for call in daemon.calls[-2:]] == [("<pool/>", 1), ("<pool/>", 0)]
    for code, message, kind in (
        (92, "not valid", InvalidDocument),
        (9, "pool 'a' already exists with uuid 1", AlreadyExists),
        (9, "pool 'b' is already defined with uuid 1", AlreadyExists),
    ):
        daemon.script[protocol.POOL_DEFINE] = refuses(code, message)
        with pytest.raises(kind, match="defining a pool"):
            pools.define("<pool/>")


def test_what_the_node_can_have(daemon: FakeDaemon, pools: LibvirtPools) -> None:
    daemon.script[protocol.POOL_CAPABILITIES] = gives("<storagepoolCapabilities/>")
    daemon.script[protocol.POOL_SOURCES] = gives("<sources/>")
    assert pools.capabilities() == "<storagepoolCapabilities/>"
    assert pools.sources("netfs", "<source/>") == "<sources/>"
    assert daemon.calls[-1].arguments == ("netfs", "<source/>", 0)
    assert pools.sources("logical") == "<sources/>"
    assert daemon.calls[-1].arguments == ("logical", None, 0)


def test_refusals(daemon: FakeDaemon, pools: LibvirtPools) -> None:
    with pytest.raises(NotFound, match="looking up the pool nobody"):
        pools.start("nobody")
    daemon.script[protocol.POOL_BUILD] = refuses(76, "Format of device does not match")
    with pytest.raises(AlreadyExists, match="building the pool a"):
        pools.build("a", overwrite=False)
    daemon.script[protocol.POOL_REFRESH] = refuses(55, "storage pool 'a' is not active")
    with pytest.raises(OperationInvalid, match="refreshing the pool a"):
        pools.refresh("a")
    daemon.script[protocol.POOL_START] = hangs_up
    with pytest.raises(OutcomeUnknown, match="starting the pool a"):
        pools.start("a")
