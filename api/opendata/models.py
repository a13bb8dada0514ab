"""What everybody may read, kept as the bytes that are sent."""

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field

from api.core.tables import Table


class PublicDocument(Table, table=True):
    """A document and the path under which it is served, written anew when its source changes."""

    __tablename__ = "public_document"

    path: str = Field(max_length=200, unique=True)
    media_type: str = Field(max_length=100)
    etag: str = Field(max_length=80)
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
