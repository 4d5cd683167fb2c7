"""What several tests share: one run of the shipped study, and its folder."""

import hashlib
import os
import tempfile
from pathlib import Path

import hypothesis
import pytest

# A busy machine must not fail a law: no test asserts a time. Half of hypothesis' own number of examples keeps a
# whole run within ten minutes on two cores; laws that need more say so.
hypothesis.settings.register_profile("notspot", deadline=None, max_examples=50)
hypothesis.settings.load_profile("notspot")

# Compiled code is kept on disk by the file that holds a function, not by those that it calls: a folder of its
# own for each state of the sources, so that no test runs yesterday's formulas.
_ROOT = Path(__file__).parents[1]
_SOURCES = sorted(path for folder in ("coverage", "geodata") for path in (_ROOT / folder).rglob("*.py"))
_STATE = hashlib.sha256(b"".join(path.read_bytes() for path in _SOURCES)).hexdigest()[:16]
os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(tempfile.gettempdir()) / f"notspot-kernels-{_STATE}"))

from typer.testing import CliRunner, Result  # noqa: E402

from notspot.cli import app  # noqa: E402
from notspot.pipeline import run  # noqa: E402
from notspot.study import Study  # noqa: E402
from notspot_coverage.results import Results  # noqa: E402

# Files that take longest, longest first: were one of them begun last, a whole run would wait for it.
LONGEST = """
predict account_section atlas_painter atlas_states report official_example real_runs tiles_browser classes_legend
indicators pictures_figures crosswalk counting terrain overlays_page cli lattice spreads document example atlas_keys
results_folder
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {f"test_{name}": at for at, name in enumerate(LONGEST.split())}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


@pytest.fixture(scope="session")
def taiwan() -> Results:
    """The shipped study, run once."""
    return run(Study.shipped())


@pytest.fixture(scope="session")
def report_command(taiwan: Results, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    """What `notspot report` says where its run is `taiwan`, and the folder that it was to write; once."""

    def counted(study: Study, **_: object) -> Results:
        assert study.id == "taiwan_2021"
        return taiwan

    out = tmp_path_factory.mktemp("notspot") / "report"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("notspot.pipeline.run", counted)
        return CliRunner().invoke(app, ["report", "--out", str(out)]), out


@pytest.fixture(scope="session")
def report_folder(report_command: tuple[Result, Path]) -> Path:
    """The folder of results of the shipped study, written once; tests only read it."""
    said, folder = report_command
    assert said.exit_code == 0, said.output
    return folder
