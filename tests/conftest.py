"""What several tests share: one run of the shipped study, and its folder."""

from pathlib import Path

import pytest

from notspot.outputs import report
from notspot.pipeline import run
from notspot.study import Study
from notspot_coverage.results import Results


@pytest.fixture(scope="session")
def taiwan() -> Results:
    """The shipped study, run once."""
    return run(Study.shipped())


@pytest.fixture(scope="session")
def report_folder(taiwan: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder of results, written once; tests only read it."""
    return report(taiwan, tmp_path_factory.mktemp("notspot") / "report")
