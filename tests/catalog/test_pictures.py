"""Reading pictures: whole ones, and files that are none."""

import io

import pytest
from PIL import Image

from api.catalog import pictures
from api.catalog.pictures import PictureRefused
from api.rules.images import Refusal, Rendition
from tests.catalog import photos

WHOLE = photos.png()


def read(content: bytes) -> pictures.Picture:
    return pictures.read(io.BytesIO(content))


def test_copies_are_smaller_and_never_larger_than_the_picture() -> None:
    found = read(photos.png(size=(2000, 1000)))

    assert (found.width, found.height) == (2000, 1000)
    sizes = {name: (copy.width, copy.height) for name, copy in found.copies.items()}
    assert sizes == {Rendition.SMALL: (320, 160), Rendition.LARGE: (1280, 640)}
    assert read(photos.png(size=(100, 90))).copies[Rendition.LARGE].width == 100


def test_a_copy_has_nothing_of_what_the_camera_noted_and_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010F] = "Camera of Bishkek"
    exif.get_ifd(0x8825)[1] = "N"
    content = photos.encoded(photos.drawn(), "JPEG", exif=exif.tobytes())

    found = read(content)

    assert (found.width, found.height) == (300, 400)
    for copy in found.copies.values():
        shown = Image.open(io.BytesIO(copy.data))
        assert (dict(shown.getexif()), shown.format) == ({}, "JPEG")
        assert b"Bishkek" not in copy.data


def test_another_size_and_encoding_of_a_picture_has_nearly_its_hash() -> None:
    image = photos.drawn(3)
    same = photos.encoded(image.resize((200, 150)), "JPEG", quality=60)

    own = read(photos.encoded(image)).hash

    assert (own ^ read(same).hash).bit_count() <= 4
    assert (own ^ read(photos.png(4)).hash).bit_count() > 10


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_kind_of_png_is_read(mode: str) -> None:
    image = photos.drawn().convert("L").convert("I;16" if mode == "I;16" else mode)

    assert read(photos.encoded(image)).width == 400


def test_a_jpeg_for_printing_is_read() -> None:
    assert read(photos.encoded(photos.drawn().convert("CMYK"), "JPEG")).width == 400


def test_what_is_transparent_becomes_white() -> None:
    clear = Image.new("RGBA", (100, 100), (200, 0, 0, 0))

    shown = Image.open(io.BytesIO(read(photos.encoded(clear)).copies[Rendition.SMALL].data))

    assert shown.getpixel((50, 50)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", Refusal.UNREADABLE),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, Refusal.UNREADABLE),
        (WHOLE[: len(WHOLE) // 2], Refusal.UNREADABLE),
        (photos.encoded(photos.drawn(), "JPEG")[:3000], Refusal.UNREADABLE),
        (photos.bomb(400, 400), Refusal.UNREADABLE),
        (photos.bomb(30_000, 30_000), Refusal.TOO_MANY_PIXELS),
        (photos.bomb(10_000, 10_000), Refusal.TOO_MANY_PIXELS),
        (photos.bomb(5_001, 5_000), Refusal.TOO_MANY_PIXELS),
        (photos.png(size=(60, 400)), Refusal.TOO_SMALL),
        (photos.encoded(photos.drawn(), "GIF"), Refusal.UNREADABLE),
        (photos.encoded(photos.drawn(), "TIFF"), Refusal.UNREADABLE),
    ],
)
def test_what_is_no_whole_picture_of_our_formats_is_refused(
    content: bytes, refusal: Refusal
) -> None:
    with pytest.raises(PictureRefused) as caught:
        read(content)

    assert caught.value.refusal is refusal


@pytest.mark.parametrize("at", range(0, len(WHOLE), 97))
def test_a_damaged_picture_is_read_or_refused_and_never_crashes(at: int) -> None:
    damaged = WHOLE[:at] + bytes([WHOLE[at] ^ 0xFF]) + WHOLE[at + 1 :]

    try:
        found = read(damaged)
    except PictureRefused as error:
        refusal = error.refusal
        assert refusal in Refusal
    else:
        assert found.width > 0
