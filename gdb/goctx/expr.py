"""Arguments of commands that are GDB expressions.

The helper knows addresses and goroutine numbers; here they are made from what
a user sees in a frame: an interface, a pointer, a struct.
"""

from __future__ import annotations

import re
from typing import Iterator

import gdb

from . import ask
from .errors import GoctxError, WrongUse

__all__ = ["address_word", "context_word", "goroutine_word", "locals_in_scope", "word_of"]

_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]+")
_NAME = re.compile(r"[^\W\d]\w*")
_PATH = re.compile(r"(?<![\w'$.])[^\W\d][\w/.\-]*\.\w+")  # main.server.ctx, example.com/app/srv.hub
_MASK = (1 << 64) - 1
_EMPTY_CONTEXTS = {"context.backgroundCtx": "background", "context.todoCtx": "todo"}


def context_word(expression: str) -> str:
    """An expression as the helper's CTX: an address, `background` or `todo`.

    An interface gives its data word, a pointer its value, a struct its address.

    Raises:
        GoctxError: it cannot be evaluated, or is no address
    """
    if _ADDRESS.fullmatch(expression) or expression.lower() in ("background", "todo"):
        return expression
    try:
        value = _evaluate(expression)
        return word_of(value, expression)
    except (gdb.error, gdb.MemoryError) as why:
        raise _failed(expression, why) from None


def address_word(expression: str) -> str:
    """An expression as the helper's ADDR: an address, `background` or `todo`.

    As context_word(), and a slice or string gives the address of its data.

    Raises:
        GoctxError: it cannot be evaluated, or is no address
    """
    if _ADDRESS.fullmatch(expression) or expression.lower() in ("background", "todo"):
        return expression
    try:
        value = _evaluate(expression)
        data = _data_of(value, expression)
        return data or word_of(value, expression, "object")
    except (gdb.error, gdb.MemoryError) as why:
        raise _failed(expression, why) from None


def goroutine_word(expression: str) -> str:
    """An expression as the helper's GOID: a number, or a runtime.g or pointer to one.

    Raises:
        GoctxError: it cannot be evaluated, or is no goroutine
    """
    if expression == "all" or (expression.isascii() and expression.isdigit()):
        return expression
    try:
        return goroutine_of(_evaluate(expression), expression)
    except (gdb.error, gdb.MemoryError) as why:
        raise _failed(expression, why) from None


def goroutine_of(value: gdb.Value, expression: str) -> str:
    """The number of a goroutine: the value itself, or that of a runtime.g or pointer to one.

    Args:
        expression: what the value is called in errors

    Raises:
        GoctxError: it is no goroutine
        gdb.error, gdb.MemoryError: it cannot be read
    """
    _check_present(value, expression)
    kind = value.type.strip_typedefs()
    if kind.code == gdb.TYPE_CODE_PTR:
        value = value.dereference()
        kind = value.type.strip_typedefs()
    if kind.code == gdb.TYPE_CODE_STRUCT and "goid" in (one.name for one in kind.fields()):
        return str(int(value["goid"]))
    if kind.code == gdb.TYPE_CODE_INT:
        return str(int(value))
    raise WrongUse(
        f"{expression} has type {value.type}, which is no goroutine",
        "give a number, all, or a *runtime.g",
    )


def locals_in_scope() -> Iterator[str]:
    """Names of the variables of the selected frame, inner blocks first."""
    for block in _blocks():
        for symbol in block:
            name = symbol.name.lstrip("&")
            if (symbol.is_variable or symbol.is_argument) and name.isidentifier():
                yield name  # results are called ~r0 and the like


def _blocks() -> Iterator[gdb.Block]:
    """Blocks of the selected frame from the inside to its function."""
    try:
        block = gdb.selected_frame().block()
    except (gdb.error, RuntimeError):  # no frame, or one without debug information
        return
    while block is not None:
        yield block
        if block.function is not None:
            return
        block = block.superblock


# -- evaluation -------------------------------------------------------------


def _evaluate(expression: str) -> gdb.Value:
    """The value of an expression, also where GDB's idea of Go stands in the way."""
    escaped = _escaped_variable(expression)
    if escaped is not None:
        return escaped
    try:
        return _parse(expression)
    except gdb.error as why:
        found = _package_variable(expression)
        if found is None:
            raise why
        return found


def _parse(expression: str) -> gdb.Value:
    """Evaluate in the language of the frame, then in C.

    In language go GDB knows no casts, no `->`, and takes `len` for a keyword.
    """
    try:
        return gdb.parse_and_eval(expression)
    except gdb.error as why:
        if gdb.current_language() != "go":
            raise
        try:
            with gdb.with_parameter("language", "c"):
                return gdb.parse_and_eval(expression)
        except gdb.error:
            raise why from None


def _escaped_variable(expression: str) -> gdb.Value | None:
    """A variable that lives on the heap: the compiler calls it "&ctx", a pointer to it.

    An argument has a symbol `ctx` beside it, which is only what was passed.
    """
    name, dot, fields = expression.partition(".")
    if not _NAME.fullmatch(name):
        return None
    for block in _blocks():
        symbols = {symbol.name: symbol for symbol in block}
        if "&" + name in symbols:
            value = symbols["&" + name].value(gdb.selected_frame()).dereference()
            return _follow(value, fields.split(".") if dot else [])
        if name in symbols:
            return None
    return None


def _follow(value: gdb.Value, fields: list[str]) -> gdb.Value:
    for name in fields:
        if value.type.strip_typedefs().code == gdb.TYPE_CODE_PTR:
            value = value.dereference()
        value = value[name]
    return value


def _package_variable(expression: str) -> gdb.Value | None:
    """The value of, say, *main.server.ctx: GDB knows such variables when their names are quoted."""
    quoted = _PATH.sub(_quote_variable, expression)
    return _parse(quoted) if quoted != expression else None


def _quote_variable(path: re.Match[str]) -> str:
    folder, slash, last = path[0].rpartition("/")
    parts = last.split(".")
    for count in range(2, len(parts) + 1):
        name = folder + slash + ".".join(parts[:count])
        symbol = gdb.lookup_global_symbol(name)
        if symbol is not None and symbol.is_variable:
            return f"'{name}'{path[0][len(name):]}"
    return path[0]


def _failed(expression: str, why: Exception) -> GoctxError:
    said = str(why).rstrip(".")
    hint = "give an address (0x...), background, todo, or what has a value in the selected frame"
    if "no frame" in said.lower() or "No symbol" in said:
        hint = "choose a frame that has it (`frame N`, `up`, `info locals`), or give an address"
    return WrongUse(f"cannot evaluate '{expression}': {said}", hint)


def _check_present(value: gdb.Value, expression: str) -> None:
    if value.is_optimized_out:
        raise GoctxError(
            f"'{expression}' is optimized out in this frame",
            "try its callers (`up`), or give an address: goctx list and goctx tree print them",
        )


# -- values -----------------------------------------------------------------


def _data_of(value: gdb.Value, expression: str) -> str | None:
    """Where the data of a slice or string lies; None for other values."""
    kind = value.type.strip_typedefs()
    if kind.code != gdb.TYPE_CODE_STRUCT:
        return None
    names = [field.name for field in kind.fields()]
    if names not in (["array", "len", "cap"], ["str", "len"]):
        return None
    _check_present(value, expression)
    address = int(value[names[0]]) & _MASK
    if not address:
        raise WrongUse(f"'{expression}' is empty: it has no data")
    return hex(address)


def word_of(value: gdb.Value, expression: str, wanted: str = "context") -> str:
    kind = value.type.strip_typedefs()
    if kind.code == gdb.TYPE_CODE_PTR and _is_interface(kind.target().strip_typedefs()):
        value = value.dereference()  # the address of a variable
        kind = value.type.strip_typedefs()
    if _is_interface(kind):
        return _word_of_interface(value, expression)
    _check_present(value, expression)
    if kind.code == gdb.TYPE_CODE_STRUCT:
        if value.address is None:
            raise WrongUse(f"'{expression}' is a struct that has no address")
        return hex(int(value.address) & _MASK)
    if kind.code in (gdb.TYPE_CODE_PTR, gdb.TYPE_CODE_INT):
        address = int(value) & _MASK
        if not address:
            raise WrongUse(f"'{expression}' is nil")
        return hex(address)
    raise WrongUse(f"'{expression}' has type {value.type}, which is no {wanted}",
                     "give an interface, a pointer, a struct or an address")


def _is_interface(kind: gdb.Type) -> bool:
    """Whether it is runtime.iface or runtime.eface, which all interfaces are by their DWARF."""
    if kind.code != gdb.TYPE_CODE_STRUCT:
        return False
    names = [field.name for field in kind.fields()]
    return names in (["tab", "data"], ["_type", "data"])


def _word_of_interface(value: gdb.Value, expression: str) -> str:
    _check_present(value, expression)
    data = value["data"]
    _check_present(data, expression)
    address = int(data) & _MASK
    head = value[value.type.strip_typedefs().fields()[0]]  # tab or _type
    if not head.is_optimized_out:
        if not int(head):
            raise WrongUse(f"'{expression}' is a nil interface")
        # Since Go 1.21 Background and TODO are structs without fields and have no address of their own.
        name = _EMPTY_CONTEXTS.get(ask.type_name(int(head) & _MASK))
        if name:
            return name
    return _empty_variable(address) or hex(address)


def _empty_variable(address: int) -> str | None:
    """Background or TODO before Go 1.21: pointers kept in variables of package context."""
    for word in ("background", "todo"):
        symbol = gdb.lookup_global_symbol(f"context.{word}")
        if symbol is not None and symbol.is_variable and address:
            if int(symbol.value()) == address:
                return word
    return None
