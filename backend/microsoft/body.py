"""Bodies of events: text inside, HTML in Exchange (MS-058); the join block of online meetings stays (MS-081)."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from typing import Final

_BREAKING: Final = frozenset(
    {"div", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "table", "tr", "ul"}
)
_SILENT: Final = frozenset({"head", "script", "style", "title"})

_RULE: Final = re.compile(r"_{20,}")
"""Teams sets off its block with long lines of underscores, above and (since 2023) below."""
_TEXT_BLOCK: Final = re.compile(r"^[ \t]*_{20,}[ \t]*\r?$.*?(?:^[ \t]*_{20,}[ \t]*\r?$|\Z)", re.MULTILINE | re.DOTALL)
_OPENING: Final = re.compile(r"(?:<(?:div|p|span|font)\b[^>]*>\s*)+\Z", re.IGNORECASE)
"""Elements that begin right before the line: they belong to the block."""
_CLOSING: Final = re.compile(r"(?:\s*</(?:div|p|span|font)>)*", re.IGNORECASE)
_BODY_START: Final = re.compile(r"<body[^>]*>", re.IGNORECASE)
_BODY_END: Final = re.compile(r"</body\s*>", re.IGNORECASE)


def own_text(text: str, *, online: bool) -> str:
    """The text that people wrote: for an online meeting without the join block."""
    return _TEXT_BLOCK.sub("", text, count=1) if online else text


def with_own_text(document: str, text: str) -> str | None:
    """An online meeting's HTML with other own text before an untouched join block; None if the block is not found.

    What people wrote below the block is own text too: it is in the new text, so it must not stay below.
    """
    start, rule = _BODY_START.search(document), _RULE.search(document)
    if start is None or rule is None or rule.start() < start.end():
        return None
    opening = _OPENING.search(document, start.end(), rule.start())
    block = opening.start() if opening is not None else rule.start()
    lines = "<br>\r\n".join(html.escape(line, quote=False) for line in text.split("\n"))
    end, below = _block_end(document, rule.end())
    return f"{document[: start.end()]}<div>{lines}</div>\r\n{document[block:end]}{document[below:]}"


def _block_end(document: str, after: int) -> tuple[int, int]:
    """Where a block ends that has a line below too, and where the body ends; without one it goes to the end."""
    last = _RULE.search(document, after)
    closing = _CLOSING.match(document, last.end()) if last is not None else None
    if closing is None:
        return len(document), len(document)
    body_end = _BODY_END.search(document, closing.end())
    return closing.end(), body_end.start() if body_end is not None else len(document)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in _SILENT:
            self._silent += 1
        elif tag == "br" or tag in _BREAKING:
            self._line(forced=tag == "br")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BREAKING:
            self._line(forced=False)

    def handle_data(self, data: str) -> None:
        text = re.sub(r"[ \t\r\n]+", " ", data)
        if not self.parts or self.parts[-1].endswith("\n"):
            text = text.lstrip(" ")
        if not self._silent and text.strip(" "):
            self.parts.append(text)

    def _line(self, *, forced: bool) -> None:
        if forced or (self.parts and not self.parts[-1].endswith("\n")):
            self.parts.append("\n")


def text_of(document: str) -> str:
    """Plain text of HTML, for the case that the service did not honour our wish for text (MS-018)."""
    reader = _Text()
    reader.feed(document)
    reader.close()
    return "".join(reader.parts)
