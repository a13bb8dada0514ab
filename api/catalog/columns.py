"""The columns of a catalogue file, and the words by which suppliers call them."""

import csv
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from api.core.errors import FieldError, Invalid

LANGUAGES = ("ky", "ru", "en", "zh")
NAMES = tuple(f"name_{lang}" for lang in LANGUAGES)
DESCRIPTIONS = tuple(f"description_{lang}" for lang in LANGUAGES)
REQUIRED = (
    "sku",
    "unit_code",
    "country_of_origin",
    "min_order_quantity",
    "currency",
    "incoterm",
    "place",
    "price_tiers",
    "lead_time_tiers",
)
OPTIONAL = (
    *NAMES,
    *DESCRIPTIONS,
    "brand",
    "model",
    "mpn",
    "gtin",
    "hs_code",
    "cpv_code",
    "order_multiple",
    "supply_quantity",
    "supply_period",
    "gross_weight_kg",
    "volume_m3",
    "packages",
    "warranty_months",
    "payment_terms",
    "valid_from",
    "valid_through",
    "certificates",
    "attributes",
)
ERRORS = ("error_row", "error_column", "error_code", "error_detail")
"""Columns that `errors.csv` adds; they are passed over when such a file is sent again."""
DELIMITERS = (",", ";", "\t")
ALIASES = {
    "sku": (
        "артикул, артикул поставщика, код товара, код, номенклатурный номер, seller sku, item no,"
        " item number, item code, product code, article, article no, part no, part number, 货号,"
        " 商品编号, 产品编号, 物料编码, 商品货号, 款号, 编号"
    ),
    "name_ky": "аталышы, товардын аталышы",
    "name_ru": "наименование, наименование товара, название, название товара, товар, номенклатура",
    "name_en": "name, product name, item name, title, english name, 英文品名, 英文名称",
    "name_zh": (
        "品名, 名称, 产品名称, 商品名称, 货品名称, 中文品名, 中文名称, 物品名称, 商品标题, chinese name"
    ),
    "description_ky": "сүрөттөмө, мүнөздөмө",
    "description_ru": "описание, описание товара, характеристика",
    "description_en": "description, product description, specification, specifications",
    "description_zh": "描述, 产品描述, 商品描述, 说明, 产品说明, 规格说明",
    "brand": "бренд, марка, торговая марка, товарный знак, trademark, 品牌, 商标, 牌子",
    "model": "модель, model no, model number, 型号, 规格型号, 产品型号",
    "mpn": "код производителя, артикул производителя, manufacturer part number, 厂家型号, 制造商料号",
    "gtin": "штрихкод, штрих код, баркод, ean, ean 13, barcode, upc, 条码, 条形码, 商品条码",
    "hs_code": "код тн вэд, тн вэд, тнвэд, код тнвэд, hs, hs code, hscode, hs编码, 海关编码, hs码, 税号",
    "cpv_code": "код cpv, cpv, cpv code, окгз, код окгз, cpv编码",
    "unit_code": (
        "ед изм, единица измерения, единица, ед, өлчөө бирдиги, unit, uom, unit of measure, 单位,"
        " 计量单位"
    ),
    "country_of_origin": (
        "страна происхождения, страна, өндүрүлгөн өлкө, country of origin, origin, country, 原产国,"
        " 产地, 原产地, 生产国"
    ),
    "min_order_quantity": (
        "минимальный заказ, мин заказ, минимальная партия, мин партия, минимальный объем заказа,"
        " moq, min order, minimum order, minimum order quantity, 起订量, 最小起订量, 最小订购量,"
        " 起批量, 最低起订量"
    ),
    "order_multiple": (
        "кратность, кратность заказа, order multiple, multiple, pack quantity, 订购倍数, 装箱数, 包装数"
    ),
    "currency": "валюта, валюта цены, currency code, 币种, 货币, 币别",
    "incoterm": (
        "инкотермс, условия поставки, базис поставки, incoterms, delivery terms, trade terms,"
        " 贸易术语, 贸易条款, 价格条款, 交货条款, 成交方式"
    ),
    "place": (
        "место поставки, пункт поставки, place code, named place, delivery place, 交货地, 交货地点,"
        " 地点, 起运地"
    ),
    "price_tiers": (
        "цена, цена за единицу, цена за ед, цены, баасы, price, unit price, prices, 单价, 价格,"
        " 阶梯价, 阶梯价格, 出厂价"
    ),
    "lead_time_tiers": (
        "срок изготовления, срок производства, срок поставки, срок поставки дней, lead time,"
        " lead time days, production time, 交期, 交货期, 生产周期, 供货周期, 发货周期"
    ),
    "supply_quantity": (
        "производственная мощность, объем поставки, supply ability, capacity, 供货能力, 产能, 月产能"
    ),
    "supply_period": "период поставки, период, supply period, 供货周期单位, 产能周期",
    "gross_weight_kg": (
        "вес брутто, вес брутто кг, вес брутто за ед кг, масса брутто, масса брутто кг,"
        " брутто салмагы, брутто салмагы кг, gross weight, unit gross weight, g w, g w kg, 毛重,"
        " 毛重 kg, 毛重 公斤, 单件毛重, 单位毛重"
    ),
    "volume_m3": (
        "объем, объем м3, объем единицы м3, объем упаковки м3, көлөмү, көлөмү м3, volume, cbm,"
        " unit volume, 体积, 体积 m3, 体积 立方米, 单件体积, 单位体积"
    ),
    "packages": (
        "мест, количество мест, грузовых мест на единицу, таңгактар, packages per unit, ctns per unit,"
        " 件数, 包装件数, 每单位件数"
    ),
    "warranty_months": (
        "гарантия, гарантия мес, гарантийный срок, кепилдик, warranty, 质保, 质保期, 保修期, 保修月数"
    ),
    "payment_terms": "условия оплаты, оплата, төлөө шарттары, payment, 付款方式, 付款条件, 支付方式",
    "valid_from": "действует с, цена действует с, valid from, 生效日期, 有效期起",
    "valid_through": (
        "действует до, срок действия, цена действует до, valid until, valid to, valid through,"
        " 有效期至, 有效期, 失效日期, 截止日期"
    ),
    "certificates": "сертификат, сертификаты, certificate, 证书, 证书编号, 认证",
    "attributes": "атрибуты, свойства, характеристики, properties, 属性, 参数, 产品参数",
}
_PUNCTUATION = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a file: what they are called in it, and what each is taken for.

    A column that is taken for nothing (`""`) is one of `ERRORS`.
    """

    names: tuple[str, ...]
    columns: tuple[str, ...]
    delimiter: str = ","

    def shown(self) -> list[dict[str, str]]:
        """The mapping as a job reports it."""
        pairs = zip(self.names, self.columns, strict=True)
        return [{"name": name, "column": column} for name, column in pairs if column]


def header(line: str) -> Header:
    """The columns that a file's first line names; Invalid when they are not right.

    It is divided by the delimiter that gives the most known columns.
    """
    found = [_divided(line, delimiter) for delimiter in DELIMITERS]
    best = max(found, key=lambda head: sum(map(_known, head.names)))
    return named(best.names, best.delimiter)


def named(names: Sequence[str], delimiter: str = ",") -> Header:
    """Columns by their names; Invalid when one is unknown, missing or there twice."""
    kept = [name.strip() for name in names]
    while kept and not kept[-1]:
        kept.pop()
    columns = [_column(name) for name in kept]
    errors = [
        _error(name, "unknown_column", "is not a column")
        for name, column in zip(kept, columns, strict=True)
        if column is None
    ]
    errors += [_error(c, "missing", "is missing") for c in REQUIRED if c not in columns]
    if not any(name in columns for name in NAMES):
        errors.append(_error("name_en", "missing", "or a name in another language"))
    twice = {column for column in columns if column and columns.count(column) > 1}
    errors += [_error(column, "duplicate", "is there twice") for column in sorted(twice)]
    if errors:
        raise Invalid("The first line does not name the columns.", errors=errors)
    return Header(tuple(kept), tuple(column or "" for column in columns), delimiter)


def storable(text: str, length: int) -> str:
    """A text from a file that PostgreSQL can keep: no lone surrogates, no NUL, not too long."""
    return text[:length].encode("utf-8", "replace").decode().replace("\0", "")


def _divided(line: str, delimiter: str) -> Header:
    try:
        names = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        names = []
    return Header(tuple(names), (), delimiter)


def _known(name: str) -> bool:
    return _column(name) is not None


def _column(name: str) -> str | None:
    """What a column's name stands for; "" for one that is passed over, None for no column."""
    plain = unicodedata.normalize("NFKC", name).strip().casefold()
    if plain in ERRORS:
        return ""
    return _BY_NAME.get(_PUNCTUATION.sub(" ", plain.replace("ё", "е")).strip())


def _error(column: str, code: str, detail: str) -> FieldError:
    shown = storable(column, 100)
    return FieldError(pointer=f"#/columns/{shown}", code=code, detail=f"{shown} {detail}")


def _by_name() -> dict[str, str]:
    found: dict[str, str] = {}
    for column in (*REQUIRED, *OPTIONAL):
        for alias in (column.replace("_", " "), *ALIASES.get(column, "").split(",")):
            if found.setdefault(alias.strip(), column) != column:
                raise ValueError(f"{alias} stands for two columns")
    return {alias: column for alias, column in found.items() if alias}


_BY_NAME = _by_name()
