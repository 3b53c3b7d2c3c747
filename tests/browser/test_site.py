# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every page of the documentation site, on a desk and on a phone: nothing missing, nothing from outside, nothing cut off, no dead link."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from urllib.parse import unquote, urldefrag, urljoin

import pytest
from conftest import ROOT, SCREENSHOTS
from playwright.sync_api import Browser
from watching import CLIPPED, WIDTHS, watched

SITE = ROOT / "build" / "docs" / "html"
SEEN = """() => ({
  anchors: [...document.querySelectorAll('[id], a[name]')].map(one => one.id || one.name),
  links: [...document.querySelectorAll('a[href]')].map(one => one.getAttribute('href')),
  viewport: Boolean(document.querySelector('meta[name=viewport][content*="width=device-width"]')),
})"""
KEPT = ("index.html", "README.html", "docs/error_codes.html", "collections/profile_activation_module.html", "collections/index.html")


class Quiet(http.server.SimpleHTTPRequestHandler):
    """The site as a server gives it out, without a line for each request."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


def pages() -> list[str]:
    found = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html") if "_static" not in path.parts)
    assert len(found) > 60, "build/docs/html is not the site: run make docs"
    return found


def test_every_page(browser: Browser, address: str) -> None:
    """In one window, one after the other, which is then made narrow. All that is wrong is listed at once."""
    wrong: list[str] = []
    links: dict[str, set[str]] = {}  # address of a page -> the pages that lead there
    anchors: dict[str, set[str]] = {}  # address of a page -> the anchors that it has
    with watched(browser, 1280, address) as (page, complaints):
        for name in pages():
            page.set_viewport_size({"width": 1280, "height": 900})
            page.goto(address + name)
            seen = page.evaluate(SEEN)
            anchors[address + name] = set(seen["anchors"])
            for link in seen["links"]:
                links.setdefault(urljoin(address + name, link), set()).add(name)
            wrong += [] if seen["viewport"] else [f"{name}: no viewport for phones"]
            wrong += [f"{name}: cut off at 1280: {element}" for element in page.evaluate(CLIPPED)]
            page.set_viewport_size({"width": 390, "height": 844})
            wrong += [f"{name}: cut off at 390: {element}" for element in page.evaluate(CLIPPED)]
            wrong += [f"{name}: {complaint}" for complaint in complaints]
            complaints.clear()
    for link, sources in links.items():
        target, anchor = urldefrag(link)
        if not link.startswith(address):
            if not link.startswith(("https://", "mailto:")):
                wrong.append(f"{sorted(sources)[0]}: leads to {link}")
        elif target.endswith(".html") or target in anchors:
            if target not in anchors:
                wrong.append(f"{sorted(sources)[0]}: dead link {link}")
            elif anchor and unquote(anchor) not in anchors[target]:
                wrong.append(f"{sorted(sources)[0]}: no such place {link}")
        elif not (SITE / unquote(target.removeprefix(address))).exists():
            wrong.append(f"{sorted(sources)[0]}: dead link {link}")
    assert len(links) > 300
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", KEPT)
def test_pages_to_look_at(browser: Browser, address: str, name: str, width: int) -> None:
    with watched(browser, width, address) as (page, complaints):
        page.goto(address + name)
        page.screenshot(path=SCREENSHOTS / f"{name.removesuffix('.html').replace('/', '-')}-{width}.png")
        assert page.evaluate(CLIPPED) + complaints == []


def test_the_menu_opens_on_a_phone_and_the_search_finds(browser: Browser, address: str) -> None:
    with watched(browser, 390, address) as (page, complaints):
        page.goto(address + "index.html")
        page.click("[data-toggle=wy-nav-top]")
        page.wait_for_selector(".wy-nav-side.shift")
        page.screenshot(path=SCREENSHOTS / "menu-390.png")
        page.goto(address + "search.html?q=activation")
        page.wait_for_selector("#search-results .search a")
        assert not complaints


def test_the_index_leads_to_every_kind_of_page(browser: Browser, address: str) -> None:
    with watched(browser, 1280, address) as (page, complaints):
        page.goto(address + "index.html")
        headings = page.evaluate("[...document.querySelectorAll('h2')].map(one => one.firstChild.textContent)")
        assert headings == ["Start", "Guides", "Roles", "Reference", "Operations", "Development"]
        for entry in page.evaluate("[...document.querySelectorAll('[itemprop=articleBody] li')].map(one => one.textContent)"):
            assert len(entry.partition(": ")[2]) > 15, entry
        assert not complaints
