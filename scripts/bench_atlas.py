"""
How large and how fast the atlas of the shipped study is, in headless Chromium: ``python scripts/bench_atlas.py``.

Prints one line a figure: median and worst of the runs. Needs the test extras and a Chromium.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

FRAMES = """
async (moves) => {
  const canvas = document.querySelector('.leaflet-container'), box = canvas.getBoundingClientRect();
  const fire = (type, x) => canvas.dispatchEvent(new MouseEvent(type,
    {bubbles: true, clientX: box.x + x, clientY: box.y + box.height / 2, button: 0, buttons: 1}));
  const frame = () => new Promise((next) => requestAnimationFrame(next));
  const times = [];
  fire('mousedown', 700);
  let last = await frame();
  for (let i = 1; i <= moves; i++) {
    document.dispatchEvent(new MouseEvent('mousemove',
      {bubbles: true, clientX: box.x + 700 - i * 12, clientY: box.y + box.height / 2, buttons: 1}));
    const now = await frame();
    times.push(now - last);
    last = now;
  }
  document.dispatchEvent(new MouseEvent('mouseup', {bubbles: true}));
  return times;
}
"""
CHANGE = """
async () => {
  const select = document.querySelector('select'), times = [];
  for (const option of [...select.options].filter((each) => !each.selected).slice(0, 12)) {
    const start = performance.now();
    select.value = option.value;
    select.dispatchEvent(new Event('change', {bubbles: true}));
    times.push(performance.now() - start);
    await new Promise((next) => setTimeout(next, 60));
  }
  return times;
}
"""


def main() -> None:
    """Build the atlas, open it several times, drag it at village level, change the indicator."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--atlas", type=Path, help="an atlas.html that is there already")
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        file = given.atlas or _built(Path(folder) / "atlas.html")
        print(f"size                    {file.stat().st_size:>9,} bytes")
        measure(file, given.runs)


def measure(file: Path, runs: int) -> None:
    """Print what the browser needs, in milliseconds."""
    from browser import opened

    first: list[float] = []
    for _ in range(runs):
        with opened(file) as visit:
            _drawn(visit.page)
            mark = "performance.getEntriesByName('notspot-first-choropleth')[0].startTime"
            first.append(visit.page.evaluate(mark))
    _say("first choropleth", first)
    with opened(file) as visit:
        _drawn(visit.page)
        _say("change the indicator", visit.page.evaluate(CHANGE))
    with opened(file, fragment="#m=12/25.04/121.52") as visit:
        _drawn(visit.page)
        _say("frame, villages", visit.page.evaluate(FRAMES, 60))


def _built(file: Path) -> Path:
    from notspot import Study, run
    from notspot_maps.atlas import atlas

    start = time.perf_counter()
    results = run(Study.shipped())
    middle = time.perf_counter()
    atlas(results).save(file)
    print(f"study                   {middle - start:>9.1f} s")
    print(f"atlas                   {time.perf_counter() - middle:>9.1f} s")
    return file


def _drawn(page: Any) -> None:
    page.wait_for_function("performance.getEntriesByName('notspot-first-choropleth').length > 0")
    page.wait_for_selector(".ns-classes")


def _say(what: str, times: list[float]) -> None:
    print(f"{what:<23} {statistics.median(times):>9.0f} ms median, {max(times):.0f} ms worst of {len(times)}")


if __name__ == "__main__":
    main()
