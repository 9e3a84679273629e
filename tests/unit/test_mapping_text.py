"""Mappings as text: what is read, and how mistakes are answered."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from ingest_rows import EXAMPLES

from deskmeter.base.errors import DataError
from deskmeter.ingest.mapping_text import check_columns, load_mapping, mapping_schema, parse_mapping

SCHEMA = Path(__file__).parents[2] / "docs" / "mapping.schema.json"
GOOD = """source: desk
tables:
  event:
    columns:
      ticket: id
      at: when
      kind: {constant: note}
"""


def mistake(text: str) -> str:
    with pytest.raises(DataError) as error:
        parse_mapping(text, "my.yml")
    return str(error.value)


def test_words_stay_as_they_are_written():
    file = parse_mapping(
        GOOD.replace("desk", "0012") + "stages: {No: open, Yes: closed, 1: null, on: hold}\nnulls: [NULL, no, ~]\n"
    )
    assert file.mapping.source == "0012"
    assert file.mapping.stages == {"No": "open", "Yes": "closed", "1": None, "on": "hold"}
    assert file.mapping.nulls == ("NULL", "no", "~")


@pytest.mark.parametrize(
    ("change", "to", "said"),
    [
        ("source:", "sorce:", "my.yml:1: no setting `sorce` here; did you mean `source`?"),
        ("event:", "evnt:", "my.yml:3: no table or shape `evnt`; did you mean `event`"),
        ("columns:", "colums:", "my.yml:4: no setting `colums` here; did you mean `columns`?"),
        ("at: when", "att: when", "my.yml:6: `event` has no column `att`; did you mean `at`"),
        ("constant:", "const:", "my.yml:7: no setting `const` here; did you mean `constant`"),
        ("at: when", "at: {column: when, zone: Europe/Londn}", "my.yml:6: no time zone `Europe/Londn`; did you mean"),
        ("at: when", "at: {column: when, times: isoo}", "my.yml:6: `isoo` is no time format; did you mean `iso`?"),
        ("at: when", "at: {column: when, times: '%d/%m'}", "my.yml:6: `%d/%m` needs a year, a month and a day"),
        ("at: when", "at: {column: when, pattern: 'abc'}", "my.yml:6: `abc` needs exactly one group"),
        ("at: when", "at: {column: when, constant: 1}", "my.yml:6: a value needs exactly one of"),
        ("at: when", "at: {age: {months: m, before: soon}}", "my.yml:6: `soon` is no time of the form `iso`"),
        ("      ticket: id\n", "", "my.yml:3: `event` needs a column for `ticket`"),
        ("source: desk\n", "", "my.yml:1: `source` is missing"),
        ("    columns:", "    fields: [a]\n    columns:", "my.yml:4: `fields` goes with `ticket` and `snapshot`"),
        ("source: desk", "source: desk\nsource: two", "my.yml:2: `source` stands here a second time (first in line 1)"),
        ("source: desk", "source: [desk", "my.yml:2: not YAML"),
        ("source: desk", "source: desk\nroles: {staff_columns: actr}", "my.yml:2: no column `actr` is mapped"),
        (
            "source: desk",
            "source: desk\nthousands: .",
            "my.yml:2: `.` cannot be the decimal sign and the thousands sign",
        ),
        (
            "source: desk",
            "source: desk\nschedules: [{id: a, zone: UTC, hours: 9 to 5}]",
            "my.yml:2: `9 to 5` are no hours",
        ),
        (
            "source: desk",
            "source: desk\nschedules: [{id: a, zone: UTC, holidays: [{first: Easter}]}]",
            "my.yml:2: `Easter` is no day; write it as 2024-12-25",
        ),
    ],
)
def test_a_mistake_names_its_line_and_the_nearest_good_name(change: str, to: str, said: str):
    assert said in mistake(GOOD.replace(change, to))


def test_a_strange_stage_is_answered_with_the_stages():
    assert mistake(GOOD + "stages: {New: nwe}\n") == "my.yml:8: `nwe` is no `stage`; did you mean `new`?"


def test_every_mistake_is_told_at_once():
    assert len(mistake(GOOD.replace("desk", "desk\nzonee: UTC").replace("columns", "colums")).splitlines()) == 2


def test_something_else_than_a_mapping_is_refused():
    assert mistake("- a\n- b\n").startswith("my.yml:1: a mapping is a list of")
    assert mistake("").startswith("my.yml:1:")
    with pytest.raises(DataError, match="cannot be read"):
        load_mapping(Path("nowhere.yml"))


def test_columns_that_the_file_has_not_are_named_with_their_line():
    with pytest.raises(DataError, match=r"my.yml:5: the file has no column `id`; did you mean `idd`\?"):
        check_columns(parse_mapping(GOOD, "my.yml"), ["idd", "when"])


def test_the_id_of_a_mapping_is_its_meaning_and_not_its_layout():
    plain = parse_mapping(GOOD)
    assert plain.id == parse_mapping("# a comment\n" + GOOD.replace("ticket: id", "ticket: {column: id}")).id
    assert plain.id != parse_mapping(GOOD.replace("note", "message")).id


def test_the_published_schema_is_that_of_the_model():
    assert SCHEMA.read_text(encoding="utf-8") == mapping_schema()
    jsonschema.Draft202012Validator.check_schema(json.loads(mapping_schema()))


@pytest.mark.parametrize(
    "path", sorted(path for path in EXAMPLES.glob("*.yml") if path.stem != "targets"), ids=lambda path: path.stem
)
def test_examples_are_good_mappings_for_us_and_for_the_schema(path: Path):
    assert load_mapping(path).mapping.source
    document = json.loads(json.dumps(yaml.safe_load(path.read_text(encoding="utf-8")), default=str))
    jsonschema.validate(document, json.loads(mapping_schema()))


def test_the_schema_refuses_what_we_refuse():
    document = yaml.safe_load(GOOD.replace("columns", "colums"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, json.loads(mapping_schema()))
