"""What goctx in GDB does without GDB: the protocol, command lines, completion."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from goctx import complete, options
from goctx.bridge import protocol
from goctx.bridge.client import Client
from goctx.errors import GoctxError, HelperGone

FAKE = Path(__file__).resolve().parent / "fake_helper.py"
ROOT = FAKE.parents[2]
TREE = ("limit", "depth", "no-fold", "tasks", "no-tasks", "json", "color", "help")


def test_modules_without_gdb_do_not_import_it() -> None:
    names = ["goctx", "goctx.errors", "goctx.options", "goctx.complete", "goctx.bridge.protocol",
             "goctx.bridge.client", "goctx.bridge.locate", "goctx.applyline", "goctx.stacks",
             "goctx.interrupt", "goctx.machine"]
    code = f"import sys, importlib; [importlib.import_module(n) for n in {names}]"
    subprocess.run([sys.executable, "-c", code + "; assert 'gdb' not in sys.modules"],
                   cwd=ROOT / "gdb", check=True)
    assert not (ROOT / "gdb" / "__init__.py").exists()


# -- protocol ---------------------------------------------------------------


def test_request() -> None:
    assert protocol.encode_request(7, ["show", "0x1"]) == b"7 2 9\nshow\x000x1\x00"
    assert protocol.encode_request(1, ["\u00e9", ""]) == b"1 2 4\n\xc3\xa9\x00\x00"
    for bad in ([], ["a"] * 257, ["nul\0"], ["x" * protocol.BYTES_MAX]):
        with pytest.raises(protocol.ProtocolError):
            protocol.encode_request(1, bad)


ANSWER = b"o 3 6\nab\ncd\ne 3 0\no 3 0\ne 3 2\nxyx 3 4\n"


@pytest.mark.parametrize("step", range(1, len(ANSWER) + 1))
def test_answer_cut_anywhere(step: int) -> None:
    reader = protocol.FrameReader(3)
    out = {False: b"", True: b""}
    done = None
    for at in range(0, len(ANSWER), step):
        for event in reader.feed(ANSWER[at : at + step]):
            assert done is None
            if isinstance(event, protocol.Done):
                done = event
            else:
                out[event.error] += event.data
    assert out == {False: b"ab\ncd\n", True: b"xy"}
    assert done == protocol.Done(4)


@pytest.mark.parametrize("step", [1, 3, 100])
def test_questions_of_the_helper(step: int) -> None:
    reader = protocol.FrameReader(3)
    sent = b"q 3 maps\nq 3 threads r1 pc\no 3 2\nabr 3 4096 65536\nx 3 0\n"
    events = [event for at in range(0, len(sent), step) for event in reader.feed(sent[at : at + step])]
    assert protocol.Question("maps") in events and protocol.Question("threads", ("r1", "pc")) in events
    assert protocol.Wanted(4096, 65536) in events
    assert events[-1] == protocol.Done(0)
    assert protocol.encode_reply(b"ab") == b"2\nab"
    assert protocol.encode_reply(None) == protocol.encode_reply(b"") == b"0\n"


@pytest.mark.parametrize("data", [
    b"o 4 1\nx", b"o 3\n", b"o 3 -1\n", b"o 3 1 1\n", b"z 3 1\n", b"q 3\n", b"r 3 1\n", b"o x 1\n", b"\n", b"o 3 \n",
    b"x 3 0\nx", b"o" * (protocol.HEADER_MAX + 1), b"x 3 0\nx 3 0\n",
])
def test_answer_that_breaks_the_rules(data: bytes) -> None:
    with pytest.raises(protocol.ProtocolError):
        list(protocol.FrameReader(3).feed(data))


def test_greeting() -> None:
    assert protocol.Greeting.parse(b"goctx-serve 1 0.1.0\n") == protocol.Greeting(1, "0.1.0")
    for bad in (b"\n", b"goctx 0.1.0\n", b"goctx-serve one 2\n", b"goctx-serve 1\n", b"\xff\xfe\n"):
        with pytest.raises(protocol.ProtocolError):
            protocol.Greeting.parse(bad)


# -- the client against the fake helper -------------------------------------


def ask(client: Client, *args: str) -> tuple[bytes, bytes, int]:
    out, err = bytearray(), bytearray()
    status = client.request(args, out.extend, err.extend)
    return bytes(out), bytes(err), status


def test_client_asks_and_ends() -> None:
    client = Client(FAKE, ["--core", "c"])
    assert ask(client, "list", "--limit", "3") == (b"['list', '--limit', '3']\n", b"", 0)
    assert ask(client, "@ping") == (b"", b"", 0)
    assert client.alive
    client.close()
    assert not client.alive and not Path(f"/proc/{client.pid}").exists()
    client.close()


@pytest.mark.parametrize("mode", ["flood", "slow"])
def test_sink_that_has_enough(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOCTX_FAKE", mode)
    client = Client(FAKE, [])

    def enough(data: bytes) -> None:
        raise KeyboardInterrupt

    for _ in range(3):  # what was left of the answer must not be taken for the next one
        with pytest.raises(KeyboardInterrupt):
            client.request(["tree"], enough, enough)
        assert client.alive
    assert ask(client, "@ping") == (b"", b"", 0)
    client.close()


def test_client_ends_a_helper_that_does_not_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOCTX_FAKE", "stubborn")
    client = Client(FAKE, [])

    def enough(data: bytes) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client.request(["tree"], enough, enough)
    assert not client.alive


def test_client_tells_what_a_dead_helper_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOCTX_FAKE", "die")
    client = Client(FAKE, [])
    with pytest.raises(HelperGone, match="fake: I die") as gone:
        ask(client, "tree")
    assert gone.value.answered and not client.alive


def test_client_leaks_no_descriptors() -> None:
    def count() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = count()
    for _ in range(3):
        Client(FAKE, []).close()
    with pytest.raises(GoctxError):
        Client(Path("/bin/true"), [])
    with pytest.raises(GoctxError):
        Client(Path("/nowhere"), [])
    assert count() == before


# -- command lines ----------------------------------------------------------


def parts(line: str) -> tuple[list[str], list[str]]:
    taken = options.take_apart(options.split(line), TREE)
    return taken.options, [token.raw for token in taken.rest]


@pytest.mark.parametrize("line, opts, rest", [
    ("", [], []),
    ("ctx", [], ["ctx"]),
    ("--depth 3 ctx", ["--depth", "3"], ["ctx"]),
    ("--depth=3 ctx --json", ["--depth=3", "--json"], ["ctx"]),
    ("--dep 3", ["--dep", "3"], []),
    ("--no- 3", ["--no-"], ["3"]),  # ambiguous: the helper says so
    ("--nonsense x", ["--nonsense"], ["x"]),
    ("a - b", [], ["a", "-", "b"]),
    ("-1", [], ["-1"]),
    ("-x", ["-x"], []),
    ("--depth", ["--depth"], []),
    ("-- --depth 3", [], ["--depth", "3"]),
    ("'runtime.allgs'.array", [], ["'runtime.allgs'.array"]),
    ("--color 'always' \"a b\"", ["--color", "always"], ['"a b"']),
])
def test_options_are_told_from_arguments(line: str, opts: list[str], rest: list[str]) -> None:
    assert parts(line) == (opts, rest)


@pytest.mark.parametrize("line, words", [
    ("a  b\tc ", ["a", "b", "c"]),
    (r"a\ b", ["a b"]),
    ("'a b' \"c \\\" d\"", ["a b", 'c " d']),
    (r"'a\b' x'y'z", [r"a\b", "xyz"]),
])
def test_words(line: str, words: list[str]) -> None:
    assert [token.text for token in options.split(line)] == words


@pytest.mark.parametrize("line", ["'", 'a "b', "x'y", "a\\"])
def test_unbalanced_quotes(line: str) -> None:
    with pytest.raises(GoctxError, match="unbalanced quotes"):
        options.split(line)


# -- completion -------------------------------------------------------------


@pytest.mark.parametrize("text, known, expected", [
    ("", TREE, None),
    ("ctx", TREE, None),
    ("--de", TREE, ["--depth"]),
    ("--depth ", TREE, []),
    ("--color ", TREE, ["auto", "always", "never"]),
    ("--color=n", TREE, ["--color=never"]),
    ("--bogus=n", TREE, []),
    ("--kind ", ("kind",), list(options.OPTIONS["kind"].words)),
    ("--kind timer,t", ("kind",), ["timer,todo"]),
])
def test_candidates(text: str, known: tuple[str, ...], expected: list[str] | None) -> None:
    assert complete.options_and_values(text, known) == expected


def test_candidates_begin_where_gdb_breaks_words() -> None:
    assert complete.cut(["--no-fold", "--no-tasks"], "--no-f", "f") == ["fold"]
    assert complete.cut(["cancel,timer"], "x cancel,t", "t") == ["timer"]
    assert complete.cut(["--json"], "", "") == ["--json"]
    assert complete.cut(["--json"], "--js", None) == ["on"]  # GDB asks where words break
