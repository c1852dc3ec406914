"""The manifest of the traffic store."""

import sqlalchemy as sa
from alembic import op

from artel.db.statement import identity

revision = "0003"
down_revision = "0002"


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "traffic_store",
        *_numbers("id", "generation"),
        *_texts("timezone"),
        sa.PrimaryKeyConstraint("id", name="traffic_store_pk"),
    )
    op.execute("INSERT INTO traffic_store (id, generation, timezone) VALUES (1, 0, '')")
    op.create_table(
        "traffic_imports",
        identity(),
        *_texts("status", "what", "format"),
        *_numbers("created_us", "finished_us", "bytes_total", "bytes_read"),
        *_numbers("lines", "parsed", "rejected", "duplicates", "known"),
        *_texts("problem"),
        sa.PrimaryKeyConstraint("id", name="traffic_imports_pk"),
    )
    op.create_table(
        "traffic_import_reasons",
        *_numbers("import_id"),
        *_texts("reason"),
        *_numbers("lines"),
        sa.PrimaryKeyConstraint("import_id", "reason", name="traffic_import_reasons_pk"),
        sa.ForeignKeyConstraint(["import_id"], ["traffic_imports.id"], name="traffic_import_reasons_import_fk"),
    )
    op.create_table(
        "traffic_sources",
        identity(),
        *_texts("name", "head", "window"),
        *_numbers("offset_bytes", "lines"),
        *_texts("tail"),
        sa.PrimaryKeyConstraint("id", name="traffic_sources_pk"),
    )
    op.create_index("traffic_sources_head_ix", "traffic_sources", ["head"])
    op.create_table(
        "traffic_segments",
        identity(),
        *_numbers("import_id", "source_id"),
        *_texts("kind", "role"),
        *_numbers("shown"),
        *_texts("name"),
        *_numbers("rows", "size_bytes", "at_min_us", "at_max_us", "replaced_us"),
        sa.PrimaryKeyConstraint("id", name="traffic_segments_pk"),
        sa.UniqueConstraint("name", name="traffic_segments_name_uq"),
        sa.ForeignKeyConstraint(["import_id"], ["traffic_imports.id"], name="traffic_segments_import_fk"),
        sa.ForeignKeyConstraint(["source_id"], ["traffic_sources.id"], name="traffic_segments_source_fk"),
    )
    op.create_index("traffic_segments_kind_ix", "traffic_segments", ["kind", "role", "at_max_us"])
    op.create_table(
        "traffic_tails",
        *_numbers("source_id", "segment_id"),
        *_texts("kind", "line_hash"),
        *_numbers("occurrence", "at_us", "shadowed"),
        sa.PrimaryKeyConstraint("source_id", name="traffic_tails_pk"),
        sa.ForeignKeyConstraint(["source_id"], ["traffic_sources.id"], name="traffic_tails_source_fk"),
        sa.ForeignKeyConstraint(["segment_id"], ["traffic_segments.id"], name="traffic_tails_segment_fk"),
    )
