# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: guest_agent
short_description: Run tasks in a guest through its QEMU guest agent, without a network
version_added: 0.1.0
description:
  - Runs commands and copies files in the guest of a running domain, over the connection to the hypervisor. The guest
    needs no network, no address, no SSH server and no account, only C(qemu-guest-agent) and what the tasks themselves
    need, such as Python.
  - The domain needs a channel V(org.qemu.guest_agent.0). M(stratum.virt.domain) gives one to every new virtual machine.
  - The agent has to allow C(guest-exec) and C(guest-exec-status), and for files and for input or output of more than
    some kilobytes C(guest-file-open), C(guest-file-close), C(guest-file-read) and C(guest-file-write). Some
    distributions block them in the agent's configuration.
author:
  - The stratum.virt authors (@stratum-virt)
requirements:
  - lxml, on the controller
options:
  domain:
    description:
      - The domain, by its name or UUID.
      - The hosts of an inventory of P(stratum.virt.domains#inventory) have it.
    type: str
    default: inventory_hostname
    vars:
      - name: inventory_hostname
      - name: stratum_virt_name
  uri:
    description:
      - The node's hypervisor, as a libvirt connection URI with any transport, such as V(qemu+ssh://root@kvm1/system).
      - Without it, the environment variables E(STRATUM_VIRT_URI) and E(LIBVIRT_DEFAULT_URI) of the controller are
        asked, then the first of V(qemu:///system) and V(qemu:///session) that answers is taken.
      - The hosts of an inventory of P(stratum.virt.domains#inventory) have it.
    type: str
    ini:
      - {section: guest_agent_connection, key: uri}
    vars:
      - name: stratum_virt_uri
  ssh_password:
    description: For a O(uri) with V(+ssh), the password of the user at the node, where no key is accepted.
    type: str
    vars:
      - name: stratum_virt_ssh_password
  ssh_passphrase:
    description: For a O(uri) with V(+ssh), the passphrase of a private key that no agent holds.
    type: str
    vars:
      - name: stratum_virt_ssh_passphrase
  timeout:
    description:
      - How many seconds every single answer may take, of the hypervisor and of the guest's agent.
      - For as long, too, the hypervisor's daemon may be away or the domain stand still while a command runs in it.
    type: int
    default: 30
    ini:
      - {section: guest_agent_connection, key: timeout}
    env:
      - name: STRATUM_VIRT_GUEST_AGENT_TIMEOUT
    vars:
      - name: stratum_virt_guest_agent_timeout
  command_timeout:
    description:
      - How many seconds a command, or the copying of a file, may take.
      - A command that takes longer is ended in the guest, with all that it has started, and the task fails.
    type: int
    default: 3600
    ini:
      - {section: guest_agent_connection, key: command_timeout}
    env:
      - name: STRATUM_VIRT_GUEST_AGENT_COMMAND_TIMEOUT
    vars:
      - name: stratum_virt_guest_agent_command_timeout
  output_limit:
    description:
      - How many bytes of each output of a command are kept. What is more is dropped, with a warning.
      - It is kept in the guest's folder C(/tmp) while the command runs.
    type: int
    default: 16777216
    ini:
      - {section: guest_agent_connection, key: output_limit}
    vars:
      - name: stratum_virt_guest_agent_output_limit
  poll_interval:
    description:
      - How many seconds may pass, at most, between two looks whether a command has ended. An agent tells it only when
        asked.
      - The first look is after 0.01 seconds. A command that has run for some time is looked at after a tenth of that.
    type: float
    default: 1.0
    ini:
      - {section: guest_agent_connection, key: poll_interval}
    vars:
      - name: stratum_virt_guest_agent_poll_interval
  executable:
    description:
      - What commands are handed to in the guest. By default V(/bin/sh), and V(powershell.exe) in a Windows guest.
    type: str
    ini:
      - {section: guest_agent_connection, key: executable}
    vars:
      - name: stratum_virt_guest_agent_executable
  pipelining:
    description:
      - Whether modules go to the guest as the input of Python rather than as files, which takes fewer round trips.
    type: bool
    default: true
    ini:
      - {section: defaults, key: pipelining}
      - {section: connection, key: pipelining}
    env:
      - name: ANSIBLE_PIPELINING
    vars:
      - name: ansible_pipelining
notes:
  - Commands run as the user that the agent runs as, which is C(root) or C(SYSTEM). C(ansible_user) means nothing here.
    Become another user with C(become). That works with C(sudo) and C(su), as C(root) needs no password for it. An
    agent's command has no terminal, and nobody who could answer a question for a password.
  - Commands begin in the home directory of the agent's user, with the umask 022.
  - Whatever keeps a command's output open, such as a service that it leaves running, keeps the command running.
  - When the connection to the node is lost while a command runs, it is opened again, and the command goes on. Nothing
    is ever run twice. If the agent or the guest is restarted meanwhile, the host is unreachable, and the message says
    so.
  - When the node says that an agent is not available due to an error, libvirt has given it up. It comes back when the
    agent in the guest, or libvirt's daemon on the node, was restarted.
  - For Windows guests, C(ansible_shell_type) has to be V(powershell), as it is with other connections to them. Windows
    guests are tested with a simulated agent only.
"""

EXAMPLES = r"""
# An inventory in which each guest is reached through its agent: guests.domains.yml
#
#   plugin: stratum.virt.domains
#   uris: [qemu+ssh://root@kvm1.example.org/system]
#   connection: guest_agent

- name: Configure guests that have no network yet
  hosts: state_running
  tasks:
    - name: Give it a name
      ansible.builtin.hostname:
        name: "{{ stratum_virt_name }}"

- name: Look into one guest
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Ask how long it has been up
      ansible.builtin.raw: uptime
      changed_when: false
      delegate_to: web1
      vars:
        ansible_connection: stratum.virt.guest_agent
        stratum_virt_uri: qemu:///system
        stratum_virt_name: web1
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError, AnsibleFileNotFound
from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.connection import ConnectionBase

from ..module_utils._errors import InputError, StratumError
from ..plugin_utils._driver import connect, message_of
from ..plugin_utils._guest_agent.system import GuestFailed
from ..plugin_utils._importing import keep_bytecode

if TYPE_CHECKING:
    from ..plugin_utils._guest_agent.guest import Guest


class Connection(ConnectionBase):
    """The guest of one domain. The connection to its node stays open from the first use until it is closed."""

    transport = "stratum.virt.guest_agent"
    has_pipelining = True
    has_tty = False
    default_user: str | None = "root"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._guest: Guest | None = None
        self._windows = bool(getattr(self._shell, "_IS_WINDOWS", False))
        if self._windows:
            self.default_user = None
            self.has_native_async = True
            self.always_pipeline_modules = True
            self.module_implementation_preferences = (".ps1", ".exe", "")
            self.allow_executable = False

    def set_options(
        self,
        task_keys: Mapping[str, Any] | None = None,
        var_options: Mapping[str, Any] | None = None,
        direct: Mapping[str, Any] | None = None,
    ) -> None:
        # Of a task that is delegated, Ansible says the name of the host that it is delegated from.
        delegate = (task_keys or {}).get("delegate_to")
        if delegate and var_options is not None:
            var_options = {**var_options, "inventory_hostname": delegate}
        super().set_options(task_keys=task_keys, var_options=var_options, direct=direct)

    def _connect(self) -> Connection:
        if self._guest is None:
            # Most of what is needed is imported from here on, with its bytecode.
            keep_bytecode()
            from ..plugin_utils._guest_agent.guest import Limits, reach

            with _failures():
                self._guest = reach(
                    lambda: connect(
                        self.get_option("uri"),
                        self.get_option("timeout"),
                        warn=self._display.warning,
                        ssh_password=self.get_option("ssh_password"),
                        ssh_passphrase=self.get_option("ssh_passphrase"),
                    ),
                    self.get_option("domain"),
                    Limits(**{name: self.get_option(name) for name in Limits._fields}),
                    windows=self._windows,
                    executable=self.get_option("executable"),
                )
            self._connected = True
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Run a command in the guest; return its exit status and its outputs."""
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        self._display.vvv(f"EXEC {to_text(cmd)}", host=self.get_option("domain"))
        with _failures():
            finished = self._connect()._reached().execute(self._line(to_text(cmd)), in_data or b"")
        if finished.truncated:
            self._display.warning(
                f"A command in the guest of the domain {self.get_option('domain')} wrote more than the"
                f" {self.get_option('output_limit')} bytes that the option output_limit allows: the rest was dropped."
            )
        errors = finished.errors
        if self._windows and errors.startswith(b"#< CLIXML"):
            from ansible.plugins.shell.powershell import _parse_clixml

            errors = _parse_clixml(errors)
        if finished.status != 0 and sudoable:
            self._check_password_was_asked_for(finished.output + errors)
        return finished.status, finished.output, errors

    def put_file(self, in_path: str, out_path: str) -> None:
        """Copy a file into the guest."""
        super().put_file(in_path, out_path)
        source, destination = to_text(in_path), self._path(out_path)
        self._display.vvv(f"PUT {source} TO {destination}", host=self.get_option("domain"))
        if not os.path.exists(source):
            raise AnsibleFileNotFound(f"There is no file {source}.")
        with _failures():
            self._reached().put(source, destination)

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """Copy a file out of the guest."""
        super().fetch_file(in_path, out_path)
        source, destination = self._path(in_path), to_text(out_path)
        self._display.vvv(f"FETCH {source} TO {destination}", host=self.get_option("domain"))
        with _failures():
            self._reached().fetch(source, destination)

    def close(self) -> None:
        """Close the connection to the node; it is opened again when it is needed."""
        guest, self._guest = self._guest, None
        self._connected = False
        if guest is not None:
            guest.close()

    def reset(self) -> None:
        """Begin anew, with what the guest's agent says of itself, too."""
        self.close()

    def _reached(self) -> Guest:
        if self._guest is None:
            raise AnsibleConnectionFailure("The connection to the guest was closed.")
        return self._guest

    def _line(self, command: str) -> str:
        """Return a command as the guest's system takes it."""
        if not self._windows:
            return command
        # A command that Ansible has made already begins like one that it makes of nothing.
        begin = self._shell._encode_script("", as_list=False, strict_mode=False, preserve_rc=False)
        if command.startswith(begin):
            return command
        line: str = self._shell._encode_script(command, as_list=False, strict_mode=False, preserve_rc=False)
        return line

    def _path(self, path: str) -> str:
        return str(self._shell._unquote(to_text(path)) if self._windows else to_text(path))

    def _check_password_was_asked_for(self, output: bytes) -> None:
        become = self.become
        if become is None or not become.expect_prompt():
            return
        if become.check_password_prompt(output) or become.check_missing_password(output):
            raise AnsibleError(
                f"Become by {become.name} was asked for a password in the guest of the domain"
                f" {self.get_option('domain')}. Commands of a guest agent have no terminal, so that none can be given."
                " The agent's user, root, needs none with sudo or su."
            )


@contextmanager
def _failures() -> Iterator[None]:
    """Raise Ansible's errors in place of ours: the guest is unreachable, or what was asked of it failed."""
    try:
        yield
    except StratumError as error:
        failed = isinstance(error, (GuestFailed, InputError))
        # Without the cause, whose message Ansible would add to the same message.
        raise (AnsibleError if failed else AnsibleConnectionFailure)(message_of(error)) from None
