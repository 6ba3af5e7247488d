# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What others have written into domains is data: not a template, a host of somebody else's, or a group's variable."""

from __future__ import annotations

from xml.sax.saxutils import escape

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver._sim.control import edit
from ansible_collections.stratum.virt.plugins.plugin_utils._inventory.naming import is_host_name, short
from ansible_collections.stratum.virt.plugins.plugin_utils._inventory.variables import Way, of_connection
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.inventory.conftest import ON_DEFAULT, Ansible, Nodes

TEMPLATES = (
    "{{ lookup('pipe', 'touch %s') }}",
    "{%% set x = lookup('pipe', 'touch %s') %%}{{ x }}",
    "{{ [] | map(lookup('pipe', 'touch %s')) }}",
)


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_template_is_rendered(nodes: Nodes, template: str) -> None:
    trap = nodes.folder / "executed"
    text = template % trap
    more = f"<title>{escape(text)}</title><description>{escape(text)}\n{escape(text)}</description>"
    nodes.define("kvm1", "web", start=True, more=more, tags=(escape(text),))
    rendered = (
        "{{ stratum_virt_spec }}",
        "{{ stratum_virt_spec.title }}",
        "{{ stratum_virt_tags | join(' ') }}",
        "{{ copied }}",
        "{{ 'x' ~ copied }}",
    )
    found = nodes.load(
        "kvm1",
        compose={"copied": "stratum_virt_spec.title ~ ''"},
        keyed_groups=[{"key": "stratum_virt_spec.title"}, {"key": "stratum_virt_tags"}],
        filters=[{"exclude": "stratum_virt_spec.title == 'x'"}],
        hostnames=["stratum_virt_spec.title", "stratum_virt_tags[0]", "stratum_virt_name"],
        render=rendered,
    )
    assert found.names == ["web"]
    assert found.rendered["web"]["{{ stratum_virt_spec.title }}"] == text
    assert found.rendered["web"]["{{ copied }}"] == text
    assert found.rendered["web"]["{{ 'x' ~ copied }}"] == "x" + text
    assert found.rendered["web"]["{{ stratum_virt_tags | join(' ') }}"] == text
    assert not trap.exists()


def test_nor_what_comes_out_of_the_cache(nodes: Nodes) -> None:
    trap = nodes.folder / "executed"
    text = TEMPLATES[0] % trap
    nodes.define("kvm1", "web", more=f"<title>{escape(text)}</title>")
    for _time in range(2):
        found = nodes.load(
            "kvm1",
            cache=True,
            cache_plugin="ansible.builtin.jsonfile",
            cache_connection=str(nodes.folder / "cache"),
            render=("{{ stratum_virt_spec.title }}",),
        )
        assert found.rendered["web"] == {"{{ stratum_virt_spec.title }}": text}
    assert list((nodes.folder / "cache").iterdir())
    assert not trap.exists()


HOSTILE = (
    "all",
    "ungrouped",
    "localhost",
    "LocalHost",
    "127.0.0.1",
    "state_stopped",
    "mine",
    "-oProxyCommand=touch x",
    "..",
    "a:b",
    "a,b",
    "a[1:3]",
    "*",
    "!web",
    "&web",
    "{{ x }}",
    "{% x %}",
    "x" * 254,
    "tab\there",
    "$(id)",
    "`id`",
    "a;b",
)


def test_no_name_is_somebody_elses(nodes: Nodes) -> None:
    nodes.define("kvm1", *map(escape, HOSTILE), "web")
    found = nodes.load("kvm1", groups={"mine": "stratum_virt_name == 'web'"})
    assert len(found.hosts) == len(HOSTILE) + 1
    assert set(found.names) == {
        host["stratum_virt_uuid"] if host["stratum_virt_name"] != "web" else "web" for host in found.hosts.values()
    }
    assert all(variables == {} for variables in found.group_vars.values())
    (warning,) = found.warnings
    assert "cannot be the name of a host" in warning
    assert warning.endswith(f"(and {len(HOSTILE) - 1} more)")


def test_a_warning_is_short(nodes: Nodes) -> None:
    nodes.define("kvm1", "x" * 10000)
    (warning,) = nodes.load("kvm1").warnings
    assert len(warning) < 300
    with edit(str(nodes.folder / "kvm1")) as state:
        (domain,) = list(state.domains.values())
        domain.config = str(domain.config).replace("static", "x").replace(">1</vcpu>", ">many</vcpu>")
    found = nodes.load("kvm1", filters=[{"exclude": "stratum_virt_spec[stratum_virt_name].x"}])
    assert len(found.warnings) == 3
    assert all(len(warning) < 600 for warning in found.warnings)
    with edit(str(nodes.folder / "kvm1")) as state:
        (domain,) = list(state.domains.values())
        domain.config = "<domain><nothing>"
    (warning,) = nodes.load("kvm1").warnings
    assert "not in the inventory" in warning
    assert len(warning) < 1200


def test_the_name_of_another_sources_group_is_taken(nodes: Nodes, ansible: Ansible) -> None:
    nodes.define("kvm1", "webservers", "web")
    other = nodes.folder / "a.ini"
    other.write_text("[webservers]\nold\n")
    found = ansible.load(other, nodes.source("kvm1"))
    assert found.group_vars["webservers"] == {}
    assert found.groups["webservers"] == ["old"]
    assert "webservers" not in found.hosts


def test_a_group_of_a_value_is_no_way_out_of_the_others(nodes: Nodes) -> None:
    nodes.define("kvm1", "a", more="<title>web</title>")
    nodes.define("kvm1", "web")
    found = nodes.load(
        "kvm1",
        groups={"guarded": "true"},
        keyed_groups=[{"key": "stratum_virt_spec.title", "separator": ""}],
    )
    assert "web" in found.groups  # whoever asks for groups of values gets them
    assert found.groups["guarded"] == ["a", "web"]
    assert found.groups["state_stopped"] == ["a", "web"]
    assert found.group_vars["web"] == {}
    assert found.hosts["web"]["stratum_virt_name"] == "web"


def test_what_is_too_long_makes_no_group(nodes: Nodes) -> None:
    nodes.define("kvm1", "web", tags=("x" * 10000, "-" * 5, "ok", "line\none"))
    found = nodes.load("kvm1", group_by=["tag"])
    assert {name for name in found.groups if name not in ("all", "ungrouped")} == {"tag_ok", "tag_line_one"}
    assert "x" * 10000 in found.hosts["web"]["stratum_virt_tags"]


def test_a_document_that_cannot_be_read_leaves_the_others(nodes: Nodes) -> None:
    nodes.define("kvm1", "web", "db", start=True)
    # Not what libvirt would say, but what something in its place could.
    with edit(str(nodes.folder / "kvm1")) as state:
        config = state.domains["web"].config
        assert config is not None
        state.domains["web"].config = config.replace('<vcpu placement="static">1', "<vcpu>many")
    found = nodes.load("kvm1")
    assert found.names == ["db", "web"]
    assert found.hosts["web"]["stratum_virt_spec"] == {}
    assert found.hosts["web"]["stratum_virt_state"] == "running"
    assert found.hosts["web"]["ansible_host"]
    assert "kvm1: 'web' has no spec: vcpus" in " ".join(found.warnings)


def test_passwords_are_nowhere(nodes: Nodes) -> None:
    display = "<graphics type='vnc' passwd='s3cret' port='5900'/>"
    nodes.define("kvm1", "web", start=True, devices=ON_DEFAULT + display)
    found = nodes.load("kvm1", cache=True, cache_plugin="jsonfile", cache_connection=str(nodes.folder / "cache"))
    assert found.hosts["web"]["stratum_virt_spec"]["graphics"]
    assert "s3cret" not in str(found.hosts)
    (cached,) = (nodes.folder / "cache").iterdir()
    assert "s3cret" not in cached.read_text()


@given(st.text(max_size=300))
def test_a_host_name_is_harmless(text: str) -> None:
    if is_host_name(text, frozenset()):
        assert text.isprintable()
        assert text[0] not in "-.~@+ "
        assert not set(text) & set("{}%#[]:,!&*?/\\$`'\"|;<>()=")
        assert len(text) <= 253


@pytest.mark.parametrize(
    "name",
    [
        "localhost.",
        "LOCALHOST.localdomain",
        "a.localhost",
        "ip6-localhost",
        "root@localhost",
        "x@127.0.0.1",
        "127.0.0.2",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0",
        "0.0.0.0",
        "\uff11\uff12\uff17.0.0.1",
        "\uff4cocalhost",
    ],
)
def test_no_name_leads_to_the_controller(name: str) -> None:
    assert not is_host_name(name, frozenset())


@pytest.mark.parametrize(
    "name", ["web", "10", "web.example.org", "192.0.2.7", "admin@web", "local", "localhost7", "Müller"]
)
def test_an_ordinary_name_is_one(name: str) -> None:
    assert is_host_name(name, frozenset())


@pytest.mark.parametrize(
    ("family", "address"),
    [
        ("ipv4", "127.0.0.1"),
        ("ipv4", "0.0.0.0"),
        ("ipv4", "255.255.255.255"),
        ("ipv6", "::1"),
        ("ipv6", "::ffff:127.0.0.1"),
        ("ipv6", "::127.0.0.1"),
        ("ipv6", "fe80::1"),
    ],
)
def test_no_address_leads_to_the_controller(family: str, address: str) -> None:
    told = {"address": address, "family": family, "source": "agent", "mac": "", "prefix": None, "interface": "eth0"}
    way = Way("ssh", ("agent",), None, "any")
    assert of_connection({"spec": {}, "addresses": [told]}, way) == {}
    assert of_connection({"spec": {}, "addresses": [{**told, "address": "2001:db8::1", "family": "ipv6"}]}, way)


def test_any_number_of_tags_makes_some_groups(nodes: Nodes) -> None:
    nodes.define("kvm1", "web", tags=tuple(f"t{number}" for number in range(400)))
    nodes.define("kvm1", "db", tags=("t7", "own"))
    found = nodes.load("kvm1", group_by=["state", "tag"])
    groups = {name for name, hosts in found.groups.items() if "web" in hosts and name.startswith("tag_")}
    assert len(groups) == 256
    assert found.groups["tag_own"] == ["db"]
    assert found.groups["state_stopped"] == ["db", "web"]
    assert len(found.hosts["web"]["stratum_virt_tags"]) == 400
    assert found.warnings == ["groups: 'web' on kvm1 is not in all groups by tag: there are 400 of them"]


def test_a_message_is_a_line() -> None:
    assert short("a\x1b]0;b\x07c\nd\x9be") == "a ]0;b c d e"
