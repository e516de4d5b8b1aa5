#include "runtime/values.h"

#include "runtime/clock.h"
#include "runtime/gomap.h"

#define FIELDS_SHOWN 4
#define NAME_SHOWN 96  /* bytes of a type's name in front of a value; generic types can be endless */
#define BYTES_SHOWN 32 /* a byte array up to this long is a hash or an id, and shown in hex */
#define DEPTH_MAX 4

/** How a value is printed, and how deep inside of others it is. */
struct show {
	struct runtime *rt;
	struct buf *out;
};

static void print(struct show *s, const struct rtype *ty, const struct place *at, unsigned depth, bool bare);

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

bool value_iface(struct runtime *rt, const struct rtype *ty, const struct place *at, taddr *type_ret,
		 uint64_t *data_ret)
{
	uint64_t word[2], methods;

	// InterfaceType{Type; PkgPath; Methods}: without methods the first word is the type itself.
	if (!place_read(rt, at, 0, word, sizeof(word)) || !target_u64(rt->t, ty->addr + 64, &methods))
		return false;
	*type_ret = word[0];
	*data_ret = word[1];
	if (!word[0] || !methods)
		return true;
	*type_ret = rtype_of_itab(rt, word[0]);
	return *type_ret != 0;
}

/* A type's name in front of a value: reflect's spelling, but for bytes, and not endless. */
static void print_name(struct show *s, const struct rtype *ty)
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

	if (!value_text(s->rt, &text, word[0], word[1], VALUE_MAX_TEXT, &cut))
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

/* @p bare: the type is told elsewhere */
static void print_scalar(struct show *s, const struct rtype *ty, const struct place *at, bool bare)
{
	uint64_t ns;

	if (ty->kind == GO_INT64 && !strcmp(ty->full, "time.Duration") && place_read(s->rt, at, 0, &ns, sizeof(ns))) {
		value_duration(s->out, (int64_t)ns);
		return;
	}
	bool wrap = !bare && *ty->pkgpath;

	if (wrap) {
		print_name(s, ty);
		buf_char(s->out, '(');
	}
	if (ty->kind == GO_STRING)
		print_string(s, at);
	else
		print_number(s, ty, at);
	if (wrap)
		buf_char(s->out, ')');
}

/* Pointers, channels, functions, maps: one word that leads elsewhere. */
static void print_pointer(struct show *s, const struct rtype *ty, uint64_t p)
{
	struct gomap_state st;
	const char *func = NULL;
	taddr code;

	if (ty->kind == GO_MAP) {
		print_name(s, ty);
		if (!p)
			buf_lit(s->out, "(nil)");
		else if (!gomap_header(s->rt, p, &st))
			buf_printf(s->out, "(<unreadable 0x%llx>)", (unsigned long long)p);
		else
			buf_printf(s->out, "(%llu %s)", (unsigned long long)st.count,
				   st.count == 1 ? "entry" : "entries");
		return;
	}
	if (ty->kind == GO_FUNC && !ty->named)
		buf_lit(s->out, "func");
	else
		print_name(s, ty);
	buf_char(s->out, ' ');
	if (!p) {
		buf_lit(s->out, "nil");
		return;
	}
	// A func value points to a closure whose first word is the code.
	if (ty->kind == GO_FUNC && target_u64(s->rt->t, p, &code))
		func = runtime_func_name(s->rt, code);
	if (func)
		buf_str(s->out, func);
	else
		buf_hex(s->out, p);
}

static void print_slice(struct show *s, const struct rtype *ty, const struct place *at)
{
	uint64_t word[2];

	if (!place_read(s->rt, at, 0, word, sizeof(word))) {
		value_unreadable(s->out, at->addr);
		return;
	}
	print_name(s, ty);
	if (word[0])
		buf_printf(s->out, "(len %llu)", (unsigned long long)word[1]);
	else
		buf_lit(s->out, "(nil)");
}

static void print_array(struct show *s, const struct rtype *ty, const struct place *at)
{
	const struct rtype *elem = rtype_get(s->rt, ty->elem);
	uint8_t bytes[BYTES_SHOWN];

	print_name(s, ty);
	if (!elem || elem->kind != GO_UINT8 || !ty->size || ty->size > sizeof(bytes)) {
		buf_str(s->out, ty->size ? "{…}" : "{}");
		return;
	}
	buf_char(s->out, '(');
	if (place_read(s->rt, at, 0, bytes, ty->size))
		for (uint64_t i = 0; i < ty->size; i++)
			buf_printf(s->out, "%02x", bytes[i]);
	else
		value_unreadable(s->out, at->addr);
	buf_char(s->out, ')');
}

static void print_struct(struct show *s, const struct rtype *ty, const struct place *at, unsigned depth)
{
	struct go_time when;

	if (!strcmp(ty->full, "time.Time") && !at->direct && go_time_read(s->rt, at->addr, &when)) {
		value_time(s->out, when.unix_s, when.nsec);
		return;
	}
	if (ty->named)
		print_name(s, ty);
	else
		buf_lit(s->out, "struct");
	if (!ty->nfields || depth) {
		buf_str(s->out, ty->size ? "{…}" : "{}");
		return;
	}
	buf_char(s->out, '{');
	for (uint32_t i = 0; i < ty->nfields; i++) {
		const struct rtype_field *f = &ty->fields[i];
		struct place part = place_part(at, f->off);

		if (i)
			buf_lit(s->out, ", ");
		if (i == FIELDS_SHOWN) {
			buf_lit(s->out, "…");
			break;
		}
		buf_str(s->out, f->name);
		buf_lit(s->out, ": ");
		print(s, rtype_get(s->rt, f->type), &part, depth + 1, true);
	}
	buf_char(s->out, '}');
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

	print(s, ty, &at, depth, false);
}

static void print_iface(struct show *s, const struct rtype *ty, const struct place *at, unsigned depth)
{
	taddr type;
	uint64_t data;

	if (value_iface(s->rt, ty, at, &type, &data))
		print_eface(s, type, data, depth + 1);
	else
		value_unreadable(s->out, at->addr);
}

static void print(struct show *s, const struct rtype *ty, const struct place *at, unsigned depth, bool bare)
{
	uint64_t word;

	if (!ty) {
		value_unreadable(s->out, at->addr);
		return;
	}
	if (depth > DEPTH_MAX) {
		buf_lit(s->out, "…");
		return;
	}
	switch (ty->kind) {
	case GO_POINTER:
	case GO_UNSAFE_POINTER:
	case GO_CHAN:
	case GO_FUNC:
	case GO_MAP:
		if (place_read(s->rt, at, 0, &word, sizeof(word)))
			print_pointer(s, ty, word);
		else
			value_unreadable(s->out, at->addr);
		break;
	case GO_SLICE:
		print_slice(s, ty, at);
		break;
	case GO_ARRAY:
		print_array(s, ty, at);
		break;
	case GO_STRUCT:
		print_struct(s, ty, at, depth);
		break;
	case GO_INTERFACE:
		print_iface(s, ty, at, depth);
		break;
	default:
		print_scalar(s, ty, at, bare);
	}
}

void value_print(struct runtime *rt, struct buf *out, const struct rtype *ty, taddr data)
{
	struct show s = {rt, out};
	struct place at = {.addr = data};

	print(&s, ty, &at, 0, false);
}

void value_print_eface(struct runtime *rt, struct buf *out, taddr type_word, taddr data_word)
{
	struct show s = {rt, out};

	print_eface(&s, type_word, data_word, 0);
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
