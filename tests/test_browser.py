"""What the browser tests stand on: waiting works in a page whose policy forbids `eval`, as that of our files does."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser import opened, until

POLICED = """<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src 'none'"><title>t</title>"""


def test_waiting_works_where_the_policy_forbids_eval(tmp_path):
    file = tmp_path / "policed.html"
    file.write_text(POLICED, encoding="utf-8")
    with opened(file) as visit:
        visit.page.evaluate("setTimeout(() => { document.title = 'later'; }, 200)")
        assert visit.page.title() == "t"
        until(visit.page, "document.title === 'later'")
        with pytest.raises(AssertionError, match="not so after"):
            until(visit.page, "document.title === 'never'", seconds=0.1)


def test_no_test_waits_by_eval_inside_the_page():
    """`wait_for_function` passes when the first look finds what it wants and fails under our policy otherwise."""
    others = [
        file
        for file in Path(__file__).parent.glob("*.py")
        if file.name not in ("browser.py", "test_browser.py")
    ]
    assert len(others) > 50
    assert [file.name for file in others if "wait_for_function" in file.read_text(encoding="utf-8")] == []
