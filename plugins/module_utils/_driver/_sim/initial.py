# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to stratum.virt: no promise is made about it, and it may change in any release.

"""The objects that a new simulated node has, as libvirt's packages make them.

They are the same on every node: reading a node whose file does not exist yet must give the same answer twice.
"""

from __future__ import annotations

NETWORK_UUID = "5a1e6d2c-3f84-4a3b-9a3e-0c2b7d5e9f10"
NETWORK = f"""\
<network>
  <name>default</name>
  <uuid>{NETWORK_UUID}</uuid>
  <forward mode="nat">
    <nat>
      <port start="1024" end="65535"/>
    </nat>
  </forward>
  <bridge name="virbr0" stp="on" delay="0"/>
  <mac address="52:54:00:5a:1e:6d"/>
  <ip address="192.168.122.1" netmask="255.255.255.0">
    <dhcp>
      <range start="192.168.122.2" end="192.168.122.254"/>
    </dhcp>
  </ip>
</network>
"""
POOL_UUID = "8c40f1b7-96d2-4e5b-b1f0-7d3a2e6c4b21"
POOL_STORAGE = "dir /var/lib/libvirt/images"
POOL = f"""\
<pool type="dir">
  <name>default</name>
  <uuid>{POOL_UUID}</uuid>
  <capacity unit="bytes">0</capacity>
  <allocation unit="bytes">0</allocation>
  <available unit="bytes">0</available>
  <source/>
  <target>
    <path>/var/lib/libvirt/images</path>
    <permissions>
      <mode>0711</mode>
      <owner>0</owner>
      <group>0</group>
    </permissions>
  </target>
</pool>
"""
