"""Pictures, from files that are never trusted: read by Pillow, in bounded memory, or not at all."""

import io
import struct
import zlib
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image, ImageFile, ImageOps

from api.rules.images import (
    HASH_HEIGHT,
    HASH_WIDTH,
    LONGEST_SIDE,
    Refusal,
    Rendition,
    difference_hash,
    size_refusal,
)

_FORMATS = ("JPEG", "PNG")
_QUALITY = 85
_UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    EOFError,
    OverflowError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
"""What Pillow's readers of damaged JPEG and PNG files are known to raise."""
_DEEP = ("I", "F")
"""Modes with more than eight bits a pixel, whose first byte says nothing of the picture."""


class PictureRefused(Exception):
    """The bytes are no picture that is taken; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Copy:
    """A picture in another size, as JPEG."""

    data: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Picture:
    """What was read of a picture, upright: pixels, 64-bit hash, copies."""

    width: int
    height: int
    hash: int
    copies: dict[Rendition, Copy]


def require_header(file: BinaryIO) -> None:
    """Read of a file what it says of itself, decoding nothing. Raises PictureRefused."""
    file.seek(0)
    try:
        with _opened(file):
            pass
    finally:
        file.seek(0)


def read(file: BinaryIO) -> Picture:
    """Decode the whole picture and copy it; nothing of what the camera noted is in the copies.

    Transparent pixels become white. Raises PictureRefused for one that is too large, too small,
    cut short or damaged.
    """
    file.seek(0)
    with _opened(file) as opened:
        try:
            opened.load()
            upright = ImageOps.exif_transpose(opened)
            plain = _plain(upright)
            return Picture(
                plain.width,
                plain.height,
                _hash(plain),
                {name: _copied(plain, side) for name, side in LONGEST_SIDE.items()},
            )
        except _UNREADABLE as error:
            raise PictureRefused(Refusal.UNREADABLE) from error


def _opened(file: BinaryIO) -> ImageFile.ImageFile:
    try:
        opened = Image.open(file, formats=_FORMATS)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise PictureRefused(Refusal.TOO_MANY_PIXELS) from error
    except _UNREADABLE as error:
        raise PictureRefused(Refusal.UNREADABLE) from error
    refusal = size_refusal(*opened.size)
    if refusal is not None:
        raise PictureRefused(refusal)
    return opened


def _plain(image: Image.Image) -> Image.Image:
    """The picture in eight bits of red, green and blue, on white."""
    if image.mode.startswith(_DEEP):
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    clear = image.convert("RGBA")
    white = Image.new("RGBA", clear.size, "white")
    return Image.alpha_composite(white, clear).convert("RGB")


def _hash(image: Image.Image) -> int:
    small = image.convert("L").resize((HASH_WIDTH, HASH_HEIGHT), Image.Resampling.LANCZOS)
    return difference_hash(small.tobytes())


def _copied(image: Image.Image, longest_side: int) -> Copy:
    copy = image.copy()
    copy.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    copy.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return Copy(out.getvalue(), copy.width, copy.height)
