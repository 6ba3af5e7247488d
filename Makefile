# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PYTHON=/path/to/python3 chooses the interpreter of .venv; PYTEST_ARGUMENTS="-k name" goes to pytest.
export PYTHON PYTEST_ARGUMENTS

# The lab needs the rights of root; everything else runs as whoever types make.
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo --preserve-env=CI,PATH,PYTEST_ARGUMENTS)
BIN := $(CURDIR)/.venv/bin

.PHONY: help quickstart test lint units contract integration sanity bench lab lab-down clean

help:
	@echo "make quickstart    create, change and verify a real virtual machine"
	@echo "make test          everything below; the last lines count what ran"
	@echo "make lint units contract integration sanity    its parts"
	@echo "make bench         measure beside libvirt-python and community.libvirt"
	@echo "make lab           two real libvirt nodes to play with; make lab-down ends them"
	@echo "make clean         remove what the above made"

quickstart:
	@tools/bootstrap run
	@tools/install .venv/collections
	@$(SUDO) $(BIN)/python -m tests.lab --name quickstart run -- \
	    env ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/.venv/collections ANSIBLE_CONFIG=$(CURDIR)/tests/ansible.cfg \
	    $(BIN)/ansible-playbook -i localhost, -e quickstart_guest=$(CURDIR)/build/guest stratum.virt.quickstart

test:
	@tools/bootstrap dev
	@$(SUDO) $(BIN)/python tests/run.py lint units contract integration sanity

lint units sanity:
	@tools/bootstrap dev
	@$(BIN)/python tests/run.py $@

contract integration:
	@tools/bootstrap dev
	@$(SUDO) $(BIN)/python tests/run.py $@

bench:
	@tools/bootstrap dev
	@tools/bootstrap bench
	@$(SUDO) $(BIN)/python -m tests.benchmark

lab:
	@tools/bootstrap run
	@$(SUDO) $(BIN)/python -m tests.lab up --nodes 2
	@echo "A shell inside one:  $(strip $(SUDO) $(BIN)/python) -m tests.lab enter node1"

lab-down:
	@$(SUDO) $(BIN)/python -m tests.lab down

clean:
	@[ ! -d /var/lib/stratum-lab ] || $(MAKE) --no-print-directory lab-down
	$(SUDO) rm -rf build .venv .venv-bench .mypy_cache .pytest_cache .ruff_cache .hypothesis .ansible tests/output
