# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's part of the module tls_certificate: the authority is here, and signs what nodes ask for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

from ..module_utils._errors import StratumError
from ..module_utils._task.tls_certificate import Signer, argument_spec


class ActionModule(ActionBase):
    """Runs the module; where the authority is on the controller, again with what it has signed, if that is needed."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        checked = ArgumentSpecValidator(argument_spec()).validate(arguments)
        options = checked.validated_parameters
        if checked.error_messages or options["state"] == "absent" or options["remote_src"] or not options["authority"]:
            # What makes no sense is for the module to refuse.
            return self._module(arguments, task_vars)
        try:
            signer = Signer({**options, "authority": self._folder(options["authority"])})
            arguments["authority_certificate"] = signer.certificate
            first = self._module(arguments, task_vars)
            if first.get("failed") or not first.get("request"):
                return first
            return self._module({**arguments, "certificate": signer.sign(str(first["request"]))}, task_vars)
        except StratumError as error:
            raise AnsibleActionFail(str(error)) from error

    def _folder(self, stated: str) -> str:
        """Return a folder of the controller; a relative one is beside the playbook."""
        path: str = self._loader.path_dwim(os.path.expanduser(stated))
        return path

    def _module(self, arguments: Mapping[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        # A copy, because Ansible adds arguments of its own.
        result: dict[str, Any] = self._execute_module(
            module_name="stratum.virt.tls_certificate", module_args=dict(arguments), task_vars=task_vars
        )
        return result
