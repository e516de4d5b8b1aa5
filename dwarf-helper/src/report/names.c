#include "report/names.h"

#include "report/text.h"

/* As ctx_name() shortens: names of more than MAX elements keep HEAD of them, the root among them,
 * and TAIL. */
#define NAME_MAX 24
#define NAME_HEAD 16
#define NAME_TAIL 8

void names_open(struct names *n, const struct model *m, bool json)
{
	memset(n, 0, sizeof(*n));
	n->m = m;
	n->json = json;
	for (size_t k = 0; k < NAMES_SLOTS; k++)
		n->slot[k].ctx = CTX_NONE;
}

void names_close(struct names *n)
{
	for (size_t k = 0; k < NAMES_SLOTS; k++)
		buf_free(&n->slot[k].text);
	free(n->head);
	buf_free(&n->raw);
	buf_free(&n->part);
}

/* Append n->raw to @p out (which has no sink) in the encoding asked for. */
static void encode(const struct names *n, struct buf *out)
{
	size_t at = out->n;

	if (!n->raw.n)
		return;
	if (!n->json) {
		text_safe(out, n->raw.p, n->raw.n);
		return;
	}
	buf_json(out, n->raw.p, n->raw.n);
	memmove(out->p + at, out->p + at + 1, out->n - at - 2); // the quotes are the caller's
	out->n -= 2;
}

/* Append ".WithValue(key)" to n->raw: what a context adds to the name of its parent. */
static void element(struct names *n, uint32_t i, const struct buf *key)
{
	buf_char(&n->raw, '.');
	buf_str(&n->raw, ctx_label(n->m, i));
	if (n->m->ctxs.v[i].kind != CTX_VALUE)
		return;
	size_t at = n->raw.n;
	buf_char(&n->raw, '(');
	bool have = true;
	if (!key)
		have = ctx_key(n->m, i, &n->raw);
	else if (key->n)
		buf_bytes(&n->raw, key->p, key->n);
	else
		have = false;
	if (have)
		buf_char(&n->raw, ')');
	else
		n->raw.n = at;
}

/* The encoded name of a context that is not deep, from the cache or made. */
static const struct buf *cached(struct names *n, uint32_t i)
{
	struct buf *text = &n->slot[i % NAMES_SLOTS].text;

	if (n->slot[i % NAMES_SLOTS].ctx == i)
		return text;
	n->raw.n = 0;
	ctx_name(n->m, i, &n->raw);
	text->n = 0;
	encode(n, text);
	n->slot[i % NAMES_SLOTS].ctx = i;
	return text;
}

static bool has_parent(const struct model *m, uint32_t i)
{
	return m->ctxs.v[i].depth && m->ctxs.v[i].parent < m->ctxs.n;
}

/* The ancestor at depth NAME_HEAD - 1; each context is climbed over once in the life of n. */
static uint32_t head_of(struct names *n, uint32_t i)
{
	const struct model *m = n->m;
	uint32_t top = i;

	if (!n->head)
		n->head = mem_zalloc(
			m->ctxs.n *
			sizeof(*n->head)); // 0 is Background, never that deep: not known yet
	while (m->ctxs.v[top].depth > NAME_HEAD - 1 && !n->head[top] && has_parent(m, top))
		top = m->ctxs.v[top].parent;
	uint32_t head = n->head[top] ? n->head[top] : top;
	for (uint32_t at = i; at != top; at = m->ctxs.v[at].parent)
		n->head[at] = head;
	return head;
}

/* Head, "(8170 more)", tail. */
static void put_deep(struct names *n, uint32_t i, const struct buf *key, struct buf *out)
{
	const struct model *m = n->m;
	uint32_t tail[NAME_TAIL], at = i;
	const struct buf *head = cached(n, head_of(n, i));

	buf_bytes(out, head->p, head->n);
	for (unsigned k = NAME_TAIL; k-- > 0; at = m->ctxs.v[at].parent)
		tail[k] = at;
	n->raw.n = n->part.n = 0;
	buf_lit(&n->raw, ".(");
	buf_u64(&n->raw, m->ctxs.v[i].depth + 1 - NAME_HEAD - NAME_TAIL);
	buf_lit(&n->raw, " more)");
	for (unsigned k = 0; k < NAME_TAIL; k++)
		element(n, tail[k], tail[k] == i ? key : NULL);
	encode(n, &n->part);
	buf_bytes(out, n->part.p, n->part.n);
}

/* Its children will want this text. */
static void keep(struct names *n, uint32_t i, const struct buf *head)
{
	struct buf *text = &n->slot[i % NAMES_SLOTS].text;

	if (n->m->ctxs.v[i].first_child == CTX_NONE || text == head)
		return;
	text->n = 0;
	buf_bytes(text, head->p, head->n);
	buf_bytes(text, n->part.p, n->part.n);
	n->slot[i % NAMES_SLOTS].ctx = i;
}

void names_put(struct names *n, uint32_t i, const struct buf *key, struct buf *out)
{
	const struct ctx *c = &n->m->ctxs.v[i];

	if (c->depth >= NAME_MAX) {
		put_deep(n, i, key, out);
		return;
	}
	if (!has_parent(n->m, i)) {
		const struct buf *own = cached(n, i);
		buf_bytes(out, own->p, own->n);
		return;
	}
	const struct buf *head = cached(n, c->parent);
	n->raw.n = n->part.n = 0;
	element(n, i, key);
	encode(n, &n->part);
	char *p = buf_room(out, head->n + n->part.n);
	memcpy(p, head->p, head->n);
	memcpy(p + head->n, n->part.p, n->part.n);
	out->n += head->n + n->part.n;
	keep(n, i, head);
}
