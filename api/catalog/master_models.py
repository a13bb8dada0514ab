"""The goods that products of several sellers are."""

from sqlalchemy import Column
from sqlmodel import Field

from api.core.tables import JSON, Table


class MasterProduct(Table, table=True):
    """What products of several sellers are one and the same of; the operator makes it, and each
    owner joins a product to it. It says nothing that a product does not say itself."""

    __tablename__ = "master_product"

    names: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    gtin: str | None = Field(default=None, max_length=14, unique=True)
    version: int = 1
