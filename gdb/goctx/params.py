"""set goctx ..., show goctx ..."""

from __future__ import annotations

import gdb

__all__ = ["color_choice", "folds", "helper_path", "limit", "printers", "register", "values"]

_parameters: dict[str, gdb.Parameter] = {}


class HelperParameter(gdb.Parameter):
    """Path of the helper program goctx.

    Without it the program is looked for in the environment variable
    GOCTX_HELPER, as build/goctx of the folder that goctx-gdb.py is in, and in
    PATH."""

    set_doc = "Set the path of the helper program goctx."
    show_doc = "Show the path of the helper program goctx."

    def __init__(self, value: str = "") -> None:
        super().__init__("goctx helper", gdb.COMMAND_DATA, gdb.PARAM_OPTIONAL_FILENAME)
        self.value = value

    def get_set_string(self) -> str:
        return ""

    def get_show_string(self, value: str) -> str:
        return f"The helper program is {value or 'looked for'}."


class LimitParameter(gdb.Parameter):
    """How many lines goctx commands print at most.

    Usage: set goctx limit N|unlimited|auto

    `unlimited` or 0 lifts every cut, those inside of findings too; `auto`
    leaves the choice to each command.  The option --limit of a command goes
    before."""

    set_doc = "Set how many lines goctx commands print at most."
    show_doc = "Show how many lines goctx commands print at most."

    def __init__(self, value: str = "auto") -> None:
        super().__init__("goctx limit", gdb.COMMAND_DATA, gdb.PARAM_STRING_NOESCAPE)
        self.value = self._last = value

    def get_set_string(self) -> str:
        value = (self.value or "").strip()
        number = value.isascii() and value.isdigit()
        if value not in ("auto", "unlimited") and not number:
            self.value = self._last
            raise gdb.GdbError(
                f"goctx: '{value}' is no limit\nhint: set goctx limit N, unlimited or auto"
            )
        self.value = self._last = "unlimited" if number and int(value) == 0 else value
        return ""

    def get_show_string(self, value: str) -> str:
        return f"The limit of lines is {value}."


class ColorParameter(gdb.Parameter):
    """Whether goctx commands print in colour.

    `auto`: when GDB does (see `show style enabled`) and prints to a terminal.
    The option --color of a command goes before."""

    set_doc = "Set whether goctx commands print in colour."
    show_doc = "Show whether goctx commands print in colour."

    def __init__(self, value: str = "auto") -> None:
        super().__init__("goctx color", gdb.COMMAND_DATA, gdb.PARAM_ENUM, ["auto", "on", "off"])
        self.value = value

    def get_set_string(self) -> str:
        return ""

    def get_show_string(self, value: str) -> str:
        return f"Colour is {value}."


class FoldParameter(gdb.Parameter):
    """Whether goctx tree folds siblings of equal shape into one line.

    The option --no-fold of the command goes before."""

    set_doc = "Set whether goctx tree folds siblings of equal shape."
    show_doc = "Show whether goctx tree folds siblings of equal shape."

    def __init__(self, value: bool = True) -> None:
        super().__init__("goctx fold", gdb.COMMAND_DATA, gdb.PARAM_BOOLEAN)
        self.value = value

    def get_set_string(self) -> str:
        return ""

    def get_show_string(self, value: str) -> str:
        return f"Folding of equal siblings is {value}."


class PrintersParameter(gdb.Parameter):
    """Whether GDB prints contexts by name, address and state instead of raw words.

    Usage: set goctx printers auto|on|off

    `auto`: for cores and processes of this machine; a remote process would have
    to be read anew through GDB after each step.  `print/r` shows the words of a
    single value all the same."""

    set_doc = "Set whether GDB prints contexts by name, address and state."
    show_doc = "Show whether GDB prints contexts by name, address and state."

    def __init__(self, value: str = "auto") -> None:
        super().__init__(
            "goctx printers", gdb.COMMAND_DATA, gdb.PARAM_ENUM, ["auto", "on", "off"]
        )
        self.value = value

    def get_set_string(self) -> str:
        return ""

    def get_show_string(self, value: str) -> str:
        return f"Printing of contexts by name is {value}."


class ValuesParameter(gdb.Parameter):
    """Whether goctx commands print the values of value contexts.

    Usage: set goctx values auto|shown|redacted

    `auto`: where there is room for them; `shown`: as with --values everywhere;
    `redacted`: only their types, since values may be secrets that must not
    come into logs and screens that are passed on.  Keys are always shown."""

    set_doc = "Set whether goctx commands print the values of value contexts."
    show_doc = "Show whether goctx commands print the values of value contexts."

    def __init__(self, value: str = "auto") -> None:
        super().__init__(
            "goctx values", gdb.COMMAND_DATA, gdb.PARAM_ENUM, ["auto", "shown", "redacted"]
        )
        self.value = value

    def get_set_string(self) -> str:
        return ""

    def get_show_string(self, value: str) -> str:
        return f"Printing of values is {value}."


class SetPrefix(gdb.Command):
    """Change settings of goctx."""

    def __init__(self) -> None:
        super().__init__("set goctx", gdb.COMMAND_DATA, gdb.COMPLETE_NONE, True)

    def invoke(self, arg: str, from_tty: bool) -> None:
        if arg:
            raise gdb.GdbError(_undefined("set", arg))
        gdb.execute("help set goctx")


class ShowPrefix(gdb.Command):
    """Show settings of goctx."""

    def __init__(self) -> None:
        super().__init__("show goctx", gdb.COMMAND_DATA, gdb.COMPLETE_NONE, True)

    def invoke(self, arg: str, from_tty: bool) -> None:
        if arg:
            raise gdb.GdbError(_undefined("show", arg))
        for name, parameter in _parameters.items():
            value = parameter.value
            if isinstance(value, bool):
                value = "on" if value else "off"
            gdb.write(f"goctx {name}:  {parameter.get_show_string(value)}\n")


def _undefined(verb: str, arg: str) -> str:
    return (
        f"goctx: there is no setting '{arg.split()[0]}'"
        f"\nhint: `help {verb} goctx` lists the settings"
    )


def register() -> None:
    """Add the settings; those made before the package was loaded anew keep their values."""
    kinds = {
        "color": ColorParameter,
        "fold": FoldParameter,
        "helper": HelperParameter,
        "limit": LimitParameter,
        "printers": PrintersParameter,
        "values": ValuesParameter,
    }
    before = {name: _value_before(name) for name in kinds}
    SetPrefix()  # the new prefixes are empty: the old parameters are gone now
    ShowPrefix()
    for name, kind in kinds.items():
        value = before[name]
        _parameters[name] = kind() if value is None else kind(value)


def _value_before(name: str) -> str | bool | None:
    try:
        return gdb.parameter(f"goctx {name}")
    except RuntimeError:  # not known yet
        return None


def helper_path() -> str | None:
    """The path that the user set."""
    return _parameters["helper"].value or None


def limit() -> str | None:
    """The value for --limit; None: the command's own."""
    value = _parameters["limit"].value
    return {"auto": None, "unlimited": "0"}.get(value, value)


def folds() -> bool:
    """Whether equal siblings are folded."""
    return _parameters["fold"].value


def printers() -> str:
    """auto, on or off: whether contexts are printed by name."""
    return _parameters["printers"].value


def values() -> str:
    """auto, shown or redacted."""
    return _parameters["values"].value


def color_choice() -> str:
    """auto, on or off."""
    return _parameters["color"].value
