"""The processes that this one has started, and what they listen at; from /proc."""

import os
from pathlib import Path

ACTOR = "ray::RemoteWork"
LISTENING = "0A"
LOOPBACK = {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}


def descendants():
    """Process ids of all children, their children and so on, with their command lines."""
    parents, words = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text()
            words[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])
    found, queue = {}, [os.getpid()]
    while queue:
        above = queue.pop()
        children = [child for child, parent in parents.items() if parent == above]
        queue += children
        found |= {child: words[child] for child in children}
    return found


def processor_seconds():
    """Of this process and all its descendants so far, in user and system mode."""
    ticks = 0
    for process in [os.getpid(), *descendants()]:
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def actors():
    """Process ids of the workers of a cluster that this process has started."""
    return [process for process, words in descendants().items() if words.startswith(ACTOR)]


def listening_elsewhere():
    """Addresses other than the loopback at which this process and its descendants listen; how many listen."""
    inodes = set()
    for process in [os.getpid(), *descendants()]:
        for link in Path(f"/proc/{process}/fd").glob("*"):
            try:
                inodes.add(os.readlink(link))
            except FileNotFoundError:
                continue
    rows = [
        row.split()
        for name in ("tcp", "tcp6")
        for row in Path("/proc/net", name).read_text().splitlines()[1:]
    ]
    ours = [row[1].split(":") for row in rows if row[3] == LISTENING and f"socket:[{row[9]}]" in inodes]
    return [f"{address}:{port}" for address, port in ours if address not in LOOPBACK], len(ours)
