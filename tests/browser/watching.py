# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A page of the browser whose complaints are kept: console errors, failed requests, requests to outside; which elements are cut off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, Request

WIDTHS = (1280, 390)
HEIGHT = {1280: 900, 390: 844}

# Elements with text of their own that reach out of the window, or out of a box that does not scroll and cuts them off.
CLIPPED = """() => {
  const found = [];
  const scrolls = style => ['auto', 'scroll'].includes(style.overflowX);
  for (const element of document.body.querySelectorAll('*')) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    const box = element.getBoundingClientRect();
    if (!own || !box.width || !box.height || box.right <= 0 || box.left >= innerWidth && element.closest('nav')) continue;
    if (element.closest('script, style, noscript') || getComputedStyle(element).visibility === 'hidden') continue;
    let limit = innerWidth, shown = true;
    for (let parent = element; parent && parent !== document.body; parent = parent.parentElement) {
      const style = getComputedStyle(parent);
      if (scrolls(style)) { limit = Infinity; break; }
      if (!['hidden', 'clip'].includes(style.overflowX)) continue;
      shown &&= parent.getBoundingClientRect().width > 1;  // labels for screen readers are boxes of one pixel
      limit = Math.min(limit, parent.getBoundingClientRect().right);
    }
    const range = document.createRange();
    range.selectNodeContents(element);
    const right = Math.max(...[...range.getClientRects()].map(one => one.right), 0);
    const name = element.tagName + ' ' + Math.round(right - limit) + 'px: ' + element.textContent.trim().slice(0, 60);
    if (shown && right > limit + 1) found.push(name);
  }
  if (document.documentElement.scrollWidth > innerWidth + 1) found.push('the page is ' + document.documentElement.scrollWidth + 'px wide');
  return found;
}"""


@contextmanager
def watched(browser: Browser, width: int, address: str, **options: Any) -> Iterator[tuple[Page, list[str]]]:
    """A page of a width, and the list of its complaints, which grows. A request to what does not begin with ``address`` is one."""
    context = browser.new_context(viewport={"width": width, "height": HEIGHT[width]}, is_mobile=width < 500, **options)
    complaints: list[str] = []
    page = context.new_page()

    def failed(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # what was on its way when the next page was asked for
            complaints.append(f"{request.failure} for {request.url}")

    def asked(request: Request) -> None:
        if not request.url.startswith((address, "data:")):
            complaints.append(f"asks for {request.url}")

    page.on("request", asked)
    page.on("requestfailed", failed)
    page.on("console", lambda message: complaints.append(f"console: {message.text}") if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on("response", lambda reply: complaints.append(f"{reply.status} for {reply.url}") if reply.status >= 400 else None)
    try:
        yield page, complaints
    finally:
        context.close()
