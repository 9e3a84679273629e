"""Numbers, money, lengths of time and flags as text become exact integers, floats and booleans."""

import pyarrow as pa
import pyarrow.compute as pc

TRUE_WORDS = ("true", "t", "yes", "y", "1", "x", "on")
FALSE_WORDS = ("false", "f", "no", "n", "0", "off")
UNITS_MILLIS = {"milliseconds": 1, "seconds": 1000, "minutes": 60_000, "hours": 3_600_000, "days": 86_400_000}
_PLAIN = r"^(?P<sign>[+\-]?)(?P<whole>\d{1,18})(?:\.(?P<part>\d+))?$"


def plain_decimal(values: pa.Array, decimal: str = ".", thousands: str = "") -> pa.Array:
    """Numbers written in one way (`-1234.5`); null where the text is no number in the way stated.

    A thousands sign must stand where it belongs: `1,23` is no number with `,` for thousands.

    >>> plain_decimal(pa.array(["1.234,50", "29,85", "12.34", "-7"]), ",", ".").to_pylist()
    ['1234.50', '29.85', None, '-7']
    """
    d = "\\" + decimal
    whole = r"\d{1,18}" + (rf"|\d{{1,3}}(?:\{thousands}\d{{3}})+" if thousands else "")
    found = pc.extract_regex(values, rf"^(?P<sign>[+\-−]?) ?(?P<whole>{whole})(?:{d}(?P<part>\d+))?$")
    sign = pc.if_else(pc.is_in(pc.struct_field(found, "sign"), pa.array(["-", "−"])), "-", "")
    digits = pc.struct_field(found, "whole")
    if thousands:
        digits = pc.replace_substring(digits, thousands, "")
    part = pc.struct_field(found, "part")
    tail = pc.if_else(pc.equal(part, ""), "", pc.binary_join_element_wise(".", part, ""))
    return pc.binary_join_element_wise(sign, digits, tail, "")


def scaled(plain: pa.Array, digits: int) -> tuple[pa.Array, pa.Array]:
    """Plain decimals times 10^`digits` as int64, and where decimals beyond that were cut off.

    Null where the result does not fit (18 digits in all).

    >>> values, cut = scaled(pa.array(["29.85", "-0.5", "1.23456789"]), 6)
    >>> values.to_pylist(), cut.to_pylist()
    ([29850000, -500000, 1234567], [False, False, True])
    """
    found = pc.extract_regex(plain, _PLAIN)
    part = pc.fill_null(pc.struct_field(found, "part"), "")
    kept = (
        pc.utf8_slice_codeunits(pc.utf8_rpad(part, digits, "0"), 0, digits)
        if digits
        else pc.utf8_slice_codeunits(part, 0, 0)
    )
    cut = pc.match_substring_regex(pc.utf8_slice_codeunits(part, digits, 400), "[1-9]")
    text = pc.binary_join_element_wise(pc.struct_field(found, "sign"), pc.struct_field(found, "whole"), kept, "")
    fits = pc.less_equal(pc.utf8_length(text), 18)
    return pc.cast(pc.if_else(fits, text, pa.scalar(None, pa.string())), pa.int64()), pc.fill_null(cut, False)


def floats(plain: pa.Array) -> pa.Array:
    """Plain decimals as float64."""
    return pc.cast(plain, pa.float64())


def seconds(plain: pa.Array, unit: str) -> tuple[pa.Array, pa.Array]:
    """Lengths of time in whole seconds, rounded down, and where something was cut off.

    >>> seconds(pa.array(["1.5", "90"]), "minutes")[0].to_pylist()
    [90, 5400]
    """
    micros, cut = scaled(plain, 6)
    millionths = pc.multiply(micros, UNITS_MILLIS[unit])
    whole = pc.divide(millionths, 1_000_000_000)
    exact = pc.equal(pc.multiply(whole, 1_000_000_000), millionths)
    return whole, pc.or_(cut, pc.invert(pc.fill_null(exact, True)))


def clock_seconds(values: pa.Array) -> pa.Array:
    """Lengths written as a clock (`1:02:03` or `02:03`, minutes and seconds) in seconds; null where they are not.

    >>> clock_seconds(pa.array(["1:02:03", "02:03", "2"])).to_pylist()
    [3723, 123, None]
    """
    found = pc.extract_regex(values, r"^(?:(?P<h>\d{1,6}):)?(?P<m>\d{1,2}):(?P<s>\d{2})$")
    hours, minutes, secs = (
        pc.cast(pc.if_else(pc.equal(pc.struct_field(found, key), ""), "0", pc.struct_field(found, key)), pa.int64())
        for key in ("h", "m", "s")
    )
    return pc.add(pc.multiply(pc.add(pc.multiply(hours, 60), minutes), 60), secs)


def flags(values: pa.Array) -> pa.Array:
    """Booleans of the usual words; null where the word is none of them.

    >>> flags(pa.array(["Yes", "FALSE", "maybe"])).to_pylist()
    [True, False, None]
    """
    low = pc.utf8_lower(values)
    is_true = pc.is_in(low, pa.array(TRUE_WORDS))
    known = pc.or_(is_true, pc.is_in(low, pa.array(FALSE_WORDS)))
    return pc.if_else(known, is_true, pa.scalar(None, pa.bool_()))
