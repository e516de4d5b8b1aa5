/**
 * @file  The processor of the debuggee: all that goctx knows of it, in one table.
 *
 * A processor is a struct arch in base/arch_NAME.c and a reader of its code in runtime/code_NAME.c;
 * arch.c lists those there are. No other file names a register, a relocation type, a page size or
 * the width of an address (tests/test_layers.py holds it). A target keeps the table of its
 * processor (struct target: arch), and so does an image (image_arch()).
 *
 * Every number is written down here, none comes from headers of the machine that goctx runs on: a
 * core of another processor must read the same everywhere.  For the processor of the host
 * tests/c/test_arch.c compares them with the host's headers.
 *
 * Common to all, and relied upon elsewhere: Linux, little-endian, words and pointers of eight
 * bytes.
 */
#ifndef GOCTX_BASE_ARCH_H
#define GOCTX_BASE_ARCH_H

#include <stdbool.h>
#include <stdint.h>

enum {
	ARCH_REGISTERS_MAX =
		48, /* that any processor has, in struct arch's sense; arrays have this much room */
	ARCH_PAGE_MIN = 4096, /* bytes of the smallest page of any processor: bounds the number of
				 pages of a range */
	ARCH_ADDRESS_BITS_MAX = 48, /* no processor's user addresses are wider: what packs an
				       address into a word relies on it */
};

/** A register that the kernel tells of a thread. */
struct arch_register {
	const char *name;  /* what GDB calls it */
	int16_t in_signal; /* where a signal frame keeps it: bytes from the start of the kernel's
			      struct ucontext; -1: nowhere */
};

/** Thread and process notes of a core: bytes, and offsets of what is read (linux/elfcore.h: struct
 * elf_prstatus, elf_prpsinfo). */
struct arch_notes {
	uint16_t prstatus_size, prstatus_signal,
		prstatus_pid;	/* pr_cursig: 2 bytes; pr_pid: 4 bytes */
	uint16_t prstatus_regs; /* pr_reg: all registers, 8 bytes each, in the order of struct
				    arch */
	uint16_t prpsinfo_size, prpsinfo_pid;
};

/**
 * How Go's compiler and a call lay out the stack.  A frame is [sp, sp + frame size) of pclntab's
 * pcsp table; its end is sp + frame size.
 *
 *     sp        locals …   saved frame pointer   end: return address   caller's sp: arguments …
 *
 * Machines that call through a link register save that at the frame's lowest address instead, and a
 * call itself pushes nothing; so each place is told as bytes from one end of the frame.
 */
struct arch_place {
	bool from_end; /* of the frame; else from sp */
	int16_t off;
};

struct arch_frame {
	struct arch_place ret;	    /* the address the function returns to */
	struct arch_place saved_fp; /* the caller's frame pointer: in frames of 8 bytes and more */
	uint8_t pushed; /* bytes that a call pushes: the caller's sp is this far above the end */
	uint8_t above_locals; /* bytes between the locals and the end, in frames that are not empty:
				 runtime/traceback.go, varp */
	uint8_t below_args;   /* bytes between the caller's sp and the arguments:
				 internal/runtime/sys, MinFrameSize */
	/* Code without pcsp table (C, assembly) keeps a chain: at the frame pointer the caller's
	 * one, and bytes from there … */
	uint8_t chain_ret; /* … the return address */
	uint8_t chain_sp;  /* … the caller's sp */
	/*
	 * runtime.sigtramp's caller is the kernel: its struct ucontext is this far above the end of
	 * sigtramp's frame (linux/arch/NAME: struct rt_sigframe).
	 */
	int16_t signal_context;
};

struct arch {
	const char *name;     /* GOARCH: "amd64" */
	uint16_t elf_machine; /* e_machine */

	/* Registers, in the order of PTRACE_GETREGSET and of a core's pr_reg; indexes into
	 * `reg`. */
	const struct arch_register *reg;
	uint8_t registers;
	uint8_t pc, sp, fp;
	uint8_t sanitizer_sp;	/* keeps the goroutine's sp while C code of -race, -asan or -msan
				   runs: runtime/race_NAME.s, racecall */
	const uint8_t *general; /* those that may hold a pointer of Go's, sp among them */
	uint8_t generals;

	struct arch_notes notes;
	struct arch_frame frame;

	/* Memory. */
	uint8_t address_bits; /* user addresses are smaller than 1 << this */
	uint32_t page_min,
		page_max;    /* bytes; which it is tells AT_PAGESZ (struct target: page_bytes) */
	uint64_t arena_base; /* the heap's arenas are counted from here: runtime/malloc.go,
				arenaBaseOffset */

	/* Code and files. */
	uint8_t pc_quantum;	      /* pclntab counts code in units of this many bytes:
					 internal/runtime/sys, PCQuantum */
	uint32_t relocation_relative; /* r_type of "load bias + addend"; SHT_RELR means the same
					 everywhere */
	const char *const *entries;   /* functions that the kernel or the loader starts, where every
					 stack ends; NULL at the end */
};

/** The processors that can be read, one file each. */
extern const struct arch arch_amd64;

/** The processor of an ELF file.  @return NULL: not one of ours */
const struct arch *arch_of_elf(unsigned e_machine);

/** The processor that goctx runs on, and so every process here.  @return NULL: not one of ours */
const struct arch *arch_of_host(void);

/** What can be read, for messages: "linux/amd64". */
const char *arch_supported(void);

/** Go's name (GOARCH) of any ELF machine, ours or not: "arm64", "386"; NULL when it has none. */
const char *arch_elf_name(unsigned e_machine);

/** Can a program's memory lie there? */
static inline bool arch_is_user(const struct arch *a, uint64_t addr)
{
	return addr >> a->address_bits == 0;
}

/** Address of a place in the frame of @p size bytes at @p sp. */
static inline uint64_t arch_place(struct arch_place p, uint64_t sp, uint64_t size)
{
	return sp + (p.from_end ? size : 0) + (uint64_t)(int64_t)p.off;
}

/** Number of the heap arena that @p addr lies in, of @p arena_bytes each: index into mheap.arenas
 * (runtime/mheap.go: arenaIndex). */
static inline uint64_t arch_arena(const struct arch *a, uint64_t addr, uint64_t arena_bytes)
{
	return (addr - a->arena_base) / arena_bytes;
}

#endif
