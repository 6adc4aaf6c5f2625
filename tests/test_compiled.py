"""Compiled code is kept on disk; a copy made by other sources never stands in the way."""

import os
import pickle
import re
import shutil
import subprocess
import sys

import numba
import pytest

import envs.compiled
import planners.compiled


@pytest.mark.parametrize("compiled", [envs.compiled, planners.compiled], ids=["envs", "planners"])
def test_a_copy_on_disk_that_names_a_module_now_gone_is_forgotten(compiled, tmp_path, monkeypatch):
    class Copies:
        """As numba's index: unreadable until it is flushed."""

        flushed = False
        _source_stamp = None

        def _load_index(self):
            if not self.flushed:
                pickle.loads(b"cenvs.a_module_of_an_older_version\nThing\n.")

        def flush(self):
            self.flushed = True

    copies = Copies()
    compiled._renew(copies, "stamp")
    assert copies.flushed and copies._source_stamp == "stamp"


@pytest.mark.parametrize("compiled", [envs.compiled, planners.compiled], ids=["envs", "planners"])
def test_a_numba_that_keeps_its_stamp_elsewhere_is_refused_by_its_version(compiled):
    with pytest.raises(RuntimeError, match=f"numba {re.escape(numba.__version__)}"):
        compiled._renew(object(), "stamp")


KERNELS = """
from compiled import kernel

@kernel
def answer():
    return {}
"""
ENTRIES = """
from compiled import entry
from kernels import answer

@entry
def ask():
    return answer()

print(ask())
"""


@pytest.mark.parametrize("compiled", [envs.compiled, planners.compiled], ids=["envs", "planners"])
def test_an_edited_kernel_is_compiled_anew_into_the_entries_of_other_files(compiled, tmp_path):
    shutil.copy(compiled.__file__, tmp_path / "compiled.py")
    (tmp_path / "entries.py").write_text(ENTRIES)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    for number in (1, 2):
        (tmp_path / "kernels.py").write_text(KERNELS.format(number))
        command = [sys.executable, "-B", str(tmp_path / "entries.py")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert (done.stdout, done.stderr) == (f"{number}\n", "")
    assert list((tmp_path / "cache").rglob("*.nbc"))
