# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What cannot be right is an error before anything is changed, and names the option."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._errors import DriverError, InputError, NotSupported

from .conftest import Node

FOLDER = {"path": "/srv/a"}
DEVICE = {"devices": [{"path": "/dev/sdb"}]}
HOST = {"hosts": [{"name": "san"}]}
TARGET_NAME = {"devices": [{"path": "iqn.2026-01.org.example:a"}]}
AUTH = {"type": "chap", "username": "a", "secret": {"usage": "a"}}


def pool(kind: str, source: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"name": "a", "type": kind, **({"source": source} if source else {}), **more}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "../x", "type": "dir", "target": FOLDER}, "name: '../x' cannot be a name"),
        ({"name": "a/b", "type": "dir", "target": FOLDER}, "name: 'a/b' cannot be a name"),
        ({"name": "..", "type": "dir", "target": FOLDER}, "name: '..' cannot be a name"),
        ({"name": " ", "type": "dir", "target": FOLDER}, "name: a name cannot be empty"),
        ({"name": "a" * 256, "type": "dir", "target": FOLDER}, "name: a name has at most 255 bytes"),
        ({"name": "a"}, "type: a does not exist yet, and a new pool needs a type"),
        (pool("dir"), "target.path: a pool of the type dir needs it"),
        (pool("dir", target={"path": "srv/a"}), "target.path: 'srv/a' is not an absolute path"),
        (pool("dir", target={"path": "/srv/../etc"}), "target.path: '/srv/../etc' goes up again"),
        (pool("dir", target={"path": "//"}), "target.path: the node's whole file system cannot be a pool"),
        (pool("dir", target={"path": ""}), "target.path: a pool of the type dir needs it"),
        (pool("dir", DEVICE, target=FOLDER), "source.devices: a pool of the type dir has nothing like it"),
        (pool("dir", target=FOLDER, mount_opts=["ro"]), "mount_opts: a pool of the type dir has nothing like it"),
        (pool("dir", target={**FOLDER, "permissions": {"mode": "0999"}}), "target.permissions.mode: '0999' is not a"),
        (pool("dir", target={**FOLDER, "permissions": {"mode": 1000}}), "target.permissions.mode: 1000 is not a mode"),
        (pool("dir", target={**FOLDER, "permissions": {"owner": -2}}), "target.permissions.owner: -2 is less than 0"),
        (pool("fs", target=FOLDER), "source.devices: a pool of the type fs needs it"),
        (pool("fs", DEVICE), "target.path: a pool of the type fs needs it"),
        (pool("fs", {"devices": [{"path": "sdb"}]}, target=FOLDER), "source.devices[0].path: 'sdb' is not an absolute"),
        (
            pool("fs", {"devices": [{"path": "/dev/a"}, {"path": "/dev/b"}]}, target=FOLDER),
            "source.devices: a pool of the type fs has one, not 2",
        ),
        (pool("netfs", {"dir": "/export"}, target=FOLDER), "source.hosts: a pool of the type netfs needs it"),
        (pool("netfs", HOST, target=FOLDER), "source.dir: a pool of the type netfs needs it"),
        (pool("netfs", {**HOST, "dir": "export"}, target=FOLDER), "source.dir: 'export' is not an absolute path"),
        (
            pool("netfs", {**HOST, "dir": "export", "format": "nfs"}, target=FOLDER),
            "source.dir: 'export' is not an absolute path",
        ),
        (
            pool("netfs", {"hosts": [{"name": "a", "port": 70000}], "dir": "/a"}, target=FOLDER),
            "source.hosts[0].port: 70000 is more than 65535",
        ),
        (pool("logical", target={"path": "/dev/b"}), "target.path: this pool is always at /dev/a, not at /dev/b"),
        (pool("logical", {"name": "../b"}), "source.name: '../b' cannot be a name"),
        (pool("logical", {"name": "--force"}), "source.name: '--force' cannot be a name"),
        (pool("logical", {"name": "b/c"}), "source.name: 'b/c' has a slash"),
        (pool("zfs", {"name": "tank//guests"}), "source.name: 'tank//guests' cannot be a name"),
        (pool("disk", DEVICE), "target.path: a pool of the type disk needs it"),
        (pool("iscsi", {**HOST, **TARGET_NAME}), "target.path: a pool of the type iscsi needs it"),
        (pool("iscsi-direct", {**HOST, **TARGET_NAME}), "source.initiator: a pool of the type iscsi-direct needs it"),
        (
            pool("iscsi-direct", {**HOST, **TARGET_NAME, "initiator": "iqn.2026-01.org.example:b"}, target=FOLDER),
            "target.path: a pool of the type iscsi-direct has nothing like it",
        ),
        (pool("scsi", target=FOLDER), "source.adapter: a pool of the type scsi needs it"),
        (
            pool("scsi", {"adapter": {"type": "scsi_host"}}, target=FOLDER),
            "source.adapter: the adapter is named either by name or by parentaddr",
        ),
        (
            pool("scsi", {"adapter": {"wwnn": "20000000c9831b4b"}}, target=FOLDER),
            "source.adapter: the adapter is named by both wwnn and wwpn",
        ),
        (
            pool("scsi", {"adapter": {"type": "scsi_host", "wwnn": "20000000c9831b4b"}}, target=FOLDER),
            "source.adapter.wwnn: only an adapter of the type fc_host has it",
        ),
        (pool("rbd", {"name": "a"}), "source.hosts: a pool of the type rbd needs it"),
        (pool("rbd", HOST), "source.name: a pool of the type rbd needs it"),
        (
            pool("rbd", {**HOST, "name": "a", "auth": AUTH}),
            "source.auth.type: a pool of the type rbd proves who it is by ceph, not chap",
        ),
        (
            pool("rbd", {**HOST, "name": "a", "auth": {"type": "ceph", "username": "a"}}),
            "source.auth.secret: it is missing",
        ),
        (
            pool("iscsi", {**HOST, **TARGET_NAME, "auth": {**AUTH, "secret": {"usage": "a", "uuid": "0" * 32}}}),
            "source.auth.secret: the secret is named either by uuid or by usage",
        ),
        (pool("vstorage", target=FOLDER), "type: this node has no pools of the type vstorage. It offers dir, "),
        (
            pool("fs", {**DEVICE, "format": "ntfs"}, target=FOLDER),
            "source.format: this node has no fs pools of the format ntfs. It offers auto, ext2",
        ),
        (
            pool("dir", target={"path": "/var/lib/libvirt//images/"}),
            "target.path: the folder /var/lib/libvirt/images belongs to the pool default already",
        ),
        (pool("dir", target=FOLDER, timeout=0), "timeout: 0 is no time to wait"),
        (pool("dir", target=FOLDER, delete_storage=True), "delete_storage: it needs state: absent, not active"),
        (pool("dir", target=FOLDER, overwrite=True, state="inactive"), "overwrite: nothing is made with state: inact"),
        (pool("dir", target=FOLDER, xml="<pool"), "xml: the document: not well-formed"),
        (pool("dir", target=FOLDER, xml="<domain/>"), "xml: its root is <domain>"),
        ({"xml": "<pool type='dir'/>"}, "name: it is missing"),
        (
            {"xml": "<pool type='dir'><name>../a</name><target><path>/srv/a</path></target></pool>"},
            "name: '../a' cannot be a name",
        ),
        (pool("dir", target=FOLDER, xml="<pool><name>b</name></pool>"), "name: it is a, but xml says b"),
    ],
)
def test_what_cannot_be_right(options: dict[str, Any], message: str, node: Node) -> None:
    before = node.bytes()
    for check in (True, False):
        with pytest.raises(InputError) as caught:
            node.manage("pool", {"state": "active", **options}, check=check)
        assert str(caught.value).startswith(message)
    assert node.bytes() == before


def test_a_type_that_only_the_hypervisor_knows(node: Node) -> None:
    document = "<pool type='sheepdog'><name>a</name><source><host name='a'/><name>b</name></source></pool>"
    with pytest.raises(InputError, match="type: this node has no pools of the type sheepdog"):
        node.manage("pool", {"xml": document})


@pytest.mark.parametrize("state", ["present", "active", "inactive"])
def test_the_type_of_a_pool_never_changes(state: str, node: Node) -> None:
    with pytest.raises(InputError, match="type: the pool default is of the type dir, which never changes"):
        node.manage("pool", {"name": "default", "type": "netfs"}, state=state)


def test_without_capabilities_the_hypervisor_itself_says_no(node: Node) -> None:
    with pytest.raises(DriverError, match="the simulated node has no pools of the type vstorage"):
        node.manage("pool", pool("vstorage", target=FOLDER), parameters="without=pool_capabilities")
    assert node.manage("pool", pool("dir", target=FOLDER), parameters="without=pool_capabilities")["changed"]


def test_a_driver_without_pools(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = node.connect

    def connect_without(*arguments: Any) -> Any:
        driver = connect(*arguments)
        driver.pools = None
        return driver

    monkeypatch.setattr(node, "connect", connect_without)
    with pytest.raises(NotSupported, match="has no storage pools"):
        node.manage("pool", pool("dir", target=FOLDER))
