#include "report/arg.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>

#include "report/words.h"

struct err *arg_address(const char *arg, taddr *ret)
{
	char *end = NULL;

	if (!strncasecmp(arg, "0x", 2) && arg[2] && arg[2] != '-' && arg[2] != '+') {
		errno = 0;
		*ret = strtoull(arg + 2, &end, 16);
		if (!*end && !errno)
			return NULL;
	}
	return err_hint(
		err_new(ERR_USAGE, "'%s' is not an address", arg),
		"give a hexadecimal address (0xc000126000) or one of the words background, todo");
}

static struct err *no_context(const struct model *m, taddr addr)
{
	struct err *e = err_new(ERR_USAGE, "0x%" PRIx64 " is no context", addr);
	uint32_t i = u64map_find(&m->by_done, addr);
	struct buf who = {0};

	if (i != U64MAP_NONE) {
		word_ctx(&who, m, i);
		e = err_hint(e, "it is the done channel of %s", buf_cstr(&who));
	} else if ((i = model_find(m, addr)) != CTX_NONE && i < m->ctxs.n) {
		word_ctx(&who, m, i);
		e = err_hint(e, "it lies inside %s, at +0x%" PRIx64, buf_cstr(&who),
			     addr - m->ctxs.v[i].addr);
	} else if (model_damaged(m)) {
		e = err_hint(e, "none that was found, that is: part of the target could not be "
				"read, info names it");
	} else if (!m->contexts) {
		e = err_hint(e, "no contexts were found in this target");
	} else {
		e = err_hint(e, "list and tree print the addresses of all contexts");
	}
	buf_free(&who);
	return e;
}

struct err *arg_context(struct report *r, const char *arg, uint32_t *ret)
{
	const struct model *m = r->m;
	taddr addr = 0;

	if (!strcasecmp(arg, "background") || !strcasecmp(arg, "todo")) {
		*ret = strcasecmp(arg, "todo") ? 0 : 1;
		if (!model_unused(m, *ret))
			return NULL;
		return err_new(ERR_USAGE, "no context of this program is made on %s",
			       *ret ? "TODO" : "Background");
	}
	struct err *e = arg_address(arg, &addr);
	if (e)
		return e;
	uint32_t i = model_at(m, addr);
	if (i == U64MAP_NONE)
		return no_context(m, addr);
	*ret = i;
	return NULL;
}

struct err *arg_regex(const char *option, const char *value, regex_t *ret)
{
	char why[128];
	int code = regcomp(ret, value, REG_EXTENDED | REG_NOSUB);

	if (!code)
		return NULL;
	regerror(code, ret, why, sizeof(why));
	return err_hint(
		err_new(ERR_USAGE, "%s '%s' is no regular expression: %s", option, value, why),
		"brackets and stars of method names need a backslash: '\\(\\*Conn\\)\\.pump'");
}
