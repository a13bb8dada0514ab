"""What is read back from a feed is what was written into it, whatever the texts are."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from api.channels.service.feed_formats import COLUMNS, FORMATS, Heading
from api.core.spreadsheets import plain
from api.rules import feeds
from api.rules.feeds import FeedFormat, FeedItem, Price
from api.rules.stock import Availability

HEADING = Heading(
    "feed_" + "0" * 32, "ОсОО «Ала-Тоо» & Co", "CN", "zh", "https://kerben.example",
    "https://shop.example/{sku}?of={offer_id}", 7,
)  # fmt: skip
ITEM = FeedItem(
    id="offer_019abf2e8c1d7c3fa9b04b4c6f0d2e11",
    sku="HONEY-1",
    seller="ОсОО «Ала-Тоо»",
    name="高山蜂蜜",
    name_origin="human",
    description="来自阿特巴希",
    description_origin="machine",
    brand="Ат-Башы",
    model=None,
    mpn="H-1",
    gtin="04006381333931",
    hs_code="040900",
    country_of_origin="KG",
    images=["https://shop.example/1.jpg", "https://shop.example/2.jpg"],
    attributes={"moisture": "< 18 %"},
    unit_code="KGM",
    min_order_quantity=Decimal("100.000000"),
    order_multiple=Decimal(10),
    currency="USD",
    prices=[Price(Decimal(100), Decimal("5.500000")), Price(Decimal(500), Decimal("5.1234"))],
    incoterm="FCA",
    place_code="kg-bishkek",
    valid_through="2099-12-31",
    lead_days=14,
    net_weight_kg=Decimal("1.5"),
)
NASTY = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60),
    st.sampled_from(["]]>", "<![CDATA[x]]>", "&amp;", "a\rb\r\nc\td", "=1+1", "'=x", '"', "\x00\x0b", "\u2028"]),
    st.text("ж", min_size=200, max_size=6000),
)  # fmt: skip
G = "{http://base.google.com/ns/1.0}"
B = "{http://www.bmecat.org/bmecat/2005}"


def document(format: FeedFormat, *items: FeedItem) -> bytes:
    """A whole document."""
    written = FORMATS[format]
    body = b"".join(written.item(each, HEADING) for each in items)
    return written.head(HEADING, False) + body + written.tail(False)


def merchant(content: bytes) -> dict[str, Any]:
    (item,) = etree.fromstring(content).iter("item")
    text = item.findtext(f"{G}description") or item.findtext(
        f"{G}structured_description/{G}content"
    )
    return {
        "name": item.findtext(f"{G}title"),
        "description": text,
        "attribute": item.findtext(f"{G}product_detail/{G}attribute_value"),
    }


def bmecat(content: bytes) -> dict[str, Any]:
    (item,) = etree.fromstring(content).iter(f"{B}PRODUCT")
    return {
        "name": item.findtext(f"{B}PRODUCT_DETAILS/{B}DESCRIPTION_SHORT"),
        "description": item.findtext(f"{B}PRODUCT_DETAILS/{B}DESCRIPTION_LONG"),
        "attribute": item.findtext(f"{B}PRODUCT_FEATURES/{B}FEATURE/{B}FVALUE"),
    }


def schema_org(content: bytes) -> dict[str, Any]:
    head, item = map(json.loads, content.decode().splitlines())
    assert head["@type"] == "DataFeed"
    values = {each["name"]: each["value"] for each in item["additionalProperty"]}
    return {
        "name": item["name"],
        "description": item["description"],
        "attribute": values["moisture"],
    }


def table(content: bytes) -> dict[str, Any]:
    assert content.startswith(b"\xef\xbb\xbf")
    header, row = csv.reader(io.StringIO(content.decode()[1:], newline=""))
    told = dict(zip(header, row, strict=True))
    assert not told["name"].startswith(("=", "+", "@", "\t", "\r"))
    attribute = json.loads(told["attributes"])["moisture"]
    return {
        "name": plain(told["name"]),
        "description": plain(told["description"]),
        "attribute": attribute,
    }


@pytest.mark.parametrize(
    ("format", "read", "kept"),
    [
        (FeedFormat.MERCHANT, merchant, feeds.xml_characters),
        (FeedFormat.BMECAT, bmecat, feeds.xml_characters),
        (FeedFormat.SCHEMA_ORG, schema_org, str),
        (FeedFormat.CSV, table, str),
    ],
)
@given(name=NASTY, description=NASTY, attribute=NASTY)
def test_texts_are_read_back_as_they_went_in(
    format: FeedFormat,
    read: Callable[[bytes], dict[str, Any]],
    kept: Callable[[str], str],
    name: str,
    description: str,
    attribute: str,
) -> None:
    item = replace(ITEM, name=name, description=description, attributes={"moisture": attribute})

    told = read(document(format, item))

    assert (told["name"] or "") == kept(feeds.title(name, format))
    assert (told["description"] or "") == kept(feeds.paragraph(description, format))
    assert (told["attribute"] or "") == kept(attribute)
    short = {each.field for each in feeds.shortenings(item, format)}
    assert ("description" in short) == (feeds.paragraph(description, format) != description)


def test_merchant_items_have_what_the_specification_asks_for() -> None:
    (item,) = etree.fromstring(document(FeedFormat.MERCHANT, ITEM)).iter("item")

    told = {each.tag.removeprefix(G): each.text for each in item if not len(each)}
    assert told == {
        "id": ITEM.id,
        "title": "高山蜂蜜",
        "link": f"https://shop.example/HONEY-1?of={ITEM.id}",
        "image_link": "https://shop.example/1.jpg",
        "additional_image_link": "https://shop.example/2.jpg",
        "availability": "in_stock",
        "condition": "new",
        "price": "5.50 USD",
        "brand": "Ат-Башы",
        "gtin": "04006381333931",
        "mpn": "H-1",
        "product_weight": "1.5 kg",
    }
    source = item.findtext(f"{G}structured_description/{G}digital_source_type")
    assert source == "trained_algorithmic_media", "a machine's text is labelled as one"
    found = feeds.omissions(
        replace(ITEM, name=None, description=None, images=[]), FeedFormat.MERCHANT
    )
    assert [each.field for each in found] == ["name", "description", "media"]


def test_each_format_tells_what_is_there_and_merchant_no_backorder_without_a_day() -> None:
    waited = replace(ITEM, availability=Availability.BACKORDER)
    dated = replace(waited, available_on="2026-12-10")
    (item,) = etree.fromstring(document(FeedFormat.MERCHANT, dated)).iter("item")
    assert item.findtext(f"{G}availability") == "backorder"
    assert item.findtext(f"{G}availability_date") == "2026-12-10T00:00Z"
    (item,) = etree.fromstring(document(FeedFormat.MERCHANT, waited)).iter("item")
    assert item.findtext(f"{G}availability") == "out_of_stock"
    for format, words in (
        (FeedFormat.SCHEMA_ORG, '"availability":"https://schema.org/BackOrder"'),
        (FeedFormat.BMECAT, "<UDX.KERBEN.AVAILABILITY>backorder</UDX.KERBEN.AVAILABILITY>"),
        (FeedFormat.CSV, ",backorder,2026-12-10"),
    ):
        assert words in document(format, dated).decode(), format


BMECAT_CHILDREN = {
    "HEADER": ("CATALOG", "SUPPLIER_IDREF", "PARTIES"),
    "CATALOG": ("LANGUAGE", "CATALOG_ID", "CATALOG_VERSION", "TERRITORY"),
    "PRODUCT": (
        *("SUPPLIER_PID", "PRODUCT_DETAILS", "PRODUCT_FEATURES", "PRODUCT_ORDER_DETAILS"),
        *("PRODUCT_PRICE_DETAILS", "MIME_INFO", "USER_DEFINED_EXTENSIONS"),
        "PRODUCT_LOGISTIC_DETAILS",
    ),
    "PRODUCT_DETAILS": (
        *("DESCRIPTION_SHORT", "DESCRIPTION_LONG", "INTERNATIONAL_PID", "SUPPLIER_ALT_PID"),
        *("MANUFACTURER_PID", "MANUFACTURER_NAME", "MANUFACTURER_TYPE_DESCR"),
    ),
    "PRODUCT_ORDER_DETAILS": ("ORDER_UNIT", "QUANTITY_MIN", "QUANTITY_INTERVAL"),
    "PRODUCT_PRICE_DETAILS": ("DATETIME", "PRODUCT_PRICE"),
    "PRODUCT_PRICE": ("PRICE_AMOUNT", "PRICE_CURRENCY", "LOWER_BOUND", "TERRITORY"),
    "PRODUCT_LOGISTIC_DETAILS": ("CUSTOMS_TARIFF_NUMBER", "COUNTRY_OF_ORIGIN"),
}
"""The part of BMEcat 2005 that is written: children in the order of its schema."""


@pytest.mark.parametrize(
    "item", [ITEM, replace(ITEM, gtin=None, description=None, hs_code=None, images=[], brand=None)]
)
def test_bmecat_elements_stand_in_the_order_of_the_standard(item: FeedItem) -> None:
    root = etree.fromstring(document(FeedFormat.BMECAT, item))

    assert root.get("version") == "2005"
    assert [each.tag for each in root] == [f"{B}HEADER", f"{B}T_NEW_CATALOG"]
    assert root.findtext(f".//{B}CATALOG_VERSION") == "000.007"
    assert root.findtext(f".//{B}LANGUAGE") == "zho"
    for element in root.iter():
        order = BMECAT_CHILDREN.get(element.tag.removeprefix(B))
        if order is not None:
            places = [order.index(each.tag.removeprefix(B)) for each in element]
            assert places == sorted(places), element.tag
    prices = [each.text for each in root.iter(f"{B}PRICE_AMOUNT")]
    assert prices == ["5.50", "5.1234"]


def test_a_delta_names_what_is_new_changed_and_gone() -> None:
    for format, written in FORMATS.items():
        item = written.item(ITEM, HEADING)
        content = (
            written.head(HEADING, True)
            + written.delta(item, "changed")
            + written.removed("offer_" + "f" * 32)
            + written.tail(True)
        )
        if format is FeedFormat.BMECAT:
            root = etree.fromstring(content)
            modes = [each.get("mode") for each in root.iter(f"{B}PRODUCT")]
            assert (root[1].tag, root[1].get("prev_version")) == (f"{B}T_UPDATE_PRODUCTS", "6")
            assert modes == ["update", "delete"]
        elif format is FeedFormat.MERCHANT:
            gone = [*etree.fromstring(content).iter("{urn:kerben:feed:1}removed")]
            assert [each.findtext(f"{G}id") for each in gone] == ["offer_" + "f" * 32]
        elif format is FeedFormat.CSV:
            rows = [*csv.reader(io.StringIO(content.decode()[1:], newline=""))]
            assert rows[0] == ["change", *COLUMNS]
            assert [each[0] for each in rows[1:]] == ["changed", "removed"]
        else:
            last = json.loads(content.decode().splitlines()[-1])
            assert last["@type"] == "DeleteAction"
            assert last["object"]["@id"] == "urn:kerben:offer_" + "f" * 32
