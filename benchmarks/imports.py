"""From nothing to a desk that answers: invent, import, build, and build again."""

import tempfile
from pathlib import Path

from measure import Measured, timed

from deskmeter.service import Desk


def measure(tickets: int) -> list[Measured]:
    """One line a stage."""
    made: list[Desk] = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "desk"
        whole = [
            Measured("invent and import", tickets, "tickets", *timed(lambda: made.append(Desk.demo(home, 7, tickets))))
        ]
        whole.append(Measured("build all facts", tickets, "tickets", *timed(made[0].build)))
        whole.append(Measured("build again", tickets, "tickets", *timed(made[0].rebuild)))
        made[0].close()
    return whole
