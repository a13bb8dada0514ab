"""Framework agreements, their suppliers and prices, and what was called off from them.

Revision ID: 0023
Revises: 0022
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0023"
down_revision: str | Sequence[str] | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = (
    "framework_terms",
    "framework_agreement",
    "framework_supplier",
    "framework_price",
    "framework_call_off",
)
PUBLISHED = "status <> 'active' OR (published_at IS NOT NULL AND {end})"
WITH_PERIOD = PUBLISHED.format(end="tender_period_end IS NOT NULL")
WITHOUT_PERIOD = PUBLISHED.format(
    end="(tender_period_end IS NOT NULL OR framework_method = 'withoutReopeningCompetition')"
)
METHODS = (
    "withReopeningCompetition",
    "withoutReopeningCompetition",
    "withAndWithoutReopeningCompetition",
)
ALLOCATED = "(method = 'withReopeningCompetition') = (allocation IS NULL)"
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
"""
KEEP = """
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""
SEEN_TENDER = "EXISTS (SELECT FROM tender t WHERE t.id = tender_id)"
OWN_TENDER = "EXISTS (SELECT FROM tender t WHERE t.id = tender_id AND t.buyer_id = kerben_org())"
OWN_AGREEMENT = (
    "EXISTS (SELECT FROM framework_agreement a"
    " WHERE a.id = agreement_id AND a.buyer_id = kerben_org())"
)
CALLS_OFF = """(kerben_org() = ANY(buyers) OR EXISTS (SELECT FROM tender t
    WHERE t.id = kerben_process() AND t.framework_id = framework_agreement.tender_id))"""
POLICIES = f"""
CREATE POLICY app_read ON framework_terms FOR SELECT TO kerben_app USING ({SEEN_TENDER});
CREATE POLICY app_insert ON framework_terms FOR INSERT TO kerben_app WITH CHECK ({OWN_TENDER});
CREATE POLICY app_update ON framework_terms FOR UPDATE TO kerben_app USING ({OWN_TENDER});

-- Agreements are public. Those who call off draw on the ceiling, and change nothing else.
CREATE POLICY app_read ON framework_agreement FOR SELECT TO kerben_app
  USING (kerben_org() IS NOT NULL);
CREATE POLICY app_insert ON framework_agreement FOR INSERT TO kerben_app
  WITH CHECK (buyer_id = kerben_org() AND {OWN_TENDER});
CREATE POLICY app_update ON framework_agreement FOR UPDATE TO kerben_app USING {CALLS_OFF};
CREATE FUNCTION kerben_keep_framework() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.tender_id, NEW.ocid, NEW.buyer_id, NEW.buyers, NEW.method, NEW.allocation,
      NEW.within_agreed_prices, NEW.ceiling_amount, NEW.ceiling_currency, NEW.period_start,
      NEW.period_end)
     IS DISTINCT FROM
     (OLD.tender_id, OLD.ocid, OLD.buyer_id, OLD.buyers, OLD.method, OLD.allocation,
      OLD.within_agreed_prices, OLD.ceiling_amount, OLD.ceiling_currency, OLD.period_start,
      OLD.period_end) THEN
    RAISE EXCEPTION 'the terms of a framework agreement are never altered';
  END IF;
  IF NEW.status IS DISTINCT FROM OLD.status AND kerben_org() <> OLD.buyer_id THEN
    RAISE EXCEPTION 'only the buyer who concluded a framework agreement ends it';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_framework BEFORE UPDATE ON framework_agreement
  FOR EACH ROW EXECUTE FUNCTION kerben_keep_framework();

CREATE POLICY app_read ON framework_supplier FOR SELECT TO kerben_app
  USING (kerben_org() IS NOT NULL);
CREATE POLICY app_insert ON framework_supplier FOR INSERT TO kerben_app
  WITH CHECK ({OWN_AGREEMENT});
CREATE POLICY app_update ON framework_supplier FOR UPDATE TO kerben_app USING ({OWN_AGREEMENT});

CREATE POLICY app_read ON framework_price FOR SELECT TO kerben_app
  USING (kerben_org() IS NOT NULL);
CREATE POLICY app_insert ON framework_price FOR INSERT TO kerben_app
  WITH CHECK (EXISTS (SELECT FROM framework_supplier s JOIN framework_agreement a
    ON a.id = s.agreement_id WHERE s.id = framework_supplier_id AND a.buyer_id = kerben_org()));
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON framework_price
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();

CREATE POLICY app_read ON framework_call_off FOR SELECT TO kerben_app
  USING (kerben_org() IS NOT NULL);
CREATE POLICY app_insert ON framework_call_off FOR INSERT TO kerben_app
  WITH CHECK (buyer_id = kerben_org() OR tender_id = kerben_process());
CREATE POLICY app_update ON framework_call_off FOR UPDATE TO kerben_app
  USING (buyer_id = kerben_org() OR tender_id = kerben_process());

-- What an agreement says is drawn is the sum of what is called off, at every commit.
CREATE FUNCTION kerben_check_drawn(agreement uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE drawn numeric; called_off numeric;
BEGIN
  SELECT drawn_amount INTO drawn FROM framework_agreement WHERE id = agreement;
  SELECT coalesce(sum(amount), 0) INTO called_off FROM framework_call_off
    WHERE agreement_id = agreement AND released_at IS NULL;
  IF drawn IS DISTINCT FROM called_off THEN
    RAISE EXCEPTION 'framework agreement %: % is drawn, % called off', agreement, drawn, called_off
      USING ERRCODE = 'check_violation';
  END IF;
END $$;
CREATE FUNCTION kerben_drawn_of_agreement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM kerben_check_drawn(NEW.id); RETURN NULL; END $$;
CREATE FUNCTION kerben_drawn_of_call_off() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM kerben_check_drawn(NEW.agreement_id); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER drawn_is_called_off AFTER INSERT OR UPDATE ON framework_agreement
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION kerben_drawn_of_agreement();
CREATE CONSTRAINT TRIGGER drawn_is_called_off AFTER INSERT OR UPDATE ON framework_call_off
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION kerben_drawn_of_call_off();

CREATE POLICY framework_trail ON audit_entry FOR SELECT TO kerben_app
  USING (CASE WHEN stream LIKE 'framework:%' THEN EXISTS (
    SELECT FROM framework_agreement a WHERE a.id = substr(stream, 11)::uuid) ELSE false END);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("tender", sa.Column("framework_id", sa.Uuid(), nullable=True))
    op.add_column("tender", _state("framework_method", "frameworkmethod", METHODS, nullable=True))
    op.create_index(op.f("ix_tender_framework_id"), "tender", ["framework_id"])
    op.create_foreign_key(
        op.f("fk_tender_framework_id_tender"),
        "tender",
        "tender",
        ["framework_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.create_check_constraint(
        op.f("ck_tender_call_off_has_method"),
        "tender",
        "(framework_id IS NULL) = (framework_method IS NULL)",
    )
    op.drop_constraint(op.f("ck_tender_active_is_published"), "tender")
    op.create_check_constraint(op.f("ck_tender_active_is_published"), "tender", WITHOUT_PERIOD)
    op.add_column("tender_item", sa.Column("framework_item_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_tender_item_framework_item_id_tender_item"),
        "tender_item",
        "tender_item",
        ["framework_item_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.add_column("award", sa.Column("seat", sa.Integer(), nullable=False, server_default="1"))
    op.alter_column("award", "seat", server_default=None)
    op.create_check_constraint(op.f("ck_award_seat_positive"), "award", "seat > 0")
    _index_active(["lot_id", "seat"])
    _create_tables()
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
        if table not in ("framework_terms", "framework_price"):
            op.execute(KEEP.format(table=table))
    # The driver itself: alembic takes the percent signs of LIKE for parameters.
    op.get_bind().connection.cursor().execute(POLICIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP POLICY framework_trail ON audit_entry")
    for table in TABLES[::-1]:
        op.drop_table(table)
    op.execute(
        "DROP FUNCTION kerben_keep_framework(), kerben_drawn_of_agreement(),"
        " kerben_drawn_of_call_off(), kerben_check_drawn(uuid)"
    )
    _index_active(["lot_id"])
    op.drop_column("award", "seat")
    op.drop_column("tender_item", "framework_item_id")
    op.drop_constraint(op.f("ck_tender_active_is_published"), "tender")
    op.create_check_constraint(op.f("ck_tender_active_is_published"), "tender", WITH_PERIOD)
    op.drop_column("tender", "framework_method")
    op.drop_column("tender", "framework_id")


def _index_active(columns: list[str]) -> None:
    op.drop_index("uq_award_active", "award")
    op.create_index(
        "uq_award_active",
        "award",
        columns,
        unique=True,
        postgresql_where=sa.text("status = 'active'"),
    )


def _state(
    name: str, check: str, values: Sequence[str], *, nullable: bool = False
) -> sa.Column[str]:
    kind = sa.Enum(
        *values,
        name=f"{check}_valid",
        native_enum=False,
        create_constraint=True,
        length=max(32, *map(len, values)),
    )
    return sa.Column(name, kind, nullable=nullable)


def _common() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )


def _key(
    table: str, column: str, target: str, ondelete: str = "RESTRICT"
) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete=ondelete)


def _create_tables() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    rules = ("cascade", "rotation", "best_price")
    op.create_table(
        "framework_terms",
        *_common(),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        _state("method", "frameworkmethod", METHODS),
        sa.Column("minimum_participants", sa.Integer(), nullable=True),
        sa.Column("maximum_participants", sa.Integer(), nullable=False),
        sa.Column("duration_days", sa.Integer(), nullable=False),
        sa.Column("period_rationale", text(length=5000), nullable=True),
        _state("allocation", "allocation", rules, nullable=True),
        sa.Column("within_agreed_prices", sa.Boolean(), nullable=False),
        sa.Column("buyers", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("bounds", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _key("framework_terms", "tender_id", "tender", "CASCADE"),
        _check("framework_terms", "allocated_without_competition", ALLOCATED),
        _check("framework_terms", "participants_positive", "maximum_participants > 0"),
        _check("framework_terms", "minimum_positive", "minimum_participants > 0"),
        _check("framework_terms", "duration_positive", "duration_days > 0"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_framework_terms")),
        sa.UniqueConstraint("tender_id", name=op.f("uq_framework_terms_tender_id")),
    )
    op.create_table(
        "framework_agreement",
        *_common(),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("ocid", text(length=40), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("buyers", postgresql.ARRAY(sa.Uuid()), nullable=False),
        _state("status", "frameworkstatus", ("active", "terminated")),
        _state("method", "frameworkmethod", METHODS),
        _state("allocation", "allocation", rules, nullable=True),
        sa.Column("within_agreed_prices", sa.Boolean(), nullable=False),
        sa.Column("ceiling_amount", sa.Numeric(20, 6), nullable=False),
        sa.Column("ceiling_currency", text(length=3), nullable=False),
        sa.Column("drawn_amount", sa.Numeric(20, 6), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("terminated_at", sa.DateTime(timezone=True), nullable=True),
        _state("termination_cause", "frameworkend", ("expired", "buyer"), nullable=True),
        sa.Column("termination_reason", text(length=5000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _key("framework_agreement", "tender_id", "tender"),
        _key("framework_agreement", "buyer_id", "organisation"),
        _check("framework_agreement", "allocated_without_competition", ALLOCATED),
        _check(
            "framework_agreement",
            "drawn_within_ceiling",
            "drawn_amount BETWEEN 0 AND ceiling_amount",
        ),
        _check("framework_agreement", "ceiling_positive", "ceiling_amount > 0"),
        _check("framework_agreement", "period_forward", "period_end > period_start"),
        _check(
            "framework_agreement",
            "terminated_has_reason",
            "(status = 'terminated') = (terminated_at IS NOT NULL AND termination_cause IS NOT NULL"
            " AND termination_reason IS NOT NULL)",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_framework_agreement")),
        sa.UniqueConstraint("tender_id", name=op.f("uq_framework_agreement_tender_id")),
    )
    op.create_index(op.f("ix_framework_agreement_buyer_id"), "framework_agreement", ["buyer_id"])
    op.create_table(
        "framework_supplier",
        *_common(),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("bid_id", sa.Uuid(), nullable=False),
        sa.Column("suppliers", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("vat_included", sa.Boolean(), nullable=False),
        _state("status", "participantstatus", ("active", "suspended", "terminated")),
        sa.Column("reason", text(length=5000), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _key("framework_supplier", "agreement_id", "framework_agreement"),
        _key("framework_supplier", "lot_id", "tender_lot"),
        _key("framework_supplier", "award_id", "award"),
        _key("framework_supplier", "bid_id", "bid"),
        _check("framework_supplier", "has_supplier", "cardinality(suppliers) > 0"),
        _check(
            "framework_supplier", "inactive_has_reason", "(status = 'active') = (reason IS NULL)"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_framework_supplier")),
        sa.UniqueConstraint("award_id", name=op.f("uq_framework_supplier_award_id")),
    )
    op.create_index(
        op.f("ix_framework_supplier_agreement_id"), "framework_supplier", ["agreement_id"]
    )
    op.create_table(
        "framework_price",
        *_common(),
        sa.Column("framework_supplier_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("unit_price_amount", sa.Numeric(20, 6), nullable=False),
        _key("framework_price", "framework_supplier_id", "framework_supplier", "CASCADE"),
        _key("framework_price", "item_id", "tender_item"),
        _check("framework_price", "price_not_negative", "unit_price_amount >= 0"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_framework_price")),
        sa.UniqueConstraint(
            "framework_supplier_id",
            "item_id",
            name=op.f("uq_framework_price_framework_supplier_id_item_id"),
        ),
    )
    op.create_table(
        "framework_call_off",
        *_common(),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("framework_supplier_id", sa.Uuid(), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.Numeric(20, 6), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        _key("framework_call_off", "agreement_id", "framework_agreement"),
        _key("framework_call_off", "framework_supplier_id", "framework_supplier"),
        _key("framework_call_off", "tender_id", "tender"),
        _key("framework_call_off", "lot_id", "tender_lot"),
        _key("framework_call_off", "award_id", "award"),
        _key("framework_call_off", "buyer_id", "organisation"),
        _check("framework_call_off", "amount_positive", "amount > 0"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_framework_call_off")),
        sa.UniqueConstraint(
            "agreement_id", "number", name=op.f("uq_framework_call_off_agreement_id_number")
        ),
        sa.UniqueConstraint("award_id", name=op.f("uq_framework_call_off_award_id")),
    )
    op.create_index(op.f("ix_framework_call_off_tender_id"), "framework_call_off", ["tender_id"])


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))
