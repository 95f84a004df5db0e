"""What is wrong with a form, in words and at the field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from backend.sandbox.microsoft.errors import GraphError
from backend.sandbox.salesforce.errors import SalesforceError

WHOLE = ""
"""The name under which a sentence stands that is about the form as a whole."""


class Refusal(Exception):
    """A form was not taken; sentences by the name of the field."""

    def __init__(self, sentences: Mapping[str, str]) -> None:
        super().__init__("; ".join(sentences.values()))
        self.sentences = dict(sentences)


class Gone(Exception):
    """What somebody works on is no longer there; the text says what and where."""


@contextmanager
def mailbox_words() -> Iterator[None]:
    """Turn a refusal of the mailbox into one of the form. Raises Refusal and Gone."""
    try:
        yield
    except GraphError as error:
        if error.status == 404:
            raise Gone("It is no longer in the mailbox: somebody deleted or moved it meanwhile.") from error
        raise Refusal({WHOLE: f"The mailbox refused this: “{error.message}”"}) from error


@contextmanager
def salesforce_words(fields: Mapping[str, str]) -> Iterator[None]:
    """Turn a refusal of Salesforce into one of the form; `fields` are the form's names by Salesforce's.

    Raises Refusal and Gone.
    """
    try:
        yield
    except SalesforceError as error:
        if error.code in ("NOT_FOUND", "UNDELETE_FAILED"):
            raise Gone("It is no longer there in Salesforce: somebody deleted or restored it meanwhile.") from error
        place = next((fields[name] for name in error.fields if name in fields), WHOLE)
        raise Refusal({place: f"Salesforce refused this: “{error.message}”"}) from error
