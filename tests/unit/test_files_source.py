import gzip
import hashlib
import os
from pathlib import Path

import pytest

from deskmeter.base.errors import DataError
from deskmeter.connectors.files.read import read_known, read_rows, sniff
from deskmeter.connectors.files.source import shown
from deskmeter.connectors.protocol import ReadHints, ReadLimits

ROWS = "id,note\n" + "".join(f"{number},note {number}\n" for number in range(2_000))
SMALL_BLOCKS = ReadLimits(block_bytes=1_000)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no file `.*tickets\.csv`"):
        sniff(tmp_path / "tickets.csv")


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a directory; name one file"):
        sniff(tmp_path)


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match="is not a regular file"):
        sniff(tmp_path / "pipe.csv")


def test_a_path_that_no_system_has_is_one_clear_line() -> None:
    with pytest.raises(DataError, match=r"`a\\x00\.csv` cannot be read: embedded null byte"):
        sniff(Path("a\0.csv"))


def test_a_hostile_name_is_printed_harmlessly() -> None:
    assert shown(Path("a\n\x1b[31m\udcff.csv")) == r"`a\n\x1b[31m\udcff.csv`"


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "growing.csv"
    path.write_text(ROWS)
    batches = read_rows(path, ReadHints(limits=SMALL_BLOCKS))
    next(batches)
    with path.open("a") as file:
        file.write("9999,half a li")
    with pytest.raises(DataError, match=r"changed while it was read .* nothing is imported"):
        list(batches)


def test_a_file_that_shrinks_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "shrinking.csv"
    path.write_text(ROWS)
    batches = read_rows(path, ReadHints(limits=SMALL_BLOCKS))
    next(batches)
    os.truncate(path, 5_000)
    with pytest.raises(DataError, match="changed while it was read"):
        list(batches)


def test_a_file_that_changed_after_the_look_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "changed.csv"
    path.write_text(ROWS)
    facts = sniff(path)
    path.write_text(ROWS + "1,x\n")
    with pytest.raises(DataError, match="changed since it was looked at"):
        read_known(facts)


def test_a_copy_is_read_with_the_facts_of_the_original(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(ROWS)
    (tmp_path / "object").write_text(ROWS)
    facts = sniff(tmp_path / "a.csv")
    assert sum(batch.table.num_rows for batch in read_known(facts.moved(tmp_path / "object"))) == 2_000


def test_the_digest_is_that_of_the_file_as_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "digest.csv"
    path.write_bytes(b"id\n1\n")
    facts = sniff(path)
    assert facts.sha256 == hashlib.sha256(b"id\n1\n").hexdigest()
    assert (facts.size_bytes, facts.unpacked_bytes) == (5, 5)


def test_unpacked_size_has_a_limit_that_the_message_names(tmp_path: Path) -> None:
    path = tmp_path / "large.csv.gz"
    path.write_bytes(gzip.compress(ROWS.encode()))
    with pytest.raises(DataError, match="unpacks to more than 10,000 bytes; unpack or split it"):
        sniff(path, ReadHints(limits=ReadLimits(unpacked_bytes=10_000)))


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_line_without_end_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"endless.{kind}"
    path.write_bytes(b"a" * 50_000)
    with pytest.raises(DataError, match=r"has a line of more than 10,000 bytes \(line 1\)"):
        list(read_rows(path, ReadHints(limits=ReadLimits(block_bytes=1_000, record_bytes=10_000))))


def test_a_quote_that_swallows_more_than_a_record_sets_one_line_aside(tmp_path: Path) -> None:
    path = tmp_path / "swallowing.csv"
    path.write_text('id,note\n1,"open\n' + ROWS.removeprefix("id,note\n"))
    hints = ReadHints(limits=ReadLimits(block_bytes=1_000, record_bytes=10_000))
    batches = list(read_rows(path, hints))
    assert sum(batch.table.num_rows for batch in batches) == 2_000
    problems = [problem for batch in batches for problem in batch.problems]
    assert [(p.line, p.raw_text) for p in problems] == [(2, '1,"open')]
    assert problems[0].reason == "a quote is opened here and not closed within 10,000 bytes"
