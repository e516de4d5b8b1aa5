"""dwarf-helper/RECORDS.md as data, and what is wrong with a line of JSON by it.

    page = records.read()
    page.commands["list"]                  {"context"}
    page.wrong('{"type":"context",...}')   [] when it is as the page says
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

PAGE = Path(__file__).resolve().parents[2] / "dwarf-helper" / "RECORDS.md"
_ADDRESS = re.compile(r"0x(0|[1-9a-f][0-9a-f]*)")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_address(value: Any) -> bool:
    return _is_text(value) and bool(_ADDRESS.fullmatch(value))


def _is_context(value: Any) -> bool:
    return _is_address(value) or value in ("background", "todo")


def _each(one: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(one, value))


def _object(one: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(map(one, value.values()))


KINDS: dict[str, Callable[[Any], bool]] = {
    "integer": _is_int,
    "number": lambda value: _is_int(value) or isinstance(value, float),
    "boolean": lambda value: isinstance(value, bool),
    "text": _is_text,
    "word": _is_text,
    "address": _is_address,
    "context": _is_context,
    "time": lambda value: _is_text(value) and bool(_TIME.fullmatch(value)),
    "array of integers": _each(_is_int),
    "array of texts": _each(_is_text),
    "array of contexts": _each(_is_context),
    "object: word to integer": _object(_is_int),
    "object: text to text": _object(_is_text),
}


@dataclass(frozen=True)
class Field:
    """A row of a table."""

    name: str
    kind: str
    part: str | None  # array of these records
    null: bool
    optional: bool
    words: frozenset[str]  # of a word: those it can be

    def wrong(self, value: Any, page: Page) -> list[str]:
        """What is wrong with a value of it."""
        if value is None:
            return [] if self.null else [f"{self.name} is null"]
        if self.part:
            return [f"{self.name}: {what}" for one in value for what in page.wrong_object(self.part, one)]
        if not KINDS[self.kind](value) or (self.words and value not in self.words):
            return [f"{self.name} is {value!r}, no {self.kind}"]
        return []


@dataclass
class Record:
    """A section."""

    name: str
    part: bool = False
    trace: bool = False
    fields: list[Field] = field(default_factory=list)


class Page:
    """All of it."""

    def __init__(self, text: str) -> None:
        self.records: dict[str, Record] = {}
        self.commands: dict[str, set[str]] = {}
        at: Record | None = None
        for line in text.splitlines():
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if line.startswith("## "):
                at = self.records[line[3:]] = Record(line[3:])
            elif len(cells) == 2 and at is None and cells[0].startswith("`"):
                for command in re.findall("`([^`]+)`", cells[0]):
                    self.commands[command] = set(re.findall("[a-z]+", cells[1]))
            elif len(cells) == 4 and cells[0].startswith("`") and at:
                at.fields.append(_field(*cells))
            elif at and not cells:
                at.part |= line.endswith("Part of another record, without `type`.")
                at.trace |= line.startswith("GDB's ")
        for command, words in self.commands.items():
            self.commands[command] = words & set(self.records)

    @property
    def lines(self) -> set[str]:
        """Records that stand on lines of their own, those of GDB alone left out."""
        return {one.name for one in self.records.values() if not one.part and not one.trace}

    @property
    def parts(self) -> set[str]:
        """Records inside of others."""
        return {one.name for one in self.records.values() if one.part}

    def wrong(self, line: str) -> list[str]:
        """What is wrong with a line of JSON."""
        found = json.loads(line, object_pairs_hook=_once)
        if list(found)[:1] != ["type"]:
            return [f"no type first in {line[:80]}"]
        kind = found.pop("type")
        return [f"{kind}: {what} in {line[:200]}" for what in self.wrong_object(kind, found)]

    def wrong_object(self, kind: str, found: dict[str, Any]) -> list[str]:
        """What is wrong with its fields."""
        if kind not in self.records:
            return [f"no record {kind}"]
        rows = self.records[kind].fields
        wanted = [one.name for one in rows if not one.optional or one.name in found]
        if list(found) != wanted:
            return [f"fields {list(found)}, not {wanted}"]
        return [what for one in rows if one.name in found for what in one.wrong(found[one.name], self)]


def _field(name: str, kind: str, _unit: str, meaning: str) -> Field:
    optional, null = kind.endswith(", may be left out"), kind.endswith(" or null")
    kind = kind.removesuffix(", may be left out").removesuffix(" or null")
    part = re.fullmatch(r"array of \[(\w+)\]\(#\1\)", kind)
    assert part or kind in KINDS, kind
    words = frozenset(re.findall("`([^`]+)`", meaning)) if kind == "word" else frozenset()
    assert kind != "word" or words, name
    return Field(name.strip("`"), kind, part[1] if part else None, null or optional, optional, words)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    assert len(found) == len(pairs), f"a name comes twice: {[name for name, _ in pairs]}"
    return found


def read() -> Page:
    """The page as it is in the tree."""
    return Page(PAGE.read_text())
