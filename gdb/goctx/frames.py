"""Which goroutine's frames GDB shows, and the way back.

Either a thread runs the goroutine itself: then it is that thread's frames from
the goroutine's innermost on.  Or the unwinder leads from the innermost frame of
the selected thread into the goroutine.  The frames below the goroutine's are
hidden from `bt` by a frame filter.  GDB knows unwinder and filter only as long
as a goroutine is selected.
"""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Iterable, Iterator

import gdb

from .errors import GoctxError
from .stacks import Stack

__all__ = ["ProgramRan", "back", "forget", "select", "selected", "visiting"]

_WAY_MAX = 64  # frames of a thread between its innermost and its goroutine's: signal handlers
_FILTER = "goctx"

_selection: Selection | None = None
_forgotten = 0  # how often selections ended because the program did something


class ProgramRan(GoctxError):
    """The program has run on while its goroutines were visited."""


def selected() -> Stack | None:
    """The goroutine whose frames are shown."""
    return _selection.stack if _selection else None


def select(stack: Stack) -> None:
    """Show a goroutine's frames until back() or forget(); its innermost is selected.

    Raises:
        GoctxError: where it stands is not known; what was selected still is
    """
    _check(stack)
    home = _go_home() or Home()
    _show(home, stack)


def back() -> None:
    """Show the thread and the frame that were selected before the first select().

    Raises:
        GoctxError: no goroutine is selected
    """
    home = _go_home()
    if not home:
        raise GoctxError("no goroutine is selected", "`goctx frame GOID` selects one")
    home.place.go()


def forget() -> None:
    """The program goes on, or is another one: its frames are its own again."""
    global _selection, _forgotten
    if _selection:
        _selection.leave()
        _selection = None
        _forgotten += 1


def _program_runs(event: object) -> None:
    """Already as it goes on: where GDB stops it for a moment, for `step` and others, it goes by frames."""
    forget()


@contextlib.contextmanager
def visiting() -> Iterator[Callable[[Stack], None]]:
    """For as long as the block runs, show goroutines one after the other.

    At the end all is as it was before: goroutine, thread and frame; unless the
    program has run meanwhile, which ends all that.

    Yields:
        a function that shows a goroutine; it raises GoctxError when that cannot be
    """
    before = _selection
    place = Place.here()
    home = before.home if before else Home()
    began = _forgotten

    def show(stack: Stack) -> None:
        if _forgotten != began:
            raise ProgramRan("the program has run on, the other goroutines are not where they were")
        _check(stack)
        _go_home()
        _show(home, stack)

    try:
        yield show
    finally:
        if _forgotten == began:
            _go_home()
            home.place.go()
            if before:
                _show(home, before.stack)
            place.go()


def _check(stack: Stack) -> None:
    if not stack.pc:
        raise GoctxError(f"the stack of goroutine {stack.goid} cannot be told",
                         "its registers are not there, or make no sense")


def _show(home: Home, stack: Stack) -> None:
    global _selection
    _selection = Selection(home, stack)
    try:
        _selection.enter()
    except BaseException:  # half of it is nothing to stay in
        _go_home()
        home.place.go()
        raise


def _go_home() -> Home | None:
    """Show the frames of the thread that was selected before, if a goroutine is shown."""
    global _selection
    was = _selection
    if not was:
        return None
    was.leave()
    _selection = None
    if gdb.selected_thread() != was.home.place.thread:
        was.home.place.thread.switch()
    gdb.invalidate_cached_frames()
    return was.home


# -- threads and frames -----------------------------------------------------


class Place:
    """A frame that the user has selected."""

    def __init__(self, thread: gdb.InferiorThread, level: int) -> None:
        self.thread = thread
        self.level = level

    @classmethod
    def here(cls) -> Place:
        """The selected one."""
        thread = gdb.selected_thread()
        if thread is None:
            raise GoctxError("no thread is selected",
                             "`info threads` lists them, `thread N` selects one")
        try:
            return cls(thread, gdb.selected_frame().level())
        except gdb.error:  # the thread has no frame that could be shown
            return cls(thread, 0)

    def go(self) -> None:
        """Select it."""
        if not self.thread.is_valid():
            return
        if gdb.selected_thread() != self.thread:
            self.thread.switch()
        with contextlib.suppress(gdb.error):
            _frame_at(self.level).select()


class Home:
    """Where the user was before, and what is the same for all goroutines as long as nothing runs."""

    def __init__(self) -> None:
        self.place = Place.here()
        frame = gdb.newest_frame()
        while frame.type() == gdb.INLINE_FRAME:
            frame = frame.older()
        self.below = frame.level()  # of the frame that the unwinder can claim
        self.threads = {thread.ptid[1]: thread for thread in gdb.selected_inferior().threads()}


def _frame_at(level: int) -> gdb.Frame:
    """The frame of that level, or the outermost that there is."""
    frame = gdb.newest_frame()
    while frame.level() < level:
        older = frame.older()
        if older is None:
            break
        frame = older
    return frame


# -- goroutines -------------------------------------------------------------


class Selection:
    """A goroutine whose frames are shown, seen from a home."""

    def __init__(self, home: Home, stack: Stack) -> None:
        self.home = home
        self.stack = stack
        self._level = 0  # of its innermost frame
        self._thread = home.place.thread
        self._unwinder: Any = None
        self._watches = False  # whether GDB is to tell when the program goes on

    def enter(self) -> None:
        """Show its frames instead of the home's, and select the innermost."""
        from .unwind import GoroutineUnwinder  # here: loading must be quick

        own = self._own_frame()
        if own is None:
            self._level = self.home.below + 1
            self._unwinder = GoroutineUnwinder(self.stack, self._thread, self.home.below)
        else:
            self._level = own.level()
            self._thread = gdb.selected_thread()
            self._unwinder = GoroutineUnwinder(self.stack, self._thread, None)
        gdb.frame_unwinders.insert(0, self._unwinder)
        gdb.frame_filters[_FILTER] = FrameFilter(self)
        gdb.events.cont.connect(_program_runs)
        self._watches = True
        gdb.invalidate_cached_frames()
        _frame_at(self._level).select()

    def leave(self) -> None:
        """Take unwinder and filter away, as far as enter() has come; GDB still has the frames that it made with them."""
        if self._unwinder in gdb.frame_unwinders:
            gdb.frame_unwinders.remove(self._unwinder)
        gdb.frame_filters.pop(_FILTER, None)
        if self._watches:  # GDB raises SystemError for a handler that it does not have
            gdb.events.cont.disconnect(_program_runs)
            self._watches = False

    def shows(self, frame: gdb.Frame) -> bool:
        """Whether a frame is one of the goroutine's."""
        level = frame.level()
        return level >= self._level and level != self._unwinder.last_level

    def is_on(self, thread: gdb.InferiorThread) -> bool:
        """Whether it is the frames of this thread that end in the goroutine."""
        return self._thread == thread

    def _own_frame(self) -> gdb.Frame | None:
        """Its innermost frame when a thread runs it; the thread is the selected one then.

        A thread that does something for its goroutine on another stack has no
        way into the goroutine's that GDB would know.
        """
        thread = self.home.threads.get(self.stack.tid)
        if not thread or not thread.is_valid():
            return None
        here = gdb.selected_thread()
        if thread != here:
            thread.switch()
        frame = gdb.newest_frame()
        for _ in range(_WAY_MAX):
            if frame is None:
                break
            sp = int(frame.read_register("sp"))
            if sp == self.stack.sp and frame.pc() == self.stack.pc:
                return frame
            if self.stack.sp < sp < self.stack.hi:
                break  # beyond it; in a system call what counts is where it was entered
            frame = frame.older()
        here.switch()
        return None


class FrameFilter:
    """Hides from `bt` what is not the goroutine's."""

    def __init__(self, selection: Selection) -> None:
        self.name = _FILTER
        self.enabled = True
        self.priority = 1000  # before those that look at frames
        self._selection = selection

    def filter(self, frames: Iterable[Any]) -> Iterable[Any]:
        """Called by GDB."""
        if not self._selection.is_on(gdb.selected_thread()):
            return frames
        return (one for one in frames if self._selection.shows(one.inferior_frame()))
