"""The learner of kind `series`: a network that forecasts the next event of an asynchronous series."""

from collections.abc import Iterator, Mapping
from typing import Any

from agents.series.config import SeriesConfig
from agents.series.data import Prepared, prepare
from vision.fit import Fit
from vision.processes import Processes
from vision.series.baselines import forecast_last, forecast_ridge
from vision.series.forecast import ForecastError, forecast_windows
from vision.series.models import create_forecaster
from vision.series.windows import Windows


class SeriesLearner:
    """A forecaster on its way through a run.

    All errors are in units of the standardised targets, averaged over them. `test_mse` and `test_mae` are
    those of the interval with the lowest `validation_mse` so far, whose weights the best checkpoint holds.

    Args:
        config: see `SeriesConfig`.
        data: from `prepare`.
        seed: of the weights, the order and the dropout.
        device: "cpu" or "cuda".
    """

    def __init__(self, config: SeriesConfig, data: Prepared, *, seed: int, device: str) -> None:
        self.config = config
        self._data = data
        self.network = create_forecaster(
            config.forecaster,
            inputs=data.training.series.inputs.shape[1],
            targets=data.training.targets.shape[1],
            length=config.length,
            seed=seed,
        )
        loss = ForecastError(config.auxiliary)
        count = len(data.training)
        self._fit = Fit(self.network, loss, data.training, count, config.fit, seed=seed, device=device)
        self._selected: dict[str, float] = {}

    def share(self, processes: Processes) -> None:
        """Make the updates together with other processes; see `vision.fit.Fit.share`."""
        self._fit.share(processes)

    def train(self) -> Iterator[dict[str, float]]:
        """Train to the end; see `vision.fit.Fit.train` for what is raised."""
        references = self._references()
        for report in self._fit.train():
            validation = self._errors(self._data.validation, "validation")
            lowest = self._selected.get("validation_mse")
            if lowest is None or validation["validation_mse"] < lowest:
                self._selected = validation | self._errors(self._data.test, "test")
            selected = {name: value for name, value in self._selected.items() if name.startswith("test")}
            yield report | validation | selected | references

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the loop, the errors of the best interval, and the record of the series."""
        return {
            "fit": self._fit.state_dict(),
            "selected": dict(self._selected),
            "series": self._data.record,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave.

        Raises:
            ValueError: if it is of another series or network.
        """
        if set(state) != {"fit", "selected", "series"}:
            raise ValueError(f"state: got keys {sorted(state)}, expected fit, selected and series")
        self._data.check_record(state["series"])
        self._fit.load_state_dict(state["fit"])
        self._selected = dict(state["selected"])

    def _errors(self, windows: Windows, part: str) -> dict[str, float]:
        """Return mean squared and mean absolute error on a part."""
        difference = forecast_windows(self.network, windows) - windows.targets.cpu()
        mse, mae = difference.square().mean(), difference.abs().mean()
        return {f"{part}_mse": float(mse), f"{part}_mae": float(mae)}

    def _references(self) -> dict[str, float]:
        """Return the errors on the test part of what needs no training, the same in every interval."""
        data = self._data
        truth = data.test.targets.cpu().double().numpy()
        forecasts = {
            "persistence_mse": forecast_last(data.test),
            "var_mse": forecast_ridge(data.training, data.validation, data.test, regressors="values"),
        }
        return {name: float(((values - truth) ** 2).mean()) for name, values in forecasts.items()}


def build(config: SeriesConfig, *, seed: int, device: str) -> SeriesLearner:
    """Build the learner of kind `series`; see `agents.runs.learner.Builder`."""
    series_seed = seed if config.data_seed is None else config.data_seed
    data = prepare(config, config.data, seed=series_seed, device=device)
    return SeriesLearner(config, data, seed=seed, device=device)
