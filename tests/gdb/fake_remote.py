#!/usr/bin/python3
"""A remote target for GDB on standard input and output: one stopped thread, no memory."""

from __future__ import annotations

import sys

REGISTERS = "0" * 2 * 164  # the x86-64 registers that GDB expects without a target description


def answer(packet: str) -> str:
    if packet == "?":
        return "T05thread:1;"
    if packet == "g":
        return REGISTERS
    if packet[0] in "mM":
        return "E01"
    fixed = {"qfThreadInfo": "m1", "qsThreadInfo": "l", "qC": "QC1", "qAttached": "1"}
    return fixed.get(packet, "OK" if packet[0] in "HTDk" else "")


def main() -> None:
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while True:
        byte = source.read(1)
        if not byte:
            return
        if byte != b"$":  # acknowledgements
            continue
        packet = bytearray()
        while (byte := source.read(1)) != b"#":
            packet += byte
        source.read(2)
        text = answer(packet.decode()).encode()
        sink.write(b"+$%s#%02x" % (text, sum(text) % 256))
        sink.flush()


if __name__ == "__main__":
    main()
