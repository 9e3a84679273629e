"""Which desk a command speaks of: `--desk`, DESKMETER_DESK, or the nearest folder with a `deskmeter.toml`."""

import os
from pathlib import Path

from deskmeter.base.config import FILE
from deskmeter.base.errors import AskerError


def find_desk(said: Path | None, start: Path | None = None) -> Path:
    """The desk's folder.

    Args:
        said: the folder of `--desk`; None: not said.
        start: where to look upwards from; None: the working directory.

    Raises:
        AskerError: the named folder is no desk, or there is none here and above.
    """
    named = said or (Path(os.environ["DESKMETER_DESK"]) if os.environ.get("DESKMETER_DESK") else None)
    if named is not None:
        if not (named / FILE).is_file():
            way = f"`deskmeter init {named}` makes one"
            raise AskerError(f"no desk in `{named}` (it has no {FILE}); {way}")
        return named
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / FILE).is_file():
            return folder
    ways = "name one with --desk DIR or make one with `deskmeter init`"
    raise AskerError(f"no desk here: no {FILE} in `{here}` or above; {ways}")
