"""What the log shows. Everybody sees hashes, places and signatures; contents only who may."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

_HASH = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
EntryId = Annotated[
    str,
    StringConstraints(pattern="^[0-9a-f]{32}$"),
    Field(examples=["019abf2e8c1d7c3fa9b04b4c6f0d2e11"]),
]
Stream = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z_]{1,40}:[0-9A-Za-z_.:-]{1,79}$", max_length=80),
    Field(examples=["tender:019abf2e8c1d7c3fa9b04b4c6f0d2e11"]),
]
HeadNumber = Annotated[int, Field(ge=1, lt=2**53, examples=[42])]
Seq = Annotated[int, Field(ge=1, lt=2**31, examples=[3])]
Size = Annotated[int, Field(ge=0, lt=2**53, examples=[123456])]
Hash = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$"), Field(examples=[_HASH])]
KeyId = Annotated[str, Field(examples=["5f083f0a1a33ca076a95279832580db3"])]
Signature = Annotated[
    str,
    Field(
        description="Ed25519 over the RFC 8785 form of `content`, in base64",
        examples=[
            "lUk0Ww8Vx2Zr5o3nq0l2m9Jc7bX1Yt4hAaBbCcDdEeFfGgHhIiJjKkLlMmNnOoPp0123456789+/ABCDEF=="
        ],
    ),
]
Proof = Annotated[
    list[Hash], Field(max_length=128, description="Hashes from the leaves up (RFC 9162, 2.1)")
]


class Closed(BaseModel):
    """Nothing unnamed is signed or read."""

    model_config = ConfigDict(extra="forbid")


class KeyOut(BaseModel):
    """A key that signs or has signed. Keep the one you trust: whoever answers here could change it."""

    model_config = ConfigDict(from_attributes=True)

    key_id: KeyId
    algorithm: Literal["Ed25519"] = "Ed25519"
    public_key: str = Field(
        description="Its 32 bytes in base64",
        examples=["11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="],
    )


class KeysOut(BaseModel):
    """Every key that ever signed, oldest first."""

    items: list[KeyOut]


class HeadContent(Closed):
    """The log at one moment."""

    type: Literal["audit_head"]
    log: str = Field(examples=["https://kerben.kg"])
    number: HeadNumber
    tree_size: Size = Field(description="How many entries the log has")
    root_hash: Hash = Field(description="Merkle root over their leaf hashes")
    signed_at: str = Field(examples=["2026-11-25T10:00:00.123456+00:00"])
    previous_hash: Hash = Field(
        description="SHA-256 of the RFC 8785 form of the content of the head before; first: zeros"
    )


class HeadOut(Closed):
    """A signed head of the log. It never changes."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    content: HeadContent
    key_id: KeyId
    signature: Signature


class InclusionOut(BaseModel):
    """That an entry is in the log of a head: the leaf, its place, and the hashes to its root.

    `leaf_hash` is the SHA-256 of a zero byte and the 32 bytes of the entry's `hash`.
    """

    entry_id: EntryId
    leaf_index: Size
    leaf_hash: Hash
    proof: Proof
    head: HeadOut


class ConsistencyOut(BaseModel):
    """That the log of the newer head begins with that of the older one."""

    older: HeadOut
    newer: HeadOut
    proof: Proof


class ExportedEntry(Closed):
    """An entry and what proves it.

    `hash` is the SHA-256 of `prev_hash` (as text) followed by the RFC 8785 form of `content`.
    `content` is null where another organisation acted whose entry you may not read. `leaf_index`
    and `proof` are null where the entry is newer than the head.
    """

    seq: Seq
    content: dict[str, Any] | None = Field(
        examples=[
            {
                "id": "019abf2e8c1d7c3fa9b04b4c6f0d2e11",
                "at": "2026-11-24T05:06:07.891011+00:00",
                "stream": "tender:019abf2e8c1d7c3fa9b04b4c6f0d2e11",
                "seq": 3,
                "org_id": None,
                "actor": "client:019abf2e8c1d7c3fa9b04b4c6f0d2e11",
                "action": "publish",
                "change": {},
                "request_id": None,
            }
        ]
    )
    prev_hash: Hash
    hash: Hash
    leaf_index: Size | None
    proof: Proof | None


class StatementContent(Closed):
    """What the service says of a stream: how long it is, so that a cut end shows."""

    type: Literal["audit_export"]
    stream: Stream
    entries: Size = Field(description="How many the stream has")
    proven: Size = Field(description="How many of them, from the first, the head covers")
    withheld: list[int] = Field(description="`seq` of entries without content", examples=[[2]])
    last_hash: Hash = Field(description="`hash` of the last entry")
    head_hash: Hash = Field(description="SHA-256 of the RFC 8785 form of the head's content")


class StatementOut(Closed):
    """A signed statement about a stream."""

    content: StatementContent
    key_id: KeyId
    signature: Signature


class ExportOut(Closed):
    """One stream as `kerben verify audit` checks it without the service."""

    format: Literal["kerben-audit-1"] = "kerben-audit-1"
    statement: StatementOut
    head: HeadOut
    entries: list[ExportedEntry]
