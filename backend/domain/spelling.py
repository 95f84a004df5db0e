"""One thing in two spellings: telephone numbers, e-mail and postal addresses (H-6, LS-074).

What is equal here is written to neither side: what a person typed stays as he typed it.
"""

from __future__ import annotations

from dataclasses import astuple
from functools import lru_cache
from typing import Final

from babel.core import Locale, UnknownLocaleError, get_global

from backend.domain.identity import folded, normal_email
from backend.domain.values import Address, FieldValue

PHONES: Final = frozenset({"phone", "mobile", "home_phone", "other_phone", "fax", "assistant_phone"})

_NOWHERE: Final = "ZZ"
"""The region of zones that belong to no country, such as UTC."""


def region_of(zone: str | None) -> str | None:
    """The country of an IANA time zone as ISO 3166 code: where a number without country code is dialled from."""
    if not zone:
        return None
    found: str | None = get_global("zone_territories").get(get_global("zone_aliases").get(zone, zone))
    return None if found == _NOWHERE else found


def same(group: str, left: FieldValue, right: FieldValue, region: str | None = None) -> bool:
    """Whether two values of a group are spellings of one thing. region: of numbers without country code, if known."""
    if group == "email" and isinstance(left, str) and isinstance(right, str):
        return normal_email(left) == normal_email(right)
    if group in PHONES and isinstance(left, str) and isinstance(right, str):
        return _same_number(left, right, region)
    if isinstance(left, Address) and isinstance(right, Address):
        return _plain(left, region) == _plain(right, region)
    return False


def _same_number(left: str, right: str, region: str | None) -> bool:
    """Both are dialled alike, extension included. What is no number, or one of unknown country, is compared as text."""
    if "".join(left.split()).casefold() == "".join(right.split()).casefold():
        return True
    mine, other = _number(left, region), _number(right, region)
    return mine is not None and mine == other


@lru_cache(maxsize=1024)
def _number(text: str, region: str | None) -> tuple[str, str] | None:
    """A number as (form for all the world, extension)."""
    import phonenumbers  # here, because loading it takes longer than most passes do

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return _national(text)
    if not phonenumbers.is_possible_number(number):
        return _national(text)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), number.extension or ""


_MARKS: Final = frozenset(" ()-./\u00a0\u2010\u2011\u2013")


def _national(text: str) -> tuple[str, str] | None:
    """Digits of a number without its punctuation; None if anything else is in it."""
    digits = "".join(character for character in text if character not in _MARKS)
    return (digits, "") if digits.isascii() and digits.isdigit() else None


def _plain(address: Address, region: str | None) -> tuple[str, ...]:
    """The parts without case, surplus blanks, commas and line ends; the country as its code."""
    *parts, country = (folded((part or "").replace(",", " ")) for part in astuple(address))
    return (*parts, _countries(region).get(country, country))


@lru_cache(maxsize=64)
def _countries(region: str | None) -> dict[str, str]:
    """Countries by code and by name, in English and in the language of the region."""
    names: dict[str, str] = {}
    for language in ("en", f"und_{region}") if region else ("en",):
        try:
            territories = {str(code): name for code, name in Locale.parse(language).territories.items()}
        except (UnknownLocaleError, ValueError):
            continue
        names |= {folded(name): code for code, name in territories.items() if code.isalpha()}
        names |= {code.casefold(): code for code in territories if code.isalpha()}
    return names
