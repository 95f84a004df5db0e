"""SOQL: the part of the language that the stand-in knows. What it does not know is an error with a caret."""

from backend.sandbox.salesforce.soql.run import Answer, run

__all__ = ["Answer", "run"]
