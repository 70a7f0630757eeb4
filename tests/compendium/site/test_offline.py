"""What counts as loaded from elsewhere."""

from pathlib import Path

import pytest

from spm.compendium.site.offline import external_references, problems

LOADED = [
    '<script src="https://x.org/a"></script>',
    '<script async src="//x.org/a"></script>',
    '<link rel="stylesheet" href="https://x.org/a">',
    '<link rel="preconnect" href="https://x.org/a">',
    '<link href="https://x.org/a">',
    '<link rel="alternate stylesheet" href="https://x.org/a">',
    '<img alt="" src="HTTPS://x.org/a">',
    '<img alt="" srcset="local.png 1x, https://x.org/a 2x">',
    '<iframe src="http://x.org/a"></iframe>',
    '<object data="https://x.org/a"></object>',
    '<svg><image xlink:href="https://x.org/a"/></svg>',
    '<svg><use href="https://x.org/a"/></svg>',
    '<p style="background: url(https://x.org/a)">p</p>',
    "<style>@font-face { src: url('https://x.org/a'); }</style>",
    '<style>@import "https://x.org/a";</style>',
    '<script>const m = await import("https://x.org/a")</script>',
    '<script type="module">import { a } from "https://x.org/a"</script>',
    '<script>fetch("https://x.org/a")</script>',
    '<meta http-equiv="Refresh" content="0; url=https://x.org/a">',
]

NOT_LOADED = [
    '<a href="https://x.org/a">follow me</a>',
    '<link rel="canonical" href="https://x.org/a">',
    '<script src="_static/a.js"></script>',
    '<img alt="" src="data:image/png;base64,AAAA">',
    '<svg xmlns="http://www.w3.org/2000/svg"></svg>',
    "<p>See https://x.org/a, or <code>fetch(&quot;https://x.org/a&quot;)</code>.</p>",
    '<script>const about = "https://x.org/a"</script>',
    '<meta http-equiv="Refresh" content="0; url=intro.html">',
]


@pytest.mark.parametrize("html", LOADED)
def test_what_a_browser_loads_is_found(html: str) -> None:
    assert [
        address.lower().removeprefix("https:").removeprefix("http:") for address in external_references(html)
    ] == ["//x.org/a"]


@pytest.mark.parametrize("html", NOT_LOADED)
def test_what_it_does_not_load_is_left_alone(html: str) -> None:
    assert external_references(html) == []


def test_problems_name_page_and_address_also_in_style_sheets(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "page.html").write_text('<img alt="" src="//x.org/a.png">')
    (tmp_path / "good.html").write_text('<a href="//x.org">x</a>')
    (tmp_path / "style.css").write_text('@import url("https://x.org/b.css"); p { background: url(c.png) }')
    assert problems(tmp_path) == [
        "page deep/page.html would load //x.org/a.png",
        "page style.css would load https://x.org/b.css",
    ]
