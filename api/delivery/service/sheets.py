"""The comparison of bids as a workbook (XLSX)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from api.core import spreadsheets
from api.core.spreadsheets import Sheet

_COLUMNS = {
    "rank_gross": "Место",
    "bid": "Заявка",
    "supplier": "Поставщик",
    "incoterm": "Инкотермс",
    "deviations": "Согласовано иначе",
    "exporter": "Экспортёр по декларации",
    "evaluated_as": "Рассмотрено как",
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
    "total_gross": "Всего DDP",
    "total_net": "Всего DDP без НДС",
    "rank_net": "Место без НДС",
    "freight_split_saving": "Экономия при раздельном счёте за перевозку",
    "remarks": "Замечания",
}
_WIDE = {"bid": 40, "supplier": 40, "exporter": 40, "route_code": 34, "remarks": 80}


def workbook(table: Mapping[str, Any], bids: Mapping[Any, str]) -> bytes:
    """The rows of a comparison; `bids` are their ids as the API shows them.

    Amounts are numbers; texts that a spreadsheet would take for a formula begin with an
    apostrophe.
    """
    place = f"DDP {table['destination_place_code']}, {table['currency']}"
    return spreadsheets.workbook(
        [
            Sheet(
                [*_COLUMNS.values()],
                ([_cell(name, row, bids) for name in _COLUMNS] for row in table["bids"]),
                title="DDP",
                above=[place, f"{table['fx_source']}", table["fx_day"].isoformat()],
                widths=[_WIDE.get(name, 18) for name in _COLUMNS],
                fixed="C3",
            )
        ]
    )


def _cell(name: str, row: Mapping[str, Any], bids: Mapping[Any, str]) -> Any:
    if name == "bid":
        return bids[row["bid_id"]]
    if name in ("supplier", "exporter"):
        return next(iter(row[name].values()), "")
    if name == "deviations":
        return ", ".join(row["deviations"])
    if name == "remarks":
        notices = [each["detail"] for each in row["notices"]]
        return "; ".join([*notices, *(each.detail for each in row["faults"])])
    value = row[name]
    return value if isinstance(value, Decimal | int) or value is None else str(value)
