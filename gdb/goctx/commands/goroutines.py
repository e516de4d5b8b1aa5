"""Commands about goroutines."""

from __future__ import annotations

from .base import HelperCommand

__all__ = ["BlockedCommand", "BtCommand", "TasksCommand", "WaitsCommand"]


class TasksCommand(HelperCommand):
    """List goroutines, or count them by what they have in common.

    Usage: goctx tasks [OPTION]...

    The function shown is the user's, not runtime.gopark.  The runtime's own
    goroutines are left out unless --system is given.

    {options}

    Example, the stacks that most of those share that wait for ten minutes:
      (gdb) goctx tasks --group stack --min-wait 10m

    See also: goctx bt, goctx blocked."""

    name = "tasks"


class BlockedCommand(HelperCommand):
    """List goroutines that wait for a context to end, oldest first.

    Usage: goctx blocked [OPTION]...

    Those parked on the done channel of a context, alone or in a select.

    {options}

    Example:
      (gdb) goctx blocked --min-wait 1h
      goroutine  state   blocked on              context       cancelled?  for
      884        select  done 0xc0000a6060 (+1)  0xc0000b2000  no          41h
      (1)                (2)               (3)   (4)           (5)         (6)
    (1) for goctx bt  (2) the done channel  (3) other channels of its select
    (4) whose done channel it is, for goctx show
    (5) yes: the goroutine should be running again soon
    (6) at least that long: the collector stamps it

    See also: goctx bt, goctx tree, goctx tasks."""

    name = "blocked"


class WaitsCommand(HelperCommand):
    """Who waits for whom: from the blocked to the last who blocks.

    Usage: goctx waits [OPTION]...

    Goroutines that wait for channels, locks and wait groups, and who holds
    these.  First what does not move, cycles before chains; then what is waited
    for and held by somebody who moves.  Go writes down no owner: who holds what
    is inferred from stacks and from the code of their functions.

    {options}

    Example, a lock whose holder sends to a channel that nobody receives from:
      (gdb) goctx waits
      13 goroutines hang on a chain that does not move
         12 goroutines, sync.Mutex.Lock in app.(*Log).size log.go:78
         `- Mutex 0xc000118000, held by
            goroutine 34, chan send in app.(*Log).add log.go:73  (inferred)
            `- chan 0xc00011a000 (no buffer), and nobody receives

    See also: goctx blocked, goctx bt, goctx why."""

    name = "waits"


class BtCommand(HelperCommand):
    """Print the stack of a goroutine, or all stacks, equal ones together.

    Usage: goctx bt [OPTION]... GOID|all

    Works for goroutines that are parked, runnable, running or in a system
    call, in cores too; inlined frames are marked.  GOID is a number, or an
    expression: an integer, a runtime.g or a pointer to one.  The filters apply
    to `all`.

    {options}

    Example:
      (gdb) goctx bt 884
      (gdb) goctx bt all --min-wait 1h
      (gdb) goctx bt 'runtime.allgs'.array[3]

    See also: goctx tasks."""

    name = "bt"
    argument = "goroutine"
