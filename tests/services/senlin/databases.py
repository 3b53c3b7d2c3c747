# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The little that is done to the sqlite files of Keystone and Senlin.

usage: databases.py wal FILE...                switch to the write-ahead log (it stays so)
       databases.py cascade FILE               make Keystone's application credentials take their roles with them
       databases.py copy FROM TO               a consistent copy of a database in use
       databases.py catalog FILE OLD=NEW...    replace URLs in Keystone's catalog
"""

from __future__ import annotations

import sqlite3
import sys


def wal(*files: str) -> None:
    for file in files:
        mode = sqlite3.connect(file).execute("pragma journal_mode=wal").fetchone()[0]
        if mode != "wal":
            raise SystemExit(f"{file}: journal_mode is {mode}")


def cascade(file: str) -> None:
    # Keystone leaves this to ON DELETE CASCADE, which sqlite ignores unless each connection asks for it. The rows
    # left behind then collide with the next application credential, which gets the same number (a false 409).
    with sqlite3.connect(file) as database:
        database.execute(
            "create trigger application_credential_cascade after delete on application_credential begin"
            " delete from application_credential_role where application_credential_id = old.internal_id; end"
        )


def copy(source: str, target: str) -> None:
    with sqlite3.connect(source) as old, sqlite3.connect(target) as new:
        old.backup(new)
    wal(target)


def catalog(file: str, *replacements: str) -> None:
    with sqlite3.connect(file) as database:
        for replacement in replacements:
            old, new = replacement.split("=", 1)
            rows = database.execute("update endpoint set url = ? where url = ?", (new, old)).rowcount
            if rows != 3:  # public, internal and admin
                raise SystemExit(f"{old} stands {rows} times in the catalog, not 3")


if __name__ == "__main__":
    {"wal": wal, "cascade": cascade, "copy": copy, "catalog": catalog}[sys.argv[1]](*sys.argv[2:])
