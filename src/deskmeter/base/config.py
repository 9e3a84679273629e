"""The desk's own settings, read from deskmeter.toml in its folder."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from deskmeter.base.errors import DataError, nearest
from deskmeter.base.time import zone

FILE = "deskmeter.toml"
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class DeskConfig(BaseModel):
    """Settings that change what numbers say; each has the default that metrics.md names.

    Attributes:
        name: shown above every page.
        zone: IANA zone of the desk's days and weeks.
        week_start: 0 Monday to 6 Sunday.
        as_of: the instant of knowledge; None: now.
        default_schedule: source/id of the schedule for sources that mark none of their own as the default.
        episode_gap_h: hours of silence after which a customer's message opens a new contact.
        rates: currency -> factor that turns it into `base_currency`; empty: currencies are never added up.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "My desk"
    zone: str = "UTC"
    week_start: int = 0
    as_of: datetime | None = None
    default_schedule: str | None = None
    episode_gap_h: float = Field(default=24.0, gt=0)
    base_currency: str | None = None
    rates: dict[str, float] = Field(default_factory=dict)

    @field_validator("week_start", mode="before")
    @classmethod
    def _weekday(cls, value: object) -> object:
        if isinstance(value, str):
            if value.lower() not in _DAYS:
                raise ValueError(f"no weekday `{value}`{nearest(value.lower(), _DAYS)}")
            return _DAYS.index(value.lower())
        return value

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        zone(value)
        return value

    @field_validator("as_of")
    @classmethod
    def _in_utc(cls, value: datetime | None) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def read_config(folder: Path) -> DeskConfig:
    """The settings of the desk in `folder`; all defaults where there is no file.

    Raises:
        DataError: the file is no TOML, or holds an unknown or wrong setting; the message names it.
    """
    path = folder / FILE
    if not path.exists():
        return DeskConfig()
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8")).get("desk", {})
        return DeskConfig(**found)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not valid TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        hint = nearest(place, DeskConfig.model_fields) if first["type"] == "extra_forbidden" else ""
        raise DataError(f"{path}: `{place}`: {first['msg']}{hint}") from error


def write_config(folder: Path, config: DeskConfig) -> None:
    """Writes deskmeter.toml with the settings that differ from the defaults."""
    lines = [
        "# Settings of this desk; see docs/guide.md.",
        "[desk]",
        f'name = "{config.name}"',
        f'zone = "{config.zone}"',
    ]
    if config.week_start:
        lines.append(f'week_start = "{_DAYS[config.week_start]}"')
    if config.as_of:
        lines.append(f"as_of = {config.as_of.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%SZ')}")
    if config.default_schedule:
        lines.append(f'default_schedule = "{config.default_schedule}"')
    if config.episode_gap_h != DeskConfig().episode_gap_h:
        lines.append(f"episode_gap_h = {config.episode_gap_h}")
    if config.base_currency:
        lines.append(f'base_currency = "{config.base_currency}"')
    if config.rates:
        lines.append("[desk.rates]")
        lines.extend(f'"{currency}" = {factor}' for currency, factor in sorted(config.rates.items()))
    (folder / FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
