"""The version of the installed package."""

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """As the installer knows it."""
    try:
        return version("deskmeter")
    except PackageNotFoundError:
        return "(not installed)"
