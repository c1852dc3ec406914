"""The little Markdown of our own documents, as HTML: headings, paragraphs, lists, `code`, **bold**, [links](…)."""

import html
import re
from typing import Final

HEADING: Final = re.compile(r"(#{1,3}) (.+)")
INLINE: Final = re.compile(r"`(?P<code>[^`]+)`|\*\*(?P<bold>[^*]+)\*\*|\[(?P<label>[^\]]+)\]\((?P<target>[^)\s]+)\)")


def to_html(text: str) -> str:
    """The document as HTML; a heading's text is its anchor, with dashes for spaces."""
    return "\n".join(_block(block.strip("\n")) for block in re.split(r"\n\s*\n", text) if block.strip())


def _block(block: str) -> str:
    heading = HEADING.fullmatch(block)
    if heading:
        level, title = len(heading[1]), heading[2].strip("`")
        anchor = html.escape(title.replace(" ", "-"), quote=True)
        return f'<h{level} id="{anchor}"><a href="#{anchor}">{_inline(heading[2])}</a></h{level}>'
    if block.startswith("- "):
        items = re.split(r"\n(?=- )", block)
        return "<ul>" + "".join(f"<li>{_inline(item[2:])}</li>" for item in items) + "</ul>"
    return f"<p>{_inline(block)}</p>"


def _inline(text: str) -> str:
    """Everything that is not markup is escaped, and so is what the markup holds."""
    written, end = [], 0
    for found in INLINE.finditer(text):
        written += [html.escape(text[end : found.start()]), _marked(found)]
        end = found.end()
    return "".join([*written, html.escape(text[end:])])


def _marked(found: re.Match[str]) -> str:
    if found["code"]:
        return f"<code>{html.escape(found['code'])}</code>"
    if found["bold"]:
        return f"<strong>{html.escape(found['bold'])}</strong>"
    return f'<a href="{html.escape(found["target"], quote=True)}">{html.escape(found["label"])}</a>'
