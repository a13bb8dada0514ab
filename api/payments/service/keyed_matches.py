"""Lines and entries that name the same: matched where they lie, so that a run loads only the rest.

The rule is that of `rules.reconciling.match` for what shares an external id, or else a reference.
"""

from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from api.payments.models import ProviderLine, ReconciliationMatch
from api.rules.ledger import AccountKey
from api.rules.reconciling import MatchRule

_PASSES = (
    (MatchRule.EXTERNAL_ID, "external_id", "external_id"),
    (MatchRule.REFERENCE, "reference", "reference"),
    (MatchRule.REFERENCE, "external_id", "reference"),
    (MatchRule.REFERENCE, "reference", "external_id"),
)
_MATCH = """
    WITH lines AS (
      SELECT l.{of_line} AS key, array_agg(l.id ORDER BY l.booked_on, l.id) AS ids,
        sum(l.amount) AS gross, sum(l.fee) AS fee
      FROM provider_line l
      WHERE l.clearing = :kind AND l.currency = :currency AND l.{of_line} IS NOT NULL
        AND NOT EXISTS (SELECT FROM reconciliation_match m WHERE m.line_id = l.id)
      GROUP BY 1
    ), entries AS (
      SELECT t.details ->> '{of_entry}' AS key, sum(e.amount) AS total,
        array_agg(e.id ORDER BY e.booking_date, e.id) AS ids
      FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
        JOIN ledger_transaction t ON t.id = e.transaction_id
      WHERE a.kind = :kind AND a.currency = :currency AND t.details ->> '{of_entry}' IS NOT NULL
        AND NOT EXISTS (SELECT FROM reconciliation_match m WHERE m.entry_id = e.id)
      GROUP BY 1
    ), found AS MATERIALIZED (
      SELECT uuidv7() AS group_id, l.ids AS lines, e.ids AS entries,
        CASE WHEN l.gross - l.fee = e.total THEN 0 ELSE l.fee END AS fee
      FROM lines l JOIN entries e USING (key)
      WHERE e.total IN (l.gross - l.fee, l.gross)
    ), kept AS (
      INSERT INTO reconciliation_match
        (id, created_at, updated_at, group_id, line_id, entry_id, rule, actor)
      SELECT uuidv7(), now(), now(), f.group_id, pair.line_id, pair.entry_id, :rule, :actor
      FROM found f CROSS JOIN LATERAL unnest(f.lines, f.entries) AS pair(line_id, entry_id)
    ), owed AS (
      SELECT group_id, lines[1] AS line_id, fee FROM found WHERE fee <> 0
    )
    SELECT number, group_id, line_id, fee
    FROM (SELECT count(*) AS number FROM found) AS counted LEFT JOIN owed ON true
"""


class Owed(NamedTuple):
    """A match whose fee the ledger does not know yet; `line_id` is its first line."""

    group_id: UUID
    line_id: UUID
    rule: MatchRule
    fee: Decimal


def is_matched(session: Session, line: str) -> bool:
    """Whether a provider's line, by its external id, has its match: what it costs is booked then."""
    query = (
        select(ReconciliationMatch.id)
        .join(ProviderLine, col(ProviderLine.id) == ReconciliationMatch.line_id)
        .where(ProviderLine.external_id == line)
    )
    return session.exec(query.limit(1)).first() is not None


def keep(
    session: Session, clearing: AccountKey, *, actor: str
) -> tuple[dict[str, int], list[Owed]]:
    """Match what is open of a clearing account and names the same on both sides.

    The number of matches by rule, and those whose fee is still to be booked.
    """
    counted: dict[str, int] = {}
    owed: list[Owed] = []
    for rule, of_line, of_entry in _PASSES:
        query = text(_MATCH.format(of_line=of_line, of_entry=of_entry))
        values = {
            "kind": clearing.kind.value,
            "currency": clearing.currency,
            "rule": rule.value,
            "actor": actor,
        }
        rows = session.connection().execute(query, values).all()
        if number := rows[0].number:
            counted[rule.value] = counted.get(rule.value, 0) + number
        owed += [Owed(group, line, rule, fee) for _, group, line, fee in rows if line is not None]
    return counted, owed
