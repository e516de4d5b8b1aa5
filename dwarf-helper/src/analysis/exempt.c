/*
 * Goroutines and contexts that a library keeps waiting as long as the program runs.  Only
 * stuck-task reports them.
 *
 * Goroutines are recognised by the function they were started with (names as of Go 1.19 to 1.27),
 * contexts by the keys and types above them.
 */
#include "analysis/leaks.h"

#include "context/detail.h"
#include "runtime/rtype.h"

#define REQUEST_CLIMB 64 /* levels above a context */

static const struct {
	const char *start; /* head of the name of the start function */
	const char *word;  /* what a person calls one of them */
} idle[] = {
	{"net/http.(*conn).serve", "net/http connection"},
	{"net/http.(*connReader).backgroundRead", "net/http connection reader"},
	{"net/http.(*persistConn).", "net/http client connection loop"},
	{"net/http.(*http2", "net/http HTTP/2 loop"},
	{"net/http/internal/http2.", "net/http HTTP/2 loop"},
	// the wrapper of `go c.serve(ctx)`
	{"net/http.(*Server).Serve.", "net/http connection"},
	{"net/http.(*Transport).dialConn.", "net/http client connection loop"},
	{"net/http.(*Server).Serve", "net/http accept loop"},
	{"net/http.(*Server).ListenAndServe", "net/http accept loop"},
	{"net/http/httptest.(*Server).goServe", "net/http accept loop"},
	{"database/sql.(*DB).connectionOpener", "database/sql opener"},
	{"database/sql.OpenDB.", "database/sql opener"},
	{"database/sql.(*DB).connectionResetter", "database/sql resetter"},
	{"database/sql.(*DB).connectionCleaner", "database/sql cleaner"},
	{"database/sql.(*Tx).awaitDone", "database/sql transaction"},
	{"database/sql.(*Rows).awaitDone", "database/sql result set"},
	{"database/sql.(*Rows).initContextClose", "database/sql result set"},
	{"os/signal.loop", "os/signal loop"},
	{"os/signal.NotifyContext.func1", "signal.NotifyContext"},
	{"os/signal.Notify", "os/signal loop"},
	{"testing.(*T).Run", "testing runner"},
	{"testing.tRunner", "testing runner"},
	{"testing.runFuzzing", "testing runner"},
	{"runtime/trace.Start", "runtime/trace reader"},
	{"runtime/pprof.profileWriter", "runtime/pprof writer"},
	{"google.golang.org/grpc/internal/transport.(*http2", "gRPC transport loop"},
	{"google.golang.org/grpc/internal/transport.newHTTP2Client", "gRPC transport loop"},
	{"google.golang.org/grpc/internal/transport.NewServerTransport", "gRPC transport loop"},
	{"google.golang.org/grpc/internal/grpcsync.(*CallbackSerializer).run", "gRPC serializer"},
	{"google.golang.org/grpc.(*addrConn)", "gRPC connection"},
	{"go.opencensus.io/stats/view.(*worker).start", "OpenCensus worker"},
	{"k8s.io/klog/v2.(*flushDaemon)", "klog flusher"},
	{"k8s.io/klog.(*loggingT).flushDaemon", "klog flusher"},
	{"github.com/golang/glog.(*", "glog flusher"},
};

/* Accept loops run on goroutines that the program started, so they are recognised by the frame they
 * wait in. */
static const struct {
	const char *at;
	const char *word;
} standing[] = {
	{"net/http.(*Server).Serve", "net/http accept loop"},
	{"google.golang.org/grpc.(*Server).Serve", "gRPC accept loop"},
};

/* Of those, goroutines that call functions of the program, and are idle only outside of them. */
static const char *const serving[] = {
	"net/http.(*conn).serve",
	"net/http.(*Server).Serve.",
	"net/http.(*http2serverConn).runHandler",
	"net/http/internal/http2.(*serverConn).runHandler",
};

static const char *name_of(const struct model *m, uint32_t frame)
{
	return frame < m->rt->frames.n ? m->rt->frames.v[frame].func : NULL;
}

static bool begins(const char *s, const char *head)
{
	return !strncmp(s, head, strlen(head));
}

bool exempt_serves(const struct model *m, const struct task *t)
{
	const char *start = name_of(m, t->start);

	if (!start || t->frame >= m->rt->frames.n || m->rt->frames.v[t->frame].std)
		return false;
	for (size_t k = 0; k < sizeof(serving) / sizeof(serving[0]); k++)
		if (begins(start, serving[k]))
			return true;
	return false;
}

const char *exempt_task(const struct model *m, const struct task *t)
{
	const char *start = name_of(m, t->start), *at = name_of(m, t->frame);

	for (size_t k = 0; start && k < sizeof(idle) / sizeof(idle[0]); k++)
		if (begins(start, idle[k].start))
			return exempt_serves(m, t) ? NULL : idle[k].word;
	for (size_t k = 0; at && k < sizeof(standing) / sizeof(standing[0]); k++)
		if (begins(at, standing[k].at))
			return standing[k].word;
	return NULL;
}

/* Types of value keys and of contexts that stand for "a library made what hangs on it, and ends
 * it". */
static const char *const owners[] = {"*net/http.contextKey", "net/http.contextKey", "*testing.",
				     "google.golang.org/grpc"};

/* Whose it is: one of the owners, NULL. */
static const char *owner_of_level(const struct model *m, uint32_t i)
{
	const struct ctx *c = &m->ctxs.v[i];
	const char *name = c->type < m->types.n ? m->types.v[c->type].full : NULL;
	taddr key = 0;

	if (c->kind == CTX_VALUE) {
		const struct rtype *t =
			runtime_field(m->rt, c->addr, m->rt->L.valueCtx.key, &key) && key
				? rtype_get(m->rt, key)
				: NULL;
		name = t ? t->full : NULL;
	}
	for (size_t k = 0; name && k < sizeof(owners) / sizeof(owners[0]); k++)
		if (begins(name, owners[k]))
			return owners[k];
	return NULL;
}

static bool owned_level(const struct model *m, uint32_t i)
{
	return owner_of_level(m, i) != NULL;
}

bool exempt_request(const struct model *m, uint32_t i)
{
	for (unsigned up = 0; up < REQUEST_CLIMB && i < m->ctxs.n; up++, i = m->ctxs.v[i].parent) {
		const char *owner = owner_of_level(m, i);
		if (owner)
			return strcmp(owner, "*os/signal.signalCtx") != 0;
	}
	return false;
}

bool exempt_context(const struct model *m, uint32_t i)
{
	if (owned_level(m, i))
		return true;
	// net/http: values, the connection's WithCancel, the request's WithCancel; what is made on
	// that is the user's.
	for (unsigned up = 0; up < 2 && i < m->ctxs.n && m->ctxs.v[i].kind == CTX_CANCEL; up++) {
		i = m->ctxs.v[i].parent;
		if (i < m->ctxs.n && owned_level(m, i))
			return true;
	}
	return false;
}
