"""The manifest of the store: which Parquet files count, where they came from, and what each import did."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, PrimaryKeyConstraint, Table, Text, UniqueConstraint

from artel.db import identity, metadata

# One row. Whoever adds lines raises the generation it saw; 0 rows changed: somebody else was faster. A merge adds none.
store = Table(
    "traffic_store",
    metadata,
    Column("id", BigInteger, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("timezone", Text, nullable=False),  # of the times that named none; '': no such log was imported yet
    PrimaryKeyConstraint("id", name="traffic_store_pk"),
)

imports = Table(
    "traffic_imports",
    metadata,
    identity(),
    Column("status", Text, nullable=False),  # running done failed
    Column("what", Text, nullable=False),  # names of the logs
    Column("format", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("finished_us", BigInteger, nullable=False),  # 0 while it runs
    Column("bytes_total", BigInteger, nullable=False),
    Column("bytes_read", BigInteger, nullable=False),
    Column("lines", BigInteger, nullable=False),
    Column("parsed", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("duplicates", BigInteger, nullable=False),
    Column("known", BigInteger, nullable=False),
    Column("problem", Text, nullable=False),
)

reasons = Table(
    "traffic_import_reasons",
    metadata,
    Column(
        "import_id",
        BigInteger,
        ForeignKey("traffic_imports.id", name="traffic_import_reasons_import_fk"),
        nullable=False,
    ),
    Column("reason", Text, nullable=False),
    Column("lines", BigInteger, nullable=False),
    PrimaryKeyConstraint("import_id", "reason", name="traffic_import_reasons_pk"),
)

# A lineage of content, recognised by its bytes: a file that was moved or grew is the same source, one that was
# rewritten is another.
sources = Table(
    "traffic_sources",
    metadata,
    identity(),
    Column("name", Text, nullable=False),  # as it was called last
    Column("head", Text, nullable=False),  # mark of its first bytes; '' when it cannot be recognised (a pipe)
    Column("window", Text, nullable=False),  # mark of the bytes before the offset
    Column("offset_bytes", BigInteger, nullable=False),  # what of it is imported for good
    Column("lines", BigInteger, nullable=False),  # up to the offset, blank ones too
    Column("tail", Text, nullable=False),  # mark of an imported last line without a line break, '' for none
)
Index("traffic_sources_head_ix", sources.c.head)

segments = Table(
    "traffic_segments",
    metadata,
    identity(),
    Column(
        "import_id", BigInteger, ForeignKey("traffic_imports.id", name="traffic_segments_import_fk"), nullable=False
    ),
    # Read of skipped ones only. The lines of a merged segment have several sources; here is the one of its first part.
    Column(
        "source_id", BigInteger, ForeignKey("traffic_sources.id", name="traffic_segments_source_fk"), nullable=False
    ),
    Column("kind", Text, nullable=False),  # requests rejected
    # stored; skipped: identities another source brought; tail: one line that may grow; replaced: merged into another
    Column("role", Text, nullable=False),
    Column("shown", BigInteger, nullable=False),  # 1: reports read it
    Column("name", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("at_min_us", BigInteger, nullable=False),
    Column("at_max_us", BigInteger, nullable=False),
    Column("replaced_us", BigInteger, nullable=False),  # when it was merged into another; 0: it was not
    UniqueConstraint("name", name="traffic_segments_name_uq"),
)
Index("traffic_segments_kind_ix", segments.c.kind, segments.c.role, segments.c.at_max_us)

# The last line of a source that had no line break yet: it counts until the source goes on.
tails = Table(
    "traffic_tails",
    metadata,
    Column("source_id", BigInteger, ForeignKey("traffic_sources.id", name="traffic_tails_source_fk"), nullable=False),
    Column(
        "segment_id", BigInteger, ForeignKey("traffic_segments.id", name="traffic_tails_segment_fk"), nullable=False
    ),
    Column("kind", Text, nullable=False),
    Column("line_hash", Text, nullable=False),  # decimal: the databases have no unsigned integer of 64 bits
    Column("occurrence", BigInteger, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("shadowed", BigInteger, nullable=False),  # 1: the store has this line for good
    PrimaryKeyConstraint("source_id", name="traffic_tails_pk"),
)
