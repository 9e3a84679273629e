"""People who asked to be forgotten: what is kept of them is enough to know them again, and no more.

A tombstone is a keyed hash (HMAC-SHA256) of an id, a name, a mail address or a text, beside what stands in its place.
Whoever holds the ledger and guesses can test a guess; nobody can read the hash backwards. The length of the text is
kept too, so that not every word of a file need be hashed.
"""

import hmac
import re
import secrets
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from typing import Literal

KeptKind = Literal["id", "mail", "name", "shared name", "words"]
"""`shared name`: somebody else of the source bears it too, so it is replaced only beside the person's id or address."""

KEY_BYTES = 32
PROSE_WORDS = 4
"""A cell of so many words is a sentence somebody wrote, not a code."""

PIECE_LETTERS = 4
"""A shorter id is replaced only where it is all that a cell holds."""
HASH_LETTERS = 16
"""An id that a mapping made of an address has so many letters, and perhaps a prefix."""
SLACK_LETTERS = 32
"""So many blanks and signs may stand around a name, an address or an id for it to be known as a whole."""
MOST_KEPT = 100_000
"""Answers kept in memory; a column of few words is looked at once."""
NUMBER_DIGITS = 7
"""A number of so many digits is an id wherever it stands."""

_TOKEN = re.compile(r"erased-[0-9a-f]{16}")
_PIECE = re.compile(r"[^\s,;:|/()<>\"'\[\]{}=]+")
_MAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")
_WORD = re.compile(r"[^\W_]+(?:['’.\-][^\W_]+)*\.?")
_BETWEEN = re.compile(r"[\s,]+")


@dataclass(frozen=True)
class Tombstone:
    """One thing to know a person by: its keyed hash, its length, its number of words, and what stands in its place."""

    source: str
    kind: KeptKind
    digest: bytes
    length: int
    words_n: int
    token: str
    key: bytes


@dataclass(frozen=True)
class Person:
    """What is known of a person while they are being erased; nothing of it is kept.

    `shared_names` are names that others of the source bear as well. `words` are texts of theirs in rows that do not
    name them (an answer that only names its survey).
    """

    source: str
    id: str
    names: tuple[str, ...] = ()
    mails: tuple[str, ...] = ()
    shared_names: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def new_token() -> str:
    """What stands in the place of an id: random, so that it says nothing.

    >>> len(new_token())
    23
    """
    return f"erased-{secrets.token_hex(8)}"


def tombstones_of(person: Person, key: bytes) -> tuple[Tombstone, ...]:
    """The tombstones of a person: each id, name and address gets a token of its own, so that no two become one."""
    made = [_tombstone(person.source, "id", person.id, new_token(), key)]
    made += [_tombstone(person.source, "mail", mail, f"{new_token()}@erased.invalid", key) for mail in person.mails]
    made += [_tombstone(person.source, "name", name, new_token(), key) for name in person.names]
    made += [_tombstone(person.source, "shared name", name, new_token(), key) for name in person.shared_names]
    made += [_tombstone(person.source, "words", text, fingerprint(key, text), key) for text in person.words]
    return tuple({(one.kind, one.digest): one for one in made}.values())


def fingerprint(key: bytes, text: str) -> str:
    """What stands in the place of a text: different for different texts, or rows that differ would become one."""
    return f"erased text {_digest(key, 'text', text.strip()).hex()[:8]}"


def _tombstone(source: str, kind: KeptKind, text: str, token: str, key: bytes) -> Tombstone:
    plain = normal(kind, text)
    return Tombstone(source, kind, _digest(key, f"{source}\0{kind}", plain), len(plain), len(plain.split()), token, key)


def _digest(key: bytes, kind: str, plain: str) -> bytes:
    return hmac.digest(key, f"{kind}\0{plain}".encode("utf-8", "surrogatepass"), "sha256")


def normal(kind: KeptKind, text: str) -> str:
    """The spelling that is hashed: ids as they are, addresses in small letters, names also with plain blanks.

    >>> normal("name", " Hart,  CLEO ")
    'hart cleo'
    """
    if kind == "mail":
        return text.strip().lower()
    if kind in ("name", "shared name"):
        return " ".join(found.group().casefold() for found in _WORD.finditer(text)) or text.strip().casefold()
    return text.strip()


def short_hash(text: str) -> str:
    """As a mapping with `hashed` makes an id of an address."""
    return blake2b(text.lower().encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def is_number(text: str) -> bool:
    """A short number says who it is only in a column of people; anywhere else it may count something.

    >>> is_number("17"), is_number("360012345")
    (True, False)
    """
    digits = text.strip().lstrip("+-").replace(".", "")
    return digits.isdigit() and len(digits) < NUMBER_DIGITS


class Forgotten:
    """Finds the erased people of one source in ids, cells and texts; false where there are none."""

    def __init__(self, tombstones: Iterable[Tombstone]) -> None:
        self._known: dict[tuple[KeptKind, int], dict[tuple[bytes, str], dict[bytes, str]]] = {}
        self._lengths: dict[KeptKind, tuple[int, int]] = {}
        self._key = b""
        self._name_words: set[int] = set()
        self.tokens: frozenset[str] = frozenset()
        for one in tombstones:
            here = self._known.setdefault((one.kind, one.length), {}).setdefault((one.key, one.source), {})
            here[one.digest] = one.token
            shortest, longest = self._lengths.get(one.kind, (one.length, 0))
            # blanks and signs are left out of what is hashed, and small letters can be more letters (ß is ss)
            self._lengths[one.kind] = min(shortest, one.length // 2), max(longest, one.length + SLACK_LETTERS)
            self._key = self._key or one.key
            if one.kind == "name":
                self._name_words.add(one.words_n)
            if one.kind != "words":
                self.tokens |= {one.token}
        self._bare = {token.partition("@")[0] for token in self.tokens}
        # a mapping may hash what it reads (`hashed: true`), also a token
        self._ends = [(end, token) for token in self.tokens for end in (token, short_hash(token))]
        self._may_be_hash = any(kind == "id" and length >= HASH_LETTERS for kind, length in self._known)
        self._answers: dict[Hashable, str] = {}

    def __bool__(self) -> bool:
        return bool(self._known)

    def token(self, kind: KeptKind, text: str) -> str | None:
        """What stands in the place of `text`, if it is known as a whole."""
        shortest, longest = self._lengths.get(kind, (1, 0))
        if not shortest <= len(text) <= longest:
            return None
        plain = normal(kind, text)
        for (key, source), digests in self._known.get((kind, len(plain)), {}).items():
            found = digests.get(_digest(key, f"{source}\0{kind}", plain))
            if found is not None:
                return found
        return None

    def has_token(self, text: str | None) -> bool:
        """Whether the text names somebody erased."""
        if text is None or "erased-" not in text:
            return False
        return any(found.group() in self._bare for found in _TOKEN.finditer(text))

    def person(self, text: str, prefixes: tuple[str, ...] = (), is_id: bool = True) -> str:
        """A cell that names a person, as it may stay; `prefixes` are what mappings put before it.

        `is_id`: the text is the id as it stands in the ledger, so that a token with anything before it is the token.
        """
        return self.once((text, prefixes, is_id), lambda: self._person(text, prefixes, is_id))

    def once(self, question: Hashable, answer: Callable[[], str]) -> str:
        """The answer to a question about a text; one that comes again is not looked into again."""
        known = self._answers.get(question)
        if known is None:
            if len(self._answers) > MOST_KEPT:
                self._answers.clear()
            known = self._answers[question] = answer()
        return known

    def _person(self, text: str, prefixes: tuple[str, ...], is_id: bool) -> str:
        plain = text.strip()
        if is_id:
            for end, token in self._ends:
                if plain.endswith(end):
                    return token
        spelled = (plain,) if is_id or not self._may_be_hash else (plain, short_hash(plain))
        tried = (self.token("id", prefix + one) for one in spelled for prefix in prefixes or ("",))
        found = next(filter(None, tried), None) or self.token("mail", plain) or self.token("name", plain)
        return text.replace(plain, found) if found else self.text(text)

    def shared_name(self, text: str) -> str:
        """A name that others bear too, replaced; only for cells of a row that names the person otherwise."""
        return self.token("shared name", text) or text

    def words(self, text: str) -> str:
        """A text that is known as a whole, replaced."""
        return self.token("words", text) or text

    def erased_text(self, text: str) -> str:
        """What stands in the place of something the person wrote; its line ends stay, so that lines keep numbers."""
        if text.strip().startswith("erased text ") or self.token("words", text) or not text.strip():
            return self.words(text)
        return fingerprint(self._key, text) + "\n" * text.count("\n")

    def text(self, text: str) -> str:
        """A text in which the person's address, name and (where it is no plain word or number) id are replaced."""
        return self.once(text, lambda: self._replaced(text))

    def _replaced(self, text: str) -> str:
        if "mail" in self._lengths and "@" in text:
            text = _MAIL.sub(lambda found: self.token("mail", found[0]) or self.token("id", found[0]) or found[0], text)
        if "id" in self._lengths:
            text = _PIECE.sub(self._piece, text)
        if self._name_words and text.strip():
            text = self._without_names(text)
        return text

    def _piece(self, found: re.Match[str]) -> str:
        piece = found[0]
        bare = piece.rstrip(".")
        if len(bare) < PIECE_LETTERS or ("id", len(bare)) not in self._known or bare.isalpha() or is_number(bare):
            return piece
        token = self.token("id", bare)
        return piece if token is None else token + piece[len(bare) :]

    def _without_names(self, text: str) -> str:
        whole = self.token("name", text)
        if whole is not None:
            return text.replace(text.strip(), whole)
        words = list(_WORD.finditer(text))
        for start, end, token in reversed(list(self._names_in(text, words))):
            text = text[:start] + token + "\n" * text.count("\n", start, end) + text[end:]
        return text

    def _names_in(self, text: str, words: list[re.Match[str]]) -> Iterator[tuple[int, int, str]]:
        """Where the name stands among other words; a name of one word only in a sentence, where it is no other's."""
        place = 0
        while place < len(words):
            step = 1
            for count in self._name_words:
                window = words[place : place + count]
                if len(window) < count or (count == 1 and len(words) < PROSE_WORDS) or not _is_joined(text, window):
                    continue
                end = window[-1].end()
                for stop in (end, end - 1) if text[end - 1] == "." else (end,):
                    token = self.token("name", text[window[0].start() : stop])
                    if token is not None:
                        yield window[0].start(), stop, token
                        step = count
                        break
            place += step


def _is_joined(text: str, window: list[re.Match[str]]) -> bool:
    return all(_BETWEEN.fullmatch(text[one.end() : later.start()]) for one, later in pairwise(window))
