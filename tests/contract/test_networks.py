# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual networks: which there are, what they are, what can be changed while they are active."""

from __future__ import annotations

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._document.tree import parse, serialize
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Capability, Driver
from ansible_collections.stratum.virt.plugins.module_utils._driver.domains import DomainState
from ansible_collections.stratum.virt.plugins.module_utils._driver.networks import (
    NetworkRecord,
    Networks,
    NetworkSection,
    NetworkUpdate,
)
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    AlreadyExists,
    InputError,
    InvalidDocument,
    NotFound,
    NotSupported,
    OperationInvalid,
    StratumError,
)
from lxml.etree import _Element as Element

from tests.contract.calls import NETWORK_CALLS, outcomes_other_than
from tests.contract.subjects import READY, Subject, new_uuid, wait_until

# Containers share the networks of the QEMU driver.
pytestmark = [pytest.mark.kinds("sim", "qemu", "test"), pytest.mark.needs(Capability.NETWORKS)]


def document(name: str, *, uuid: str | None = None, subnet: str = "10.207.1", more: str = "") -> str:
    """Write the document of a network with two subnets, of which the first has a DHCP server."""
    return (
        f"<network><name>{name}</name>{f'<uuid>{uuid}</uuid>' if uuid else ''}<forward mode='nat'/>"
        f"<bridge name='contract0' delay='0'/><dns><txt name='known' value='yes'/></dns>"
        f"<ip address='{subnet}.1' netmask='255.255.255.128'><dhcp><range start='{subnet}.2' end='{subnet}.50'/>"
        f"<host mac='52:54:00:c1:00:01' name='one' ip='{subnet}.60'/></dhcp></ip>"
        f"<ip address='{subnet}.129' netmask='255.255.255.128'/>{more}</network>"
    )


@pytest.fixture
def networks(driver: Driver) -> Networks:
    assert driver.networks is not None
    return driver.networks


@pytest.fixture
def inactive(networks: Networks, name: str) -> str:
    """A network that is defined."""
    networks.define(document(name))
    return name


@pytest.fixture
def active(networks: Networks, inactive: str) -> str:
    """A network that is active."""
    networks.start(inactive)
    return inactive


def read(networks: Networks, name: str) -> NetworkRecord:
    (found,) = networks.describe([name])
    return found


def first_address(document: str | None) -> str | None:
    assert document is not None
    ip = parse(document, "a network").find("ip")
    assert ip is not None
    return ip.get("address")


def test_a_defined_network_is_there(subject: Subject, networks: Networks, inactive: str) -> None:
    assert inactive in networks.names()
    found = read(networks, inactive)
    assert (found.name, found.active, found.persistent, found.autostart) == (inactive, False, True, False)
    assert found.live is None
    assert first_address(found.config) == "10.207.1.1"
    assert parse(found.config or "", "config").findtext("uuid") == found.uuid
    assert networks.find(found.uuid) == inactive
    assert subject.witness.network(inactive) == "inactive"


def test_a_stated_uuid_is_kept(networks: Networks, name: str) -> None:
    uuid = new_uuid()
    networks.define(document(name, uuid=uuid))
    assert read(networks, name).uuid == uuid
    assert networks.find(uuid.upper()) == name


def test_what_is_not_there_is_not_found(networks: Networks, name: str) -> None:
    assert networks.find(new_uuid()) is None
    assert networks.describe([name]) == []
    assert name not in networks.names()
    with pytest.raises(InputError):
        networks.find("not a UUID")


def test_every_call_on_a_missing_network_says_so(driver: Driver, networks: Networks, name: str) -> None:
    calls = [call for call in NETWORK_CALLS if call.needs is None or call.needs in driver.capabilities]
    assert outcomes_other_than(NotFound, calls, networks, name) == {}


def test_describing_many_keeps_to_what_was_asked(networks: Networks, name: str, other: str) -> None:
    wanted = [f"{name}-{number}" for number in range(12)]
    for number, each in enumerate(wanted):
        networks.define(document(each).replace("contract0", f"contract{number}"))
    order = [wanted[7], other, wanted[2], wanted[7]]
    assert [record.name for record in networks.describe(order)] == [wanted[7], wanted[2]]
    assert [record.name for record in networks.describe([*wanted, other])] == wanted
    assert networks.describe([]) == []
    everything = networks.describe()
    assert [record.name for record in everything] == networks.names() == sorted(networks.names())
    few = {record.name: record for record in networks.describe(wanted[:3])}
    assert {record.name: record for record in everything if record.name in few} == few


def test_documents_are_left_out_when_nobody_wants_them(networks: Networks, active: str) -> None:
    (found,) = networks.describe([active], documents=False)
    assert (found.live, found.config, found.active, found.persistent) == (None, None, True, True)
    (from_all,) = [each for each in networks.describe(documents=False) if each.name == active]
    assert from_all == found


def test_a_name_belongs_to_one_uuid(networks: Networks, inactive: str, other: str) -> None:
    before = read(networks, inactive)
    with pytest.raises(AlreadyExists, match=inactive):
        networks.define(document(inactive, uuid=new_uuid()))
    with pytest.raises(AlreadyExists, match=inactive):
        networks.define(document(other, uuid=before.uuid).replace("contract0", "contract1"))
    assert read(networks, inactive) == before
    assert other not in networks.names()


@pytest.mark.parametrize(
    ("change", "to"),
    [
        ("<network>", "<network <"),
        ("<dns>", "<cheese/><dns>"),
        ("<forward mode='nat'/>", "<forward mode='sideways'/>"),
        ("address='10.207.1.1'", "address='10.207.1.1000'"),
        ("<name>", "<name>a/b"),
    ],
)
def test_a_document_that_cannot_be_is_refused(networks: Networks, name: str, change: str, to: str) -> None:
    before = networks.names()
    with pytest.raises(InvalidDocument):
        networks.define(document(name).replace(change, to))
    assert networks.names() == before


def test_defining_what_was_read_changes_nothing(networks: Networks, inactive: str) -> None:
    before = read(networks, inactive)
    networks.define(before.config or "")
    assert read(networks, inactive) == before


@pytest.mark.kinds("sim", "qemu")  # libvirt's own simulation has one document for both
def test_an_active_network_goes_on_as_it_is(subject: Subject, networks: Networks, active: str) -> None:
    before = read(networks, active)
    networks.define(document(active, uuid=before.uuid, subnet="10.207.2"))
    found = read(networks, active)
    assert (found.active, found.persistent, found.live) == (True, True, before.live)
    assert first_address(found.config) == "10.207.2.1"
    assert first_address(subject.witness.network_document(active)) == "10.207.1.1"
    networks.destroy(active)
    networks.start(active)
    assert first_address(read(networks, active).live) == "10.207.2.1"


def test_a_network_starts_and_stops(subject: Subject, networks: Networks, inactive: str) -> None:
    networks.start(inactive)
    found = read(networks, inactive)
    assert (found.active, found.persistent) == (True, True)
    assert first_address(found.live) == "10.207.1.1"
    assert subject.witness.network(inactive) == "active"
    with pytest.raises(OperationInvalid, match=inactive):
        networks.start(inactive)
    networks.destroy(inactive)
    assert read(networks, inactive).active is False
    assert subject.witness.network(inactive) == "inactive"


@pytest.mark.kinds("sim", "qemu")  # libvirt's own simulation lets it pass
def test_what_is_for_active_networks_only(networks: Networks, inactive: str) -> None:
    before = read(networks, inactive)
    calls = [call for call in NETWORK_CALLS if call.live]
    assert outcomes_other_than(OperationInvalid, calls, networks, inactive) == {}
    assert read(networks, inactive) == before
    assert networks.leases([inactive]) == {inactive: []}
    assert networks.ports([inactive]) == {inactive: []}


def test_an_undefined_network_is_gone(subject: Subject, networks: Networks, inactive: str) -> None:
    uuid = read(networks, inactive).uuid
    networks.undefine(inactive)
    assert networks.describe([inactive]) == []
    assert networks.find(uuid) is None
    assert subject.witness.network(inactive) is None


@pytest.mark.kinds("sim", "qemu")  # libvirt's own simulation knows no transient networks
def test_an_active_network_that_is_undefined_is_transient(subject: Subject, networks: Networks, active: str) -> None:
    uuid = read(networks, active).uuid
    networks.undefine(active)
    found = read(networks, active)
    assert (found.active, found.persistent, found.autostart, found.config) == (True, False, False, None)
    assert first_address(found.live) == "10.207.1.1"
    for refused in (networks.undefine, lambda name: networks.set_autostart(name, True)):
        with pytest.raises(OperationInvalid):
            refused(active)
    networks.define(document(active, uuid=uuid))
    assert read(networks, active).persistent is True
    networks.undefine(active)
    networks.destroy(active)
    assert active not in networks.names()
    assert subject.witness.network(active) is None


def test_autostart_stays_as_it_was_set(networks: Networks, active: str) -> None:
    for enabled in (True, True, False, False, True):
        networks.set_autostart(active, enabled)
        assert read(networks, active).autostart is enabled
        (from_all,) = [each for each in networks.describe() if each.name == active]
        assert from_all.autostart is enabled


ENTRIES: dict[NetworkSection, tuple[str, str]] = {
    NetworkSection.DHCP_HOST: ("<host mac='52:54:00:c1:00:02' name='two' ip='10.207.1.61'/>", "ip/dhcp/host"),
    NetworkSection.DHCP_RANGE: ("<range start='10.207.1.80' end='10.207.1.90'/>", "ip/dhcp/range"),
    NetworkSection.FORWARD_INTERFACE: ("<interface dev='contract9'/>", "forward/interface"),
    NetworkSection.PORTGROUP: ("<portgroup name='slow'/>", "portgroup"),
    NetworkSection.DNS_HOST: ("<host ip='10.207.1.70'><hostname>seven</hostname></host>", "dns/host"),
    NetworkSection.DNS_TXT: ("<txt name='word' value='spoken'/>", "dns/txt"),
    NetworkSection.DNS_SRV: ("<srv service='ldap' protocol='tcp' domain='x' target='y' port='9'/>", "dns/srv"),
}


def count(document: str | None, path: str) -> int:
    assert document is not None
    return len(parse(document, "a network").findall(path))


@pytest.mark.needs(Capability.NETWORK_UPDATE)
@pytest.mark.parametrize("section", ENTRIES, ids=lambda section: section.value)
def test_entries_of_an_active_network_come_and_go(
    subject: Subject, networks: Networks, active: str, section: NetworkSection
) -> None:
    element, path = ENTRIES[section]
    before = read(networks, active)
    had = count(before.live, path)
    networks.update(active, section, NetworkUpdate.ADD, element)
    found = read(networks, active)
    assert count(found.live, path) == had + 1
    assert count(subject.witness.network_document(active), path) == had + 1
    if subject.kind != "test":  # it has one document for both
        assert found.config == before.config
        assert count(subject.witness.network_document(active, config=True), path) == had
    networks.update(active, section, NetworkUpdate.DELETE, element)
    assert count(read(networks, active).live, path) == had
    with pytest.raises(OperationInvalid, match=active):
        networks.update(active, section, NetworkUpdate.DELETE, element)
    assert read(networks, active).config == before.config


@pytest.mark.needs(Capability.NETWORK_UPDATE)
def test_a_host_and_a_port_group_can_be_changed_in_place(networks: Networks, active: str) -> None:
    host = "<host mac='52:54:00:c1:00:01' name='one' ip='10.207.1.62'/>"
    networks.update(active, NetworkSection.DHCP_HOST, NetworkUpdate.MODIFY, host)
    networks.update(active, NetworkSection.PORTGROUP, NetworkUpdate.ADD, "<portgroup name='slow'/>")
    networks.update(active, NetworkSection.PORTGROUP, NetworkUpdate.MODIFY, "<portgroup name='slow' default='yes'/>")
    root = parse(read(networks, active).live or "", "live")
    assert [host.get("ip") for host in root.iterfind("ip/dhcp/host")] == ["10.207.1.62"]
    assert [group.get("default") for group in root.iterfind("portgroup")] == ["yes"]


@pytest.mark.needs(Capability.NETWORK_UPDATE)
def test_a_host_can_be_meant_for_one_of_several_subnets(networks: Networks, active: str) -> None:
    host = "<host mac='52:54:00:c1:00:03' ip='10.207.1.140'/>"
    networks.update(active, NetworkSection.DHCP_HOST, NetworkUpdate.DELETE, ENTRY_ONE)
    networks.update(active, NetworkSection.DHCP_RANGE, NetworkUpdate.DELETE, RANGE_ONE)
    networks.update(active, NetworkSection.DHCP_HOST, NetworkUpdate.ADD, host, parent=1)
    root = parse(read(networks, active).live or "", "live")
    assert [len(ip.findall("dhcp/host")) for ip in root.iterfind("ip")] == [0, 1]


ENTRY_ONE = "<host mac='52:54:00:c1:00:01' name='one' ip='10.207.1.60'/>"
RANGE_ONE = "<range start='10.207.1.2' end='10.207.1.50'/>"


@pytest.mark.needs(Capability.NETWORK_UPDATE)
@pytest.mark.parametrize(
    ("section", "update", "element"),
    [
        (NetworkSection.DHCP_HOST, NetworkUpdate.ADD, ENTRY_ONE),
        (NetworkSection.DHCP_HOST, NetworkUpdate.MODIFY, "<host mac='52:54:00:c1:00:09' ip='10.207.1.70'/>"),
        (NetworkSection.DHCP_HOST, NetworkUpdate.ADD, "<host"),
        (NetworkSection.DHCP_RANGE, NetworkUpdate.ADD, "<range start='10.99.0.1' end='10.99.0.9'/>"),
        (NetworkSection.DNS_TXT, NetworkUpdate.ADD, "<txt name='known' value='no'/>"),
        (NetworkSection.PORTGROUP, NetworkUpdate.MODIFY, "<portgroup name='nobody'/>"),
    ],
)
def test_an_entry_that_cannot_be_is_refused(
    networks: Networks, active: str, section: NetworkSection, update: NetworkUpdate, element: str
) -> None:
    before = read(networks, active)
    with pytest.raises(StratumError, match=active):
        networks.update(active, section, update, element)
    assert read(networks, active) == before


@pytest.mark.kinds("test")  # the others can do everything
def test_what_a_driver_does_not_declare_it_refuses(driver: Driver, networks: Networks, active: str) -> None:
    assert not {Capability.NETWORK_LEASES, Capability.NETWORK_PORTS} & driver.capabilities
    with pytest.raises(NotSupported):
        networks.leases([active])
    with pytest.raises(NotSupported):
        networks.ports([active])


@pytest.mark.needs(Capability.NETWORK_PORTS)
def test_what_is_plugged_in(subject: Subject, driver: Driver, networks: Networks, active: str, name: str) -> None:
    nic = f"<interface type='network'><mac address='52:54:00:c1:00:01'/><source network='{active}'/></interface>"
    subject.run_bare(f"{name}-vm", nic)
    (domain,) = driver.domains.describe([f"{name}-vm"])
    (port,) = networks.ports([active])[active]
    assert (port.owner, port.owner_uuid, port.mac) == (domain.name, domain.uuid, "52:54:00:c1:00:01")
    assert networks.ports(["default", f"{name}-nobody"]) == {"default": [], f"{name}-nobody": []}
    networks.destroy(active)
    assert networks.ports([active]) == {active: []}
    assert driver.domains.describe([domain.name])[0].state is DomainState.RUNNING
    driver.domains.destroy(domain.name)


@pytest.mark.needs(Capability.NETWORK_PORTS, Capability.UPDATE_DEVICE)
def test_an_interface_can_be_plugged_in_again(
    subject: Subject, driver: Driver, networks: Networks, active: str, name: str
) -> None:
    nic = f"<interface type='network'><mac address='52:54:00:c1:00:01'/><source network='{active}'/></interface>"
    subject.run_bare(f"{name}-vm", nic)
    (before,) = driver.domains.describe([f"{name}-vm"])
    networks.destroy(active)
    networks.start(active)
    assert networks.ports([active]) == {active: []}
    networked, bridged = interface(before.live), interface(before.live)
    source = bridged.find("source")
    assert source is not None
    bridged.set("type", "bridge")
    source.attrib.clear()
    source.set("bridge", "contract0")
    for device in (bridged, networked):
        driver.domains.update_device(before.name, serialize(device))
    assert [port.owner for port in networks.ports([active])[active]] == [before.name]
    (after,) = driver.domains.describe([before.name])
    assert after.config == before.config
    assert interface(after.live).get("type") == "network"
    driver.domains.destroy(before.name)


def interface(document: str | None) -> Element:
    found = parse(document or "", "a domain").find("devices/interface")
    assert found is not None
    return found


@pytest.mark.system
@pytest.mark.needs(Capability.NETWORK_LEASES, Capability.AGENT)
def test_leases_of_a_guest(driver: Driver, networks: Networks, system: str) -> None:
    mac = "52:54:00:c0:00:00"
    wait_until(lambda: mac in [lease.mac for lease in networks.leases(["default"])["default"]], "no lease", READY)
    (lease,) = [lease for lease in networks.leases(["default"])["default"] if lease.mac == mac]
    assert (lease.family, lease.prefix) == ("ipv4", 24)
    assert lease.address.startswith("192.168.122.")
    assert lease.expires > 1_700_000_000
    assert [port.owner for port in networks.ports(["default"])["default"]] == [system]
