"""The SQL of the reports: the same text runs on DuckDB and on ClickHouse.

Each statement reads relations that an engine prepares, so that no value of a user is ever part of a text:
`requests`  the lines that were asked for (columns of artel.traffic.schema): period and bots are decided there
`asked`     one row: category, places, page_rows, after_number, after_category, after_good, after_other
`zone`      from_slot, to_slot, offset_slots: the time zone's offset over half open ranges of quarter hours

What keeps a text portable: no outer join (ClickHouse fills it with zeros and '' instead of nulls), no lag,
every alias differs from every column of `requests` that its query sees, a total ORDER BY, count(distinct)
and no other aggregate with a name of its own.
"""

from typing import Final

from artel.traffic.reports.model import Measure

Text = str

# What is counted for each measure; {unit} and {own} stand in the texts below.
_UNITS: Final[dict[Measure, str]] = {"requests": "1", "visitors": "distinct visitor"}
_OWN: Final[dict[Measure, str]] = {
    "requests": "case when kind = 'category' then 1 end",
    "visitors": "distinct case when kind = 'category' then visitor end",
}

SEEN: Final[Text] = """
select count(*) as lines_read, coalesce(min(at_us), 0) as first_us, coalesce(max(at_us), 0) as last_us
from requests
"""

# Every ranking: places 1, 2, ... are names, all of one count at one place; place 0 is the whole, -1 what
# has no name.
_NAMED = """
named as (select name, n from counted where name <> ''),
"""
_RANKED = """
ranked as (select name, n, cast(dense_rank() over (order by n desc) as bigint) as place from named)
select label, total, place from (
  select name as label, n as total, place from ranked cross join asked where place <= places
  union all select '' as label, coalesce(sum(n), 0) as total, 0 as place from counted
  union all select '' as label, coalesce(sum(n), 0) as total, -1 as place from counted where name = ''
) as listed order by place, label limit 10000
"""

# The calendar hour and the offset of each quarter of an hour that occurs.
_HOURS = """
hours as (
  select slot as hour_slot, offset_slots as shift,
    cast(floor((slot + offset_slots) / 4.0) as bigint) as hour_no
  from (select distinct slot from requests) as slots cross join zone
  where slot >= from_slot and slot < to_slot
),
"""

# Every line that put something into a cart, with the good that it put in. Among the requests of one address
# for goods' pages and carts, in order, `page_no` counts the pages: a cart line has the number of the page
# before it. Only addresses that filled a cart are sorted, by number; page 0, without a name, is for lines
# with no page before them.
PUT_IN = """
buyers as (
  select ip as buyer_ip, row_number() over (order by ip) as buyer
  from requests where kind = 'cart' group by ip
),
trail as (
  select buyer, ip, at_us, source_id, line_no, category, good, goods_id, amount, cart_id,
    case when kind = 'good' then 1 else 0 end as is_page
  from requests inner join buyers on ip = buyer_ip where kind in ('good', 'cart')
),
numbered as (
  select buyer, ip, at_us, category, good, goods_id, amount, cart_id, is_page,
    sum(is_page) over (partition by buyer order by at_us, source_id, line_no
      rows between unbounded preceding and current row) as page_no
  from trail
),
pages as (
  select buyer as page_buyer, 0 as page_number, '' as page_category, '' as page_good from buyers
  union all
  select buyer as page_buyer, page_no as page_number, category as page_category, good as page_good
  from numbered where is_page = 1
),
put_in as (
  select cart_id as cart, ip as from_ip, at_us as put_us, goods_id as shop_no, amount as pieces,
    page_category as of_category, page_good as of_good
  from numbered inner join pages on buyer = page_buyer and page_no = page_number
  where is_page = 0 and amount > 0
),
"""

# A good of a cart, amounts added up. `told_by` keeps goods without a name apart.
CART_LINES = """
cart_lines as (
  select cart, of_category, of_good, told_by, min(shop_no) as shop_number, sum(pieces) as pieces_in,
    min(put_us) as first_put_us, min(from_ip) as first_ip
  from (select cart, of_category, of_good, case when of_good = '' then shop_no else 0 end as told_by,
    shop_no, pieces, put_us, from_ip from put_in) as named_lines
  group by cart, of_category, of_good, told_by
),
"""

_COUNTRIES = """
with counted as (select country as name, count({unit}) as n from requests group by country),
"""

_CATEGORY_COUNTRIES = """
with counted as (
  select country as name, count({unit}) as n from requests
  where kind in ('category', 'good') and category = (select category from asked) group by country
),
"""

_TIMES_OF_DAY = """
part_hours as (
  select hour_slot as part_slot, cast(floor((hour_no - floor(hour_no / 24.0) * 24) / 6.0) as bigint) as part
  from hours
)
select part, count({own}) as own, count({unit}) as with_goods
from requests inner join part_hours on slot = part_slot
where kind in ('category', 'good') and category = (select category from asked) group by part order by part
"""

_PER_HOUR = """
per_hour as (
  select hour_no, shift, count({unit}) as n from requests inner join hours on slot = hour_slot
  group by hour_no, shift
)
"""

_BUSIEST_HOUR = """,
counted as (select concat(cast(hour_no as varchar), '/', cast(shift as varchar)) as name, n from per_hour),
"""

_BOUGHT_TOGETHER = """
held as (
  select distinct cart as holder, of_category as content from put_in
  where cart in (select cart_id from requests where kind = 'paid')
),
counted as (
  select content as name, count(*) as n from held cross join asked
  where content <> category
    and holder in (select holder as with_it from held where content = (select category from asked))
  group by content
),
"""

_UNPAID_CARTS = """
select coalesce(sum(case when paid = 0 then 1 else 0 end), 0) as unpaid, count(*) as filled from (
  select cart_id as cart, max(case when kind = 'paid' then 1 else 0 end) as paid,
    max(case when kind = 'cart' and amount > 0 then 1 else 0 end) as has_goods
  from requests where kind in ('cart', 'paid') group by cart_id
) as carts where has_goods = 1
"""

_REPEAT_PAYERS = """
select coalesce(sum(case when carts >= 2 then 1 else 0 end), 0) as repeating, count(*) as payers from (
  select user_id as payer, count(distinct cart_id) as carts from requests
  where kind = 'pay' and user_id <> 0 and cart_id in (select cart_id from requests where kind = 'paid')
  group by user_id
) as users
"""

# The requests of one visitor at one time are one moment, so that the order of moments is total. The first
# moment of a visitor has none before it: null in DuckDB, 0 in ClickHouse, so 0 in both.
_FUNNEL = """
with moments as (
  select visitor as guest, at_us as moment_us, max(case kind when 'paid' then 5 when 'pay' then 4
    when 'cart' then 3 when 'good' then 2 when 'category' then 1 else 0 end) as step
  from requests group by visitor, at_us
),
pauses as (
  select guest, moment_us, step, coalesce(max(moment_us) over (partition by guest order by moment_us
    rows between unbounded preceding and 1 preceding), 0) as before_us
  from moments
),
visits as (
  select guest, step, sum(case when before_us = 0 or moment_us - before_us > 1800000000 then 1 else 0 end)
    over (partition by guest order by moment_us rows between unbounded preceding and current row) as visit_no
  from pauses
)
select deepest, count(*) as n from (
  select guest, visit_no, max(step) as deepest from visits group by guest, visit_no
) as ended group by deepest order by deepest
"""

_TOP_PAGES = """
with counted as (select path as name, count({unit}) as n from requests group by path),
"""

_TOP_GOODS = """
with counted as (
  select concat(category, '/', good) as name, count({unit}) as n from requests where kind = 'good'
  group by category, good
),
"""

_ERRORS = """
with counted as (
  select case when status = 0 then '' else cast(status as varchar) end as name, count({unit}) as n,
    case when status >= 400 then 1 else 0 end as failed
  from requests group by status
),
named as (select name, n from counted where failed = 1),
"""

_EACH_HOUR = """
select hour_no, shift, n from per_hour order by hour_no, shift desc limit 100001
"""

_EACH_DAY = """
days as (select hour_slot as day_slot, cast(floor(hour_no / 24.0) as bigint) as day_no from hours)
select day_no, count({unit}) as n from requests inner join days on slot = day_slot
group by day_no order by day_no limit 100001
"""

_BY_NAME: Final[dict[str, Text]] = {
    "countries": _COUNTRIES + _NAMED + _RANKED,
    "category-countries": _CATEGORY_COUNTRIES + _NAMED + _RANKED,
    "times-of-day": "with" + _HOURS + _TIMES_OF_DAY,
    "busiest-hour": "with" + _HOURS + _PER_HOUR + _BUSIEST_HOUR + _NAMED + _RANKED,
    "bought-together": "with" + PUT_IN + _BOUGHT_TOGETHER + _NAMED + _RANKED,
    "unpaid-carts": _UNPAID_CARTS,
    "repeat-payers": _REPEAT_PAYERS,
    "funnel": _FUNNEL,
    "top-pages": _TOP_PAGES + _NAMED + _RANKED,
    "top-goods": _TOP_GOODS + _NAMED + _RANKED,
    "requests-per-hour": "with" + _HOURS + _PER_HOUR + _EACH_HOUR,
    "requests-per-day": "with" + _HOURS + _EACH_DAY,
    "errors": _ERRORS + _RANKED,
}


def text_of(report: str, by: Measure) -> Text:
    """The statement of a report of the catalogue. Both parts that are filled in are constants of this
    module.
    """
    return _BY_NAME[report].replace("{unit}", _UNITS[by]).replace("{own}", _OWN[by])
