/**
 * @file  Inside of the naming of places: what typed*.c share.
 *
 *   typed.c          following a pointer by what its holder is
 *   typed_type.c     one type, from its descriptor or from DWARF
 *   typed_pointer.c  down through structs and arrays to the word that holds a pointer, and what
 * that leads to
 *   typed_map.c      maps of both generations, HashTrieMap
 *   typed_var.c      package variables
 *   typed_local.c    variables of frames
 *   typed_leads.c    which types lead to which
 */
#ifndef GOCTX_RUNTIME_TYPED_INTERNAL_H
#define GOCTX_RUNTIME_TYPED_INTERNAL_H

#include "image/debug.h"
#include "layout/debugfile.h"
#include "runtime/typed.h"

/** A type, by descriptor or by DWARF; both 0: not known. */
struct type_ref {
	taddr rtype;
	uint64_t die;
};

/** Types that are not shown as the structs they are. */
enum type_special {
	SPECIAL_NONE,
	SPECIAL_ATOMIC,		/* sync/atomic.Value, a box around an interface */
	SPECIAL_ATOMIC_POINTER, /* Pointer[T], whose pointer is an unsafe one */
	SPECIAL_SYNC_MAP,	/* sync.Map, sync.readOnly */
	SPECIAL_SYNC_ENTRY,
	SPECIAL_TRIE,	   /* HashTrieMap */
	SPECIAL_TRIE_NODE, /* header of an indirect or an entry */
	SPECIAL_TRIE_INDIRECT,
	SPECIAL_TRIE_ENTRY,
	SPECIAL_LIST,
	SPECIAL_ELEMENT, /* container/list */
	SPECIAL_POOL,
	SPECIAL_POOL_PART,
	SPECIAL_EFACE, /* sync.eface: an interface as two pointers */
	SPECIAL_TIMER, /* time.Timer, Ticker: head of a runtime.timeTimer since 1.23 */
};

struct type_info {
	struct type_ref ref, elem, key;
	const char *full; /* name with package path */
	uint64_t size, len;
	uint8_t kind;	 /* enum go_kind */
	uint8_t special; /* enum type_special */
	bool direct;	 /* an interface holds it in its data word */
};

/** @return false when the type is not known */
bool type_get(struct runtime *rt, struct type_ref ref, struct type_info *ret);

/** The field of a struct that covers the byte at @p off. */
bool type_field(struct runtime *rt, const struct type_info *t, uint64_t off, const char **name_ret,
		uint64_t *off_ret, struct type_ref *ret);

/** Struct type by full name, from DWARF. */
struct type_ref type_named(struct runtime *rt, const char *name, size_t len);

/** A package variable that was asked for before. */
struct known_variable {
	uint64_t addr, size; /* as linked */
	const char *name;
	uint64_t die; /* its type, 0 not known */
};

struct typed_cache {
	struct layout_debug debug;
	VEC(struct known_variable) variables;
};
struct typed_cache *typed_cache(struct runtime *rt);

/** Debug information, NULL when there is none; opened at the first call. */
struct debug *typed_debug(struct runtime *rt);

/** The file that has the symbols: the executable, or its debug file. */
const struct image *typed_symbols(struct runtime *rt);

struct parts;

/** Where a pointer is looked for, and what is found. */
struct pointer_search {
	struct runtime *rt;
	taddr at, target;
	struct links *via;	   /* NULL: nobody asks */
	struct pointer_type *type; /* NULL: nobody asks */
	struct typed *ret;
	const struct parts *parts; /* of a frame's variable that is not in one piece; NULL */
	bool quiet;		   /* names are left out: insides of a container */
	unsigned nested; /* values gone down into so far: types of a damaged program may contain
			    themselves */
};

/** From a value of type @p t at @p base down to the word at s->at.  @return false: nothing is known
 * of that word */
bool pointer_in_type(struct pointer_search *s, struct type_ref t, taddr base, int32_t nth);

/** Same, by the insides of a map. */
bool pointer_in_map(struct pointer_search *s, const struct typed *holder);

/** In an entry of a HashTrieMap that has a type; and in one of [any, any] that has none. */
bool pointer_in_trie(struct pointer_search *s, const struct type_info *t, taddr base);
bool pointer_in_plain_trie(struct pointer_search *s, taddr base);

/** What s->target is when the pointer to it is an interface's data word and @p word the interface's
 * first. */
bool pointer_dynamic(struct pointer_search *s, taddr word, const char *static_name);

/** The word at @p a of the value that is gone down into, wherever that is kept. */
bool pointer_word(struct pointer_search *s, taddr a, uint64_t *ret);

static inline void pointer_link(struct pointer_search *s, struct link link)
{
	if (s->via)
		links_add(s->via, link);
}

/** An object of that type at @p addr. */
struct typed typed_value(struct type_ref t, taddr addr);

#endif
