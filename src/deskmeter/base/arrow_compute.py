"""Arrow's functions, loaded when the first is called: a tenth of a second that most questions can spare.

What takes `pc` from here must not call a function while it is loaded itself.
"""

from typing import TYPE_CHECKING

from deskmeter.base.late import late

if TYPE_CHECKING:
    import pyarrow.compute as pc
else:
    pc = late("pyarrow.compute")

__all__ = ["pc"]
