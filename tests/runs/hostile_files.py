"""Files an attacker might put in place of a checkpoint; run as a module, it loads them all under a memory
limit."""

import hashlib
import io
import json
import os
import pickle
import resource
import struct
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import numpy as np
import torch

ZEROS = "0" * 64


class Call:
    """Unpickling this calls a function."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def signed(metadata, tensors=None, data=b"", header=None):
    """A safetensors file whose digest is right, as an attacker can make one."""
    if header is None:
        described = {"__metadata__": {**metadata, "sha256": ZEROS}, **(tensors or {})}
        header = json.dumps(described, separators=(",", ":")).encode()
    content = struct.pack("<Q", len(header)) + header + data
    digest = hashlib.sha256(content).hexdigest().encode()
    return content.replace(ZEROS.encode(), digest, 1)


def fields(**changes):
    """Well-formed metadata, with changes."""
    plain = {"format": "1", "kind": '"tiny"', "config": "{}", "step": "1", "versions": "{}", "state": "{}"}
    return plain | changes


def archive(name, make):
    """A zip or tar in memory."""
    stream = io.BytesIO()
    if name == "zip":
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
            make(file)
    else:
        with tarfile.open(fileobj=stream, mode="w") as file:
            make(file)
    return stream.getvalue()


def saved(write, *arguments, **options):
    """What a save function writes into a stream."""
    stream = io.BytesIO()
    write(stream, *arguments, **options)
    return stream.getvalue()


def link_member(file):
    """Adds a symbolic link that points outside."""
    member = tarfile.TarInfo("state")
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    file.addfile(member)


def hostile_files(canary):
    """Name -> content; code in any of them would make the file `canary`."""
    command = f"{sys.executable} -c 'open({str(canary)!r}, \"w\")'"
    system = pickle.dumps(Call(os.system, command))
    evaluate = pickle.dumps(Call(eval, f"open({str(canary)!r}, 'w')"))
    huge = {"a": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4 * 10**12]}}
    wrapping = {"a": {"dtype": "F32", "shape": [2**62, 4], "data_offsets": [0, 0]}}
    four = {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    overlapping = four | {"b": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    negative = {"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}
    deep = "[" * 100_000 + "]" * 100_000
    objects = np.array([Call(os.system, command)], dtype=object)
    return {
        "pickle_system": system,
        "pickle_eval": evaluate,
        "torch_zip_with_call": saved(lambda stream: torch.save(Call(os.system, command), stream)),
        "torch_legacy": saved(
            lambda stream: torch.save(Call(os.system, command), stream, _use_new_zipfile_serialization=False)
        ),
        "torch_tar": archive("tar", lambda file: file.addfile(_member("pickle", system), io.BytesIO(system))),
        "nested_zip": archive(
            "zip", lambda file: file.writestr("a.zip", archive("zip", lambda f: f.writestr("b", b"")))
        ),
        "zip_bomb": archive("zip", lambda file: file.writestr("data.pkl", bytes(10**7))),
        "zip_traversal": archive("zip", lambda file: file.writestr("../../escape", b"x")),
        "tar_link": archive("tar", link_member),
        "npy_objects": saved(np.save, objects, allow_pickle=True),
        "npz_objects": saved(lambda stream: np.savez(stream, a=objects)),
        "yaml": f"!!python/object/apply:os.system ['{command}']".encode(),
        "distributed_metadata": b"\x80\x04" + system[2:],
        "header_claims_everything": struct.pack("<Q", 2**63 - 1) + b"{}",
        "trillion_elements": signed(fields(), huge),
        "shape_wraps_around": signed(fields(), wrapping),
        "overlapping_tensors": signed(fields(), overlapping, bytes(4)),
        "negative_shape": signed(fields(), negative, bytes(4)),
        "hole_in_the_data": signed(fields(), four, bytes(8)),
        "deep_header": signed({}, header=f'{{"__metadata__":{{"sha256":"{ZEROS}"}},"a":{deep}}}'.encode()),
        "deep_state": signed(fields(state=deep)),
        "state_nan": signed(fields(state="NaN")),
        "step_infinite": signed(fields(step="1e999")),
        "step_is_text": signed(fields(step='"1"')),
        "kind_is_a_list": signed(fields(kind="[]")),
        "format_of_the_future": signed(fields(format="1000000")),
        "format_missing": signed({key: value for key, value in fields().items() if key != "format"}),
        "unknown_field": signed(fields(extra="1")),
        "state_names_an_absent_tensor": signed(fields(state='{"$torch":"state/none"}')),
        "state_with_unknown_mark": signed(fields(state='{"$eval":"1"}')),
        "state_marks_abused": signed(fields(state='{"$items":[1,2]}')),
        "wide_header": signed(fields(state="[" + "{}," * (3 * 10**6) + "{}]")),
        "nothing_but_zeros": bytes(10**6),
        "text": b"hello\n",
    }


def _member(name, content):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    return member


def load_all(folder, limit_bytes):
    """Loads every file of a folder; returns name -> [error type, seconds], and the peak memory in bytes."""
    from agents.runs.checkpoint import load_checkpoint
    from agents.runs.errors import CorruptFileError

    found = {}
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + limit_bytes,) * 2)
    for path in sorted(folder.iterdir()):
        started = time.monotonic()
        try:
            load_checkpoint(path)
            outcome = "loaded"
        except CorruptFileError as error:
            outcome = "refused" if "\n" not in str(error) and len(str(error)) < 500 else "refused at length"
        except Exception as error:
            outcome = type(error).__name__
        found[path.name] = [outcome, time.monotonic() - started]
    return found


def _address_space():
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


if __name__ == "__main__":
    print(json.dumps(load_all(Path(sys.argv[1]), int(sys.argv[2]))))
