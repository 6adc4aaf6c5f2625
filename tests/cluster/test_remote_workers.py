"""Workers of a cluster, seen from the driver: whoever is lost, each task is done once; no wait is endless."""

import pytest

from agents.cluster import remote_workers
from agents.cluster.remote_workers import MOST_BARREN, RemoteWorkers
from agents.runs.errors import ConfigError
from agents.runs.task_board import MOST_LOSSES, TaskBoard
from agents.runs.workers import WorkerEnded, WorkerLost
from tests.cluster.fake_actors import HERE, FakeActors


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Looks for room at once, and waits for nothing."""
    monkeypatch.setattr(remote_workers, "RECRUIT_SECONDS", 0.0)
    monkeypatch.setattr("time.sleep", lambda seconds: None)


def squares(message):
    return [(message, message**2)]


def crew_of(actors, count=2, notice=lambda line: None):
    return RemoteWorkers(actors, squares, ("arguments",), count=count, identity=HERE, notice=notice)


def all_done(crew, tasks, slots=0):
    """Results by task, and how often each was told."""
    board = TaskBoard(crew, slots=slots)
    for task in tasks:
        board.add(task, task)
    told = []
    while len(board):
        for worker, found in board.listen(0.0):
            board.done(worker, found[0])
            told.append(found)
    return dict(told), len(told)


def test_every_task_is_done_once_by_workers_that_are_there():
    actors = FakeActors(2, squares)
    assert all_done(crew_of(actors), range(20)) == ({task: task**2 for task in range(20)}, 20)
    assert len(actors.started) == 2 and {len(actor.heard) for actor in actors.started} == {10}


@pytest.mark.parametrize("slots", [0, 1, 3])
def test_a_lost_worker_loses_nothing_and_is_replaced_with_one_line_of_notice(slots):
    lines = []
    actors = FakeActors(2, squares, dies=lambda place, heard: place < 3 and heard >= 4)
    found = all_done(crew_of(actors, notice=lines.append), range(40), slots)
    assert found == ({task: task**2 for task in range(40)}, 40)
    assert lines == ["the worker on here is lost (ActorDiedError); what it had is done elsewhere"] * 3
    assert len(actors.started) == 5


def test_the_work_goes_on_with_those_left_where_there_is_no_room_for_another():
    actors = FakeActors(2, squares, dies=lambda place, heard: place == 1 and heard >= 3)

    def shrunk(actor):
        if actor not in actors.ended:
            actors.ended.append(actor)
            actors.space -= 1

    actors.end = shrunk
    assert all_done(crew_of(actors), range(30))[1] == 30
    assert len(actors.started) == 2 and len(actors.started[0].heard) >= 27


def test_workers_that_join_later_hear_the_latest_announcement_first():
    actors = FakeActors(1, lambda message: [], dies=lambda place, heard: place == 0 and heard >= 3)
    crew = crew_of(actors, count=1)
    while not crew.members:
        crew.ready(0.0)
    crew.announce("old")
    crew.announce("new")
    board = TaskBoard(crew)
    board.add(0, "task")
    while len(actors.started) < 2 or not actors.started[1].heard:
        board.listen(0.0)
    assert [actor.heard for actor in actors.started] == [["old", "new", "task"], ["new", "task"]]
    assert actors.shared == [("arguments",), "old", "new"]


def test_what_a_worker_told_before_it_was_lost_counts():
    def dies(place, heard):
        return place == 0 and heard == 2

    actors = FakeActors(1, squares, dies)
    crew = crew_of(actors, count=1)
    board = TaskBoard(crew, slots=1)
    board.add(1, 1)
    while not (told := board.listen(0.0)):
        pass
    board.add(2, 2)
    (worker, found), *_ = told
    board.done(worker, found[0])
    while not (told := board.listen(0.0)):
        pass
    assert found == (1, 1) and told[0][1] == (2, 4) and len(actors.started) == 2


def test_a_worker_that_never_answers_is_ended_and_replaced(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    actors = FakeActors(1, squares)
    has_news = actors.has_news

    def dumb(place, method, call):
        return (place, method) != (0, "told") and has_news(place, method, call)

    actors.has_news = dumb
    crew = crew_of(actors, count=1)
    board = TaskBoard(crew)
    board.add(7, 7)
    told = []
    while not told:
        now[0] += 10.0
        told = board.listen(0.0)
    assert told[0][1] == (7, 49) and actors.ended == [actors.started[0]]
    assert now[0] < remote_workers.SILENT_SECONDS + 100.0


def test_a_cluster_without_anyone_for_long_ends_in_a_clear_error(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    crew = crew_of(FakeActors(0, squares))
    with pytest.raises(WorkerEnded, match=r"^cluster: no worker for 120 s, expected a machine"):
        while now[0] < 1000.0:
            now[0] += 10.0
            crew.ready(0.0)
    assert 120.0 < now[0] < 150.0


def test_workers_that_die_before_they_tell_anything_are_not_replaced_for_ever():
    actors = FakeActors(1, squares, dies=lambda place, heard: heard > 0)
    with pytest.raises(WorkerEnded, match=f"^cluster: {MOST_BARREN} workers ended before they told anything"):
        all_done(crew_of(actors, count=1), range(3))
    assert len(actors.started) == MOST_BARREN


class Doomed:
    """A crew of one, which is lost with every task but 0 and then has a successor."""

    def __init__(self):
        self.members, self.task = [0], None

    def send(self, worker, message):
        self.task = message

    def ready(self, seconds):
        return self.members

    def receive(self, worker):
        if self.task == 0:
            return (0, 0)
        self.members = [worker + 1]
        raise WorkerLost(f"worker {worker} is lost")


def test_a_task_that_ends_every_worker_is_called_by_its_number():
    board = TaskBoard(Doomed(), slots=1)
    board.add(0, 0)
    board.add(13, 13)
    with pytest.raises(
        WorkerEnded, match=r"^10 workers ended with one task, 13; the last: worker 9 is lost$"
    ):
        while True:
            for worker, (task, _) in board.listen(0.0):
                board.done(worker, task)


def test_progress_of_a_task_that_was_lost_often_counts_for_it():
    board = TaskBoard(Doomed())
    board.add(13, 13)
    for step in range(3 * MOST_LOSSES):
        board.listen(0.0)
        board.amend(13, step + 1)
    assert len(board) == 1


@pytest.mark.parametrize(
    ("theirs", "error"),
    [
        ({"versions": {**HERE.versions, "torch": "1"}}, "cluster: far has torch 1, expected 2 as here"),
        ({"versions": {"python": "3"}}, "cluster: far has torch absent, expected 2 as here"),
        ({"sources": "older"}, "cluster: far has other sources of Hogline than here, expected the same"),
    ],
)
def test_a_machine_with_other_versions_is_one_clear_error(theirs, error):
    crew = crew_of(FakeActors(1, squares, identity=HERE._replace(host="far", **theirs)))
    with pytest.raises(ConfigError) as raised:
        while True:
            crew.ready(0.0)
    assert str(raised.value) == error


def test_another_kind_of_processor_is_said_once():
    lines = []
    far = HERE._replace(host="far", processor="other")
    all_done(crew_of(FakeActors(3, squares, identity=far), count=3, notice=lines.append), range(9))
    assert lines == ["the processor of far is other, here it is cpu: last bits may differ"]


def test_an_error_of_the_work_is_raised_here_and_closing_ends_everybody():
    actors = FakeActors(2, lambda message: [ConfigError("player: got nobody")])
    crew = crew_of(actors)
    with pytest.raises(ConfigError, match=r"^player: got nobody$"):
        all_done(crew, range(2))
    crew.close()
    assert len(actors.ended) == len(actors.started) == 2
