"""What a country needs of its own to buy here: its hours, its money and its registers."""

from typing import Any

from sqlalchemy import CheckConstraint, Column
from sqlmodel import Field

from api.core.tables import JSON, Table


class Region(Table, table=True):
    """A country whose buyers and deliveries are served; loaded as data, never written in code.

    `identifier_schemes` are the registers that its organisations are known by, as
    `api.rules.identifiers.Register` reads them.
    """

    __tablename__ = "region"
    __table_args__ = (
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country_of_two_letters"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_of_three_letters"),
    )

    country: str = Field(max_length=2, unique=True)
    time_zone: str = Field(max_length=60)
    currency: str = Field(max_length=3)
    identifier_schemes: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    source: str = Field(max_length=500)
    reviewed: bool = False
