"""One thing that happened to a context, as the helper is told of it.  Knows nothing of GDB."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Event", "Place"]


class Place(NamedTuple):
    """Where in the program."""

    func: str
    file: str | None
    line: int | None


class Event(NamedTuple):
    """What a breakpoint has seen.

    Args:
        time_ns: since the trace began
        goid: goroutine that did it
        what: "create", "attach", "remove" or "cancel"
        how: the function of package context ("WithTimeout"), or what an attachment comes to
        context: its address; 0 when it cannot be told
        parent: address of the context it hangs on, or a word ("background"), None not known
        place: first caller outside of package context
    """

    time_ns: int
    goid: int
    what: str
    how: str
    context: int
    parent: int | str | None
    err: str | None
    cause: str | None
    key: str | None
    place: Place

    def request(self) -> list[str]:
        """As dwarf-helper/src/report/trace.h wants it."""
        parent = hex(self.parent) if isinstance(self.parent, int) else self.parent
        words = (self.what, self.time_ns, self.goid, hex(self.context) if self.context else None, parent, self.how,
                 self.place.func, self.place.file, self.place.line, self.key, self.err, self.cause)
        return ["@event", "--", *("" if word is None else str(word).replace("\0", "\ufffd") for word in words)]
