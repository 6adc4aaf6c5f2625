"""`run.py render` of a tournament's games: a shot of one as a picture, a whole one as its replay page."""

import pytest

import run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tournament of two games of one end with random players; each line is a game."""
    path = tmp_path_factory.mktemp("played") / "t"
    words = ["tournament", "drawer", "random", "--games", "2", "--ends", "1", "--out", str(path)]
    assert run.main(words) == 0
    return path


@pytest.fixture
def render(folder, tmp_path, monkeypatch, capsys):
    """Draws from the games; returns exit code, what was shown and complaints."""
    monkeypatch.chdir(tmp_path)

    def draw(*words):
        capsys.readouterr()
        code = run.main(["render", str(folder / "games.jsonl"), *words])
        shown = capsys.readouterr()
        return code, shown.out, [line for line in shown.err.splitlines() if "note: compiling" not in line]

    return draw


def test_each_shot_of_each_game_is_another_picture(render, tmp_path):
    pictures = set()
    for game, shot in (("0", "1"), ("0", "16"), ("1", "1"), ("1", "16")):
        assert render("--game", game, "--shot", shot) == (0, "picture: house.png\n", [])
        pictures.add((tmp_path / "house.png").read_bytes())
    assert len(pictures) == 4
    assert render("--line", "2")[0] == 0
    assert (tmp_path / "house.png").read_bytes() in pictures, "without a shot it is the last one"


def test_a_game_becomes_its_replay_page(render, tmp_path):
    assert render("--game", "1", "--replay", "game.html")[:2] == (
        0,
        "picture: house.png\nreplay: game.html\n",
    )
    page = (tmp_path / "game.html").read_text(encoding="utf-8")
    assert "random (red) against drawer (yellow)" in page or "drawer (red) against random (yellow)" in page
    assert "game 1: 1 end, fcv1 ice, dc3 noise" in page


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--game", "2"), "game: got 2, expected one that"),
        (("--line", "3"), "line: got 3, expected one that"),
        (("--game", "1", "--line", "2"), "game: got 1, expected nothing beside --line"),
        (("--shot", "17"), "shot: got 17, expected 1 to 16, a shot of the game"),
    ],
)
def test_a_game_or_shot_that_there_is_not_is_refused_in_one_line(render, words, error):
    code, _, errors = render(*words)
    assert code == 2 and len(errors) == 1 and errors[0].startswith(f"run.py: {error}")


@pytest.mark.parametrize("words", [("--shot", "3"), ("--replay", "game.html")])
def test_a_position_has_neither_shot_nor_replay(tmp_path, monkeypatch, capsys, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.jsonl").write_text("{}\n")
    assert run.main(["render", "p.jsonl", *words]) == 2
    assert "as the line is a position, no game" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.html"))
