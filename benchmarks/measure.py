"""How things are measured: seconds of CPU and wall, peak memory, medians, and one table of it all."""

import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

MIB = 1024


@dataclass(frozen=True)
class Measured:
    """One line of the table; `ratio` is to the reference that ran beside it, named in `reference`."""

    what: str
    n: int  # how large: events, tickets or rows, as `unit` says
    unit: str
    cpu_s: float
    wall_s: float
    ratio: float | None = None
    reference: str = ""
    peak_mib: float | None = None


def cpu_s() -> float:
    """CPU seconds of this process and its ended children so far."""
    whole = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used.ru_utime + used.ru_stime for used in whole)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall seconds of one run."""
    cpu, wall = cpu_s(), time.perf_counter()
    work()
    return cpu_s() - cpu, time.perf_counter() - wall


def middle(work: Callable[[], object], runs: int) -> tuple[float, float]:
    """Median CPU and wall seconds of some runs, after one that warms up."""
    work()
    found = [timed(work) for _ in range(runs)]
    return statistics.median(cpu for cpu, _ in found), statistics.median(wall for _, wall in found)


def peak_mib() -> float:
    """Most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB


def apart(work: Callable[..., list[Measured]], *given: object) -> list[Measured]:
    """The lines that `work` measures in a process of its own, with that process's peak memory."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_with_peak, (work, given))


def _with_peak(work: Callable[..., list[Measured]], given: tuple[object, ...]) -> list[Measured]:
    lines = work(*given)
    return [line if line.peak_mib is not None else replace(line, peak_mib=peak_mib()) for line in lines]


HEADER = f"{'what':<34}{'size':>19}{'cpu s':>10}{'wall s':>10}{'MiB':>7}{'ratio':>7}  to\n"


def row(line: Measured) -> str:
    """One line of the table as text."""
    size = f"{line.n:,} {line.unit}" if line.n else ""
    ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
    peak = "" if line.peak_mib is None else f"{line.peak_mib:,.0f}"
    text = f"{line.what:<34}{size:>19}{line.cpu_s:>10.3f}{line.wall_s:>10.3f}{peak:>7}{ratio:>7}  {line.reference}"
    return text.rstrip() + "\n"
