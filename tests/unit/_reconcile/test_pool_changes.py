# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of a pool: the configuration at once, an active pool when it is started again."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document import tree
from ansible_collections.stratum.virt.plugins.module_utils._document.pool import POOL
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError, OperationInvalid

from .conftest import SMALL, Node

IMAGES: dict[str, Any] = {"name": "images", "type": "dir", "target": {"path": "/srv/images"}}
SHARE: dict[str, Any] = {
    "name": "share",
    "type": "netfs",
    "source": {"hosts": [{"name": "nas"}], "dir": "/export", "format": "nfs"},
    "target": {"path": "/srv/share"},
    "mount_opts": ["noatime"],
}
NEXT = "takes effect at the next start"


def spec(node: Node, name: str, *, live: bool = False) -> dict[str, Any]:
    with node.connect() as driver:
        assert driver.pools is not None
        (record,) = driver.pools.describe([name])
        text = record.live if live else record.config
        assert text is not None
        return POOL.show(POOL.read(tree.parse(text, name)))


def both(node: Node, options: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Run a task in check mode and out of it, which has to be the same, and again, which has to change nothing."""
    before = node.bytes()
    foretold = node.manage("pool", options, check=True, **more)
    assert node.bytes() == before
    done = node.manage("pool", options, **more)
    for what in ("changed", "actions", "diff", "pending", "restart_required"):
        assert done[what] == foretold[what]
    again = node.manage("pool", options, **more)
    assert not again["changed"]
    assert again["diff"] == {"before": {}, "after": {}}
    assert again["pending"] == done["pending"]
    return done


def test_an_inactive_pool_is_changed_at_once(node: Node) -> None:
    node.manage("pool", IMAGES)
    done = both(node, {"name": "images", "target": {"path": "/srv/other"}})
    assert done["actions"] == ["change the configuration"]
    assert done["diff"] == {"before": {"target.path": "/srv/images"}, "after": {"target.path": "/srv/other"}}
    assert done["pending"] == []
    assert spec(node, "images")["target"]["path"] == "/srv/other"


def test_an_active_pool_waits(node: Node) -> None:
    node.manage("pool", SHARE, state="active")
    done = both(node, {"name": "share", "mount_opts": ["noatime", "nosuid"], "source": {"protocol_ver": "4.2"}})
    assert done["actions"] == ["change the configuration"]
    assert done["pending"] == [
        {"field": "source.protocol_ver", "reason": NEXT},
        {"field": "mount_opts", "reason": NEXT},
    ]
    assert done["restart_required"]
    assert spec(node, "share")["mount_opts"] == ["noatime", "nosuid"]
    assert spec(node, "share", live=True)["mount_opts"] == ["noatime"]


@pytest.mark.parametrize("state", ["present", "active"])
def test_an_active_pool_is_started_again_if_it_may(state: str, node: Node) -> None:
    node.manage("pool", SHARE, state="active")
    done = both(node, {"name": "share", "mount_opts": []}, state=state, restart="if_needed")
    # The simulated node has no files to look at, and a folder can be made again.
    assert done["actions"] == ["change the configuration", "stop", "make the folder /srv/share", "start"]
    assert done["pending"] == []
    assert not done["restart_required"]
    assert "mount_opts" not in spec(node, "share", live=True)


def test_what_waited_is_done_by_a_later_task_that_may(node: Node) -> None:
    node.manage("pool", SHARE, state="active")
    node.manage("pool", {"name": "share", "mount_opts": ["ro"]})
    done = both(node, {"name": "share", "mount_opts": ["ro"]}, restart="if_needed")
    assert done["actions"] == ["stop", "make the folder /srv/share", "start"]
    assert done["diff"]["after"]["mount_opts"] == ["ro"]


def test_a_pool_that_is_to_stop_is_not_started_again(node: Node) -> None:
    node.manage("pool", SHARE, state="active")
    done = both(node, {"name": "share", "mount_opts": ["ro"]}, state="inactive", restart="if_needed")
    assert done["actions"] == ["change the configuration", "stop"]


def test_without_a_difference_nothing_is_started_again(node: Node) -> None:
    node.manage("pool", SHARE, state="active")
    assert both(node, SHARE, state="active", restart="if_needed")["actions"] == []


def test_unstated_is_left_alone(node: Node) -> None:
    node.manage("pool", SHARE)
    before = spec(node, "share")
    both(node, {"name": "share", "target": {"path": "/srv/elsewhere"}})
    assert spec(node, "share") == {**before, "target": {**before["target"], "path": "/srv/elsewhere"}}


def test_a_list_of_the_source_is_replaced_as_a_whole(node: Node) -> None:
    ceph = {"name": "ceph", "type": "rbd", "source": {"name": "p", "hosts": [{"name": "a"}, {"name": "b", "port": 1}]}}
    node.manage("pool", ceph)
    done = both(node, {"name": "ceph", "source": {"hosts": [{"name": "b"}]}})
    assert done["diff"]["before"] == {"source.hosts": [{"name": "a"}, {"name": "b", "port": 1}]}
    assert spec(node, "ceph")["source"]["hosts"] == [{"name": "b"}]


def test_what_a_changed_pool_lacks_is_an_error(node: Node) -> None:
    node.manage("pool", SHARE)
    before = node.bytes()
    with pytest.raises(InputError, match=r"source\.hosts: a pool of the type netfs needs it"):
        node.manage("pool", {"name": "share", "source": {"hosts": []}})
    with pytest.raises(InputError, match=r"source\.initiator: a pool of the type netfs has nothing like it"):
        node.manage("pool", {"name": "share", "source": {"initiator": "iqn.2026-01.org.example:a"}})
    assert node.bytes() == before


def test_two_pools_never_get_one_folder(node: Node) -> None:
    node.manage("pool", IMAGES)
    node.manage("pool", SHARE)
    with pytest.raises(InputError, match=r"target\.path: the folder /srv/images belongs to the pool images already"):
        node.manage("pool", {"name": "share", "target": {"path": "/srv//images/"}})


@pytest.mark.parametrize(
    ("kind", "source", "message"),
    [
        ("fs", {"devices": [{"path": "/dev/sdb"}]}, "source.devices: the device /dev/sdb belongs to the pool first"),
        ("disk", {"devices": [{"path": "/dev/sdb"}]}, "source.devices: the device /dev/sdb belongs to the pool first"),
        (
            "netfs",
            {"hosts": [{"name": "nas"}], "dir": "/export"},
            "source: the netfs source nas /export belongs to the pool first",
        ),
        (
            "iscsi",
            {"hosts": [{"name": "san"}], "devices": [{"path": "iqn.2026-01.org.example:a"}]},
            "source: the iscsi source san iqn.2026-01.org.example:a belongs to the pool first",
        ),
        ("logical", {"name": "vg"}, "source: the logical source vg belongs to the pool first"),
        ("mpath", {}, "source: the mpath source belongs to the pool first"),
    ],
)
def test_two_pools_never_get_one_source(kind: str, source: dict[str, Any], message: str, node: Node) -> None:
    def pool(name: str) -> dict[str, Any]:
        target = {} if kind == "logical" else {"target": {"path": f"/srv/{name}"}}
        return {"name": name, "type": kind, "source": source, **target}

    node.manage("pool", pool("first"))
    with pytest.raises(InputError) as caught:
        node.manage("pool", pool("second"), check=True)
    assert str(caught.value) == f"{message} already."


def test_types_that_share_a_folder(node: Node) -> None:
    by_path = {"path": "/dev/disk/by-path"}
    for name in ("a", "b"):
        source = {"hosts": [{"name": name}], "devices": [{"path": f"iqn.2026-01.org.example:{name}"}]}
        assert node.manage("pool", {"name": name, "type": "iscsi", "source": source, "target": by_path})["changed"]


# Permissions: a folder gets them when it is made, and libvirt says of an active pool what there is.


def drift(node: Node, name: str, mode: str) -> None:
    """Let the folder of an active pool have another mode; both of its documents say that."""
    with node.edit() as state:
        pool = state.pools[name]
        root = tree.parse(pool.live or "", name)
        POOL.write(root, POOL.load({"name": name, "target": {"permissions": {"mode": mode}}}))
        pool.live = pool.config = tree.serialize(root)


OWNED = {**IMAGES, "target": {"path": "/srv/images", "permissions": {"mode": "0711"}}}


def test_permissions_of_a_folder_wait_for_the_next_start(node: Node) -> None:
    node.manage("pool", OWNED, state="active")
    drift(node, "images", "0700")
    done = both(node, OWNED, state="active")
    assert done["actions"] == ["change the configuration"]
    assert done["diff"]["before"] == {"target.permissions.mode": "0700"}
    assert done["pending"] == [{"field": "target.permissions.mode", "reason": NEXT}]
    done = node.manage("pool", OWNED, state="active", restart="if_needed")
    assert done["actions"] == ["stop", "make the folder /srv/images", "start"]
    assert done["pending"] == []


@pytest.mark.parametrize("restart", ["never", "if_needed"])
def test_permissions_of_what_is_mounted_are_not_changed_and_not_ignored(restart: str, node: Node) -> None:
    node.manage("pool", SHARE, state="active")
    drift(node, "share", "0700")
    options = {"name": "share", "target": {"permissions": {"mode": "0711"}}}
    done = both(node, options, restart=restart)
    assert not done["changed"]
    (pending,) = done["pending"]
    assert pending["field"] == "target.permissions.mode"
    assert pending["reason"] == "these are the permissions of what is mounted, which libvirt does not change"
    assert not done["restart_required"]


def test_permissions_of_a_mount_point_while_nothing_is_mounted(node: Node) -> None:
    node.manage("pool", SHARE, state="active")
    drift(node, "share", "0700")
    options = {"name": "share", "target": {"permissions": {"mode": "0711"}}}
    assert both(node, options, state="inactive")["actions"] == ["change the configuration", "stop"]


def test_beside_permissions_that_cannot_be_changed_all_else_is(node: Node) -> None:
    node.manage("pool", SHARE, state="active")
    drift(node, "share", "0700")
    options = {"name": "share", "target": {"permissions": {"mode": "0711"}}, "mount_opts": ["ro"]}
    foretold = node.manage("pool", options, restart="if_needed", check=True)
    assert [item["field"] for item in foretold["pending"]] == ["target.permissions.mode"]
    assert foretold["diff"]["after"]["mount_opts"] == ["ro"]
    assert not foretold["restart_required"]
    assert node.manage("pool", options, restart="if_needed")["actions"] == foretold["actions"]


@pytest.mark.parametrize("call", ["destroy", "start"])
def test_an_active_pool_is_not_left_stopped_when_an_answer_gets_lost(call: str, node: Node) -> None:
    node.manage("pool", SHARE, state="active")
    options = {"name": "share", "mount_opts": ["ro"], "restart": "if_needed"}
    foretold = node.manage("pool", options, check=True)
    done = node.manage("pool", options, parameters=f"fail=pools.{call}:after")
    assert done["actions"] == foretold["actions"]
    assert done["pool"]["state"] == "active"
    assert spec(node, "share", live=True)["mount_opts"] == ["ro"]
    assert not node.manage("pool", options)["changed"]


def test_a_mode_in_every_form(node: Node) -> None:
    node.manage("pool", OWNED)
    for mode in ("711", "0711", "0o711", 0o711):
        options = {"name": "images", "target": {"permissions": {"mode": mode}}}
        assert not node.manage("pool", options)["changed"]


# A raw document goes the same way.

DOCUMENT = """
<pool type='netfs'>
  <name>share</name>
  <capacity unit='bytes'>123456</capacity>
  <allocation unit='bytes'>1</allocation>
  <available unit='bytes'>2</available>
  <source><host name='nas'/><dir path='/export'/><format type='nfs'/></source>
  <target><path>/srv/share/</path></target>
</pool>
"""


def test_a_whole_document(node: Node) -> None:
    done = both(node, {"xml": DOCUMENT}, state="active")
    assert done["actions"][0] == "define"
    assert spec(node, "share")["source"] == {"hosts": [{"name": "nas"}], "dir": "/export", "format": "nfs"}


def test_a_document_of_a_changed_pool_is_never_ignored(node: Node) -> None:
    both(node, {"xml": DOCUMENT}, state="active")
    changed = DOCUMENT.replace("/export", "/exports")
    done = both(node, {"xml": changed})
    assert done["diff"]["after"] == {"source.dir": "/exports"}
    assert done["pending"] == [{"field": "source.dir", "reason": NEXT}]


def test_an_option_wins_over_the_document_and_leaves_what_is_beside_it(node: Node) -> None:
    both(node, {"xml": DOCUMENT, "source": {"dir": "/other"}})
    assert spec(node, "share")["source"] == {"hosts": [{"name": "nas"}], "dir": "/other", "format": "nfs"}


def test_what_the_hypervisor_does_not_keep_of_a_document(node: Node) -> None:
    both(node, {"xml": DOCUMENT})
    odd = "<pool><name>share</name><source><vendor name='A' more='B'/></source></pool>"
    done = node.manage("pool", {"xml": odd})
    assert spec(node, "share")["source"]["vendor"] == "A"
    again = node.manage("pool", {"xml": odd})
    assert again["changed"] is False
    assert done["pool"]["xml"] == again["pool"]["xml"]


# Stopping a pool that running domains use.


def use(node: Node, disk: dict[str, Any], *, start: bool = True) -> None:
    node.task({**SMALL, "disks": [{"target": "vda", **disk}]}, state="running" if start else "stopped")


@pytest.mark.parametrize("disk", [{"pool": "share", "volume": "a"}, {"file": "/srv/share/a"}])
@pytest.mark.parametrize(
    "options",
    [{"state": "inactive"}, {"state": "absent"}, {"state": "present", "mount_opts": ["ro"], "restart": "if_needed"}],
)
def test_storage_is_not_taken_away_from_running_domains(
    disk: dict[str, Any], options: dict[str, Any], node: Node
) -> None:
    node.manage("pool", SHARE, state="active")
    with node.edit() as state:
        state.volumes("share")["a"] = volume("/srv/share/a")
    use(node, disk)
    before = node.bytes()
    for check in (True, False):
        with pytest.raises(OperationInvalid, match="the running domain uses its volumes: web1") as caught:
            node.manage("pool", {"name": "share", **options}, check=check)
        assert caught.value.facts["domains"] == ["web1"]
    assert node.bytes() == before
    assert "stop" in node.manage("pool", {"name": "share", **options}, force=True)["actions"]


def test_a_domain_that_does_not_run_needs_no_storage(node: Node) -> None:
    node.manage("pool", SHARE, state="active")
    use(node, {"file": "/srv/share/a"}, start=False)
    assert node.manage("pool", {"name": "share"}, state="inactive")["actions"] == ["stop"]


def test_stopping_a_pool_whose_storage_stays_is_harmless(node: Node) -> None:
    node.manage("pool", IMAGES, state="active")
    use(node, {"file": "/srv/images/a"})
    assert node.manage("pool", {"name": "images"}, state="inactive")["actions"] == ["stop"]


def volume(path: str) -> Any:
    from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.model import Volume

    return Volume(path)
