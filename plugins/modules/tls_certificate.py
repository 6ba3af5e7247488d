#!/usr/bin/python
# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tls_certificate
short_description: Manage the certificates with which nodes know each other
version_added: 0.1.0
description:
  - Makes an authority, and certificates that it signs, where libvirt and QEMU look for them. With these, a node can be
    reached by a connection URI like V(qemu+tls://node1/system), and can send its domains to other nodes encrypted.
  - A private key is made on the machine that it is for, can be read by its owner only, and never leaves it. The
    authority is on the controller (or see O(remote_src)), gets a request for each certificate, and signs it.
  - A certificate is renewed before it ends, for the same key. If a key has to be replaced, whoever reads it and its
    certificate finds two that fit at any time.
  - A daemon that runs goes on with the certificates that it has read. C(virt-admin server-update-tls libvirtd) lets
    libvirt read them again.
author:
  - The stratum.virt authors (@stratum-virt)
extends_documentation_fragment:
  - stratum.virt._attributes
requirements:
  - Python >= 3.9
  - cryptography >= 38, on the machine that the task runs on, and on the one that has the authority
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Subject, names, end and fingerprint of the certificate are shown. Nothing of a key is.
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
  action_group:
    support: none
    membership: []
    details:
      - This module does not connect to a hypervisor, and has none of the options that the group is for.
options:
  role:
    description: What the certificate is for.
    type: str
    required: true
    choices:
      authority: Signing the others. Every machine trusts what it has signed.
      server: A node that is reached by its connection URI.
      client: A machine from which nodes are reached.
      migration: A node that takes domains in and sends them to others, for QEMU.
  state:
    description:
      - V(present) makes the certificate and its key if they do not exist or are not as they should be, and renews them.
      - V(absent) removes both. The certificate of the O(authority) stays, because other certificates need it. To remove
        an authority, O(force) has to be true.
    type: str
    choices: [present, absent]
    default: present
  path:
    description:
      - The folder for all files. It is made if it does not exist.
      - By default, an authority is in C(/etc/pki/CA) and QEMU's certificates are in C(/etc/pki/qemu). Those of servers
        and clients are C(/etc/pki/libvirt/servercert.pem) or C(clientcert.pem), their keys are in
        C(/etc/pki/libvirt/private), and the certificate of the authority is C(/etc/pki/CA/cacert.pem).
      - In a folder, the names are C(cacert.pem), C(cakey.pem), C(servercert.pem), C(serverkey.pem), C(clientcert.pem)
        and C(clientkey.pem), as the parameter C(pkipath) of a connection URI has it. For QEMU, they are
        C(ca-cert.pem), C(server-cert.pem) and C(server-key.pem), and C(client-cert.pem) and C(client-key.pem) as other
        names of these.
      - Users other than root have their own in C(~/.pki/libvirt).
    type: path
  common_name:
    description:
      - The name in the subject of the certificate. It is required for O(state=present).
      - For a server it is the name or address in the connection URIs that lead to it. For a client it is what the
        setting C(tls_allowed_dn_list) of libvirt goes by.
    type: str
  organization:
    description: The organization in the subject.
    type: str
  alternative_names:
    description:
      - The names and addresses of the machine, like V(DNS:node1.example.org) or V(IP:192.0.2.10). Whoever connects
        looks whether the one in the URI is here.
      - By default, it is the O(common_name) for a server and for migration, and none for a client.
      - They should come from the inventory. Facts are what a machine says of itself, and whoever has the machine could
        get a certificate for the address of another one.
    type: list
    elements: str
  authority:
    description:
      - The folder of the authority that signs, on the controller.
      - Without it, a O(certificate) comes from elsewhere.
    type: path
  remote_src:
    description: Whether the folder of the O(authority) is on the machine that the task runs on.
    type: bool
    default: false
  authority_certificate:
    description:
      - The certificate of an authority elsewhere, as PEM text. It is placed beside the certificate.
      - With an O(authority) on the controller, its own takes this place.
    type: str
  certificate:
    description:
      - A certificate that was signed elsewhere, as PEM text, with those that lead from it to the authority.
      - If neither this nor O(authority) is given, and a certificate is needed, a key is made, and a RV(request) is
        returned.
    type: str
  valid_for:
    description:
      - How many days a new certificate is valid. By default, an authority is valid for 3650 days, all others for 365.
      - No certificate is valid for longer than the authority that signs it. An existing one is not compared with this.
    type: int
  renew_before:
    description: How many days before its end a certificate is renewed.
    type: int
    default: 30
  key_type:
    description:
      - The type of the key. A new one is V(RSA) by default.
      - An existing key of another type is replaced.
      - Only V(RSA) keys are for everybody. With others, libvirt before 9.10 logs a warning.
    type: str
    choices: [RSA, ECC, Ed25519]
  key_size:
    description:
      - How many bits the key has. V(2048), V(3072), V(4096) or V(8192) for V(RSA), V(256), V(384) or V(521) for V(ECC).
      - A new key has 3072 or 256 by default. An existing key of another size is replaced.
    type: int
  owner:
    description:
      - The user that owns the files, by name or number.
      - In a folder of another user, it is better to run the task as that user, with C(become_user). Links of other
        users are not followed.
    type: str
  group:
    description:
      - The group of the files, by name or number. It may read the key then.
      - For O(role=migration) it is the group of the user that QEMU runs as, V(libvirt-qemu), V(kvm) or V(qemu) for
        example.
    type: str
  force:
    description:
      - Whether an authority may be replaced that is valid, but not as it should be. Nobody trusts what it has signed
        then.
      - Also, whether a file may be overwritten that should be a key, and cannot be read as one.
    type: bool
    default: false
seealso:
  - name: Setting up libvirt for TLS encryption and authentication
    description: What libvirt looks for, and where.
    link: https://libvirt.org/kbase/tlscerts.html
"""

EXAMPLES = r"""
- name: An authority on the controller
  stratum.virt.tls_certificate:
    role: authority
    path: "{{ lookup('env', 'HOME') }}/virt-authority"
    common_name: Example virtualization
  delegate_to: localhost
  run_once: true

- name: A certificate for each node, with its key made there
  stratum.virt.tls_certificate:
    role: server
    common_name: "{{ inventory_hostname }}"
    alternative_names:
      - "DNS:{{ inventory_hostname }}"
      - "IP:{{ management_address }}" # from the inventory
    authority: ~/virt-authority
  become: true
  register: server
  notify: Let libvirt read its certificates

- name: A certificate for moving domains between the nodes
  stratum.virt.tls_certificate:
    role: migration
    common_name: "{{ inventory_hostname }}"
    authority: ~/virt-authority
    group: libvirt-qemu
  become: true

- name: A certificate for whoever reaches the nodes from the controller
  stratum.virt.tls_certificate:
    role: client
    path: ~/.pki/libvirt
    common_name: "{{ lookup('env', 'USER') }}"
    organization: Example operators
    authority: ~/virt-authority
  delegate_to: localhost
  run_once: true

- name: A node is reached with it
  stratum.virt.domain_info:
    uri: qemu+tls://{{ inventory_hostname }}/system
  delegate_to: localhost

- name: A key, and a request for an authority that is not ours
  stratum.virt.tls_certificate:
    role: server
    common_name: node1.example.org
  register: node1

- name: What that authority has signed
  stratum.virt.tls_certificate:
    role: server
    common_name: node1.example.org
    certificate: "{{ lookup('file', 'node1.pem') }}"
    authority_certificate: "{{ lookup('file', 'company-authority.pem') }}"

- name: A machine that is no client any more
  stratum.virt.tls_certificate:
    role: client
    state: absent
"""

RETURN = r"""
actions:
  description: What was done, or would be done in check mode, in order.
  type: list
  elements: str
  returned: success
  sample: ["renew the certificate: it ends on 2026-12-24"]
request:
  description: A request to sign, as PEM text, for an authority elsewhere.
  type: str
  returned: when a certificate is needed and neither O(authority) nor O(certificate) is given, not in check mode
certificate:
  description: The certificate as it is now. In check mode without what would change.
  type: dict
  returned: success
  contains:
    state:
      description: V(present) or V(absent).
      type: str
      returned: always
      sample: present
    role:
      description: What it is for.
      type: str
      returned: always
      sample: server
    path:
      description: Where it is.
      type: str
      returned: with O(state=present)
      sample: /etc/pki/libvirt/servercert.pem
    key_path:
      description: Where its key is.
      type: str
      returned: with O(state=present)
      sample: /etc/pki/libvirt/private/serverkey.pem
    authority_path:
      description: Where the certificate of its authority is.
      type: str
      returned: with O(state=present), not with O(role=authority)
      sample: /etc/pki/CA/cacert.pem
    subject:
      description: Whose it is.
      type: str
      returned: when there is a certificate
      sample: CN=node1.example.org
    issuer:
      description: Who has signed it.
      type: str
      returned: when there is a certificate
      sample: CN=Example virtualization
    alternative_names:
      description: The names and addresses that it is for.
      type: list
      elements: str
      returned: when there is a certificate
      sample: ["DNS:node1.example.org", "IP:192.0.2.10"]
    serial_number:
      description: Its serial number, in hexadecimal digits.
      type: str
      returned: when there is a certificate
      sample: 5E4B3F0C2A917D6608B1C5A2F39E7741D09C1A52
    not_before:
      description: From when on it is valid.
      type: str
      returned: when there is a certificate
      sample: "2026-11-24T10:12:05Z"
    not_after:
      description: Until when it is valid.
      type: str
      returned: when there is a certificate
      sample: "2027-11-24T10:17:05Z"
    fingerprint:
      description: The SHA-256 digest of the certificate.
      type: str
      returned: when there is a certificate
      sample: 0F:5A:91:…:3C
"""

from ..module_utils._module import run
from ..module_utils._task.tls_certificate import CONSTRAINTS, argument_spec, work


def main() -> None:
    run(work, argument_spec, **CONSTRAINTS)


if __name__ == "__main__":
    main()
