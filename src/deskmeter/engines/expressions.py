"""Ibis, loaded when the first expression is made: a question that was compiled before needs none.

What imports it here must not make expressions while it is loaded itself, and postpones its annotations.
"""

from typing import TYPE_CHECKING

from deskmeter.base.late import late

if TYPE_CHECKING:
    import ibis as ibis
else:
    ibis = late("ibis")
