"""The glossary that ships: complete in four languages, with the terms of procurement in it."""

import csv
from importlib import resources

import pytest

from api.matching.text import glossary

MUST_HAVE = """
prequalification; standstill period; bid security; performance security; landed cost;
consignment note; deemed acceptance; request for quotation; framework agreement; call-off order;
contract award; notice of award; procuring entity; evaluation criteria; reverse auction;
liquidated damages; force majeure; bill of lading; packing list; commercial invoice;
purchase order; free on board; delivered duty paid; free carrier; ex works; freight forwarder;
customs broker; debarment; conflict of interest; beneficial owner; technical specification;
abnormally low tender; bid opening; sealed bid; evaluation committee; domestic preference;
procurement plan; contract amendment; payment milestone; escrow account; exchange rate;
unit price; lead time; minimum order quantity; hs code; demurrage; phytosanitary certificate;
declaration of conformity; certificate of conformity; certificate of origin; joint venture;
subcontractor; open tendering; bid validity period; payment terms; net weight; gross weight;
country of origin; anti-dumping duty; customs value; customs duty; customs declaration;
customs clearance; export licence; partial delivery; proof of delivery; despatch advice;
delivery schedule; price tier; most advantageous tender; life-cycle cost; sanctions list;
power of attorney; contract price; arbitration; confidentiality; bid rigging;
centralised procurement; small and medium enterprises; supplier rating; on-time delivery;
non-conformity; test report; factory acceptance test; after-sales service; warranty period;
bank guarantee; letter of credit; bill of quantities; end-user certificate; air waybill
"""


def rows() -> list[list[str]]:
    found: list[list[str]] = []
    folder = resources.files("api") / "reference" / "glossary"
    for name in sorted(each.name for each in folder.iterdir() if each.name.endswith(".tsv")):
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        found += [*csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)][1:]
    return found


def test_more_than_eight_hundred_terms_are_there_in_four_languages() -> None:
    complete = [row for row in rows() if all(cell.strip() for cell in row)]
    assert len(complete) >= 5_000
    procurement = resources.files("api") / "reference" / "glossary" / "procurement.tsv"
    lines = procurement.read_text(encoding="utf-8").splitlines()[1:]
    assert len(lines) >= 180
    assert all(len(line.split("\t")) == 4 and all(line.split("\t")) for line in lines)


@pytest.mark.parametrize("term", [each.strip() for each in MUST_HAVE.split(";")])
def test_a_term_of_procurement_has_a_name_in_each_language(term: str) -> None:
    known = glossary.whole()
    named = [each for each in known.concepts_by_id.values() if term in map(str.lower, each.en)]
    assert any(each.ky and each.ru and each.zh for each in named)
