/*
 * What is inside of a value: fields of structs, elements of slices and arrays, what a pointer leads
 * to.
 */
#include "runtime/value_internal.h"

#define FIELDS_SHOWN 4 /* when one level is all */
/* a byte array up to this long is a hash or an id, and shown in hex */
#define BYTES_SHOWN 32
#define BYTES_OF_MORE 8		  /* of a longer one */
#define TEXT_BYTES VALUE_MAX_TEXT /* of a byte slice */

/* ---- one part ---- */

void show_part(struct show *s, const struct rtype *ty, const struct place *at, unsigned depth,
	       enum show_name name)
{
	struct show part = *s;

	if (s->inside && depth && s->end > s->out->n)
		part.end = s->out->n + (s->end - s->out->n) / 2;
	show_value(&part, ty, at, depth, name);
}

/* "…" and how many there are, after some of them. */
static void print_rest(struct show *s, uint64_t n)
{
	buf_printf(s->out, "… %llu in all", (unsigned long long)n);
}

/* ---- lists ---- */

static void print_elements(struct show *s, const struct rtype *elem, const struct place *at,
			   uint64_t n, unsigned depth)
{
	buf_char(s->out, '{');
	for (uint64_t i = 0; i < n; i++) {
		struct place part = place_part(at, i * (elem ? elem->size : 0));

		if (i)
			buf_lit(s->out, ", ");
		if (i == SHOW_ELEMENTS || (i && show_full(s))) {
			print_rest(s, n);
			break;
		}
		show_part(s, elem, &part, depth + 1, SHOW_NONE);
	}
	buf_char(s->out, '}');
}

/* A byte slice is text more often than not; what is none is escaped. */
static void print_bytes(struct show *s, taddr p, uint64_t n)
{
	struct buf text = {0};
	bool cut;

	if (!value_text(s->rt, &text, p, n, TEXT_BYTES, &cut)) {
		value_unreadable(s->out, p);
	} else {
		buf_char(s->out, '"');
		buf_bytes(s->out, text.p, text.n);
		buf_str(s->out, cut ? "\"…" : "\"");
	}
	buf_free(&text);
}

void show_slice(struct show *s, const struct rtype *ty, const struct place *at, unsigned depth,
		enum show_name name)
{
	const struct rtype *elem = rtype_get(s->rt, ty->elem);
	uint64_t word[2];

	if (!place_read(s->rt, at, 0, word, sizeof(word))) {
		value_unreadable(s->out, at->addr);
		return;
	}
	if (name != SHOW_NONE)
		show_type(s, ty);
	if (elem && elem->kind == GO_UINT8) {
		if (name != SHOW_NONE)
			buf_char(s->out, '(');
		print_bytes(s, word[0], word[1]);
		if (name != SHOW_NONE)
			buf_char(s->out, ')');
		return;
	}
	struct place first = {.addr = word[0]};

	print_elements(s, elem, &first, word[1], depth);
}

static void print_hex(struct show *s, const struct rtype *ty, const struct place *at)
{
	uint8_t bytes[BYTES_SHOWN];
	uint64_t n = ty->size <= sizeof(bytes) ? ty->size : BYTES_OF_MORE;

	if (!place_read(s->rt, at, 0, bytes, n)) {
		value_unreadable(s->out, at->addr);
		return;
	}
	for (uint64_t i = 0; i < n; i++)
		buf_printf(s->out, "%02x", bytes[i]);
	if (n < ty->size)
		buf_lit(s->out, "…");
}

void show_array(struct show *s, const struct rtype *ty, const struct place *at, unsigned depth,
		enum show_name name)
{
	const struct rtype *elem = rtype_get(s->rt, ty->elem);
	bool bytes = elem && elem->kind == GO_UINT8 && ty->size;

	if (name != SHOW_NONE)
		show_type(s, ty);
	if (bytes && (s->inside || ty->size <= BYTES_SHOWN)) {
		if (name != SHOW_NONE)
			buf_char(s->out, '(');
		print_hex(s, ty, at);
		if (name != SHOW_NONE)
			buf_char(s->out, ')');
	} else if (ty->len && show_opens(s, depth)) {
		print_elements(s, elem, at, ty->len, depth);
	} else {
		buf_str(s->out, ty->size ? "{…}" : "{}");
	}
}

/* ---- structs ---- */

/* Fields that say nothing of whose value it is: locks, what keeps a struct from being copied,
 * protobuf's own. */
static bool says_nothing(struct show *s, const struct rtype_field *f, const struct rtype *ty)
{
	static const char *const silent[] = {
		"sync.Mutex",  "sync.RWMutex",
		"sync.Once",   "sync.WaitGroup",
		"sync.noCopy", "google.golang.org/protobuf/internal/impl.MessageState",
	};

	if (!s->inside)
		return false;
	if (!strcmp(f->name, "_"))
		return true;
	for (size_t i = 0; ty && i < sizeof(silent) / sizeof(*silent); i++)
		if (!strcmp(ty->full, silent[i]))
			return true;
	return false;
}

void show_fields(struct show *s, const struct rtype *ty, const struct place *at, unsigned depth)
{
	const struct show_above above = {at->addr, ty, s->above};
	struct show in = *s;
	unsigned shown = 0, most = s->inside ? SHOW_ELEMENTS : FIELDS_SHOWN;
	bool left_out = false;

	if (!at->direct)
		in.above = &above;
	buf_char(s->out, '{');
	for (uint32_t i = 0; i < ty->nfields; i++) {
		const struct rtype_field *f = &ty->fields[i];
		const struct rtype *type = rtype_get(s->rt, f->type);
		struct place part = place_part(at, f->off);

		if (says_nothing(s, f, type)) {
			left_out |= f->name[0] != '_';
			continue;
		}
		if (shown == most || (shown && show_full(s))) {
			left_out = true;
			break;
		}
		if (shown++)
			buf_lit(s->out, ", ");
		buf_str(s->out, f->name);
		buf_lit(s->out, ": ");
		show_part(&in, type, &part, depth + 1, SHOW_BARE);
	}
	if (left_out)
		buf_str(s->out, shown ? ", …" : "…");
	buf_char(s->out, '}');
}

/* ---- pointers ---- */

static bool is_loop(const struct show *s, taddr p, const struct rtype *ty)
{
	for (const struct show_above *a = s->above; a; a = a->up)
		if (a->addr == p && a->ty == ty)
			return true;
	return false;
}

/* Nothing is said by what a zero-size value holds; a context is shown where it stands in the
 * tree. */
static bool is_followed(const struct show *s, const struct rtype *elem, taddr p)
{
	uint8_t first;

	return elem && elem->size && strcmp(elem->pkgpath, "context") != 0 &&
	       target_u8(s->rt->t, p, &first) && !is_loop(s, p, elem);
}

/* Brackets of its own, or around it. */
static void print_bracketed(struct show *s, const struct rtype *ty, const struct place *at,
			    unsigned depth)
{
	size_t from = s->out->n;

	buf_char(s->out, '(');
	show_value(s, ty, at, depth, SHOW_NONE);
	if (s->out->n > from + 1 && (s->out->p[from + 1] == '{' || s->out->p[from + 1] == '(')) {
		memmove(s->out->p + from, s->out->p + from + 1, s->out->n - from - 1);
		s->out->n--;
	} else {
		buf_char(s->out, ')');
	}
}

bool show_behind(struct show *s, const struct rtype *ty, taddr p, unsigned depth,
		 enum show_name name)
{
	const struct rtype *elem = rtype_get(s->rt, ty->elem);
	const struct show_above above = {p, elem, s->above};
	struct place at = {.addr = p};
	struct show in = *s;

	if (!is_followed(s, elem, p))
		return false;
	in.above = &above;
	if (name == SHOW_NONE) {
		show_value(&in, elem, &at, depth + (elem->kind == GO_POINTER), SHOW_NONE);
		return true;
	}
	show_type(s, ty);
	print_bracketed(&in, elem, &at, depth + (elem->kind == GO_POINTER));
	return true;
}
