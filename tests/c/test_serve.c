/* The protocol of `goctx serve`: frames over pipes, and requests that break the rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "main/serve.h"
#include "main/version.h"

static volatile sig_atomic_t cancel;

static const char hello[] = "goctx-serve 1 " GOCTX_VERSION "\n";

/* What a helper on a core that is not there answers to these bytes.  The pipes hold it all. */
static int converse(const char *requests, size_t n, struct buf *answer)
{
	struct session s;
	struct session_options opt = {.core = "/nonexistent/core", .mem_fd = -1};
	int in[2], out[2], keep = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);
	char block[4096];
	ssize_t k;

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	assert_int_equal(write(in[1], requests, n), (ssize_t)n);
	close(in[1]);
	session_init(&s, &opt, &cancel);
	dup2(null, STDERR_FILENO); // messages about broken requests
	int status = serve(&s, in[0], out[1]);
	dup2(keep, STDERR_FILENO);
	session_close(&s);
	close(out[1]);
	while ((k = read(out[0], block, sizeof(block))) > 0)
		buf_bytes(answer, block, (size_t)k);
	close(in[0]);
	close(out[0]);
	close(keep);
	close(null);
	return status;
}

/* Append one request. */
static void ask(struct buf *b, uint64_t id, int argc, const char *const *argv)
{
	size_t bytes = 0;

	for (int i = 0; i < argc; i++)
		bytes += strlen(argv[i]) + 1;
	buf_printf(b, "%llu %d %zu\n", (unsigned long long)id, argc, bytes);
	for (int i = 0; i < argc; i++)
		buf_bytes(b, argv[i], strlen(argv[i]) + 1);
}

#define ASK(b, id, ...)                                              \
	do {                                                         \
		static const char *const argv_[] = {__VA_ARGS__};    \
		ask(b, id, sizeof(argv_) / sizeof(argv_[0]), argv_); \
	} while (0)

/* Take one frame off *at: its kind; the text of o and e frames into text, the status of x frames
 * into *status. */
static char frame(const char **at, unsigned long long *id, struct buf *text, int *status)
{
	char kind;
	long v;
	int n = 0;

	if (sscanf(*at, "%c %llu %ld\n%n", &kind, id, &v, &n) != 3)
		return 0;
	*at = strchr(*at, '\n') + 1; // not %n: white space of the text that follows must stay
	if (kind == 'x') {
		*status = (int)v;
		return kind;
	}
	text->n = 0;
	buf_bytes(text, *at, (size_t)v);
	*at += v;
	return kind;
}

static void ping_and_quit(void **state)
{
	(void)state;
	struct buf req = {0}, out = {0};
	ASK(&req, 7, "@ping");
	ASK(&req, 18446744073709551615u, "@refresh");
	ASK(&req, 8, "@quit");
	ASK(&req, 9, "@ping"); // never read
	assert_int_equal(converse(req.p, req.n, &out), 0);
	char want[256];
	snprintf(want, sizeof(want), "%sx 7 0\nx 18446744073709551615 0\nx 8 0\n", hello);
	assert_string_equal(buf_cstr(&out), want);
	buf_free(&req);
	buf_free(&out);
}

static void end_of_input(void **state)
{
	(void)state;
	struct buf out = {0};
	assert_int_equal(converse("", 0, &out), 0);
	assert_string_equal(buf_cstr(&out), hello);
	buf_free(&out);
}

static void output_and_errors(void **state)
{
	(void)state;
	struct buf req = {0}, out = {0}, text = {0}, help = {0};
	unsigned long long id;
	int status;

	ASK(&req, 1, "help", "tree");
	ASK(&req, 2, "blockd");
	ASK(&req, 3, "@what");
	ASK(&req, 4, "list", "--json");
	ASK(&req, 5, "list"); // tried again, and fails again
	ASK(&req, 6, "tree", "--core", "x");
	assert_int_equal(converse(req.p, req.n, &out), 0);
	const char *at = buf_cstr(&out) + strlen(hello);
	help_command(command_find("tree"), &help);

	assert_int_equal(frame(&at, &id, &text, &status), 'o');
	assert_string_equal(buf_cstr(&text), buf_cstr(&help));
	assert_int_equal(frame(&at, &id, &text, &status), 'x');
	assert_true(id == 1 && status == 0);

	assert_int_equal(frame(&at, &id, &text, &status), 'e');
	assert_string_equal(buf_cstr(&text),
			    "goctx: unknown command 'blockd'\nhint: did you mean 'blocked'?\n");
	assert_int_equal(frame(&at, &id, &text, &status), 'x');
	assert_true(id == 2 && status == 2);

	assert_int_equal(frame(&at, &id, &text, &status), 'e');
	assert_string_equal(buf_cstr(&text), "goctx: unknown request '@what'\n");
	assert_int_equal(frame(&at, &id, &text, &status), 'x');
	assert_true(id == 3 && status == 2);

	for (unsigned k = 4; k <= 5; k++) {
		assert_int_equal(frame(&at, &id, &text, &status), 'e');
		assert_non_null(strstr(buf_cstr(&text), "/nonexistent/core"));
		assert_int_equal(frame(&at, &id, &text, &status), 'x');
		assert_true(id == k && status == 3);
	}
	assert_int_equal(frame(&at, &id, &text, &status), 'e');
	assert_int_equal(frame(&at, &id, &text, &status), 'x');
	assert_true(id == 6 && status == 2);
	assert_int_equal(*at, '\0');
	buf_free(&req);
	buf_free(&out);
	buf_free(&text);
	buf_free(&help);
}

/* Each of these ends the helper with status 2 after what came before was answered. */
static void broken_requests(void **state)
{
	(void)state;
	static const struct {
		const char *p;
		size_t n;
	} broken[] = {
#define B(s) {s, sizeof(s) - 1}
		B("\n"),
		B("hello\n"),
		B("1 1\n"),
		B("1 1 x\n"),
		B("1 1 6 \n@ping\0"),
		B("1  1 6\n@ping\0"),
		B(" 1 1 6\n@ping\0"),
		B("-1 1 6\n@ping\0"),
		B("1 0 0\n"),
		B("1 1 5\n@ping"),
		B("1 2 6\n@ping\0"),
		B("1 1 12\n@ping\0@ping\0"),
		B("1 1 6\n@pin"),
		B("1 1 9999999999\n"),
		B("1 257 6\n@ping\0"),
		B("1 1"),
		B("18446744073709551616 1 6\n@ping\0"),
		B("11111111111111111111111111111111111111111111111111111111111111111111111111111111"
		  "111111111111111 1 "
		  "6\n@ping\0"),
	};
	char want[128];

	snprintf(want, sizeof(want), "%sx 1 0\n", hello);
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct buf req = {0}, out = {0};
		ASK(&req, 1, "@ping");
		buf_bytes(&req, broken[i].p, broken[i].n);
		if (converse(req.p, req.n, &out) != 2)
			fail_msg("request %zu was accepted", i);
		assert_string_equal(buf_cstr(&out), want);
		buf_free(&req);
		buf_free(&out);
	}
}

static void request_strings(void **state)
{
	(void)state;
	static const char bytes[] = "12 3 11\ntree\0\0a\nb \0";
	struct serve_request req;
	int fd[2];
	bool end;

	assert_int_equal(pipe(fd), 0);
	assert_int_equal(write(fd[1], bytes, sizeof(bytes) - 1), (ssize_t)sizeof(bytes) - 1);
	close(fd[1]);
	assert_null(serve_read(fd[0], &req, &end));
	assert_false(end);
	assert_true(req.id == 12);
	assert_int_equal(req.argc, 4);
	assert_string_equal(req.argv[0], "goctx");
	assert_string_equal(req.argv[1], "tree");
	assert_string_equal(req.argv[2], "");
	assert_string_equal(req.argv[3], "a\nb ");
	assert_null(req.argv[4]);
	serve_request_free(&req);
	assert_null(serve_read(fd[0], &req, &end));
	assert_true(end);
	close(fd[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ping_and_quit),     cmocka_unit_test(end_of_input),
		cmocka_unit_test(output_and_errors), cmocka_unit_test(broken_requests),
		cmocka_unit_test(request_strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
