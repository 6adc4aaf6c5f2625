"""Artificial series: an autoregressive process seen through noisy sources, at once or one at a time.

Binkowski et al. 2018, section 4.1, as the authors' code makes them. Shapes: T events, S steps of the process,
K sources.
"""

from operator import mul

import numpy as np

from vision.series.events import EventSeries, indicators

ORDER = 10
"""Steps of the past on which the process depends."""
PERSISTENCE = 0.999
"""Sum of the coefficients: just below the unit root, so that the level wanders."""
SHOCK = 0.005
"""Standard deviation of the process's innovations, before it is standardised."""
MEAN_WAIT = 2.0
"""Mean of the exponential part of the time between two events, in steps."""
SOURCE_RATIO = 1.1
"""How much more often an event is of one source than of the source before it."""
SOURCES_PER_SCALE = 8
"""Neighbouring sources of one size of noise; it halves from each such group to the next."""


def generate(events: int, sources: int, *, asynchronous: bool, rng: np.random.Generator) -> EventSeries:
    """Make a series of the process and its sources.

    Asynchronously, an event shows the value of one source, with its number and the time since the event
    before, and the process itself is the target. Synchronously, it shows the values of all sources, and the
    process and all the sources are targets; what is then known of the process is the mean over the sources.

    Args:
        events: T.
        sources: K.
        asynchronous: whether one source is seen at a time.
        rng: of everything that is drawn.

    Raises:
        ValueError: if there are no events or no sources.
    """
    if events < 1 or sources < 1:
        raise ValueError(f"events and sources: got {events} and {sources}, expected at least 1 of each")
    gaps = waiting_times(events, rng)
    times = np.cumsum(gaps)
    _, process = autoregression(int(times[-1]) + 1, rng=rng)
    truth = process[times]
    names = tuple(f"source {number}" for number in range(sources))
    if asynchronous:
        number = rng.choice(sources, events, p=source_shares(sources))
        seen = np.empty(events)
        for source in range(sources):
            seen[number == source] = disturb(truth[number == source], source, rng)
        return one_at_a_time(gaps, seen, number, truth, names)
    seen = np.stack([disturb(truth, source, rng) for source in range(sources)], axis=1)
    return all_at_once(gaps, seen, truth, names)


def one_at_a_time(
    gaps: np.ndarray, seen: np.ndarray, number: np.ndarray, truth: np.ndarray, names: tuple[str, ...]
) -> EventSeries:
    """Return the series of events that each show one noisy value.

    Args:
        gaps: (T,) time since the event before, above 0.
        seen: (T,) float64 the noisy values.
        number: (T,) int64 their sources, in [0, K).
        truth: (T,) float64 the process.
        names: of the K sources.
    """
    return EventSeries(
        times=np.cumsum(gaps).astype(np.float64),
        values=seen[:, None],
        quantities=np.zeros((len(seen), 1), np.int64),
        features=np.column_stack([indicators(number, len(names)), gaps]),
        observed=seen[:, None],
        targets=truth[:, None],
        target_names=("process",),
        source_names=names,
        sources=number.astype(np.int64),
    )


def all_at_once(gaps: np.ndarray, seen: np.ndarray, truth: np.ndarray, names: tuple[str, ...]) -> EventSeries:
    """Return the series of events that each show all of the (T, K) noisy values; see `one_at_a_time`."""
    events, sources = seen.shape
    return EventSeries(
        times=np.cumsum(gaps).astype(np.float64),
        values=seen,
        quantities=np.tile(np.arange(1, sources + 1), (events, 1)),
        features=gaps[:, None].astype(np.float64),
        observed=np.column_stack([seen.mean(axis=1), seen]),
        targets=np.column_stack([truth, seen]),
        target_names=("process", *names),
        source_names=(),
        sources=np.zeros(events, np.int64),
    )


def autoregression(
    steps: int, *, order: int = ORDER, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the coefficients and the values of a random autoregressive process.

    Args:
        steps: S.
        order: steps of the past that count.
        rng: of coefficients, first values and innovations.

    Returns:
        (order,) float64 coefficients, that of the oldest step first, and (S,) float64 values of mean 0 and
        standard deviation 1.
    """
    coefficients = rng.uniform(size=order)
    coefficients *= PERSISTENCE / coefficients.sum()
    weights = coefficients.tolist()
    values = (SHOCK * rng.standard_normal(order)).tolist()
    for shock in (SHOCK * rng.standard_normal(max(steps - order, 0))).tolist():
        values.append(sum(map(mul, weights, values[-order:])) + shock)
    process = np.array(values[:steps])
    return coefficients, (process - process.mean()) / (process.std() or 1.0)


def waiting_times(events: int, rng: np.random.Generator) -> np.ndarray:
    """Return (T,) int64 steps from event to event, 1 + ceil(an exponential number), so at least 2."""
    return np.ceil(rng.exponential(MEAN_WAIT, events)).astype(np.int64).clip(min=1) + 1


def source_shares(sources: int) -> np.ndarray:
    """Return (K,) float64 the probability that an event is of each source."""
    weights = SOURCE_RATIO ** np.arange(sources)
    return weights / weights.sum()


def noise_size(source: int) -> float:
    """Return the size of a source's noise: 1 for the first, a half for the next eight, and so on.

    The authors' code means the sign and the quotient this way round, so that the groups begin with source 1.
    """
    return 2.0 ** (-source // SOURCES_PER_SCALE)


def disturb(truth: np.ndarray, source: int, rng: np.random.Generator) -> np.ndarray:
    """Return (N,) float64 what a source shows of (N,) values.

    Sources take turns with four kinds of noise: an offset of either sign, with a probability of the source's
    own, added or multiplied; and Gaussian noise, added or multiplied.
    """
    size, kind = noise_size(source), source % 4
    if kind < 2:
        positive = rng.uniform(size=len(truth)) < rng.uniform()
        noise = np.where(positive, size, -size)
    else:
        noise = size * rng.standard_normal(len(truth))
    return truth * (1.0 + noise) if kind % 2 else truth + noise
