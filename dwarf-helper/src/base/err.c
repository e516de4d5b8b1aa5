#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static char *vformat(const char *fmt, va_list ap)
{
	char *s = NULL;

	if (vasprintf(&s, fmt, ap) < 0)
		mem_out();
	return s;
}

struct err *err_new(enum err_kind kind, const char *fmt, ...)
{
	struct err *e = mem_zalloc(sizeof(*e));
	va_list ap;

	e->kind = kind;
	va_start(ap, fmt);
	e->msg = vformat(fmt, ap);
	va_end(ap);
	return e;
}

struct err *err_os(int errnum, const char *fmt, ...)
{
	struct err *e = mem_zalloc(sizeof(*e));
	va_list ap;

	e->kind = ERR_OS;
	va_start(ap, fmt);
	char *head = vformat(fmt, ap);
	va_end(ap);
	if (asprintf(&e->msg, "%s: %s", head, strerror(errnum)) < 0)
		mem_out();
	free(head);
	return e;
}

static struct err interrupted = {.kind = ERR_CANCELED, .msg = "interrupted"};

struct err *err_interrupted(void)
{
	return &interrupted;
}

struct err *err_hint(struct err *e, const char *fmt, ...)
{
	va_list ap;

	if (e == &interrupted)
		return e;
	free(e->hint);
	va_start(ap, fmt);
	e->hint = vformat(fmt, ap);
	va_end(ap);
	return e;
}

struct err *err_wrap(struct err *e, const char *fmt, ...)
{
	if (!e || e == &interrupted)
		return e;
	va_list ap;
	char *msg;

	va_start(ap, fmt);
	char *head = vformat(fmt, ap);
	va_end(ap);
	if (asprintf(&msg, "%s: %s", head, e->msg) < 0)
		mem_out();
	free(head);
	free(e->msg);
	e->msg = msg;
	return e;
}

bool err_catch(struct err **e, enum err_kind kind)
{
	if (!*e || (*e)->kind != kind)
		return false;
	err_free(*e);
	*e = NULL;
	return true;
}

void err_free(struct err *e)
{
	if (!e || e == &interrupted)
		return;
	free(e->msg);
	free(e->hint);
	free(e);
}
