/**
 * @file  Writes JSON records field by field, with names and order from report/records.h.
 *
 *	struct rec w = rec_line(out, REC_edge);          {"type":"edge"
 *	rec_ctx(&w, REC_edge_parent, m, parent);         ,"parent":"0xc000012000"
 *	…
 *	rec_line_end(&w);                                }
 *
 * A million records go through here: nothing calls printf, and with a field that is a constant the
 * name of the field becomes one copy of known length.  Builds with AddressSanitizer abort when a
 * field is missing, comes twice or out of order, has another type than the list says, or is null
 * where the list says that it cannot be.
 */
#ifndef GOCTX_REPORT_WRITER_H
#define GOCTX_REPORT_WRITER_H

#include "context/model.h"
#include "report/records.h"

#ifdef __SANITIZE_ADDRESS__
#define REC_CHECKED
#endif

/** A record under way.  Borrows the buffer. */
struct rec {
	struct buf *out;
#ifdef REC_CHECKED
	enum rec_field last; /* written so far */
	bool open;	     /* an array or object of its own is under way */
#endif
};

/* Constant, so that the compiler looks names up where the field is one. */
static const struct rec_info rec_infos[] = {
#define R(record, role, about)                                                                  \
	{(ROLE_##role) == ROLE_PART ? "{" : "{\"type\":\"" #record "\"",                        \
	 (ROLE_##role) == ROLE_PART ? 1 : sizeof("{\"type\":\"" #record "\"") - 1, ROLE_##role, \
	 KIND_NONE, 0},
#define F(record, field, kind, null, unit, about) \
	{",\"" #field "\":", sizeof(",\"" #field "\":") - 1, ROLE_FIELD, KIND_##kind, null},
	RECORDS(R, F)
#undef R
#undef F
		{"", 0, ROLE_LINE, KIND_NONE, 0}, /* REC_END */
};

#ifdef REC_CHECKED
/* Abort unless field @p f may come now. */
void rec_check(struct rec *w, enum rec_field f, enum rec_kind kind, bool null);
void rec_check_end(const struct rec *w);
void rec_check_open(struct rec *w, bool open);
#else
static inline void rec_check(struct rec *w, enum rec_field f, enum rec_kind kind, bool null)
{
	(void)w, (void)f, (void)kind, (void)null;
}

static inline void rec_check_end(const struct rec *w)
{
	(void)w;
}

static inline void rec_check_open(struct rec *w, bool open)
{
	(void)w, (void)open;
}
#endif

/* ---- appenders to memory that is known to have room: the caller made it with buf_room() ---- */

static inline char *put(char *p, const void *s, size_t n)
{
	memcpy(p, s, n);
	return p + n;
}

#define PUT(p, s) put(p, "" s, sizeof(s) - 1)

static inline char *put_u64(char *p, uint64_t v)
{
	char tmp[20], *q = tmp + sizeof(tmp);

	if (v < 10) {
		*p = (char)('0' + v);
		return p + 1;
	}
	do
		*--q = (char)('0' + v % 10);
	while (v /= 10);
	return put(p, q, (size_t)(tmp + sizeof(tmp) - q));
}

static inline char *put_i64(char *p, int64_t v)
{
	if (v < 0)
		*p++ = '-';
	return put_u64(p, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

/** "0x…" with its quotes; null for 0. */
static inline char *put_addr(char *p, uint64_t v)
{
	static const char digit[] = "0123456789abcdef";

	if (!v)
		return PUT(p, "null");
	p = PUT(p, "\"0x");
	for (int shift = (63 - __builtin_clzll(v)) / 4 * 4; shift >= 0; shift -= 4)
		*p++ = digit[v >> shift & 15];
	*p++ = '"';
	return p;
}

/** The address of a context with its quotes; null for CTX_NONE. */
static inline char *put_ctx(char *p, const struct model *m, uint32_t i)
{
	if (i >= m->ctxs.n)
		return PUT(p, "null");
	const struct ctx *c = &m->ctxs.v[i];
	if (c->kind == CTX_BACKGROUND)
		return PUT(p, "\"background\"");
	if (c->kind == CTX_TODO)
		return PUT(p, "\"todo\"");
	return put_addr(p, c->addr);
}

enum {
	REC_VALUE_ROOM = 24, /* bytes that numbers, booleans, addresses and null take at most */
	REC_ROOM = 64,	     /* those, or a word of ours, with the name of the field */
};

_Static_assert(sizeof(",\"contexts_only_heap\":") + REC_VALUE_ROOM < REC_ROOM,
	       "a name that is as long as any");

/**
 * The next field's name, at @p p, which has room for it; for writers that make the value
 * themselves.
 * @param kind  what they will write
 */
static inline __attribute__((always_inline)) char *rec_put(struct rec *w, char *p, enum rec_field f,
							   enum rec_kind kind, bool null)
{
	bool comma = rec_infos[f - 1].role != ROLE_PART; // a part's first field has none before it

	rec_check(w, f, kind, null);
	return put(p, rec_infos[f].text + !comma, rec_infos[f].text_n - (size_t)!comma);
}

/** The same at the end of the buffer, with room made for name and @p room bytes more.  @return
 * where the value goes */
static inline __attribute__((always_inline)) char *
rec_name(struct rec *w, enum rec_field f, enum rec_kind kind, bool null, size_t room)
{
	return rec_put(w, buf_room(w->out, rec_infos[f].text_n + room), f, kind, null);
}

/** What was written up to @p end belongs to the buffer. */
static inline void rec_commit(struct rec *w, const char *end)
{
	w->out->n = (size_t)(end - w->out->p);
}

/* ---- records ---- */

static inline struct rec rec_at(struct buf *out, enum rec_field last)
{
	struct rec w = {.out = out};

#ifdef REC_CHECKED
	w.last = last;
#endif
	(void)last;
	return w;
}

/** Begin a line. */
static inline struct rec rec_line(struct buf *out, enum rec_field record)
{
	buf_bytes(out, rec_infos[record].text, rec_infos[record].text_n);
	return rec_at(out, record);
}

/** End it at @p p, which has room for two bytes more. */
static inline char *rec_put_end(struct rec *w, char *p)
{
	rec_check_end(w);
	return PUT(p, "}\n");
}

static inline void rec_line_end(struct rec *w)
{
	rec_commit(w, rec_put_end(w, buf_room(w->out, 2)));
}

/** Begin an element of an array of parts that rec_list() began. */
static inline struct rec rec_part(struct buf *out, enum rec_field record, bool first)
{
	if (!first)
		buf_char(out, ',');
	return rec_line(out, record);
}

static inline void rec_part_end(struct rec *w)
{
	rec_check_end(w);
	buf_char(w->out, '}');
}

/** At @p p, which has room for it: text that a rec_at() wrote, all fields up to @p last. */
static inline char *rec_put_given(struct rec *w, char *p, enum rec_field last,
				  const struct buf *text)
{
	*w = rec_at(w->out, last);
	return put(p, text->p, text->n);
}

/* ---- fields at @p p, which has REC_ROOM bytes for each; the caller commits.  For records of which
 * there are a million
 * ---- */

static inline char *rec_put_null(struct rec *w, char *p, enum rec_field f)
{
	return PUT(rec_put(w, p, f, (enum rec_kind)rec_infos[f].kind, true), "null");
}

static inline char *rec_put_u64(struct rec *w, char *p, enum rec_field f, uint64_t v)
{
	return put_u64(rec_put(w, p, f, KIND_INT, false), v);
}

static inline char *rec_put_i64(struct rec *w, char *p, enum rec_field f, int64_t v)
{
	return put_i64(rec_put(w, p, f, KIND_INT, false), v);
}

static inline char *rec_put_bool(struct rec *w, char *p, enum rec_field f, bool v)
{
	p = rec_put(w, p, f, KIND_BOOL, false);
	return v ? PUT(p, "true") : PUT(p, "false");
}

/** null for 0. */
static inline char *rec_put_addr(struct rec *w, char *p, enum rec_field f, taddr a)
{
	return put_addr(rec_put(w, p, f, KIND_ADDR, !a), a);
}

/** null for CTX_NONE. */
static inline char *rec_put_ctx(struct rec *w, char *p, enum rec_field f, const struct model *m,
				uint32_t i)
{
	return put_ctx(rec_put(w, p, f, KIND_CTX, i == CTX_NONE), m, i);
}

/** A word of ours, not too long for the room: nothing in it needs escaping.  null for NULL. */
static inline char *rec_put_word(struct rec *w, char *p, enum rec_field f, const char *s)
{
	p = rec_put(w, p, f, KIND_WORD, !s);
	if (!s)
		return PUT(p, "null");
	*p++ = '"';
	p = put(p, s, strlen(s));
	*p++ = '"';
	return p;
}

/* ---- fields at the end of the buffer ---- */

static inline void rec_null(struct rec *w, enum rec_field f)
{
	rec_commit(w, rec_put_null(w, buf_room(w->out, REC_ROOM), f));
}

static inline void rec_u64(struct rec *w, enum rec_field f, uint64_t v)
{
	rec_commit(w, rec_put_u64(w, buf_room(w->out, REC_ROOM), f, v));
}

static inline void rec_i64(struct rec *w, enum rec_field f, int64_t v)
{
	rec_commit(w, rec_put_i64(w, buf_room(w->out, REC_ROOM), f, v));
}

/** A number that may not be known. */
static inline void rec_u64_if(struct rec *w, enum rec_field f, bool known, uint64_t v)
{
	if (known)
		rec_u64(w, f, v);
	else
		rec_null(w, f);
}

static inline void rec_i64_if(struct rec *w, enum rec_field f, bool known, int64_t v)
{
	if (known)
		rec_i64(w, f, v);
	else
		rec_null(w, f);
}

static inline void rec_bool(struct rec *w, enum rec_field f, bool v)
{
	rec_commit(w, rec_put_bool(w, buf_room(w->out, REC_ROOM), f, v));
}

static inline void rec_addr(struct rec *w, enum rec_field f, taddr a)
{
	rec_commit(w, rec_put_addr(w, buf_room(w->out, REC_ROOM), f, a));
}

static inline void rec_ctx(struct rec *w, enum rec_field f, const struct model *m, uint32_t i)
{
	rec_commit(w, rec_put_ctx(w, buf_room(w->out, REC_ROOM), f, m, i));
}

/** A context by its address; null for 0. */
static inline void rec_ctx_at(struct rec *w, enum rec_field f, taddr a)
{
	rec_commit(w, put_addr(rec_name(w, f, KIND_CTX, !a, REC_VALUE_ROOM), a));
}

static inline void rec_word(struct rec *w, enum rec_field f, const char *s)
{
	rec_commit(w, rec_put_word(w, buf_room(w->out, REC_ROOM), f, s));
}

/** Any text, escaped; null for NULL. */
void rec_text(struct rec *w, enum rec_field f, const char *s);

/** The same of a buffer. */
void rec_buf(struct rec *w, enum rec_field f, bool known, const struct buf *b);

/** "2026-11-20T04:12:09.5Z"; null unless @p known and in a year that can be written so. */
void rec_time(struct rec *w, enum rec_field f, bool known, int64_t unix_s, int32_t nsec);

/** Not a number and infinite: null. */
void rec_float(struct rec *w, enum rec_field f, double v);

/** Begin an array or an object of its own; its elements are the caller's to write until
 * rec_list_end(). */
void rec_list(struct rec *w, enum rec_field f);
void rec_list_end(struct rec *w, enum rec_field f);

/** One number of a list. */
static inline void rec_item_u64(struct buf *out, bool first, uint64_t v)
{
	char *p = buf_room(out, REC_VALUE_ROOM);

	if (!first)
		*p++ = ',';
	out->n = (size_t)(put_u64(p, v) - out->p);
}

/** One context of a list, one address, one text. */
static inline void rec_item_ctx(struct buf *out, bool first, const struct model *m, uint32_t i)
{
	char *p = buf_room(out, REC_VALUE_ROOM);

	if (!first)
		*p++ = ',';
	out->n = (size_t)(put_ctx(p, m, i) - out->p);
}

static inline void rec_item_addr(struct buf *out, bool first, taddr a)
{
	char *p = buf_room(out, REC_VALUE_ROOM);

	if (!first)
		*p++ = ',';
	out->n = (size_t)(put_addr(p, a) - out->p);
}

void rec_item_buf(struct buf *out, bool first, const struct buf *b);

/** One pair of an object. */
void rec_count(struct buf *out, bool first, const char *word, uint64_t v);

#endif
