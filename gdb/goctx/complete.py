"""Completion of command lines.  Knows nothing of GDB.

GDB breaks words at characters such as '-' and ',' and replaces only the part
behind the last one, so candidates are made for whole blank-separated words and
handed over without what stands before GDB's word.
"""

from __future__ import annotations

from typing import Iterable, Sequence

from .options import OPTIONS, Option, find

__all__ = ["cut", "options_and_values"]


def options_and_values(text: str, known: Sequence[str]) -> list[str] | None:
    """Candidates for the last word of a line.

    Args:
        text: the line behind the name of the command
        known: names of the command's options

    Returns:
        whole words; None when the word is an argument of the command
    """
    before, word = _last_word(text)
    option = _waiting_option(before, known)
    if option:
        return _values(option, word)
    if not word.startswith("-"):
        return None
    name, equals, value = word[2:].partition("=")
    if equals:
        option = find(name, known)
        values = _values(option, value) if option else []
        return [f"--{name}={one}" for one in values]
    return [f"--{one}" for one in known if f"--{one}".startswith(word)]


def cut(candidates: Iterable[str], text: str, word: str | None) -> list[str]:
    """Candidates as GDB wants them: those that fit, from where its own word begins."""
    _, token = _last_word(text)
    start = len(token) - len(word or "")
    return [one[start:] for one in candidates if one.startswith(token)]


def _last_word(text: str) -> tuple[list[str], str]:
    words = text.split()
    if not words or text[-1].isspace():
        return words, ""
    return words[:-1], words[-1]


def _waiting_option(before: Sequence[str], known: Sequence[str]) -> Option | None:
    """The option whose value comes next."""
    if not before or not before[-1].startswith("--") or "=" in before[-1]:
        return None
    option = find(before[-1][2:], known)
    return option if option and OPTIONS[option.name].value else None


def _values(option: Option, word: str) -> list[str]:
    if not option.many:
        return [one for one in option.words if one.startswith(word)]
    first, comma, last = word.rpartition(",")
    taken = first.split(",")
    return [
        first + comma + one
        for one in option.words
        if one.startswith(last) and one not in taken
    ]
