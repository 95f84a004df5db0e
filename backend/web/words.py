"""The catalogue: every sentence of the pages goes through here, whole, with named slots (look and feel, 8)."""

from __future__ import annotations

from gettext import NullTranslations

_catalogue = NullTranslations()


def say(text: str, **slots: object) -> str:
    """The sentence in the viewer's language with its slots filled."""
    translated = _catalogue.gettext(text)
    return translated % slots if slots else translated


def say_many(one: str, many: str, number: int, **slots: object) -> str:
    """The sentence for one or for many; the number itself is a slot of the caller's, formatted."""
    translated = _catalogue.ngettext(one, many, number)
    return translated % slots if slots else translated


def translate(text: str) -> str:
    """For Jinja's `_()`, which fills the slots itself and escapes them."""
    return _catalogue.gettext(text)


def translate_many(one: str, many: str, number: int) -> str:
    """For Jinja's `ngettext()`."""
    return _catalogue.ngettext(one, many, number)
