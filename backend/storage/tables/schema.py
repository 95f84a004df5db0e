"""What every table shares: one metadata with named constraints, the type of ids, the reference to a person."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer(), "sqlite")


def user_column(**options: Any) -> Column[Any]:
    """`user_id`, which goes with the person."""
    return Column("user_id", Id, ForeignKey("person.id", ondelete="CASCADE"), **options)


def index_where_given(*columns: str) -> Index:
    """An index that leaves out rows whose last column is empty: half of them never have it."""
    given = text(f"{columns[-1]} IS NOT NULL")
    return Index(None, *columns, sqlite_where=given, postgresql_where=given)
