"""All commands over the core that is kept in tests/small: what needs no Go toolchain (support/small_core.py).

Expected is what the program said when it was made; `make golden` rewrites the whole screens (test_golden.py).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import helper
import records
import small_core
from agree import agree, contexts_agree, tasks_agree

MOST = 800_000  # bytes of all that is kept
OURS = rb"/root|/home|/work|/nix|/tmp/(?!small/)|/usr/(lib|share)/go|\.cache/"  # where it was made


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> small_core.Small:
    """The core, unpacked; it is small enough to stay."""
    return small_core.unpack(tmp_path_factory.mktemp("small"))


def labelled(small: small_core.Small, label: str) -> list[str]:
    """Addresses of the contexts of a label."""
    return [one.addr for one in small.truth.contexts if one.label == label]


def goids(small: small_core.Small, label: str) -> set[int]:
    """Numbers of the goroutines of a label."""
    return {one.goid for one in small.truth.tasks if one.label == label}


def test_what_is_kept(small: small_core.Small) -> None:
    """Little, and no path of the machine that it was made on."""
    assert sum(path.stat().st_size for path in small_core.KEPT.iterdir()) < MOST
    for path in (small.exe, small.core, small_core.KEPT / "truth.jsonl"):
        data = path.read_bytes()
        found = [data[max(at.start() - 40, 0):at.end() + 40] for at in re.finditer(OURS, data)]
        assert not found, f"{path.name}: {found[:5]}"
    # What is looked for would be found: the program's own path is there, in notes and on its first stack.
    assert small.core.read_bytes().count(bytes(small_core.FOLDER / "small")) >= 2


def test_truth_of_its_own(small: small_core.Small) -> None:
    """The program does not contradict itself, and has one of everything that the tests below ask for."""
    assert small.truth.problems() == []
    assert {"cancel", "timer", "value", "without_cancel", "custom"} <= {one.kind for one in small.truth.contexts}
    assert {"active", "canceled", "expired", "never"} <= {one.state for one in small.truth.contexts}
    assert len(labelled(small, "lost")) == len(goids(small, "lost pump")) == 4 and len(goids(small, "stuck")) == 1


def test_contexts(goctx_asan: helper.Goctx, small: small_core.Small) -> None:
    """`list`, `tree`, `children`: every context, field by field, and no other."""
    agree(contexts_agree(goctx_asan, small.target, small.truth))


def test_tasks(goctx_asan: helper.Goctx, small: small_core.Small) -> None:
    """`tasks`, `blocked`, `bt all`: every goroutine and its stack, as Go's traceback has them."""
    agree(tasks_agree(goctx_asan, small.target, small.truth))


def test_every_command(goctx_asan: helper.Goctx, small: small_core.Small) -> None:
    """Each as text and as JSON, one process for all: done, undamaged, and as RECORDS.md has it."""
    page, wrong = records.read(), []
    with goctx_asan.serve(small.target) as server:
        for words in small.questions():
            shown, told = server.ask(*words), server.ask(*words, "--json")
            assert (shown.status, told.status) == (helper.OK, helper.OK) and shown.text, (words, shown.stderr, told.stderr)
            assert not told.damage, words
            wrong += [f"{words}: {what}" for line in told.text.splitlines() for what in page.wrong(line)]
    assert not wrong, wrong[:5]


def test_layouts_are_of_the_executable(goctx: helper.Goctx, small: small_core.Small) -> None:
    """The debug information that is kept answers; tables step in only where DWARF never has a struct."""
    answer = goctx.run(small.target, "layout", "--json")
    assert answer.header.layout_source and answer.header.layout_source.startswith("dwarf"), answer.header
    assert answer.header.build_id_match is True


def test_leaks(goctx: helper.Goctx, small: small_core.Small) -> None:
    """What the program lost and nothing else; whom it blames, and how surely."""
    answer = goctx.run(small.target, "leaks", "--json", "--fail-on", "certain")
    found = {one.rule: one for one in answer.findings}
    assert answer.status == helper.FAIL_ON and set(found) == {"lost-cancel", "stuck-task"} and len(answer.findings) == 2
    lost, stuck = found["lost-cancel"], found["stuck-task"]
    assert lost.confidence == stuck.confidence == "certain"
    assert set(lost.contexts) == set(labelled(small, "lost")) and set(lost.goids) == goids(small, "lost pump")
    assert set(stuck.goids) == goids(small, "stuck") and stuck.count == 1
    assert goctx.run(small.target, "check", "--fail-on", "possible").status == helper.OK


def test_why(goctx: helper.Goctx, small: small_core.Small) -> None:
    """A lost context is kept by its parent's map alone, which main's goroutine has."""
    (server,) = labelled(small, "server")
    for addr in labelled(small, "lost"):
        text = goctx.run(small.target, "why", addr).text
        assert re.search(rf"^1 +task 1 .*\n(.*\n)*.*{server}.*\n +→ \.children\[key .*{addr}", text), text
        assert "nothing else points to it" in text, text


def test_show(goctx: helper.Goctx, small: small_core.Small) -> None:
    """`show`: who waits for a context, who can still cancel it, what it was ended by."""
    (limited,), (failed,), lost = labelled(small, "limited"), labelled(small, "failed"), labelled(small, "lost")[0]
    (worker,) = goids(small, "worker")
    assert re.search(rf"(?m)^tasks +{worker}  +select", goctx.run(small.target, "show", limited).text)
    assert "no such host" in goctx.run(small.target, "show", failed).text
    shown = goctx.run(small.target, "show", lost, "--json").other
    assert not [one for one in shown if one["type"] == "canceler"]
    kept = goctx.run(small.target, "show", limited, "--json").other
    assert [one for one in kept if one["type"] == "canceler"]
