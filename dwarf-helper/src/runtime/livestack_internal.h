/**
 * @file  Between livestack.c (the walk), livestack_map.c (what a pc's maps say), livestack_object.c
 * (stack objects) and defer.c, which finds its tables with the maps.
 */
#ifndef GOCTX_RUNTIME_LIVESTACK_INTERNAL_H
#define GOCTX_RUNTIME_LIVESTACK_INTERNAL_H

#include "runtime/livestack.h"

#define STACK_WORD 8u

/** A bit a word, in the executable's tables; NULL bits: every word. */
struct word_mask {
	const uint8_t *bits;
	uint32_t n; /* words */
};

/** What the collector knows of frames that stand at one pc: a cache entry parallel to rt->pcs. */
struct frame_map {
	struct word_mask locals;       /* they end at varp */
	struct word_mask args;	       /* they begin at argp; bits NULL: no map, all of them */
	struct pcln_bytes open_defers; /* FUNCDATA_OpenCodedDeferInfo, p NULL: none */
	const uint8_t *objects;	       /* stackObjectRecord, nobjects of them */
	uint32_t nobjects;
	uint32_t deferreturn; /* index into rt->pcs of the call that a frame goes on at after a
				 panic, PC_NONE: never */
	uint8_t known;	      /* enum map_known */
	uint8_t role;	      /* enum map_role */
	bool runtime;	      /* code of package runtime */
	uint16_t module;
};

enum map_known {
	MAP_UNSEEN,
	MAP_EXACT,
	MAP_NONE /* no maps, or they contradict the frame: word by word */
};

enum map_role {
	MAP_PLAIN,
	MAP_SAVES_REGISTERS, /* asyncPreempt, debugCallV2: holds the registers of its caller, which
				was interrupted anywhere */
	MAP_SIGPANIC, /* its caller stopped at a trap and goes on, if at all, at its deferreturn */
	MAP_STUB, /* reflect.makeFuncStub, methodValueCall: which arguments there are, only a value
		     in the frame says */
};

/** One variable on the stack whose address is taken. */
struct stack_object {
	taddr addr;
	taddr sp, varp; /* of its frame */
	uint32_t info;
	uint32_t size;
	const uint8_t *record; /* NULL once it has been visited */
	uint16_t module;
};

/** Kept from goroutine to goroutine. */
struct livestack {
	VEC(struct frame_map) maps;	  /* by index into rt->pcs */
	VEC(struct stack_object) objects; /* of the goroutine at hand, ascending */
	VEC(taddr) exact, guessed;	  /* pointers into its stack, not yet followed */
};

/** A goroutine's visit. */
struct live_walk {
	struct runtime *rt;
	struct livestack *cache;
	live_fn *fn;
	void *arg;
	struct livestack_state *state;
	taddr lo, hi;		/* the stack */
	taddr sp;		/* where its part in use begins */
	const uint8_t *mem;	/* host bytes of [sp, hi), NULL: not in one piece */
	struct live_word frame; /* sp, varp, info of the frame at hand */
	bool stopped;		/* the visitor wants no more */
	bool conservative;	/* the next frame is to be taken word by word */
	bool leading;		/* running: still among the runtime's frames at its lower end */
	bool unordered;		/* objects are not in ascending order */
	taddr tail;		/* where the frames met end: first byte behind the last one */
	taddr open;		/* start of a frame whose size is not known, 0 */
	uint8_t callee;		/* enum map_role of the frame before */
};

/** Maps of the pc number @p info, made when first asked for.  The pointer is good until the next
 * call. */
const struct frame_map *livestack_map(struct runtime *rt, uint32_t info);

/** Offer the words of [base, base + 8 n) that @p mask names. */
void livestack_words(struct live_walk *w, taddr base, struct word_mask mask, bool exact);

/** Take note of a frame's stack objects. */
void livestack_objects_add(struct live_walk *w, const struct frame_map *map, taddr varp,
			   taddr argp);

/** Follow pointers into the stack until no new object turns up (runtime/mgcmark.go: scanstack, its
 * second half). */
void livestack_objects_visit(struct live_walk *w);

#endif
