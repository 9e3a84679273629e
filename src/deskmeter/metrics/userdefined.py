"""A desk's own metrics, dimensions and targets, from YAML files to entries like the built-in ones.

`metrics/*.yml` define metrics and dimensions, `targets.yml` targets. Every name is checked: a mistake is told with
its file and line and the nearest good name.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from deskmeter.base.errors import AskerError, DataError, nearest
from deskmeter.base.time import GRAINS
from deskmeter.base.yaml import Place, YamlFile, checked, listed, read_yaml
from deskmeter.metrics.amounts import seconds
from deskmeter.metrics.conditions import is_number
from deskmeter.metrics.dimensions import BUILT_IN, Dimension, can_attach, find, own_column
from deskmeter.metrics.own import OwnDefinitions
from deskmeter.metrics.own_build import Sides, metric_of
from deskmeter.metrics.own_facts import OwnBasis, OwnColumn, OwnFact
from deskmeter.metrics.own_model import Definitions, OwnDimension, OwnMetric, Side, Targets, Test
from deskmeter.metrics.own_published import OWN_FACTS
from deskmeter.metrics.own_rows import Limit, OwnRows
from deskmeter.metrics.spec import Metric
from deskmeter.metrics.targets import Target, checked_target, second_targets

FOLDER = "metrics"
TARGETS = "targets.yml"
_TAKEN = (*GRAINS, "period", "target")
_RANGES = ("<", "<=", ">", ">=", "between")


class _Wrong(Exception):
    """A mistake at a place within one definition."""

    def __init__(self, place: Place, text: str) -> None:
        super().__init__(text)
        self.place = place


@dataclass(frozen=True)
class _Read:
    file: YamlFile
    definitions: Definitions


def load_own(folder: Path, built_in: Mapping[str, Metric]) -> OwnDefinitions:
    """Everything that the desk in `folder` defines for itself; nothing where it has no such files.

    Raises:
        DataError: `file:line: what is wrong; did you mean ...?`, a line for each mistake.
    """
    paths = sorted([*(folder / FOLDER).glob("*.yml"), *(folder / FOLDER).glob("*.yaml")])
    files = []
    for path in paths:
        file = read_yaml(path, f"{FOLDER}/{path.name}")
        files.append(_Read(file, checked(file, Definitions)))
    mistakes: list[str] = []
    dimensions = _dimensions(files, mistakes)
    metrics = _metrics(files, dimensions, built_in, mistakes)
    targets = _targets(folder / TARGETS, {**built_in, **metrics}, mistakes)
    if mistakes:
        raise DataError("\n".join(mistakes))
    return OwnDefinitions(tuple(metrics.values()), dimensions, targets)


def own_schema() -> str:
    """The JSON Schema of a file of definitions, as published in docs/own-metrics.schema.json."""
    schema = Definitions.model_json_schema(mode="validation")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "deskmeter: a desk's own metrics and dimensions"
    facts = {fact.name: f"{fact.says}; columns: {_columns_text(fact)}" for fact in OWN_FACTS.values()}
    choices = [{"const": name, "description": says} for name, says in sorted(facts.items())]
    for model in ("OwnMetric", "Side"):
        of = schema["$defs"][model]["properties"]["of"]
        of.pop("type", None)
        of["anyOf"] = [*choices, *([{"type": "null"}] if model == "Side" else [])]
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def targets_schema() -> str:
    """The JSON Schema of targets.yml, as published in docs/targets.schema.json."""
    schema = Targets.model_json_schema(mode="validation", by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "deskmeter: a desk's targets"
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _columns_text(fact: OwnFact) -> str:
    names = [f"{column.name} ({column.kind})" for column in fact.columns]
    return (", ".join(names) or "none") + "; instants: " + ", ".join(basis.name for basis in fact.bases)


def _dimensions(files: list[_Read], mistakes: list[str]) -> dict[str, Dimension]:
    found: dict[str, Dimension] = {}
    homes: dict[str, str] = {}
    for read in files:
        for id, own in read.definitions.dimensions.items():
            place: Place = ("dimensions", id)
            if id in BUILT_IN or id in _TAKEN:
                mistakes.append(str(read.file.error(place, f"`{id}` is taken; give your dimension another id")))
            elif id in homes:
                mistakes.append(str(read.file.error(place, f"`{id}` is defined in {homes[id]} too")))
            else:
                try:
                    found[id] = _dimension(id, own)
                    homes[id] = read.file.name
                except _Wrong as wrong:
                    mistakes.append(str(read.file.error((*place, *wrong.place), str(wrong))))
    return found


def _dimension(id: str, own: OwnDimension) -> Dimension:
    pairs: dict[str, str] = {}
    for group, values in own.groups.items():
        for value in values:
            if value in pairs:
                raise _Wrong(("groups", group), f"`{value}` is in `{pairs[value]}` and in `{group}`")
            pairs[value] = group
    groups = tuple(pairs.items())
    if own.field is not None:
        says = own.definition or f"the source's own field `{own.field}`" + (", grouped" if groups else "")
        return Dimension(
            id,
            own.label,
            f"{says}; value at `as_of`",
            "field",
            own.field,
            is_own=True,
            groups=groups,
            others=own.others,
        )
    assert own.of is not None
    if own.of not in BUILT_IN:
        raise _Wrong(("of",), f"no dimension `{own.of}`{nearest(own.of, BUILT_IN)}")
    base = BUILT_IN[own.of]
    says = own.definition or f"{base.label}, grouped"
    column = base.column or base.id
    return Dimension(
        id, own.label, says, base.of, column, base.multi, is_own=True, base=base.id, groups=groups, others=own.others
    )


def _metrics(
    files: list[_Read], dimensions: Mapping[str, Dimension], built_in: Mapping[str, Metric], mistakes: list[str]
) -> dict[str, Metric]:
    found: dict[str, Metric] = {}
    homes: dict[str, str] = {}
    for read in files:
        for id, own in read.definitions.metrics.items():
            place: Place = ("metrics", id)
            if id in built_in:
                mistakes.append(str(read.file.error(place, f"the metric `{id}` is built in; give yours another id")))
            elif id in homes:
                mistakes.append(str(read.file.error(place, f"`{id}` is defined in {homes[id]} too")))
            else:
                try:
                    found[id] = metric_of(id, own, _sides(own, dimensions), _version(own, dimensions))
                    homes[id] = read.file.name
                except _Wrong as wrong:
                    mistakes.append(str(read.file.error((*place, *wrong.place), str(wrong))))
    return found


def _version(own: OwnMetric, dimensions: Mapping[str, Dimension]) -> str:
    """Changes with the definition, and with those of the dimensions it may speak of."""
    return sha256((own.model_dump_json() + repr(sorted(dimensions.items()))).encode()).hexdigest()[:8]


def _sides(own: OwnMetric, dimensions: Mapping[str, Dimension]) -> Sides:
    fact = _fact(own.of, ())
    basis = _basis(fact, own.at, ())
    limits = tuple(_limits(own.where, fact, basis, dimensions, ("where",)))
    if own.kind == "ratio":
        assert own.numerator is not None
        bottom = own.denominator or Side()
        if _is_share(own.numerator, bottom):
            hits = tuple(_limits(own.numerator.where, fact, basis, dimensions, ("numerator", "where")))
            return Sides(OwnRows(fact, basis, limits, hits), is_share=True)
        return Sides(
            _side(own, own.numerator, "numerator", dimensions),
            _side(own, bottom, "denominator", dimensions),
        )
    if own.kind == "count":
        return Sides(OwnRows(fact, basis, limits, key=_thing(fact, own.distinct, ("distinct",))))
    assert own.column is not None
    amount, field = _amount(fact, own.column, dimensions, ("column",))
    if own.within is not None:
        try:
            seconds(own.within)
        except ValueError as error:
            raise _Wrong(("within",), str(error)) from error
    return Sides(OwnRows(fact, basis, limits, amount=amount, field=field))


def _is_share(top: Side, bottom: Side) -> bool:
    """Whether the numerator only picks some of the denominator's rows: then it is a share with an interval."""
    is_plain = not (top.of or top.at or top.sum or top.distinct)
    return is_plain and bottom == Side() and bool(top.where)


def _side(own: OwnMetric, side: Side, name: str, dimensions: Mapping[str, Dimension]) -> OwnRows:
    fact = _fact(side.of or own.of, (name,) if side.of else ())
    at = side.at or (own.at if side.of in (None, own.of) else None)
    basis = _basis(fact, at, (name,) if side.at else ())
    limits: list[Limit] = []
    if side.of in (None, own.of):
        limits += _limits(own.where, fact, basis, dimensions, ("where",))
    limits += _limits(side.where, fact, basis, dimensions, (name, "where"))
    if side.distinct is not None:
        _thing(fact, side.distinct, (name, "distinct"))
    amount, field = _amount(fact, side.sum, dimensions, (name, "sum")) if side.sum is not None else (None, None)
    return OwnRows(fact, basis, tuple(limits), amount=amount, field=field, key=fact.things.get(side.distinct or ""))


def _fact(name: str, place: Place) -> OwnFact:
    if name not in OWN_FACTS:
        raise _Wrong((*place, "of"), f"no fact `{name}`{nearest(name, OWN_FACTS) or listed(OWN_FACTS)}")
    return OWN_FACTS[name]


def _basis(fact: OwnFact, name: str | None, place: Place) -> OwnBasis:
    basis = fact.basis(name)
    if basis is None:
        known = [one.name for one in fact.bases]
        raise _Wrong(
            (*place, "at"), f"`{fact.name}` has no instant `{name}`{nearest(name or '', known) or listed(known)}"
        )
    return basis


def _thing(fact: OwnFact, name: str | None, place: Place) -> str | None:
    if name is None:
        return None
    if name not in fact.things:
        known = nearest(name, fact.things) or listed(fact.things)
        raise _Wrong(place, f"`{fact.name}` has no `{name}` to count{known}")
    return fact.things[name]


def _amount(
    fact: OwnFact, name: str, dimensions: Mapping[str, Dimension], place: Place
) -> tuple[OwnColumn | None, Dimension | None]:
    """The column that is added up, or the custom field that is read as a number."""
    if name.startswith("field:") or (name in dimensions and dimensions[name].of == "field"):
        if "ticket_id" not in fact.has:
            raise _Wrong(place, f"`{fact.name}` belong to no ticket and have no custom fields")
        return None, find(name, dimensions)
    column = fact.column(name)
    numeric = [one.name for one in fact.columns if one.kind in ("number", "seconds", "money")]
    if column is None:
        known = nearest(name, numeric) or (listed(numeric) if numeric else "; it has none to add up, count its rows")
        raise _Wrong(place, f"`{fact.name}` has no column `{name}`{known}")
    if column.name not in numeric:
        raise _Wrong(place, f"`{name}` is no number but a {column.kind}; count the rows that have it, by a condition")
    return column, None


def _limits(
    tests: tuple[Test, ...], fact: OwnFact, basis: OwnBasis, dimensions: Mapping[str, Dimension], place: Place
) -> Iterator[Limit]:
    for number, test in enumerate(tests):
        yield _limit(test, fact, basis, dimensions, (*place, number))


def _limit(test: Test, fact: OwnFact, basis: OwnBasis, dimensions: Mapping[str, Dimension], place: Place) -> Limit:
    column = fact.column(test.field)
    if column is not None:
        _check_words(test, column, place)
        return Limit(test.operator, test.value, column=column)
    try:
        dimension = find(test.field, dimensions)
    except AskerError:
        known = [one.name for one in fact.columns]
        hint = nearest(test.field, [*known, *BUILT_IN, *dimensions]) or listed(known)
        raise _Wrong((*place, "field"), f"`{fact.name}` has no column or dimension `{test.field}`{hint}") from None
    if dimension.of in ("time", "band"):
        raise _Wrong((*place, "field"), f"`{test.field}` depends on the question; filter by it with --where")
    has_column = own_column(basis.dims, dimension, (*fact.has, *basis.dims.values())) is not None
    if not has_column and (dimension.of == "row" or not can_attach(fact.has, dimension)):
        raise _Wrong(
            (*place, "field"), f"`{fact.name}` cannot be told apart by `{test.field}`: they have no {test.field}"
        )
    return Limit(test.operator, test.value, dimension=dimension)


def _check_words(test: Test, column: OwnColumn, place: Place) -> None:
    operator = test.operator
    if operator in ("null", "not null"):
        return
    if column.kind == "flag":
        if operator not in ("=", "!=") or test.value[0] not in ("true", "false"):
            raise _Wrong((*place, "value"), f"`{column.name}` is true or false; write value: true or value: false")
    elif column.kind == "text":
        if operator in _RANGES:
            raise _Wrong((*place, "op"), f"`{column.name}` is a text and has no order; write = or in")
    elif operator == "contains" or not all(is_number(word) for word in test.value):
        raise _Wrong((*place, "value"), f"`{column.name}` is a number and is compared with numbers")


def _targets(path: Path, metrics: Mapping[str, Metric], mistakes: list[str]) -> tuple[Target, ...]:
    if not path.exists():
        return ()
    file = read_yaml(path)
    found: list[tuple[Place, Target]] = []
    for number, own in enumerate(checked(file, Targets).targets):
        place: Place = ("targets", number)
        try:
            found.append((place, checked_target(own, metrics)))
        except AskerError as error:
            mistakes.append(str(file.error((*place, "metric"), str(error))))
        except ValueError as error:
            goal = next(name for name in ("at_least", "at_most", "between") if getattr(own, name) is not None)
            mistakes.append(str(file.error((*place, goal), str(error))))
    mistakes.extend(str(file.error(place, text)) for place, text in second_targets(found))
    return tuple(target for _, target in found)
