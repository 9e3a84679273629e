"""Writes docs/metrics.md, the reference of every metric, from the catalogue itself.

python docs/make_metrics.py
"""

import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from deskmeter.metrics.catalogue import BUILT_IN
from deskmeter.query.reports import DimensionEntry, MetricEntry
from deskmeter.service import Desk

HERE = Path(__file__).parent
PAGE = HERE / "metrics.md"
STORIES = HERE.parent / "tests" / "golden"
ORDER = (
    "Demand", "Backlog and flow", "Speed", "Resolution quality and effort", "Calls", "Experience",
    "Customers and money", "Knowledge base and self-service", "Preferences", "SLA", "Targets", "Views",
)  # fmt: skip
UNITS = {
    "count": "a count",
    "seconds": "seconds, whole; shown as hours and minutes",
    "share": "a share from 0 to 1; shown as a percentage",
    "points": "points from -100 to 100",
    "score": "points of the scale",
    "money": "money, in units of its currency",
    "ratio": "a ratio of two numbers",
    "number": "a number",
    "view": "a list, not a number",
}
GOOD = {"up": "more is better", "down": "less is better", "neither": "neither direction is good in itself"}
SOURCES = (
    ("MHC", "“What are customer service metrics”, 2019"),
    ("KPI8", "“Customer service KPIs”, eight metrics"),
    ("Jivo15", "fifteen metrics with practitioners' comments; the number is the metric's own"),
    ("Role", "“Unlocking success”"),
    ("IS4", "InsightSquared: rep activity, team efficiency, churn prevention, product development"),
    ("ZD", "Zendesk's metric definitions"),
    ("GEN", "Genesys Cloud's metric definitions"),
)
HEAD = """\
# Every metric

This page is made from the catalogue by `make docs`; a test holds it to the code. The same text stands in the terminal:
`deskmeter metrics ID`. What the words mean (episode, wait, human reply, resolution) is in [the guide](guide.md).

* **Filed by** names the instant that puts a row into a period. A *stock* is read at the end of each bucket.
* **Credit** names whose row it stands in when you split by agent or team.
* **Splits by** lists the dimensions that go with it. Where ticket fields are listed, your own fields (`field:NAME`) go
  too, and `reason_then`, `type_then`, `product_then`, `tag_then` give the value at the metric's instant.
* **Stories** are the hand-counted cases in `tests/golden` that hold the number, by the name of their file.
"""


def page(entries: Iterable[MetricEntry], dimensions: Iterable[DimensionEntry]) -> str:
    """The whole page as Markdown."""
    families: dict[str, list[MetricEntry]] = {}
    for entry in entries:
        families.setdefault(entry.family, []).append(entry)
    stories = asked_in_stories()
    parts = [HEAD, _contents(families)]
    for family in _in_order(families):
        parts.append(f"## {family}\n")
        parts.extend(_metric(entry, stories) for entry in families[family])
    parts.append(_dimensions(dimensions))
    sources = "\n".join(f"* **{short}**: {title}." for short, title in SOURCES)
    parts.append(f"## Where the definitions come from\n\n{sources}\n")
    return "\n".join(parts)


def asked_in_stories(folder: Path = STORIES) -> dict[str, tuple[str, ...]]:
    """Metric -> the stories that give it a hand-counted value, by name."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.yml")):
        story = yaml.safe_load(path.read_text(encoding="utf-8"))
        for metric in sorted({one["metric"] for one in story["expect"] if "error" not in one}):
            found.setdefault(metric, []).append(path.stem)
    return {metric: tuple(names) for metric, names in found.items()}


def _in_order(families: Iterable[str]) -> list[str]:
    known = {family: place for place, family in enumerate(ORDER)}
    return sorted(families, key=lambda family: (known.get(family, len(known)), family))


def _contents(families: Mapping[str, list[MetricEntry]]) -> str:
    count = sum(len(entries) for entries in families.values())
    lines = [f"{count} metrics:\n"]
    for family in _in_order(families):
        links = ", ".join(f"[`{entry.id}`](#{entry.id})" for entry in families[family])
        lines.append(f"* **{family}**: {links}")
    return "\n".join(lines) + "\n"


def _metric(entry: MetricEntry, stories: Mapping[str, tuple[str, ...]]) -> str:
    metric = BUILT_IN[entry.id]
    rows = [
        ("Formula", entry.formula),
        ("Unit", UNITS[entry.unit]),
        ("Filed by", entry.date_basis + ("; a stock" if metric.is_stock else "")),
        ("Clocks", ", ".join(entry.clocks)),
        ("Statistics", ", ".join(entry.statistics)),
        ("Credit", entry.credit),
        ("Leaves out", entry.leaves_out),
        ("Direction", GOOD[entry.good]),
        ("Buckets", "" if metric.is_additive else "do not add up to the whole period"),
        ("Null unless split by", ", ".join(f"`{name}`" for name in metric.splits_by)),
        ("Splits by", ", ".join(f"`{name}`" for name in entry.dimensions) or "nothing"),
        ("Refuses", "; ".join(f"`{name}`: {why}" for name, why in sorted(metric.refuses.items()))),
        ("Lengths", f"a statistic of it (`{entry.id}:median`) is that of `{entry.lengths}`" if entry.lengths else ""),
        ("Notes", "; ".join(metric.notes)),
        ("Sources", ", ".join(entry.sources)),
        ("Stories", ", ".join(stories.get(entry.id, ()))),
    ]
    lines = [f"* {name}: {text}" for name, text in rows if text]
    head = f'### <a id="{entry.id}"></a>{entry.label}\n\n`{entry.id}` — {entry.definition}\n'
    return "\n".join([head, *lines]) + "\n"


def _dimensions(dimensions: Iterable[DimensionEntry]) -> str:
    lines = [f"* `{dimension.id}`: {dimension.definition}." for dimension in dimensions]
    return "## Dimensions\n\n" + "\n".join(lines) + "\n"


def made() -> str:
    """The page as it should stand now; an empty desk tells what each metric can be split by."""
    with tempfile.TemporaryDirectory() as folder, Desk.open(Path(folder) / "desk", create=True) as desk:
        return page(desk.metrics(), desk.dimensions())


if __name__ == "__main__":
    text = made()
    PAGE.write_text(text, encoding="utf-8")
    sys.stderr.write(f"wrote {PAGE.name}, {text.count(chr(10))} lines\n")
