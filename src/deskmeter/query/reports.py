"""What the faces show besides answers: the catalogue, the state of the desk, an import and a proposal."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class MetricEntry:
    """One metric of the catalogue with all that a reader needs to defend its number.

    Attributes:
        unit: the unit of its value, as in `MetricInfo.unit`.
        date_basis: the instant that files it into a period.
        clocks: calendar, business or both; empty: it is no duration.
        credit: whose row it stands in.
        leaves_out: what is not counted, in words.
        good: up, down or neither.
        statistics: the statistics that may be asked; the first is the default; empty: it has only its own.
        lengths: the metric that a statistic of this count means; empty: none.
        golden: hand-counted cases, one line each.
        is_own: the desk's own definition, not a built-in one.
    """

    id: str
    label: str
    family: str
    definition: str
    formula: str
    unit: str
    date_basis: str
    clocks: tuple[str, ...]
    credit: str
    leaves_out: str
    good: str
    dimensions: tuple[str, ...]
    sources: tuple[str, ...]
    version: str
    statistics: tuple[str, ...] = ()
    lengths: str = ""
    golden: tuple[str, ...] = ()
    is_own: bool = False


@dataclass(frozen=True)
class DimensionEntry:
    """One dimension that can stand after `--by` and in `--where`."""

    id: str
    label: str
    definition: str
    is_own: bool = False


@dataclass(frozen=True)
class SourceBalance:
    """The ledger's balance of one source: received = stored + duplicates + set aside + rejected."""

    source: str
    received: int
    stored: int
    duplicates: int
    set_aside: int
    rejected: int
    last_event_at: datetime | None = None
    last_import_at: datetime | None = None

    @property
    def is_balanced(self) -> bool:
        """Whether every received row is accounted for."""
        return self.received == self.stored + self.duplicates + self.set_aside + self.rejected


@dataclass(frozen=True)
class Oddity:
    """Something in the data that a reader should know; `n` rows like the one named by `place` and `text`.

    Attributes:
        kind: a short name, such as `resolved before created` or `rating off the scale`.
        place: the first such row, for instance `tickets.csv:17`.
        text: its value and what was done with it.
    """

    kind: str
    source: str
    place: str
    text: str
    n: int = 1


@dataclass(frozen=True)
class LeftOut:
    """How many rows no metric counts and why (spam, deleted, merged, test)."""

    source: str
    why: str
    n: int


@dataclass(frozen=True)
class DoctorReport:
    """The state of a desk: versions, balances, what was set aside, oddities and what is left out."""

    desk: str
    as_of: datetime
    zone: str
    versions: tuple[tuple[str, str], ...]
    sources: tuple[SourceBalance, ...]
    tables: tuple[tuple[str, int], ...]
    set_aside: tuple[Oddity, ...] = ()
    oddities: tuple[Oddity, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    problems: tuple[str, ...] = ()  # what keeps the desk from answering, one line each; empty: healthy


@dataclass(frozen=True)
class ImportReport:
    """What became of one import; received = stored + duplicates + set aside + rejected."""

    source: str
    received: int
    stored: int
    duplicates: int
    set_aside: int
    rejected: int
    tables: dict[str, int]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class BuildReport:
    """What one build of the analytics copy made: rows by table, and how long it took."""

    tables: dict[str, int]
    seconds: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """A proposed mapping of one file: its text, what could not be known, and five rows of the outcome."""

    mapping_text: str
    doubts: tuple[str, ...]
    preview_columns: tuple[str, ...]
    preview: tuple[tuple[str, ...], ...]
    shape: str


@dataclass(frozen=True)
class ErasurePreview:
    """Whom an erasure means and what it will change: rows by table, and how many kept files they came from.

    `pseudonym` is set where the person was erased before.
    """

    source: str
    id: str
    rows: dict[str, int]
    files_n: int
    pseudonym: str | None = None


@dataclass(frozen=True)
class ErasureReport:
    """What an erasure did, and what is beyond it.

    Attributes:
        pseudonym: what stands in the place of the person's id from now on.
        rows: rows by table that named the person.
        files: kept files from which the person was taken out.
        replaced: kept files that nobody could read and that were replaced by one line.
        settings: files of the desk (mappings, targets, metrics) that named the person.
        backups: backups from which the person was erased as well.
        beyond: what no erasure here can reach, one line each.
    """

    source: str
    pseudonym: str
    rows: dict[str, int]
    files: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    backups: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()
    was_erased_before: bool = False
