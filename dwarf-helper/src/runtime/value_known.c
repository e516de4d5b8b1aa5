/*
 * Values whose fields say little and whose methods, which are never called, say all.
 */
#include "runtime/value_known.h"

#define TEXT_MAX 256 /* bytes of a string that is part of such a text */

/* ---- fields by name ---- */

bool known_field(const struct known *k, const char *name, struct known *ret)
{
	for (uint32_t i = 0; k->ty->kind == GO_STRUCT && i < k->ty->nfields; i++) {
		const struct rtype_field *f = &k->ty->fields[i];

		if (strcmp(f->name, name) != 0)
			continue;
		*ret = (struct known){k->rt, k->out, rtype_get(k->rt, f->type),
				      place_part(&k->at, f->off)};
		return ret->ty != NULL;
	}
	return false;
}

bool known_read(const struct known *k, const char *name, void *buf, uint64_t n)
{
	struct known f;

	return known_field(k, name, &f) && f.ty->size == n && place_read(k->rt, &f.at, 0, buf, n);
}

bool known_text(const struct known *k, const char *name, struct buf *ret)
{
	uint64_t word[2], n;

	if (!known_read(k, name, word, sizeof(word)))
		return false;
	if (!word[1])
		return true;
	const char *s = runtime_string(k->rt, word[0], word[1], TEXT_MAX, &n, NULL);

	if (s)
		buf_bytes(ret, s, n);
	return s != NULL;
}

bool known_deref(const struct known *k, const char *name, struct known *ret)
{
	struct known f;
	taddr p;

	if (!known_field(k, name, &f) || f.ty->kind != GO_POINTER ||
	    !place_read(k->rt, &f.at, 0, &p, sizeof(p)))
		return false;
	*ret = (struct known){k->rt, k->out, p ? rtype_get(k->rt, f.ty->elem) : NULL, {.addr = p}};
	return !p || ret->ty;
}

/* ---- what is printed with the type's name ---- */

/* The part of an atomic that counts: what its Load would return. */
static bool print_atomic(struct show *s, const struct known *k, enum show_name name)
{
	struct known v, elem;
	uint32_t set;

	if (strncmp(k->ty->full, "sync/atomic.", 12) != 0 || !known_field(k, "v", &v))
		return false;
	bool is_bool = !strcmp(k->ty->full, "sync/atomic.Bool");

	if (is_bool && !place_read(k->rt, &v.at, 0, &set, sizeof(set)))
		return false;
	if (name == SHOW_NAMED) {
		show_type(s, k->ty);
		buf_char(s->out, '(');
	}
	// atomic.Pointer[T] has a field of [0]*T: the pointer's own type.
	if (is_bool)
		buf_str(s->out, set ? "true" : "false");
	else if (v.ty->kind == GO_UNSAFE_POINTER && known_field(k, "_", &elem) &&
		 elem.ty->kind == GO_ARRAY)
		show_part(s, rtype_get(k->rt, elem.ty->elem), &v.at, 1, SHOW_NAMED);
	else
		show_part(s, v.ty, &v.at, 1, name == SHOW_NAMED ? SHOW_BARE : name);
	if (name == SHOW_NAMED)
		buf_char(s->out, ')');
	return true;
}

/* Raw text, cut where the line is full, escaped. */
static void put_text(struct show *s, const struct buf *text)
{
	size_t room = s->end > s->out->n + 16 ? s->end - s->out->n : 16, n = text->n;

	if (n > room) {
		n = room;
		while (n && ((unsigned char)text->p[n] & 0xc0) == 0x80)
			n--;
	}
	value_escape(s->out, text->p, n);
	if (n < text->n)
		buf_lit(s->out, "…");
}

/* 6ba7b810-9dad-11d1-80b4-00c04fd430c8: 16 bytes of a type that is called so. */
static bool known_uuid(const struct known *k)
{
	const char *dot = strrchr(k->ty->name, '.');
	uint8_t b[16];

	if (k->ty->kind != GO_ARRAY || k->ty->size != sizeof(b) || !dot ||
	    (strcmp(dot, ".UUID") != 0 && strcmp(dot, ".GUID") != 0) ||
	    !place_read(k->rt, &k->at, 0, b, sizeof(b)))
		return false;
	for (unsigned i = 0; i < sizeof(b); i++)
		buf_printf(k->out, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", b[i]);
	return true;
}

static bool known_error(const struct known *k)
{
	bool shape = k->ty->kind == GO_STRUCT || k->ty->kind == GO_POINTER;

	return shape && value_known_error(k->rt, k->out, k->ty, &k->at) && k->out->n;
}

/** Who makes a text, and how it stands on the line. */
static const struct form {
	bool (*text)(const struct known *);
	bool named; /* type("text") where the type is said; false: the text alone says what it is */
	bool quoted;
} forms[] = {
	{known_address, false, false}, {known_url, false, false}, {known_big, true, false},
	{known_uuid, true, false},     {known_error, true, true},
};

static void put_form(struct show *s, const struct rtype *ty, const struct buf *text,
		     const struct form *form, enum show_name name)
{
	bool named = form->named && name == SHOW_NAMED;

	if (named) {
		show_type(s, ty);
		buf_char(s->out, '(');
	}
	if (form->quoted)
		buf_char(s->out, '"');
	put_text(s, text);
	if (form->quoted)
		buf_char(s->out, '"');
	if (named)
		buf_char(s->out, ')');
}

static bool is_candidate(const struct rtype *ty)
{
	return *ty->pkgpath && (ty->kind == GO_STRUCT || ty->kind == GO_SLICE ||
				ty->kind == GO_ARRAY || ty->kind == GO_POINTER);
}

bool show_known(struct show *s, const struct rtype *ty, const struct place *at, enum show_name name)
{
	struct buf text = {0};
	struct known k = {s->rt, &text, ty, *at}, to = k;
	bool done = false;

	if (!is_candidate(ty) || print_atomic(s, &k, name))
		return is_candidate(ty);
	// Most of these methods are those of the pointer, or work through it, too.
	if (ty->kind == GO_POINTER) {
		to.ty = rtype_get(s->rt, ty->elem);
		to.at = (struct place){0};
		if (!to.ty || !place_read(s->rt, at, 0, &to.at.addr, sizeof(to.at.addr)) ||
		    !to.at.addr || to.ty->kind == GO_POINTER)
			return false;
	}
	for (size_t i = 0; !done && i < sizeof(forms) / sizeof(*forms); i++) {
		text.n = 0;
		done = forms[i].text(forms[i].text == known_error ? &k : &to);
		if (done)
			put_form(s, ty, &text, &forms[i], name);
	}
	buf_free(&text);
	return done;
}
