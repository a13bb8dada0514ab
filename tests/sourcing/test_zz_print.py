import json
from tests.sourcing import samples


def test_print(as_org, drain):
    samples.know_rates()
    buyer = samples.private(as_org)
    chinese, trader, local = as_org(["supplier"], country="CN"), *(as_org(["supplier"]) for _ in "ab")
    rfq = samples.published(buyer, items=[samples.item(further_quantities=["500"], target_price="95000")])
    samples.quoted(chinese, rfq, samples.line(rfq, ("1", "6320"), ("500", "6000")))
    samples.quoted(trader, rfq, samples.line(rfq, ("200", "880"), lead_time_days=20), currency="USD", incoterm="DAP", place_code="kg-bishkek")
    samples.quoted(local, rfq, samples.line(rfq, ("1", "98000"), origin="KG", lead_time_days=5), currency="KGS", incoterm="DAP", place_code="kg-bishkek", dispatch_country="KG", vat_included=True)
    open("/tmp/sourcing_cmp.json", "w").write(json.dumps(samples.compared(buyer, rfq), ensure_ascii=False, indent=1))
    pub = as_org(["buyer"]).post("/v1/rfqs", json=samples.rfq())
    open("/tmp/sourcing_pub.json", "w").write(pub.text)
