"""Which schedule a ticket lived under: each row of `ticket_schedule` holds until the ticket's next one."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from deskmeter.connectors.fivetran_zendesk.cells import Cells, ids, instants, joined, numbers
from deskmeter.connectors.fivetran_zendesk.known import NOBODY, Known
from deskmeter.connectors.warehouse import Lines, TableRows, Understood


@dataclass
class ScheduleSpans:
    """The rows of `ticket_schedule` (ticket, instant, schedule, line), held until all are there."""

    held: list[tuple[Lines, Lines, Lines, Lines]] = field(default_factory=list)

    def read(self, rows: TableRows, known: Known) -> Understood:
        """Nothing yet but the rows that cannot be read."""
        cells = Cells(rows)
        tickets, schedules = cells.whole("ticket_id", required=True), cells.whole("schedule_id", required=True)
        at_us = numbers(cells.instant("created_at", required=True))
        places = known.places(numbers(tickets, NOBODY))
        cells.refuse_values(places < 0, tickets, "ticket_id", "is in no row of `ticket`")
        cells.refuse_deleted()
        good = cells.good
        self.held.append((numbers(tickets)[good], at_us[good], numbers(schedules)[good], cells.lines[good]))
        return cells.understood()

    def rows(self) -> dict[str, pa.Table]:
        """The spans; of two rows of one ticket and instant the one on the later line holds."""
        if not any(len(part[0]) for part in self.held):
            return {}
        tickets, at_us, schedules, lines = (np.concatenate(pieces) for pieces in zip(*self.held, strict=True))
        order = np.lexsort((lines, at_us, tickets))
        tickets, at_us, schedules, lines = (column[order] for column in (tickets, at_us, schedules, lines))
        has_next = np.zeros(len(tickets), dtype=bool)
        has_next[:-1] = tickets[1:] == tickets[:-1]
        ends = np.append(at_us[1:], 0)
        keep = ~(has_next & (ends == at_us))
        to_us = pa.array(ends, pa.int64(), mask=~has_next)
        names = ids(tickets)
        spans = pa.table(
            {
                "id": joined(names, ":", ids(at_us)),
                "ticket": names,
                "schedule": ids(schedules),
                "from_at": instants(at_us),
                "to_at": instants(to_us),
                "revision": to_us,
                "raw_line": pa.array(lines, pa.int64()),
            }
        )
        return {"schedule_span": spans.filter(pa.array(keep))}
