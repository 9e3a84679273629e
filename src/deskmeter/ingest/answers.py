"""Rows of a survey become answers: one a row, or one for each question that stands in a column of its own."""

from dataclasses import replace
from datetime import datetime

import pyarrow as pa

from deskmeter.ingest.events import with_ids
from deskmeter.ingest.mapping import Part, Scale, Value
from deskmeter.ingest.parts import PartRead, canonical, joined, read_part, repeated
from deskmeter.ingest.ratings import answered, read_scores, scale_columns
from deskmeter.ingest.text_cells import Rows, text_values


def read_answers(part: Part, rows: Rows, now: datetime) -> list[PartRead]:
    """The answers to all questions; who did not answer a question gives no row for it.

    | at    | rate us | why     |      | question | score | words   |
    |-------|---------|---------|------|----------|-------|---------|
    | 08:51 | 9       | helpful |  ->  | us       | 9     | helpful |
    | 09:05 |         |         |      |          |       |         |
    """
    rows = rows.where(part.where).having(part.needs, "survey_answer")
    if not part.questions:
        given = part.columns
        return [_read(part, rows, now, given.get("score"), given.get("words"), part.scale, {})]
    return [
        _read(part, rows, now, q.score, q.words, q.scale or part.scale, {"question": q.id, "kind": q.kind})
        for q in part.questions
    ]


def _read(
    part: Part,
    rows: Rows,
    now: datetime,
    score: Value | None,
    words: Value | None,
    scale: Scale | None,
    named: dict[str, str],
) -> PartRead:
    cells = [value for value in (score, words) if value]
    if cells:
        rows = rows.at(answered(rows, cells))
    plain = {name: value for name, value in part.columns.items() if name not in ("score", "words", *named)}
    read = read_part("survey_answer", part.model_copy(update={"columns": plain, "where": {}, "needs": ()}), rows, now)
    columns = dict(read.columns) | {name: repeated(text, rows.count) for name, text in named.items()}
    if score:
        columns["score"] = read_scores(rows, score, scale)
        columns |= scale_columns(scale, rows.count)
    if words:
        columns["words"] = text_values(rows, words, "words")
    if named and "id" in columns:
        columns["id"] = joined(columns["id"], ":", columns["question"])
    return replace(read, columns=columns)


def answer_rows(read: PartRead) -> dict[str, pa.Table]:
    """The rows of `survey_answer` out of the good answers."""
    if not read.rows.count:
        return {}
    columns = dict(read.columns)
    columns["id"] = with_ids(read, columns)
    return {"survey_answer": canonical("survey_answer", columns, read.rows.lines())}
