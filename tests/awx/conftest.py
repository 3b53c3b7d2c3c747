# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller, the playbook that configures it, and one that is configured already."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from controller import Controller
from sites import COLLECTIONS, Play, Site


@pytest.fixture(scope="session", autouse=True)
def _fetched() -> None:
    assert COLLECTIONS.is_dir(), "run these tests by make test-controller, which fetches awx.awx and awxkit"


@pytest.fixture(scope="session")
def collections() -> Path:
    """The root above ansible_collections/, as ../conftest.py finds it."""
    return Path(os.environ["ANSIBLE_COLLECTIONS_PATH"])


@pytest.fixture
def controller() -> Iterator[Controller]:
    """A controller without objects."""
    with Controller() as one:
        yield one


@pytest.fixture
def site(controller: Controller, tmp_path: Path, collections: Path) -> Site:
    """The playbook against it."""
    return Site(controller, tmp_path, collections)


@pytest.fixture(scope="session")
def configured(tmp_path_factory: pytest.TempPathFactory, collections: Path) -> Iterator[tuple[Site, Play]]:
    """A controller that the playbook has run against once, and that run. Tests must leave it as it is."""
    with Controller() as one:
        one.last_id = 100
        made = Site(one, tmp_path_factory.mktemp("controller"), collections)
        yield made, made.play()
