#include "main/serve.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "main/version.h"
#include "report/trace.h"

/* ---- bytes ---- */

static bool write_all(int fd, const void *p, size_t n)
{
	const char *at = p;

	while (n) {
		ssize_t k = write(fd, at, n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return false;
		at += k;
		n -= (size_t)k;
	}
	return true;
}

/* Bytes read, less than n only at the end of the input. */
static size_t read_all(int fd, void *p, size_t n)
{
	size_t got = 0;

	while (got < n) {
		ssize_t k = read(fd, (char *)p + got, n - got);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			break;
		got += (size_t)k;
	}
	return got;
}

/* ---- requests ---- */

#define LINE_MAX_BYTES 80

/*
 * The line of a request, byte by byte: it is short, and what follows it must stay in the pipe.
 * @return its length without the newline; -1 at a clean end; -2 when it is too long or cut off
 */
static int read_line(int in, char line[LINE_MAX_BYTES])
{
	for (int n = 0; n < LINE_MAX_BYTES; n++) {
		if (!read_all(in, &line[n], 1))
			return n ? -2 : -1;
		if (line[n] == '\n') {
			line[n] = '\0';
			return n;
		}
	}
	return -2;
}

/* A decimal number up to max, then the byte `end`; *s is moved behind it. */
static bool take_number(char **s, char end, uint64_t max, uint64_t *ret)
{
	char *stop;

	if (!isdigit((unsigned char)**s))
		return false;
	errno = 0;
	*ret = strtoull(*s, &stop, 10);
	if (errno || *ret > max || *stop != end)
		return false;
	*s = stop + 1;
	return true;
}

/* The strings of the request, which must fill it exactly. */
static bool split_args(struct serve_request *req, size_t n, uint64_t argc)
{
	char *p = req->bytes, *end = p + n;

	req->argv = mem_zalloc((argc + 2) * sizeof(*req->argv));
	req->argv[req->argc++] = "goctx";
	for (uint64_t i = 0; i < argc; i++) {
		char *nul = memchr(p, '\0', (size_t)(end - p));
		if (!nul)
			return false;
		req->argv[req->argc++] = p;
		p = nul + 1;
	}
	return p == end;
}

struct err *serve_read(int in, struct serve_request *req, bool *end_ret)
{
	char line[LINE_MAX_BYTES], *s = line;
	uint64_t argc, bytes;

	*req = (struct serve_request){0};
	int n = read_line(in, line);
	*end_ret = n == -1;
	if (*end_ret)
		return NULL;
	if (n < 0 || !take_number(&s, ' ', UINT64_MAX, &req->id) ||
	    !take_number(&s, ' ', SERVE_ARGS_MAX, &argc) ||
	    !take_number(&s, '\0', SERVE_BYTES_MAX, &bytes) || !argc)
		return err_new(ERR_BAD_DATA, "malformed request line");
	req->bytes = mem_alloc(bytes + 1);
	if (read_all(in, req->bytes, bytes) != bytes)
		return err_new(ERR_BAD_DATA, "request %" PRIu64 " is cut off", req->id);
	if (!split_args(req, bytes, argc))
		return err_new(ERR_BAD_DATA,
			       "request %" PRIu64 " does not hold %" PRIu64 " strings", req->id,
			       argc);
	return NULL;
}

void serve_request_free(struct serve_request *req)
{
	free(req->bytes);
	free(req->argv);
	*req = (struct serve_request){0};
}

/* ---- answers ---- */

struct channel {
	int fd;
	uint64_t id; /* of the request under way */
	int in;	     /* for replies to what we ask back */
	bool broken; /* a reply made no sense: the pipe cannot be trusted any more */
	volatile sig_atomic_t *cancel;
	pthread_mutex_t lock; /* a frame is written whole, whichever thread writes it */
};

static bool send_frame(struct channel *c, char kind, const char *p, size_t n)
{
	char head[48];
	int k = snprintf(head, sizeof(head), "%c %" PRIu64 " %zu\n", kind, c->id, n);

	pthread_mutex_lock(&c->lock);
	bool ok = write_all(c->fd, head, (size_t)k) && write_all(c->fd, p, n);
	pthread_mutex_unlock(&c->lock);
	return ok;
}

static bool send_output(void *arg, const char *p, size_t n)
{
	return send_frame(arg, 'o', p, n);
}

static bool send_end(const struct channel *c, int status)
{
	char line[48];
	int k = snprintf(line, sizeof(line), "x %" PRIu64 " %d\n", c->id, status);

	return write_all(c->fd, line, (size_t)k);
}

/* ---- asking back ---- */

#define REPLY_MAX (UINT64_C(64) << 20)

/* Length of the reply to what was just asked.  @return 0 also when it is not to be had */
static uint64_t reply_len(struct channel *c, const char *question, size_t n)
{
	char line[LINE_MAX_BYTES], *s = line;
	uint64_t len;

	if (c->broken || *c->cancel)
		return 0;
	pthread_mutex_lock(&c->lock);
	bool sent = write_all(c->fd, question, n);
	pthread_mutex_unlock(&c->lock);
	if (!sent)
		return 0;
	if (read_line(c->in, line) >= 0 && take_number(&s, '\0', REPLY_MAX, &len))
		return len;
	c->broken = true;
	return 0;
}

static bool proxy_read(void *arg, taddr a, void *buf, uint64_t len)
{
	struct channel *c = arg;
	char question[80];
	int n = snprintf(question, sizeof(question), "r %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
			 c->id, a, len);
	uint64_t got = reply_len(c, question, (size_t)n);

	if (!got)
		return false;
	c->broken = got != len || read_all(c->in, buf, len) != len;
	return !c->broken;
}

static char *proxy_text(void *arg, const char *what)
{
	struct channel *c = arg;
	char *question;
	int n = asprintf(&question, "q %" PRIu64 " %s\n", c->id, what);

	if (n < 0)
		mem_out();
	uint64_t len = reply_len(c, question, (size_t)n);

	free(question);
	if (!len)
		return NULL;
	char *text = mem_alloc(len + 1);
	c->broken = read_all(c->in, text, len) != len;
	text[len] = '\0';
	if (!c->broken)
		return text;
	free(text);
	return NULL;
}

/* ---- commands ---- */

/* Frees the error. */
static int tell_error(struct channel *c, struct err *err)
{
	struct buf words = {0};
	int status = exit_of(err);

	hint_for_gdb(err);
	error_words(err, &words);
	send_frame(c, 'e', words.p, words.n);
	buf_free(&words);
	err_free(err);
	return status;
}

static int answer_command(struct session *s, const struct serve_request *req, struct channel *c)
{
	struct invocation inv;
	struct buf text = {0};
	int status = EXIT_DONE;
	struct err *err = options_parse(req->argc, req->argv, true, &inv);

	if (err)
		return tell_error(c, err);
	if (run_help(&inv, &text)) {
		send_frame(c, 'o', text.p, text.n);
		buf_free(&text);
		return EXIT_DONE;
	}
	err = run_command(s, &inv, send_output, c, &status);
	return err ? tell_error(c, err) : status;
}

/* @return false: @quit. */
static bool answer_request(struct session *s, const struct serve_request *req, struct channel *c,
			   bool *alive_ret)
{
	const char *word = req->argv[1];
	bool quit = !strcmp(word, "@quit");
	int status = EXIT_DONE;

	if (!strcmp(word, "@refresh"))
		session_refresh(s);
	else if (*word != '@' || command_find(word))
		status = answer_command(s, req, c);
	else if (!quit && strcmp(word, "@ping"))
		status = tell_error(c, err_new(ERR_USAGE, "unknown request '%s'", word));
	*alive_ret = send_end(c, status);
	return !quit;
}

int serve(struct session *s, int in, int out)
{
	static const char hello[] = "goctx-serve 1 " GOCTX_VERSION "\n";
	bool alive = write_all(out, hello, sizeof(hello) - 1), go_on = true;
	struct channel c = {
		.fd = out, .in = in, .cancel = s->cancel, .lock = PTHREAD_MUTEX_INITIALIZER};
	struct proxy_source source = {&c, proxy_read, proxy_text};
	struct trace trace = {0};

	s->opt.source = &source;
	s->trace = &trace;
	while (alive && go_on && !c.broken) {
		struct serve_request req;
		bool end;
		struct err *err = serve_read(in, &req, &end);
		if (err) {
			fprintf(stderr, "goctx: %s\n", err->msg);
			err_free(err);
			serve_request_free(&req);
			trace_end(&trace);
			return EXIT_WRONG_USE;
		}
		if (end)
			break;
		*s->cancel = 0; // a Ctrl-C before the command was not meant for it
		c.id = req.id;
		go_on = answer_request(s, &req, &c, &alive);
		serve_request_free(&req);
	}
	trace_end(&trace);
	if (c.broken)
		fputs("goctx: malformed reply\n", stderr);
	return c.broken ? EXIT_WRONG_USE : EXIT_DONE;
}
