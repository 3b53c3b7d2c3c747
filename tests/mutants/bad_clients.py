# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad clients: the collection with one rule taken out, and the tests that have to notice.

file: below plugins/module_utils/. old, new: text of the source, found exactly once. tests: what is run against it; or
family: which crossed stories are told with it.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class BadClient:
    name: str
    file: str
    old: str
    new: str
    tests: str = ""
    family: str = ""


CORE = "tests/unit/core/"
TRANSPORT, CLIENT, GUARD = CORE + "test_transport.py", CORE + "test_client.py", CORE + "test_guard.py"
OPERATION, TEXT, WAIT = CORE + "test_operation.py", CORE + "test_text.py", CORE + "test_wait.py"
CHAOS = "tests/property/test_chaos.py"
HARDWARE = "tests/unit/xclarity/test_hardware_plans.py"
XCLARITY = "tests/integration/xclarity/"
MANAGED, FIRMWARE = XCLARITY + "test_managed_node.py", XCLARITY + "test_firmware.py"
KILLED = CHAOS + "::test_what_a_killed_run_leaves_does_not_keep_the_work_from_being_done"

BAD_CLIENTS = [
    # -- one transmission
    BadClient("sends a start again after a reset", "_client.py",
              'failure.code in ("connect_refused",', 'failure.code in ("reply_lost", "connect_refused",', CLIENT),
    BadClient("sends a start again after a 500", "_client.py",
              'failure.code != "rate_limited"', 'failure.code not in ("rate_limited", "server_error")', CLIENT),
    BadClient("retries by the verb", "_wire.py", "max_retries=0", "max_retries=3",
              TRANSPORT + "::test_a_lost_reply_is_unknown_for_a_start_and_never_sent_again"),
    BadClient("starts on a connection that was kept", "_transport.py",
              "adapter = self._adapter(starts)", "adapter = self._adapter(False)",
              TRANSPORT + "::test_a_start_never_meets_a_connection_that_the_server_has_closed"),
    BadClient("waits as long as the server likes", "_transport.py", "min(float(seconds), 60.0)", "float(seconds)",
              TRANSPORT + "::test_retry_after_is_believed_when_it_is_a_small_number"),
    BadClient("takes an interim answer for the last", "_wire.py",
              "response_class: t.Any = _Response", "response_class: t.Any = http.client.HTTPResponse",
              TRANSPORT + "::test_interim_answers_are_passed_over"),
    # -- elsewhere, and the environment
    BadClient("follows redirects", "_transport.py",
              "        return Answer(self, adapter, response, exchange, starts, told)",
              "        if response.is_redirect:\n            request.url = response.headers['Location']\n"
              "            response = adapter.send(request, stream=True)\n"
              "        return Answer(self, adapter, response, exchange, starts, told)",
              TRANSPORT + "::test_no_redirect_is_followed_anywhere"),
    BadClient("reads .netrc", "_transport.py",
              "        request.headers.update(headers or {})",
              "        request.headers.update(headers or {})\n        if found := requests.utils.get_netrc_auth(request.url):\n"
              "            request.headers['Authorization'] = found[0]",
              TRANSPORT + "::test_netrc_is_not_read"),
    BadClient("lets the environment choose the certificates", "_transport.py",
              "verify=self._trusted is not None, proxies",
              "verify=os.environ.get('REQUESTS_CA_BUNDLE') or self._trusted is not None, proxies",
              TRANSPORT + "::test_the_environment_does_not_choose_the_certificates"),
    BadClient("does not verify", "_transport.py", "verify=self._trusted is not None, proxies", "verify=False, proxies",
              TRANSPORT + "::test_the_certificate_is_judged_before_anything_is_sent"),
    BadClient("uses a proxy although told not to", "_transport.py",
              "if use_proxy else None", "if True else None",
              TRANSPORT + "::test_a_proxy_is_used_on_purpose_only"),
    BadClient("puts ids into paths as they are", "_transport.py", 'return quote(text, safe="")', "return text",
              TRANSPORT + "::test_an_id_is_one_segment_or_refused"),
    BadClient("falls back to Basic", "_digest.py",
              "if best is None and (unsupported or (header and not offers)):", "if False:", CORE + "test_auth.py"),
    BadClient("logs in without end", "_auth.py",
              "if not self._proven and not unseen:", "if False:", CORE + "test_auth.py"),
    BadClient("waits as long as a proxy likes", "_wire.py",
              "self.sock = real if isinstance(real, _TimedSocket) else _TimedSocket(real)", "self.sock = real",
              CORE + "test_deadlines.py"),
    BadClient("takes a proxy that is down for the server", "_diagnosis.py",
              "if peers.proxy is not None and exchange.stage != _wire.HANDSHAKE:", "if False:", CORE + "test_proxy.py"),
    BadClient("lets the shell choose the certificates", "_authorities.py",
              "return system_store() or", "return Store(os.environ.get('SSL_CERT_FILE', '/none'), '') or system_store() or",
              CORE + "test_authorities.py"),
    BadClient("answers a challenge of another node", "_digest.py",
              "self._in_turn() if used is None and self._nonces else", "self._in_turn() if self._nonces else",
              CORE + "test_digest_nodes.py"),
    BadClient("takes a stale nonce for a wrong key", "_digest.py", '        if stale == "true":', '        if stale == "never":',
              CORE + "test_digest_nodes.py"),
    BadClient("tries a wrong key with every worker", "_digest.py",
              "            if not self._may_try(transport):\n                return False\n", "", CORE + "test_digest_nodes.py"),
    BadClient("takes a wrong password for a limit of sessions", "_auth.py",
              "_LIMIT.search(text) and not _CREDENTIALS.search(text)", "_LIMIT.search(text)", CORE + "test_sessions.py"),
    BadClient("sends without a session while it is renewed", "_auth.py",
              "        with self._lock:\n            if self._closed:", "        if True:\n            if self._closed:",
              CORE + "test_sessions.py"),
    BadClient("believes a list that changed while it was read", "ops_manager/api.py",
              "        if not why:\n            return found", "        if not why or walk == WALKS - 1:\n            return found",
              "tests/unit/ops_manager/test_lists.py"),
    BadClient("reads a list without end", "openstack/api.py",
              "for _number in range(MAX_PAGES):", "while True:", "tests/unit/openstack/test_pages.py"),
    BadClient("adds a part of another file", "_download.py",
              'if same and answer.headers.get("ETag", self.validator) == self.validator:', "if same:", CORE + "test_download.py"),
    BadClient("does not sync the directory", "_folder.py", "            os.fsync(self._folder.fd)\n", "", CORE + "test_folder.py"),
    BadClient("sends a password to wherever Keystone points", "openstack/identity.py",
              "        transport = self._known.get(root)\n", "        transport = next(iter(self._known.values()))\n",
              "tests/unit/openstack/test_identity.py"),
    # -- time and size
    BadClient("times single reads only", "_wire.py",
              "        left = self.deadline.left()\n        if left <= 0:", "        left = 5.0\n        if left <= 0:",
              TRANSPORT + "::test_a_drip_ends_at_the_total_deadline"),
    BadClient("reads answers of any size", "_transport.py",
              "        body = bytearray()", "        body, cap = bytearray(), 1 << 40",
              TRANSPORT + "::test_the_decoded_size_is_capped"),
    BadClient("goes by the wall clock", "_clock.py",
              "return self.at - self.clock.monotonic()", "return self.at - self.clock.monotonic() + self.clock.wall() % 7200", WAIT),
    # -- three outcomes
    BadClient("calls a lost answer a clean failure", "_transport.py",
              "outcome = UNKNOWN if starts and exchange.sent else NONE", "outcome = NONE",
              TRANSPORT + "::test_a_lost_reply_is_unknown_for_a_start_and_never_sent_again"),
    BadClient("calls a 5xx a refusal", "_errors.py", "outcome = UNKNOWN if starts else NONE", "outcome = refused", CORE + "test_errors.py"),
    BadClient("calls any 2xx a success", "_reconcile.py",
              "outcome.state, outcome.failure = UNKNOWN, doubt.about(**facts)", "outcome.state = STARTED", OPERATION),
    BadClient("does not read back", "_driver.py", "        while unknown:", "        while False:", OPERATION),
    BadClient("reads back only once", "_driver.py",
              'deadline = Deadline(clock, self.run.params["reconcile_timeout"])', "deadline = Deadline(clock, 0)", OPERATION),
    BadClient("forgets what it sent when a reading fails afterwards", "_run.py",
              "            failure.outcome = run.fate\n", "            pass\n", CORE + "test_run.py"),
    BadClient("tells the outcome of the last request for all", "_operation.py",
              "        failure.outcome = self.state\n", "        pass\n", CHAOS + "::test_what_was_done_is_told_whatever_comes_after"),
    BadClient("tells of a full disk in place of what became of a request", "_guard.py",
              "        with contextlib.suppress(OSError):\n            os.write(t.cast(int, self._log)",
              "        if True:\n            os.write(t.cast(int, self._log)", GUARD),
    # -- lock and record
    BadClient("writes no record before it sends", "_driver.py",
              "guard.intend(step.key for _item, step in work)", "pass", OPERATION),
    BadClient("does not sync the record", "_folder.py", "            os.fsync(self._fd)\n", "", GUARD),
    BadClient("does not sync the name of the record", "_folder.py", "            os.fsync(self._folder.fd)\n", "", GUARD),
    BadClient("does not wait after a kill", "_guard.py", "self._clock.sleep(max(waits))", "pass", GUARD),
    BadClient("takes no lock", "_guard.py", "t.cast(int, self._lock), fcntl.LOCK_EX |", "t.cast(int, self._lock), fcntl.LOCK_SH |", GUARD),
    BadClient("believes a record behind a link", "_guard.py", "os.O_RDONLY | os.O_NOFOLLOW", "os.O_RDONLY", GUARD),
    BadClient("clears the doubts of what it did not name", "_driver.py",
              "named_ones = {key for item in doubtful for key in item.keys}", "named_ones = unfinished", OPERATION),
    BadClient("takes what was told for what is settled", "_guard.py", "self._entries[key], state=TOLD, ",
              "self._entries[key], state=OPEN, ", GUARD),
    BadClient("lets every doubt begin anew", "_guard.py", "self._entries.update(dict.fromkeys(keys, now))",
              "self._entries = dict.fromkeys([*self._entries, *keys], now)", GUARD),
    BadClient("acts on a reading that is older than the lock", "_driver.py",
              "if not (read and guard.undisturbed):", "if not read:", OPERATION),
    # -- the end of a run
    BadClient("transmits after the end", "_transport.py", "            self.clock.stop.check()\n", "            pass\n", OPERATION),
    BadClient("sleeps through the end", "_clock.py",
              "            self._event.wait(seconds)\n        self.check()", "            self._event.wait(seconds)",
              CORE + "test_clock.py"),
    # -- secrets and text
    BadClient("masks a text only when it is the secret", "_text.py",
              "parts += [text[at:begin], MASK]", "parts += [text[at:begin], MASK if text == text[begin:end] else text[begin:end]]", TEXT),
    BadClient("masks the plain form only", "_text.py", "else {secret, *_coded(secret)}", "else {secret}", TEXT),
    BadClient("does not look at keys", "_text.py", "{self._key(k, present): self._walk(v", "{k: self._walk(v", TEXT),
    BadClient("cleans before it masks", "_text.py", "    return plain | {shape for", "    return plain or {shape for", TEXT),
    BadClient("shows a secret that a length has cut", "_text.py", "self._find(shortest).spans(text, CUT)",
              "self._find(shortest).spans(text)", TEXT),
    BadClient("lets control characters through", "_text.py",
              '    text = "".join(c if c.isprintable() else " " for c in text)', "    text = text + ''", TEXT),
    # -- waiting and downloads
    BadClient("takes an unknown state for the end", "_wait.py", "        if state.done:", '        if state.name != "Running":', WAIT),
    BadClient("calls a job that vanished done", "_wait.py", 'self.end = "lost"', 'self.end = "done"', WAIT),
    BadClient("gives up at the first fault of a wait", "_wait.py", "failures > poll_failures", "failures > 0", WAIT),
    BadClient("takes the server's name for a file as it is", "xclarity/os_images.py",
              "isinstance(value, str) and FILE_NAME.fullmatch(value)", "isinstance(value, str)",
              CHAOS + "::test_downloads_of_hostile_names"),
    BadClient("does not verify a file", "_download.py",
              "        self._archive.finish()", "        pass", CORE + "test_download.py"),
    BadClient("plans on a list that is older than the jobs", "xclarity/backup_transfer_operations.py",
              "                there = backups.read_all(self.client)\n                pairs", "                pairs",
              CHAOS + "::test_two_runs_at_once"),
    BadClient("reads the first page only", "ops_manager/api.py",
              "if len(entries) == known or (len(found) >= total if total is not None else len(entries) < size):", "if True:",
              CHAOS + "::test_more_requests_than_fit_on_a_page"),
    # -- hardware
    BadClient("hardware: believes the power of a server that is not reached", "xclarity/node_power.py",
              'return self.access.casefold() in ("online", "partial")', "return True", HARDWARE),
    BadClient("hardware: powers on what is denied power", "xclarity/node_power.py",
              "if state == ON and power.denied:", "if False:", HARDWARE),
    BadClient("hardware: powers off what is off", "xclarity/node_power.py", "if power.power == desired.state:", "if False:", HARDWARE),
    BadClient("hardware: updates what the policy leaves alone", "xclarity/firmware.py",
              "return self.compliant is False and not self.left_alone", "return self.compliant is not True", HARDWARE),
    BadClient("hardware: takes what is complete and canceled for a success", "xclarity/firmware_updates.py",
              "False if said in BAD else None", "True", HARDWARE),
    BadClient("hardware: takes servers from another manager", "xclarity/managed_nodes.py",
              'status.get("manageable") is False and not force', "False", HARDWARE),
    BadClient("hardware: deploys a pattern again", "xclarity/pattern_deployments.py",
              "        if template == pattern.id:\n            return None\n", "", HARDWARE),
    BadClient("hardware: restarts again what a killed run may have restarted", "xclarity/node_power_operations.py",
              "        return not _is_restart(item)\n\n    def repeats", "        return True\n\n    def repeats", KILLED + "[restart]"),
    BadClient("hardware: takes a server that is on for one that was restarted", "xclarity/node_power_operations.py",
              "[(item, outcome) for item, outcome in unknown if not _is_restart(item)]", "unknown",
              XCLARITY + "test_node_power.py"),
    BadClient("hardware: takes over what is being taken over", "xclarity/managed_node_operations.py",
              "if entry is None and found is not None and nodes.key_of(found) in running:", "if False:",
              MANAGED + "::test_what_is_under_way_is_waited_for"),
    BadClient("hardware: gives up what is being given up", "xclarity/managed_node_operations.py",
              "            if item.key in running:\n", "            if False:\n", MANAGED + "::test_what_is_under_way_is_waited_for"),
    BadClient("hardware: gives up again after a kill", "xclarity/managed_node_operations.py",
              '"""A server that is in the list may be about to leave it."""\n        return False',
              '"""A server that is in the list may be about to leave it."""\n        return True', KILLED + "[unmanage]"),
    BadClient("hardware: takes over by a list that is older than the discovery", "xclarity/managed_node_operations.py",
              "        if missing:  # one", "        if False:  # one", MANAGED + "::test_another_run_that_was_quicker"),
    BadClient("hardware: reads the comparison before the updates", "xclarity/firmware_update_operations.py",
              "        self.parts = self._old = firmware_updates.read_status(self.client)\n"
              "        results = firmware.read_compliance(self.client)\n",
              "        results = firmware.read_compliance(self.client)\n"
              "        self.parts = self._old = firmware_updates.read_status(self.client)\n", CHAOS + "::test_two_runs_at_once[firmware]"),
    BadClient("hardware: updates again after a kill", "xclarity/firmware_update_operations.py",
              "return not any(part.name in names for part in self.parts.get(item.key, []))", "return True",
              FIRMWARE + "::test_an_update_of_a_run_that_was_killed"),
    BadClient("hardware: updates what is being updated", "xclarity/firmware_update_operations.py",
              "names = [] if under_way else", "names =", FIRMWARE),
    BadClient("hardware: believes an update to another policy", "xclarity/firmware_update_operations.py",
              " or now.policy != item.before.policy:\n            return State(name, done", ":\n            return State(name, done",
              FIRMWARE + "::test_a_policy_that_changes_while_it_is_waited_for"),
    BadClient("hardware: assigns the policy that a server has", "xclarity/firmware_policy.py",
              "if now.policy == desired.policy:", "if False:", FIRMWARE + "::test_assign_and_take_away"),
    BadClient("hardware: takes a profile that is being activated for done", "xclarity/pattern_deployment_operations.py",
              '                item.join = ""\n', "                pass\n",
              XCLARITY + "test_pattern_deployment.py::test_a_profile_that_is_being_activated_is_waited_for"),
    BadClient("hardware: deploys to a server that is being deployed to", "xclarity/os_deployments.py",
              "    if host.busy:\n        raise", "    if False:\n        raise", XCLARITY + "test_os_deployment.py"),
    BadClient("hardware: installs again after a kill", "xclarity/os_deployment_operations.py",
              "    def proves(self, item: Item) -> bool:\n        return False",
              "    def proves(self, item: Item) -> bool:\n        return True", KILLED + "[install]"),
    BadClient("hardware: starts work by a GET in check mode", "xclarity/raw_requests.py",
              'if method == "GET" and not changes and any(', "if False and any(", HARDWARE),
    BadClient("sends in check mode", "_driver.py",
              "            if run.check_mode:\n                op.check", "            if False:\n                op.check", OPERATION),
]  # fmt: skip
