"""Normal forms of text, so that a service's tidying is never taken for somebody's edit."""

from __future__ import annotations


def line(text: str | None) -> str | None:
    """A single-line value: trimmed, line ends and tabs folded to a blank, empty becomes None (SF: `""` is null)."""
    if text is None:
        return None
    return " ".join(text.split("\n")).replace("\r", " ").replace("\t", " ").strip() or None


def block(text: str | None) -> str | None:
    """A multi-line value: LF line ends, no trailing blanks, no blank lines around it, empty becomes None."""
    if text is None:
        return None
    unified = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ")
    return "\n".join(part.rstrip() for part in unified.split("\n")).strip() or None


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, ending in an ellipsis where something was cut (LS-119)."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
