"""Compiled releases of another publisher, made up as each test needs."""

from typing import Any

KGS = "KGS"


def value(amount: float, currency: str = KGS) -> dict[str, Any]:
    """An OCDS Value."""
    return {"amount": amount, "currency": currency}


def tender(**changed: Any) -> dict[str, Any]:
    """An open tender of a month, opened on a working day, that trips no indicator."""
    return {
        "id": "t",
        "title": "Ремонт школы",
        "status": "active",
        "procurementMethod": "open",
        "value": value(5_000_000),
        "tenderPeriod": {
            "startDate": "2026-03-02T09:00:00+06:00",
            "endDate": "2026-04-01T09:00:00+06:00",
        },
        "lots": [{"id": "1", "status": "active"}],
        "items": [{"id": "1", "classification": {"scheme": "CPV", "id": "45000000-7"}}],
        **changed,
    }


def bid(n: int, amount: float, status: str = "valid", **changed: Any) -> dict[str, Any]:
    """A bid of supplier number `n`."""
    supplier = {"id": f"KG-INN-{n:014d}", "name": f"Поставщик {n}"}
    return {
        "id": str(n),
        "status": status,
        "value": value(amount),
        "tenderers": [supplier],
        "relatedLots": ["1"],
        **changed,
    }


def award(n: int, amount: float, status: str = "active", **changed: Any) -> dict[str, Any]:
    """An award to supplier number `n`."""
    return {
        "id": f"a{n}",
        "status": status,
        "value": value(amount),
        "suppliers": [{"id": f"KG-INN-{n:014d}", "name": f"Поставщик {n}"}],
        "relatedLots": ["1"],
        **changed,
    }


def release(ocid: str = "ocds-other0-1", **changed: Any) -> dict[str, Any]:
    """A release of one buyer with one tender."""
    return {
        "ocid": ocid,
        "id": "1",
        "date": "2026-03-02T09:00:00+06:00",
        "tag": ["tender"],
        "initiationType": "tender",
        "buyer": {"id": "KG-INN-00000000000099", "name": "Мэрия"},
        "tender": tender(),
        **changed,
    }
