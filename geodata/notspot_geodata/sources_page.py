"""
The page docs/sources.md, made from the sources: ``python -m notspot_geodata.sources_page > docs/sources.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from notspot_geodata.sources import Source, sources
from notspot_geodata.text import Text


def as_markdown(found: Mapping[str, Source]) -> str:
    """The whole page: a table of the sources, a section each, how to override and how the cache works."""
    lines = [
        _HEAD,
        "",
        "| id | 資料 · data | 提供機關 · publisher | 資料集 · data set |",
        "|---|---|---|---|",
    ]
    for source in found.values():
        link = f"[{source.dataset}]({source.page})"
        lines.append(f"| `{source.id}` | {_both(source.title)} | {_both(source.publisher)} | {link} |")
    for source in found.values():
        lines += ["", *_section(source)]
    return "\n".join([*lines, "", _TAIL])


def _section(source: Source) -> Iterator[str]:
    yield f"## {source.id}"
    yield ""
    yield f"**{source.title.zh}** · {source.title.en}"
    yield ""
    yield f"- 用途 · used for: {_both(source.use)}"
    yield f"- 更新 · update: {_both(source.update)}"
    yield f"- 授權 · licence: [{_both(source.licence)}]({source.licence_page})"
    yield f"- 位址 · address ({source.how}): `{source.address}`"
    if source.tiles:
        yield f"- 圖幅 · tiles: {', '.join(source.tiles)}"
    yield f"- 格式 · format: {source.kind}" + (f" ({', '.join(source.accept)})" if source.accept else "")
    yield f"- 快取檔名 · name in the cache: `{source.file}`"
    if source.note:
        yield f"- 注意 · mind: {_both(source.note)}"


def _both(text: Text) -> str:
    return f"{text.zh} · {text.en}"


_HEAD = """# 官方資料來源 · Official sources

`notspot fetch` 列出這些來源，`notspot fetch villages` 下載其中一項。

`notspot fetch` lists these sources, `notspot fetch villages` downloads one.

本頁由 `sources.toml` 產生，請勿直接修改。 · This page is made from `sources.toml`; do not edit it:
`python -m notspot_geodata.sources_page > docs/sources.md`"""

_TAIL = """## 換位址 · Other addresses

政府網站改版，或內部網路另有鏡像時，把不同的位址寫進一個 TOML 檔，
以環境變數 `NOTSPOT_SOURCES` 或參數 `overrides` 指定。

Where a service has moved, or a closed network has a mirror, write the addresses that differ into a
TOML file and name it in the environment variable `NOTSPOT_SOURCES` or the parameter `overrides`.

```toml
villages = { address = "https://mirror.example/villages.zip", how = "file" }
public_wifi = "https://mirror.example/dataset/5962"  # an address alone keeps how it is read
```

## 快取 · The cache

第一次見到檔案時記下 SHA-256，之後逐次比對；上游檔案改變時，新舊兩份都保留，並說明如何處理。
快取資料夾可用環境變數 `NOTSPOT_CACHE` 指定。沒有網路時，把檔案以上列快取檔名放進該資料夾即可。

The SHA-256 of each file is recorded on first sight and compared later; where a file has changed
upstream, both are kept and you are told what to do. The environment variable `NOTSPOT_CACHE` names
the folder. Without a network, put a file there by hand under its name in the cache.
"""


if __name__ == "__main__":
    print(as_markdown(sources()), end="")
