#include "context/cancelcode.h"

#include <string.h>

#define CANCEL_CTX "*context.cancelCtx"
#define TIMER_CTX "*context.timerCtx"
#define SIGNAL_STOP "os/signal.(*signalCtx).stop-fm"

static const struct maker {
	const char *name;
	const char *captures;
	int kind;
} makers[] =
	{
		{".WithCancel.func1", CANCEL_CTX, CANCELER_FUNC},
		{".WithCancelCause.func1", CANCEL_CTX, CANCELER_FUNC},
		{".WithDeadline.func1", TIMER_CTX, CANCELER_FUNC},
		{".WithDeadline.func3", TIMER_CTX, CANCELER_FUNC},
		{".WithDeadlineCause.func1", TIMER_CTX, CANCELER_FUNC},
		{".WithDeadlineCause.func3", TIMER_CTX, CANCELER_FUNC},
		{".WithDeadline.func2", TIMER_CTX, CANCELER_TIMER},
		{".WithDeadlineCause.func2", TIMER_CTX, CANCELER_TIMER},
		{".AfterFunc.func1", "*context.afterFuncCtx", CANCELER_STOP},
		{".propagateCancel.func1", NULL, CANCELER_PARENT},
},
  signal_stop = {SIGNAL_STOP, "*os/signal.signalCtx", CANCELER_STOP};

static bool ends(const char *s, size_t n, const char *tail)
{
	size_t t = strlen(tail);

	return n >= t && memcmp(s + n - t, tail, t) == 0;
}

static const struct maker *maker_of(const char *name, size_t n)
{
	if (n < sizeof("AfterFunc.func1") ||
	    (name[n - 1] != 'm' && (name[n - 1] < '1' || name[n - 1] > '3')))
		return NULL;
	if (strcmp(name, SIGNAL_STOP) == 0)
		return &signal_stop;
	for (size_t i = 0; i < sizeof(makers) / sizeof(*makers); i++)
		if (ends(name, n, makers[i].name))
			return strcmp(name, CANCEL_OLD_WATCHER) == 0 ? NULL : &makers[i];
	return NULL;
}

int cancel_code_kind(const char *name, size_t n)
{
	const struct maker *m = maker_of(name, n);

	return m ? m->kind : -1;
}

bool cancel_code_is(const char *name, size_t n)
{
	return maker_of(name, n) != NULL;
}

const char *cancel_code_captures(const char *name, size_t n)
{
	const struct maker *m = maker_of(name, n);

	return m ? m->captures : NULL;
}
