"""Compiled code is kept on disk; a copy made by other sources never stands in the way."""

import pickle

import pytest

import envs.compiled
import planners.compiled


@pytest.mark.parametrize("compiled", [envs.compiled, planners.compiled], ids=["envs", "planners"])
def test_a_copy_on_disk_that_names_a_module_now_gone_is_forgotten(compiled, tmp_path, monkeypatch):
    class Copies:
        """As numba's index: unreadable until it is flushed."""

        flushed = False

        def _load_index(self):
            if not self.flushed:
                pickle.loads(b"cenvs.a_module_of_an_older_version\nThing\n.")

        def flush(self):
            self.flushed = True

    copies = Copies()
    compiled._renew(copies, "stamp")
    assert copies.flushed and copies._source_stamp == "stamp"
