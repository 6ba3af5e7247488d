# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets in specs and documents are found, wherever they are, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.stratum.virt.plugins.module_utils._document import tree
from ansible_collections.stratum.virt.plugins.module_utils._document.domain import DOMAIN
from ansible_collections.stratum.virt.plugins.module_utils._document.field import (
    Field,
    Group,
    Items,
    Node,
    Table,
    Variants,
)
from ansible_collections.stratum.virt.plugins.module_utils._document.kind import Line
from ansible_collections.stratum.virt.plugins.module_utils._document.secrets import scrub, secrets

TABLE = Table(
    Field("name", "name", Line()),
    Field("token", "token", Line(), secret=True),
    Group("access", "access", Field("key", "@key", Line(), secret=True), Field("user", "@user", Line())),
    Items("doors", "door", Field("id", "@id", Line()), Field("code", "code", Line(), secret=True)),
    Variants(
        "type",
        {"a": Field("first", "first/@pin", Line(), secret=True), "b": Field("second", "second/@word", Line())},
    ),
)

SPEC = {
    "name": "plain",
    "token": "s1",
    "access": {"key": "s2", "user": "plain"},
    "doors": [{"id": "1", "code": "s3"}, {"id": "2"}, {"code": "s4"}],
    "first": "s5",
}

DOCUMENT = """\
<thing type='a'>
  <name>plain</name>
  <token>s1</token>
  <access key='s2' user='plain'/>
  <door id='1'><code>s3</code></door>
  <door id='2'/>
  <door><code>s4</code></door>
  <first pin='s5'/>
</thing>
"""


def test_every_secret_of_a_spec_is_found_and_nothing_else() -> None:
    assert sorted(secrets(TABLE, SPEC)) == ["s1", "s2", "s3", "s4", "s5"]
    assert list(secrets(TABLE, {"name": "plain"})) == []


def test_a_document_without_secrets_keeps_all_else() -> None:
    document = tree.parse(DOCUMENT, "a test")
    scrub(TABLE, document)
    text = tree.serialize(document)
    assert not [secret for secret in secrets(TABLE, SPEC) if secret in text]
    assert text.count("plain") == 2
    assert [door.get("id") for door in document.iterfind("door")] == ["1", "2", None]
    assert document.get("type") == "a"


def test_nothing_to_take_out() -> None:
    document = tree.parse("<thing><name>plain</name></thing>", "a test")
    before = tree.serialize(document)
    scrub(TABLE, document)
    assert tree.serialize(document) == before


def test_what_a_spec_shows_has_none() -> None:
    shown = str(TABLE.show(SPEC))
    assert not [secret for secret in secrets(TABLE, SPEC) if repr(secret) in shown]


def _fields(node: Node, path: str = "") -> Iterator[tuple[str, Field]]:
    if isinstance(node, Field):
        yield f"{path}{node.option}", node
    elif isinstance(node, (Group, Items)):
        yield from _fields(node.table, f"{path}{node.option}.")
    elif isinstance(node, (Table, Variants)):
        for part in node.nodes if isinstance(node, Table) else node.variants.values():
            yield from _fields(part, path)


def test_passwords_of_domains_are_secrets() -> None:
    named = {path for path, _field in _fields(DOMAIN) if path.rpartition(".")[2] in ("password", "passphrase")}
    assert "graphics.password" in named
    assert named == {path for path, field in _fields(DOMAIN) if field.secret}


def test_ansible_hides_exactly_the_secrets() -> None:
    def hidden(options: dict[str, dict[str, object]], path: str = "") -> Iterator[str]:
        for name, option in options.items():
            if option.get("no_log"):
                yield f"{path}{name}"
            below = option.get("options")
            if isinstance(below, dict):
                yield from hidden(below, f"{path}{name}.")

    assert set(hidden(DOMAIN.argument_spec())) == {path for path, field in _fields(DOMAIN) if field.secret}
