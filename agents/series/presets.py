"""Ready configs of forecasters, by name; a flag given beside a preset changes that one field.

Sizes and rates are those of the code of Binkowski et al. 2018: `sync16_`, `sync64_`, `async16_` and
`async64_` on artificial series made anew from each run's seed, `artificial_` on the one that the authors
published, `household_` on a household's power (the paper's "electricity"). `clean_socnn` is SOCNN with the
leak of the authors' code, which hands it the true past of what it should forecast. The `quick_` runs are a
few passes long, and `quick` is SOCNN on a shorter series, which needs no files and takes seconds.

Differs from the paper: rates fall as a cosine over a fixed number of passes, and the best checkpoint is that
of the lowest validation error; the authors lower the rate where the validation error stands still.
"""

from dataclasses import replace

from agents.series.config import SeriesConfig

# Recurrent networks of the authors' code learn with rates and clipping a thousand times lower, and hardly do.
_SLOWER = 1e-3
_NETWORKS: dict[str, SeriesConfig] = {
    "socnn": SeriesConfig(),
    "socnn_auxiliary": SeriesConfig(auxiliary=0.1),
    "clean_socnn": SeriesConfig(value_input="clean"),
    "cnn": SeriesConfig(model="cnn", filters=16, dropout=0.2, rate=_SLOWER),
    "resnet": SeriesConfig(model="resnet", filters=16, dropout=0.2, rate=_SLOWER),
    "lstm": SeriesConfig(model="lstm", rate=_SLOWER),
    "phased_lstm": SeriesConfig(model="phased_lstm", rate=_SLOWER),
    "linear": SeriesConfig(model="linear", rate=_SLOWER),
}
_SERIES: dict[str, dict[str, object]] = {
    "sync16": {"asynchronous": False},
    "sync64": {"asynchronous": False, "sources": 64},
    "async16": {},
    "async64": {"sources": 64},
    "artificial": {"dataset": "artificial"},
    "household": {"dataset": "household"},
}
_FULL = {"epochs": 100.0}
# In so few passes all networks do better with the rate of SOCNN, by their validation errors.
_QUICK = {"epochs": 10.0, "rate": 1e-2}

PRESETS: dict[str, SeriesConfig] = {
    f"{prefix}{series}_{network}": replace(base, **_SERIES[series], **length)
    for prefix, length, chosen in (("", _FULL, tuple(_SERIES)), ("quick_", _QUICK, ("async16", "household")))
    for series in chosen
    for network, base in _NETWORKS.items()
} | {"quick": SeriesConfig(events=3000, epochs=5.0)}
