"""TensorBoard events of a run, written in the same thread (so nothing is lost or left half-written at a
stop)."""

import secrets
import time
from collections.abc import Mapping
from pathlib import Path

from agents.runs.errors import StorageError

EVENTS_NAME = "events.out.tfevents"


class EventFile:
    """One event file; a continued run starts another, which tells TensorBoard to forget the steps after its
    start."""

    def __init__(self, folder: Path, *, step: int) -> None:
        """Opens a new event file.

        Args:
            folder: The run folder.
            step: Last step that stays valid from earlier files.

        Raises:
            StorageError: The file cannot be written.
        """
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog
        from tensorboard.summary.writer.record_writer import RecordWriter

        name = f"{EVENTS_NAME}.{time.time():.0f}.{secrets.token_hex(4)}"
        try:
            self._handle = open(folder / name, "xb")  # noqa: SIM115 (closed by close)
        except OSError as error:
            raise StorageError(f"cannot write {folder / name}: {error.strerror or error}") from error
        self._writer = RecordWriter(self._handle)
        self._write(Event(file_version="brain.Event:2"))
        self._write(Event(step=step + 1, session_log=SessionLog(status=SessionLog.START)))

    def append(self, step: int, measurements: Mapping[str, float]) -> None:
        """Writes the measurements of one interval.

        Raises:
            StorageError: The file cannot be written.
        """
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=name, simple_value=value) for name, value in measurements.items()]
        self._write(Event(step=step, summary=Summary(value=values)))

    def close(self) -> None:
        """Closes the file."""
        self._handle.close()

    def _write(self, event: object) -> None:
        event.wall_time = time.time()
        try:
            self._writer.write(event.SerializeToString())
            self._handle.flush()
        except OSError as error:
            raise StorageError(f"cannot write {self._handle.name}: {error.strerror or error}") from error
