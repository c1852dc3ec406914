"""The columns of a Parquet segment: one row per request that was read from an access log.

Everything that a report groups by is decided at import, so that the SQL of a report stays portable between
DuckDB and ClickHouse. No column is nullable: an unknown text is '', an unknown number is 0.
"""

from typing import Final

REQUEST_COLUMNS: Final = {
    "source_id": "BIGINT",  # which content lineage the line came from (traffic_sources.id)
    "line_no": "BIGINT",  # number of the line in that source, from 1: with source_id it orders equal times
    "line_hash": "UBIGINT",  # hash of the whole line, without its line break
    "occurrence": "INTEGER",  # 1 for the first such line of its source, 2 for the second, …
    "at_us": "BIGINT",  # time of the request, microseconds since 1970-01-01 UTC
    "slot": "INTEGER",  # at_us in whole quarters of an hour: every time zone begins an hour on one
    "ip": "VARCHAR",  # as written in the log
    "visitor": "UBIGINT",  # hash of address and user agent
    "country": "VARCHAR",  # ISO 3166-1 alpha-2, '' when unknown, private or reserved
    "bot": "TINYINT",  # 1 when the user agent names a bot
    "method": "VARCHAR",  # GET, …; '' when the format does not say
    "path": "VARCHAR",  # without the query
    "status": "SMALLINT",  # HTTP status, 0 when the format does not say
    "bytes": "BIGINT",  # of the answer, 0 when the format does not say
    "referrer": "VARCHAR",
    "agent": "VARCHAR",
    "kind": "VARCHAR",  # home category good cart pay paid other
    "category": "VARCHAR",  # of a category's or a good's page
    "good": "VARCHAR",  # of a good's page; a good is known by (category, good)
    "goods_id": "BIGINT",  # of a cart line
    "amount": "BIGINT",  # of a cart line
    "cart_id": "BIGINT",  # of a cart, pay or paid line
    "user_id": "BIGINT",  # of a pay line
}
