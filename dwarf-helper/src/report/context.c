/**
 * @file  `@context ADDR`, `@children ADDR`, `@words TYPE@ADDR`, `@type WORD`: single contexts and
 * types, for GDB's typed values and printers.
 *
 * Requests between GDB and the helper, nothing that people type.  Addresses are hexadecimal without
 * 0x, "background", "todo", or "-" for none.
 *
 *   @context   c <addr> <parent> <done> <kind> <type>
 *         done: what Done() returns, 0 for none or none made yet; the type with the path of its
 * package: *context.cancelCtx
 *   @children  <itab> <addr>                              an entry of the children map, as it is
 *   @words     context.Background.WithCancel 0xc000126000 (active, 2 children)
 *         TYPE is the name of the struct, or the address of an itab or type as found in an
 * interface; reads this context and its ancestors alone.  An empty answer: it is no context.
 *   @type      *context.cancelCtx                         the dynamic type of an interface value
 *         WORD is the first word of the value, with 0x: an itab or a type.  Name with the path of
 * its package, as everywhere.  An empty answer: there is no type.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>

#include "context/chain.h"
#include "report/arg.h"
#include "report/words.h"
#include "runtime/rtype.h"

/* ---- @context ---- */

static void put_ctx(struct buf *out, const struct model *m, uint32_t i)
{
	if (i == CTX_NONE)
		buf_lit(out, " -");
	else if (i < 2)
		buf_str(out, i ? " todo" : " background");
	else
		buf_printf(out, " %" PRIx64, m->ctxs.v[i].addr);
}

/* What ctx.Done() returns.  Kinds without a channel of their own return their parent's. */
static taddr done_of(const struct model *m, uint32_t i)
{
	for (; i != CTX_NONE; i = m->ctxs.v[i].parent) {
		const struct ctx *c = &m->ctxs.v[i];
		bool inherits =
			c->kind == CTX_VALUE || c->kind == CTX_STOP || c->kind == CTX_CUSTOM;
		if (c->done || !inherits)
			return c->done;
	}
	return 0;
}

struct err *report_context(struct report *r)
{
	uint32_t i;
	struct err *err = arg_context(r, r->opt->arg, &i);

	if (err)
		return err;
	const struct ctx *c = &r->m->ctxs.v[i];
	buf_char(&r->out, 'c');
	put_ctx(&r->out, r->m, i);
	put_ctx(&r->out, r->m, c->parent);
	buf_printf(&r->out, " %" PRIx64 " %s %s\n", done_of(r->m, i), ctx_kind_name(c->kind),
		   r->m->types.v[c->type].full);
	return NULL;
}

/* ---- @children ---- */

#define ALL_ENTRIES UINT64_MAX /* what the map's geometry allows */

static bool put_key(void *arg, taddr key, taddr elem)
{
	struct report *r = arg;
	uint64_t itab, addr;

	(void)elem;
	if (model_u64(r->m, key, &itab) && model_u64(r->m, key + 8, &addr))
		buf_printf(&r->out, "%" PRIx64 " %" PRIx64 "\n", itab, addr);
	return !model_canceled(r->m);
}

struct err *report_context_children(struct report *r)
{
	uint32_t i;
	taddr map;
	struct gomap_state st;
	struct err *err = arg_context(r, r->opt->arg, &i);

	if (!err && ctx_children_map(r->m, i, &map) && map)
		gomap_each(r->m->rt, map, &r->m->children_type, ALL_ENTRIES, put_key, r, &st);
	return err;
}

/* ---- @words ---- */

static void put_words(struct report *r, const struct model *m, uint32_t i)
{
	struct buf *out = &r->out, text = {0};
	struct ctx_view v = {0};

	ctx_name(m, i, &text);
	text_safe(out, text.p, text.n);
	buf_free(&text);
	if (i < 2)
		return;
	ctx_view_read(&v, m, i, VIEW_ERR);
	const char *mark = word_mark(v.flags);
	buf_char(out, ' ');
	buf_hex(out, v.addr);
	buf_lit(out, " (");
	buf_str(out, word_state(v.state));
	if ((v.state == CTX_CANCELED || v.state == CTX_EXPIRED) && v.has_err) {
		buf_char(out, ' ');
		word_err(out, &v);
	}
	if (v.children && ctx_canceler(m, i) == i) {
		buf_lit(out, ", ");
		text_plural(out, v.children, "child");
	}
	if (mark) {
		buf_lit(out, ", ");
		buf_str(out, mark);
	}
	buf_char(out, ')');
	ctx_view_free(&v);
}

/* The model of the session, when it has been made: looked up at once. */
static bool in_model(const struct model *m, taddr addr, taddr rtype, const char *name,
		     uint32_t *ret)
{
	*ret = model_at(m, addr);
	if (*ret == CTX_NONE)
		return false;
	const struct ctx_type *t = &m->types.v[m->ctxs.v[*ret].type];
	return rtype ? t->rtype == rtype : ctx_type_is(t, name);
}

/* What an interface's first word says of the type: an itab's address, or the type's own. */
static taddr type_at(struct runtime *rt, taddr word)
{
	taddr rtype = rtype_of_itab(rt, word);

	return rtype ? rtype : word;
}

static taddr type_of_word(struct runtime *rt, const char *word)
{
	char *end;
	taddr addr = strtoull(word, &end, 16);

	return isxdigit((unsigned char)*word) && !*end ? type_at(rt, addr) : 0;
}

static struct err *words_of(struct report *r, taddr addr, taddr rtype, const char *name)
{
	const struct model *chain;
	uint32_t i;

	if (in_model(r->m, addr, rtype, name, &i)) {
		put_words(r, r->m, i);
		return NULL;
	}
	struct err *err = chain_read(r->m, addr, rtype, name, &chain, &i);
	if (err_catch(&err, ERR_ABSENT) || err)
		return err;
	put_words(r, chain, i);
	return NULL;
}

struct err *report_context_words(struct report *r)
{
	const char *at = strrchr(r->opt->arg, '@');
	taddr addr;

	if (!at)
		return err_new(ERR_USAGE, "'%s' is not TYPE@ADDR", r->opt->arg);
	struct err *err = arg_address(at + 1, &addr);
	if (err)
		return err;
	_cleanup_free_ char *name = mem_strndup(r->opt->arg, (size_t)(at - r->opt->arg));
	return words_of(r, addr, type_of_word(r->m->rt, name), name);
}

/* ---- @type ---- */

struct err *report_type(struct report *r)
{
	struct runtime *rt = r->m->rt;
	taddr word;
	struct err *err = arg_address(r->opt->arg, &word);

	if (err)
		return err;
	const struct rtype *type = rtype_get(rt, type_at(rt, word));
	if (!type)
		return NULL;
	text_safe(&r->out, type->full, strlen(type->full));
	buf_char(&r->out, '\n');
	return NULL;
}
