"""Data flows one way: each layer imports only from the layers before it, and each outside library has its door."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SRC = Path(__file__).parent.parent / "src" / "deskmeter"
LAYERS = (
    {"base"},
    {"stats"},
    {"canon"},
    {"ledger"},
    {"engines", "connectors"},
    {"ingest"},
    {"facts"},
    {"metrics"},
    {"query"},
    {"on_lake"},
    {"service"},
    {"cli", "python", "notebook"},
)
RANK = {name: place for place, names in enumerate(LAYERS) for name in names}
FACES = {"cli", "python", "notebook"}
# a face speaks to the service, to what is asked and answered, and to nothing that computes
FACES_MAY = ("base", "service", "connectors.demo", "query.request", "query.result", "query.parse", "query.periods",
             "query.filters", "query.export", "query.sheets", "query.format", "query.story", "query.reports")  # fmt: skip
PLUGINS = ("cli/commands",)  # files that never know each other
DOORS = {
    "duckdb": ("engines/duckdb.py",),
    "ibis": ("engines", "facts", "metrics", "query"),
    "apsw": ("ledger",),
    "typer": ("cli",),
    "rich": ("cli",),
    "python_calamine": ("connectors",),
    "holidays": ("connectors/demo",),
    "xlsxwriter": ("query/sheets.py",),
    "yaml": ("base/yaml.py", "ingest"),
}
CLOCK = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}
FILES = sorted(SRC.rglob("*.py"))


def imported(tree: ast.AST, is_inside: bool = False) -> Iterator[tuple[str, bool]]:
    """Every import, also a late one: its dotted name and whether it stands inside a function."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            yield from imported(ast.Module(child.orelse, []), is_inside)
            continue
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Name) and child.func.id == "late":
            yield from ((name.value, is_inside) for name in child.args if isinstance(name, ast.Constant))
        if isinstance(child, ast.Import):
            yield from ((alias.name, is_inside) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            module = "." * child.level + (child.module or "")
            yield from ((f"{module}.{alias.name}", is_inside) for alias in child.names)
        else:
            yield from imported(child, is_inside or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SRC)))
def test_file_keeps_to_the_river(path: Path) -> None:
    here = path.relative_to(SRC).as_posix()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    wrong = [] if ast.get_docstring(tree) else ["no module docstring"]
    for name, is_inside in imported(tree):
        if name.startswith("."):
            wrong.append(f"relative import {name}")
        elif name.startswith("deskmeter."):
            wrong += _own_import(here, name.removeprefix("deskmeter."), is_inside)
        elif not any(here.startswith(door) for door in DOORS.get(name.split(".")[0], ("",))):
            wrong.append(f"imports {name}: only {', '.join(DOORS[name.split('.')[0]])} may")
    wrong += _clock_readings(here, tree)
    assert not wrong, f"{here}: " + "; ".join(wrong)


def _own_import(here: str, name: str, is_inside: bool) -> list[str]:
    mine, theirs = here.removesuffix(".py").split("/")[0], name.split(".")[0]
    if mine in ("__init__", "__main__"):
        return []
    wrong = [f"imports {name} inside a function, which hides a cycle"] if is_inside else []
    if theirs not in RANK:
        return wrong
    if mine != theirs and RANK[theirs] >= RANK[mine] and not (mine in FACES and theirs in FACES):
        wrong.append(f"layer `{mine}` may not import `{theirs}` ({name})")
    if mine in FACES and theirs not in FACES and not name.startswith(FACES_MAY):
        wrong.append(f"face `{mine}` goes round the service ({name})")
    for folder in PLUGINS:
        if here.startswith(folder) and name.replace(".", "/").startswith(folder + "/"):
            wrong.append(f"plug-in imports its neighbour {name}")
    return wrong


def _clock_readings(here: str, tree: ast.AST) -> list[str]:
    if here == "base/time.py":
        return []
    return [
        f"line {node.lineno} reads the clock"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name | ast.Attribute)
        and (getattr(node.value, "id", getattr(node.value, "attr", "")), node.attr) in CLOCK
    ]


def test_every_folder_has_a_layer() -> None:
    found = {path.name.removesuffix(".py") for path in SRC.iterdir() if path.name[0] not in "_."} - {"py.typed"}
    assert found == set(RANK)


def test_no_import_cycle_between_files() -> None:
    known = {path.relative_to(SRC).with_suffix("").as_posix().replace("/", ".") for path in FILES}
    graph: dict[str, set[str]] = {}
    for path in FILES:
        here = path.relative_to(SRC).with_suffix("").as_posix().replace("/", ".")
        names = [
            name.removeprefix("deskmeter.")
            for name, _ in imported(ast.parse(path.read_text(encoding="utf-8")))
            if name.startswith("deskmeter.")
        ]
        graph[here] = {found for name in names for found in (name, name.rpartition(".")[0]) if found in known}
    assert list(TopologicalSorter(graph).static_order())


def test_no_sql_outside_the_engines() -> None:
    """SQL is written by the compiler; the engine and the ledger alone hold statements of their own."""
    allowed = ("engines/", "ledger/")
    for path in FILES:
        here = path.relative_to(SRC).as_posix()
        if here.startswith(allowed):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not node.value.lstrip().startswith(("SELECT ", "INSERT ", "CREATE ", "DELETE ", "UPDATE ")), here
