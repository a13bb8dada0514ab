"""A feed of 100,000 items built and compared with the build before, against a plain loop.

    python benchmarks/bench_feeds.py [--items 100000]

Measured: every item written in its format, packed into pieces as a worker keeps them, unpacked,
compared with the digests of the build before (of which one item in a hundred is another) and
written into the document, the delta and the manifest, on the disk.
Baseline: a loop that writes the same fields into one file by csv.writer, or by lxml as elements,
with nothing compared. Items lie in memory: reading them from the database is neither's.
"""

import argparse
import csv
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import batched
from typing import IO
from uuid import UUID

from lxml import etree
from rich.console import Console
from rich.table import Table

from api.channels.service import feed_building
from api.channels.service.feed_building import Entry
from api.channels.service.feed_formats import FORMATS, Heading
from api.rules.feeds import Counts, FeedFormat, FeedItem, Price

G = "{http://base.google.com/ns/1.0}"
ROUNDS = 3
HEADING = Heading(
    "feed_" + "0" * 32,
    "ОсОО «Ала-Тоо»",
    "CN",
    "zh",
    "https://kerben.example",
    "https://shop.example/{sku}",
    1,
)
type Items = list[tuple[UUID, FeedItem]]


def items(count: int) -> Items:
    """So many offers, in the order of their ids."""
    found = []
    for n in range(count):
        key = UUID(int=(0x019ABF2E << 96) + n)
        item = FeedItem(
            id=f"offer_{key.hex}",
            sku=f"SKU-{n}",
            seller="ОсОО «Ала-Тоо»",
            name=f"高山蜂蜜 & 坚果 {n}",
            name_origin="human",
            description=f"来自阿特巴希 <{n}>。" * 12,
            description_origin="machine" if n % 2 else "human",
            brand="Ат-Башы",
            model=None,
            mpn=f"H-{n}",
            gtin="04006381333931",
            hs_code="040900",
            country_of_origin="KG",
            images=[f"https://shop.example/{n}.jpg"],
            attributes={"moisture": "18 %", "origin": "Ат-Башы"},
            unit_code="KGM",
            min_order_quantity=Decimal(100),
            order_multiple=Decimal(10),
            currency="USD",
            prices=[Price(Decimal(100), Decimal("5.5")), Price(Decimal(500), Decimal("5.1234"))],
            incoterm="FCA",
            place_code="kg-bishkek",
            valid_through="2099-12-31",
            lead_days=14,
            net_weight_kg=Decimal("1.5"),
        )
        found.append((key, item))
    return found


def known(format: FeedFormat, given: Items) -> list[Entry]:
    """The digests of the build before: one item in a hundred had another price."""
    write = FORMATS[format].item
    before = [
        (key, replace(item, currency="EUR") if n % 100 == 0 else item)
        for n, (key, item) in enumerate(given)
    ]
    return [
        feed_building.entry(key, write(item, HEADING))._replace(written=b"") for key, item in before
    ]


def built(format: FeedFormat, given: Items, before: list[Entry], out: IO[bytes]) -> Counts:
    """As a worker builds."""
    write = FORMATS[format]
    pieces = [
        b"".join(
            feed_building.packed(
                feed_building.entry(key, write.item(item, HEADING)) for key, item in batch
            )
        )
        for batch in batched(given, feed_building.BATCH, strict=False)
    ]

    def entries() -> Iterator[Entry]:
        for piece in pieces:
            yield from feed_building.unpacked(piece)

    out.write(write.head(HEADING, False))
    with tempfile.TemporaryFile() as delta, tempfile.TemporaryFile() as manifest:
        counts = feed_building.assemble(
            before, entries(), write, body=out, delta=delta, manifest=manifest
        )
    out.write(write.tail(False))
    return counts


def by_csv(given: Items, out: IO[bytes]) -> None:
    """The same columns by csv.writer."""
    with tempfile.TemporaryFile("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text)
        for _, i in given:
            tiers = ";".join(f"{each.min_quantity}={each.unit_price}" for each in i.prices)
            writer.writerow(
                [
                    *(i.id, i.sku, i.seller, i.name, i.name_origin, i.description),
                    *(i.description_origin, i.brand, i.model, i.mpn, i.gtin, i.hs_code),
                    *(i.country_of_origin, " ".join(i.images), str(i.attributes), i.unit_code),
                    *(i.min_order_quantity, i.order_multiple, i.currency, tiers, i.incoterm),
                    *(i.place_code, i.valid_through, i.lead_days, i.net_weight_kg),
                    f"https://shop.example/{i.sku}",
                ]
            )


def by_lxml(given: Items, out: IO[bytes]) -> None:
    """The same elements by lxml."""
    with etree.xmlfile(out, encoding="utf-8") as xml, xml.element("rss"), xml.element("channel"):
        for _, i in given:
            item = etree.Element("item", nsmap={"g": G[1:-1]})
            for name, text in (
                ("id", i.id),
                ("title", i.name),
                ("description", i.description),
                ("link", f"https://shop.example/{i.sku}"),
                ("image_link", i.images[0]),
                ("availability", "in_stock"),
                ("condition", "new"),
                ("price", f"{i.prices[0].unit_price} {i.currency}"),
                ("brand", i.brand),
                ("gtin", i.gtin),
                ("mpn", i.mpn),
                ("product_weight", f"{i.net_weight_kg} kg"),
            ):
                etree.SubElement(item, G + name).text = text
            for key, value in i.attributes.items():
                detail = etree.SubElement(item, G + "product_detail")
                etree.SubElement(detail, G + "attribute_name").text = key
                etree.SubElement(detail, G + "attribute_value").text = value
            xml.write(item)


def best(act: Callable[[IO[bytes]], object]) -> float:
    """Seconds of CPU of the fastest round, each into a new file."""
    found = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryFile() as out:
            started = time.process_time()
            act(out)
            found.append(time.process_time() - started)
    return min(found)


def main() -> None:
    """Measure, compare, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--items", type=int, default=100_000)
    given = items(parser.parse_args().items)
    table = Table("format", "plain loop, s of CPU", "built and compared", "ratio", "changed")
    for format, plain in ((FeedFormat.CSV, by_csv), (FeedFormat.MERCHANT, by_lxml)):
        before, told = known(format, given), list[Counts]()
        base = best(lambda out, plain=plain: plain(given, out))  # type: ignore[misc]
        took = best(
            lambda out, format=format, before=before, told=told: told.append(  # type: ignore[misc]
                built(format, given, before, out)
            )
        )
        changed = str(told[-1].changed)
        table.add_row(format.value, f"{base:.2f}", f"{took:.2f}", f"{base / took:.2f}", changed)
    Console().print(table)


if __name__ == "__main__":
    main()
