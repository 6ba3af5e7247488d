# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which domain, and which of its devices, a task means; what is left alone; and raw documents."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document import tree
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.control import Volume
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError, NotSupported, OperationInvalid

from .conftest import SMALL, Node, Result

UUID = "3a4a4a4a-0000-4000-8000-000000000001"

FOREIGN = """\
<domain type='kvm'>
  <name>web1</name>
  <uuid>3a4a4a4a-0000-4000-8000-000000000001</uuid>
  <metadata><other:note xmlns:other="urn:other">keep me</other:note></metadata>
  <memory unit='MiB'>64</memory>
  <vcpu>2</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/><pae/></features>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/images/a.qcow2'><privateData><nodenames/></privateData></source>
      <target dev='vda' bus='virtio'/>
      <address type='pci' domain='0x0000' bus='0x04' slot='0x00' function='0x0'/>
    </disk>
    <interface type='network'>
      <mac address='52:54:00:00:00:01'/>
      <source network='default'/>
      <model type='virtio'/>
    </interface>
    <shmem name='odd'><size unit='M'>4</size></shmem>
  </devices>
</domain>
"""


def nothing_to_do(result: Result) -> None:
    assert (result["changed"], result["actions"], result["diff"]) == (False, [], {"before": {}, "after": {}})
    assert (result["pending"], result["restart_required"]) == ([], False)
    assert "warnings" not in result


def adopt(node: Node, condition: str = "stopped") -> None:
    """Have a domain that somebody else made."""
    with node.connect() as driver:
        driver.domains.define(FOREIGN)
    with node.edit() as state:
        state.domains["web1"].guest.reaction = 0.0
    node.put(condition)


def macs(document: Any) -> list[str]:
    return [str(mac.get("address")) for mac in document.iterfind("devices/interface/mac")]


def only_differs_in(before: Any, after: Any, *paths: str) -> None:
    for path in paths:
        for document in (before, after):
            for found in document.findall(path):
                found.text = None
                found.attrib.clear()
    assert tree.serialize(after) == tree.serialize(before)


# Somebody else's domain


@pytest.mark.parametrize("condition", ["stopped", "running"])
def test_adopting_a_foreign_domain_changes_only_what_is_stated(node: Node, condition: str) -> None:
    adopt(node, condition)
    before = node.config()
    nothing_to_do(node.task({"name": "web1", "memory": "64MiB"}))
    only_differs_in(before, node.config())
    done = node.task({"name": "web1", "memory": "32MiB"})
    assert done["diff"] == {"before": {"memory": "64MiB"}, "after": {"memory": "32MiB"}}
    only_differs_in(before, node.config(), "currentMemory")


@pytest.mark.parametrize("condition", ["stopped", "running", "paused"])
def test_applying_what_was_read_changes_nothing(node: Node, condition: str) -> None:
    adopt(node, condition)
    (found,) = node.info(gather=["spec"])
    nothing_to_do(node.task(found["spec"]))
    nothing_to_do(node.task(found["spec"], check=True))


def given_back(node: Node, **options: Any) -> list[Result]:
    """Read a running domain of ours, and give back what was read, in both forms."""
    node.create(**options)
    node.put("running")
    (found,) = node.info(gather=["spec", "xml"])
    return [node.task(found["spec"]), node.task({"xml": found["xml"]})]


def test_applying_what_was_read_of_our_own_changes_nothing(node: Node) -> None:
    for result in given_back(node, tags=["a"], title="A server", cpu={"mode": "host-passthrough"}):
        nothing_to_do(result)


def test_applying_what_was_read_with_the_node_s_cpu(node: Node) -> None:
    for result in given_back(node, cpu={"mode": "host-model"}):
        nothing_to_do(result)


def test_applying_what_was_read_of_a_display(node: Node) -> None:
    for result in given_back(node, graphics=[{"type": "vnc"}], cpu={"mode": "host-passthrough"}):
        nothing_to_do(result)


def test_what_was_read_makes_the_same_domain_again(node: Node) -> None:
    node.create()
    (found,) = node.info(gather=["spec"])
    node.put("absent")
    node.task(found["spec"])
    assert node.info(gather=["spec"])[0]["spec"] == found["spec"]


# Documents


def test_a_document_that_omits_what_the_hypervisor_fills_in_is_no_difference(node: Node) -> None:
    document = {"xml": FOREIGN}
    assert node.task(document)["actions"] == ["define"]
    for state in ("present", "running", "paused"):
        node.task(document, state=state)
        nothing_to_do(node.task(document, state=state))
        nothing_to_do(node.task(document, state=state, check=True))


def test_a_whole_document_gets_nothing_beyond_it(node: Node) -> None:
    node.task({"xml": FOREIGN})
    devices = node.config().find("devices")
    assert devices.find("channel") is None
    assert devices.find("rng") is None


def test_a_new_domain_by_options_has_modern_defaults(node: Node) -> None:
    node.task({name: value for name, value in SMALL.items() if name != "machine"})
    document = node.config()
    assert "q35" in document.find("os/type").get("machine")
    assert document.find("devices/channel/target").get("name") == "org.qemu.guest_agent.0"
    assert document.find("devices/rng") is not None
    assert document.find("devices/interface/model").get("type") == "virtio"
    assert len(document.findall("devices/controller[@model='pcie-root-port']")) > 4


def test_part_of_a_document_completes_the_defaults(node: Node) -> None:
    node.task(SMALL, xml="<domain><sysinfo type='fwcfg'/></domain>")
    assert node.config().find("sysinfo") is not None
    assert node.config().find("devices/rng") is not None


def test_a_document_of_a_running_domain_is_changed_live_too(node: Node) -> None:
    adopt(node, "running")
    disk = "<disk type='file'><source file='/images/b.raw'/><target dev='vdb'/></disk>"
    document = {"xml": FOREIGN.replace("<interface", f"{disk}<interface", 1)}
    done = node.task(document)
    assert done["actions"] == ["change the configuration", "attach disks[vdb]"]
    assert [each.get("dev") for each in node.live().iterfind("devices/disk/target")] == ["vda", "vdb"]
    nothing_to_do(node.task(document))


def test_what_only_xml_says_is_written_and_compared(node: Node) -> None:
    adopt(node)
    document = {
        "xml": "<domain><name>web1</name><devices><shmem name='odd'><size unit='M'>8</size></shmem></devices></domain>"
    }
    foretold = node.task(document, check=True)
    done = node.task(document)
    assert done["actions"] == foretold["actions"] == ["change the configuration"]
    assert (
        done["diff"]
        == foretold["diff"]
        == {
            "before": {"xml/devices/shmem/size": "4"},
            "after": {"xml/devices/shmem/size": "8"},
        }
    )
    assert node.config().findtext("devices/shmem/size") == "8"
    nothing_to_do(node.task(document))
    nothing_to_do(node.task(document, check=True))


def test_the_name_may_stand_in_the_document_alone(node: Node) -> None:
    node.task({"xml": FOREIGN}, state="running")
    assert node.task({"xml": FOREIGN}, state="absent")["domain"] == {"name": "web1", "state": "absent"}
    assert node.info() == []


# Names and UUIDs


def test_a_uuid_with_another_name_renames(node: Node) -> None:
    adopt(node)
    task = {"name": "web2", "uuid": UUID, "memory": "32MiB"}
    before = node.bytes()
    foretold = node.task(task, check=True)
    assert node.bytes() == before
    done = node.task(task)
    assert done["actions"] == foretold["actions"] == ["rename web1 to web2", "change the configuration"]
    assert done["diff"] == foretold["diff"]
    assert done["diff"]["before"]["name"] == "web1"
    assert [(each["name"], each["uuid"]) for each in node.info()] == [("web2", UUID)]
    nothing_to_do(node.task(task))


@pytest.mark.parametrize("written", [UUID.upper(), UUID.replace("-", "")])
def test_a_uuid_may_be_written_as_people_do(node: Node, written: str) -> None:
    adopt(node)
    nothing_to_do(node.task({"name": "web1", "uuid": written}))
    nothing_to_do(node.task({"name": "web1", "xml": f"<domain><uuid>{written}</uuid></domain>"}))


def test_an_active_domain_is_not_renamed(node: Node) -> None:
    adopt(node, "running")
    before = node.bytes()
    with pytest.raises(OperationInvalid, match=r"renaming web1 to web2: it is active\. Stop it first"):
        node.task({"name": "web2", "uuid": UUID}, state="stopped")
    assert node.bytes() == before


def test_a_driver_that_cannot_rename(node: Node) -> None:
    adopt(node)
    with pytest.raises(NotSupported, match=r"name: .* cannot rename"):
        node.task({"name": "web2", "uuid": UUID}, parameters="without=rename")
    assert [each["name"] for each in node.info()] == ["web1"]


def test_removing_by_uuid_under_another_name(node: Node) -> None:
    adopt(node)
    assert node.task({"name": "web2", "uuid": UUID}, state="absent")["actions"] == ["undefine"]
    assert node.info() == []


def test_a_uuid_that_somebody_else_has(node: Node) -> None:
    adopt(node)
    node.task({**SMALL, "name": "web2"})
    with pytest.raises(InputError, match=r"^uuid: web2 has the UUID .*, which never changes"):
        node.task({"name": "web2", "uuid": UUID})


def test_removing_a_name_whose_uuid_is_another(node: Node) -> None:
    node.create()
    with pytest.raises(InputError, match=r"^uuid: web1 has the UUID"):
        node.task({"name": "web1", "uuid": UUID}, state="absent")
    assert [each["name"] for each in node.info()] == ["web1"]


# Transient domains


def test_a_transient_domain_becomes_persistent(node: Node) -> None:
    adopt(node, "running")
    with node.connect() as driver:
        driver.domains.undefine("web1")
    assert node.info()[0]["persistent"] is False
    foretold = node.task({"name": "web1"}, check=True)
    done = node.task({"name": "web1"})
    assert done["actions"] == foretold["actions"] == ["change the configuration"]
    assert done["diff"] == foretold["diff"] == {"before": {"persistent": False}, "after": {"persistent": True}}
    assert done["domain"]["persistent"] is foretold["domain"]["persistent"] is True
    assert done["domain"]["state"] == "running"
    assert macs(node.config()) == macs(node.live())
    nothing_to_do(node.task({"name": "web1"}))


def test_a_transient_domain_is_stopped_with_a_configuration_left(node: Node) -> None:
    adopt(node, "running")
    with node.connect() as driver:
        driver.domains.undefine("web1")
    done = node.task({"name": "web1"}, state="stopped")
    assert done["actions"] == ["change the configuration", "shut down"]
    assert done["domain"]["state"] == "stopped"


# Lists


@pytest.mark.parametrize("condition", ["stopped", "running"])
def test_devices_that_are_not_named_stay_unless_the_list_is_exclusive(node: Node, condition: str) -> None:
    extra = [{"target": "vdb", "file": "/images/b.qcow2"}, {"target": "vdc", "file": "/images/c.qcow2"}]
    node.create(disks=[*SMALL["disks"], *extra])
    node.put(condition)
    nothing_to_do(node.task(SMALL))
    done = node.task(SMALL, exclusive=["disks"])
    detach = ["detach disks[vdb]", "detach disks[vdc]"] if condition == "running" else []
    assert done["actions"] == ["change the configuration", *detach]
    assert sorted(done["diff"]["before"]) == ["disks[vdb]", "disks[vdc]"]
    assert done["diff"]["after"] == {}
    for document in [node.config(), *([node.live()] if condition == "running" else [])]:
        assert [each.get("dev") for each in document.iterfind("devices/disk/target")] == ["vda"]
    nothing_to_do(node.task(SMALL, exclusive=["disks"]))


def test_an_exclusive_list_must_be_stated(node: Node) -> None:
    node.create()
    with pytest.raises(InputError, match=r"^exclusive: it names disks, which the task does not state"):
        node.task({"name": "web1"}, exclusive=["disks"])


def test_an_exclusive_list_takes_its_own_kind_only(node: Node) -> None:
    node.create()
    done = node.task({"name": "web1", "interfaces": []}, exclusive=["interfaces"])
    assert done["changed"]
    assert node.config().find("devices/interface") is None
    assert node.config().find("devices/disk") is not None


@pytest.mark.parametrize("condition", ["stopped", "running"])
def test_two_interfaces_on_one_network_are_two(node: Node, condition: str) -> None:
    node.create()
    node.put(condition)
    first = macs(node.config())
    two = {"name": "web1", "interfaces": [{"network": "default"}, {"network": "default"}]}
    done = node.task(two)
    assert done["changed"]
    both = macs(node.config())
    assert both[:1] == first
    assert len(set(both)) == 2
    if condition == "running":
        assert macs(node.live()) == both
    nothing_to_do(node.task(two))
    assert macs(node.config()) == both


def test_a_change_meets_the_same_interface_in_both_documents(node: Node) -> None:
    """Of two alike, the first is meant, in the configuration and in the running domain."""
    node.create(interfaces=[{"network": "default"}, {"network": "default"}])
    node.put("running")
    first, second = macs(node.config())
    done = node.task({"name": "web1", "interfaces": [{"network": "default"}, {"network": "default", "link": False}]})
    assert done["actions"] == ["change the configuration", f"update interfaces[{second}]"]
    for document in (node.config(), node.live()):
        down = [each.find("mac").get("address") for each in document.iterfind("devices/interface[link]")]
        assert down == [second]
    assert first != second


# Storage by two names


@pytest.fixture
def pool(node: Node) -> Node:
    with node.edit() as state:
        state.volumes("default").update({"a.qcow2": Volume("/images/a.qcow2"), "b.qcow2": Volume("/images/b.qcow2")})
    return node


BY_PATH = {"target": "vda", "file": "/images/a.qcow2"}
BY_VOLUME = {"target": "vda", "pool": "default", "volume": "a.qcow2"}


@pytest.mark.parametrize(("there", "stated"), [(BY_PATH, BY_VOLUME), (BY_VOLUME, BY_PATH)])
@pytest.mark.parametrize("condition", ["stopped", "running"])
def test_a_volume_and_its_path_are_the_same_disk(
    pool: Node, condition: str, there: dict[str, Any], stated: dict[str, Any]
) -> None:
    pool.create(disks=[there])
    pool.put(condition)
    nothing_to_do(pool.task({"name": "web1", "disks": [stated]}))


@pytest.mark.parametrize("stated", [{**BY_VOLUME, "volume": "b.qcow2"}, {"target": "vda", "file": "/images/b.qcow2"}])
@pytest.mark.parametrize("there", [BY_PATH, BY_VOLUME])
def test_another_volume_is_another_disk(pool: Node, there: dict[str, Any], stated: dict[str, Any]) -> None:
    pool.create(disks=[there])
    done = pool.task({"name": "web1", "disks": [stated]})
    assert done["actions"] == ["change the configuration"]
    nothing_to_do(pool.task({"name": "web1", "disks": [stated]}))
