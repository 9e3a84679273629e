"""What the documentation says is held to the code."""

import re
import runpy
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from inspect import signature
from pathlib import Path

import pytest

import deskmeter
from deskmeter.base.config import DeskConfig, read_config, write_config
from deskmeter.cli.registry import load
from deskmeter.connectors.fivetran_zendesk import layout as zendesk
from deskmeter.connectors.fivetran_zendesk.promises import SLA_KINDS_OF
from deskmeter.connectors.fivetran_zendesk.surveys import SCORE_FIELD
from deskmeter.ingest import mapping
from deskmeter.ingest.mapping_text import load_mapping, mapping_schema, parse_mapping
from deskmeter.ingest.shapes import SHAPES
from deskmeter.metrics.catalogue import BUILT_IN
from deskmeter.metrics.dimensions import BUILT_IN as DIMENSIONS
from deskmeter.metrics.own_model import OwnMetric, OwnTarget
from deskmeter.metrics.own_published import OWN_FACTS
from deskmeter.metrics.userdefined import load_own
from deskmeter.query.listing import statistics
from deskmeter.query.parse import Names, Words, parse_request
from deskmeter.query.periods import Setting
from deskmeter.service import Desk

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("changes/*.md")])
}
NAMES = Names({id: statistics(metric) for id, metric in BUILT_IN.items()}, tuple(DIMENSIONS))
SETTING = Setting(datetime(2026, 11, 5, tzinfo=UTC), "Europe/London")
QUESTION_WORDS = (
    "metrics", "by", "grain", "where", "period", "last", "this", "start", "end", "compare", "stat", "within", "clock",
    "schedule_policy", "zone", "as_of", "top", "totals",
)  # fmt: skip
MODELS = (
    mapping.Mapping, mapping.Part, mapping.Value, mapping.Scale, mapping.Question, mapping.Messages, mapping.FileOptions,
    mapping.Keep, mapping.Roles, mapping.Holiday, mapping.Schedule, mapping.ScaleRule, mapping.Age,
)  # fmt: skip
OTHER_WORDS = {"as_lived", "last_schedule", "set_aside", "epoch_s", "epoch_ms", "epoch_us", "n_open", "other", "all"}


def blocks(text: str, info: str) -> list[str]:
    """The contents of the fenced blocks that begin with ```info."""
    return re.findall(rf"^```{re.escape(info)}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def command_lines() -> Iterator[tuple[str, str]]:
    """(page, command) for every command line in a code block or in backticks."""
    for page in ("README.md", "docs/guide.md", "CONTRIBUTING.md"):
        text = PAGES[page]
        for line in re.findall(r"^    (deskmeter .*)$", text, re.MULTILINE):
            yield page, line
        for line in re.findall(r"`(deskmeter [^`]+)`", text):
            yield page, line


def quoted(text: str) -> set[str]:
    """The words in backticks."""
    return set(re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)))


@pytest.mark.parametrize(("page", "line"), sorted(set(command_lines())))
def test_every_command_line_can_be_typed(page: str, line: str) -> None:
    words = shlex.split(line)[1:]
    if words[0] == "--desk":
        words = words[2:]
    command = load(words[0])
    params = command.make_context(words[0], words[1:]).params
    if words[0] not in ("ask", "drill"):
        return
    asked = {name: params[name] for name in QUESTION_WORDS if params.get(name) is not None}
    if words[0] == "drill":
        asked["metrics"] = [params["metric"]]
    parse_request(Words(**asked), SETTING, NAMES)


def test_every_command_is_told_of() -> None:
    told = {shlex.split(line)[1] for _, line in command_lines()}
    assert {"init", "import", "ask", "drill", "explain", "metrics", "doctor", "rebuild"} <= told


def test_every_make_target_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = {
        target for text in PAGES.values() for target in re.findall(r"(?:^    |`)make ([a-z]+)", text, re.MULTILINE)
    }
    assert named <= targets


@pytest.mark.parametrize("page", PAGES)
def test_every_path_exists(page: str) -> None:
    text = PAGES[page]
    homes = [path.name for path in ROOT.iterdir() if path.is_dir()]
    paths = {
        word for word in quoted(text) if re.fullmatch(r"\.?[\w.-]+/[\w./-]*", word) and word.split("/")[0] in homes
    }
    missing = [path for path in paths if "NNN" not in path and not (ROOT / path).exists()]
    here = (ROOT / page).parent
    links = [link for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text) if "://" not in link]
    missing += [link for link in links if not (here / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", ["README.md", "docs/guide.md"])
def test_every_anchor_exists(page: str) -> None:
    heads = re.findall(r"^#+ (.*)$", PAGES[page], re.MULTILINE)
    known = {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGES[page])) <= known


@pytest.mark.parametrize(
    "page", ["README.md", "docs/guide.md", "docs/adr/0004-decisions-where-the-contract-is-silent.md"]
)
def test_every_name_exists(page: str) -> None:
    words = {word for word in quoted(PAGES[page]) if re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)+", word)}
    known = {*BUILT_IN, *DIMENSIONS, *SHAPES, *OWN_FACTS, *OTHER_WORDS, *DeskConfig.model_fields}
    known |= {slot for shape in SHAPES.values() for slot in shape.slots}
    known |= {name for model in (*MODELS, OwnMetric, OwnTarget) for name in model.model_fields}
    known |= {zendesk.NAME, *zendesk.BY_NAME, *SLA_KINDS_OF, SCORE_FIELD, "merged_ticket_ids", "custom_reason"}
    known |= {f"{name}_then" for name in ("reason", "type", "product", "tag")}
    known |= set(signature(deskmeter.Desk.ask).parameters) | {name for name in dir(deskmeter.Answer) if name[0] != "_"}
    assert not words - known


@pytest.mark.parametrize("text", blocks(GUIDE, "yaml mapping"))
def test_the_mappings_in_the_guide_are_good(text: str) -> None:
    parse_mapping(text)


def test_every_key_of_a_mapping_is_in_the_guide() -> None:
    told = {name for word in quoted(GUIDE) for name in re.findall(r"\w+", word)}
    for model in (mapping.Mapping, mapping.Part, mapping.Value, mapping.ScaleRule, mapping.Schedule, mapping.Roles):
        assert not set(model.model_fields) - told, model.__name__


def test_the_schema_of_mappings_is_the_published_one() -> None:
    assert (ROOT / "docs" / "mapping.schema.json").read_text(encoding="utf-8") == mapping_schema()


def test_own_metrics_and_targets_in_the_guide_are_good(tmp_path: Path) -> None:
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "own.yml").write_text(blocks(GUIDE, "yaml own")[0], encoding="utf-8")
    (tmp_path / "targets.yml").write_text(blocks(GUIDE, "yaml targets")[0], encoding="utf-8")
    own = load_own(tmp_path, BUILT_IN)
    assert [metric.id for metric in own.metrics] == ["vip_reply_time", "refund_share"]
    assert len(own.targets) == 2
    assert {name for name in OWN_FACTS if f"`{name}`" not in GUIDE} == set()


def test_the_settings_in_the_guide_are_all_and_good(tmp_path: Path) -> None:
    text = blocks(GUIDE, "toml")[0]
    (tmp_path / "deskmeter.toml").write_text(text, encoding="utf-8")
    assert read_config(tmp_path).rates == {"EUR": 1.0, "USD": 0.92}
    assert set(tomllib.loads(text)["desk"]) == set(DeskConfig.model_fields)


def test_the_first_example_and_the_python_in_the_guide_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = re.findall(r"^    (Ticket;Opened.*|1001;.*)$", GUIDE, re.MULTILINE)
    Path("tickets.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    Path("tickets.yml").write_text(blocks(GUIDE, "yaml mapping")[0], encoding="utf-8")
    Path("my-desk").mkdir()
    write_config(Path("my-desk"), DeskConfig(as_of=datetime(2026, 4, 1, tzinfo=UTC)))
    with Desk.open(Path("my-desk")) as desk:
        report = desk.import_file(Path("tickets.csv"), Path("tickets.yml"))
        assert (report.received, report.stored) == (1, 1)
    exec(compile(blocks(GUIDE, "python")[0], "guide.md", "exec"), {"print": lambda *words: None})
    assert Path("answers.xlsx").exists()


def test_the_picture_shows_the_definition_that_holds() -> None:
    assert " ".join(BUILT_IN["first_reply_time"].definition.split()) in " ".join(README.split())


def test_examples_load() -> None:
    for path in sorted((ROOT / "examples").glob("*.yml")):
        if path.name != "targets.yml":
            load_mapping(path)


def test_the_metrics_page_is_what_its_script_makes() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "make_metrics.py"))["made"]()
    assert PAGES["docs/metrics.md"] == made, "the catalogue has changed: `make docs` writes the page anew"


def test_the_testing_page_claims_no_more_than_there_is() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "make_testing.py"))["made"]()
    number = re.compile(r"\d[\d,]*")
    assert number.sub("0", PAGES["docs/testing.md"]) == number.sub("0", made), "`make docs` writes the page anew"
    for told, true in zip(number.findall(PAGES["docs/testing.md"]), number.findall(made), strict=True):
        told_n, true_n = (int(text.replace(",", "")) for text in (told, true))
        assert 0.8 * true_n <= told_n <= true_n, f"the page says {told}, the tests hold {true}: `make docs`"


def test_the_changelog_names_the_current_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"## {version}" in PAGES["CHANGELOG.md"]


def test_no_registry_and_no_machine_is_named() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("no git checkout: what belongs to the repository cannot be told")
    hosts = (
        "py" + "pi.org",
        "python" + "hosted",
        "npm" + "js.",
        "crates" + ".io",
        "proxy." + "golang",
        "ana" + "conda.",
    )
    machine = re.compile(r"(?<![\w.:/-])/(?:" + "|".join(("work", "root", "home", "Users", "tmp")) + r")/\w")
    found = []
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if not name or not path.is_file() or b"\0" in (content := path.read_bytes()):
            continue
        text = content.decode("utf-8", "replace")
        found += [f"{name}: {host}" for host in hosts if host in text]
        found += [f"{name}: {path[0]}" for path in machine.finditer(text)]
    assert not found
