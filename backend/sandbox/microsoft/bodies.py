"""Bodies of events: whatever is sent is stored as HTML with Exchange's wrapper around it (MS-058)."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

PREVIEW_LENGTH = 255

_META = '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
_QUOTE_STYLE = (
    "<style><!-- .EmailQuote { margin-left: 1pt; padding-left: 4pt; border-left: #800000 2px solid; } --></style>"
)
_ACTIVE = re.compile(r"<(script|iframe|object)\b.*?(</\1\s*>|$)", re.IGNORECASE | re.DOTALL)
_HANDLER = re.compile(r"\son\w+\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]+)", re.IGNORECASE)
_BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)
_BREAKING = frozenset(
    [
        "address",
        "blockquote",
        "div",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "table",
        "tr",
        "ul",
    ]
)
_SILENT = frozenset(("head", "script", "style", "title"))


def stored(content: str | None, content_type: str) -> str:
    """The HTML that Exchange keeps of a body sent as `text` or `html`."""
    if not content:
        return ""
    if content_type == "text":
        return _from_text(content)
    clean = _HANDLER.sub("", _ACTIVE.sub("", content))
    if re.search(r"<html[\s>]", clean, re.IGNORECASE):
        return _with_meta(clean)
    return f"<html><head>\r\n{_META}</head><body>\r\n{clean}\r\n</body></html>\r\n"


def _from_text(content: str) -> str:
    lines = re.split(r"\r\n|\r|\n", content)
    escaped = "<br>\r\n".join(_spaces(html.escape(line, quote=False)) for line in lines)
    return (
        f'<html>\r\n<head>\r\n{_META}\r\n<meta name="Generator" content="Microsoft Exchange Server">\r\n'
        f"<!-- converted from text -->\r\n{_QUOTE_STYLE}</head>\r\n<body>\r\n"
        f'<font size="2"><span style="font-size:11pt;"><div class="PlainText">{escaped}</div></span></font>'
        "\r\n</body>\r\n</html>\r\n"
    )


def _spaces(line: str) -> str:
    return re.sub(r"^ +| {2,}", lambda run: "&nbsp;" * (len(run[0]) - 1) + "&nbsp;", line)


def _with_meta(document: str) -> str:
    if re.search(r"http-equiv=.?content-type", document, re.IGNORECASE):
        return document
    if re.search(r"<head[\s>]", document, re.IGNORECASE):
        return re.sub(r"(<head[^>]*>)", rf"\1\r\n{_META}", document, count=1, flags=re.IGNORECASE)
    return re.sub(r"(<html[^>]*>)", rf"\1<head>\r\n{_META}</head>", document, count=1, flags=re.IGNORECASE)


def with_block(document: str, block: str) -> str:
    """The document with a block of HTML at the end of its body."""
    if not document:
        return f"<html><head>\r\n{_META}</head><body>\r\n{block}</body></html>\r\n"
    end = _BODY_END.search(document)
    at = end.start() if end else len(document)
    return document[:at] + block + document[at:]


class _Text(HTMLParser):
    """Collects the text of a document; blocks and breaks become line ends."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in _SILENT:
            self._silent += 1
        elif tag == "br":
            self.parts.append("\n")
        elif tag in _BREAKING:
            self._break()

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BREAKING:
            self._break()

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        text = re.sub(r"[ \t\r\n]+", " ", data)
        if self._at_line_start():
            text = text.lstrip(" ")
        if text:
            self.parts.append(text)

    def _at_line_start(self) -> bool:
        return not self.parts or self.parts[-1].endswith("\n")

    def _break(self) -> None:
        if self.parts and not self._at_line_start():
            self.parts.append("\n")


def as_text(document: str) -> str:
    """The plain text of a stored body, with CRLF line ends, ending in one."""
    if not document:
        return ""
    reader = _Text()
    reader.feed(document)
    reader.close()
    text = "".join(reader.parts).replace("\xa0", " ")
    text = re.sub(r" +\n", "\n", text).strip("\n")
    return text.replace("\n", "\r\n") + "\r\n" if text.strip() else ""


def preview(document: str) -> str:
    """The first characters of the text, at most 255 (MS-059)."""
    return as_text(document).rstrip("\r\n")[:PREVIEW_LENGTH]
