"""The helper as a co-process of the GDB session.

    protocol    requests to bytes, bytes to answers
    client      one helper process: start, ask, interrupt, end
    locate      where the helper program is
    target      what GDB looks at, as options for the helper
    session     one helper for each inferior, and when its model is stale
"""
