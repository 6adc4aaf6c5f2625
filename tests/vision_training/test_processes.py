"""Laws of updates that several processes make together; three of them meet once for all tests."""

import multiprocessing

import pytest
import torch
from torch import distributed

from agents.runs.processes import _broadcast
from tests.vision_training.tiny import fingerprint
from tests.vision_training.together import COUNT, FITS, trained, work
from vision.ghost_norm import ghost_sizes
from vision.processes import Processes, _reduce, shares

ORDER_OF_SUMS, IN_DOUBLE = 2e-5, 1e-13
"""Largest differences of a weight after some twenty updates whose sums run in another order."""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What each process kept."""
    folder = tmp_path_factory.mktemp("together")
    context = multiprocessing.get_context("spawn")
    started = [context.Process(target=work, args=(rank, str(folder))) for rank in range(COUNT)]
    for process in started:
        process.start()
    for process in started:
        process.join(120)
    assert [process.exitcode for process in started] == [0] * COUNT
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(COUNT)]


@pytest.mark.parametrize("size", [1, 2, 7, 24, 50])
@pytest.mark.parametrize("ghost", [0, 4])
@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_shares_make_up_the_batch_and_cut_no_ghost_batch(size, ghost, count):
    everyone = shares(size, 8, ghost, count)
    batch = torch.arange(size)
    counted = [batch[share.rows] for share in everyone if share.counts]
    assert len(everyone) == count and torch.equal(torch.cat(counted), batch)
    assert all(len(batch[share.rows]) > 0 for share in everyone)
    norms = [share.norms for share in everyone if share.counts]
    if ghost:
        groups = [length for part in counted for length in ghost_sizes(len(part), ghost)]
        assert groups == ghost_sizes(size, ghost) and sum(norms) == len(groups)
    else:
        assert norms == [-(-len(part) // 8) for part in counted]


def test_a_process_outside_its_team_is_refused():
    with pytest.raises(ValueError, match="rank: got 2, expected a number from 0 below 2"):
        Processes(2, 2)


@pytest.mark.parametrize("name", ["plain", "ghost", "few"])
def test_processes_together_come_to_the_weights_of_one_alone(found, name):
    alone, report = trained(name)
    together = found[0][name]
    for key, weight in alone.model.named_parameters():
        assert (together["state"]["model"][key] - weight).abs().max() < ORDER_OF_SUMS, key
    assert together["state"]["progress"]["updates"] == alone.updates
    assert together["report"] == pytest.approx(report, rel=1e-4)
    if name == "few":
        assert alone.config.schedule.batch < COUNT


@pytest.mark.parametrize("name", FITS)
def test_all_processes_end_with_the_same_bits(found, name):
    for part in ("model", "average", "optimizer"):
        states = [one[name]["state"][part] for one in found]
        kept = [{key: value for key, value in state.items() if "stream" not in key} for state in states]
        assert len({fingerprint(state) for state in kept}) == 1
    assert all(one[name]["report"] == found[0][name]["report"] for one in found)


def test_in_double_precision_all_that_is_learnt_agrees_to_the_last_digits(found):
    alone, together = trained("double")[0].model.state_dict(), found[0]["double"]["state"]["model"]
    for name, value in alone.items():
        assert (together[name] - value).abs().max() < IN_DOUBLE, name


def test_running_averages_and_counts_are_those_of_one_alone(found):
    alone, together = trained("ghost")[0].model.state_dict(), found[0]["ghost"]["state"]["model"]
    for name in ("1.running_mean", "1.running_var"):
        assert (together[name] - alone[name]).abs().max() < ORDER_OF_SUMS
    assert together["1.num_batches_tracked"] == alone["1.num_batches_tracked"] > 0


def test_draws_inside_the_network_are_each_process_s_own_and_at_one_position(found):
    states = torch.stack([one["drawing"]["streams"][0] for one in found])
    assert len(states[:, 0].unique()) == COUNT and states[0, 0] == 5
    assert len(states[:, 1].unique()) == 1 and states[0, 1] > 0


def test_processes_go_on_bit_by_bit_from_what_the_first_one_saved(found):
    for one in found:
        assert fingerprint(one["resumed"]) == fingerprint(one["drawing"])


def test_a_loss_that_is_no_number_in_one_process_stops_all_in_the_same_update(found):
    assert {one["broken"] for one in found} == {"loss: got nan in update 1, expected a finite number"}


@pytest.mark.gpu
def test_sums_and_words_travel_between_gpus(tmp_path):
    meeting = f"file://{tmp_path}/meeting"
    distributed.init_process_group("cpu:gloo,cuda:nccl", init_method=meeting, rank=0, world_size=1)
    try:
        values = [torch.ones(3, device="cuda"), torch.full((2, 2), 5.0, device="cuda")]
        _reduce(values, distributed.ReduceOp.SUM)
        assert values[0].tolist() == [1.0] * 3 and values[1].sum() == 20.0
        assert _broadcast({"state": torch.arange(3)})["state"].tolist() == [0, 1, 2]
    finally:
        distributed.destroy_process_group()
