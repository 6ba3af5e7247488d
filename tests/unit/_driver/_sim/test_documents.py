# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the simulation makes of documents: as libvirt's QEMU driver would."""

from __future__ import annotations

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document.tree import parse
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.control import Volume, edit
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.driver import SimDriver
from ansible_collections.stratum.virt.plugins.module_utils._driver.domains import DomainRecord
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    DriverError,
    InvalidDocument,
    NotFound,
    OperationInvalid,
)
from lxml.etree import _Element as Element

from .conftest import DOMAIN, OpenSim


def read(driver: SimDriver, name: str = "a", secrets: bool = False) -> DomainRecord:
    (found,) = driver.domains.describe([name], secrets=secrets)
    return found


def config(driver: SimDriver, name: str = "a") -> Element:
    document = read(driver, name).config
    assert document is not None
    return parse(document, "config")


def live(driver: SimDriver, name: str = "a") -> Element:
    document = read(driver, name).live
    assert document is not None
    return parse(document, "live")


def attributes(root: Element, path: str) -> list[dict[str, str]]:
    return [{str(name): str(value) for name, value in element.items()} for element in root.iterfind(path)]


def test_define_fills_in_what_was_not_said(sim: SimDriver) -> None:
    root = config(sim)
    assert root.findtext("uuid") == read(sim).uuid
    assert (root.findtext("memory"), root.findtext("currentMemory")) == ("65536", "65536")
    assert attributes(root, "vcpu") == [{"current": "1", "placement": "static"}]
    assert attributes(root, "os/type") == [{"machine": "pc-q35-7.2", "arch": "x86_64"}]
    assert root.findtext("on_crash") == "destroy"
    assert root.find("devices/memballoon") is not None
    assert attributes(root, "devices/disk/target") == [{"dev": "vda", "bus": "virtio"}, {"dev": "sda", "bus": "sata"}]
    assert attributes(root, "devices/disk/driver")[1] == {"name": "qemu", "type": "raw"}
    first, second = attributes(root, "devices/interface/mac")
    assert first == {"address": "52:54:00:ab:00:01"}
    assert second["address"].startswith("52:54:00:")
    assert attributes(root, "devices/console/target") == [{"type": "serial", "port": "0"}]
    assert [child.tag for child in root][:4] == ["name", "uuid", "memory", "currentMemory"]


def test_what_was_filled_in_stays(sim: SimDriver) -> None:
    before = read(sim, secrets=True).config
    assert before is not None
    sim.domains.define(before)
    assert read(sim, secrets=True).config == before


def test_only_the_running_domain_has_what_belongs_to_it(sim: SimDriver) -> None:
    before = read(sim).config
    sim.domains.start("a")
    root = live(sim)
    assert read(sim).config == before
    assert root.get("id") == "1"
    assert attributes(root, "devices/disk/alias") == [{"name": "virtio-disk0"}, {"name": "sata0-0-0"}]
    assert attributes(root, "devices/interface/target") == [{"dev": "vnet0"}, {"dev": "vnet1"}]
    assert attributes(root, "devices/channel/target")[0]["state"] in ("connected", "disconnected")
    assert root.find("devices/graphics").get("port") == "5900"  # type: ignore[union-attr]
    assert root.find("devices/interface/address") is not None
    assert config(sim).find("devices/*/alias") is None
    assert config(sim).get("id") is None


def test_running_domains_share_one_host(sim: SimDriver) -> None:
    sim.domains.define(DOMAIN.format(name="b").replace("AB:00:01", "AB:00:02"))
    sim.domains.start("a")
    sim.domains.start("b")
    taps = {target["dev"] for name in "ab" for target in attributes(live(sim, name), "devices/interface/target")}
    assert taps == {"vnet0", "vnet1", "vnet2", "vnet3"}
    assert [live(sim, name).find("devices/graphics").get("port") for name in "ab"] == ["5900", "5901"]  # type: ignore[union-attr]


def test_host_model_is_expanded_in_the_live_document_only(sim: SimDriver) -> None:
    sim.domains.define(DOMAIN.format(name="b").replace("<devices>", "<cpu mode='host-model'/><devices>"))
    sim.domains.start("b")
    assert config(sim, "b").find("cpu").get("mode") == "host-model"  # type: ignore[union-attr]
    assert live(sim, "b").find("cpu").get("mode") == "custom"  # type: ignore[union-attr]
    assert live(sim, "b").findtext("cpu/model")


def test_a_saved_domain_comes_back_as_it_was(sim: SimDriver) -> None:
    sim.domains.start("a")
    sim.domains.attach_device("a", "<disk><source file='/b'/><target dev='vdb'/></disk>")
    sim.domains.set_title("a", "before")
    sim.domains.save("a")
    assert read(sim).saved
    sim.domains.start("a")
    root = live(sim)
    assert root.findtext("title") == "before"
    assert [target["dev"] for target in attributes(root, "devices/disk/target")] == ["vda", "sda", "vdb"]
    assert (read(sim).saved, read(sim).reason, root.get("id")) == (False, "restored", "2")


def test_secrets_are_withheld_unless_asked_for(sim: SimDriver) -> None:
    sim.domains.start("a")
    plain, secret = read(sim), read(sim, secrets=True)
    for document in (plain.live, plain.config):
        assert document is not None
        assert "hidden" not in document
    for document in (secret.live, secret.config):
        assert document is not None
        assert 'passwd="hidden"' in document


HEAD = "<domain type='qemu'><name>b</name><memory>1024</memory><os><type>hvm</type></os>"


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ("<domain", "not well-formed"),
        ("<network/>", "not a domain"),
        ("<!DOCTYPE domain [<!ENTITY a 'b'>]><domain type='qemu'/>", "document type"),
        ("<domain><name>b</name></domain>", "no type"),
        ("<domain type='qemu'><memory>1</memory></domain>", "no name"),
        (HEAD.replace(">b<", "><") + "</domain>", "empty"),
        (HEAD.replace(">b<", ">a/b<") + "</domain>", "'/'"),
        (HEAD.replace(">b<", ">a&#10;b<") + "</domain>", "n'"),
        (HEAD.replace("<memory>1024</memory>", "") + "</domain>", "no memory"),
        (HEAD.replace("1024", "0") + "</domain>", "not a size"),
        (HEAD.replace("1024", "-5") + "</domain>", "not a number"),
        (HEAD.replace("<memory>", "<memory unit='stone'>") + "</domain>", "not a unit"),
        (HEAD.replace("<os><type>hvm</type></os>", "") + "</domain>", "os/type"),
        (HEAD + "<uuid>seven</uuid></domain>", "not a UUID"),
        (HEAD + "<vcpu current='3'>2</vcpu></domain>", "3 of 2 vCPUs"),
        (HEAD + "<vcpu>0</vcpu></domain>", "vCPUs"),
        (HEAD + "<cheese/></domain>", "'cheese'"),
        (HEAD + "<devices><cheese/></devices></domain>", "'cheese'"),
        (HEAD + "<devices><disk/></devices></domain>", "no target"),
        (HEAD + "<devices><interface><mac address='1'/></interface></devices></domain>", "MAC"),
        (HEAD + "<devices><interface type='network'/></devices></domain>", "names no network"),
        (HEAD + "<devices>" + "<disk><target dev='vda'/></disk>" * 2 + "</devices></domain>", "'vda'"),
    ],
)
def test_what_libvirt_refuses_is_refused(sim: SimDriver, document: str, says: str) -> None:
    with pytest.raises(InvalidDocument, match=says):
        sim.domains.define(document)
    assert sim.domains.names() == ["a"]


@pytest.mark.parametrize(
    ("text", "kibibytes"),
    [("<memory>1024", "1024"), ("<memory unit='GiB'>1", "1048576"), ("<memory unit='b'>1025", "2")],
)
def test_sizes_are_kept_in_kibibytes(sim: SimDriver, text: str, kibibytes: str) -> None:
    sim.domains.define(HEAD.replace("<memory>1024", text) + "</domain>")
    assert config(sim, "b").findtext("memory") == kibibytes


def test_elements_of_others_survive(sim: SimDriver) -> None:
    other = "<metadata><x:tag xmlns:x='urn:x'>1</x:tag></metadata>"
    sim.domains.define(HEAD + other + "<q:commandline xmlns:q='urn:q'><q:arg value='1'/></q:commandline></domain>")
    assert config(sim, "b").findtext("metadata/{urn:x}tag") == "1"
    assert config(sim, "b").find("{urn:q}commandline/{urn:q}arg") is not None


LAN = """\
<network>
  <name>lan</name>
  <ip address='10.1.2.1' prefix='24'><dhcp><range start='10.1.2.100' end='10.1.2.200'/></dhcp></ip>
</network>
"""


def test_a_network_must_be_there_and_active_to_start(open_sim: OpenSim, sim: SimDriver) -> None:
    assert sim.networks is not None
    sim.networks.define(LAN)
    sim.networks.start("lan")
    sim.networks.destroy("default")
    assert sim.networks.names() == ["default", "lan"]
    with pytest.raises(OperationInvalid, match="not active"):
        sim.domains.start("a")
    sim.networks.undefine("default")
    with pytest.raises(NotFound, match="'default'"):
        sim.domains.start("a")
    sim.domains.define(HEAD + "</domain>")
    open_sim("reaction=0").domains.start("b")
    with pytest.raises(NotFound, match="'default'"):
        sim.domains.attach_device("b", "<interface type='network'><source network='default'/></interface>")
    sim.domains.attach_device("b", "<interface type='network'><source network='lan'/></interface>")
    (address,) = sim.domains.addresses(["b"], ["lease"])["b"]
    assert address.address.startswith("10.1.2.")


def test_a_resized_disk_is_its_volume_too(sim: SimDriver, state_file: object) -> None:
    with edit(str(state_file)) as state:
        state.volumes("default")["a.qcow2"] = Volume("/images/a.qcow2", 1)
    sim.domains.start("a")
    sim.domains.resize_disk("a", "vda", 4096)
    with edit(str(state_file)) as state:
        assert state.volumes("default")["a.qcow2"].capacity == 4096
    assert sim.domains.stats(["a"])["a"]["block.0.capacity"] == 4096


@pytest.mark.parametrize(("target", "size"), [("vdz", 4096), ("sda", 4096), ("vda", 0)])
def test_a_resize_that_cannot_be(sim: SimDriver, target: str, size: int) -> None:
    sim.domains.start("a")
    with pytest.raises(DriverError, match=f"resizing the disk '{target}' of the domain 'a'"):
        sim.domains.resize_disk("a", target, size)
