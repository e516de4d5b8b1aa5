"""What goes wrong, in words for the user.  Knows nothing of GDB."""

from __future__ import annotations

__all__ = ["GoctxError", "HelperGone", "WrongUse"]

WRONG_USE, NO_TARGET = 2, 3  # exit statuses of the command line


class GoctxError(Exception):
    """A command cannot be done; its text is shown as the helper would show it.

    Args:
        message: what failed, lower case, without full stop
        hint: what the user can do about it, if anything

    Attributes:
        status: with which the command line would end
    """

    status = NO_TARGET

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @classmethod
    def said(cls, text: str, status: int) -> GoctxError:
        """What the helper said, "goctx: ..." and perhaps "hint: ...", and its status."""
        message, _, hint = text.partition("\nhint: ")
        error = cls(message[len("goctx: ") :] if message.startswith("goctx: ") else message, hint or None)
        error.status = status
        return error

    def __str__(self) -> str:
        lines = f"goctx: {self.message}"
        return f"{lines}\nhint: {self.hint}" if self.hint else lines


class WrongUse(GoctxError):
    """The user asked for what cannot be asked."""

    status = WRONG_USE


class HelperGone(GoctxError):
    """The helper ended, or broke the protocol, before its answer was complete.

    Args:
        answered: part of an answer had come, so asking again would repeat it
    """

    def __init__(self, message: str, hint: str | None = None, *, answered: bool = False) -> None:
        super().__init__(message, hint)
        self.answered = answered
