# Copyright (c) 2026, The stratum.virt authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands between a connection and a guest: each is said in its own words, and nothing is done twice."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest
from ansible_collections.stratum.virt.plugins.module_utils._driver.base import Capability
from ansible_collections.stratum.virt.plugins.module_utils._driver.domains import DomainState
from ansible_collections.stratum.virt.plugins.module_utils._errors import (
    ConnectionFailed,
    DeadlineExceeded,
    GuestAgentError,
    InputError,
    NotFound,
    NotSupported,
    OperationInvalid,
    OutcomeUnknown,
    PeerError,
    StratumError,
)
from ansible_collections.stratum.virt.plugins.plugin_utils._guest_agent import programs
from ansible_collections.stratum.virt.plugins.plugin_utils._guest_agent.guest import TIDYING, Guest, Limits
from ansible_collections.stratum.virt.plugins.plugin_utils._guest_agent.programs import LAST_RITES
from ansible_collections.stratum.virt.plugins.plugin_utils._guest_agent.system import GuestFailed
from ansible_collections.stratum.virt.tests.unit.connection.agents import COMMANDS, UUID, LocalAgent, LocalNode, Request
from ansible_collections.stratum.virt.tests.unit.connection.conftest import Reach


def test_a_domain_is_found_by_its_name_or_uuid(reached: Reach, node: LocalNode) -> None:
    assert reached().execute("echo x").output == b"x\n"
    assert reached(UUID).execute("echo x").output == b"x\n"
    with pytest.raises(NotFound, match="there is no domain web2 on qemu:///system"):
        reached("web2")
    with pytest.raises(NotFound, match="there is no domain"):
        reached(UUID.replace("1b", "2b"))
    assert all(connection.closed for connection in node.connections[2:])


def test_what_the_agent_is_asked_before_the_first_command(guest: Guest, agent: LocalAgent) -> None:
    guest.execute("true")
    guest.execute("true")
    assert [request.command for request in agent.requests[:3]] == ["guest-info", "guest-get-osinfo", "guest-exec"]
    assert agent.count("guest-info") == agent.count("guest-get-osinfo") == 1


CONDITIONS = [
    (DomainState.STOPPED, "connected", OperationInvalid, "because the domain is stopped. Start it."),
    (DomainState.PAUSED, "connected", OperationInvalid, "because the domain is paused. Resume it."),
    (DomainState.SUSPENDED, "connected", OperationInvalid, "is suspended. Wake it up."),
    (DomainState.RUNNING, "disconnected", GuestAgentError, "the guest agent of the domain web1 is not connected."),
    (DomainState.RUNNING, None, GuestAgentError, "web1 has no channel for a guest agent."),
]


@pytest.mark.parametrize(("state", "channel", "kind", "words"), CONDITIONS)
def test_why_a_guest_cannot_be_reached(
    reached: Reach, node: LocalNode, state: DomainState, channel: str | None, kind: type[StratumError], words: str
) -> None:
    node.state, node.channel = state, channel
    with pytest.raises(kind) as caught:
        reached()
    assert words in str(caught.value)
    assert all(connection.closed for connection in node.connections)


def test_a_hypervisor_without_agents_is_not_asked(reached: Reach, node: LocalNode) -> None:
    node.capabilities = frozenset(Capability) - {Capability.AGENT}
    with pytest.raises(NotSupported, match="the hypervisor at qemu:///system has no guest agents"):
        reached()


def test_a_command_that_is_blocked_or_unknown_is_named(reached: Reach, agent: LocalAgent) -> None:
    agent.enabled["guest-exec"] = False
    with pytest.raises(NotSupported, match="guest-exec is disabled in the guest agent of the domain web1") as caught:
        reached()
    assert "what is blocked or allowed" in str(caught.value)
    del agent.enabled["guest-exec"]
    with pytest.raises(NotSupported, match="web1 does not know guest-exec"):
        reached()


def test_the_wrong_kind_of_shell_is_named(reached: Reach, agent: LocalAgent) -> None:
    with pytest.raises(InputError, match="ansible_shell_type: the guest of the domain web1 does not run Windows"):
        reached(windows=True)
    agent.system = "mswindows"
    with pytest.raises(InputError, match="ansible_shell_type: the guest of the domain web1 runs Windows") as caught:
        reached()
    assert "Set it to powershell." in str(caught.value)


@pytest.mark.parametrize("option", Limits._fields)
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_a_limit_that_leaves_nothing_is_refused(reached: Reach, node: LocalNode, option: str, value: float) -> None:
    with pytest.raises(InputError, match=f"{option}: it is {value}, and has to be more than 0"):
        reached(**{option: value})
    assert node.connections == []


def test_an_agent_that_does_not_say_what_it_runs_on_counts_as_unix(reached: Reach, agent: LocalAgent) -> None:
    del agent.enabled["guest-get-osinfo"]
    assert reached().execute("echo x").output == b"x\n"


def test_what_an_agent_refuses_is_shown_as_one_line(reached: Reach, agent: LocalAgent) -> None:
    guest = reached()
    refusal = {"error": {"class": "GenericError", "desc": "no \x1b[31mway\n" + "x" * 9000}}
    agent.before = lambda request: json.dumps(refusal)
    with pytest.raises(GuestAgentError, match=r"the guest agent refused it: no  \[31mway x+…") as caught:
        guest.execute("true")
    assert len(str(caught.value)) < 1000


def test_a_connection_that_died_between_two_commands_is_opened_again_once(guest: Guest, node: LocalNode) -> None:
    guest.execute("true")
    node.connections[-1].dead = True
    assert guest.execute("echo x").output == b"x\n"
    assert [connection.closed for connection in node.connections] == [True, False]
    node.connections[-1].dead = True
    node.reachable = False
    with pytest.raises(ConnectionFailed, match="nobody answers"):
        guest.execute("true")


@pytest.mark.parametrize("failure", [OutcomeUnknown, DeadlineExceeded])
def test_a_command_that_may_have_been_started_is_never_started_again(
    guest: Guest, agent: LocalAgent, tmp_path: Path, failure: type[StratumError]
) -> None:
    def lose(request: Request) -> None:
        if request.command == "guest-exec":
            agent.after = lambda request: None
            raise failure("the connection to libvirt failed before the answer came.")

    agent.after = lose
    with pytest.raises(OutcomeUnknown, match="It may have been started"):
        guest.execute(f"echo x >>{tmp_path}/runs")
    time.sleep(0.5)
    assert (tmp_path / "runs").read_text() == "x\n"


def test_a_command_outlives_the_connection_that_started_it(guest: Guest, node: LocalNode, agent: LocalAgent) -> None:
    """Whatever the daemon does meanwhile: answers get lost, it is away for a while, it is there again."""

    def lose(request: Request) -> None:
        if request.command == "guest-exec-status" and agent.count("guest-exec-status") == 2:
            node.reachable = False
            threading.Timer(0.3, lambda: setattr(node, "reachable", True)).start()
            raise OutcomeUnknown("the connection to libvirt failed before the answer came.")

    agent.before = lose
    assert guest.execute("sleep 0.6; echo x").output == b"x\n"
    assert agent.count("guest-exec") == 1
    assert len(node.connections) > 1


def test_a_domain_may_stand_still_for_a_moment(guest: Guest, node: LocalNode, agent: LocalAgent) -> None:
    def pause(request: Request) -> None:
        if request.command == "guest-exec-status" and agent.count("guest-exec-status") == 1:
            node.state = DomainState.PAUSED
            threading.Timer(0.3, lambda: setattr(node, "state", DomainState.RUNNING)).start()

    agent.after = pause
    assert guest.execute("sleep 0.5; echo x").output == b"x\n"


def test_a_domain_that_stands_still_for_long_is_not_waited_for(
    reached: Reach, node: LocalNode, agent: LocalAgent
) -> None:
    guest = reached(timeout=0.3)

    def pause(request: Request) -> None:
        if request.command == "guest-exec-status":
            node.state = DomainState.PAUSED

    agent.after = pause
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown, match=r"what became of it is not known, because .* the domain is paused"):
        guest.execute("sleep 5")
    assert time.monotonic() - began < 3


def test_a_guest_that_stops_in_the_middle_is_not_waited_for(reached: Reach, node: LocalNode, agent: LocalAgent) -> None:
    guest = reached(timeout=60)

    def stop(request: Request) -> None:
        if request.command == "guest-exec-status":
            node.state = DomainState.STOPPED

    agent.after = stop
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown, match="because the domain is stopped"):
        guest.execute("sleep 5")
    assert time.monotonic() - began < 3


def test_an_agent_that_was_restarted_does_not_know_the_command_any_more(guest: Guest, agent: LocalAgent) -> None:
    def restart(request: Request) -> None:
        if request.command == "guest-exec-status":
            agent.close()
            agent.restart()

    agent.before = restart
    with pytest.raises(OutcomeUnknown, match="the agent or the guest was restarted"):
        guest.execute("sleep 5")


def test_an_agent_that_stops_answering_is_not_waited_for_beyond_the_deadline(
    reached: Reach, agent: LocalAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = reached(command_timeout=0.3, timeout=60)
    monkeypatch.setattr(programs, "LAST_RITES", 0.3)

    def silent(request: Request) -> None:
        if request.command != "guest-exec" or agent.count("guest-exec") > 1:
            time.sleep(0.1)
            raise GuestAgentError("Guest agent is not responding")

    agent.before = silent
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown, match=r"could not be ended .*not responding.* It may still run in the guest"):
        guest.execute("sleep 2")
    assert time.monotonic() - began < 3


def test_no_answer_is_waited_for_beyond_the_deadline(
    reached: Reach, node: LocalNode, agent: LocalAgent, tmp_path: Path
) -> None:
    guest = reached(timeout=3600, command_timeout=3)
    node.patience.clear()
    (tmp_path / "a").write_bytes(bytes(200_000))
    guest.put(str(tmp_path / "a"), str(tmp_path / "b"))
    guest.fetch(str(tmp_path / "b"), str(tmp_path / "c"))
    guest.execute("head -c 2000000 /dev/zero", bytes(200_000))
    with pytest.raises(GuestFailed):
        guest.execute("sleep 60")
    assert {request.command for request in agent.requests} >= set(COMMANDS) - {"guest-ping"}
    # Ending and tidying up have some seconds of their own.
    assert max(node.patience) <= max(3, LAST_RITES, TIDYING)


def test_a_program_that_got_away_is_ended_again(
    reached: Reach, agent: LocalAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = reached(command_timeout=0.5)
    monkeypatch.setattr(programs, "SECOND_LOOK", 0.3)
    killers: list[object] = []

    def miss(request: Request) -> str | None:
        if request.command != "guest-exec" or not any("kill -" in text for text in request.arguments["arg"]):
            return None
        killers.append(request)
        return json.dumps(agent.pretend()) if len(killers) == 1 else None

    agent.before = miss
    with pytest.raises(GuestFailed, match="and was ended"):
        guest.execute("sleep 60")
    assert len(killers) == 2
    assert agent.processes == {}


def test_a_program_that_cannot_be_ended_is_not_said_to_be(
    reached: Reach, agent: LocalAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = reached(command_timeout=0.3)
    monkeypatch.setattr(programs, "SECOND_LOOK", 0.2)
    monkeypatch.setattr(programs, "LAST_RITES", 0.6)

    def miss(request: Request) -> str | None:
        kills = request.command == "guest-exec" and any("kill -" in text for text in request.arguments["arg"])
        return json.dumps(agent.pretend()) if kills else None

    agent.before = miss
    with pytest.raises(OutcomeUnknown, match=r"could not be ended \(it goes on\)\. It may still run in the guest"):
        guest.execute("sleep 60")


@pytest.mark.parametrize("said", ["", "[" * 100_000, "[]", "{}", '{"return": 7}', '{"return": {"exited": "yes"}}'])
def test_an_answer_that_makes_no_sense_is_an_error_at_once(guest: Guest, agent: LocalAgent, said: str) -> None:
    def once(request: Request) -> str | None:
        return said if request.command == "guest-exec-status" and agent.count(request.command) == 1 else None

    agent.before = once
    began = time.monotonic()
    with pytest.raises(PeerError):
        guest.execute("sleep 60")
    assert time.monotonic() - began < 5
    assert agent.processes == {}, "nobody waits for it, and it goes on"
