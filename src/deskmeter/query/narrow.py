"""Which columns of which tables an expression reads: a text over ten columns is made and planned sooner than over sixty."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from ibis.common.graph import Graph
from ibis.expr import operations as ops

from deskmeter.engines.expressions import ibis

_PASSES_ON = (ops.Limit, ops.SelfReference, ops.JoinReference, ops.DropColumns)


def columns_read(*exprs: ibis.Table) -> dict[str, frozenset[str]]:
    """Table name -> the columns of it that the rows or the columns of `exprs` depend on.

    From the result down: a selection wants the wanted columns and what any new column is made of, a filter also what it
    asks. New columns and columns selected by name count even where nobody wants them: the expression must still be
    makeable from these columns alone. What is not known to be choosy (a set, a distinct row) wants all.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for root in (expr.op() for expr in exprs):
        wanted: dict[ops.Relation, set[str]] = defaultdict(set)
        wanted[root].update(root.schema.names)
        below_first, _ = Graph.from_bfs(root).toposort()
        for node in reversed(list(below_first)):
            if isinstance(node, ops.UnboundTable):
                found[node.name].update(wanted[node])
            elif isinstance(node, ops.Subquery):
                wanted[node.rel].update(node.rel.schema.names)
            elif isinstance(node, ops.Relation):
                _pass_on(node, wanted)
    return {name: frozenset(columns) for name, columns in found.items()}


def _pass_on(node: ops.Relation, wanted: dict[ops.Relation, set[str]]) -> None:
    """Adds to `wanted` what `node` needs of those that it reads, to give the columns that are wanted of it."""
    mine = wanted[node]
    if isinstance(node, ops.Project):
        is_whole = set(node.parent.schema.names) <= node.values.keys()
        _want(wanted, _made(node.values, mine) if is_whole else node.values.values())
    elif isinstance(node, ops.Aggregate):
        _want(wanted, (*node.groups.values(), *node.metrics.values()))
    elif isinstance(node, ops.Filter):
        wanted[node.parent].update(mine)
        _want(wanted, node.predicates)
    elif isinstance(node, ops.Sort):
        wanted[node.parent].update(mine)
        _want(wanted, node.keys)
    elif isinstance(node, ops.JoinChain):
        joined = {name for table in (node.first, *(link.table for link in node.rest)) for name in table.schema.names}
        is_whole = joined <= {value.name for value in node.values.values() if isinstance(value, ops.Field)}
        _want(wanted, _made(node.values, mine) if is_whole else node.values.values())
        _want(wanted, (predicate for link in node.rest for predicate in link.predicates))
    elif isinstance(node, _PASSES_ON):
        wanted[node.parent].update(mine)
    else:
        for read in node.args:
            if isinstance(read, ops.Relation):
                wanted[read].update(read.schema.names)


def _made(values: Mapping[str, ops.Value], mine: set[str]) -> Iterable[ops.Value]:
    """The values that are wanted, and those that are more than a column handed on under its name."""
    for name, value in values.items():
        is_handed_on = isinstance(value, ops.Field) and value.name == name
        if name in mine or not is_handed_on:
            yield value


def _want(wanted: dict[ops.Relation, set[str]], values: Iterable[ops.Value]) -> None:
    for value in values:
        for field in value.find(ops.Field, filter=ops.Value):
            wanted[field.rel].add(field.name)
