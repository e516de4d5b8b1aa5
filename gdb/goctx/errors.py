"""What goes wrong, in words for the user.  Knows nothing of GDB."""

from __future__ import annotations

__all__ = ["GoctxError", "HelperGone"]


class GoctxError(Exception):
    """A command cannot be done; its text is shown as the helper would show it.

    Args:
        message: what failed, lower case, without full stop
        hint: what the user can do about it, if anything
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @classmethod
    def said(cls, text: str) -> GoctxError:
        """What the helper said, "goctx: ..." and perhaps "hint: ..."."""
        message, _, hint = text.partition("\nhint: ")
        return cls(message[len("goctx: ") :] if message.startswith("goctx: ") else message, hint or None)

    def __str__(self) -> str:
        lines = f"goctx: {self.message}"
        return f"{lines}\nhint: {self.hint}" if self.hint else lines


class HelperGone(GoctxError):
    """The helper ended, or broke the protocol, before its answer was complete.

    Args:
        answered: part of an answer had come, so asking again would repeat it
    """

    def __init__(self, message: str, hint: str | None = None, *, answered: bool = False) -> None:
        super().__init__(message, hint)
        self.answered = answered
