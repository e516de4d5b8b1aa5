#include "analysis/journal.h"

#include <stdlib.h>

/* parents looked at; links of damaged memory may form a loop */
#define CLIMB_MAX 1000000

const char *event_name(unsigned kind)
{
	static const char *const name[EVENT_KINDS] = {[EVENT_CREATE] = "create",
						      [EVENT_ATTACH] = "attach",
						      [EVENT_REMOVE] = "remove",
						      [EVENT_CANCEL] = "cancel"};

	return kind < EVENT_KINDS ? name[kind] : NULL;
}

/* ---- contexts ---- */

/* The entry of an address, made when it is new.  Valid until the next one is made. */
static struct journal_ctx *entry_of(struct journal *j, taddr addr)
{
	uint32_t i = u64map_add(&j->by_addr, addr, (uint32_t)j->ctxs.n);

	if (i == j->ctxs.n)
		VEC_PUSH(&j->ctxs, (struct journal_ctx){.addr = addr, .site = SITE_NONE});
	return &j->ctxs.v[i];
}

static const struct journal_ctx *known(const struct journal *j, taddr addr)
{
	uint32_t i = u64map_find(&j->by_addr, addr);

	return i == U64MAP_NONE ? NULL : &j->ctxs.v[i];
}

void journal_before(struct journal *j, const struct model *m)
{
	for (size_t i = 0; i < m->ctxs.n; i++) {
		const struct ctx *c = &m->ctxs.v[i];
		if (!c->addr || c->kind <= CTX_TODO || c->parent == CTX_NONE)
			continue;
		const struct ctx *parent = &m->ctxs.v[c->parent];
		struct journal_ctx *e = entry_of(j, c->addr);
		e->parent = parent->kind <= CTX_TODO ? 0 : parent->addr;
		e->has_parent = true;
	}
}

static bool below_root(const struct journal *j, taddr addr)
{
	for (uint32_t i = 0; addr && i < CLIMB_MAX; i++) {
		if (addr == j->root)
			return true;
		const struct journal_ctx *e = known(j, addr);
		addr = e ? e->parent : 0;
	}
	return false;
}

/* ---- sites ---- */

/* FNV-1a over the text and the NUL that ends it. */
static uint64_t mix(uint64_t h, const char *s)
{
	do
		h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	while (*s++);
	return h;
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static uint32_t site_of(struct journal *j, const struct event *e)
{
	uint64_t h = mix(mix(mix(UINT64_C(0xcbf29ce484222325) ^ e->line, e->how), e->func),
			 e->file ? e->file : "");

	for (;; h++) {
		if (!h)
			continue; // no key of the map
		uint32_t i = u64map_add(&j->by_site, h, (uint32_t)j->sites.n);
		if (i == j->sites.n) {
			VEC_PUSH(&j->sites,
				 (struct site){.how = mem_strdup(e->how),
					       .func = mem_strdup(e->func),
					       .file = e->file ? mem_strdup(e->file) : NULL,
					       .line = e->line});
			return i;
		}
		const struct site *s = &j->sites.v[i];
		if (s->line == e->line && same(s->how, e->how) && same(s->func, e->func) &&
		    same(s->file, e->file))
			return i;
	}
}

/* Does the function make contexts that somebody has to cancel? */
static bool makes_cancelable(const char *how)
{
	static const char *const name[] = {
		"WithCancel",	"WithCancelCause",   "WithTimeout", "WithTimeoutCause",
		"WithDeadline", "WithDeadlineCause", "AfterFunc",   "NotifyContext"};

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		if (!strcmp(name[i], how))
			return true;
	return false;
}

/* ---- events ---- */

static void hang(struct journal *j, const struct event *e)
{
	struct journal_ctx *c = entry_of(j, e->context);

	if (e->kind == EVENT_CREATE)
		c->site = SITE_NONE; // what was there before has been collected
	else if (c->has_parent)
		return; // attached through a context that Go made in between
	if (!e->has_parent)
		return;
	c->parent = e->parent;
	c->has_parent = true;
}

static void count_by_site(struct journal *j, const struct event *e)
{
	struct journal_ctx *c = entry_of(j, e->context);

	if (e->kind == EVENT_CREATE && makes_cancelable(e->how)) {
		c->site = site_of(j, e);
		c->made = j->events;
		j->sites.v[c->site].created++;
	} else if (e->kind == EVENT_CANCEL && c->site != SITE_NONE) {
		j->sites.v[c->site].canceled++;
		c->site = SITE_NONE;
	}
}

bool journal_take(struct journal *j, const struct event *e)
{
	j->events++;
	if (e->context && (e->kind == EVENT_CREATE || e->kind == EVENT_ATTACH))
		hang(j, e);
	if (j->root && !below_root(j, e->context))
		return false;
	j->count[e->kind]++;
	if (e->context)
		count_by_site(j, e);
	return true;
}

static int by_site(const void *a, const void *b)
{
	const struct site_active *x = a, *y = b;

	if (x->site != y->site)
		return x->site < y->site ? -1 : 1;
	return x->made < y->made ? -1 : x->made > y->made;
}

void journal_active(const struct journal *j, struct site_actives *ret)
{
	*ret = (struct site_actives){0};
	for (size_t i = 0; i < j->ctxs.n; i++) {
		const struct journal_ctx *c = &j->ctxs.v[i];
		if (c->site != SITE_NONE)
			VEC_PUSH(&ret->list, (struct site_active){c->site, c->made, c->addr});
	}
	if (ret->list.n)
		qsort(ret->list.v, ret->list.n, sizeof(ret->list.v[0]), by_site);
}

void journal_free(struct journal *j)
{
	for (size_t i = 0; i < j->sites.n; i++) {
		free(j->sites.v[i].how);
		free(j->sites.v[i].func);
		free(j->sites.v[i].file);
	}
	VEC_FREE(&j->sites);
	VEC_FREE(&j->ctxs);
	u64map_free(&j->by_addr);
	u64map_free(&j->by_site);
	*j = (struct journal){0};
}
