"""A cluster without Ray or time: actors that do their work when they are asked, and die on command."""

from queue import SimpleQueue

from agents.cluster.identity import Identity
from agents.cluster.remote_workers import ActorGone

HERE = Identity("here", {"python": "3", "torch": "2"}, "sources", "cpu")


class FakeActors:
    """As `agents.cluster.remote_workers.Actors`.

    Every message is answered by `answer(message)`, a list of things told. `dies` tells of an actor (its place
    in the order of starts) and how many messages it has heard whether it dies now.
    """

    def __init__(self, room, answer, dies=lambda place, heard: False, identity=HERE):
        self.space, self.answer, self.dies, self.identity = room, answer, dies, identity
        self.started, self.ended, self.shared, self.asked = [], [], [], {}

    def room(self):
        return self.space - len(self.started) + len(self.ended)

    def start(self):
        actor = FakeActor(len(self.started))
        self.started.append(actor)
        return actor

    def share(self, value):
        self.shared.append(value)
        return value

    def call(self, actor, method, *arguments):
        if method == "hear":
            place, message = arguments
            assert place == len(actor.heard)
            actor.heard.append(message)
            actor.waiting.put(message)
            return None
        ticket = (actor.place, method, len(self.asked))
        self.asked[ticket] = actor
        return ticket

    def wait(self, tickets, seconds):
        """A dead or busy actor answers, an idle one never does."""
        return [ticket for ticket in tickets if self.has_news(*ticket)]

    def has_news(self, place, method, _):
        actor = self.started[place]
        return method != "told" or actor.dead or not actor.waiting.empty()

    def take(self, ticket):
        actor = self.asked.pop(ticket)
        method = ticket[1]
        actor.dead = actor.dead or self.dies(actor.place, len(actor.heard))
        if actor.dead:
            raise ActorGone("ActorDiedError")
        if method == "identity":
            return self.identity
        return None if method == "begin" else self.answer(actor.waiting.get())

    def end(self, actor):
        if actor not in self.ended:
            self.ended.append(actor)


class FakeActor:
    """What it heard, and what of that it has not answered."""

    def __init__(self, place):
        self.place, self.dead, self.heard, self.waiting = place, False, [], SimpleQueue()
