"""Contexts watched while the program runs: `goctx trace`.

    memory    words and type names of the program, read through GDB
    probes    breakpoints in package context, and what the registers say there
    journal   events: who made, attached, removed, cancelled what; sums by call site
    session   one trace: probes set, the program running, probes gone again

journal knows nothing of GDB.
"""
