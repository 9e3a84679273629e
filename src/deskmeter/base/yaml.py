"""YAML that a user has written, read with the line of each part, so that every mistake can be shown where it stands."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from deskmeter.base.errors import DataError, nearest

Plain = dict[str, "Plain"] | list["Plain"] | str | None
Place = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)

_NULL_TAG = "tag:yaml.org,2002:null"


@dataclass(frozen=True)
class YamlFile:
    """A file as plain data (scalars stay text: `No` is the word No) with the line of each of its parts."""

    name: str
    plain: dict[str, Plain]
    lines: dict[Place, int]

    def line(self, place: Place) -> int:
        """Line of the innermost part on the way to `place` that stands in the file."""
        known: Place = ()
        for step in place:
            if (*known, step) in self.lines:
                known = (*known, step)
        return self.lines.get(known, 1)

    def error(self, place: Place, text: str) -> DataError:
        """A mistake at `place`, as `file:line: text`."""
        return DataError(f"{self.name}:{self.line(place)}: {text}")


def read_yaml(path: Path, name: str | None = None) -> YamlFile:
    """The YAML file at `path`; `name` (else the file's own) stands before the line in messages."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"`{path}` cannot be read: {error}") from error
    return parse_yaml(text, name or path.name)


def parse_yaml(text: str, name: str) -> YamlFile:
    """A YAML text whose outermost level is `name: value` lines.

    >>> parse_yaml("a: 1\\na: 2\\n", "x.yml")
    Traceback (most recent call last):
    deskmeter.base.errors.DataError: x.yml:2: `a` stands here a second time (first in line 1)
    """
    lines: dict[Place, int] = {}
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DataError(f"{name}:{line}: not YAML: {error.problem}{_sign_hint(text, line)}") from error
    except yaml.YAMLError as error:
        raise DataError(f"{name}:1: not YAML: {str(error).splitlines()[0]}") from error
    if node is None:
        return YamlFile(name, {}, lines)
    if not isinstance(node, yaml.MappingNode):
        raise DataError(f"{name}:1: the file must be a list of `name: value`")
    plain = _plain(node, (), lines, name)
    assert isinstance(plain, dict)
    return YamlFile(name, plain, lines)


def checked(file: YamlFile, model: type[Model]) -> Model:
    """The file as `model`.

    Raises:
        DataError: `file:line: what is wrong; did you mean ...?`, a line for each mistake.
    """
    try:
        return model.model_validate(file.plain)
    except ValidationError as error:
        raise DataError("\n".join(dict.fromkeys(_mistakes(error, file, model)))) from error


def listed(names: Iterable[str]) -> str:
    """The end of an error line: what there is instead.

    >>> listed(["a", "b"])
    '; there is `a`, `b`'
    """
    shown = list(names)
    return "; there is " + ", ".join(f"`{name}`" for name in shown[:12]) + (" ..." if len(shown) > 12 else "")


def _sign_hint(text: str, line: int) -> str:
    """What to do where a bare sign means something to YAML itself."""
    lines = text.splitlines()
    shown = lines[line - 1] if 0 < line <= len(lines) else ""
    return '; write signs in quotes, such as op: ">="' if any(sign in shown for sign in (": !", ": >", ": %")) else ""


def _plain(node: yaml.Node, place: Place, lines: dict[Place, int], name: str) -> Plain:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.ScalarNode):
        return None if node.tag == _NULL_TAG and node.value in ("", "~", "null") else str(node.value)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, (*place, index), lines, name) for index, child in enumerate(node.value)]
    found: dict[str, Plain] = {}
    for key, child in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise DataError(f"{name}:{line}: a name must be one word or text")
        if key.value in found:
            first = lines[(*place, key.value)]
            raise DataError(f"{name}:{line}: `{key.value}` stands here a second time (first in line {first})")
        lines[(*place, key.value)] = line
        found[key.value] = _plain(child, (*place, key.value), lines, name)
    return found


def _mistakes(error: ValidationError, file: YamlFile, model: type[BaseModel]) -> Iterator[str]:
    for mistake in sorted(error.errors(), key=lambda found: file.line(tuple(found["loc"]))):
        place = tuple(mistake["loc"])
        yield str(file.error(place, _says(mistake["type"], mistake["msg"], place, mistake["input"], model)))


def _says(kind: str, message: str, place: Place, given: object, model: type[BaseModel]) -> str:
    last = str(place[-1]) if place else "file"
    if kind == "extra_forbidden":
        known = _known_names(place, model)
        return f"no setting `{last}` here{nearest(last, known) or listed(known)}"
    if kind == "missing":
        return f"`{last}` is missing" + (f" in `{place[-2]}`" if len(place) > 1 else "")
    if kind == "literal_error":
        words = message.removeprefix("Input should be ").replace(" or ", ", ").split(", ")
        choices = [word.strip("'\"") for word in words]
        return f"`{given}` is no `{last}`{nearest(str(given), choices) or listed(choices)}"
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    shown = f"`{given}`" if isinstance(given, str) else "this"
    return f"{shown} does not fit `{last}`: {message[0].lower()}{message[1:]}"


def _known_names(place: Place, model: type[BaseModel]) -> tuple[str, ...]:
    """Names that may stand where an unknown one was found."""
    for step in place[:-1]:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if isinstance(step, str) and step in fields:
            model = _model_in(fields[step].annotation) or model
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The first model inside an annotation such as `dict[str, Part]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        found = _model_in(argument)
        if found is not None:
            return found
    return None
