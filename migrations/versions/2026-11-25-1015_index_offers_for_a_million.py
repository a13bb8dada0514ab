"""Indexes that find candidates among a million offers with bounded work.

Built concurrently, since the tables may be large; give the session memory for the graph
(PGOPTIONS="-c maintenance_work_mem=4GB -c max_parallel_maintenance_workers=4").

Revision ID: 0006
Revises: 0005
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0006"
down_revision: str | Sequence[str] | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NEW = {
    "ix_offer_vector_signs": """
        offer_vector USING hnsw ((binary_quantize(embedding)::bit(512)) bit_hamming_ops)
        WITH (m = 16, ef_construction = 64) WHERE kind IN ('noun', 'title', 'head', 'concept')""",
    "ix_offer_terms_cpv_4": """offer_terms ("left"(cpv_code, 4), sample_key)""",
    "ix_offer_terms_cpv_5": """offer_terms ("left"(cpv_code, 5), sample_key)""",
    "ix_offer_terms_hs_4": """offer_terms ("left"(hs_code, 4), sample_key)""",
    "ix_offer_terms_hs_6": """offer_terms ("left"(hs_code, 6), sample_key)""",
    "ix_term_frequency_word": """
        term_frequency USING gin (substr(term, 3) gin_trgm_ops)
        WHERE term LIKE 'w:%' AND offers > 0""",
}
OLD = {
    "ix_offer_vector_hnsw": """
        offer_vector USING hnsw (embedding halfvec_cosine_ops)
        WITH (m = 16, ef_construction = 64)""",
    "ix_offer_terms_cpv_code": "offer_terms (cpv_code text_pattern_ops)",
    "ix_offer_terms_hs_code": "offer_terms (hs_code text_pattern_ops)",
}


def upgrade() -> None:
    _replace(OLD, NEW)
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_offer_terms_names", table_name="offer_terms")
    op.drop_column("offer_terms", "names")


def downgrade() -> None:
    _replace(NEW, OLD)
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "offer_terms",
        sa.Column("names", sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=""),
    )
    op.alter_column("offer_terms", "names", server_default=None)
    op.create_index(
        "ix_offer_terms_names",
        "offer_terms",
        ["names"],
        postgresql_using="gin",
        postgresql_ops={"names": "gin_trgm_ops"},
    )


def _replace(old: dict[str, str], new: dict[str, str]) -> None:
    """Build the new indexes, then drop the old ones, which serve until then.

    An invalid index that an interrupted run left behind goes first.
    """
    with op.get_context().autocommit_block():
        run = op.get_bind().exec_driver_sql
        for name, definition in new.items():
            run(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            run(f"CREATE INDEX CONCURRENTLY {name} ON {definition.replace('%', '%%')}")
        for name in old:
            run(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
