"""Forecasts of asynchronous series: events, generators, readers, SOCNN and what it is compared with."""
