"""XML of others: UTF-8 without a document type, so that there is no entity to expand and nothing to
fetch."""

import re
from typing import Any

from lxml import etree

from api.core.errors import FieldError, Invalid

type Element = Any
"""An lxml element: lxml has no types."""
_NO_MARKUP = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)


def parse(body: bytes) -> Element:
    """The root of a document. Raises Invalid for what is not UTF-8, has a document type, or is cut
    short or otherwise no XML."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refused("/", "not_utf8", "Send the document in UTF-8.") from error
    if "<!" in _NO_MARKUP.sub("", text):
        raise _doctype()
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, encoding="utf-8"
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise refused("/", "not_xml", f"Line {error.lineno}: {error.msg}") from error
    # An instruction may hold what looks like a comment: the parser knows better than the text.
    if root.getroottree().docinfo.internalDTD is not None:
        raise _doctype()
    return root


def refused(pointer: str, code: str, detail: str) -> Invalid:
    """A refusal that names one place of a document."""
    return Invalid(detail, errors=[FieldError(pointer=pointer, code=code, detail=detail)])


def _doctype() -> Invalid:
    return refused("/", "doctype", "A document type, and with it entities, is not accepted.")
