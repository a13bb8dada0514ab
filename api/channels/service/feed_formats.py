"""What feeds are written in: the beginning and the end of a document, an item, an item of a delta.

An item is the same bytes whenever it is the same; nothing here knows the time of a build, so that
what has not changed is not another document.
"""

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from api.core import spreadsheets
from api.rules import feeds
from api.rules.feeds import Change, FeedFormat, FeedItem, number, xml_text
from api.rules.files import DocumentFormat

_LANGUAGE_639_2: Mapping[str, str] = {"ky": "kir", "ru": "rus", "en": "eng", "zh": "zho"}
_TRAINED = "trained_algorithmic_media"
"""IPTC digital source type that the Merchant specification asks for where a machine wrote."""
_MAX_IMAGES, _MAX_DETAILS, _MAX_CODE = 11, 100, 50


class Heading(NamedTuple):
    """What a document says of itself. `version` counts the builds that changed something."""

    feed_id: str
    seller: str
    market: str
    language: str
    base_url: str
    link_template: str | None
    version: int


class Written(NamedTuple):
    """How a format is written. `delta` makes what a delta says of the bytes of an item that was
    added or changed, `removed` of an id that is gone."""

    media_type: str
    extension: str
    kept_as: DocumentFormat
    head: Callable[[Heading, bool], bytes]
    item: Callable[[FeedItem, Heading], bytes]
    delta: Callable[[bytes, Change], bytes]
    removed: Callable[[str], bytes]
    tail: Callable[[bool], bytes]


def _element(name: str, text: str | None, attributes: str = "") -> str:
    return "" if text is None else f"<{name}{attributes}>{xml_text(text)}</{name}>"


# Google Merchant: RSS 2.0 with the namespace g.


def _merchant_head(heading: Heading, delta: bool) -> bytes:
    title = f"{heading.seller}: {heading.market}, {heading.language}"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"'
        ' xmlns:k="urn:kerben:feed:1">\n<channel>\n'
        f"{_element('title', title)}{_element('link', heading.base_url)}"
        f"{_element('description', 'Offers that may be shown in ' + heading.market)}"
        f"{_element('language', heading.language)}\n"
    ).encode()


def _merchant_item(item: FeedItem, heading: Heading) -> bytes:
    name = feeds.title(item.name or "", FeedFormat.MERCHANT)
    text = feeds.paragraph(item.description or "", FeedFormat.MERCHANT)
    page = feeds.link(heading.link_template or "", item)
    first, *others = item.images[:_MAX_IMAGES]
    known = item.gtin is not None or (item.brand is not None and item.mpn is not None)
    weight = item.net_weight_kg
    parts = [
        _element("g:id", item.id),
        _merchant_text("title", name, item.name_origin),
        _merchant_text("description", text, item.description_origin),
        _element("g:link", page),
        _element("g:image_link", first),
        *(_element("g:additional_image_link", each) for each in others),
        *(_element(f"g:{name}", value) for name, value in feeds.merchant_availability(item)),
        "<g:condition>new</g:condition>",
        _element("g:price", f"{number(item.prices[0].unit_price, 2)} {item.currency}"),
        _element("g:brand", item.brand),
        _element("g:gtin", item.gtin),
        _element("g:mpn", item.mpn),
        "" if known else "<g:identifier_exists>no</g:identifier_exists>",
        "" if weight is None else _element("g:product_weight", f"{number(weight)} kg"),
        *(
            f"<g:product_detail>{_element('g:attribute_name', key)}"
            f"{_element('g:attribute_value', value)}</g:product_detail>"
            for key, value in [*sorted(item.attributes.items())][:_MAX_DETAILS]
        ),
    ]
    return f"<item>{''.join(parts)}</item>\n".encode()


def _merchant_text(field: str, text: str, origin: str) -> str:
    """A text, or the attribute that the specification has for one that a machine made."""
    if origin != "machine":
        return _element(f"g:{field}", text)
    return (
        f"<g:structured_{field}>{_element('g:digital_source_type', _TRAINED)}"
        f"{_element('g:content', text)}</g:structured_{field}>"
    )


# schema.org: JSON Lines, a product in each.

_ENDS_OF_LINES = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}
"""What some readers take for the end of a line, and JSON may have in a text."""


def _json_line(value: Mapping[str, Any]) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"{text.translate(_ENDS_OF_LINES)}\n".encode()


def _schema_head(heading: Heading, delta: bool) -> bytes:
    return _json_line(
        {
            "@context": "https://schema.org",
            "@type": "DataFeed",
            "@id": f"urn:kerben:{heading.feed_id}",
            "name": heading.seller,
            "inLanguage": heading.language,
            "contentLocation": {"@type": "Country", "name": heading.market},
        }
    )


def _schema_item(item: FeedItem, heading: Heading) -> bytes:
    values = [
        *(("attribute", key, value) for key, value in sorted(item.attributes.items())),
        *([("https://www.wcoomd.org/hs", "hsCode", item.hs_code)] if item.hs_code else []),
        ("kerben:text-origin", "name", item.name_origin),
    ]
    if item.description is not None:
        values.append(("kerben:text-origin", "description", item.description_origin))
    return _json_line(
        _present(
            {
                "@context": ["https://schema.org", {"@language": heading.language}],
                "@type": "Product",
                "@id": f"urn:kerben:{item.id}",
                "sku": item.sku,
                "name": item.name,
                "description": item.description,
                "brand": {"@type": "Brand", "name": item.brand} if item.brand else None,
                "model": item.model,
                "mpn": item.mpn,
                "gtin": item.gtin,
                "image": [*item.images] or None,
                "url": feeds.link(heading.link_template, item) if heading.link_template else None,
                "countryOfOrigin": {"@type": "Country", "name": item.country_of_origin},
                "weight": _quantity("KGM", value=item.net_weight_kg),
                "additionalProperty": [
                    {"@type": "PropertyValue", "propertyID": kind, "name": key, "value": value}
                    for kind, key, value in values
                ],
                "offers": [*_schema_offers(item, heading)],
            }
        )
    )


def _schema_offers(item: FeedItem, heading: Heading) -> Iterable[dict[str, Any]]:
    for price in item.prices:
        yield _present(
            {
                "@type": "Offer",
                "price": number(price.unit_price, 2),
                "priceCurrency": item.currency,
                "eligibleQuantity": _quantity(item.unit_code, minValue=price.min_quantity),
                "availability": feeds.SCHEMA_AVAILABILITY[item.availability],
                "availabilityStarts": item.available_on,
                "itemCondition": "https://schema.org/NewCondition",
                "areaServed": heading.market,
                "seller": {"@type": "Organization", "name": item.seller},
                "priceValidUntil": item.valid_through,
                "deliveryLeadTime": _quantity("DAY", value=item.lead_days),
            }
        )


def _quantity(unit: str, **values: Any) -> dict[str, Any] | None:
    if None in values.values():
        return None
    shown = {
        key: number(value) if hasattr(value, "normalize") else value
        for key, value in values.items()
    }
    return {"@type": "QuantitativeValue", "unitCode": unit, **shown}


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _schema_removed(item_id: str) -> bytes:
    gone = {"@type": "Product", "@id": f"urn:kerben:{item_id}"}
    return _json_line({"@context": "https://schema.org", "@type": "DeleteAction", "object": gone})


# BMEcat 2005.


def _bmecat_head(heading: Heading, delta: bool) -> bytes:
    major, minor = divmod(heading.version, 1_000)
    before = f' prev_version="{max(0, heading.version - 1)}"' if delta else ""
    transaction = "T_UPDATE_PRODUCTS" if delta else "T_NEW_CATALOG"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<BMECAT version="2005" xmlns="http://www.bmecat.org/bmecat/2005">\n<HEADER><CATALOG>'
        f"{_element('LANGUAGE', _LANGUAGE_639_2[heading.language])}"
        f"{_element('CATALOG_ID', heading.feed_id[-20:])}"
        f"{_element('CATALOG_VERSION', f'{major:03}.{minor:03}')}"
        f"{_element('TERRITORY', heading.market)}</CATALOG>"
        '<SUPPLIER_IDREF type="supplier_specific">seller</SUPPLIER_IDREF>'
        '<PARTIES><PARTY><PARTY_ID type="supplier_specific">seller</PARTY_ID>'
        "<PARTY_ROLE>supplier</PARTY_ROLE>"
        f"<ADDRESS>{_element('NAME', heading.seller[:50])}</ADDRESS></PARTY></PARTIES></HEADER>\n"
        f"<{transaction}{before}>\n"
    ).encode()


def _bmecat_tail(delta: bool) -> bytes:
    return f"</{'T_UPDATE_PRODUCTS' if delta else 'T_NEW_CATALOG'}>\n</BMECAT>\n".encode()


def _bmecat_item(item: FeedItem, heading: Heading) -> bytes:
    name = feeds.title(item.name or "", FeedFormat.BMECAT)
    text = item.description and feeds.paragraph(item.description, FeedFormat.BMECAT)
    features = "".join(
        f"<FEATURE>{_element('FNAME', key)}{_element('FVALUE', value)}</FEATURE>"
        for key, value in sorted(item.attributes.items())
    )
    prices = "".join(
        '<PRODUCT_PRICE price_type="net_list">'
        f"{_element('PRICE_AMOUNT', number(each.unit_price, 2))}"
        f"{_element('PRICE_CURRENCY', item.currency)}"
        f"{_element('LOWER_BOUND', number(each.min_quantity))}"
        f"{_element('TERRITORY', heading.market)}</PRODUCT_PRICE>"
        for each in item.prices
    )
    until = ""
    if item.valid_through is not None:
        until = f'<DATETIME type="valid_end_date">{_element("DATE", item.valid_through)}</DATETIME>'
    images = "".join(
        f"<MIME>{_element('MIME_SOURCE', each)}<MIME_PURPOSE>normal</MIME_PURPOSE></MIME>"
        for each in item.images
    )
    customs = ""
    if item.hs_code is not None:
        number_ = _element("CUSTOMS_NUMBER", item.hs_code)
        customs = f"<CUSTOMS_TARIFF_NUMBER>{number_}</CUSTOMS_TARIFF_NUMBER>"
    parts = (
        _element("SUPPLIER_PID", item.id.rpartition("_")[2]),
        "<PRODUCT_DETAILS>",
        _element("DESCRIPTION_SHORT", name),
        _element("DESCRIPTION_LONG", text),
        _element("INTERNATIONAL_PID", item.gtin, ' type="gtin"'),
        _element("SUPPLIER_ALT_PID", _fitting(item.sku)),
        _element("MANUFACTURER_PID", _fitting(item.mpn)),
        _element("MANUFACTURER_NAME", item.brand and item.brand[:50]),
        _element("MANUFACTURER_TYPE_DESCR", item.model and item.model[:50]),
        "</PRODUCT_DETAILS>",
        f"<PRODUCT_FEATURES>{features}</PRODUCT_FEATURES>" if features else "",
        f"<PRODUCT_ORDER_DETAILS>{_element('ORDER_UNIT', item.unit_code)}",
        _element("QUANTITY_MIN", number(item.min_order_quantity)),
        f"{_element('QUANTITY_INTERVAL', number(item.order_multiple))}</PRODUCT_ORDER_DETAILS>",
        f"<PRODUCT_PRICE_DETAILS>{until}{prices}</PRODUCT_PRICE_DETAILS>",
        f"<MIME_INFO>{images}</MIME_INFO>" if images else "",
        "<USER_DEFINED_EXTENSIONS>",
        _element("UDX.KERBEN.NAME_ORIGIN", item.name_origin),
        _element("UDX.KERBEN.DESCRIPTION_ORIGIN", item.description and item.description_origin),
        _element("UDX.KERBEN.SELLER", item.seller),
        _element("UDX.KERBEN.AVAILABILITY", item.availability),
        "</USER_DEFINED_EXTENSIONS><PRODUCT_LOGISTIC_DETAILS>",
        customs,
        f"{_element('COUNTRY_OF_ORIGIN', item.country_of_origin)}</PRODUCT_LOGISTIC_DETAILS>",
    )
    return f"<PRODUCT>{''.join(parts)}</PRODUCT>\n".encode()


def _fitting(code: str | None) -> str | None:
    """A code that the format has room for; half of one is another."""
    return code if code is None or len(code) <= _MAX_CODE else None


def _bmecat_delta(item: bytes, change: Change) -> bytes:
    mode = b"new" if change == "added" else b"update"
    return b'<PRODUCT mode="' + mode + b'">' + item.removeprefix(b"<PRODUCT>")


def _bmecat_removed(item_id: str) -> bytes:
    pid = _element("SUPPLIER_PID", item_id.rpartition("_")[2])
    return f'<PRODUCT mode="delete">{pid}</PRODUCT>\n'.encode()


# CSV.

COLUMNS = (
    *("id", "sku", "seller", "name", "name_origin", "description", "description_origin"),
    *("brand", "model", "mpn", "gtin", "hs_code", "country_of_origin", "images", "attributes"),
    *("unit_code", "min_order_quantity", "order_multiple", "currency", "price_tiers"),
    *("incoterm", "place_code", "valid_through", "lead_days", "net_weight_kg", "link"),
    *("availability", "available_on"),
)


class _Told:
    """A file that gives back what is written into it, and keeps nothing."""

    def write(self, text: str) -> str:
        return text


_WRITER = csv.writer(_Told())


def _row(values: Iterable[Any]) -> bytes:
    return str(_WRITER.writerow([spreadsheets.cell(value) for value in values])).encode()


def _csv_head(heading: Heading, delta: bool) -> bytes:
    return "\ufeff".encode() + _row(("change", *COLUMNS) if delta else COLUMNS)


def _csv_item(item: FeedItem, heading: Heading) -> bytes:
    weight = item.net_weight_kg
    return _row(
        (
            *(item.id, item.sku, item.seller, item.name, item.name_origin),
            *(item.description, item.description is not None and item.description_origin or None),
            *(item.brand, item.model, item.mpn, item.gtin, item.hs_code, item.country_of_origin),
            " ".join(item.images),
            json.dumps({**item.attributes}, ensure_ascii=False, sort_keys=True),
            *(item.unit_code, number(item.min_order_quantity), number(item.order_multiple)),
            item.currency,
            ";".join(f"{number(q)}={number(price, 2)}" for q, price in item.prices),
            *(item.incoterm, item.place_code, item.valid_through, item.lead_days),
            None if weight is None else number(weight),
            feeds.link(heading.link_template, item) if heading.link_template else None,
            *(item.availability, item.available_on),
        )
    )


def _csv_delta(item: bytes, change: Change) -> bytes:
    return change.encode() + b"," + item


def _csv_removed(item_id: str) -> bytes:
    return _row(("removed", item_id, *(None for _ in COLUMNS[1:])))


FORMATS: Mapping[FeedFormat, Written] = {
    FeedFormat.MERCHANT: Written(
        "application/rss+xml",
        "xml",
        DocumentFormat.TEXT,
        _merchant_head,
        _merchant_item,
        lambda item, change: item,
        lambda item_id: f"<k:removed>{_element('g:id', item_id)}</k:removed>\n".encode(),
        lambda delta: b"</channel>\n</rss>\n",
    ),
    FeedFormat.SCHEMA_ORG: Written(
        "application/x-ndjson",
        "jsonl",
        DocumentFormat.TEXT,
        _schema_head,
        _schema_item,
        lambda item, change: item,
        _schema_removed,
        lambda delta: b"",
    ),
    FeedFormat.BMECAT: Written(
        "application/xml",
        "xml",
        DocumentFormat.TEXT,
        _bmecat_head,
        _bmecat_item,
        _bmecat_delta,
        _bmecat_removed,
        _bmecat_tail,
    ),
    FeedFormat.CSV: Written(
        "text/csv",
        "csv",
        DocumentFormat.CSV,
        _csv_head,
        _csv_item,
        _csv_delta,
        _csv_removed,
        lambda delta: b"",
    ),
}
