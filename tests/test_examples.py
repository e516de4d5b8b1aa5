"""What goctx says of each program in examples/, against what its README promises.

Every example runs twice, with the bug and mended (-fixed), on the oldest and
the newest Go release; two of them on both sides of the change of maps as well.
All numbers follow from -n and from the example's own source, none from goctx.

GOCTX_TRUTH=quick keeps to the newest release.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Callable

import pytest

import examples
import helper
import toolchains

ROOT = Path(__file__).resolve().parents[1]
VERSIONS = ("1.27",) if os.environ.get("GOCTX_TRUTH") == "quick" else ("1.19", "1.27")
MAPS = () if len(VERSIONS) == 1 else ("1.23", "1.24")  # before and since Swiss maps
SCALE = 37  # not the default of any example
HOUR_NS = 3600 * 10**9


@dataclass
class Subject:
    """One core of an example, and what goctx says of it."""

    server: helper.Server
    version: tuple[int, int]
    fixed: bool
    n: int

    def ask(self, *command: str) -> helper.Answer:
        """An answer in JSON; nothing may be damaged."""
        answer = self.server.ask(*command, "--json", "--limit", "0")
        assert answer.status == helper.OK, f"{command}: {answer.status} {answer.stderr}{answer.damage}"
        return answer

    @cached_property
    def contexts(self) -> list[helper.Context]:
        """All contexts."""
        return self.ask("list").context_list

    @cached_property
    def tasks(self) -> list[helper.Task]:
        """All goroutines but the runtime's."""
        return self.ask("tasks").task_list

    @cached_property
    def blocked(self) -> list[helper.Task]:
        """Goroutines that wait on a done channel."""
        return self.ask("blocked").task_list

    def kind(self, kind: str, state: str | None = None) -> list[helper.Context]:
        """Contexts of a kind and perhaps a state."""
        return [c for c in self.contexts if c.kind == kind and state in (None, c.state)]

    def under(self, parent: helper.Context | str, kind: str | None = None) -> list[helper.Context]:
        """Contexts made on another."""
        addr = parent if isinstance(parent, str) else parent.addr
        return [c for c in self.contexts if c.parent == addr and kind in (None, c.kind)]

    def parent(self, context: helper.Context) -> helper.Context:
        """The context that another was made on."""
        return only([c for c in self.contexts if c.addr == context.parent])

    @property
    def root(self) -> helper.Context:
        """The one context that the program made on Background."""
        return only(self.under("background"))

    def running(self, name: str) -> list[helper.Task]:
        """Goroutines whose function, as people write it, ends so."""
        return [t for t in self.tasks if t.func.endswith(name)]

    def on(self, context: helper.Context) -> list[helper.Task]:
        """Goroutines that wait for a context to be done."""
        return [t for t in self.blocked if context.addr in waits(t)]

    def in_map(self, context: helper.Context) -> set[str]:
        """Addresses in its children map, as `children` finds them."""
        answer = self.ask("children", context.addr)
        return {e.child for e in answer.edges if e.via == "children"}


def only(found: list) -> object:  # type: ignore[type-arg]
    """The one element."""
    assert len(found) == 1, f"{len(found)} instead of 1: {found[:4]}"
    return found[0]


def waits(task: helper.Task) -> list[str]:
    """The contexts whose done channels a goroutine waits on."""
    return [w["context"] for w in task.waits if w["context"]]


def values(contexts: list[helper.Context]) -> Counter[tuple[str | None, str | None]]:
    """Keys and values."""
    return Counter((c.key, c.value) for c in contexts)


# -- the examples -----------------------------------------------------------


def lost_cancel(s: Subject) -> None:
    """Refused clients leave a context and two goroutines each."""
    left = 3 if s.fixed else s.n + 3
    hub = s.root
    assert (hub.kind, hub.state, hub.children, hub.tasks) == ("cancel", "active", left, 0)
    names = [f'"display-{i}"' for i in range(3)]
    names += [f'"guest-{i}"' for i in range(left - 3)]
    assert values(s.under(hub, "value")) == Counter(('stream.ctxKey("client")', v) for v in names)
    conns = [only(s.under(v)) for v in s.under(hub)]
    assert {(c.kind, c.state, c.tasks, c.children) for c in conns} == {("cancel", "active", 2, 0)}
    assert s.in_map(hub) == {c.addr for c in conns}
    assert len(s.contexts) == 2 + 2 * left  # none but Background, the hub and these
    for conn in conns:
        got = {(t.func.rsplit(".", 1)[-1], t.wait_reason, len(t.waits)) for t in s.on(conn)}
        assert got == {("pump", "select", 2), ("watch", "chan receive", 1)}
    assert len(s.blocked) == 2 * left
    assert {t.created_by for t in s.blocked} == {"example.com/lost-cancel/stream.(*Hub).Serve"}


def loop_with_cancel(s: Subject) -> None:
    """Turns pile up in the children map of the loop's context; no goroutine shows them."""
    turns = 0 if s.fixed else s.n
    assert (s.root.children, s.root.tasks) == (turns, 1)
    assert {(c.kind, c.state, c.tasks) for c in s.under(s.root)} <= {("cancel", "active", 0)}
    assert s.in_map(s.root) == {c.addr for c in s.under(s.root)}
    assert len(s.contexts) == 2 + turns
    assert only(s.blocked).func.endswith("reconcile.(*Controller).run")


def value_chain(s: Subject) -> None:
    """Every message adds a layer to the session, every middleware one to its request."""
    requests = s.under(s.root, "cancel")
    assert [c.tasks for c in requests] == [1] * 5
    assert s.root.children == 5 and s.root.tasks == 1

    def chain(top: helper.Context) -> list[helper.Context]:
        found = []
        below = s.under(top, "value")
        while below:
            found.append(only(below))
            below = s.under(found[-1])
        return found

    session = chain(s.root)
    assert session[0].value == '"ada"'
    layers = [c.key for c in session[1:]]
    assert layers == ["chat.ctxKey(2)"] if s.fixed else layers == ["chat.ctxKey(1)"] * (10 * s.n)
    assert session[-1].depth == len(session) + 1
    for request in requests:
        keys = [c.key for c in chain(request)]
        assert len(keys) == len(set(keys)) == (1 if s.fixed else 12)
        names = r"\.infoKey$" if s.fixed else r"\.(requestID|[a-z]+)Key$"
        assert all(key and re.search(names, key) for key in keys)
    assert len(s.contexts) == 2 + len(session) + 5 * (2 if s.fixed else 13)


def gin_style_context(s: Subject) -> None:
    """A global map keeps the framework's context of each request that panicked."""
    kept = s.kind("custom")
    assert len(kept) == (0 if s.fixed else s.n)
    assert {(c.go_type, c.state) for c in kept} <= {("*web.Context", "canceled")}
    inner = [s.parent(c) for c in kept]
    assert {(c.kind, c.state, c.parent) for c in inner} <= {("cancel", "canceled", s.root.addr)}
    assert len({c.addr for c in inner}) == len(kept)
    assert s.root.state == "active" and s.root.children == 0
    assert len(s.contexts) == 2 + 2 * len(kept)


def nested_no_propagation(s: Subject) -> None:
    """A wrapper with a done channel of its own: a watcher for each child, and no end for any."""
    wrappers = {s.parent(c).state: c for c in s.kind("custom")}
    assert len(s.kind("custom")) == len(wrappers) == (1 if s.fixed else 2)
    assert {c.go_type for c in wrappers.values()} == {"*audit.Context"}
    open_one = wrappers["active"]
    assert s.in_map(s.parent(open_one)) == {c.addr for c in s.under(open_one)}
    assert [c.tasks for c in s.under(open_one)] == [1] * 3
    watchers = [t for t in s.tasks
                if re.fullmatch(r"context\.(\(\*cancelCtx\)\.)?propagateCancel\.func\d", t.func)]
    assert len(watchers) == (0 if s.fixed else s.n)
    assert len(s.running("indexer.(*Service).worker")) == 3 + len(watchers)
    if s.fixed:
        assert "canceled" not in wrappers
        return
    stopped = wrappers["canceled"]
    assert s.parent(stopped).children == 0 and stopped.children == s.n
    deaf = s.under(stopped)
    assert [(c.kind, c.state, c.tasks) for c in deaf] == [("cancel", "active", 2)] * s.n
    # Each watcher selects on the wrapper's channel and on its child's.
    assert {c for t in watchers for c in waits(t)} == {c.addr for c in deaf} | {stopped.addr}
    assert {t.wait_reason for t in watchers} == {"select"}
    assert all((t.created_by or "").endswith("propagateCancel") for t in watchers)


def nested_goroutines(s: Subject) -> None:
    """One branch of three, its leaves and the supervisor above stay in spite of the broadcast."""
    ours = [t for t in s.tasks if ".com/nested-goroutines/pipeline." in t.func]
    assert not s.blocked
    if s.fixed:
        assert not ours
        return
    assert only(s.under("background")).state == "canceled"
    assert Counter(t.func.rsplit(".", 1)[-1] for t in ours) == \
        Counter({"Supervise": 1, "archive": 1, "ship": s.n})
    leaves = s.running("pipeline.ship")
    branch, top = only(s.running("pipeline.archive")), only(s.running("pipeline.Supervise"))
    assert {(t.wait_reason, t.created_by) for t in leaves} == {("chan send", branch.func)}
    assert len({t.waits[0]["chan"] for t in leaves}) == 1
    assert branch.created_by == top.func and top.created_by == "main.main"
    if s.version >= (1, 21):  # goroutines do not know their parents before
        assert {t.parent_goid for t in leaves} == {branch.goid}
        assert branch.parent_goid == top.goid and top.parent_goid == 1


def goroutine_and_child(s: Subject) -> None:
    """Ended subscriptions leave a child and a goroutine that waits for it."""
    left = 1 if s.fixed else s.n + 1
    broker = s.root
    assert (broker.state, broker.children, broker.tasks) == ("active", left, 0)
    assert [(c.state, c.tasks) for c in s.under(broker)] == [("active", 1)] * left
    assert {(t.func.rsplit("/", 1)[-1], t.wait_reason) for t in s.blocked} == \
        {("feed.(*Broker).deliver", "chan receive")}
    assert sorted(waits(t)[0] for t in s.blocked) == sorted(c.addr for c in s.under(broker))
    assert len(s.contexts) == 2 + left


def handler_leak(s: Subject) -> None:
    """Goroutines on no context, made by requests that are over."""
    left = s.running("report.(*Service).render") + s.running("report.(*Service).renderFor")
    assert len(left) == (0 if s.fixed else s.n)
    made_by = "example.com/handler-leak/report.(*Service).ServeHTTP"
    assert {(t.wait_reason, t.created_by) for t in left} <= {("chan send", made_by)}
    assert all([w["context"] for w in t.waits] == [None] for t in left)
    if s.version >= (1, 21):
        assert not {t.parent_goid for t in left} & {t.goid for t in s.tasks}


def background_in_handler(s: Subject) -> None:
    """Calls hang on roots of their own, while their requests are cancelled."""
    tops = s.under("background")
    server = only([c for c in tops if c.tasks == 0])
    calls = [c for c in tops if c is not server]
    assert [(c.state, c.tasks, c.children) for c in calls] == [("active", 1, 0)] * \
        (0 if s.fixed else s.n)
    assert sorted(waits(t)[0] for t in s.blocked) == sorted(c.addr for c in calls)
    assert all(t.func.endswith("orders.(*ledger).post") for t in s.blocked)
    assert (server.state, server.children) == ("active", 0)
    assert [c.state for c in s.under(server)] == ["canceled"] * (0 if s.fixed else s.n)


def select_misses_done(s: Subject) -> None:
    """Goroutines in a select that has nothing to do with their context."""
    deaf, keen = s.running("mail.(*Post).sort"), s.running("mail.(*Post).listen")
    if s.fixed:
        assert not deaf and waits(only(keen)) == [s.root.addr]
        assert not s.kind("cancel", "canceled")
        return
    assert len(deaf) == s.n + 1 and not keen and not s.blocked
    assert {(t.wait_reason, len(t.waits), *waits(t)) for t in deaf} == {("select", 2)}
    closed = only(s.under(s.root))
    assert (closed.state, closed.children, closed.tasks) == ("canceled", 0, 0)
    assert closed.err == "context canceled"


def enhanced_cancel(s: Subject) -> None:
    """A context type around WithValue around WithCancel: the real cancelCtx is still found."""
    left = 1 if s.fixed else s.n + 1
    assert s.root.children == left
    inner = s.under(s.root)
    assert [(c.kind, c.state, c.tasks) for c in inner] == [("cancel", "active", 1)] * left
    assert all(t.func == "main.heartbeat" for t in s.blocked) and len(s.blocked) == left
    for context in inner:
        value = only(s.under(context))
        assert value.kind == "value" and str(value.key).endswith("lifecycle.stateKey")
        assert str(value.value).startswith("*lifecycle.state")
        outer = only(s.under(value))
        assert (outer.kind, outer.go_type, outer.state) == ("custom", "*lifecycle.Context", "active")
    assert len(s.contexts) == 2 + 3 * left


def timer_not_stopped(s: Subject) -> None:
    """Deadlines a day away, AfterFuncs, and contexts whose deadline is over."""
    left = 1 if s.fixed else s.n + 1
    leases, over = s.kind("timer", "active"), s.kind("timer", "expired")
    assert len(leases) == left and len(over) == left - 1 and len(s.kind("timer")) == 2 * left - 1
    assert all(23 * HOUR_NS < (c.deadline_left_ns or 0) <= 24 * HOUR_NS for c in leases)
    assert all(c.deadline_left_ns is not None and c.deadline_left_ns <= 0 for c in over)
    assert {c.err for c in over} <= {"context deadline exceeded"}
    assert {(c.parent, c.tasks) for c in leases} == {(s.root.addr, 1)}
    assert {t.func.rsplit("/", 1)[-1] for t in s.blocked} == {"lease.(*Lease).keep"}
    hooks = s.kind("after_func")
    assert len(hooks) == (left if s.version >= (1, 21) else 0)
    assert {c.parent for c in hooks} == ({c.addr for c in leases} if hooks else set())
    assert s.in_map(s.root) == {c.addr for c in leases}


def global_map_of_contexts(s: Subject) -> None:
    """Sessions that are over stay in a map, cancelled, with a value on each."""
    over = 0 if s.fixed else s.n
    assert len(s.kind("cancel", "canceled")) == len(s.kind("value", "canceled")) == over
    live = only(s.kind("value", "active"))
    assert s.in_map(s.root) == {live.parent}
    for value in s.kind("value"):
        assert str(value.key).endswith("login.profileKey")
        assert str(value.value).startswith("*login.profile{user: ")
        assert s.parent(value).parent == s.root.addr
    assert not s.blocked and len(s.contexts) == 2 + 2 * (over + 1)


def left_behind(s: Subject, key: str, value: str, over: int, live: int = 0) -> None:
    """Contexts that are over, each with a value on it, beside some that are in use."""
    assert len(s.kind("cancel", "canceled")) == len(s.kind("value", "canceled")) == over
    assert len(s.kind("value", "active")) == s.root.children == live
    for context in s.kind("value"):
        assert str(context.key).endswith(key) and str(context.value).startswith((f"{value}{{", f"{value}("))
        assert s.parent(context).parent == s.root.addr
    assert s.in_map(s.root) == {c.parent for c in s.kind("value", "active")}
    assert not s.blocked and len(s.contexts) == 2 + 2 * (over + live)


def pool_stale_context(s: Subject) -> None:
    """Pooled encoders have the contexts of requests that are over."""
    left_behind(s, "codec.userKey", "*codec.user", 0 if s.fixed else s.n)


def closure_capture(s: Subject) -> None:
    """Callbacks have the contexts of uploads that are over."""
    over = s.kind("cancel", "canceled")
    assert len(over) == (0 if s.fixed else s.n)
    assert {c.parent for c in over} <= {s.root.addr} and s.root.children == 0
    assert not s.blocked and len(s.contexts) == 2 + len(over)


def list_element(s: Subject) -> None:
    """Elements that are off the list have the contexts of sessions that are over."""
    left_behind(s, "session.basketKey", "*session.basket", 0 if s.fixed else s.n, live=4)


def finalizer_root(s: Subject) -> None:
    """Devices that are closed and their contexts hold each other, for a finalizer."""
    left_behind(s, "device.deviceKey", "*device.Device", 0 if s.fixed else s.n)


def pool_of_workers(s: Subject) -> None:
    """Workers that wait on channels of which nobody else knows."""
    workers = s.running("resize.(*Resizer).work")
    groups = 0 if s.fixed else s.n
    assert len(workers) == 4 * groups and not s.blocked
    assert {(t.wait_reason, t.created_by) for t in workers} <= \
        {("chan receive", "example.com/pool-of-workers/resize.(*group).run")}
    assert sorted(Counter(t.waits[0]["chan"] for t in workers).values()) == [4] * groups
    assert [(c.state, c.children) for c in s.under(s.root)] == [("canceled", 0)] * groups
    assert len(s.contexts) == 2 + groups


def healthy_server(s: Subject) -> None:
    """Busy, with requests in flight, and nothing that looks wrong."""
    assert {c.state for c in s.contexts} <= {"active", "canceled", "expired", "never"}
    assert all(c.children == 0 for c in s.kind("cancel") + s.kind("timer") if c.state != "active")
    state = {c.addr: c.state for c in s.contexts}
    assert {state[c] for t in s.blocked for c in waits(t)} == {"active"}
    assert len(s.running("load.(*Crowd).client")) <= s.n
    assert len(s.running("api.(*Server).purge")) == 1
    crowd = [t for t in s.tasks if (t.created_by or "").endswith("load.Start")]
    assert len(crowd) == s.n


CHECKS: dict[str, Callable[[Subject], None]] = {
    "lost-cancel": lost_cancel,
    "loop-with-cancel": loop_with_cancel,
    "value-chain": value_chain,
    "gin-style-context": gin_style_context,
    "nested-no-propagation": nested_no_propagation,
    "nested-goroutines": nested_goroutines,
    "goroutine-and-child": goroutine_and_child,
    "handler-leak": handler_leak,
    "background-in-handler": background_in_handler,
    "select-misses-done": select_misses_done,
    "enhanced-cancel": enhanced_cancel,
    "timer-not-stopped": timer_not_stopped,
    "global-map-of-contexts": global_map_of_contexts,
    "pool-stale-context": pool_stale_context,
    "closure-capture": closure_capture,
    "list-element": list_element,
    "finalizer-root": finalizer_root,
    "pool-of-workers": pool_of_workers,
    "healthy-server": healthy_server,
}
CASES = [(name, version) for name in CHECKS for version in VERSIONS]
CASES += [(name, version) for name in ("lost-cancel", "timer-not-stopped") for version in MAPS]
MENDED = [case for case in CASES if case[0] != "healthy-server"]  # nothing to mend there


# -- running them -----------------------------------------------------------


def check(goctx: helper.Goctx, name: str, version: str, folder: Path, *options: str) -> None:
    """Run one example and look at its core."""
    major, minor = version.split(".")
    try:
        with examples.core_of(name, version, folder, "-n", str(SCALE), *options) as (exe, core):
            with goctx.serve(helper.core_target(core, exe)) as server:
                release, fixed = (int(major), int(minor)), "-fixed" in options
                CHECKS[name](Subject(server, release, fixed, SCALE))
    except toolchains.Unavailable as why:
        pytest.skip(f"{name} with go {version}: {why}")


@pytest.mark.parametrize("name, version", CASES, ids=["-".join(case) for case in CASES])
def test_leaking(goctx: helper.Goctx, scratch: Path, name: str, version: str) -> None:
    """The README's numbers."""
    check(goctx, name, version, scratch)


@pytest.mark.parametrize("name, version", MENDED, ids=["-".join(case) for case in MENDED])
def test_fixed(goctx: helper.Goctx, scratch: Path, name: str, version: str) -> None:
    """The healthy twin has none of it."""
    check(goctx, name, version, scratch, "-fixed")


def test_deferred_cancel(goctx: helper.Goctx, scratch: Path) -> None:
    """The variant of loop-with-cancel piles up the same contexts."""
    check(goctx, "loop-with-cancel", VERSIONS[-1], scratch, "-deferred")


def test_run_sh(goctx: helper.Goctx, scratch: Path) -> None:
    """What a person is told to type: --core, --fixed and -n do what they say."""
    try:
        exe, core = examples.run_sh("lost-cancel", VERSIONS[-1], scratch, "-n", str(SCALE))
    except toolchains.Unavailable as why:
        pytest.skip(str(why))
    with goctx.serve(helper.core_target(core, exe)) as server:
        lost_cancel(Subject(server, (1, 27), False, SCALE))


def test_every_example_is_checked() -> None:
    """A new example needs a check, and a row in the list of examples."""
    assert set(examples.names()) == set(CHECKS)
    table = (ROOT / "examples/README.md").read_text()
    assert all(f"[{name}]({name}/README.md)" in table for name in CHECKS)
