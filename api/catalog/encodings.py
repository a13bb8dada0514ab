"""In which encoding a text file is written, and the file as UTF-8.

A byte order mark decides; else the file is UTF-8 unless most of its lines that are not plain ASCII
say otherwise. GB18030 and CP1251 accept almost any bytes, so they are told apart by what the bytes
would mean: text that Chinese or Russian writers produce. The same bytes always give the same answer.

A line that cannot be text of the file's encoding, or plainly is text of another one, comes out with
its bytes marked (as lone surrogates, which UTF-8 has no place for): its row is refused, and no
other.
"""

import codecs
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import chain
from typing import BinaryIO

MAX_LINE_BYTES = 1_000_000
_PIECE = 256 * 1024
_SAMPLE = 4096
_VOTES = 20_000
_PLAIN_CHARACTERS = 4
_FEWEST_NULS = 4
_CYRILLIC = frozenset([*range(0xC0, 0x100), 0xA8, 0xB8])


class Encoding(StrEnum):
    """The encodings of suppliers' files."""

    UTF_8 = "utf-8"
    UTF_16_LE = "utf-16-le"
    UTF_16_BE = "utf-16-be"
    GB18030 = "gb18030"
    CP1251 = "cp1251"


_MARKS = {
    codecs.BOM_UTF8: Encoding.UTF_8,
    codecs.BOM_UTF16_LE: Encoding.UTF_16_LE,
    codecs.BOM_UTF16_BE: Encoding.UTF_16_BE,
}


def detect(file: BinaryIO) -> Encoding:
    """The encoding of a file, which is left at its beginning."""
    file.seek(0)
    sample = file.read(_SAMPLE)
    file.seek(0)
    found = next((e for mark, e in _MARKS.items() if sample.startswith(mark)), None)
    found = found or _utf_16(sample) or _by_lines(file)
    file.seek(0)
    return found


def as_utf_8(file: BinaryIO, encoding: Encoding) -> Iterator[bytes]:
    """The file from its beginning as UTF-8 without a mark, in pieces of any size."""
    file.seek(0)
    match encoding:
        case Encoding.UTF_8:
            pieces = iter(lambda: file.read(_PIECE), b"")
            first = next(pieces, b"").removeprefix(codecs.BOM_UTF8)
            yield from filter(None, chain((first,), pieces))
        case Encoding.UTF_16_LE | Encoding.UTF_16_BE:
            yield from _from_utf_16(iter(lambda: file.read(_PIECE), b""), encoding)
        case Encoding.GB18030 | Encoding.CP1251:
            for line in iter(lambda: file.readline(MAX_LINE_BYTES), b""):
                yield line if line.isascii() else _recoded(line, encoding)


def _utf_16(sample: bytes) -> Encoding | None:
    """UTF-16 without a mark: one byte of every ASCII character (commas, digits) is NUL."""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    least = max(_FEWEST_NULS, len(sample) // 32)
    if max(even, odd) < least or min(even, odd) * 8 > max(even, odd):
        return None
    return Encoding.UTF_16_LE if odd > even else Encoding.UTF_16_BE


def _by_lines(file: BinaryIO) -> Encoding:
    """What most of the lines that are not ASCII are; the first `_VOTES` of them are asked."""
    utf_8, others = 0, list[bytes]()
    for line in iter(lambda: file.readline(MAX_LINE_BYTES), b""):
        if line.isascii():
            continue
        if _decodes(line, Encoding.UTF_8):
            utf_8 += 1
        else:
            others.append(line[:_SAMPLE])
        if utf_8 + len(others) >= _VOTES:
            break
    if utf_8 >= len(others):
        return Encoding.UTF_8
    chinese = sum(_chinese(line) for line in others)
    return Encoding.GB18030 if chinese * 2 > len(others) else Encoding.CP1251


def _recoded(line: bytes, encoding: Encoding) -> bytes:
    """A line as UTF-8; marked when it is not text of the encoding."""
    if not _decodes(line, encoding) or _plainly_another(line, encoding):
        return line.decode("ascii", "surrogateescape").encode("utf-8", "surrogatepass")
    return line.decode(encoding).encode()


def _plainly_another(line: bytes, encoding: Encoding) -> bool:
    """True when chance would hardly make a line of this encoding look like another's text."""
    if _decodes(line, Encoding.UTF_8):
        return sum(byte >= 0xC0 for byte in line) >= _PLAIN_CHARACTERS
    if encoding is Encoding.CP1251:
        return _chinese(line) and len(_pairs(line)) >= 2 * _PLAIN_CHARACTERS
    high = [byte for byte in line if byte >= 0x80]
    russian = len(high) >= 2 * _PLAIN_CHARACTERS and all(byte in _CYRILLIC for byte in high)
    return russian and not _chinese(line)


def _chinese(line: bytes) -> bool:
    """True for GB18030 whose characters are mostly common ones.

    They are those of GB 2312 level 1 (first byte B0 to D7) and its punctuation (A1 to A3). Russian
    small letters in CP1251 are pairs of E0 to FF, where GB 2312 has its rare characters.
    """
    if not _decodes(line, Encoding.GB18030):
        return False
    pairs = _pairs(line)
    common = sum(0xB0 <= first <= 0xD7 or 0xA1 <= first <= 0xA3 for first in pairs)
    return common * 5 >= len(pairs) * 3


def _pairs(line: bytes) -> list[int]:
    """The first bytes of the characters of two bytes."""
    found, place = [], 0
    while place < len(line):
        if line[place] < 0x80:
            place += 1
            continue
        found.append(line[place])
        place += 2
    return found


def _decodes(line: bytes, encoding: Encoding) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _from_utf_16(pieces: Iterable[bytes], encoding: Encoding) -> Iterator[bytes]:
    """UTF-16 as UTF-8; half a character at the end, or alone, comes out marked."""
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    first = True
    for piece in pieces:
        text = decoder.decode(piece)
        if first and text:
            text, first = text.removeprefix("\ufeff"), False
        if text:
            yield text.encode("utf-8", "surrogatepass")
    rest, _ = decoder.getstate()
    if rest:
        yield "\udcff".encode("utf-8", "surrogatepass")
