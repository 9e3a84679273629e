"""Items made ahead in another thread: in order, with their errors, and no more of them than are wanted."""

import threading
from collections.abc import Iterator

import pytest

from deskmeter.base.ahead import Ahead


def _counted(made: list[int], last: int) -> Iterator[int]:
    for number in range(last):
        made.append(number)
        yield number


def test_all_items_come_in_order() -> None:
    with Ahead(_counted([], 1000)) as items:
        assert list(items) == list(range(1000))


def test_an_error_comes_where_its_item_would_have_come() -> None:
    def failing() -> Iterator[int]:
        yield from (1, 2)
        raise ValueError("line 3 is broken")

    with Ahead(failing()) as items:
        taken = iter(items)
        assert [next(taken), next(taken)] == [1, 2]
        with pytest.raises(ValueError, match="line 3 is broken"):
            next(taken)


def test_no_more_than_the_next_two_are_made_and_a_thread_that_is_not_wanted_ends() -> None:
    made: list[int] = []
    before = threading.active_count()
    with Ahead(_counted(made, 1000)) as items:
        assert next(iter(items)) == 0
    assert threading.active_count() == before
    assert len(made) <= 4  # one taken, one waiting, one being put, one more while it was closed


def test_a_thread_ends_though_nobody_took_an_item() -> None:
    before = threading.active_count()
    for last in (0, 1, 2, 3):
        with Ahead(_counted([], last)):
            pass
    assert threading.active_count() == before
