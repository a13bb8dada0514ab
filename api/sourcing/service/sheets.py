"""The comparison of quotes as a workbook (XLSX): a sheet for each set of quantities."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from api.core import ids, spreadsheets
from api.core.spreadsheets import Sheet

_COLUMNS = {
    "rank": "Место",
    "seller": "Поставщик",
    "number": "Номер предложения",
    "alternative_of": "Замена позиции",
    "incoterm": "Инкотермс",
    "place_code": "Место по условию",
    "price": "Цена",
    "currency": "Валюта",
    "route_code": "Маршрут",
    "buyer_logistics": "Логистика покупателя, в валюте цены",
    "insurance": "Страхование, в валюте цены",
    "local_charges": "Расходы на месте",
    "customs_value": "Таможенная стоимость",
    "fee": "Таможенный сбор",
    "duty": "Пошлина",
    "remedies": "Антидемпинговые и иные меры",
    "excise": "Акциз",
    "vat": "НДС",
    "total_gross": "Всего с доставкой",
    "total_net": "Всего без НДС",
    "lead_time_days": "Срок, дней",
    "payment_terms": "Условия оплаты",
    "valid_until": "Действует до",
    "complete": "Все позиции",
    "valid": "Действует",
    "outdated": "На прежнюю редакцию",
    "remarks": "Чего нет, замечания",
}
_WIDE = {"seller": 40, "route_code": 34, "remarks": 80, "payment_terms": 40, "valid_until": 26}


def workbook(table: Mapping[str, Any]) -> bytes:
    """The rows of a comparison. Amounts are numbers; texts that a spreadsheet would take for a
    formula begin with an apostrophe."""
    place = f"{table['destination_place_code']}, {table['currency']}"
    return spreadsheets.workbook(
        Sheet(
            [*_COLUMNS.values()],
            ([_cell(name, row) for name in _COLUMNS] for row in volume["quotes"]),
            title=f"{number}",
            above=[
                place,
                table["day"].isoformat(),
                "; ".join(f"{item}: {each:f}" for item, each in volume["quantities"].items()),
            ],
            widths=[_WIDE.get(name, 18) for name in _COLUMNS],
            fixed="C3",
        )
        for number, volume in enumerate(table["volumes"], start=1)
    )


def _cell(name: str, row: Mapping[str, Any]) -> Any:
    if name == "seller":
        return next(iter(row["seller"].values()), "")
    if name == "remarks":
        notices = [each["detail"] for each in row["notices"]]
        return "; ".join([*(each.detail for each in row["faults"]), *notices])
    value = row[name]
    if name == "alternative_of":
        return None if value is None else ids.show("rfqitem", value)
    if name == "valid_until":
        return value.isoformat()
    return value if isinstance(value, Decimal | int) or value is None else str(value)
