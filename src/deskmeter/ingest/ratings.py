"""Ratings as numbers, words, smileys or stars become scores on a stated scale."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.ingest.mapping import Question, Scale, Value
from deskmeter.ingest.parts import PartRead, joined, repeated
from deskmeter.ingest.quantities import floats, plain_decimal
from deskmeter.ingest.text_cells import Rows, text_values
from deskmeter.ingest.trouble import told

_STARS = r"^(?P<full>[★⭐✭✮🌟*]+)[\x{FE0F}☆✩]*$"
_OF = r"^(?P<score>\d+(?:[.,]\d+)?) ?(?:stars?|/ ?(?P<a>\d+)|out of (?P<b>\d+))$"


def read_scores(rows: Rows, value: Value, scale: Scale | None, name: str = "score") -> pa.Array:
    """Scores as given (float64): points of the scale, plain numbers, counted stars, `4/5`.

    A score off the scale stays, as an answer that no average counts, and is noted. What is no rating at all
    sets its row aside.

    | cell    | scale                  | score |
    |---------|------------------------|-------|
    | `4`     | 1-5                    | 4     |
    | `★★★☆☆` | 1-5                    | 3     |
    | `Yum!`  | 1-5, points {Yum!: 4}  | 4     |
    | `11`    | 0-10                   | 11, noted |
    """
    text = text_values(rows, value, name)
    read = _points(text, scale)
    decimal = value.decimal or rows.mapping.decimal
    read = pc.coalesce(read, floats(plain_decimal(text, decimal)))
    read = pc.coalesce(read, _stars(text))
    read = pc.coalesce(read, _out_of(text, scale))
    lost = np.flatnonzero(pc.and_(pc.is_valid(text), pc.is_null(read)).to_numpy(zero_copy_only=False))
    if len(lost):
        bad = text.take(pa.array(lost))
        rows.trouble.set_aside(
            rows.index[lost], told(bad, " is no rating; say under `points` what it is worth"), name, bad
        )
    if scale:
        off = pc.or_(pc.less(read, scale.low), pc.greater(read, scale.high))
        off = pc.or_(off, pc.not_equal(read, pc.floor(read)))
        at = np.flatnonzero(pc.fill_null(off, False).to_numpy(zero_copy_only=False))
        shown = text.take(pa.array(at))
        texts = joined("rating ", told(shown, f" lies off the scale {scale.low} to {scale.high}"))
        rows.trouble.note_each("rating off the scale", texts, rows.index[at])
    return read


def _points(text: pa.Array, scale: Scale | None) -> pa.Array:
    points = scale.points if scale else {}
    places = pc.index_in(text, pa.array(list(points), pa.string()))
    return pa.array(list(points.values()), pa.float64()).take(places)


def _stars(text: pa.Array) -> pa.Array:
    full = pc.struct_field(pc.extract_regex(text, _STARS), "full")
    return pc.cast(pc.utf8_length(full), pa.float64())


def _out_of(text: pa.Array, scale: Scale | None) -> pa.Array:
    """`4 stars`; `4/5` and `4 out of 5` only where 5 is the top of the scale."""
    found = pc.extract_regex(text, _OF)
    of = joined(pc.struct_field(found, "a"), pc.struct_field(found, "b"))
    fits = pc.or_(pc.equal(of, ""), pc.equal(of, str(scale.high) if scale else ""))
    score = pc.replace_substring(pc.struct_field(found, "score"), ",", ".")
    return floats(pc.if_else(fits, score, pa.scalar(None, pa.string())))


def answered(rows: Rows, values: list[Value]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Where at least one of these values is there; the other rows are people who did not answer."""
    there = np.zeros(rows.count, dtype=bool)
    for value in values:
        there |= pc.is_valid(text_values(rows, value, "score")).to_numpy(zero_copy_only=False)
    return there


def scale_columns(scale: Scale | None, count: int) -> dict[str, pa.Array]:
    """The scale as columns of an answer."""
    if scale is None:
        return {}
    whole = pa.array([scale.low, scale.high], pa.int64())
    low, high = (whole.take(pa.array(np.full(count, place))) for place in (0, 1))
    flag = pa.array([scale.reversed]).take(pa.array(np.zeros(count, dtype=np.int64)))
    return {"scale_low": low, "scale_high": high, "is_reversed": flag}


def question_columns(read: PartRead, question: Question) -> dict[str, pa.Array]:
    """Question, kind and scale of one question as columns."""
    count = read.rows.count
    return {
        "question": repeated(question.id, count),
        "kind": repeated(question.kind, count),
        **scale_columns(question.scale, count),
    }
