#include "runtime/value_internal.h"

#include "runtime/clock.h"
#include "runtime/gomap.h"

/* bytes of a type's name in front of a value; generic types can be endless */
#define NAME_SHOWN 96
#define DEPTH_MAX 4
#define ROOM_TO_OPEN 12 /* bytes: less would show nothing of what is inside */
/* bytes of a string that are shown where the line is nearly full */
#define TEXT_SHORTEST 16

bool place_read(struct runtime *rt, const struct place *at, uint64_t off, void *buf, uint64_t n)
{
	if (!at->direct)
		return target_read(rt->t, at->addr + off, buf, n);
	if (off > 8 || n > 8 - off)
		return false;
	memcpy(buf, (const char *)&at->word + off, n);
	return true;
}

struct place place_part(const struct place *at, uint64_t off)
{
	struct place part = *at;

	part.addr += off;
	if (at->direct)
		part.word = off < 8 ? at->word >> (off * 8) : 0;
	return part;
}

bool value_iface(struct runtime *rt, const struct rtype *ty, const struct place *at,
		 taddr *type_ret, uint64_t *data_ret)
{
	uint64_t word[2], methods;

	// InterfaceType{Type; PkgPath; Methods}: without methods the first word is the type itself.
	if (!place_read(rt, at, 0, word, sizeof(word)) ||
	    !target_u64(rt->t, ty->addr + 64, &methods))
		return false;
	*type_ret = word[0];
	*data_ret = word[1];
	if (!word[0] || !methods)
		return true;
	*type_ret = rtype_of_itab(rt, word[0]);
	return *type_ret != 0;
}

bool show_full(const struct show *s)
{
	return s->out->n >= s->end;
}

bool show_opens(const struct show *s, unsigned depth)
{
	return s->inside && depth < DEPTH_MAX && s->out->n < s->end &&
	       s->end - s->out->n >= ROOM_TO_OPEN;
}

void show_type(struct show *s, const struct rtype *ty)
{
	const char *name = ty->name;
	size_t n = strlen(name);

	if (!strcmp(name, "[]uint8"))
		buf_lit(s->out, "[]byte");
	else if (n <= NAME_SHOWN)
		buf_bytes(s->out, name, n);
	else {
		n = NAME_SHOWN;
		while (((unsigned char)name[n] & 0xc0) == 0x80)
			n--;
		buf_bytes(s->out, name, n);
		buf_lit(s->out, "…");
	}
}

static void print_string(struct show *s, const struct place *at)
{
	uint64_t word[2];
	bool cut = false;

	if (!place_read(s->rt, at, 0, word, sizeof(word))) {
		value_unreadable(s->out, at->addr);
		return;
	}
	struct buf text = {0};

	uint64_t room = s->end > s->out->n ? s->end - s->out->n : 0;

	room = room < TEXT_SHORTEST ? TEXT_SHORTEST : room < VALUE_MAX_TEXT ? room : VALUE_MAX_TEXT;
	if (!value_text(s->rt, &text, word[0], word[1], room, &cut))
		value_unreadable(s->out, word[0]);
	else {
		buf_char(s->out, '"');
		if (text.n)
			buf_bytes(s->out, text.p, text.n);
		buf_char(s->out, '"');
		if (cut)
			buf_lit(s->out, "…");
	}
	buf_free(&text);
}

static void print_integer(struct show *s, const struct rtype *ty, uint64_t raw)
{
	unsigned shift = 64 - (unsigned)ty->size * 8;

	switch (ty->kind) {
	case GO_BOOL:
		buf_str(s->out, raw ? "true" : "false");
		break;
	case GO_INT:
	case GO_INT8:
	case GO_INT16:
	case GO_INT32:
	case GO_INT64:
		buf_i64(s->out, (int64_t)(raw << shift) >> shift);
		break;
	case GO_UINTPTR:
		buf_hex(s->out, raw);
		break;
	default:
		buf_u64(s->out, raw);
	}
}

static void print_number(struct show *s, const struct rtype *ty, const struct place *at)
{
	union {
		uint64_t u;
		float f[2];
		double d[2];
	} v = {0};

	if (ty->size > sizeof(v) || !place_read(s->rt, at, 0, &v, ty->size)) {
		value_unreadable(s->out, at->addr);
		return;
	}
	bool single = ty->kind == GO_FLOAT32 || ty->kind == GO_COMPLEX64;

	switch (ty->kind) {
	case GO_FLOAT32:
	case GO_FLOAT64:
		value_float(s->out, single ? v.f[0] : v.d[0], single);
		break;
	case GO_COMPLEX64:
	case GO_COMPLEX128: {
		double im = single ? v.f[1] : v.d[1];

		buf_char(s->out, '(');
		value_float(s->out, single ? v.f[0] : v.d[0], single);
		if (!(im < 0))
			buf_char(s->out, '+');
		value_float(s->out, im, single);
		buf_lit(s->out, "i)");
		break;
	}
	default:
		print_integer(s, ty, v.u);
	}
}

static void print_scalar(struct show *s, const struct rtype *ty, const struct place *at,
			 enum show_name name)
{
	uint64_t ns;

	if (ty->kind == GO_INT64 && !strcmp(ty->full, "time.Duration") &&
	    place_read(s->rt, at, 0, &ns, sizeof(ns))) {
		value_duration(s->out, (int64_t)ns);
		return;
	}
	bool wrap = name == SHOW_NAMED && *ty->pkgpath;

	if (wrap) {
		show_type(s, ty);
		buf_char(s->out, '(');
	}
	if (ty->kind == GO_STRING)
		print_string(s, at);
	else
		print_number(s, ty, at);
	if (wrap)
		buf_char(s->out, ')');
}

static void print_map(struct show *s, const struct rtype *ty, taddr map, unsigned depth,
		      enum show_name name)
{
	struct gomap_state st;

	if (map && show_opens(s, depth)) {
		show_map(s, ty, map, depth, name);
		return;
	}
	if (name != SHOW_NONE)
		show_type(s, ty);
	if (!map)
		buf_lit(s->out, "(nil)");
	else if (!gomap_header(s->rt, map, &st))
		buf_printf(s->out, "(<unreadable 0x%llx>)", (unsigned long long)map);
	else
		buf_printf(s->out, "(%llu %s)", (unsigned long long)st.count,
			   st.count == 1 ? "entry" : "entries");
}

/* Pointers, channels, functions: one word that leads elsewhere. */
static void print_pointer(struct show *s, const struct rtype *ty, uint64_t p, unsigned depth,
			  enum show_name name)
{
	const char *func = NULL;
	taddr code;

	if (p && ty->kind == GO_POINTER && show_opens(s, depth) &&
	    show_behind(s, ty, p, depth, name))
		return;
	if (name != SHOW_NONE) {
		if (ty->kind == GO_FUNC && !ty->named)
			buf_lit(s->out, "func");
		else
			show_type(s, ty);
		buf_char(s->out, ' ');
	}
	if (!p) {
		buf_lit(s->out, "nil");
		return;
	}
	// A func value points to a closure whose first word is the code.
	if (ty->kind == GO_FUNC && target_u64(s->rt->t, p, &code))
		func = runtime_func_name(s->rt, code);
	if (func) {
		buf_str(s->out, func);
		return;
	}
	buf_hex(s->out, p);
	if (s->subject && s->subject->addr == p)
		s->subject->shown = true;
}

static void print_word(struct show *s, const struct rtype *ty, const struct place *at,
		       unsigned depth, enum show_name name)
{
	uint64_t word;

	if (!place_read(s->rt, at, 0, &word, sizeof(word)))
		value_unreadable(s->out, at->addr);
	else if (ty->kind == GO_MAP)
		print_map(s, ty, word, depth, name);
	else
		print_pointer(s, ty, word, depth, name);
}

static void print_slice(struct show *s, const struct rtype *ty, const struct place *at,
			unsigned depth, enum show_name name)
{
	uint64_t word[2];

	if (!place_read(s->rt, at, 0, word, sizeof(word))) {
		value_unreadable(s->out, at->addr);
		return;
	}
	if (word[0] && show_opens(s, depth)) {
		show_slice(s, ty, at, depth, name);
		return;
	}
	if (name != SHOW_NONE)
		show_type(s, ty);
	if (word[0])
		buf_printf(s->out, "(len %llu)", (unsigned long long)word[1]);
	else
		buf_lit(s->out, "(nil)");
}

static void print_struct(struct show *s, const struct rtype *ty, const struct place *at,
			 unsigned depth, enum show_name name)
{
	struct go_time when;

	if (!strcmp(ty->full, "time.Time") && !at->direct && go_time_read(s->rt, at->addr, &when)) {
		value_time(s->out, when.unix_s, when.nsec);
		return;
	}
	if (name != SHOW_NONE) {
		if (ty->named)
			show_type(s, ty);
		else
			buf_lit(s->out, "struct");
	}
	if (ty->nfields && (s->inside ? show_opens(s, depth) : !depth))
		show_fields(s, ty, at, depth);
	else
		buf_str(s->out, ty->size ? "{…}" : "{}");
}

static void print_eface(struct show *s, taddr type, uint64_t data, unsigned depth)
{
	if (!type) {
		buf_lit(s->out, "nil");
		return;
	}
	const struct rtype *ty = rtype_get(s->rt, type);

	if (!ty) {
		value_unreadable(s->out, type);
		return;
	}
	struct place at = {.addr = data, .word = data, .direct = ty->direct};

	show_value(s, ty, &at, depth, SHOW_NAMED);
}

static void print_iface(struct show *s, const struct rtype *ty, const struct place *at,
			unsigned depth)
{
	struct show part = *s;
	taddr type;
	uint64_t data;

	// What a context holds is shown where the context is.
	if (!strcmp(ty->full, "context.Context"))
		part.inside = false;
	if (value_iface(s->rt, ty, at, &type, &data))
		print_eface(&part, type, data, depth + 1);
	else
		value_unreadable(s->out, at->addr);
}

void show_value(struct show *s, const struct rtype *ty, const struct place *at, unsigned depth,
		enum show_name name)
{
	if (!ty) {
		value_unreadable(s->out, at->addr);
		return;
	}
	if (depth > DEPTH_MAX) {
		buf_lit(s->out, "…");
		return;
	}
	if (s->inside && show_known(s, ty, at, name))
		return;
	switch (ty->kind) {
	case GO_POINTER:
	case GO_UNSAFE_POINTER:
	case GO_CHAN:
	case GO_FUNC:
	case GO_MAP:
		print_word(s, ty, at, depth, name);
		break;
	case GO_SLICE:
		print_slice(s, ty, at, depth, name);
		break;
	case GO_ARRAY:
		show_array(s, ty, at, depth, name);
		break;
	case GO_STRUCT:
		print_struct(s, ty, at, depth, name);
		break;
	case GO_INTERFACE:
		print_iface(s, ty, at, depth);
		break;
	default:
		print_scalar(s, ty, at, name);
	}
}

void value_print(struct runtime *rt, struct buf *out, const struct rtype *ty, taddr data)
{
	struct show s = {.rt = rt, .out = out, .end = SIZE_MAX};
	struct place at = {.addr = data};

	show_value(&s, ty, &at, 0, SHOW_NAMED);
}

void value_print_eface(struct runtime *rt, struct buf *out, taddr type_word, taddr data_word)
{
	struct show s = {.rt = rt, .out = out, .end = SIZE_MAX};

	print_eface(&s, type_word, data_word, 0);
}

bool value_print_inside(struct runtime *rt, struct buf *out, taddr type_word, taddr data_word)
{
	struct show_subject subject = {.addr = data_word};
	struct show s = {.rt = rt,
			 .out = out,
			 .inside = true,
			 .end = out->n + VALUE_MAX_LINE,
			 .subject = data_word ? &subject : NULL};

	print_eface(&s, type_word, data_word, 0);
	return subject.shown;
}

void value_print_type(struct runtime *rt, struct buf *out, taddr type_word)
{
	const struct rtype *ty = rtype_get(rt, type_word);

	if (ty)
		buf_str(out, ty->full);
	else if (!type_word)
		buf_lit(out, "nil");
	else
		value_unreadable(out, type_word);
}
