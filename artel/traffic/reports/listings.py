"""The SQL of the tables that are derived from the log, a page at a time: goods, carts, who put what in, who
paid.

Portable as artel.traffic.reports.statements explains. Each text yields at most `page_rows` rows of its key
order, after the key that `asked` names.
"""

from typing import Final

from artel.traffic.reports.model import TableName
from artel.traffic.reports.statements import CART_LINES, PUT_IN, Text

_CATEGORIES = """
with listed as (
  select category as cat, sum(case when kind = 'category' then 1 else 0 end) as own,
    sum(case when kind = 'good' then 1 else 0 end) as of_goods
  from requests where kind in ('category', 'good') and category <> '' group by category
),
paged as (
  select cat, own, of_goods, page_rows as wanted, row_number() over (order by cat) as place
  from listed cross join asked where cat > after_category
)
select cat, own, of_goods from paged where place <= wanted order by cat
"""

_GOODS = """
used as (
  select of_category as cat, of_good as title, shop_number as shop_id, 0 as asked_for, 1 as in_carts,
    pieces_in as pieces_sold
  from cart_lines where of_good <> ''
  union all
  select category as cat, good as title, 0 as shop_id, count(*) as asked_for, 0 as in_carts, 0 as pieces_sold
  from requests where kind = 'good' group by category, good
),
listed as (
  select cat, title, max(shop_id) as shop_ref, sum(asked_for) as page_hits, sum(in_carts) as cart_hits,
    sum(pieces_sold) as pieces_put
  from used group by cat, title
),
paged as (
  select cat, title, shop_ref, page_hits, cart_hits, pieces_put, page_rows as wanted,
    row_number() over (order by cat, title) as place
  from listed cross join asked where cat > after_category or (cat = after_category and title > after_good)
)
select cat, title, shop_ref, page_hits, cart_hits, pieces_put from paged
where place <= wanted order by cat, title
"""

_CARTS = """
finished as (select cart_id as finished_cart from requests where kind = 'paid' group by cart_id),
listed as (
  select cart, min(first_put_us) as created_us, count(*) as kinds, sum(pieces_in) as pieces_held,
    max(case when cart in (select finished_cart from finished) then 1 else 0 end) as is_paid
  from cart_lines group by cart
),
paged as (
  select cart, created_us, kinds, pieces_held, is_paid, page_rows as wanted,
    row_number() over (order by cart) as place
  from listed cross join asked where cart > after_number
)
select cart, created_us, kinds, pieces_held, is_paid from paged where place <= wanted order by cart
"""

_EACH_CART_LINE = """
paged as (
  select cart, of_category, of_good, told_by, shop_number, pieces_in, first_put_us, first_ip,
    page_rows as wanted, row_number() over (order by cart, of_category, of_good, told_by) as place
  from cart_lines cross join asked
  where cart > after_number or (cart = after_number and (of_category > after_category
    or (of_category = after_category and (of_good > after_good or (of_good = after_good and told_by >
    after_other))))) ) select cart, of_category, of_good, told_by, shop_number, pieces_in, first_put_us,
    first_ip from paged where place <= wanted order by cart, of_category, of_good, told_by
"""

_PAYMENTS = """
with events as (
  select cart_id as cart, user_id as payer, min(at_us) as begun_us, 0 as done_us, 1 as is_pay
  from requests where kind = 'pay' group by cart_id, user_id
  union all
  select cart_id as cart, 0 as payer, 0 as begun_us, min(at_us) as done_us, 0 as is_pay
  from requests where kind = 'paid' group by cart_id
),
joined as (
  select cart, payer, begun_us, is_pay, max(done_us) over (partition by cart) as finished_us,
    sum(is_pay) over (partition by cart) as pays
  from events
),
paged as (
  select cart, payer, begun_us, finished_us, page_rows as wanted,
    row_number() over (order by cart, payer) as place
  from joined cross join asked
  where (is_pay = 1 or pays = 0) and (cart > after_number or (cart = after_number and payer > after_other))
)
select cart, payer, begun_us, finished_us from paged where place <= wanted order by cart, payer
"""

TABLE_TEXTS: Final[dict[TableName, Text]] = {
    "categories": _CATEGORIES,
    "goods": "with" + PUT_IN + CART_LINES + _GOODS,
    "carts": "with" + PUT_IN + CART_LINES + _CARTS,
    "cart-lines": "with" + PUT_IN + CART_LINES + _EACH_CART_LINE,
    "payments": _PAYMENTS,
}
