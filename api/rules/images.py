"""Images of products: their life, how large they may be, and which of them show the same. Pure."""

from collections.abc import Sequence
from enum import StrEnum

from api.rules.states import Machine


class ImageStatus(StrEnum):
    """`received` until a worker has read it; buyers see what is `ready`."""

    RECEIVED = "received"
    READY = "ready"
    REFUSED = "refused"


_S = ImageStatus
IMAGE = Machine(
    {
        "accept": (frozenset({_S.RECEIVED}), _S.READY),
        "refuse": (frozenset({_S.RECEIVED, _S.READY}), _S.REFUSED),
    }
)


class Refusal(StrEnum):
    """Why an image is not shown."""

    UNREADABLE = "image_unreadable"
    TOO_MANY_PIXELS = "image_too_many_pixels"
    TOO_SMALL = "image_too_small"
    QUARANTINED = "image_quarantined"


class Rendition(StrEnum):
    """What buyers are given of an image: a copy of it, without what the camera noted."""

    SMALL = "small"
    LARGE = "large"


LONGEST_SIDE = {Rendition.SMALL: 320, Rendition.LARGE: 1280}
"""Pixels of a copy; what is smaller is not made larger."""
MAX_IMAGES = 20
"""Of one product."""
MAX_PIXELS = 25_000_000
"""Decoded, four bytes each: 100 MB, whatever the size of the file."""
MIN_SIDE = 64
HASH_WIDTH, HASH_HEIGHT = 9, 8


def size_refusal(width: int, height: int) -> Refusal | None:
    """Why a picture of so many pixels is not taken; None when it is."""
    if width * height > MAX_PIXELS:
        return Refusal.TOO_MANY_PIXELS
    return Refusal.TOO_SMALL if min(width, height) < MIN_SIDE else None


def difference_hash(grey: Sequence[int]) -> int:
    """64 bits of a picture shrunk to 9 x 8 grey values, row by row: is a value below its right
    neighbour? The first comparison is the highest bit.

    Source: N. Krawetz, "Kind of Like That" (2013), dHash; known also as `imagehash.dhash`.
    Raises ValueError when there are not 72 values.
    """
    if len(grey) != HASH_WIDTH * HASH_HEIGHT:
        raise ValueError(f"{HASH_WIDTH * HASH_HEIGHT} values are needed")
    bits = 0
    for row in range(HASH_HEIGHT):
        start = row * HASH_WIDTH
        for left in range(start, start + HASH_WIDTH - 1):
            bits = bits << 1 | (grey[left] < grey[left + 1])
    return bits
