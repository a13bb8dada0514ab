"""Reading messages of ISO 20022: elements by their names in the document's own namespace, and the place
of what is wrong."""

import re
from decimal import Decimal, InvalidOperation

from lxml import etree

from api.core.xml_files import Element
from api.payments.bank.problems import unreadable

NOT_GIVEN = frozenset({"NOTPROVIDED", "NONREF", "NONE", ""})
"""What banks write where an id must stand and there is none."""


def first(element: Element, *names: str) -> Element | None:
    """The first element at a path below another."""
    return element.find(_steps(element, names))


def every(element: Element, *names: str) -> list[Element]:
    """The elements at a path below another."""
    return list(element.findall(_steps(element, names)))


def text(element: Element, *names: str) -> str | None:
    """What stands in the first element at a path; None when nothing does."""
    found = first(element, *names)
    said = None if found is None else found.text
    return None if said is None else said.strip() or None


def need_child(element: Element, name: str) -> Element:
    """The child of this name. Raises StatementUnreadable."""
    found = first(element, name)
    if found is None:
        raise unreadable(path(element), "missing", f"{name} is missing.")
    return found


def need(element: Element, *names: str) -> str:
    """As `text`. Raises StatementUnreadable when nothing does."""
    found = text(element, *names)
    if found is None:
        raise unreadable(path(element), "missing", f"{'/'.join(names)} is missing.")
    return found


def decimal(element: Element) -> Decimal:
    """An amount as the schema has it: up to 18 digits, 5 of them decimals. Raises
    StatementUnreadable."""
    said = (element.text or "").strip()
    if not re.fullmatch(r"\d{1,14}(\.\d{0,5})?|\.\d{1,5}", said):
        raise unreadable(path(element), "amount", "No amount.")
    try:
        return Decimal(said)
    except InvalidOperation as error:
        raise unreadable(path(element), "amount", "No amount.") from error


def given(said: str | None) -> str | None:
    """An id, unless it says that there is none."""
    return None if (said or "") in NOT_GIVEN else said


def path(element: Element) -> str:
    """Where an element is, and its line: `/Document/BkToCstmrStmt/Stmt/Ntry (line 41)`."""
    steps = [etree.QName(e).localname for e in (element, *element.iterancestors())]
    return f"/{'/'.join(reversed(steps))} (line {element.sourceline})"


def _steps(element: Element, names: tuple[str, ...]) -> str:
    return "/".join(f"{{{etree.QName(element).namespace}}}{n}" for n in names)
