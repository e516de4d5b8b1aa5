"""Contexts watched while the program runs: `goctx trace`.

    memory    words and type names of the program, read through GDB
    probes    breakpoints in package context, and what the registers say there
    event     what was seen, as the helper is told of it: who made, attached, removed, cancelled what
    session   one trace: probes set, the program running, probes gone again

What is printed, the sums by call site and when it is enough are the helper's
(dwarf-helper/src/report/trace.h).  event knows nothing of GDB.
"""
