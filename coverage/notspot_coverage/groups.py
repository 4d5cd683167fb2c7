"""
Groups of townships that are set beside each other: remote and non-remote, and the partition into
mountain-indigenous, plains-indigenous, offshore and the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notspot_geodata.errors import InputError, Problem
from notspot_geodata.text import Text

if TYPE_CHECKING:
    import pandas as pd

NATION = "TW"

REMOTENESS: dict[str, Text] = {
    "remote": Text("偏遠鄉鎮市區", "Remote townships"),
    "non_remote": Text("非偏遠鄉鎮市區", "Non-remote townships"),
}
PARTITION: dict[str, Text] = {
    "mountain_indigenous": Text("山地原住民鄉鎮市區", "Mountain indigenous townships"),
    "plains_indigenous": Text("平地原住民鄉鎮市區", "Plains indigenous townships"),
    "offshore": Text("離島鄉鎮市", "Offshore townships"),
    "rest": Text("其他鄉鎮市區", "All other townships"),
}
GROUPS: dict[str, Text] = REMOTENESS | PARTITION
NAMES: dict[str, Text] = {NATION: Text("全國", "Nation")} | GROUPS

PAIRS: tuple[tuple[str, str], ...] = (
    ("remote", "non_remote"),
    ("mountain_indigenous", "rest"),
    ("mountain_indigenous", "plains_indigenous"),
    ("plains_indigenous", "rest"),
    ("offshore", "rest"),
)  # (a, b): a is compared to b


def partition(townships: pd.DataFrame) -> pd.Series[str]:
    """
    The one group of `PARTITION` that each township belongs to, indexed by ``town_code``.

    Indigenous goes first: 蘭嶼鄉 is offshore and mountain-indigenous, and stands with the latter.

    Parameters
    ----------
    townships
        One row a township: ``town_code``, ``indigenous`` ('mountain', 'plains' or null), ``offshore`` (bool).
    """
    import pandas as pd

    _check(townships, ("town_code", "indigenous", "offshore"))
    kind = townships["indigenous"].astype(object)
    kind = kind.where(kind.notna() & (kind != ""), None)
    unknown = sorted({str(value) for value in kind.dropna()} - {"mountain", "plains"})
    problems = [
        Problem(None, "indigenous", f"'{v}' is neither mountain nor plains", value=v) for v in unknown
    ]
    if townships["offshore"].isna().any():
        problems.append(Problem(None, "offshore", "is empty for some townships; true or false is needed"))
    if problems:
        raise InputError("townships", problems)
    out = pd.Series(
        "rest", index=pd.Index(townships["town_code"], name="town_code"), name="group", dtype=object
    )
    out[townships["offshore"].astype(bool).to_numpy()] = "offshore"
    out[(kind == "plains").to_numpy()] = "plains_indigenous"
    out[(kind == "mountain").to_numpy()] = "mountain_indigenous"
    return out


def membership(townships: pd.DataFrame) -> pd.DataFrame:
    """
    Who belongs to which group: one true/false column a code of `GROUPS`, indexed by ``town_code``.

    Each township is in two groups: one of `REMOTENESS` and one of `PARTITION`.

    Parameters
    ----------
    townships
        As for `partition`, and ``remote`` (bool). A column ``group`` is used instead of
        ``indigenous`` and ``offshore`` where it is there.
    """
    import pandas as pd

    _check(townships, ("town_code", "remote"))
    if townships["remote"].isna().any():
        raise InputError("townships", [Problem(None, "remote", "is empty for some townships")])
    if "group" in townships:
        group = townships.set_index("town_code")["group"]
        strange = sorted({str(value) for value in group} - set(PARTITION))
        if strange:
            message = f"{', '.join(strange)}: none of {', '.join(PARTITION)}"
            raise InputError("townships", [Problem(None, "group", message)])
    else:
        group = partition(townships)
    remote = townships.set_index("town_code")["remote"].astype(bool)
    columns = {"remote": remote, "non_remote": ~remote} | {code: group == code for code in PARTITION}
    return pd.DataFrame(columns, columns=list(GROUPS))


def _check(townships: pd.DataFrame, columns: tuple[str, ...]) -> None:
    missing = [Problem(None, column, "is missing") for column in columns if column not in townships]
    if missing:
        raise InputError("townships", missing)
