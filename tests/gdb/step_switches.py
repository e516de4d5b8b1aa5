"""Inside of GDB: stop one goroutine's thread at each instruction where its stack pointer is not where pclntab says.

source'd by test_switches.py.  step_switches(window, goid) prints lines of JSON: "step" for each instruction, with the frames that
goctx tells of the goroutine, and "gdb" with what GDB itself makes of the thread, where it can be relied upon.
"""

from __future__ import annotations

import json
import re
from typing import Callable, Iterator, NamedTuple

import gdb

UCONTEXT_SP, UCONTEXT_PC = 160, 168  # uapi/asm/sigcontext.h: in a struct ucontext
LIMIT = 60  # instructions from a switch to the end of it


def number(text: str) -> int:
    return int(gdb.parse_and_eval(text)) & (1 << 64) - 1


def function() -> str:
    """Which the selected thread is in, by GDB's symbols."""
    text = gdb.execute("output/a $pc", to_string=True)
    found = re.search(r"<(.*?)(?:\+\d+)?>$", text)
    return found[1] if found else ""


def frames(printed: str) -> list[str]:
    """Functions of a backtrace."""
    return re.findall(r"^#\d+ +(?:0x\w+ in )?(.*?)(?: \(|$)", printed, re.MULTILINE)


def by_goctx(goid: int) -> dict[str, object]:
    """What goctx says, in its own words and as GDB's frames."""
    lines = gdb.execute(f"goctx bt {goid} --json", to_string=True).splitlines()
    told = [one for one in map(json.loads, lines) if one.get("type") == "frame"]
    try:
        shown = gdb.execute(f"goctx frame {goid} bt", to_string=True)
    except gdb.error as err:
        shown = f"#0 {err} ("
    return {"in": function(), "told": [[one["func"], int(one["pc"], 16), one["inlined"]] for one in told], "shown": frames(shown)}


def by_gdb() -> list[int]:
    """Where the calls of the selected thread stand, as GDB unwinds it, up to the start of the goroutine."""
    found, frame = [], gdb.newest_frame()
    while frame is not None and frame.name() != "runtime.goexit":
        if frame.type() != gdb.INLINE_FRAME:
            found.append(frame.pc())
        frame = frame.older()
    return found


def tell(**what: object) -> None:
    print(json.dumps(what), flush=True)


class Stop(gdb.Breakpoint):
    """Stops where one of these functions begins, or at an address, if the state there is the right one."""

    def __init__(self, places: str, right: Callable[[], bool]) -> None:
        super().__init__(places, internal=True)
        self.silent = True
        self._right = right

    def stop(self) -> bool:
        return self._right()


def run_to(places: list[str], right: Callable[[], bool] = lambda: True) -> None:
    """Run until a thread comes to one of the places in the right state; from then on only that thread runs."""
    stops = [Stop(place, right) for place in places]
    gdb.execute("set scheduler-locking off")
    gdb.execute("continue", to_string=True)
    for stop in stops:
        stop.delete()
    gdb.execute("set scheduler-locking on")
    assert number("$pc") in [number(place[1:]) for place in places], function()


def go_to(pc: int) -> None:
    """Let the thread alone run until it is there."""
    stop = Stop(f"*{pc:#x}", lambda: True)
    gdb.execute("continue", to_string=True)
    stop.delete()
    assert number("$pc") == pc, function()


def steps(goid: int) -> Iterator[int]:
    """What goctx says, instruction by instruction; whoever takes the next lets the thread go on to it.

    Yields:
        sp
    """
    for _ in range(LIMIT):
        tell(step=by_goctx(goid))
        yield number("$sp")
        gdb.execute("stepi", to_string=True)
    raise AssertionError(f"{LIMIT} instructions, and still in {function()}")


def instructions(func: str) -> list[tuple[int, str]]:
    """Addresses and texts."""
    low = number(f"&'{func}'")
    arch = gdb.newest_frame().architecture()
    return [(one["addr"], one["asm"]) for one in arch.disassemble(low, gdb.block_for_pc(low).end - 1)]


def gogo(one: Task) -> None:
    """From the instruction behind the switch to the goroutine's stack, to where it goes on."""
    code = instructions("gogo")
    switch = next(i for i, (_, text) in enumerate(code) if re.search(r"mov +\(%rbx\),%rsp", text))
    run_to([f"*{code[switch + 1][0]:#x}"], lambda: number("$r14") == one.g)
    for _ in steps(one.goid):
        if function() != "gogo":
            break
    tell(gdb=by_gdb())


def signal(one: Task) -> None:
    """The signal handler's first instructions, its last, and those of the return that the kernel told it to take."""
    entries = ["runtime.sigtramp", "runtime.cgoSigtramp"]
    entries = [name for name in entries if gdb.lookup_global_symbol(name) or gdb.lookup_static_symbol(name)]
    run_to([f"*&'{name}'" for name in entries],
           lambda: one.owns(number(f"*(unsigned long*)($rdx + {UCONTEXT_SP})")))
    tell(interrupted=number(f"*(unsigned long*)($rdx + {UCONTEXT_PC})"))
    for _ in steps(one.goid):
        if function() not in entries:
            break
    go_to(number("*(unsigned long*)$sp"))
    for sp in steps(one.goid):
        if one.owns(sp):
            break
    tell(gdb=by_gdb())


def call(func: str, returns: bool, one: Task | None) -> None:
    """All of an assembly function that takes a goroutine off its stack, and of the way back into it.

    Args:
        returns: it comes back
        one: whose; None: of the next goroutine that comes
    """
    run_to([f"*&'{func}'"], lambda: number("$r14") == one.g if one else Task.calls())
    one = one or Task.here()
    tell(gdb=by_gdb())
    for sp in steps(one.goid):
        if not one.owns(sp) and function() != func:
            break
    if returns:
        go_to(number("*(unsigned long*)$sp"))
        for _ in steps(one.goid):
            if function() != func:
                break


class Task(NamedTuple):
    goid: int
    g: int
    lo: int
    hi: int

    @classmethod
    def at(cls, value: gdb.Value) -> Task:
        lo, hi = (int(value["stack"][end]) for end in ("lo", "hi"))
        return cls(int(value["goid"]), int(value), lo, hi)

    @classmethod
    def here(cls) -> Task:
        """That of the thread."""
        return cls.at(gdb.parse_and_eval("$r14").cast(gdb.lookup_type("runtime.g").pointer()))

    @staticmethod
    def calls() -> bool:
        """Was the function called by one of the program's own?"""
        caller = gdb.newest_frame().older()
        return caller is not None and (caller.name() or "").startswith("main.")

    def owns(self, sp: int) -> bool:
        return self.lo <= sp < self.hi


def step_switches(window: str, goid: int) -> None:
    """One of them.  What it prints: the file's comment."""
    one = Task.at(gdb.parse_and_eval(f"$goctx_task({goid})"))
    gdb.execute("set language c")
    windows: dict[str, Callable[[], None]] = {
        "gogo": lambda: gogo(one),
        "signal": lambda: signal(one),
        "mcall": lambda: call("runtime.mcall", False, one),
        "systemstack": lambda: call("runtime.systemstack", True, one),
        "morestack": lambda: call("runtime.morestack", False, None),
    }
    windows[window]()
