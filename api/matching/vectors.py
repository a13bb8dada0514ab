"""Vectors in and out of PostgreSQL, and the encoder of this process."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector
from sqlalchemy import text, update
from sqlmodel import Session, col, select

from api.matching.models import DIMENSIONS, EmbeddingModel
from api.matching.text import encoder as encoders
from api.matching.text import fusion, glossary
from api.matching.text.encoder import Encoder
from api.matching.text.language import Language

_HEADER = 4
_BATCH = 512


def encoder() -> Encoder:
    """The encoder that this process makes and compares vectors with."""
    return encoders.default_encoder()


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """(n, 512) a row for each text; short texts go together, since a batch waits for its longest."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    found = np.zeros((len(texts), DIMENSIONS), np.float32)
    for start in range(0, len(order), _BATCH):
        places = order[start : start + _BATCH]
        found[places] = encoder().encode([texts[i] for i in places])
    return found


def stored(vector: NDArray[np.float32]) -> HalfVector:
    """A vector as its column takes it."""
    return HalfVector(vector.astype(np.float16))


def read(raw: Sequence[bytes]) -> NDArray[np.float32]:
    """(n, 512) from what `halfvec_send` gives; parsing the text form takes 50 times as long."""
    if not raw:
        return np.zeros((0, DIMENSIONS), np.float32)
    body = b"".join(bytes(each)[_HEADER:] for each in raw)
    return np.frombuffer(body, ">f2").reshape(-1, DIMENSIONS).astype(np.float32)


@cache
def bank(language: Language, name: str, version: str) -> NDArray[np.float32]:
    """Vectors of requests that are no offer's business, of one encoder."""
    return encode(fusion.bank_texts(glossary.default(), language))


def hubness(vectors: NDArray[np.float32], offsets: NDArray[np.intp]) -> dict[str, Any]:
    """Language -> (n,) the hubness of each offer; requests in Kyrgyz use the Russian one."""
    now = encoder()
    return {
        language.value: fusion.hubness(vectors, offsets, bank(language, now.name, now.version))
        for language in (Language.RU, Language.EN, Language.ZH)
    }


def current(session: Session) -> EmbeddingModel | None:
    """The encoder whose vectors are complete, if any."""
    return session.exec(select(EmbeddingModel).where(col(EmbeddingModel.current))).one_or_none()


def ensure_current(session: Session) -> None:
    """Enter this process's encoder when none is entered yet; of two at once the first does."""
    if current(session) is not None:
        return
    session.connection().execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('kerben.matching.encoder', 0))")
    )
    if current(session) is None:
        switch(session)


def switch(session: Session) -> None:
    """Make this process's encoder the current one."""
    now = encoder()
    session.exec(update(EmbeddingModel).values(current=False))
    session.flush()
    known = session.exec(
        select(EmbeddingModel).where(
            EmbeddingModel.name == now.name, EmbeddingModel.version == now.version
        )
    ).one_or_none()
    row = known or EmbeddingModel(name=now.name, version=now.version, dimensions=now.dimensions)
    row.current = True
    session.add(row)
    session.flush()
