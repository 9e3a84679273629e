"""Student's t distribution for whole degrees of freedom, in closed form."""

from math import atan, cos, pi, sin, sqrt
from statistics import NormalDist

from deskmeter.base.errors import BugError

_NORMAL_FROM = 20_000  # degrees of freedom from which the normal quantile agrees to four digits


def central_probability(t: float, freedom: int) -> float:
    """Probability that a t variable with `freedom` degrees of freedom lies within -t to t.

    Abramowitz and Stegun (1964), Handbook of Mathematical Functions, 26.7.3 and 26.7.4.

    >>> round(central_probability(1, 1), 6), round(central_probability(2.228139, 10), 6)
    (0.5, 0.95)
    """
    angle = atan(t / sqrt(freedom))
    square = cos(angle) ** 2
    is_odd = freedom % 2 == 1
    total = term = cos(angle) if is_odd else 1.0
    for k in range(3 if is_odd else 2, freedom - 1, 2):
        term *= square * (k - 1) / k
        total += term
    if not is_odd:
        return sin(angle) * total
    return 2 / pi * (angle + (sin(angle) * total if freedom > 1 else 0.0))


def student_quantile(level: float, freedom: int) -> float:
    """The t for which a variable with `freedom` degrees of freedom lies within -t to t with probability `level`.

    >>> round(student_quantile(0.95, 12), 4)
    2.1788
    """
    if freedom < 1 or not 0 < level < 1:
        raise BugError(f"no t quantile at level {level} with {freedom} degrees of freedom")
    low = NormalDist().inv_cdf((1 + level) / 2)
    if freedom >= _NORMAL_FROM:
        return low
    high = 2 * low
    while central_probability(high, freedom) < level:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        if central_probability(middle, freedom) < level:
            low = middle
        else:
            high = middle
    return (low + high) / 2
