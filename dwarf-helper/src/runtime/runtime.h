/**
 * @file  The Go runtime of the debuggee: modules, pc symbols, and what the other files of this
 * layer share.
 *
 * Reads the target through the layout; knows goroutines, channels, types and the heap, nothing of
 * contexts.
 */
#ifndef GOCTX_RUNTIME_RUNTIME_H
#define GOCTX_RUNTIME_RUNTIME_H

#include <signal.h>

#include "base/map.h"
#include "image/image.h"
#include "image/pclntab.h"
#include "layout/layout.h"
#include "target/target.h"

/** One runtime.moduledata: text with its pc tables, data and bss, type descriptors. */
struct module {
	taddr addr;
	taddr text, etext, minpc, maxpc;
	taddr types, etypes, rodata;
	taddr data, edata, bss, ebss, noptrdata, enoptrdata, noptrbss, enoptrbss;
	struct pclntab pcln;
};

/** One logical frame of a code address; strings live as long as the target's mapping. */
struct frame {
	const char *func; /* "app/stream.(*Conn).pump", "gopkg.in/tomb.v2.(*Tomb).run": without the
			     linker's escapes */
	const char *file; /* as the compiler recorded it */
	int32_t line;
	bool inlined; /* inlined into the frame after it */
	bool wrapper; /* made by the compiler (go f(x), method values): Go's own tracebacks leave it
			 out */
	bool std;     /* standard library */
	bool plumbing; /* runtime, internal/…, sync, syscall, time.Sleep: its lowest part */
	bool runtime;  /* package runtime or internal/runtime/… */
};

/** What is known of one physical pc, looked up once. */
struct pcinfo {
	taddr pc, entry;
	uint32_t first;	    /* its frames: rt->frames.v[first … first + n - 1], innermost first */
	uint16_t n;	    /* 0: the pc is in no Go function */
	uint8_t role;	    /* enum pc_role */
	int32_t frame_size; /* bytes from sp to the return address; -1 not known */
};

/** Functions that end or divert a stack walk; by name, since FuncIDs are renumbered nearly every
 * release. */
enum pc_role {
	PC_PLAIN,
	PC_TOP,		/* runtime.goexit, mstart, rt0_go …: nothing above it is Go */
	PC_SIGTRAMP,	/* runtime.sigtramp: its caller is the kernel's signal frame, a struct
			   rt_sigframe */
	PC_CGOCALLBACK, /* runtime.cgocallback: it returns to where the goroutine went into C, as
			   saved in curg.sched */
	PC_SIGRETURN,	/* runtime.sigreturn__sigaction, until 1.26 sigreturn: the handler has
			   returned, the kernel's struct ucontext lies at sp */
	PC_GOGO, /* gogo<> of runtime/asm_GOARCH.s: goes on with a goroutine by a jump, so nothing
		    on the stack leads there */
	PC_INJECTED, /* runtime.asyncPreempt, sigpanic, debugCallV2: its caller was interrupted, the
			pc is no return address */
};

struct heap;
struct livestack;
struct rtypes;
struct typed_cache;
struct held_names;

struct runtime {
	struct target *t;    /* borrowed */
	struct image *img;   /* borrowed */
	struct notes *notes; /* borrowed */
	struct layout L;
	uint64_t bias;

	VEC(struct module) modules;
	bool redzones;	  /* built with -asan: heap.h, heap_slot_size() */
	bool modules_cut; /* there are more, or parts of one could not be read: their variables and
			     functions are not known */
	VEC(uint8_t *) copies; /* tables that had to be copied to be in one piece, names without
				  escapes: modules and frames point into them */
	struct heap
		*heap; /* heap.h; NULL before model_build(), or when the heap could not be read */
	struct rtypes *rtypes;	   /* rtype.h */
	struct typed_cache *typed; /* typed.h; NULL until a name is asked for */

	struct held_names *held_names; /* heldname.h; NULL until one is asked for */

	struct u64map pc_index; /* pc -> index in pcs */
	VEC(struct pcinfo) pcs;
	VEC(struct frame) frames;
	struct livestack *livestack; /* livestack.h: stack maps by index into pcs; NULL until a
					stack is scanned */
	const char *goroot; /* "/usr/lib/go-1.27/src/" as the compiler recorded it: goroot_n bytes
			       of a file name, 0 unknown */
	size_t goroot_n;

	VEC(char *) wait_reasons;    /* runtime.waitReasonStrings, read from the program */
	VEC(char *) durable_reasons; /* the same as Go's traceback words them in a bubble of
					testing/synctest; NULL: not worded differently */

	volatile sig_atomic_t
		*cancel; /* set by SIGINT: long loops stop with ERR_CANCELED; never NULL */
};

#define PC_NONE UINT32_MAX
/* no goroutine, where an index into tasks.list may stand */
#define TASK_NONE UINT32_MAX
#define CTX_NONE UINT32_MAX /* no context, where an index into model.ctxs may stand */

static inline bool runtime_canceled(const struct runtime *rt)
{
	return *rt->cancel != 0;
}

/** Has the user pressed Ctrl-C?  @return NULL, err_interrupted() */
static inline struct err *runtime_check(const struct runtime *rt)
{
	return runtime_canceled(rt) ? err_interrupted() : NULL;
}

/** Module that contains a code address, or NULL. */
const struct module *runtime_module_of_pc(const struct runtime *rt, taddr pc);

/** Does the address lie in the package variables of a module? */
bool runtime_in_data(const struct runtime *rt, taddr a);

/** Index into rt->pcs of a code address exactly as given (pass pc - 1 for a return address); always
 * succeeds.  Not thread-safe. */
uint32_t runtime_pc(struct runtime *rt, taddr pc);

/**
 * What is known of a code address, given as for runtime_pc(); .n is 0 for one in no function.  Good
 * only until the next address is looked up, which may move rt->pcs: keep the index, not this.
 */
const struct pcinfo *runtime_pcinfo(struct runtime *rt, taddr pc);

/** Name of the physical function that contains @p pc, or NULL.  Any number of threads while none
 * calls runtime_pc(). */
const char *runtime_func_name(struct runtime *rt, taddr pc);

/** Read a field of at most 8 bytes, zero-extended.  @return false when it is absent (memory or
 * release). */
static inline bool runtime_field(const struct runtime *rt, taddr base, struct layout_field f,
				 uint64_t *ret)
{
	if (!LAYOUT_HAS(f))
		return false;
	unsigned size = f.size == 1 || f.size == 2 || f.size == 4 ? f.size : 8;
	return target_uint(rt->t, base + (uint64_t)f.off, size, ret);
}

/** Same on host bytes of the struct, no check: @p p holds the whole struct. */
static inline uint64_t runtime_load(const uint8_t *p, struct layout_field f)
{
	uint64_t v = 0;

	p += f.off;
	switch (f.size) {
	case 1:
		return *p;
	case 2:
		memcpy(&v, p, 2);
		return v;
	case 4:
		memcpy(&v, p, 4);
		return v;
	default:
		memcpy(&v, p, 8);
		return v;
	}
}

/** A Go string's bytes as host memory, at most @p max of them.  @return NULL when unreadable or
 * empty; *n_ret the length kept, *cut_ret (may be NULL) when longer. */
const char *runtime_string(struct runtime *rt, taddr p, uint64_t n, uint64_t max, uint64_t *n_ret,
			   bool *cut_ret);

#endif
