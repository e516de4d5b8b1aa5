"""Load goctx into GDB: `source gdb/goctx-gdb.py`.

Adds the commands `goctx ...` (see `help goctx`) and the settings `set goctx
...`.  Prints nothing.  Sourcing it again loads the code afresh; helpers that
were running end, and the next command starts a new one.

This file is kept to what any Python understands, so that an old GDB gets the
message below instead of a syntax error.
"""

import os
import sys

import gdb


def _load(folder):
    # format_address came with GDB 13; what is looked for is the age, not the function.
    if sys.version_info < (3, 8) or not hasattr(gdb, "format_address"):
        # Not raised: GDB would print a traceback around it.
        gdb.write(
            "goctx: GDB 13 or newer with Python 3.8 or newer is needed"
            " (this is GDB %s with Python %s)\n" % (gdb.VERSION, sys.version.split()[0]),
            gdb.STDERR,
        )
        return
    old = sys.modules.get("goctx")
    if hasattr(old, "unregister"):
        old.unregister()
    for name in list(sys.modules):
        if name == "goctx" or name.startswith("goctx."):
            del sys.modules[name]
    # The folder of the package itself, never its parent: there, `gdb` would be our folder.
    if folder in sys.path:
        sys.path.remove(folder)
    sys.path.insert(0, folder)
    import goctx

    goctx.register()


# Not __file__: that is the outer script when a Python script sources this one.
_load(os.path.dirname(os.path.realpath(_load.__code__.co_filename)))
