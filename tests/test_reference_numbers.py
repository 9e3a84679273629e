"""Numbers of real data, computed elsewhere with other tools, from mappings that a user could have written."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deskmeter.query.request import Filter, MetricAsk, Period, Request
from deskmeter.query.result import Cell
from deskmeter.service import Desk

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data"
HOUR = 3600
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the third-party data is not here: no ../shared/data")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Asking:
    """One desk with one file, asked over one period."""

    def __init__(self, desk: Desk, start: str, end: str) -> None:
        self.desk = desk
        self.period = Period(at(start), at(end))

    def cells(self, metric: str, by: str | None = None, **words: object) -> dict[str, Cell]:
        start, end = words.pop("start", None), words.pop("end", None)
        period = Period(at(str(start)) if start else self.period.from_at, at(str(end)) if end else self.period.to_at)
        stat, clock = words.pop("stat", None), words.pop("clock", "calendar")
        ask = MetricAsk(metric, stat=stat)  # type: ignore[arg-type]
        request = Request(
            (ask,), period, "UTC", by=(by,) if by else (), clock=clock, intervals=False, **words  # type: ignore[arg-type]
        )  # fmt: skip
        return {row.keys[0] if by else "": row.cells[metric] for row in self.desk.ask(request).rows}

    def one(self, metric: str, **words: object) -> Cell:
        return self.cells(metric, **words)[""]

    def drilled_tickets(self, metric: str) -> set[str]:
        request = Request((MetricAsk(metric),), self.period, "UTC")
        found = self.desk.drill(request, {}, limit=None)
        return {str(row[found.columns.index("ticket")]) for row in found.rows}


def desk_of(folder: Path, file: str, mapping: str, *own: str) -> Desk:
    desk = Desk.open(folder, create=True)
    desk.import_file(DATA / file, ROOT / "examples" / mapping)
    for name in own:
        (folder / "metrics").mkdir(exist_ok=True)
        shutil.copy(ROOT / "examples" / "metrics" / name, folder / "metrics" / name)
    return desk


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    folder = tmp_path_factory.mktemp("events")
    with desk_of(folder, "servicenow_incidents.csv.gz", "servicenow_events.yml", "servicenow.yml") as desk:
        yield Asking(desk, "2016-01-01", "2018-01-01")


def hours(cell: Cell) -> float:
    assert cell.value is not None
    return round(cell.value / HOUR, 4)


@pytest.mark.xdist_group("reference")
class TestServiceNowLog:
    def test_counts(self, log: Asking) -> None:
        assert log.one("tickets_created").value == 24_918
        assert log.one("tickets_created", start="2016-03-01", end="2016-04-01").value == 8_995
        assert log.one("resolutions").value == 25_249
        assert log.one("reopens").value == 331
        assert len(log.drilled_tickets("reopens")) == 275

    def test_resolution_time_by_the_calendar(self, log: Asking) -> None:
        assert log.one("resolution_time", stat="mean").n == 24_918
        assert hours(log.one("resolution_time", stat="mean")) == 165.3259
        assert hours(log.one("resolution_time", stat="median")) == 15.1167
        assert hours(log.one("resolution_time", stat="p90")) == 357.4983
        assert hours(log.one("resolution_time_first", stat="mean")) == 162.8420
        assert hours(log.one("resolution_time_first", stat="median")) == 13.8167

    def test_resolution_time_by_the_business_clock(self, log: Asking) -> None:
        assert hours(log.one("resolution_time", stat="mean", clock="business")) == 49.6632
        assert hours(log.one("resolution_time", stat="median", clock="business")) == 5.3833
        request = Request((MetricAsk("resolution_time", stat="mean"),), log.period, "UTC", clock="business")
        found = log.desk.drill(request, {}, limit=None)
        place = found.columns.index("value")
        assert sum(row[place] == 0 for row in found.rows) == 3_419

    @pytest.mark.parametrize(
        ("before", "count"), [("2016-03-15", 1695), ("2016-04-01", 1481), ("2016-05-01", 1195), ("2016-06-01", 1181)]
    )
    def test_backlog_at_any_instant(self, log: Asking, before: str, count: int) -> None:
        assert log.one("backlog", end=before).value == count

    def test_time_in_own_statuses(self, log: Asking) -> None:
        found = log.cells("time_in_status_total", by="status")
        assert round((found["Awaiting User Info"].value or 0) / HOUR, 2) == 1_230_444.10
        assert round((found["Awaiting Vendor"].value or 0) / HOUR, 2) == 270_924.00

    def test_handovers(self, log: Asking) -> None:
        assert log.one("reassignments").value == 4_873
        assert 24_918 - len(log.drilled_tickets("reassignments")) == 22_060
        assert log.one("transfers").value == 19_087
        assert 24_918 - len(log.drilled_tickets("transfers")) == 15_343

    def test_the_vendors_own_fields_by_own_metrics(self, log: Asking) -> None:
        assert round(100 * (log.one("made_sla_share").value or 0), 2) == 63.42
        shares = log.cells("made_sla_share", by="priority")
        found = [round(100 * (shares[priority].value or 0), 2) for priority in ("1", "2", "3", "4")]
        assert found == [1.85, 0.49, 64.54, 84.11]
        assert log.one("never_reassigned").value == 13_549


@pytest.mark.xdist_group("reference")
def test_servicenow_stamps(tmp_path: Path) -> None:
    with desk_of(tmp_path / "desk", "servicenow_incidents.csv.gz", "servicenow_stamps.yml") as desk:
        asking = Asking(desk, "2016-01-01", "2018-01-01")
        where = (Filter("field:resolved_stamp", "not null"),)
        assert asking.one("resolution_time", stat="mean", where=where).n == 23_362
        assert hours(asking.one("resolution_time", stat="mean", where=where)) == 178.1716
        assert hours(asking.one("resolution_time", stat="median", where=where)) == 22.1
        assert hours(asking.one("resolution_time", stat="p90", where=where)) == 381.5483
        assert hours(asking.one("resolution_time", stat="mean", where=where, clock="business")) == 53.5546
        assert hours(asking.one("resolution_time", stat="median", where=where, clock="business")) == 7.5167


def test_support_tickets(tmp_path: Path) -> None:
    with desk_of(tmp_path / "desk", "support_tickets_8469.csv.gz", "support_tickets.yml") as desk:
        asking = Asking(desk, "2023-01-01", "2024-01-01")
        average = asking.one("csat_average")
        assert average.n == 2_769
        assert round(average.value or 0, 6) == 2.991333
        assert round(100 * (asking.one("csat").value or 0), 3) == 39.256
        lasted = asking.one("first_reply_to_resolution", stat="mean")
        assert lasted.n == 1_404
        assert hours(lasted) == 7.5779


def test_telephone_customers(tmp_path: Path) -> None:
    with desk_of(tmp_path / "desk", "telco_customers.csv", "telco.yml") as desk:
        asking = Asking(desk, "2019-12-25", "2020-01-05")
        assert round(100 * (asking.one("churn_rate").value or 0), 4) == 26.5370
        assert round(100 * (asking.cells("churn_rate", by="plan")["Month-to-month"].value or 0), 4) == 42.7097
        assert round(100 * (asking.one("revenue_churn").value or 0), 4) == 30.5034
        assert round(asking.one("arpa", end="2019-12-31").value or 0, 6) == 64.761692
        as_of = at("2020-01-02")
        for months, share in ((12, 0.8432), (24, 0.7887), (60, 0.6644)):
            options = (("months", str(months)),)
            cell = asking.one(
                "customer_survival_km", start="2010-01-01", end="2020-01-02", options=options, as_of=as_of
            )
            assert round(cell.value or 0, 4) == share


def test_conference(tmp_path: Path) -> None:
    with desk_of(tmp_path / "desk", "nps_conference_39.csv", "nps_conference.yml") as desk:
        cell = Asking(desk, "2019-01-01", "2020-01-01").one("nps", where=(Filter("source", "=", ("conference",)),))
        assert round(cell.value or 0, 4) == -35.8974
        assert cell.n == 39
