"""What must be known of the field history before anything is read: first values, deletions, policies, surveys."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.connectors.fivetran_zendesk.cells import Cells, filled, numbers
from deskmeter.connectors.fivetran_zendesk.known import FIRST_FIELDS, NOBODY, Known, pair_keys
from deskmeter.connectors.fivetran_zendesk.promises import POLICY_FIELD, SLA_KINDS_OF
from deskmeter.connectors.fivetran_zendesk.statuses import DELETED
from deskmeter.connectors.fivetran_zendesk.surveys import SCORE_FIELD, is_score
from deskmeter.connectors.fivetran_zendesk.tickets import CUSTOM
from deskmeter.connectors.warehouse import Lines, Mask, TableRows

CUSTOM_STATUS = "custom_status_id"


def look_at_history(rows: TableRows, known: Known) -> None:
    """Fill the marks of the tickets from one batch."""
    cells = Cells(rows)
    tickets, fields = cells.whole("ticket_id", required=True), cells.text("field_name", required=True)
    at_us, values = numbers(cells.instant("updated", required=True)), cells.text("value")
    places = known.places(numbers(tickets, NOBODY))
    is_known = cells.good & (places >= 0)
    coded = fields.dictionary_encode()
    known.history_fields |= {word.removeprefix(CUSTOM) for word in coded.dictionary.to_pylist()}
    codes = coded.indices.fill_null(NOBODY).to_numpy(zero_copy_only=False)
    for code, word in enumerate(coded.dictionary.to_pylist()):
        here = np.flatnonzero(is_known & (codes == code))
        if len(here):
            _look_at_field(word, places[here], at_us[here], values.take(pa.array(here)), known)


def _look_at_field(name: str, places: Lines, at_us: Lines, values: pa.StringArray, known: Known) -> None:
    marks = known.marks
    if name == "status":
        is_deletion = filled(pc.equal(values, DELETED))
        marks.is_deleted[places[is_deletion]] = True
        np.maximum.at(marks.last_status_us, places[~is_deletion], at_us[~is_deletion])
        _look_at_first(name, places[~is_deletion], at_us[~is_deletion], values.filter(pa.array(~is_deletion)), known)
    elif name in FIRST_FIELDS:
        _look_at_first(name, places, at_us, values, known)
    elif name == POLICY_FIELD:
        known.policies.add(places, at_us, known.policy_names.numbers(values))
    elif name in SLA_KINDS_OF:
        marks.has_sla[places] = True
    elif name == "tags":
        marks.has_tags[places] = True
    elif name == SCORE_FIELD:
        known.surveyed.update(places[is_score(values)].tolist())
    elif name == CUSTOM_STATUS and known.custom_statuses:
        known.custom_keys.append(pair_keys(places, at_us))


def _look_at_first(name: str, places: Lines, at_us: Lines, values: pa.StringArray, known: Known) -> None:
    """The earliest value of a field that stands at (or, by an odd clock, before) the creation of its ticket."""
    marks = known.marks
    marks.is_told[name][places] = True
    early: Mask = at_us <= known.tickets.columns["created_us"][places]
    places, at_us = places[early], at_us[early]
    found = known.values.numbers(values.filter(pa.array(early)))
    ranks = known.values.ranks()
    order = np.lexsort((ranks[found], at_us, places))
    places, at_us, found = places[order], at_us[order], found[order]
    is_first = np.ones(len(places), dtype=bool)
    is_first[1:] = places[1:] != places[:-1]
    places, at_us, found = places[is_first], at_us[is_first], found[is_first]
    held_us, held = marks.first_us[name][places], marks.first_value[name][places]
    is_earlier = (at_us < held_us) | ((at_us == held_us) & (ranks[found] < ranks[held]))
    marks.first_us[name][places[is_earlier]] = at_us[is_earlier]
    marks.first_value[name][places[is_earlier]] = found[is_earlier]
