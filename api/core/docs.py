"""The OpenAPI document beyond what routes declare: tags, the problem schema, security."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.core.errors import BadRequest, FieldError, ProblemOut, UnsupportedMediaType
from api.core.http import documented

TAGS = [
    {"name": name, "description": description}
    for name, description in (
        ("organisations", "Suppliers, manufacturers, buyers, partners, auditors, the operator."),
        ("onboarding", "Evidence by which organisations are verified, and its review."),
        ("appeals", "Appeals against the suspension of an organisation."),
        ("debarments", "The register of unreliable suppliers."),
        ("members", "The people of your organisation."),
        ("login", "People log in: by password, by invitation, by an OpenID provider."),
        ("account", "A person's own account: sessions, password, second factors."),
        ("identity-providers", "OpenID providers that vouch for people."),
        ("clients", "Credentials of programs: API keys and OAuth clients."),
        ("usage", "Limits of your requests, and your calls of what is deprecated."),
        ("oauth", "Access tokens (RFC 6749, client credentials; secrets or RFC 7523)."),
        ("jobs", "Long work: status, progress, result."),
        ("intake", "Webhooks that others send us: sources, messages, replay."),
        ("reference", "Classifications, units, places, Incoterms, currencies, exchange rates."),
        ("policies", "The rules of procurement as data: policy sets and work calendars."),
        ("sandbox", "The clock of an installation that is not in production; `Kerben-Test-Clock`."),
        ("products", "What a maker makes."),
        ("offers", "What a seller sells: price tiers, minimum order, lead time, Incoterm."),
        ("product-images", "Images of products: what was uploaded, and copies for buyers."),
        ("product-groups", "Groups of products that differ along a few axes."),
        ("stock", "Stock by place, capacity, and how many of an offer by what date."),
        ("product-changes", "Changes of listed products that somebody else looks through."),
        ("product-duplicates", "Products that are likely the same, and what was said of it."),
        ("master-products", "The goods that products of several sellers are."),
        ("samples", "Samples that buyers ask for: terms, sending, assessment."),
        ("price-points", "Other prices of offers: by rule and place, or for one buyer."),
        ("certificates", "Evidence that a seller's goods or organisation conform."),
        ("export-permissions", "What authorities have allowed exporters to sell abroad."),
        ("market-requirements", "What a market asks of goods, by customs code."),
        ("market-readiness", "Labels of products, and what a product lacks for a market."),
        ("export-prices", "What products cost delivered abroad, and their price by Incoterm."),
        ("feeds", "Feeds of your offers for marketplaces of others, and their builds."),
        ("published-feeds", "Feeds at their secret addresses."),
        ("channels", "Marketplaces elsewhere that this installation can speak to."),
        ("channel-connections", "Sellers at channels."),
        ("channel-listings", "Offers on channels, and how the channels stand to them."),
        ("channel-orders", "Orders that buyers have placed at channels."),
        ("channel-inquiries", "Requests and questions of buyers at channels."),
        ("imports", "Many offers at once, from CSV or NDJSON."),
        ("plans", "Annual procurement plans, and what was published against them."),
        ("tenders", "Public requests: lots, items, publication, amendment, cancellation."),
        ("files", "Signed addresses of files."),
        ("documents", "Files by their SHA-256, and the documents of tenders."),
        ("cancellations", "Cancellation of tenders and lots, after the time to complain about it."),
        ("enquiries", "Questions of suppliers about a tender, answered for everybody."),
        ("prequalification", "Candidates apply, are qualified, and are invited to bid."),
        ("bidding", "How a tender takes bids: terms, keys, handing in, opening."),
        ("bids", "A supplier's own bids, and everybody's once they are opened."),
        ("openings", "Openers' keys, and the shares with which bids are opened."),
        ("auctions", "Reverse auctions of lots after the opening of bids, and their logs."),
        ("commissions", "Who evaluates, conflicts of interest, scores, decisions, minutes."),
        ("evaluations", "How bids are compared, drafts and files of evaluations."),
        ("awards", "Which bid gets a lot: proposed by one, decided by another; standstill."),
        ("frameworks", "Framework agreements, their suppliers, and what is called off from them."),
        ("complaints", "Complaints about terms, decisions and cancellations, and their review."),
        ("contracts", "Contracts about awards: signed by both sides, changed under a cap."),
        ("schedules", "When and where the lines of a contract are delivered; order responses."),
        ("shipments", "Legs, equipment, packages, customs declarations, despatch advices."),
        ("receipts", "What the buyer took over of a despatch advice: came, short, damaged."),
        ("penalties", "Late delivery: alerts, excuses, liquidated damages and claims for them."),
        ("acceptances", "Goods presented, inspected, accepted, rejected or deemed accepted."),
        ("screening", "Sanctions and export-control lists, and cases about likenesses to them."),
        ("fees", "What the platform asks: tariffs, commissions frozen with contracts, invoices."),
        ("supplier-plans", "Plans of suppliers: fees by currency and quotas, from a day on."),
        ("subscriptions", "Suppliers' subscriptions to plans, and what is used of their quotas."),
        ("securities", "Securities of bids and contracts: given, returned, kept by decision."),
        ("guarantees", "Bank guarantees: verified, amended, called, paid, released."),
        ("payment_schedules", "When a contract is paid: parts of its value, guarantees, facts."),
        ("milestone_payments", "What became due: funded, approved, paid, frozen, refunded."),
        ("platform_accounts", "The platform's accounts at banks, and their statements."),
        (
            "payee_accounts",
            "Where organisations are paid: added by them, verified by the operator.",
        ),
        ("payment_rails", "By which rail a payment can go, and why not by another."),
        ("collections", "Money that is expected: the reference to write, and what came."),
        ("payment_orders", "Money that goes out."),
        (
            "payment_batches",
            "Files of payments for banks (pain.001): made by one, released by two.",
        ),
        ("payment_status_reports", "What banks say of files of payments (pain.002)."),
        ("bank_statements", "Statements of banks (camt.053, MT940), and what became of entries."),
        ("suspense_items", "Money that fits nothing, and what two people made of it."),
        ("disputes", "Disputes about contracts, their evidence, and the payments they freeze."),
        ("tracking", "Where shipments are: sources, webhooks, events, timelines, ETA."),
        ("delivery-terms", "Incoterms 2020 as a matrix and checks; crossings, routes, rate cards."),
        ("landed-costs", "What prices come to delivered, duty paid; bids compared at that cost."),
        ("scorecards", "What facts say of suppliers, their answers, and buyers' rules about it."),
        ("ubl", "UBL 2.1 in XML: Order, OrderResponse, DespatchAdvice, Invoice."),
        ("rfqs", "Requests for quotation: sourcing without a tender; quotes compared, delivered."),
        ("quotes", "What sellers quote for requests, every version of it."),
        ("purchase-orders", "Orders from quotes: placed, confirmed, and carried out as contracts."),
        ("rfq-matches", "Ranked offers for requests for quotation, and requests for your offers."),
        ("matches", "Ranked offers for each item of a request, with reasons."),
        ("request-digests", "A daily mail about requests that offers of a seller answer."),
        ("invitations", "Suppliers asked to bid."),
        ("matching", "The matching engine's models and index."),
        ("translations", "Texts of products made by a machine, to be read by people."),
        ("public", "Open data: what everybody may read, without credentials."),
        ("ocds", "Open Contracting Data Standard: releases, records, feeds, files by the year."),
        ("indicators", "Red flags: documented queries over open data, ours and others'."),
        ("ledger", "Accounts and statements in double entry; reconciliation with providers."),
        ("webhooks", "Events sent to addresses of yours: endpoints, keys, deliveries, attempts."),
        ("events", "What happened, in the order of commits."),
        ("event-types", "What events tell, with JSON Schemas; the same that webhooks send."),
        ("audit", "The log of who changed what: signed heads, proofs, exports."),
        ("operations", "For the operator: jobs of everybody, how far work is behind, leaked keys."),
        ("health", "Liveness, readiness, metrics."),
        ("security", "Whom to tell about a weakness (RFC 9116)."),
        ("problems", "The catalogue of error codes."),
    )
]


def install_schema(app: FastAPI, extend: Callable[[dict[str, Any]], None]) -> None:
    """Give `app.openapi()` the shared problem schema, each body its 400 and 415, and what `extend` adds."""

    unread = documented(BadRequest, UnsupportedMediaType)

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                openapi_version=app.openapi_version,
                summary=app.summary,
                description=app.description,
                routes=app.routes,
                tags=app.openapi_tags,
                servers=app.servers,
                contact=app.contact,
                license_info=app.license_info,
            )
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            for model in (FieldError, ProblemOut):
                found = model.model_json_schema(ref_template="#/components/schemas/{model}")
                found.pop("$defs", None)
                schemas[model.__name__] = found
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            for path in document["paths"].values():
                for operation in path.values():
                    if "requestBody" in operation:
                        for status, problem in unread.items():
                            operation["responses"].setdefault(str(status), problem)
            extend(document)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
