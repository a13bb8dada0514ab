"""The log of all audit entries: places, complete subtrees and signed heads. Append-only."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, LargeBinary
from sqlmodel import Field, SQLModel

from api.core.tables import JSON, Table


class AuditLeaf(SQLModel, table=True):
    """The place of an audit entry in the log, counted from 0 without gaps, and its leaf hash."""

    __tablename__ = "audit_leaf"

    leaf_index: int = Field(
        sa_column=Column(BigInteger, primary_key=True, autoincrement=False, nullable=False)
    )
    entry_id: UUID = Field(unique=True)
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AuditNode(SQLModel, table=True):
    """The hash of a complete subtree above the leaves (see rules/merkle.py `Node`)."""

    __tablename__ = "audit_node"

    level: int = Field(primary_key=True)
    node_index: int = Field(
        sa_column=Column(BigInteger, primary_key=True, autoincrement=False, nullable=False)
    )
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AuditHead(Table, table=True):
    """What the log was at one moment, signed: `content` is what the signature covers."""

    __tablename__ = "audit_head"

    number: int = Field(sa_column=Column(BigInteger, nullable=False, unique=True))
    tree_size: int = Field(sa_column=Column(BigInteger, nullable=False))
    content: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    key_id: str = Field(max_length=40)
    signature: str = Field(max_length=88)
