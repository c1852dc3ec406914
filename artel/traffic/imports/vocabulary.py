"""What an address of the shop means: home, category, good, cart, pay, paid or other.

The same words are looked for in every format. An address that begins like one of the shop's and lacks a number, or
holds one of more than 64 bits, is `other`: the line itself is fine.
"""

from typing import Final

# User agents, in small letters, that are programs. The words are those that programs use to name themselves.
BOT: Final = (
    "bot|crawl|spider|slurp|archiver|externalhit|headless|lighthouse|pingdom|uptime|monitor|scrapy|scanner|"
    "^(?:curl|wget|python|java|go-http|okhttp|libwww|ruby|php|perl|axios|node|apache-http|httpie|postman)"
)

_NUMBER: Final = "try_cast(regexp_extract(u, '[?&]{0}=([0-9]+)(?:&|$)', 1) AS BIGINT)"

# One row for each distinct address of the temporary table `lines`: hundreds where there are thousands of lines.
PAGES: Final = f"""
CREATE OR REPLACE TEMP TABLE pages AS
SELECT u, path, kind,
  CASE WHEN kind IN ('category', 'good') THEN slug.category ELSE '' END AS category,
  CASE WHEN kind = 'good' THEN slug.good ELSE '' END AS good,
  CASE WHEN kind = 'cart' THEN goods_id ELSE 0 END AS goods_id,
  CASE WHEN kind = 'cart' THEN amount ELSE 0 END AS amount,
  CASE WHEN kind IN ('cart', 'pay') THEN cart_id WHEN kind = 'paid' THEN paid_id ELSE 0 END AS cart_id,
  CASE WHEN kind = 'pay' THEN user_id ELSE 0 END AS user_id
FROM (
  SELECT *,
    CASE
      WHEN path = '/' THEN 'home'
      WHEN path = '/cart' AND goods_id IS NOT NULL AND amount IS NOT NULL AND cart_id IS NOT NULL THEN 'cart'
      WHEN path = '/pay' AND user_id IS NOT NULL AND cart_id IS NOT NULL THEN 'pay'
      WHEN paid_id IS NOT NULL THEN 'paid'
      WHEN slug.good <> '' THEN 'good'
      WHEN slug.category NOT IN ('', 'cart', 'pay') AND NOT starts_with(path, '/success_pay_') THEN 'category'
      ELSE 'other'
    END AS kind
  FROM (
    SELECT u, path,
      regexp_extract(path, '^/([A-Za-z0-9_-]+)/(?:([A-Za-z0-9_-]+)/)?$', ['category', 'good']) AS slug,
      CASE WHEN path = '/cart' THEN {_NUMBER.format("goods_id")} END AS goods_id,
      CASE WHEN path = '/cart' THEN {_NUMBER.format("amount")} END AS amount,
      CASE WHEN path IN ('/cart', '/pay') THEN {_NUMBER.format("cart_id")} END AS cart_id,
      CASE WHEN path = '/pay' THEN {_NUMBER.format("user_id")} END AS user_id,
      CASE WHEN starts_with(path, '/success_pay_')
        THEN try_cast(regexp_extract(path, '^/success_pay_([0-9]+)/$', 1) AS BIGINT) END AS paid_id
    FROM (SELECT u, split_part(u, '?', 1) AS path FROM (SELECT DISTINCT u FROM lines WHERE reason = ''))
  )
)
"""  # noqa: S608 - texts of this module
