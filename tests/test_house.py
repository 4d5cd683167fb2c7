"""The layout of the house: one-way layers, no package markers in the source roots, few public names."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import notspot

ROOT = Path(__file__).resolve().parents[1]
ROOTS = {
    "geodata": "notspot_geodata",
    "coverage": "notspot_coverage",
    "maps": "notspot_maps",
    "scripts": "notspot",
}
LAYERS = ["notspot_geodata", "notspot_coverage", "notspot_maps", "notspot"]


@pytest.mark.parametrize("root", ROOTS)
def test_source_roots_hold_no_package_marker(root: str) -> None:
    # coverage/__init__.py would shadow coverage.py
    assert not (ROOT / root / "__init__.py").exists()
    assert (ROOT / root / ROOTS[root] / "__init__.py").exists()
    assert (ROOT / root / ROOTS[root] / "py.typed").exists()


def test_coverage_is_still_coverage_py() -> None:
    import coverage

    assert hasattr(coverage, "Coverage")


@pytest.mark.parametrize(("root", "package"), ROOTS.items())
def test_imports_go_downhill_only(root: str, package: str) -> None:
    allowed = LAYERS[: LAYERS.index(package) + 1]
    for path in sorted((ROOT / root / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            for name in names:
                top = name.split(".")[0]
                assert top not in LAYERS or top in allowed, f"{path.name} imports {name}"


def test_public_names_exist_and_are_documented() -> None:
    assert len(notspot.__all__) <= 22
    for name in notspot.__all__:
        assert getattr(notspot, name).__doc__, name


def test_public_names_stay_functions_after_submodules_are_imported() -> None:
    code = (
        "import notspot.pipeline, notspot.outputs, notspot.prediction, notspot.cli, notspot_geodata.fetch, notspot\n"
        "assert all(callable(getattr(notspot, n)) for n in notspot.__all__)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_import_is_light() -> None:
    code = "import sys, notspot; assert not {'pandas', 'geopandas', 'folium'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = notspot.nothing


def test_no_file_of_the_project_names_a_package_index_or_this_checkout() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    needles = [
        "py" + "pi.org",
        "files.python" + "hosted",
        "registry." + "npmjs",
        "index" + "-url",
        f"{ROOT}/",
    ]
    for name in listed.stdout.split("\n"):
        path = ROOT / name
        if not name or path.suffix in {".parquet", ".png"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not [needle for needle in needles if needle in text], name


def test_constraints_pin_versions_and_nothing_else() -> None:
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        assert line.startswith("#") or re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][\w.+-]*", line), line
