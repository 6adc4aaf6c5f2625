"""Laws of updates for which nobody waits: the eager ones' numbers, failures that move nothing, resuming."""

import math

import numpy as np
import pytest
import torch

import agents.rig.goals
from agents.rig.batch import as_batch, to_batch
from agents.rig.device_updates import CHECK_EVERY, DeviceUpdates
from agents.rig.experience import draw_rows
from agents.rig.learner import build
from agents.rig.networks import ActorCritic, CodePair
from agents.rig.relabel import RELABELLING
from agents.rig.sac import Sac
from agents.rig.td3 import Td3
from tests.rig.test_algorithms import OUTPUTS
from tests.rig.tiny import tiny

ALGORITHMS = {"td3": Td3, "sac": Sac}
CODE, ACTIONS, BATCH = 3, 2, 16


def algorithm(kind="td3", device="cpu", silent=False, **changes):
    """On codes of `CODE` numbers; `silent` draws zeros for noise, so that devices can be compared."""
    generator = torch.Generator().manual_seed(0)
    networks = ActorCritic(
        CodePair(CODE), actions=ACTIONS, outputs=OUTPUTS[kind], hidden=(16, 16), generator=generator
    )
    config = tiny(algorithm=kind, batch=BATCH, **changes)
    found = ALGORITHMS[kind](networks, config, seed=1, device=device)
    if silent:
        found._noise = torch.zeros_like
    return found


def deferred(found, device="cpu"):
    return DeviceUpdates(found, BATCH, CODE, actions=ACTIONS, device=device)


def random_rows(updates, seed=0):
    rows = np.random.default_rng(seed).standard_normal((updates, BATCH, 3 * CODE + ACTIONS + 2), np.float32)
    rows[..., -1] = 0.0  # nothing terminates
    return rows


def weights(found):
    """Of the learnt networks, as one vector on the CPU."""
    return torch.cat([p.detach().flatten() for p in found.networks.parameters()]).cpu()


def test_rows_are_read_as_the_batch_they_were_made_of():
    rng = np.random.default_rng(0)
    arrays = [
        rng.standard_normal(shape, np.float32) for shape in ((4, 3), (4, 3), (4, 2), (4,), (4, 3), (4,))
    ]
    rows = np.concatenate([array.reshape(4, -1) for array in arrays], axis=1)
    for found, expected in zip(
        as_batch(torch.from_numpy(rows), 3), to_batch(*arrays, device="cpu"), strict=True
    ):
        assert torch.equal(found, expected)


@pytest.mark.parametrize("kind", ALGORITHMS)
def test_updates_without_waiting_move_the_weights_bit_for_bit_as_the_eager_ones(kind):
    eager, ours = algorithm(kind), algorithm(kind)
    rows, losses = random_rows(5), []
    deferred_ours = deferred(ours)
    deferred_ours.learn(rows[:3])
    deferred_ours.learn(rows[3:])
    for batch in torch.from_numpy(rows):
        losses.append(eager.update(as_batch(batch, CODE)))
    assert torch.equal(weights(eager), weights(ours)) and eager.updates == ours.updates == 5
    found = deferred_ours.means()
    for name in {name for row in losses for name in row}:
        told = [row[name] for row in losses if name in row]
        assert found[name] == pytest.approx(np.mean(told), rel=1e-5)
    assert found["reward"] == pytest.approx(rows[..., -CODE - 2].mean(), abs=1e-5)


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
@pytest.mark.parametrize("kind", ALGORITHMS)
def test_nothing_moves_from_a_failed_update_on_and_the_error_names_it(kind, device):
    ours, before = algorithm(kind, device), algorithm(kind, device)
    rows = random_rows(6)
    deferred(before, device).learn(rows[:3])
    rows[3, 2, 0] = math.nan
    found = deferred(ours, device)
    found.learn(rows)
    assert torch.equal(weights(ours), weights(before))
    with pytest.raises(FloatingPointError, match=r"^update 4: "):
        found.check()


def test_a_failure_is_noticed_after_some_hundred_updates_by_itself():
    found = deferred(algorithm())
    rows = random_rows(CHECK_EVERY)
    rows[7, 0, -2 - CODE] = math.inf
    with pytest.raises(FloatingPointError, match=r"^update 8: "):
        found.learn(rows)


@pytest.mark.parametrize("part", ["policy", "critics"])
def test_weights_that_are_not_finite_fail_too(part):
    ours = algorithm()
    with torch.no_grad():
        next(getattr(ours.networks, part).parameters()).view(-1)[0] = math.nan
    found = deferred(ours)
    found.learn(random_rows(2))
    with pytest.raises(FloatingPointError):
        found.check()


@pytest.fixture
def on_device(monkeypatch, short_epochs):
    """Learners on the CPU that update as on a GPU, without graphs."""
    monkeypatch.setattr(agents.rig.goals, "POOL", 20)

    def make(seed=3, **changes):
        learner = build(tiny(**changes), seed=seed, device="cpu")
        size = learner.agent.representation.code_shape[0]
        learner._on_device = DeviceUpdates(
            learner.algorithm, learner.config.batch, size, actions=ACTIONS, device="cpu"
        )
        return learner

    return make


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"method": "oracle", "env": "pusher"},
        {"algorithm": "sac"},
        {"finetune_every": 8, "finetune_updates": 2},
        {"updates_per_step": 20, "steps": 28},
    ],
)
def test_a_run_with_such_updates_makes_those_that_are_due_and_resumes_bit_equal(changes, on_device):
    whole = on_device(**changes)
    rows = list(whole.train())
    learning = [row for row in rows if "critic_loss" in row]
    assert learning and all(math.isfinite(value) for row in rows for value in row.values())
    # Episodes of 7 actions, side by side: the first batch is drawn when 14 have ended.
    assert rows[-1]["updates"] == whole.config.updates_per_step * (whole.config.steps - 14)
    first = on_device(**changes)
    training = first.train()
    for _ in range(len(rows) - 2):
        next(training)
    resumed = on_device(seed=99, **changes)
    resumed.load_state_dict(first.state_dict())
    assert list(resumed.train()) == rows[-2:]
    assert torch.equal(weights(resumed.algorithm), weights(whole.algorithm))


def test_the_device_is_given_its_updates_before_the_world_moves(on_device, monkeypatch):
    learner, order = on_device(), []
    list(learner.train())
    moves = learner._collector.task.move
    monkeypatch.setattr(learner._on_device, "learn", lambda rows: order.append(len(rows)))
    monkeypatch.setattr(
        learner._collector.task, "move", lambda *given: order.append("world") or moves(*given)
    )
    learner._advance()
    assert order == [2, "world"]


def test_drawing_for_the_device_asks_no_network(on_device, monkeypatch):
    learner = on_device()
    list(learner.train())
    monkeypatch.setattr(learner.autoencoder.fit.model, "forward", None)
    monkeypatch.setattr(learner.autoencoder.representation, "network", None)
    before = learner.algorithm.updates
    learner._update_on_device()
    assert learner.algorithm.updates == before + learner.config.parallel


def test_a_failure_that_nobody_saw_yet_is_never_saved(on_device):
    learner = on_device()
    list(learner.train())
    learner._on_device.learn(np.full((1, learner.config.batch, 3 * 4 + ACTIONS + 2), math.nan, np.float32))
    with pytest.raises(FloatingPointError, match=r"^update 27: "):
        learner.state_dict()


@pytest.mark.parametrize("relabel", ["rig", "future", "vae", "none"])
def test_every_batch_of_many_has_its_share_of_each_kind_of_goal(relabel, on_device):
    learner = on_device(relabel=relabel)
    list(learner.train())
    learner.goals.imagine = lambda rng, count: agents.rig.goals.Goals(
        np.full((count, 4), 7.0, np.float32), None
    )
    learner.replay._numbers["goals"][:] = 5.0
    rows = draw_rows(learner.replay, learner.goals, learner.config, np.random.default_rng(0), 6)
    assert rows.shape == (6, learner.config.batch, 3 * 4 + ACTIONS + 2) and rows.flags.c_contiguous
    share = RELABELLING[relabel]
    for batch in rows:
        for value, wanted in ((7.0, share.imagined), (5.0, share.own)):
            assert abs((batch[:, 4] == value).sum() - wanted * learner.config.batch) <= 1


def test_both_critics_together_say_what_they_say_apart():
    """Values and gradients, these in the memory layout of the weights, as the fused optimiser needs them."""
    critics = algorithm().networks.critics
    inputs = torch.randn(BATCH, 2 * CODE + ACTIONS, generator=torch.Generator().manual_seed(2))
    inputs.requires_grad_()
    apart = torch.stack((critics.first(inputs), critics.second(inputs))).squeeze(-1)
    together = critics.together(inputs)
    assert together.shape == (2, BATCH)
    torch.testing.assert_close(together, apart)
    wanted = [inputs, *critics.parameters()]
    weight = torch.linspace(-1, 1, 2 * BATCH).view(2, BATCH)
    found, expected = (torch.autograd.grad((v * weight).sum(), wanted) for v in (together, apart))
    for ours, theirs, parameter in zip(found, expected, wanted, strict=True):
        torch.testing.assert_close(ours, theirs)
        assert ours.stride() == parameter.stride() or parameter is inputs


@pytest.mark.parametrize("kind", ALGORITHMS)
def test_updates_with_both_critics_together_are_those_of_the_critics_apart(kind, monkeypatch):
    """Bound: after 20 updates the weights differ by 0.1 % of the way they went."""
    apart, together = algorithm(kind), algorithm(kind)
    start = weights(apart)
    for part in (together.networks.critics, together.targets.critics):
        monkeypatch.setattr(
            part, "forward", lambda state, action, part=part: part.together(torch.cat((state, action), dim=1))
        )
    for one in (apart, together):
        deferred(one).learn(random_rows(20))
    gap, way = weights(apart) - weights(together), weights(apart) - start
    assert way.norm() > 0.1 and gap.norm() < 1e-3 * way.norm()


@pytest.mark.gpu
@pytest.mark.parametrize(("products", "bound"), [("float32", 0.01), ("tfloat32", 0.1)])
@pytest.mark.parametrize("kind", ALGORITHMS)
def test_a_graph_moves_the_weights_as_the_cpu_does(kind, products, bound):
    """Bound: after 40 updates the weights differ by 1 % of the way they went, and the losses by 1 %.

    With products in shortened numbers by 10 %.
    """
    there = algorithm(kind, "cuda", silent=True, products=products)
    here = algorithm(kind, silent=True)
    start, found = weights(here), [deferred(there, "cuda"), deferred(here)]
    for seed in range(10):
        for one in found:
            one.learn(random_rows(4, seed))
    gap, way = weights(there) - weights(here), weights(here) - start
    assert there.updates == here.updates == 40 and way.norm() > 0.1
    assert gap.norm() <= bound * way.norm()
    gpu, cpu = (one.means() for one in found)
    assert set(gpu) == set(cpu)
    assert all(gpu[name] == pytest.approx(cpu[name], rel=bound, abs=1e-3) for name in cpu)


@pytest.mark.gpu
def test_every_replay_draws_fresh_noise_from_the_generator_it_was_given():
    ours = algorithm("td3", "cuda", rate=1e-12, tau=1e-12, policy_delay=1000, target_noise=0.4)
    found, rows = deferred(ours, "cuda"), random_rows(1)
    with torch.no_grad():
        for parameter in ours.targets.critics.parameters():
            parameter.mul_(10.0)

    def loss():
        found.learn(rows)
        return found.means()["critic_loss"]

    state = ours.generator.get_state()
    first, second = loss(), loss()
    ours.generator.set_state(state)
    assert first != second and loss() == pytest.approx(first, rel=1e-5)


@pytest.mark.gpu
@pytest.mark.parametrize("kind", ALGORITHMS)
@pytest.mark.parametrize("before_capture", [True, False])
def test_updates_on_a_gpu_go_on_from_a_state_as_if_never_stopped(kind, before_capture):
    whole, other = algorithm(kind, "cuda"), algorithm(kind, "cuda")
    runs = [deferred(one, "cuda") for one in (whole, other)]
    runs[0].learn(random_rows(5, 1))
    if not before_capture:
        runs[1].learn(random_rows(3, 2))
        runs[1].means()
    other.load_state_dict(whole.state_dict())
    for run in runs:
        run.learn(random_rows(6, 3))
        run.check()
    assert whole.updates == other.updates == 11
    assert torch.equal(weights(whole), weights(other))
    assert torch.equal(whole.generator.get_state(), other.generator.get_state())


@pytest.mark.gpu
@pytest.mark.parametrize(
    "changes", [{}, {"algorithm": "sac"}, {"method": "dsae"}, {"method": "her", "batch": 4}]
)
def test_a_run_on_a_gpu_yields_finite_reports_and_resumes(changes, monkeypatch, short_epochs):
    monkeypatch.setattr(agents.rig.goals, "POOL", 20)
    learner = build(tiny(**changes), seed=3, device="cuda")
    training = learner.train()
    rows = [next(training) for _ in range(learner.config.intervals - 1)]
    resumed = build(tiny(**changes), seed=4, device="cuda")
    resumed.load_state_dict(learner.state_dict())
    rows += list(resumed.train())
    assert all(math.isfinite(value) for row in rows for value in row.values())
    assert rows[-1]["environment_steps"] == learner.config.steps and "critic_loss" in rows[-1]
