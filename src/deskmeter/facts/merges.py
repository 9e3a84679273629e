"""Where the messages of merged tickets go, and which tickets are left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Merge:
    """One merge, deletion, spam mark or restoration, in the order of its ticket's history."""

    ticket_id: int
    kind: str
    target_id: int | None  # merged: the survivor, null where it is unknown
    target: str | None


def resolve_merges(marks: Sequence[Merge]) -> Mapping[int, tuple[str | None, int | None, bool]]:
    """ticket -> (why it is left out, last survivor of its chain, whether its messages are lost with it).

    The last merge counts; a merge into an unknown ticket or within a circle is ignored. Spam, or a deletion
    before the merge, takes the messages away; a deletion after it does not, nor one that was undone, whenever (rulings
    17, 72).

    >>> resolve_merges([Merge(1, "merged", 2, "b"), Merge(2, "merged", 3, "c")])
    {1: ('merged', 3, False), 2: ('merged', 3, False)}
    >>> resolve_merges([Merge(1, "deleted", None, None), Merge(1, "merged", 2, "b"), Merge(1, "restored", None, None)])
    {1: ('merged', 2, False)}
    """
    deleted: dict[int, bool] = {}
    spam: dict[int, bool] = {}
    deleted_at_merge: dict[int, bool] = {}
    target: dict[int, int] = {}
    for mark in marks:
        if mark.kind == "merged":
            if mark.target_id is not None:
                target[mark.ticket_id] = mark.target_id
                deleted_at_merge[mark.ticket_id] = deleted.get(mark.ticket_id, False)
        else:
            spam[mark.ticket_id] = mark.kind == "spam" or (mark.kind != "restored" and spam.get(mark.ticket_id, False))
            deleted[mark.ticket_id] = mark.kind == "deleted" or (
                mark.kind != "restored" and deleted.get(mark.ticket_id, False)
            )
            if mark.kind == "restored":
                deleted_at_merge[mark.ticket_id] = False
    for member in _in_circles(target):
        del target[member]
    result: dict[int, tuple[str | None, int | None, bool]] = {}
    for ticket in dict.fromkeys(mark.ticket_id for mark in marks):
        is_spam = spam.get(ticket, False)
        if ticket in target:
            lost = is_spam or deleted_at_merge[ticket]
            result[ticket] = ("spam" if is_spam else "merged", _survivor(ticket, target), lost)
        elif is_spam or deleted.get(ticket, False):
            result[ticket] = ("spam" if is_spam else "deleted", None, True)
    return result


def _survivor(ticket: int, target: Mapping[int, int]) -> int:
    while ticket in target:
        ticket = target[ticket]
    return ticket


def _in_circles(target: Mapping[int, int]) -> set[int]:
    circle: set[int] = set()
    done: set[int] = set()
    for start in target:
        path: list[int] = []
        ticket = start
        while ticket in target and ticket not in done and ticket not in path:
            path.append(ticket)
            ticket = target[ticket]
        if ticket in path:
            circle.update(path[path.index(ticket) :])
        done.update(path)
    return circle
