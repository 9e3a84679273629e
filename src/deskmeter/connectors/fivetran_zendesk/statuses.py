"""Statuses and the stages they mean: those of Zendesk, and a desk's own by their category."""

import pyarrow as pa

from deskmeter.connectors.fivetran_zendesk.cells import Cells
from deskmeter.connectors.fivetran_zendesk.known import Known
from deskmeter.connectors.warehouse import TableRows, Understood

DELETED = "deleted"
STAGES = {
    "new": "new",
    "open": "open",
    "pending": "pending",
    "hold": "hold",
    "on-hold": "hold",
    "solved": "solved",
    "closed": "closed",
}
"""Zendesk's statuses; Fivetran has written both `hold` and `on-hold`."""


def look_at_custom_statuses(rows: TableRows, known: Known) -> None:
    """Remember the label and the stage of each status of the desk's own."""
    cells = Cells(rows)
    numbers, labels = cells.whole("id", required=True), cells.text("agent_label", required=True)
    categories = cells.text("status_category", required=True)
    good = pa.array(cells.good)
    columns = (column.filter(good).to_pylist() for column in (numbers, labels, categories))
    for number, label, category in zip(*columns, strict=True):
        if category.lower() in STAGES:
            known.custom_statuses[str(number)] = (label, STAGES[category.lower()])


def read_custom_statuses(rows: TableRows) -> Understood:
    """A status_stage row for each status of the desk's own."""
    cells = Cells(rows)
    cells.whole("id", required=True)
    labels, categories = cells.text("agent_label", required=True), cells.text("status_category", required=True)
    stages = pa.array([STAGES.get((word or "").lower()) for word in categories.to_pylist()], pa.string())
    cells.refuse_values(stages.is_null().to_numpy(zero_copy_only=False), categories, "status_category", "is no stage")
    cells.refuse_deleted()
    return cells.understood({"status_stage": cells.made(cells.good, {"id": labels, "status": labels, "stage": stages})})


def stage_rows() -> pa.Table:
    """The stages of Zendesk's own statuses."""
    return pa.table({"id": list(STAGES), "status": list(STAGES), "stage": list(STAGES.values())})
