"""A recorded game at the official Digital Curling 3 server (1.2.0), seen by team 0."""

import json
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def official():
    """Every message: (who sent it, server or client; the message)."""
    lines = (Path(__file__).parent / "official_session.jsonl").read_text(encoding="utf-8").splitlines()
    return [(row["from"], row["message"]) for row in map(json.loads, lines)]
