"""The pages that the edge serves work from the package alone, under a strict policy."""

import html
import re

import pytest

from artel.edge.markdown import to_html
from artel.edge.pages import ASSETS, page, start_page
from tests.conftest import Client

OUTSIDE = re.compile(r"""(?:src|href|action)\s*=\s*["'](?:https?:)?//|@import|url\((?!["']?data:)""")


@pytest.mark.parametrize("path", ["/docs", "/docs/errors"])
def test_a_page_has_a_strict_policy_and_no_outside_address(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "http" not in policy and "script-src 'unsafe" not in policy
    assert not OUTSIDE.search(answer.text)
    assert "<script>" not in answer.text, "the policy allows no script in the page"
    assert " onload=" not in answer.text


def test_every_file_that_a_page_names_is_served_and_may_be_kept_for_ever(client: Client) -> None:
    named = set(re.findall(r'"(/docs/static/[^"]+)"', client.get("/docs").text + client.get("/docs/errors").text))
    assert {path.rpartition("/")[2] for path in named} == {path.rpartition("/")[2] for path in ASSETS}
    for path in named:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"].startswith(("text/css", "text/javascript"))


def test_a_file_of_another_version_or_outside_the_list_is_not_served(client: Client) -> None:
    found = re.search(r"/docs/static/(\w+)/artel.css", client.get("/docs").text)
    assert found
    for path in ("/docs/static/0123456789abcdef/artel.css", f"/docs/static/{found[1]}/..%2fdocs.py"):
        assert client.get(path).status_code == 404, path
    assert client.get(f"/docs/static/{found[1]}/VERSION.txt").status_code == 404


def test_the_start_page_leads_on_and_stays_at_home() -> None:
    text = start_page().body.decode()
    assert 'href="/docs"' in text
    assert not OUTSIDE.search(text)


def test_the_title_of_a_page_is_escaped() -> None:
    assert b"<title>&lt;b&gt;</title>" in page("start.html", "<b>", version="1").body


def test_the_link_of_every_problem_leads_to_its_heading(client: Client) -> None:
    page = client.get("/docs/errors").text
    for path in ("/nowhere", "/api/v1/me"):
        where, _, anchor = client.get(path).json()["type"].partition("#")
        assert where == "/docs/errors"
        assert f'id="{html.escape(anchor)}"' in page


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("# A `b`", '<h1 id="A-`b"><a href="#A-`b">A <code>b</code></a></h1>'),
        ("### `x.y`", '<h3 id="x.y"><a href="#x.y"><code>x.y</code></a></h3>'),
        ("one\ntwo\n\n**three**", "<p>one\ntwo</p>\n<p><strong>three</strong></p>"),
        ("- a\n  b\n- c", "<ul><li>a\n  b</li><li>c</li></ul>"),
        ("[l](/t?a=1&b=2)", '<p><a href="/t?a=1&amp;b=2">l</a></p>'),
        ("<script> `<b>` **<i>**", "<p>&lt;script&gt; <code>&lt;b&gt;</code> <strong>&lt;i&gt;</strong></p>"),
        ('### "><script>', '<h3 id="&quot;&gt;&lt;script&gt;">'),
    ],
)
def test_markdown_becomes_escaped_html(text: str, wanted: str) -> None:
    assert wanted in to_html(text)
