"""Pictures for tests, drawn here."""

import io
import random
import struct
import zlib
from typing import Any

from PIL import Image, ImageDraw

from api.core.ids import parse

BYTES = {"Content-Type": "application/octet-stream"}


def drawn(seed: int = 1, size: tuple[int, int] = (400, 300)) -> Image.Image:
    """A picture of rectangles, another one for each seed."""
    chance = random.Random(seed)
    image = Image.new("RGB", size, "white")
    brush = ImageDraw.Draw(image)
    step = min(size) // 3
    for _ in range(12):
        left, top = chance.randrange(size[0] - step), chance.randrange(size[1] - step)
        right, bottom = left + chance.randrange(5, step), top + chance.randrange(5, step)
        brush.rectangle((left, top, right, bottom), tuple(chance.randrange(256) for _ in "rgb"))
    return image


def encoded(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def png(seed: int = 1, size: tuple[int, int] = (400, 300)) -> bytes:
    return encoded(drawn(seed, size))


def bomb(width: int, height: int) -> bytes:
    """A few bytes of PNG that say they are so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        sum_ = struct.pack("!I", zlib.crc32(kind + data))
        return struct.pack("!I", len(data)) + kind + data + sum_

    header = struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def sent(seller: Any, product_id: str, content: bytes, name: str = "desk.png") -> Any:
    """The answer to an upload, whatever it is."""
    url = f"/v1/products/{product_id}/images"
    return seller.post(url, params={"name": name}, content=content, headers=BYTES)


def added(seller: Any, product_id: str, content: bytes, name: str = "desk.png") -> dict[str, Any]:
    """An image as the API answers, not yet read."""
    answer = sent(seller, product_id, content, name)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def uuid_of(image: dict[str, Any]) -> Any:
    return parse("productimage", image["id"])
