"""Dangerous goods: their UN number and class.

Source: UN Recommendations on the Transport of Dangerous Goods, Model Regulations, part 2 (classes
and divisions). Which class a UN number has is in the list of part 3, which is not held here.
"""

from api.rules.offers import Finding

CLASSES = frozenset(
    [
        "1.1",
        "1.2",
        "1.3",
        "1.4",
        "1.5",
        "1.6",
        "2.1",
        "2.2",
        "2.3",
        "3",
        "4.1",
        "4.2",
        "4.3",
        "5.1",
        "5.2",
        "6.1",
        "6.2",
        "7",
        "8",
        "9",
    ]
)


def hazard_findings(un_number: str | None, hazard_class: str | None) -> list[Finding]:
    """What is wrong with the declaration of a product; a UN number comes with its class."""
    found = []
    if hazard_class is not None and hazard_class not in CLASSES:
        detail = f"{hazard_class} is no class or division of dangerous goods"
        found.append(Finding("hazard_class", "unknown_hazard_class", detail))
    if (un_number is None) != (hazard_class is None):
        detail = "un_number and hazard_class belong together"
        found.append(Finding("hazard_class", "incomplete", detail))
    return found
