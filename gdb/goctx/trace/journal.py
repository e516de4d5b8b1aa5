"""What a trace has seen: events, who descends from whom, sums by call site.  Knows nothing of GDB."""

from __future__ import annotations

from typing import Any, Iterator, NamedTuple

__all__ = ["EVENTS", "Event", "Journal", "Place"]

EVENTS = ("create", "attach", "remove", "cancel")
CANCELABLE = {"WithCancel", "WithCancelCause", "WithTimeout", "WithTimeoutCause", "WithDeadline",
              "WithDeadlineCause", "AfterFunc", "NotifyContext"}
SITES_SHOWN = 20
ADDRESSES_SHOWN = 3


class Place(NamedTuple):
    """Where in the program."""

    func: str
    file: str | None
    line: int | None

    def __str__(self) -> str:
        short = self.func.rpartition("/")[2]
        return f"{short}  {self.file.rpartition('/')[2]}:{self.line}" if self.file else short


class Event(NamedTuple):
    """One thing that happened to a context.

    Args:
        time: seconds since the trace began
        goid: goroutine that did it
        what: one of EVENTS
        how: the function of package context ("WithTimeout"), or what an attachment comes to
        context: its address; 0 when it cannot be told
        parent: address of the context it hangs on, or a word ("background"), None not known
        place: first caller outside of package context
    """

    time: float
    goid: int
    what: str
    how: str
    context: int
    parent: int | str | None
    err: str | None
    cause: str | None
    key: str | None
    place: Place

    def text(self) -> str:
        """One line for a person."""
        words = [f"{self.how} {_address(self.context)}"]
        if self.parent is not None:
            words.append(f"{'from' if self.what == 'remove' else 'on'} {_address(self.parent)}")
        if self.key:
            words.append(f"key {self.key}")
        if self.err:
            words.append(f'"{self.err}"')
        if self.cause and self.cause != self.err:
            words.append(f'cause "{self.cause}"')
        return (f"{self.time:9.3f}s  goroutine {self.goid:<5} {self.what:<6}  "
                f"{'  '.join(words):<52}  {self.place}")

    def record(self) -> dict[str, Any]:
        """One line for a program."""
        return {
            "type": "event", "time_ns": int(self.time * 1e9), "goid": self.goid, "event": self.what,
            "how": self.how, "context": _address(self.context) if self.context else None,
            "parent": None if self.parent is None else _address(self.parent), "err": self.err,
            "cause": self.cause, "key": self.key, "func": self.place.func, "file": self.place.file,
            "line": self.place.line,
        }


class _Site:
    """Contexts made at one place."""

    def __init__(self) -> None:
        self.created = self.canceled = self.gone = 0


class Journal:
    """Takes events in; those of a subtree alone when asked to.

    Args:
        parents: of contexts that were there before, child -> parent
        root: only this context and what is made on it; None: all
    """

    def __init__(self, parents: dict[int, int | str], root: int | None = None) -> None:
        self._parents = dict(parents)
        self._root = root
        self._sites: dict[tuple[str, Place], _Site] = {}
        self._made: dict[int, tuple[str, Place]] = {}  # made since, active
        self.count = dict.fromkeys(EVENTS, 0)

    def take(self, event: Event) -> bool:
        """Account for an event.  False when it is outside of what is watched."""
        if event.what == "create":
            self._create(event)
        elif event.what == "attach" and isinstance(event.parent, (int, str)) and event.context:
            self._parents.setdefault(event.context, event.parent)
        watched = self._root is None or self._below_root(event.context)
        if not watched:
            return False
        self.count[event.what] += 1
        if event.what == "create" and event.how in CANCELABLE:
            site = (event.how, event.place)
            self._sites.setdefault(site, _Site()).created += 1
            self._made[event.context] = site
        elif event.what == "cancel":
            site = self._made.pop(event.context, None)
            if site:
                self._sites[site].canceled += 1
        return True

    def summary(self) -> Iterator[str]:
        """Created against cancelled by call site, and what was made since and is still active."""
        total = ", ".join(f"{number} {what}" for what, number in self.count.items())
        yield f"events: {total}"
        if not self._sites:
            return
        yield "created  cancelled  still active  where"
        order = sorted(self._sites.items(), key=lambda item: -(item[1].created - item[1].canceled))
        for (how, place), site in order[:SITES_SHOWN]:
            active = [address for address, where in self._made.items() if where == (how, place)]
            shown = " ".join(_address(one) for one in active[:ADDRESSES_SHOWN])
            more = f" and {len(active) - ADDRESSES_SHOWN} more" if len(active) > ADDRESSES_SHOWN else ""
            yield (f"{site.created:7}  {site.canceled:9}  {len(active):12}  {how} by {place}"
                   + (f"   {shown}{more}" if shown else ""))
        if len(order) > SITES_SHOWN:
            yield f"\u2026  {len(order) - SITES_SHOWN} more call sites"

    def records(self) -> Iterator[dict[str, Any]]:
        """The summary for a program."""
        for (how, place), site in self._sites.items():
            active = [one for one, where in self._made.items() if where == (how, place)]
            yield {"type": "site", "how": how, "func": place.func, "file": place.file,
                   "line": place.line, "created": site.created, "canceled": site.canceled,
                   "active": [_address(one) for one in active]}

    def _create(self, event: Event) -> None:
        # An address that comes again: what was there has been collected, never cancelled.
        site = self._made.pop(event.context, None)
        if site:
            self._sites[site].gone += 1
        if event.parent is not None:
            self._parents[event.context] = event.parent

    def _below_root(self, context: int) -> bool:
        seen: set[int | str] = set()
        at: int | str | None = context
        while at is not None and at not in seen:
            if at == self._root:
                return True
            seen.add(at)
            at = self._parents.get(at) if isinstance(at, int) else None
        return False


def _address(one: int | str) -> str:
    return one if isinstance(one, str) else f"0x{one:x}"
