"""What must be known across tables: a few numbers a ticket, in arrays sorted by ticket id, and short lists beside."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from deskmeter.connectors.warehouse import Lines, Mask

NEVER = np.iinfo(np.int64).max
NOBODY = -1
FIRST_FIELDS = ("status", "assignee_id", "group_id", "priority")
"""Fields whose value at the creation belongs to the creation itself."""

CUSTOMER, STAFF = 1, 2
ROLE_WORDS = ("", "customer", "staff")


class Words:
    """Short texts that come again and again, each under its number."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._numbers: dict[str, int] = {}

    def numbers(self, texts: pa.StringArray) -> Lines:
        """The number of each text; -1 for null."""
        coded = texts.dictionary_encode()
        known = np.array([self._number(word) for word in coded.dictionary.to_pylist()] + [NOBODY], dtype=np.int64)
        places = coded.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False)
        found: Lines = known[places]
        return found

    def _number(self, word: str) -> int:
        if word not in self._numbers:
            self._numbers[word] = len(self.all)
            self.all.append(word)
        return self._numbers[word]

    def ranks(self) -> Lines:
        """Where each number stands among the texts in their alphabet; the last one, for -1, comes first."""
        order = np.argsort(np.array([*self.all, ""], dtype=object), kind="stable")
        ranks = np.empty(len(order), dtype=np.int64)
        ranks[order] = np.arange(len(order))
        return ranks

    def texts(self, numbers: Lines) -> pa.StringArray:
        """The texts under these numbers; null for -1."""
        words = pa.array([*self.all, None], pa.string())
        return words.take(pa.array(np.where(numbers < 0, len(self.all), numbers)))


class Directory:
    """Whole numbers by id, sorted once when the last batch has been seen; the last value given for an id counts."""

    def __init__(self, *columns: str) -> None:
        self._parts: list[tuple[Lines, ...]] = []
        self._names = columns
        self.ids: Lines = np.empty(0, dtype=np.int64)
        self.columns: dict[str, Lines] = {name: np.empty(0, dtype=np.int64) for name in columns}

    def add(self, ids: Lines, *columns: Lines) -> None:
        """More ids with their values."""
        self._parts.append((ids, *columns))

    def settle(self) -> None:
        """Sort what was added; nothing can be found before."""
        if not self._parts:
            return
        whole = [np.concatenate(pieces) for pieces in zip(*self._parts, strict=True)]
        order = np.argsort(whole[0], kind="stable")
        ids = whole[0][order]
        is_last = np.ones(len(ids), dtype=bool)
        is_last[:-1] = ids[1:] != ids[:-1]
        self.ids = ids[is_last]
        for name, column in zip(self._names, whole[1:], strict=True):
            self.columns[name] = column[order][is_last]
        self._parts = []

    def places(self, ids: Lines) -> Lines:
        """Where each id stands; -1 for one that is not there."""
        if not len(self.ids):
            return np.full(len(ids), NOBODY, dtype=np.int64)
        at = np.searchsorted(self.ids, ids)
        at[at == len(self.ids)] = 0
        found: Lines = np.where(self.ids[at] == ids, at, NOBODY)
        return found


@dataclass
class TicketMarks:
    """Per ticket, in the order of the directory: what its field history says of its beginning and its end."""

    first_us: dict[str, Lines]
    first_value: dict[str, Lines]
    is_told: dict[str, Mask]
    """Whether the history has any value of the field."""
    last_status_us: Lines
    is_deleted: Mask
    has_tags: Mask
    has_sla: Mask

    @classmethod
    def blank(cls, count: int) -> "TicketMarks":
        """Nothing known of any of `count` tickets."""
        no: NDArray[np.bool_] = np.zeros(count, dtype=bool)
        return cls(
            {name: np.full(count, NEVER, dtype=np.int64) for name in FIRST_FIELDS},
            {name: np.full(count, NOBODY, dtype=np.int64) for name in FIRST_FIELDS},
            {name: no.copy() for name in FIRST_FIELDS},
            np.full(count, NOBODY, dtype=np.int64),
            no.copy(), no.copy(), no.copy(),
        )  # fmt: skip


@dataclass
class Spells:
    """What held of something (a ticket, a user) from an instant on, as numbers."""

    parts: list[tuple[Lines, Lines, Lines]] = field(default_factory=list)

    def add(self, keys: Lines, since_us: Lines, values: Lines) -> None:
        """More changes."""
        self.parts.append((keys, since_us, values))

    def settle(self) -> None:
        """Sort by key and time; nothing can be found before."""
        if self.parts:
            keys, since, values = (np.concatenate(pieces) for pieces in zip(*self.parts, strict=True))
            order = np.lexsort((values, since, keys))
            self.parts = [(keys[order], since[order], values[order])]

    def at(self, keys: Lines, at_us: Lines) -> Lines:
        """The value of each key at an instant: the last one by then, else its first; -1 without any."""
        if not self.parts:
            return np.full(len(keys), NOBODY, dtype=np.int64)
        held, since, values = self.parts[0]
        starts = np.searchsorted(held, keys, side="left")
        ends = np.searchsorted(held, keys, side="right")
        best = np.where(ends > starts, starts, NOBODY)
        for step in range(1, int((ends - starts).max(initial=0))):
            later = np.minimum(starts + step, len(held) - 1)
            best = np.where((starts + step < ends) & (since[later] <= at_us), later, best)
        found: Lines = np.where(best < 0, NOBODY, values[np.maximum(best, 0)])
        return found


def pair_keys(places: Lines, at_us: Lines) -> Lines:
    """One number for a ticket and a second, to find pairs by."""
    found: Lines = (places << 32) | (at_us // 1_000_000 & 0xFFFFFFFF)
    return found


@dataclass
class Known:
    """All that one import remembers between batches."""

    users: Directory = field(default_factory=lambda: Directory("role"))
    user_versions: Directory = field(default_factory=lambda: Directory("start_us"))
    has_user_history: bool = False
    user_roles: Spells = field(default_factory=Spells)
    """The roles of those users of whom it is known when they changed."""
    tickets: Directory = field(default_factory=lambda: Directory("created_us", "requester", "is_deleted", "updated_us"))
    marks: TicketMarks = field(default_factory=lambda: TicketMarks.blank(0))
    values: Words = field(default_factory=Words)
    policies: Spells = field(default_factory=Spells)
    """The SLA policies of each ticket, numbered in `policy_names`."""
    policy_names: Words = field(default_factory=Words)
    history_fields: set[str] = field(default_factory=set)
    brands: dict[int, str] = field(default_factory=dict)
    custom_statuses: dict[str, tuple[str, str]] = field(default_factory=dict)
    custom_keys: list[Lines] = field(default_factory=list)
    organization_tags: dict[int, set[str]] = field(default_factory=dict)
    chats: dict[str, int] = field(default_factory=dict)
    surveyed: set[int] = field(default_factory=set)
    has_ratings: bool = False
    replies: list[tuple[Lines, Lines, Lines]] = field(default_factory=list)
    sla_promises: dict[str, None] = field(default_factory=dict)

    def places(self, tickets: Lines) -> Lines:
        """Where each ticket stands in the directory; -1 for one that the table `ticket` does not hold."""
        return self.tickets.places(tickets)

    def roles(self, users: Lines, at_us: Lines) -> Lines:
        """CUSTOMER, STAFF or 0 for each user at an instant."""
        then = self.user_roles.at(users, at_us)
        places = self.users.places(users)
        if not len(self.users.ids):
            return np.maximum(then, 0)
        now = np.where(places < 0, 0, self.users.columns["role"][np.maximum(places, 0)])
        found: Lines = np.where(then >= 0, then, now)
        return found
