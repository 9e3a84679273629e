"""Spares the command line pandas, for which arrow looks at its first array.

Only a process of our own may do this. In a notebook arrow must know pandas, whose columns it may be handed.
"""

import pyarrow as pa

from deskmeter.base.pandas_absent import pandas_absent


def spare_pandas() -> None:
    """Lets arrow look for pandas in vain, once; `to_pandas` finds it all the same, should it be asked for."""
    with pandas_absent():
        pa.array([0])
