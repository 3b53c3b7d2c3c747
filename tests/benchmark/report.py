# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page docs/performance.md and its plot, made of nothing but results.json."""

from __future__ import annotations

import math
import statistics
from typing import Any

NAMES = {
    "bare": "bare `requests` script",
    "bulk": "one task, list of N",
    "bulk_module": "the same, run as a module",
    "loop": "loop of our module, in the controller",
    "loop_module": "loop of our module, as a module",
    "uri_loop": "loop of `ansible.builtin.uri`",
    "ping": "`ansible.builtin.ping`",
    "in_process": "`profile_info`, in the controller",
    "module": "`profile_info`, as a module",
    "ours": "ours",
    "curl": "`curl`",
    "plugin": "inventory plugin",
    "plain": "plain Python, fetch and parse",
    "resource": "loop of `openstack.cloud.resource`",
    "basic": "Ansible's `module_utils.basic`",
    "basic_requests": "that and `requests`",
    "profile_info": "the module `profile_info`, whole",
    "server_pool_info": "the module `server_pool_info`, whole",
    "cluster_profile": "the module `cluster_profile`, whole",
    "each": "one task for each host, three sessions",
    "each_unlimited": "the same without a limit of sessions",
    "role": "the role `activate_profiles`",
    "list_and_trivial": "one task with a list, and a `debug` for each host",
    "with_progress": "with lines",
    "without_progress": "without",
    "keystoneauth": "`keystoneauth1` alone, which cluster modules import with their first request",
    "openstacksdk": "`openstacksdk` alone, which they import to resolve the cloud",
}
STARTS = {"start": "Ansible's start", "bare_start": "Python's start and imports", "plain_start": "Python's start",
          "bare_hosts": "Ansible's start with as many bare names", "peer_start": "Ansible's start (its own environment)"}  # fmt: skip

WHAT = {
    "bulk_over_bare_1000": "1,000 activations in one task, over a bare script with the same requests and concurrency",
    "uri_loop_over_bulk_1000": "a loop of `ansible.builtin.uri` over one task, 1,000 activations",
    "growth_10000_over_1000": "time per activation at 10,000 over that at 1,000",
    "task_over_ping_in_process": "one small task inside the controller, over `ansible.builtin.ping`",
    "task_over_ping_module": "the same task as a module, over `ansible.builtin.ping`",
    "challenges_per_task": "401 challenges of Digest in one task of Ops Manager",
    "requests_excess": "requests sent beyond the formula (docs/requests.md)",
    "per_host_failed_300": "300 hosts with one task each, 50 forks, three sessions, jobs of 5 s: hosts that failed",
    "per_host_300_forks_50": "the same, over the same without a limit of sessions",
    "role_over_list_1000": "the role `activate_profiles` for 1,000 hosts, over the list task and a `debug` for each host",
    "result_chars_1000": "characters of the result of 1,000 activations in the event of `ansible-runner`, which AWX drops above the budget",
    "progress_cost": "1,000 activations whose jobs take 45 s, with the lines that tell how far they are over the same without",
    "bulk_over_curl_parallel_1000": "1,000 activations in one task, over `curl --parallel` with the same requests and concurrency",
    "download_over_curl": "rate of a download of 4 GiB over a link of 1 Gbit/s, verified, over that of curl",
    "download_over_curl_without_link": "1 GiB through the loopback as fast as it goes, the server on one of the same two cores",
    "download_rss_mib": "memory that this download adds to Ansible's own, MiB",
    "inventory_over_plain_10000": "inventory of 10,000 servers, beyond a start with bare names, over reading the list in plain Python",
    "inventory_over_plain_10000_and_hosts": "the same, with what Ansible itself takes for 10,000 hosts of whatever origin",
    "resource_over_cluster_profile": "a loop of `openstack.cloud.resource` over a loop of `cluster_profile`",
}


def middle(row: dict[str, Any], key: str) -> float:
    return statistics.median(run[key] for run in row["runs"])


def page(results: dict[str, Any], missed: list[str]) -> str:
    about = results["machine"]
    lines = [
        "# Performance",
        "",
        f"Written by `make bench` on {results['date']}: {about['cores']} cores ({about['processor']}), Python {about['python']},",
        f"ansible-core {about['ansible_core']}, Linux {about['kernel']}. All sides of a comparison ran in turn, in one run on this",
        "one machine, which the simulated servers shared. Medians; the tables say of how many repeats. The load before the start",
        f"was {about['load_at_start']}. Every single measurement is in `tests/benchmark/results.json`.",
        "",
        "## Budgets",
        "",
        "| what | measured | budget |",
        "|---|---|---|",
    ]
    for key, text in WHAT.items():
        if key in results:
            budget = results["budgets"][key] or "none"
            lines.append(f"| {text} (`{key}`) | {results[key]:.3g}{' (missed)' if key in missed else ''} | {budget} |")
    lines += [
        "",
        "A ratio is taken beyond each side's own start: `ansible-playbook` with the same data and no task on the one side, Python and its",
        "imports on the other (for the inventory's plain script Python alone). Over the bare script and over ping it is the median of the",
        "rounds' ratios, elsewhere the ratio of the medians. A ratio of two loops is per item. `concurrency` is 4 and",
        "`poll_interval` 0.2 s on both sides; a simulated activation takes 0.2 s.",
        "",
        "## Activations",
        "",
        "![Seconds over the number of activations](performance.svg)",
        "",
    ]
    for latency in (0.0, 0.02):
        rows = [r for r in results["raw"] if r.get("latency") == latency and r["variant"] in NAMES]
        lines += [f"Each answer of the server takes {latency * 1000:.0f} ms longer than it must:", ""]
        lines += ["| N | way | wall s | per item ms | CPU s | peak MiB | requests | repeats |", "|---|---|---|---|---|---|---|---|"]
        start = {r["count"]: middle(r, "wall") for r in results["raw"] if r.get("latency") == latency and r["variant"] == "start"}
        sent = {r["count"]: r["sent"] for r in results["raw"] if r.get("latency") == latency and "sent" in r}
        for r in sorted(rows, key=lambda r: (r["count"], list(NAMES).index(r["variant"]))):
            wall = middle(r, "wall")
            own = wall if r["variant"] == "bare" else max(wall - start[r["count"]], 0.0)
            number = sent.get(r["count"], {}).get(r["variant"])
            lines.append(
                f"| {r['count']:,} | {NAMES[r['variant']]} | {wall:.2f} | {own / r['count'] * 1000:.1f} | {middle(r, 'cpu'):.2f}"
                f" | {max(run['rss'] for run in r['runs']):.0f} | {number if number else ''} | {len(r['runs'])} |"
            )
        lines.append("")
    lines += ["Wall and CPU include Ansible's start; the time per item does not.", "", "## The other comparisons", ""]
    lines += ["| comparison | side | wall s | CPU s | peak MiB | repeats |", "|---|---|---|---|---|---|"]
    for r in results["raw"]:
        if r["what"] not in ("activations", "loops"):
            size = f", {r['size'] / 2**20:,.0f} MiB" if "size" in r else f", {r['count']:,}" if "count" in r else ""
            name = {**NAMES, **STARTS}[r["variant"]]
            lines.append(
                f"| {r['what']}{size} | {name} | {middle(r, 'wall'):.2f} | {middle(r, 'cpu'):.2f}"
                f" | {max(run['rss'] for run in r['runs']):.0f} | {len(r['runs'])} |"
            )
    lines += [
        "",
        "A download goes into memory (`/dev/shm`) where there is room for it: osimage_export syncs its file to the disk and curl does",
        "not, which would measure the disk. osimage_export also computes the digest and unpacks the archive to verify it, on a second",
        "core. When there is no link in between, the server needs that core as well: so the budget is for a link of 1 Gbit/s, as a",
        "management network has, and both are measured.",
        "",
        "The inventory's time is taken beyond that of a start with as many bare names, which Ansible needs for hosts of whatever origin;",
        "the stricter ratio, with that time in it, stands beside.",
        "",
        "## What it says",
        "",
        "* Give a task a list. A loop pays for Ansible's handling of each item, and for a login, a list and a logout each.",
        "* A task whose module runs in the controller costs milliseconds. It does so for a local connection without `async`, `become` and",
        "  `environment`, with the controller's own interpreter (set `ansible_python_interpreter: \"{{ ansible_playbook_python }}\"`).",
        "* With a real network the latency decides, and `concurrency` divides it.",
        "",
        "What this page cannot say is how fast a real appliance answers; the simulated one answers faster.",
    ]
    return "\n".join(lines) + "\n"


COLOURS = {"uri_loop": "#b2182b", "loop_module": "#ef8a62", "loop": "#d6a400", "bulk": "#2166ac", "bare": "#666666"}
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 440, 70, 30, 210, 50


def plot(raw: list[dict[str, Any]]) -> str:
    """Seconds over N, both logarithmic, without latency; Ansible's start is taken off its ways."""
    rows = [r for r in raw if r.get("latency") == 0.0]
    start = {r["count"]: middle(r, "wall") for r in rows if r["variant"] == "start"}
    series: dict[str, dict[int, float]] = {name: {} for name in COLOURS}
    for r in rows:
        if r["variant"] in series:
            own = middle(r, "wall") - (0.0 if r["variant"] == "bare" else start[r["count"]])
            series[r["variant"]][r["count"]] = max(own, 0.01)
    values = [value for points in series.values() for value in points.values()]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))

    def x(count: float) -> float:
        return LEFT + math.log10(count) / 4 * (WIDTH - LEFT - RIGHT)

    def y(seconds: float) -> float:
        return HEIGHT - BOTTOM - (math.log10(seconds) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
        "<title>Seconds over the number of activations</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for power in range(low, high + 1):
        at = y(10.0**power)
        out.append(f'<line x1="{LEFT}" y1="{at:.1f}" x2="{WIDTH - RIGHT}" y2="{at:.1f}" stroke="#dddddd"/>')
        out.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{10.0**power:g} s</text>')
    for count in (1, 10, 100, 1000, 10000):
        out.append(f'<line x1="{x(count):.1f}" y1="{TOP}" x2="{x(count):.1f}" y2="{HEIGHT - BOTTOM}" stroke="#dddddd"/>')
        out.append(f'<text x="{x(count):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{count:,}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">activations</text>')
    for number, (name, points) in enumerate((n, p) for n, p in series.items() if p):
        colour, label = COLOURS[name], NAMES[name].replace("`", "")
        path = " ".join(f"{x(count):.1f},{y(seconds):.1f}" for count, seconds in sorted(points.items()))
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{x(c):.1f}" cy="{y(s):.1f}" r="3.5" fill="{colour}"/>' for c, s in sorted(points.items())]
        at = TOP + 12 + number * 22
        out.append(f'<line x1="{WIDTH - RIGHT + 14}" y1="{at}" x2="{WIDTH - RIGHT + 34}" y2="{at}" stroke="{colour}" stroke-width="3"/>')
        words = label.split(" ")
        half = len(words) if len(label) < 26 else (len(words) + 1) // 2
        text = " ".join(words[:half])
        rest = " ".join(words[half:])
        tail = f'<tspan x="{WIDTH - RIGHT + 40}" dy="12">{rest}</tspan>' if rest else ""
        out.append(f'<text x="{WIDTH - RIGHT + 40}" y="{at + (0 if rest else 4)}" font-size="11">{text}{tail}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"
