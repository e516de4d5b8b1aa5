/**
 * @file  Go's pc-line table: function, file, line, frame size and inlining of a code address.
 *
 * Formats of Go 1.18 (magic 0xfffffff0) and 1.20+ (0xfffffff1); src/runtime/symtab.go,
 * internal/abi/symtab.go, cmd/internal/obj/pcln.go. Knows nothing of moduledata: the caller hands
 * in the tables as host memory, so tests can hand in made-up ones. Every offset read from a table
 * is checked against that table's length; bad data means "not found", never a fault.
 */
#ifndef GOCTX_IMAGE_PCLNTAB_H
#define GOCTX_IMAGE_PCLNTAB_H

#include "target/target.h"

/** Bytes of one table. */
struct pcln_bytes {
	const uint8_t *p;
	uint64_t n;
};

/** Offsets inside runtime._func and runtime.inlinedCall; the caller fills them from the layout. -1:
 * not in this release. */
struct pcln_shape {
	int32_t func_size; /* sizeof(runtime._func) without its trailing pcdata */
	int32_t entry_off, name_off, pcsp, pcfile, pcln, npcdata, cu_offset, func_id, nfuncdata;
	int32_t inl_size;				  /* sizeof(runtime.inlinedCall) */
	int32_t inl_func_id, inl_name_off, inl_parent_pc; /* nameOff is called func_ until 1.19 */
	int32_t args, deferreturn;
};

/** One module's tables (moduledata.pclntable, funcnametab, …). */
struct pclntab {
	struct pcln_bytes funcnametab, cutab, filetab, pctab, pclntable;
	struct pcln_bytes
		ftab; /* {entryoff u32, funcoff u32} pairs; one more entry marks the end */
	struct pcln_bytes gofunc; /* bytes from moduledata.gofunc on, as far as they are readable;
				     may be empty */
	taddr text, etext;	  /* moduledata.text, etext */
	uint8_t quantum;	  /* bytes of code that a step of a pc table counts: struct arch,
				      pc_quantum */
	struct pcln_shape shape;
};

/** A function found; plain numbers, no ownership.  `name` points into funcnametab. */
struct pcln_func {
	const char *name; /* NUL-terminated inside the table, "?" when damaged */
	taddr entry;
	taddr end;    /* entry of the next one */
	uint32_t off; /* of its _func in pclntable */
	uint8_t func_id;
	int32_t args;	      /* bytes of arguments and results above the return address,
				  PCLN_ARGS_UNKNOWN */
	uint32_t deferreturn; /* offset of a call of runtime.deferreturn from entry, 0: it defers
				 nothing */
};

/* internal/abi.ArgsSizeUnknown: reflect.makeFuncStub and methodValueCall */
#define PCLN_ARGS_UNKNOWN INT32_MIN

/** @return false when @p pc is in no function of this module.  O(log n). */
bool pcln_find(const struct pclntab *t, taddr pc, struct pcln_func *ret);

/**
 * Function by exact name; instances of generic functions have their shape in it
 * ("main.F[go.shape.int]"), which the runtime shortens to "main.F[...]" in tracebacks. Linear, for
 * set-up only: 0.1 ms for cmd/compile.  @return false when absent, or inlined wherever it is called
 */
bool pcln_find_name(const struct pclntab *t, const char *name, struct pcln_func *ret);

/** Is this the name of a wanted function?  @p n its length. */
typedef bool pcln_want_fn(const char *name, size_t n);
typedef void pcln_func_fn(void *arg, const struct pcln_func *f);

/**
 * Visit the functions whose names @p want accepts.  Each name of the table is asked once, then one
 * pass over the functions looks at numbers only: 2 ms for 100 000 functions.  At most 256 names are
 * kept.
 */
void pcln_select(const struct pclntab *t, pcln_want_fn *want, pcln_func_fn *fn, void *arg);

/** Frame size at @p pc: bytes from sp to the return address (pcsp table).  @return false when not
 * known. */
bool pcln_frame_size(const struct pclntab *t, const struct pcln_func *f, taddr pc, int32_t *ret);

/* The tables that follow a _func (internal/abi/symtab.go); numbers are the same since 1.16. */
enum pcln_pcdata_id { PCDATA_STACK_MAP_INDEX = 1, PCDATA_INL_TREE_INDEX = 2 };
enum pcln_funcdata_id {
	FUNCDATA_ARGS_POINTER_MAPS = 0,
	FUNCDATA_LOCALS_POINTER_MAPS = 1,
	FUNCDATA_STACK_OBJECTS = 2,
	FUNCDATA_INL_TREE = 3,
	FUNCDATA_OPEN_CODED_DEFER_INFO = 4,
};

/**
 * Value of a pcdata table at @p pc (runtime.pcdatavalue).
 * @return true with -1 when the function has no such table; false when it is damaged or does not
 * cover @p pc
 */
bool pcln_pcdata(const struct pclntab *t, const struct pcln_func *f, enum pcln_pcdata_id id,
		 taddr pc, int32_t *ret);

/**
 * Bytes of a funcdata (runtime.funcdata), from its start as far as `gofunc` reaches: the data
 * itself says where it ends.
 * @return true with ret->p NULL when the function has none; false when it lies outside of the table
 */
bool pcln_funcdata(const struct pclntab *t, const struct pcln_func *f, enum pcln_funcdata_id id,
		   struct pcln_bytes *ret);

/** Take a varint of up to 32 bits off the front of @p b, as the runtime writes them.  @return
 * false: it does not end in there */
bool pcln_varint(struct pcln_bytes *b, uint32_t *ret);

/** One logical frame at a pc, innermost first. */
struct pcln_frame {
	const char *func; /* points into funcnametab */
	const char *file; /* points into filetab; "?" when not known */
	int32_t line;	  /* 0 when not known */
	bool inlined;	  /* the code was inlined into the frame that follows */
	uint8_t func_id;
};

/**
 * Expand @p pc (for a return address pass pc - 1) into its inlined frames, innermost first, the
 * physical function last. Compiler-made wrappers are among them (see func_id); runtime.Callers
 * leaves those out.
 * @return number of frames written, 1 … @p max (the outermost is always among them)
 */
size_t pcln_expand(const struct pclntab *t, const struct pcln_func *f, taddr pc,
		   struct pcln_frame *frames, size_t max);

/** A call that was inlined: the pc that stands for its call site, in the order of which calls stand
 * in the source; its function.  @return false to stop */
typedef bool pcln_call_fn(void *arg, taddr pc, const char *func);

/**
 * Visit the calls that were inlined into a function, those inside of others too; of one that is
 * longer than 64 KiB only those in its start. Cost: some microseconds.  @return false: @p fn
 * stopped it
 */
bool pcln_inlined_each(const struct pclntab *t, const struct pcln_func *f, pcln_call_fn *fn,
		       void *arg);

/** The same of those that the code at @p pc belongs to, innermost first. */
void pcln_inlined_at(const struct pclntab *t, const struct pcln_func *f, taddr pc, pcln_call_fn *fn,
		     void *arg);

/** A call of the function @p name that was inlined into @p f, and the pc that stands for its call
 * site. */
typedef void pcln_inlined_fn(void *arg, const struct pcln_func *f, taddr pc, const char *name);

/**
 * Visit all inlined calls of the functions whose names @p want accepts, those inside of other
 * inlined calls too.  Each name is asked once; then the inline trees are searched for the names'
 * numbers, and of the functions that have one the tree is read.  Cost: 5 ms for 100 000 functions.
 */
void pcln_inlined_find(const struct pclntab *t, pcln_want_fn *want, pcln_inlined_fn *fn, void *arg);

/**
 * Has the compiler put the code of a function that @p want accepts anywhere into this one?
 * Cost: some microseconds; of one that is longer than 64 KiB only the start is looked at.
 */
bool pcln_inlines(const struct pclntab *t, const struct pcln_func *f, pcln_want_fn *want);

#endif
