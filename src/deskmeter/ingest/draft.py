"""A mapping in the making: what is proposed for a file, and what had to be guessed."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from deskmeter.canon.vocab import CHANNELS
from deskmeter.ingest.column_names import NAMES
from deskmeter.ingest.profile import Profile, Profiles, ValueKind
from deskmeter.ingest.vocabulary import CHANNEL_WORDS, STAGE_WORDS, meaning

Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]
Spec = dict[str, Plain]

SHOWN = 8
"""Different values that are still listed one by one."""


@dataclass
class DraftPart:
    """One table of the mapping: columns, vendor fields, and settings beside them."""

    columns: dict[str, Spec] = field(default_factory=dict)
    fields: list[str] = field(default_factory=list)
    settings: dict[str, Plain] = field(default_factory=dict)


@dataclass
class Draft:
    """The proposal so far. `doubts` are questions to the user, one line each."""

    profiles: Profiles
    file_words: str
    shape: str = "none"
    parts: dict[str, DraftPart] = field(default_factory=dict)
    stages: dict[str, str | None] = field(default_factory=dict)
    settings: dict[str, Plain] = field(default_factory=dict)
    staff_columns: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def find(self, role: str, *kinds: ValueKind, used: bool = False) -> Profile | None:
        """The column that is called like `role` and holds one of `kinds` (any); `used`: also one already taken."""
        for name in NAMES[role]:
            for column in self.profiles.columns:
                free = used or column.name not in self.used
                if free and column.words == name and (not kinds or column.kind in kinds) and column.kind != "empty":
                    return column
        return None

    def has(self, role: str, *kinds: ValueKind) -> bool:
        """Whether there is such a column, taken or not."""
        return self.find(role, *kinds, used=True) is not None

    def part(self, table: str) -> DraftPart:
        """The part of a table, made when first asked for."""
        if not self.parts:
            self.shape = table
        return self.parts.setdefault(table, DraftPart())

    def put(self, table: str, slot: str, column: Profile | None, **spec: Plain) -> None:
        """Say where a slot comes from; nothing is said where there is no column."""
        if column is None:
            return
        self.used.add(column.name)
        self.part(table).columns[slot] = {"column": column.name, **self._times(column), **spec}

    def state(self, table: str, slot: str, constant: str) -> None:
        """Say that a slot holds the same in every row."""
        self.part(table).columns[slot] = {"constant": constant}

    def take(self, table: str, slot: str, role: str, *kinds: ValueKind, **spec: Plain) -> Profile | None:
        """Find a column for a slot and put it there."""
        column = self.find(role, *kinds)
        self.put(table, slot, column, **spec)
        return column

    def doubt(self, text: str) -> None:
        """Ask something of the user, once."""
        if text not in self.doubts:
            self.doubts.append(text)

    def translate(self, table: str, slot: str, column: Profile | None, known: dict[str, tuple[str, ...]]) -> None:
        """Put a column of words there with what its words mean; ask about those that nobody knows."""
        if column is None:
            return
        meant = {word: meaning(word, known) for word in column.most_common[:40]}
        values: dict[str, Plain] = {word: target for word, target in meant.items() if target and word != target}
        self.put(table, slot, column, **({"values": values} if values else {}))
        unknown = [word for word, target in meant.items() if target is None]
        if unknown:
            self.doubt(f"`{column.name}`: what do {listed(unknown)} mean? Known: {', '.join(known)}")

    def channel(self, table: str, used: bool = False) -> None:
        """The ticket's channel, in the words of the trade where they can be told."""
        column = self.find("channel", "text", used=used)
        if column and column.distinct_n <= 40:
            self.translate(table, "channel", column, {name: CHANNEL_WORDS.get(name, ()) for name in CHANNELS})

    def statuses(self, words: Iterable[str]) -> None:
        """Which stage each status seems to mean; what cannot be known is asked."""
        for word in words:
            self.stages[word] = meaning(word, STAGE_WORDS)
        guessed = [f"{word} = {stage}" for word, stage in self.stages.items() if stage]
        if guessed:
            self.doubt(f"statuses: is this what they mean? {', '.join(guessed)}")
        for word, stage in self.stages.items():
            if stage is None:
                self.doubt(f"status `{word}`: which stage is it? Without one it leaves the stage as it was")

    def _times(self, column: Profile) -> Spec:
        return {"times": list(column.time.formats)} if column.time else {}


def listed(words: list[str]) -> str:
    """Words in backticks, the first few of many.

    >>> listed(["a", "b"])
    '`a`, `b`'
    """
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return ", ".join(f"`{word}`" for word in words[:SHOWN]) + more


def few_values(column: Profile, rows: int) -> bool:
    """Whether a column is worth keeping as a field: some values that repeat, not long, no addresses."""
    repeats = column.distinct_n <= max(60, rows // 20) and column.mean_length <= 60
    strange = any(sign in word for word in column.most_common[:20] for sign in ("://", "@")) or column.name.endswith(
        "_ids"
    )
    kinds = ("text", "flag", "whole", "number")
    return column.kind in kinds and column.distinct_n >= 2 and repeats and not strange
