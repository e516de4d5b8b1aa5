"""Breakpoints in package context, and what the registers say there.

Go passes arguments and results in registers since 1.17, one integer or pointer
each, an interface in two (..machine has their names).  Numbers below count
them: word 0 is the first one.

    create   the ret instructions of WithCancel, WithValue, ...: words 0 and 1 are the new context
    attach   propagateCancel: AfterFunc's contexts are seen being made here, too
    remove   removeChild
    cancel   (*cancelCtx).cancel, where every cancellation ends up
"""

from __future__ import annotations

import time
from typing import Callable, Iterator, NamedTuple

import gdb

from ..errors import GoctxError
from ..machine import Machine, machine
from .event import Event, Place
from .memory import Interface, Memory

__all__ = ["Probe", "set_probes"]

FRAMES_MAX = 64
CHAIN_MAX = 10000
_MAKERS = ("WithCancel", "WithCancelCause", "WithDeadline", "WithDeadlineCause", "WithValue", "WithoutCancel")


class Registers:
    """Integer registers of the thread that has just stopped."""

    def __init__(self) -> None:
        self.frame = gdb.newest_frame()
        self._machine = machine(self.frame.architecture().name())

    @property
    def g(self) -> int:
        """The runtime.g of the goroutine."""
        return self._read(self._machine.g)

    def word(self, number: int) -> int:
        """An argument or a result, counted in words from 0 on."""
        return self._read(self._machine.words[number])

    def interface(self, first: int) -> Interface:
        """The one whose type is in this word, and its value in the next."""
        return Interface(self.word(first), self.word(first + 1))

    def _read(self, name: str) -> int:
        return int(self.frame.read_register(name).format_string(format="x"), 16)


class Seen(NamedTuple):
    """What a probe found out; the rest of an event is the same for all."""

    what: str
    how: str
    context: int
    parent: int | str | None
    err: str | None = None
    cause: str | None = None
    key: str | None = None


Look = Callable[[Registers, Memory], "Seen | None"]


class Probe(gdb.Breakpoint):
    """One breakpoint that looks and lets the program run on.

    Args:
        look: reads the registers
        take: gets the event; true stops the program
        clock: nanoseconds since the trace began
    """

    spent_ns = 0  # in all probes
    hits = 0
    lost = 0  # events of which something could not be read
    failure: GoctxError | None = None  # of the helper: the program was stopped for that
    enough = False  # GDB has been told to stop
    last: dict[int, tuple[str, int]] = {}  # by goroutine: what it did last

    def __init__(self, address: int, look: Look, memory: Memory, take: Callable[[Event], bool],
                 clock: Callable[[], int]) -> None:
        super().__init__(f"*{address:#x}", internal=True)
        self.silent = True
        self._look = look
        self._memory = memory
        self._take = take
        self._clock = clock

    def stop(self) -> bool:
        """Called by GDB with the thread stopped here.

        GDB may run on all the same: when a signal came as it stepped off this breakpoint earlier, it has one of its own
        here, at which it goes on whatever others say (infrun.c: BPSTAT_WHAT_HP_STEP_RESUME).  Then the next one stops.
        """
        if not Probe.enough:
            Probe.enough = self._enough()
        return Probe.enough

    def _enough(self) -> bool:
        start = time.monotonic_ns()
        try:
            return self._seen()
        except (gdb.error, gdb.MemoryError, ValueError):
            Probe.lost += 1
            return False  # the program goes on all the same
        except GoctxError as why:
            Probe.failure = why
            return True
        except KeyboardInterrupt:
            return True
        finally:
            Probe.hits += 1
            Probe.spent_ns += time.monotonic_ns() - start

    def _seen(self) -> bool:
        registers = Registers()
        seen = self._look(registers, self._memory)
        if seen is None:
            return False
        goid = self._memory.goid(registers.g)
        # A signal that arrives here (SIGURG, Go's preemption) lets the thread come to the breakpoint again, and one
        # maker may have called another.
        if Probe.last.get(goid) == (seen.what, seen.context):
            return False
        Probe.last[goid] = (seen.what, seen.context)
        maker, place = _caller(registers.frame)
        if seen.what == "create" and maker:
            seen = seen._replace(how=maker)
        stop = False
        if seen.what == "attach" and maker == "AfterFunc":  # it returns no context: this is where one is seen
            made = seen._replace(what="create", how=maker)
            stop = self._take(Event(self._clock(), goid, *made, place))
        return self._take(Event(self._clock(), goid, *seen, place)) or stop


def set_probes(memory: Memory, take: Callable[[Event], bool], clock: Callable[[], int]) -> list[Probe]:
    """Set all of them.

    Raises:
        GoctxError: the program has none of the functions, or a breakpoint cannot be set
    """
    Probe.hits, Probe.spent_ns, Probe.lost, Probe.last, Probe.failure, Probe.enough = 0, 0, 0, {}, None, False
    probes: list[Probe] = []
    try:
        for address, look in _points(memory):
            probes.append(Probe(address, look, memory, take, clock))
    except BaseException as why:  # Ctrl-C, and what is missing of the debug information
        for probe in probes:
            probe.delete()
        if not isinstance(why, gdb.error):
            raise
        raise GoctxError(f"a breakpoint cannot be set: {why}") from None
    if not probes:
        raise GoctxError("the program makes no contexts, or has no debug information",
                         "build it without -ldflags=-w")
    return probes


def _points(memory: Memory) -> Iterator[tuple[int, Look]]:
    for name in _MAKERS:
        function = _function(f"context.{name}")
        if function:
            for address in _returns(function):
                yield address, _maker(name)
    method = _function("context.(*cancelCtx).propagateCancel")  # since 1.21
    function = method or _function("context.propagateCancel")
    if function:
        yield _entry(function), _attached(child=3, parent=1) if method else _attached(child=2, parent=0)
    function = _function("context.removeChild")
    if function:
        yield _entry(function), _removed
    function = _function("context.(*cancelCtx).cancel")
    if function:
        yield _entry(function), _canceled(_fields(memory))


class Function(NamedTuple):
    """Code addresses of a function that is not inlined everywhere: [start, end)."""

    start: int
    end: int


def _function(name: str) -> Function | None:
    try:
        found = gdb.decode_line(f"'{name}'")[1] or ()
    except gdb.error:  # not in the program
        return None
    for line in found:
        block = gdb.block_for_pc(line.pc)
        while block is not None and block.function is None:
            block = block.superblock
        if block is not None and block.function.name == name and not _inlined(block):
            return Function(block.start, block.end)
    return None


def _inlined(block: gdb.Block) -> bool:
    """Whether the block is a function's code inside of another's."""
    outer = block.superblock
    while outer is not None:
        if outer.function is not None:
            return True
        outer = outer.superblock
    return False


def _code(function: Function) -> list[dict[str, object]]:
    architecture = gdb.selected_inferior().architecture()
    return architecture.disassemble(function.start, function.end - 1)


def _mnemonic(instruction: dict[str, object]) -> str:
    return str(instruction["asm"]).split()[0]


def _machine() -> Machine:
    return machine(gdb.selected_inferior().architecture().name())


def _returns(function: Function) -> list[int]:
    return [int(one["addr"]) for one in _code(function) if _mnemonic(one) in _machine().returns]


def _entry(function: Function) -> int:
    """Behind the check of the stack: a function whose stack must grow begins a second time."""
    code = _code(function)[:4]
    for one, following in zip(code, code[1:]):
        if _mnemonic(one) in _machine().grows:
            return int(following["addr"])
    return function.start


# -- what the registers say ---------------------------------------------------


def _maker(name: str) -> Look:
    def look(registers: Registers, memory: Memory) -> Seen | None:
        made = registers.interface(0)
        if name == "WithoutCancel" or not made.tab:  # its result is boxed, or there is none
            parent = memory.interface(made.data) if made.tab else Interface(0, 0)
        else:
            parent = memory.interface(made.data)
        key = None
        if name == "WithValue":
            key = memory.key(memory.interface(made.data + 16))
        return Seen("create", name, made.data, _name_of(parent, memory), key=key)

    return look


def _attached(child: int, parent: int) -> Look:
    def look(registers: Registers, memory: Memory) -> Seen | None:
        below = registers.interface(child)
        above = registers.interface(parent)
        return Seen("attach", _attachment(above, memory), below.data, _name_of(above, memory))

    return look


def _removed(registers: Registers, memory: Memory) -> Seen | None:
    return Seen("remove", "removeChild", registers.word(3),
                _name_of(registers.interface(0), memory))


class Fields(NamedTuple):
    """Offsets in context.cancelCtx, and whether err is an atomic.Value (since 1.25)."""

    err: int
    atomic: bool
    has_cause: bool


def _fields(memory: Memory) -> Fields:
    for name in ("context.cancelCtx", "struct context.cancelCtx"):
        try:
            fields = {one.name: one for one in gdb.lookup_type(name).strip_typedefs().fields()}
            break
        except gdb.error:
            continue
    else:
        raise GoctxError("there is no debug information of context.cancelCtx",
                         "build the program without -ldflags=-w")
    err = fields["err"]
    return Fields(err.bitpos // 8, "atomic" in str(err.type), "cause" in fields)


def _canceled(fields: Fields) -> Look:
    def look(registers: Registers, memory: Memory) -> Seen | None:
        context = registers.word(0)
        if memory.word(context + fields.err):
            return None  # already: this call does nothing
        err = memory.error(registers.interface(2))
        cause = memory.error(registers.interface(4)) if fields.has_cause else None
        parent = _name_of(memory.interface(context), memory)
        return Seen("cancel", "cancel", context, parent, err, cause)

    return look


def _name_of(context: Interface, memory: Memory) -> int | str | None:
    """Address of a context, or the word for one that has none of its own."""
    if not context.tab:
        return None
    name = memory.type_of(context)
    words = {"context.backgroundCtx": "background", "context.todoCtx": "todo"}
    if name in words:
        return words[name]
    if name == "*context.emptyCtx":  # until 1.20
        return "background" if context.data == memory.word(memory.variable("context.background")) else "todo"
    return context.data


def _attachment(parent: Interface, memory: Memory) -> str:
    """How a child comes to hang on its parent: the choice that propagateCancel is about to make."""
    for _ in range(CHAIN_MAX):
        if not parent.tab:
            return "unknown"
        name = memory.type_of(parent)
        if name in ("context.backgroundCtx", "context.todoCtx", "*context.emptyCtx",
                    "context.withoutCancelCtx"):
            return "not-attached"  # its parent can never be cancelled
        if name in ("*context.cancelCtx", "*context.timerCtx", "*context.afterFuncCtx"):
            return "children-map"
        if name not in ("*context.valueCtx", "context.stopCtx"):
            return "custom-parent"  # its map when Done is the one of a context inside, else AfterFunc or a goroutine
        parent = memory.interface(parent.data)
    return "unknown"


def _caller(frame: gdb.Frame) -> tuple[str | None, Place]:
    """Name of the outermost function of package context called, and who called it."""
    maker: str | None = None
    timer = False
    at: gdb.Frame | None = frame
    for _ in range(FRAMES_MAX):
        if at is None:
            break
        name = at.name() or "?"
        if not name.startswith("context."):
            if name in ("runtime.goexit", "time.goFunc"):
                break
            where = at.find_sal()
            file = where.symtab.fullname() if where.symtab else None
            return maker, Place(name, file, where.line if file else None)
        plain = name[len("context.") :]
        timer = timer or plain.endswith(".func2")
        if plain.isidentifier() and plain[0].isupper():
            maker = plain
        at = at.older()
    return maker, Place("a timer" if timer else "?", None, None)
