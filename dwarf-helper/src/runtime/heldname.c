#include "runtime/heldname.h"

#include <pthread.h>

#include "base/text.h"

#define KNOWN_MAX 4096
#define HELD_MOST 64	     /* words that hold it, from which on no name is its name */
#define CANCEL_EVERY 0xfffff /* bytes, a mask */

struct held_names {
	struct u64map index; /* pointer -> number in names */
	VEC(char *) names;   /* NULL: none */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct held_search {
	struct runtime *rt;
	taddr pointer;
	const char *package; /* of the type of what it points to; n bytes */
	size_t n;
	const char *name, *own; /* the last one found, in any package and in that one */
	unsigned words, found, found_own;
};

/* Names of the compiler's own: "main..stmp_7", "go:itab.…", "type:…". */
static bool is_made(const char *name)
{
	return strstr(name, "..") || strchr(name, ':') || !strchr(name, '.');
}

static void on_word(struct held_search *s, taddr at)
{
	uint64_t addr, size;
	if (s->words++ == HELD_MOST)
		return;
	const char *name = image_object_at(s->rt->img, at - s->rt->bias, &addr, &size);
	uint64_t off = at - s->rt->bias - addr;

	if (!name || is_made(name) || !((size == 8 && !off) || (size == 16 && off == 8)))
		return;
	s->name = name;
	s->found++;
	if (!strncmp(name, s->package, s->n) && name[s->n] == '.' &&
	    !strchr(name + s->n + 1, '.')) {
		s->own = name;
		s->found_own++;
	}
}

static void scan(struct held_search *s, taddr lo, taddr hi)
{
	for (taddr a = (lo + 7) & ~7ull; a < hi && hi - a >= 8 && s->found_own < 2; a += 8) {
		uint64_t word;
		if (s->words > HELD_MOST || (!(a & CANCEL_EVERY) && runtime_canceled(s->rt)))
			return;
		if (!target_u64(s->rt->t, a, &word))
			a = target_behind_gap(s->rt->t, a) - 8;
		else if (word == s->pointer)
			on_word(s, a);
	}
}

static char *find(struct runtime *rt, taddr pointer, const char *type)
{
	const char *slash = strrchr(type, '/'), *dot = strchr(slash ? slash : type, '.');
	struct held_search s = {
		.rt = rt, .pointer = pointer, .package = type, .n = dot ? (size_t)(dot - type) : 0};

	for (size_t i = 0; i < rt->modules.n && !runtime_canceled(rt); i++) {
		const struct module *m = &rt->modules.v[i];
		scan(&s, m->data, m->edata);
		scan(&s, m->bss, m->ebss);
	}
	if (s.words > HELD_MOST || runtime_canceled(rt))
		return NULL;
	const char *name = s.found_own == 1 ? s.own : s.found == 1 ? s.name : NULL;
	char *plain = name ? text_unescaped(name) : NULL;
	return plain || !name ? plain : mem_strndup(name, strlen(name));
}

const char *runtime_held_name(struct runtime *rt, taddr pointer, const char *type)
{
	char *name = NULL;

	if (!pointer)
		return NULL;
	pthread_mutex_lock(&lock);
	if (!rt->held_names)
		rt->held_names = mem_zalloc(sizeof(*rt->held_names));
	struct held_names *h = rt->held_names;
	uint32_t i = u64map_find(&h->index, pointer);
	if (i != U64MAP_NONE) {
		name = h->names.v[i];
	} else if (h->names.n < KNOWN_MAX) {
		name = find(rt, pointer, type);
		if (!runtime_canceled(rt)) {
			u64map_set(&h->index, pointer, (uint32_t)h->names.n);
			VEC_PUSH(&h->names, name);
		}
	}
	pthread_mutex_unlock(&lock);
	return name ? name + text_path(name, strlen(name)) : NULL;
}

void held_names_free(struct held_names *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->names.n; i++)
		free(h->names.v[i]);
	VEC_FREE(&h->names);
	u64map_free(&h->index);
	free(h);
}
