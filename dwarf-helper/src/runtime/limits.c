#include "runtime/limits.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/gomap.h"
#include "runtime/livestack.h"
#include "runtime/typed_internal.h"

#define FRAMES 12	       /* from the park up to the library's function there are five */
#define MAX_WAITERS (1u << 20) /* of one semaphore */
#define MAX_STEPS (16u << 20)  /* along all lists of waiters */
#define MAX_CONNECTIONS (1u << 16)

#define ACQUIRE "golang.org/x/sync/semaphore.(*Weighted).Acquire"
#define CONN "database/sql.(*DB).conn"

/* ---- fields ---- */

enum sem_field { SEM_SIZE, SEM_CUR, SEM_WAITERS, SEM_FIELDS };
enum element_field { ELEMENT_NEXT, ELEMENT_VALUE, ELEMENT_FIELDS };
enum db_field { DB_OPEN, DB_MAX, DB_CONNECTOR, DB_DEP, DB_FIELDS };
enum conn_field { CONN_DB, CONN_IN_USE, CONN_FIELDS };

/* How the user holds a connection. */
enum user_type { USER_CONN, USER_TX, USER_ROWS, USER_TYPES };
enum user_field { USER_DC, USER_DONE, USER_DB_OR_ROWS, USER_FIELDS };

struct limits_layout {
	struct debug_member sem[SEM_FIELDS], list[1], element[ELEMENT_FIELDS], waiter[1];
	struct debug_member db[DB_FIELDS], conn[CONN_FIELDS], user[USER_TYPES][USER_FIELDS];
	bool asked_sem, has_sem, asked_sql, has_sql;
	uint64_t db_size, conn_size, user_size[USER_TYPES];
	struct gomap_type dep;
};

static bool all_found(const struct debug_struct *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!s[i].found)
			return false;
		for (size_t k = 0; k < s[i].n; k++)
			if (s[i].members[k].off < 0)
				return false;
	}
	return true;
}

static bool ask(struct runtime *rt, struct debug_struct *s, size_t n)
{
	struct debug *d = typed_debug(rt);

	if (!d)
		return false;
	err_free(debug_find(d, s, n, NULL, 0));
	return all_found(s, n);
}

static void set_members(struct debug_member *m, const char *const *paths, size_t n)
{
	for (size_t i = 0; i < n; i++)
		m[i] = (struct debug_member){.path = paths[i], .off = -1};
}

/* The types of the package that @p func is of: it may be vendored. */
static bool has_semaphores(struct limits *l, const char *func)
{
	static const char *const sem[] = {"size", "cur", "waiters"}, *const list[] = {"root"},
				 *const element[] = {"next", "Value"}, *const waiter[] = {"ready"};
	struct limits_layout *y = l->layout;
	int package = (int)(strlen(func) - strlen(".(*Weighted).Acquire"));
	char names[2][512];

	if (y->asked_sem)
		return y->has_sem;
	y->asked_sem = true;
	set_members(y->sem, sem, SEM_FIELDS);
	set_members(y->list, list, 1);
	set_members(y->element, element, ELEMENT_FIELDS);
	set_members(y->waiter, waiter, 1);
	snprintf(names[0], sizeof(names[0]), "%.*s.Weighted", package, func);
	snprintf(names[1], sizeof(names[1]), "%.*s.waiter", package, func);
	struct debug_struct s[] = {
		{.name = names[0], .members = y->sem, .n = SEM_FIELDS},
		{.name = names[1], .members = y->waiter, .n = 1},
		{.name = "container/list.List", .members = y->list, .n = 1},
		{.name = "container/list.Element", .members = y->element, .n = ELEMENT_FIELDS},
	};
	y->has_sem = ask(l->rt, s, sizeof(s) / sizeof(*s));
	return y->has_sem;
}

/* Geometry of the map that all connections of a pool are keys of. */
static bool read_dep(struct limits *l)
{
	struct runtime *rt = l->rt;
	struct type_ref ref = type_named(rt, "database/sql.DB", strlen("database/sql.DB"));
	struct type_info t;
	const char *name;
	uint64_t off;

	return type_get(rt, ref, &t) &&
	       type_field(rt, &t, (uint64_t)l->layout->db[DB_DEP].off, &name, &off, &ref) &&
	       type_get(rt, ref, &t) && t.kind == GO_MAP && t.ref.rtype &&
	       gomap_type_read(rt, t.ref.rtype, &l->layout->dep) && l->layout->dep.key_size == 16 &&
	       !l->layout->dep.key_indirect;
}

static bool has_pools(struct limits *l)
{
	static const char *const db[] = {"numOpen", "maxOpen", "connector", "dep"},
				 *const conn[] = {"db", "inUse"},
				 *const user[USER_TYPES][USER_FIELDS] = {
					 {"dc", "done.v|done", "db"},
					 {"dc", "done.v|done", "db"},
					 {"dc", "closed", "rowsi"},
				 };
	static const char *const names[USER_TYPES] = {"database/sql.Conn", "database/sql.Tx",
						      "database/sql.Rows"};
	struct limits_layout *y = l->layout;

	if (y->asked_sql)
		return y->has_sql;
	y->asked_sql = true;
	set_members(y->db, db, DB_FIELDS);
	set_members(y->conn, conn, CONN_FIELDS);
	struct debug_struct s[2 + USER_TYPES] = {
		{.name = "database/sql.DB", .members = y->db, .n = DB_FIELDS},
		{.name = "database/sql.driverConn", .members = y->conn, .n = CONN_FIELDS},
	};
	for (unsigned i = 0; i < USER_TYPES; i++) {
		set_members(y->user[i], user[i], USER_FIELDS);
		s[2 + i] = (struct debug_struct){
			.name = names[i], .members = y->user[i], .n = USER_FIELDS};
	}
	bool found = ask(l->rt, s, 2); /* a program may lack transactions */
	ask(l->rt, s + 2, USER_TYPES);
	y->db_size = s[0].size;
	y->conn_size = s[1].size;
	for (unsigned i = 0; i < USER_TYPES; i++)
		y->user_size[i] = all_found(&s[2 + i], 1) ? s[2 + i].size : 0;
	y->has_sql = found && read_dep(l);
	return y->has_sql;
}

/* ---- reading ---- */

static bool read_at(struct limits *l, taddr base, const struct debug_member *m, uint64_t *ret)
{
	return runtime_field(l->rt, base, (struct layout_field){m->off, m->size > 8 ? 8 : m->size},
			     ret);
}

/* Is it an interface value of that interface type with methods, and not nil? */
static bool is_iface(struct limits *l, taddr at, const char *inter)
{
	size_t n, low = 0;
	const struct itab *v = rtype_itabs(l->rt, &n);
	taddr tab;

	if (!target_u64(l->rt->t, at, &tab) || !tab)
		return false;
	for (size_t high = n; low < high;) {
		size_t mid = (low + high) / 2;
		if (v[mid].addr < tab)
			low = mid + 1;
		else
			high = mid;
	}
	const struct rtype *ty =
		low < n && v[low].addr == tab ? rtype_get(l->rt, v[low].inter) : NULL;
	return ty && !strcmp(ty->full, inter);
}

static uint32_t add_limit(struct limits *l, struct limit one)
{
	uint32_t at = u64map_add(&l->by_addr, one.addr, (uint32_t)l->list.n);

	if (at == l->list.n)
		VEC_PUSH(&l->list, one);
	return at;
}

/* ---- semaphores ---- */

/* Its waiters are noted; is @p chan among them? */
static bool note_waiters(struct limits *l, taddr sem, uint32_t number, taddr chan)
{
	const struct limits_layout *y = l->layout;
	taddr root = sem + (taddr)y->sem[SEM_WAITERS].off + (taddr)y->list[0].off, at = root;
	bool found = false;

	for (uint32_t k = 0; k < MAX_WAITERS && l->steps++ < MAX_STEPS; k++) {
		taddr value, ready;
		if (!read_at(l, at, &y->element[ELEMENT_NEXT], &at) || !at || at == root)
			break;
		if (!target_u64(l->rt->t, at + (taddr)y->element[ELEMENT_VALUE].off + 8, &value) ||
		    !read_at(l, value, &y->waiter[0], &ready) || !ready)
			break;
		if (number != LIMIT_NONE)
			u64map_set(&l->by_waiter, ready, number);
		found |= ready == chan;
		if (k % 4096 == 0 && runtime_canceled(l->rt))
			break;
	}
	return found;
}

static bool is_semaphore(struct limits *l, taddr a, taddr chan)
{
	const struct limits_layout *y = l->layout;
	uint64_t size, cur;

	if (!read_at(l, a, &y->sem[SEM_SIZE], &size) || !read_at(l, a, &y->sem[SEM_CUR], &cur) ||
	    !size || cur > size || size > INT64_MAX || !note_waiters(l, a, LIMIT_NONE, chan))
		return false;
	note_waiters(l, a,
		     add_limit(l, (struct limit){LIMIT_SEMAPHORE, a, .used = cur, .size = size}),
		     chan);
	return true;
}

/* ---- pools ---- */

static bool is_pool(struct limits *l, taddr a, taddr chan)
{
	const struct limits_layout *y = l->layout;
	struct heap_object o;
	uint64_t open, max;

	(void)chan;
	if (!heap_object_at(l->rt, a, &o) || o.base != a || o.size < y->db_size ||
	    !read_at(l, a, &y->db[DB_OPEN], &open) || !read_at(l, a, &y->db[DB_MAX], &max) ||
	    !max || max > INT32_MAX || open > INT32_MAX ||
	    !is_iface(l, a + (taddr)y->db[DB_CONNECTOR].off, "database/sql/driver.Connector"))
		return false;
	add_limit(l, (struct limit){LIMIT_POOL, a, .used = open, .size = max});
	return true;
}

struct connections {
	struct limits *l;
	taddr db;
	limits_connection_fn *fn;
	void *arg;
};

static bool connection(void *arg, taddr key, taddr elem)
{
	struct connections *c = arg;
	const struct limits_layout *y = c->l->layout;
	struct runtime *rt = c->l->rt;
	taddr tab, conn;
	uint64_t db, in_use;

	(void)elem;
	if (!target_u64(rt->t, key, &tab) || !target_u64(rt->t, key + 8, &conn) || !tab || !conn)
		return true;
	const struct rtype *ty = rtype_get(rt, rtype_of_itab(rt, tab));
	if (!ty || strcmp(ty->full, "*database/sql.driverConn") ||
	    !read_at(c->l, conn, &y->conn[CONN_DB], &db) || db != c->db ||
	    !read_at(c->l, conn, &y->conn[CONN_IN_USE], &in_use) || !in_use)
		return true;
	return c->fn(c->arg, conn);
}

void limits_connections_each(struct limits *l, taddr db, limits_connection_fn *fn, void *arg)
{
	struct connections c = {l, db, fn, arg};
	struct gomap_state state;
	taddr map;

	if (l->layout && has_pools(l) && read_at(l, db, &l->layout->db[DB_DEP], &map) && map)
		gomap_each(l->rt, map, &l->layout->dep, MAX_CONNECTIONS, connection, &c, &state);
}

taddr limits_connection_of(struct limits *l, const struct heap_object *o)
{
	const struct limits_layout *y = l->layout;
	uint64_t conn, done, db, of;

	if (!y || !y->has_sql)
		return 0;
	for (unsigned i = 0; i < USER_TYPES; i++) {
		const struct debug_member *f = y->user[i];
		if (!y->user_size[i] || o->size != heap_slot_size(l->rt, y->user_size[i]) ||
		    !read_at(l, o->base, &f[USER_DC], &conn) || !conn ||
		    !read_at(l, o->base, &f[USER_DONE], &done) || done ||
		    !read_at(l, conn, &y->conn[CONN_DB], &db) ||
		    u64map_find(&l->by_addr, db) == U64MAP_NONE)
			continue;
		if (i == USER_ROWS ? is_iface(l, o->base + (taddr)f[USER_DB_OR_ROWS].off,
					      "database/sql/driver.Rows")
				   : read_at(l, o->base, &f[USER_DB_OR_ROWS], &of) && of == db)
			return conn;
	}
	return 0;
}

/* ---- who waits ---- */

struct search {
	struct limits *l;
	taddr chan;
	bool (*is)(struct limits *l, taddr a, taddr chan);
	uint32_t info; /* the frame of the library, PC_NONE */
	const char *func;
	uint32_t frames, found;
};

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end) && (n == m || s[n - m - 1] == '/');
}

static bool find_frame(void *arg, taddr pc, taddr sp, uint32_t info)
{
	struct search *s = arg;
	const struct runtime *rt = s->l->rt;
	const struct pcinfo *p = &rt->pcs.v[info];
	const char *func = p->n ? rt->frames.v[p->first + p->n - 1u].func : "";

	(void)pc, (void)sp;
	s->is = ends_with(func, ACQUIRE) ? is_semaphore : !strcmp(func, CONN) ? is_pool : NULL;
	if (!s->is)
		return ++s->frames < FRAMES;
	s->info = info;
	s->func = func;
	return false;
}

static bool look_at_word(void *arg, const struct live_word *w)
{
	struct search *s = arg;

	if (w->info != s->info)
		return true;
	s->found = u64map_find(&s->l->by_addr, w->value);
	if (s->found != U64MAP_NONE && s->l->list.v[s->found].kind == LIMIT_POOL)
		return false;
	s->found =
		s->is(s->l, w->value, s->chan) ? u64map_find(&s->l->by_addr, w->value) : LIMIT_NONE;
	return s->found == LIMIT_NONE;
}

uint32_t limits_of(struct limits *l, const struct task *t, taddr chan)
{
	struct search s = {.l = l, .chan = chan, .info = PC_NONE, .found = LIMIT_NONE};
	struct livestack_state state;
	struct stack_regs start;
	uint32_t known = u64map_find(&l->by_waiter, chan);

	if (known != U64MAP_NONE)
		return known;
	if (!l->rt->heap || !stack_start(l->rt, t, &start))
		return LIMIT_NONE;
	stack_walk(l->rt, &start, find_frame, &s, NULL);
	if (s.info == PC_NONE)
		return LIMIT_NONE;
	if (!l->layout)
		l->layout = mem_zalloc(sizeof(*l->layout));
	if (s.is == is_semaphore ? !has_semaphores(l, s.func) : !has_pools(l))
		return LIMIT_NONE;
	livestack_each(l->rt, t, look_at_word, &s, &state);
	return s.found;
}

void limits_free(struct limits *l)
{
	VEC_FREE(&l->list);
	u64map_free(&l->by_addr);
	u64map_free(&l->by_waiter);
	free(l->layout);
}
