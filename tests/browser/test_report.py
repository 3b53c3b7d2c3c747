# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reports of the demo and of a run with failures, on a desk and on a phone, in the light and in the dark."""

from __future__ import annotations

import pytest
from conftest import ROOT, SCREENSHOTS
from playwright.sync_api import Browser
from watching import CLIPPED, WIDTHS, watched

REPORTS = ROOT / "build" / "reports"
COLOURS = {"light": ("rgb(255, 255, 255)", "rgb(27, 31, 36)"), "dark": ("rgb(15, 19, 24)", "rgb(230, 237, 243)")}
NAMES = ("demo-first-run", "demo-second-run", "failing-run")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_a_report(browser: Browser, name: str, width: int, scheme: str) -> None:
    path = REPORTS / f"{name}.html"
    with watched(browser, width, "file://", color_scheme=scheme) as (page, complaints):
        page.goto(path.as_uri())
        page.screenshot(path=SCREENSHOTS / f"report-{name}-{width}-{scheme}.png")
        for closed in page.query_selector_all("details:not([open]) > summary"):
            if closed.is_visible():
                closed.click()
        # The bars are within the page and of a size to be seen; their colours come from the style that the policy lets through.
        bars = page.evaluate("[...document.querySelectorAll('svg')].map(one => one.getBoundingClientRect().toJSON())")
        assert all(one["width"] > 0.75 * min(width, 1024) - 40 and 8 <= one["height"] <= 20 for one in bars), bars
        assert bool(bars) == (name != "demo-second-run")
        back, text = page.evaluate("(({backgroundColor, color}) => [backgroundColor, color])(getComputedStyle(document.body))")
        assert (back, text) == COLOURS[scheme]
        for link in page.evaluate("[...document.querySelectorAll('a')].map(one => one.getAttribute('href'))"):
            assert link.startswith("#")
            assert page.query_selector(link), link
        assert page.evaluate(CLIPPED) + complaints == []
        page.screenshot(path=SCREENSHOTS / f"report-{name}-{width}-{scheme}-whole.png", full_page=True)


def test_scripts_do_not_run(browser: Browser) -> None:
    """Should a text ever get in unescaped, the policy of the page still stops it."""
    text = (REPORTS / "failing-run.html").read_text(encoding="utf-8").replace("</body>", "<script>document.title = 'ran'</script></body>")
    with watched(browser, 1280, "about:") as (page, complaints):
        page.set_content(text)
        assert page.title() == "Report of a run"
        assert len(complaints) == 1
        assert "Content Security Policy" in complaints[0]
