"""Run inside of GDB: the goctx command in $goctx_direct, answered by a helper that reads the process itself.

The process is held by somebody else, and stays so: both ways see the same stop.
"""

import os
import sys
from pathlib import Path

import gdb
from goctx.bridge.client import Client

pid = gdb.selected_inferior().pid
memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
client = Client(Path(os.environ["GOCTX_HELPER"]),
                ["--pid", str(pid), "--no-stop", "--mem-fd", str(memory)], (memory,))
client.request(os.environ["GOCTX_DIRECT"].split(),
               lambda data: gdb.write(data.decode()), lambda data: gdb.write(data.decode(), gdb.STDERR))
client.close()
os.close(memory)
sys.stdout.flush()
