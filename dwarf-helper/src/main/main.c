/*
 * goctx: contexts and goroutines of Go programs.  Signals, one-shot or serve, exit status.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "main/serve.h"

static volatile sig_atomic_t interrupted;
static volatile sig_atomic_t serving;

/*
 * The first signal asks the command to stop, a second one insists.  A process that is held is let
 * go by the kernel when we end.  A helper that serves lives on after SIGINT, which also reaches it
 * from the terminal of its GDB.
 */
static void on_signal(int sig)
{
	if ((interrupted && !serving) || (serving && sig == SIGTERM))
		_exit(EXIT_INTERRUPTED);
	interrupted = 1;
}

/* Files are mapped: one that shrinks meanwhile, or a disk that fails, comes as a signal. */
static void on_lost_page(int sig)
{
	static const char text[] =
		"goctx: a file became shorter or unreadable while it was read\n"
		"hint: a core that is still being written? try again when it is complete\n";

	(void)sig;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(EXIT_NO_TARGET);
	_exit(EXIT_NO_TARGET);
}

static void catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN},
			 lost = {.sa_handler = on_lost_page};

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGBUS, &lost, NULL);
	sigaction(SIGPIPE, &ignore, NULL); // the writer sees EPIPE and stops quietly
}

/* What went wrong with stdout; 0: nothing. */
static int write_error;

static bool to_stdout(void *arg, const char *p, size_t n)
{
	(void)arg;
	while (n) {
		ssize_t k = write(STDOUT_FILENO, p, n);
		if (k < 0 && errno == EINTR && !interrupted)
			continue;
		if (k < 0) {
			write_error = errno == EINTR ? 0 : errno;
			return false;
		}
		p += k;
		n -= (size_t)k;
	}
	return true;
}

/* Print and free; the status it comes to. */
static int fail(struct err *err)
{
	struct buf words = {0};
	int status = exit_of(err);

	error_words(err, &words);
	fputs(buf_cstr(&words), stderr);
	buf_free(&words);
	err_free(err);
	return status;
}

/* A reader that has seen enough (head, less) is no error; a full disk is. */
static int finish_output(int status)
{
	if (!write_error || write_error == EPIPE)
		return status;
	return fail(err_os(write_error, "cannot write the answer"));
}

static int one_shot(struct invocation *inv)
{
	struct session s;
	struct buf target = {0};
	int status = EXIT_DONE;

	options_target(&inv->target, &target);
	inv->opt.target = buf_cstr(&target);
	session_init(&s, &inv->target, &interrupted);
	struct err *err = run_command(&s, inv, to_stdout, NULL, &status);
	status = err ? fail(err) : finish_output(status);
	session_close(&s);
	buf_free(&target);
	return status;
}

static int serve_forever(const struct invocation *inv)
{
	struct session s;

	serving = 1;
	session_init(&s, &inv->target, &interrupted);
	int status = serve(&s, STDIN_FILENO, STDOUT_FILENO);
	session_close(&s);
	return status;
}

int main(int argc, char **argv)
{
	struct invocation inv;
	struct buf text = {0};

	catch_signals();
	struct err *err = options_parse(argc, argv, false, &inv);
	if (err)
		return fail(err);
	if (run_help(&inv, &text)) {
		to_stdout(NULL, text.p, text.n);
		buf_free(&text);
		return finish_output(EXIT_DONE);
	}
	return inv.command->kind == COMMAND_SERVE ? serve_forever(&inv) : one_shot(&inv);
}
