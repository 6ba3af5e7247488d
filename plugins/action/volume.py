# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's part of the module volume: a file that is here is brought to the node, when the volume needs it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.validation import check_type_dict
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

from ..module_utils._document.image_format import HEADER, recognise

_PIECE = 1048576


class ActionModule(ActionBase):
    """Runs the module.

    Where the source is a file of the controller, in check mode first, to see whether the file is needed.
    """

    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        source = _file_of_the_controller(arguments)
        if source is None:
            wrap_async = bool(self._task.async_val) and not self._connection.has_native_async
            return self._module(arguments, task_vars, wrap_async=wrap_async)
        if self._task.async_val:
            raise AnsibleActionFail("source.file: a file of the controller cannot be used with async.")
        with self._file(source["file"]) as (found, path):
            source = {**source, **_facts(path, source), "file": found}
            return self._bring({**arguments, "source": source}, path, task_vars)

    def _bring(self, arguments: dict[str, Any], path: str, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """Run the module, with the file at hand if it is needed."""
        foretold = self._foretell(arguments, task_vars)
        if foretold.get("failed") or self._task.check_mode:
            return foretold
        if not foretold.get("content_needed"):
            return self._module(arguments, task_vars)
        shell = self._connection._shell
        if shell.tmpdir is None:
            self._make_tmp_path()
        # By its own name, which messages and the result show. ActionBase removes the folder.
        there = shell.join_path(shell.tmpdir, os.path.basename(arguments["source"]["file"]))
        self._transfer_file(path, there)
        self._fixup_perms2((shell.tmpdir, there))
        return self._module({**arguments, "source": {**arguments["source"], "file": there}}, task_vars)

    def _foretell(self, arguments: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        before = self._task.check_mode
        self._task.check_mode = True
        try:
            return self._module(arguments, task_vars)
        finally:
            self._task.check_mode = before

    def _module(
        self, arguments: Mapping[str, Any], task_vars: dict[str, Any] | None, *, wrap_async: bool = False
    ) -> dict[str, Any]:
        # A copy, because Ansible adds arguments of its own.
        result: dict[str, Any] = self._execute_module(
            module_name="stratum.virt.volume",
            module_args=dict(arguments),
            task_vars=task_vars,
            wrap_async=wrap_async,
        )
        return result

    @contextmanager
    def _file(self, name: str) -> Iterator[tuple[str, str]]:
        """Find a file where Ansible looks for files; yield its path, and the path of what it has decrypted in it."""
        try:
            found = self._find_needle("files", name)
            if not os.path.isfile(found):
                raise AnsibleActionFail(f"source.file: {found} is not a file.")
            path = self._loader.get_real_file(found)
        except AnsibleActionFail:
            raise
        except AnsibleError as error:
            raise AnsibleActionFail(f"source.file: {error}") from error
        try:
            yield found, path
        finally:
            self._loader.cleanup_tmp_file(path)


def _file_of_the_controller(arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the source if it is a file of the controller; what makes no sense is for the module to refuse."""
    source = arguments.get("source")
    try:
        source = check_type_dict(source) if isinstance(source, str) else source
        if not isinstance(source, Mapping) or boolean(source.get("remote_src") or False):
            return None
    except (TypeError, ValueError):
        return None
    if not isinstance(source.get("file"), str) or not source["file"] or arguments.get("state") == "absent":
        return None
    return dict(source)


def _facts(path: str, source: Mapping[str, Any]) -> dict[str, str]:
    """Return what the module has to know of a file that it doesn't see, and isn't stated."""
    facts = {}
    try:
        with open(path, "rb") as file:
            facts["format"] = recognise(file.read(HEADER), source.get("format")).name
            if not source.get("checksum"):
                facts["checksum"] = f"sha256:{_sha256(path)}"
    except OSError as error:
        raise AnsibleActionFail(f"source.file: reading {path}: {error.strerror}.") from error
    except ValueError as error:
        raise AnsibleActionFail(f"source.file: {source['file']} cannot be used: {error}.") from error
    return facts


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for piece in iter(lambda: file.read(_PIECE), b""):
            digest.update(piece)
    return digest.hexdigest()
