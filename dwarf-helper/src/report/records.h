/**
 * @file  Every JSON record: its fields in order, what each holds, in which unit, and whether it can
 * be null.
 *
 * This list is the contract with scripts.  The writers (report/writer.h) take the names of fields
 * from it, and checked builds stop when a record is not written as it says; dwarf-helper/RECORDS.md
 * is made from it (`make records`), and tests/test_records.py reads real answers against that page.
 *
 * What is listed keeps its name, its place and its meaning.  New fields go to the end of their
 * record; a change of meaning raises RECORDS_SCHEMA and takes a line in CHANGELOG.md.
 */
#ifndef GOCTX_REPORT_RECORDS_H
#define GOCTX_REPORT_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define RECORDS_SCHEMA 1

/** What a field holds. */
enum rec_kind {
	KIND_NONE, /* no field: the beginning of a record */
	KIND_INT,
	KIND_FLOAT,
	KIND_BOOL,
	KIND_TEXT,
	KIND_WORD, /* one of the words that stand between backticks in its meaning, which is a
		      closed set */
	KIND_ADDR, /* "0x…": text, because numbers of JSON end at 2^53 in many a reader */
	KIND_CTX,  /* the same for a context, or "background" or "todo", which have no address */
	KIND_TIME, /* RFC 3339, UTC */
	KIND_INTS, /* arrays: of these … */
	KIND_TEXTS,
	KIND_CTXS,
	KIND_PARTS,  /* … and of objects: records of the type that the unit names */
	KIND_COUNTS, /* an object: word to number */
	KIND_LABELS, /* an object: text to text */
};

enum rec_null {
	ALWAYS, /* there, and not null */
	MAYBE,	/* there; null: not known, or there is none */
	ABSENT, /* left out of records that have no use for it; where it stands, null as above */
};

/** Where a record stands. */
enum rec_role {
	ROLE_FIELD, /* it is none */
	ROLE_LINE,  /* a line of its own, whose first field is "type" */
	ROLE_PART,  /* an object inside of a line, without "type" */
	ROLE_TRACE, /* a line of GDB's `goctx trace`, which only gdb/goctx/trace writes */
};

/**
 * R(record, role, meaning) begins a record; F(record, field, kind, null, unit, meaning) is its next
 * field.
 */
// clang-format off
#define RECORDS(R, F) \
R(header, LINE, "The first line of every answer: what was asked, and of what.") \
	F(header, schema, INT, ALWAYS, "", "version of this page; another one is given when a field that exists changes its meaning") \
	F(header, version, TEXT, ALWAYS, "", "of goctx") \
	F(header, command, TEXT, ALWAYS, "", "the command that is answered") \
	F(header, go, TEXT, MAYBE, "", "release of Go that built the program, as its toolchain wrote it") \
	F(header, arch, TEXT, ALWAYS, "", "the processor, as Go names it (GOARCH)") \
	F(header, exe, TEXT, MAYBE, "", "path of the executable") \
	F(header, target, WORD, MAYBE, "", "`core`, `process` or `remote` (a process that only GDB can reach)") \
	F(header, build_id_match, BOOL, MAYBE, "", "is the executable the one of the target, by build ids? null: one of them has none") \
	F(header, layout_source, WORD, MAYBE, "", "where offsets of fields come from: `dwarf` or `table`") \
	F(header, goroutines, INT, ALWAYS, "", "how many the target has, whatever the command shows") \
	F(header, contexts, INT, ALWAYS, "", "likewise") \
	F(header, damage, INT, ALWAYS, "", "notes of level `damage` known when the line was written; not 0: the exit status is 4") \
	F(header, core, TEXT, MAYBE, "", "path of the core file as it was given; null: a process") \
	F(header, pid, INT, MAYBE, "", "of the process, also of the one that left the core") \
	F(header, host, TEXT, MAYBE, "", "name of the machine (nodename of uname) as a process on this one sees it; null: a core, which does not " \
	  "tell, a process of another machine, or one with a name of its own for this one (a container)") \
	F(header, time, TIME, MAYBE, "", "when the target was taken: now for a process, for a core by the runtime's last reading of the clock, " \
	  "else by the date of the file; `info` says by which") \
	F(header, build_id, TEXT, MAYBE, "hex", "GNU build id of the executable") \
	F(header, module, TEXT, MAYBE, "", "path of the main module, from Go's build information") \
	F(header, module_version, TEXT, MAYBE, "", "its version; `(devel)` is what Go writes for a build from a working copy") \
	F(header, vcs_revision, TEXT, MAYBE, "", "revision it was built from, as its version control names it") \
	F(header, stopped_ns, INT, MAYBE, "ns", "how long the process stood still; null: a core, one that somebody else holds, or one too large " \
	  "to be copied, which is still held when the line is written") \
\
R(note, LINE, "What could not be done, or looks wrong; after all other lines, but in `bt` after the stack it is about.") \
	F(note, level, WORD, ALWAYS, "", "`warning`, `damage` (part of the target is missing or contradicts itself) or `limit` (there is more)") \
	F(note, text, TEXT, ALWAYS, "", "one sentence") \
\
R(context, LINE, "One context.") \
	F(context, addr, CTX, ALWAYS, "", "of the struct; of the boxed value for contexts that are no pointers") \
	F(context, kind, WORD, ALWAYS, "", "`background`, `todo`, `cancel`, `timer`, `value`, `without_cancel`, `after_func`, `stop` or `custom`") \
	F(context, go_type, TEXT, MAYBE, "", "its dynamic type, as in *context.cancelCtx") \
	F(context, name, TEXT, ALWAYS, "", "how it was made, from the root on: context.Background.WithCancel; of long names the middle is counted only") \
	F(context, parent, CTX, MAYBE, "", "null: it is a root") \
	F(context, depth, INT, ALWAYS, "", "how many contexts are above it") \
	F(context, state, WORD, ALWAYS, "", "`active`, `canceled`, `expired`, `never` (nothing can cancel it) or `unknown` (only its own code knows, " \
	  "or it could not be read); a word in any case, so that it can be asked for with --state") \
	F(context, err, TEXT, MAYBE, "", "text of Err(); null: nil, or not known when the state is not") \
	F(context, cause, TEXT, MAYBE, "", "text of context.Cause()") \
	F(context, deadline, TIME, MAYBE, "", "its own; null: it has none, or one outside of the years that RFC 3339 can write") \
	F(context, deadline_left_ns, INT, MAYBE, "ns", "until its own deadline when the target was taken, by the clock that counts; negative: passed") \
	F(context, children, INT, ALWAYS, "", "entries of its children map; of kinds without a map, the contexts made on it that have not ended") \
	F(context, done, ADDR, MAYBE, "", "its own done channel; null: none was made, or the kind has none") \
	F(context, tasks, INT, ALWAYS, "", "goroutines parked on its done channel") \
	F(context, key, TEXT, MAYBE, "", "of a value context, in Go's notation: the type alone of an empty struct, else the value; a string stands in quotes, " \
	  "which makes it another than a number or a name of the same letters") \
	F(context, value, TEXT, MAYBE, "", "of a value context, in Go's notation as key; its type and \"(redacted)\" with --redact") \
	F(context, made, PARTS, ABSENT, "location", "`list`: where it was made, when a record of the heap profile says so") \
\
R(task, LINE, "One goroutine.") \
	F(task, goid, INT, ALWAYS, "", "its number") \
	F(task, status, WORD, ALWAYS, "", "what the scheduler says: `idle`, `runnable`, `running`, `syscall`, `waiting`, `dead`, `copystack`, " \
	  "`preempted`, `leaked` or `unknown`; what it waits for is wait_reason") \
	F(task, wait_reason, TEXT, MAYBE, "", "why it is parked, in the words of its release of Go") \
	F(task, wait_ns, INT, MAYBE, "ns", "for how long at least: the collector stamps those that are parked") \
	F(task, system, BOOL, ALWAYS, "", "is it one of the runtime's own?") \
	F(task, func, TEXT, MAYBE, "", "innermost function that is not plumbing of the runtime or the standard library") \
	F(task, file, TEXT, MAYBE, "", "full path of its source, as built") \
	F(task, line, INT, MAYBE, "", "line there") \
	F(task, created_by, TEXT, MAYBE, "", "function with the go statement") \
	F(task, created_file, TEXT, MAYBE, "", "file of that") \
	F(task, created_line, INT, MAYBE, "", "line of that") \
	F(task, parent_goid, INT, MAYBE, "", "the goroutine that executed the go statement (since Go 1.21); it may have ended") \
	F(task, waits, PARTS, ALWAYS, "task_wait", "the channels it is parked on, all cases of a select") \
	F(task, labels, LABELS, ALWAYS, "", "pprof labels") \
	F(task, bubble, INT, MAYBE, "", "number of its bubble of testing/synctest; null: in none") \
\
R(task_wait, PART, "A channel that a goroutine is parked on.") \
	F(task_wait, chan, ADDR, MAYBE, "", "its runtime.hchan") \
	F(task_wait, op, WORD, ALWAYS, "", "`recv` or `send`") \
	F(task_wait, context, CTX, MAYBE, "", "the context whose done channel it is") \
\
R(wait, LINE, "`waits`: what a goroutine waits for, and who holds that; a select has a line a case.") \
	F(wait, goid, INT, ALWAYS, "", "who waits") \
	F(wait, for, ADDR, ALWAYS, "", "the channel (of a context: its done channel); the first byte of the lock, of the sync.Cond, of the semaphore.Weighted of golang.org/x/sync, of the sql.DB; for any other semaphore its word") \
	F(wait, kind, WORD, ALWAYS, "", "`chan`, `mutex`, `rwmutex`, `waitgroup`, `cond`, `semaphore`, `pool` (connections of database/sql) or `context`; who waits for a Weighted or a pool is parked " \
	  "on a channel of its own, which is told instead where the program has no DWARF") \
	F(wait, full, BOOL, MAYBE, "", "of a channel: has its buffer no room left? false without a buffer; of a Weighted, a pool: is nothing of it left? null: of nothing else") \
	F(wait, holders, INTS, ALWAYS, "", "goroutines that hold it, or would serve it, 100 at most, all with --limit 0; empty: none is known, or nobody looked: of " \
	  "channels that are only received from none are looked for, but where others wait for who receives") \
	F(wait, inferred, BOOL, ALWAYS, "", "are they inferred from stacks? Go writes down no owner") \
	F(wait, moves, BOOL, ALWAYS, "", "false: it hangs on a cycle, on a goroutine that sends and nobody receives, or on one that holds a lock and waits for a signal that nobody gives") \
\
R(edge, LINE, "A context hangs on another.") \
	F(edge, parent, CTX, MAYBE, "", "the one above") \
	F(edge, child, CTX, MAYBE, "", "the one below; in `children` also an entry of the map that is no context known otherwise") \
	F(edge, via, WORD, MAYBE, "", "`children` (the map), `embedded` (a field of the child), `afterfunc` or `watcher` (a goroutine passes the end on)") \
\
R(frame, LINE, "One call of a stack.") \
	F(frame, goid, INT, ALWAYS, "", "whose stack") \
	F(frame, index, INT, ALWAYS, "", "0 is the innermost") \
	F(frame, pc, ADDR, MAYBE, "", "where it is, or will return to") \
	F(frame, func, TEXT, MAYBE, "", "null: no function of Go is there") \
	F(frame, file, TEXT, MAYBE, "", "full path of its source, as built") \
	F(frame, line, INT, MAYBE, "", "line there") \
	F(frame, inlined, BOOL, ALWAYS, "", "is it inlined into the next frame?") \
\
R(group, LINE, "`tasks --group`: goroutines that have something in common. `leaks`: the largest groups that no finding names.") \
	F(group, by, WORD, ALWAYS, "", "`stack`, `func`, `wait`, `created` or `context`; `unnamed`: of `leaks`") \
	F(group, key, TEXT, ALWAYS, "", "what they share, in words") \
	F(group, count, INT, ALWAYS, "", "how many they are") \
	F(group, oldest_ns, INT, MAYBE, "ns", "longest wait among them") \
	F(group, context, CTX, ABSENT, "", "the context they wait on, null: none; with --group context only") \
	F(group, frames, PARTS, ABSENT, "group_frame", "their stack, innermost first; with --group stack only") \
	F(group, goids, INTS, ALWAYS, "", "their numbers, 100 at most; empty: they are contexts") \
	F(group, of, WORD, ALWAYS, "", "`goroutines` or `contexts`") \
	F(group, contexts, CTXS, ABSENT, "", "their addresses, 100 at most; of contexts only") \
\
R(group_frame, PART, "One call of a stack that several share.") \
	F(group_frame, pc, ADDR, MAYBE, "", "of the first of them") \
	F(group_frame, func, TEXT, MAYBE, "", "null: no function of Go is there") \
	F(group_frame, file, TEXT, MAYBE, "", "full path of its source, as built") \
	F(group_frame, line, INT, ALWAYS, "", "line there; 0 without a function") \
	F(group_frame, inlined, BOOL, ALWAYS, "", "is it inlined into the next frame?") \
\
R(finding, LINE, "`leaks`, `check`: one thing that is wrong, or worth knowing.") \
	F(finding, rule, TEXT, ALWAYS, "", "name of the rule that found it; see the README") \
	F(finding, confidence, WORD, ALWAYS, "", "`certain`, `likely`, `possible` or `info`") \
	F(finding, signature, TEXT, ALWAYS, "hex", "made of names alone: the same in every core of a program") \
	F(finding, summary, TEXT, ALWAYS, "", "one sentence") \
	F(finding, unit, TEXT, ALWAYS, "", "what is counted, in the singular") \
	F(finding, count, INT, ALWAYS, "", "how many") \
	F(finding, tasks, INT, ALWAYS, "", "goroutines among or below them") \
	F(finding, bytes, INT, MAYBE, "bytes", "memory that goes with them") \
	F(finding, context, CTX, MAYBE, "", "the one context it is about, when there is one") \
	F(finding, contexts, CTXS, ALWAYS, "", "contexts it is about, 100 at most, all with --limit 0") \
	F(finding, goids, INTS, ALWAYS, "", "goroutines it is about, likewise") \
	F(finding, evidence, TEXTS, ALWAYS, "", "what it rests on: a label, a colon, words") \
	F(finding, next, TEXTS, ALWAYS, "", "commands that go on from here") \
	F(finding, also, TEXTS, ALWAYS, "", "other rules that found the same") \
	F(finding, locations, PARTS, ALWAYS, "location", "places in the program that have to do with it, those of one role most frequent first") \
	F(finding, oldest_ns, INT, MAYBE, "ns", "how long that of its goroutines waits that waits longest") \
	F(finding, newest_ns, INT, MAYBE, "ns", "the same of the one that waits shortest") \
	F(finding, holder, PARTS, ALWAYS, "hop", "why what it is about is alive, from the root on; empty: not known, or not asked") \
\
R(location, PART, "A place in the program that has to do with a finding.") \
	F(location, role, WORD, ALWAYS, "", "`waits` (its goroutines stand there), `started` (the go statement that started them), `holds` (who holds it stands there), `cancels` (whose deferred calls are to cancel its contexts) or `made` (its contexts were made there)") \
	F(location, func, TEXT, MAYBE, "", "the function") \
	F(location, file, TEXT, MAYBE, "", "its file, as the compiler was given it") \
	F(location, line, INT, MAYBE, "", "the line") \
	F(location, count, INT, ALWAYS, "", "how many goroutines; of `cancels` 1, of `made` those of its contexts that are known to be, 0 by a call") \
	F(location, source, WORD, ALWAYS, "", "how it is known: `stack` (of goroutines, and what the runtime keeps of the one that started each), `profile` (records of the heap profile) or `call` (a guess: the code has a call there, one of at most three that are as likely)") \
\
R(path, LINE, "`why`: one path from a root to the object, shortest first.") \
	F(path, index, INT, ALWAYS, "", "1, 2, …") \
	F(path, root, TEXT, ALWAYS, "", "what holds it at the far end: global, stack, finalizer, …") \
	F(path, goid, INT, MAYBE, "", "the goroutine, when the root is its stack") \
	F(path, itself, BOOL, ALWAYS, "", "that goroutine waits for the object, so that its own stack is no news") \
	F(path, hops, PARTS, ALWAYS, "hop", "from the root to the object") \
\
R(hop, PART, "A step of a path.") \
	F(hop, addr, ADDR, MAYBE, "", "the object reached") \
	F(hop, type, TEXT, MAYBE, "", "its type") \
	F(hop, via, TEXT, ALWAYS, "", "by which variable, field, index, key or capture") \
	F(hop, times, INT, ABSENT, "", "how many equal steps it stands for; more than one alone") \
	F(hop, context, WORD, ABSENT, "", "kind of the context that the object is: `background`, `todo`, `cancel`, `timer`, `value`, `without_cancel`, " \
	  "`after_func`, `stop` or `custom`") \
\
R(subject, LINE, "`why`: the object that was asked about, so that \"no path\" and \"no object\" are two answers.") \
	F(subject, addr, ADDR, MAYBE, "", "as asked") \
	F(subject, what, WORD, ALWAYS, "", "`object`, `free` (a slot in which nothing is allocated), `tail` (behind the last object of a span) or `other` (not the heap)") \
	F(subject, object, ADDR, MAYBE, "", "where the object begins") \
	F(subject, size, INT, MAYBE, "bytes", "of the object's slot") \
	F(subject, place, TEXT, MAYBE, "", "what is there when it is not the heap: a variable, a stack") \
	F(subject, holders, INT, ALWAYS, "", "how many point to it, as far as was looked") \
	F(subject, holders_all, BOOL, ALWAYS, "", "is that all of them?") \
	F(subject, complete, BOOL, ALWAYS, "", "could all be read that may lead to it?") \
\
R(made, LINE, "`show`, `why`: where the object was made, when the heap profile has a record of it.") \
	F(made, addr, ADDR, ALWAYS, "", "of the object: a context, its done channel, what `why` was asked about") \
	F(made, func, TEXT, ALWAYS, "", "the innermost function that is not the standard library's or golang.org/x's; where there is none, the one that called into package context or the runtime") \
	F(made, file, TEXT, ALWAYS, "", "full path of its source, as built") \
	F(made, line, INT, ALWAYS, "", "line there") \
	F(made, stack, PARTS, ALWAYS, "made_frame", "the whole stack of the allocation, innermost first; inlined calls are undone") \
	F(made, sampled, INT, ALWAYS, "", "objects that that line made, of whatever types, that have a record and are allocated") \
	F(made, bytes, INT, ALWAYS, "bytes", "of their slots") \
	F(made, about, INT, MAYBE, "", "how many they stand for, estimated as pprof does") \
\
R(made_frame, PART, "One call of that stack.") \
	F(made_frame, func, TEXT, MAYBE, "", "null: no function of Go is there") \
	F(made_frame, file, TEXT, MAYBE, "", "full path of its source, as built") \
	F(made_frame, line, INT, MAYBE, "", "line there") \
\
R(canceler, LINE, "`show`: who can still cancel the context.") \
	F(canceler, context, ADDR, MAYBE, "", "the context") \
	F(canceler, kind, WORD, ALWAYS, "", "`func` (a CancelFunc), `timer`, `stop` (of AfterFunc), `parent` or `watcher` (a goroutine)") \
	F(canceler, closure, ADDR, MAYBE, "", "the closure") \
	F(canceler, func, TEXT, MAYBE, "", "its code") \
	F(canceler, goid, INT, MAYBE, "", "the goroutine that watches, or has deferred it") \
	F(canceler, held, WORD, MAYBE, "", "`deferred`, `path` or `nothing`; null: not asked or not known") \
	F(canceler, held_by, TEXT, MAYBE, "", "what holds the closure, in words") \
	F(canceler, lost, BOOL, MAYBE, "", "can nobody call it any more?") \
\
R(info, LINE, "`info`: what is being looked at, and how much there is.") \
	F(info, module, TEXT, MAYBE, "", "path and version of the main module with a space between") \
	F(info, gnu_build_id, TEXT, MAYBE, "hex", "of the executable") \
	F(info, go_build_id, TEXT, MAYBE, "", "of the executable") \
	F(info, core, TEXT, MAYBE, "", "path of the core, or the process in words; the header has these as core and pid") \
	F(info, maker, TEXT, MAYBE, "", "what wrote the core") \
	F(info, size_bytes, INT, ALWAYS, "bytes", "of the core file; of a process, its writable memory in use") \
	F(info, truncated, BOOL, ALWAYS, "", "is the end of the core file missing?") \
	F(info, taken, TIME, MAYBE, "", "as time of the header") \
	F(info, taken_from, TEXT, MAYBE, "", "by which clock, in words") \
	F(info, stopped_ns, INT, ALWAYS, "ns", "as in the header, but 0 where it is null there") \
	F(info, dwarf_version, INT, ALWAYS, "", "0: no debug information") \
	F(info, structs_dwarf, INT, ALWAYS, "", "how many structs' layouts come from there") \
	F(info, structs_table, INT, ALWAYS, "", "how many from the table of the release") \
	F(info, tasks_by_status, COUNTS, ALWAYS, "", "goroutines by status of their record") \
	F(info, tasks_system, INT, ALWAYS, "", "those of the runtime's own among them") \
	F(info, tasks_on_contexts, INT, ALWAYS, "", "those parked on any context's done channel") \
	F(info, contexts_by_kind, COUNTS, ALWAYS, "", "contexts by kind of their record") \
	F(info, contexts_by_state, COUNTS, ALWAYS, "", "contexts by state of their record") \
	F(info, contexts_only_heap, INT, ALWAYS, "", "contexts that only a CancelFunc or a pointer refers to") \
	F(info, lookalikes, INT, ALWAYS, "", "objects that look like contexts, to which nothing refers as such; they are not shown") \
	F(info, limits, INT, ALWAYS, "", "notes of level `limit`") \
\
R(heap, LINE, "`heap`: figures of the collector as the runtime keeps them, and what lies in the heap, counted.") \
	F(heap, heap_in_use_bytes, INT, MAYBE, "bytes", "of spans in use (MemStats.HeapInuse)") \
	F(heap, heap_free_bytes, INT, MAYBE, "bytes", "of free pages still held") \
	F(heap, heap_released_bytes, INT, MAYBE, "bytes", "of free pages given back to the system (MemStats.HeapReleased)") \
	F(heap, live_marked_bytes, INT, MAYBE, "bytes", "found alive by the last mark") \
	F(heap, live_now_bytes, INT, MAYBE, "bytes", "that, and what was allocated since; an estimate of the runtime's") \
	F(heap, next_goal_bytes, INT, MAYBE, "bytes", "heap size at which the next collection should end (MemStats.NextGC)") \
	F(heap, total_alloc_bytes, INT, MAYBE, "bytes", "ever allocated") \
	F(heap, total_free_bytes, INT, MAYBE, "bytes", "ever freed") \
	F(heap, mapped_ready_bytes, INT, MAYBE, "bytes", "mapped and ready to be used") \
	F(heap, stacks_bytes, INT, MAYBE, "bytes", "of spans that are goroutines' stacks (MemStats.StackInuse)") \
	F(heap, collections, INT, MAYBE, "", "collections so far (MemStats.NumGC)") \
	F(heap, collections_forced, INT, MAYBE, "", "those of them that runtime.GC asked for") \
	F(heap, pause_total_ns, INT, MAYBE, "ns", "world stopped, in all") \
	F(heap, last_end_unix_ns, INT, MAYBE, "ns since 1970", "end of the last collection") \
	F(heap, arenas, INT, MAYBE, "", "arenas of 64 MiB") \
	F(heap, last_ago_ns, INT, MAYBE, "ns", "from that end until the target was taken") \
	F(heap, gc_percent, INT, MAYBE, "", "GOGC; -1: off") \
	F(heap, memory_limit_bytes, INT, MAYBE, "bytes", "GOMEMLIMIT; null: none, or not known") \
	F(heap, gc_cpu_fraction, FLOAT, MAYBE, "", "part of the processors' time since the start that went into collecting") \
	F(heap, phase, WORD, MAYBE, "", "`off`, `mark` or `mark termination`") \
	F(heap, spans, INT, MAYBE, "", "counted, as the next two: null when there is no heap to count") \
	F(heap, objects, INT, MAYBE, "", "in them") \
	F(heap, object_bytes, INT, MAYBE, "bytes", "of their slots") \
	F(heap, incomplete, BOOL, ALWAYS, "", "was some of it unreadable? then the sums are lower bounds") \
	F(heap, finalizers, INT, MAYBE, "", "objects with one") \
	F(heap, cleanups, INT, MAYBE, "", "cleanups of objects (since Go 1.24)") \
	F(heap, weak_pointers, INT, MAYBE, "", "handles of weak pointers (since Go 1.24)") \
	F(heap, specials_other, INT, MAYBE, "", "other records about objects: profiles, pinners") \
	F(heap, pauses, PARTS, ALWAYS, "pause", "the last ones, newest first, 256 at most") \
	F(heap, classes, PARTS, ALWAYS, "class", "objects by the size of their slots, most bytes first") \
	F(heap, profile, WORD, MAYBE, "", "the heap profile, which has records of where objects were made: `on`, `off` (runtime.MemProfileRate is 0) or `unused` (nothing in the program asks for it, so the linker turned it off)") \
	F(heap, profile_rate_bytes, INT, MAYBE, "bytes", "one allocation in so many is sampled, on average; 0: none") \
	F(heap, profile_records, INT, MAYBE, "", "objects that have a record") \
\
R(pause, PART, "The world stopped, in one collection.") \
	F(pause, pause_ns, INT, ALWAYS, "ns", "how long") \
	F(pause, end_unix_ns, INT, MAYBE, "ns since 1970", "when it ended") \
\
R(class, PART, "Objects of one size.") \
	F(class, pointers, BOOL, ALWAYS, "", "can they hold pointers?") \
	F(class, size_bytes, INT, MAYBE, "bytes", "of a slot; null: large objects, each in a span of its own") \
	F(class, spans, INT, ALWAYS, "", "how many") \
	F(class, slots, INT, ALWAYS, "", "that they have room for") \
	F(class, objects, INT, ALWAYS, "", "that are in them") \
	F(class, bytes, INT, ALWAYS, "bytes", "of the objects' slots") \
	F(class, span_bytes, INT, ALWAYS, "bytes", "of the spans") \
\
R(layout, LINE, "`layout`: one struct that goctx reads.") \
	F(layout, struct, TEXT, ALWAYS, "", "its name; names of several releases have | between them") \
	F(layout, size, INT, MAYBE, "bytes", "null: this release has no such struct") \
	F(layout, source, WORD, MAYBE, "", "`dwarf` or `table`") \
\
R(field, LINE, "`layout`: one field of such a struct.") \
	F(field, struct, TEXT, ALWAYS, "", "as above") \
	F(field, field, TEXT, ALWAYS, "", "its name or path") \
	F(field, offset, INT, MAYBE, "bytes", "null: this release has no such field") \
	F(field, size, INT, MAYBE, "bytes", "likewise") \
\
R(variable, LINE, "`layout`: one variable of the runtime's.") \
	F(variable, name, TEXT, ALWAYS, "", "with its package") \
	F(variable, addr, ADDR, MAYBE, "", "null: this release, or this program, has none") \
	F(variable, size, INT, MAYBE, "bytes", "") \
\
R(member, LINE, "`layout TYPE`: one member of any struct of the program, by DWARF.") \
	F(member, struct, TEXT, ALWAYS, "", "as asked") \
	F(member, member, TEXT, ALWAYS, "", "its name") \
	F(member, member_type, TEXT, MAYBE, "", "its type") \
	F(member, offset, INT, ALWAYS, "bytes", "") \
	F(member, size, INT, ALWAYS, "bytes", "") \
\
R(event, TRACE, "GDB's `goctx trace`: something happened to a context.") \
	F(event, time_ns, INT, ALWAYS, "ns", "since the trace began") \
	F(event, goid, INT, ALWAYS, "", "the goroutine that did it") \
	F(event, event, WORD, ALWAYS, "", "`create`, `attach`, `remove` or `cancel`") \
	F(event, how, TEXT, MAYBE, "", "by which function of package context") \
	F(event, context, CTX, MAYBE, "", "to which context") \
	F(event, parent, CTX, MAYBE, "", "made on, or taken from") \
	F(event, err, TEXT, MAYBE, "", "what it was cancelled with") \
	F(event, cause, TEXT, MAYBE, "", "its cause") \
	F(event, key, TEXT, MAYBE, "", "of a value context") \
	F(event, func, TEXT, ALWAYS, "", "function that called package context") \
	F(event, file, TEXT, MAYBE, "", "full path of its source") \
	F(event, line, INT, MAYBE, "", "line there") \
\
R(site, LINE, "`sites`: one call in the code that makes contexts. GDB's `goctx trace`, after all events: one place that made contexts.") \
	F(site, how, TEXT, ABSENT, "", "of a trace: by which function of package context") \
	F(site, func, TEXT, ALWAYS, "", "function that called it") \
	F(site, file, TEXT, MAYBE, "", "full path of its source") \
	F(site, line, INT, MAYBE, "", "line there") \
	F(site, created, INT, ABSENT, "", "of a trace: contexts made there") \
	F(site, canceled, INT, ABSENT, "", "of a trace: those of them that were cancelled") \
	F(site, active, CTXS, ABSENT, "", "of a trace: those that still are") \
	F(site, calls, TEXT, ABSENT, "", "of `sites`: the function that is called, `context.WithCancel`") \
	F(site, live, INT, ABSENT, "", "of `sites`: contexts that have not ended and were probably made there: no other call is as likely") \
	F(site, sampled, INT, ABSENT, "", "of `sites`: those of them that a record of the heap profile proves to be from there") \
	F(site, own, BOOL, ABSENT, "", "of `sites`: is it in a package of the program's own, not of the library or another module?") \
	F(site, pc, ADDR, ABSENT, "", "of `sites`: where the call is in the code; a line that was compiled several times has several")
// clang-format on

/** REC_context is the record, REC_context_addr its first field; they stand in order, a record
 * before its fields. */
enum rec_field {
#define R(record, role, about) REC_##record,
#define F(record, field, kind, null, unit, about) REC_##record##_##field,
	RECORDS(R, F)
#undef R
#undef F
		REC_END
};

/** What writers need of an entry. */
struct rec_info {
	const char *text; /* of a field: `,"addr":`; of a record: how it begins */
	uint8_t text_n;
	uint8_t role; /* enum rec_role */
	uint8_t kind; /* enum rec_kind */
	uint8_t null; /* enum rec_null */
};

/** The reference page, Markdown. */
void records_page(struct buf *out);

#endif
