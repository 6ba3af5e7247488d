# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The only place that knows Ansible's module object: parameters in, result, diff or failure out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ._errors import MissingLibrary, StratumError
from ._importing import compile_once

if TYPE_CHECKING:
    from ._argspec import ArgumentSpec
    from ._driver.base import Driver


class Call:
    """One call of a module, as the work behind it sees it."""

    def __init__(self, module: AnsibleModule) -> None:
        from ._host.local import LocalHost

        self._module = module
        self.params: dict[str, Any] = module.params
        self.check_mode: bool = module.check_mode
        self.host = LocalHost()

    def connect(self) -> Driver:
        """Open the driver that the task's options name."""
        from ._driver.registry import open_driver
        from ._host.base import Access

        access = Access(self.params["ssh_password"], self.params["ssh_passphrase"], self._module.warn)
        return open_driver(self.params["uri"], self.host, float(self.params["timeout"]), access)

    def hide(self, secret: str) -> None:
        """Keep a secret out of everything that Ansible prints of this call."""
        if secret:
            self._module.no_log_values.add(secret)

    def take_out(self, option: str) -> None:
        """Take an option out of what is printed of this call. ``no_log`` alone also blanks a result that equals it."""
        value = self.params.get(option)
        if value is not None:
            self.params[option] = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
            self._module.no_log_values.difference_update(_texts(value))


def _texts(value: Any) -> Iterator[str]:
    """Yield all that Ansible would hide of a secret option."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    else:
        yield str(value)


def run(work: Callable[[Call], dict[str, Any]], argument_spec: Callable[[], ArgumentSpec], **constraints: Any) -> None:
    """Run a module: check its options, do the work, print the result.

    Everything but Ansible's own part is imported from here on, where it costs least. ``constraints`` are those of
    AnsibleModule (``required_one_of``…). Every StratumError becomes a failure with its facts.
    """
    compile_once()
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True, **constraints)
    try:
        result = work(Call(module))
    except MissingLibrary as error:
        module.fail_json(msg=missing_required_lib(error.library, reason=error.reason), exception=error.traceback)
    except StratumError as error:
        module.fail_json(msg=str(error), **error.facts)
    for warning in result.pop("warnings", ()):
        module.warn(warning)
    module.exit_json(**result)
