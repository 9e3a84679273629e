"""Turns whatever a foreign parser does with a hostile file into one clear refusal."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deskmeter.base.errors import DataError
from deskmeter.connectors.files.source import shown

PANIC = "PanicException"
"""What a parser written in Rust raises when it gives up; it derives from BaseException, not from Exception."""


@contextmanager
def refusing(path: Path, kind: str) -> Iterator[None]:
    """DataError instead of anything that the parser of `kind` raises inside.

    The one place that catches wide: parsers of binary formats fail on hostile bytes in ways that they do not
    document, and each of them means the same, that the file is damaged.
    """
    try:
        yield
    except (DataError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != PANIC:
            raise
        said = " ".join(str(error).split())[:200]
        raise DataError(f"{shown(path)} is damaged or not {kind}: {said or type(error).__name__}") from None
