# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in a seed for cloud-init."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
import yaml
from ansible_collections.stratum.virt.plugins.module_utils._document.cloud_init import LARGEST_SEED, is_seed, seed
from ansible_collections.stratum.virt.plugins.module_utils._document.iso9660 import image
from ansible_collections.stratum.virt.plugins.module_utils._errors import InputError
from hypothesis import given
from hypothesis import strategies as st

from tests.unit._document.test_iso9660 import read

DIGEST = "2f4b70d99adf5796846f66c4efcafc6d628d89bde9629bd5cb2e9bc5f5820c62"

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def files(options: dict[str, Any], name: str = "web1-seed.iso") -> dict[str, str]:
    return {name: content.decode() for name, content in read(seed(options, name), "rr").items()}


def test_a_seed_has_the_bytes_that_it_always_had() -> None:
    options = {
        "user_data": {"users": ["default", {"name": "ann"}], "ssh_pwauth": False},
        "meta_data": {"local-hostname": "web1"},
        "network_config": "version: 2\n",
    }
    assert hashlib.sha256(seed(options, "web1-seed.iso")).hexdigest() == DIGEST


def test_text_stays_as_it_is() -> None:
    texts = {"user_data": "#!/bin/sh\necho ü\n", "meta_data": "a: b", "network_config": "", "vendor_data": " x\n"}
    assert files(texts) == {
        "user-data": "#!/bin/sh\necho ü\n",
        "meta-data": "a: b",
        "network-config": "",
        "vendor-data": " x\n",
    }


def test_what_is_not_stated() -> None:
    assert files({}) == {"user-data": "", "meta-data": '{\n  "instance-id": "web1-seed.iso"\n}\n'}
    assert yaml.safe_load(files({"meta_data": {"local-hostname": "a"}})["meta-data"]) == {
        "instance-id": "web1-seed.iso",
        "local-hostname": "a",
    }
    assert yaml.safe_load(files({"meta_data": {"instance-id": "i-7"}})["meta-data"]) == {"instance-id": "i-7"}


def test_the_order_of_a_structure_makes_no_difference() -> None:
    one = {"user_data": {"a": 1, "b": {"c": 2, "d": 3}}}
    other = {"user_data": {"b": {"d": 3, "c": 2}, "a": 1}}
    assert seed(one, "s") == seed(other, "s")
    assert files(one)["user-data"] == '#cloud-config\n{\n  "a": 1,\n  "b": {\n    "c": 2,\n    "d": 3\n  }\n}\n'


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_a_structure_is_read_by_yaml_as_what_it_was(value: dict[str, Any]) -> None:
    written = files({"user_data": value, "network_config": value})
    assert written["user-data"].startswith("#cloud-config\n")
    assert yaml.safe_load(written["user-data"]) == value
    assert yaml.safe_load(written["network-config"]) == value


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"user_data": ["a"]}, "cloud_init.user_data: it is neither text nor a dictionary."),
        ({"meta_data": 7}, "cloud_init.meta_data: it is neither text nor a dictionary."),
        ({"network_config": "\ud800"}, "cloud_init.network_config: it has characters that are none."),
        ({"user_data": "x" * LARGEST_SEED}, "cloud_init: a seed holds at most 8 MiB, and this one has 8388632 bytes"),
    ],
)
def test_what_cannot_be_a_seed(options: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as raised:
        seed(options, "")
    assert says in str(raised.value)
    assert "\ud800" not in str(raised.value)


def test_a_seed_is_known_by_its_label() -> None:
    assert is_seed(seed({}, "a"))
    assert is_seed(image("CIDATA", {}))
    assert not is_seed(image("other", {}))
    assert not is_seed(b"")
    assert not is_seed(bytes(65536))
