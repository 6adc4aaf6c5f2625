"""A Digital Curling 3 client in the standard library alone, written from the protocol's description only.

`python minimal_client.py PORT [GAMES]` draws to the tee, curling away from the side that is fuller, and
prints the result of every game.
"""

import json
import socket
import sys

TEE = (0.131728, 2.399831)  # m/s; stops at the tee of an empty sheet, anticlockwise


def main(port, games):
    for _ in range(games):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            print(play(connection.makefile("rw", encoding="utf-8", newline="\n")))


def play(stream):
    team = None
    state = {}
    for line in stream:
        message = json.loads(line)
        command = message["cmd"]
        if command == "dc":
            assert message["version"]["major"] == 1
            answer(stream, cmd="dc_ok", name="minimal")
        elif command == "is_ready":
            team = message["team"]
            assert message["game"]["setting"]["max_end"] > 0
            answer(stream, cmd="ready_ok", player_order=[0, 1, 2, 3])
        elif command == "update":
            state = message["state"]
            if message["next_team"] == team:
                answer(stream, cmd="move", move=draw(state))
        elif command == "game_over":
            result = state["game_result"]
            return "won" if result["winner"] == team else "lost"
    raise SystemExit("the server hung up")


def draw(state):
    stones = [stone for name in ("team0", "team1") for stone in state["stones"][name] if stone]
    right = sum(stone["position"]["x"] > 0 for stone in stones)
    side, rotation = (-1, "cw") if 2 * right > len(stones) else (1, "ccw")
    return {"type": "shot", "velocity": {"x": side * TEE[0], "y": TEE[1]}, "rotation": rotation}


def answer(stream, **fields):
    stream.write(json.dumps(fields) + "\n")
    stream.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
