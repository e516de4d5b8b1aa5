/**
 * @file  `goctx serve`: one target, many commands; how GDB talks to the helper.
 *
 * Start:    goctx --core FILE | --pid PID [--no-stop] [--mem-fd N] … serve
 *           writes one line on stdout: `goctx-serve 1 <version>\n` (1 is the version of this
 *           protocol)
 *
 * Request:  <id> <argc> <bytes>\n          three decimal numbers
 *           <bytes> bytes                  argc strings, each ended by NUL: a command and its
 *                                          options as on the command line, without the target:
 *                                          tree\0--depth\03\0--width\0100\0
 *
 * Answer:   o <id> <len>\n<len bytes>      a piece of output, any number of them
 *           e <id> <len>\n<len bytes>      what the command line would print on stderr
 *           x <id> <status>\n              the end; status as the exit status of the command line
 *
 * Special commands (argc 1):
 *           @ping                          status 0
 *           @refresh                       forget the model; of a process also its memory (the
 *                                          next command reads anew)
 *           @quit                          status 0, then the helper ends
 *
 * With --proxy (of registers alone when there is --mem-fd) the helper asks back while it answers,
 * and the next bytes on its stdin are the reply:
 *           r <id> <address> <len>\n       memory of the process wanted (decimal)
 *           q <id> maps|auxv|uptime|threads NAME…\n
 *                                          a text wanted (see struct proxy_source in
 * target/target.h)
 *           reply: <len>\n<len bytes>      0: not to be had
 *
 * Requests are answered one after the other.  The target is opened at the first command that needs
 * it, and again after a failure.  SIGINT cancels the command that is running (status 130); between
 * commands it does nothing.  The end of stdin ends the helper with status 0; a request that breaks
 * the rules above ends it with a message on stderr and status 2. The output is never coloured and
 * 100 columns wide unless the request says otherwise (--color always, --width N).
 */
#ifndef GOCTX_MAIN_SERVE_H
#define GOCTX_MAIN_SERVE_H

#include "main/run.h"

#define SERVE_PROTOCOL 1
#define SERVE_ARGS_MAX 256	      /* strings a request */
#define SERVE_BYTES_MAX (1024 * 1024) /* bytes a request */

/** One request; free with serve_request_free(). */
struct serve_request {
	uint64_t id;
	int argc;
	char *bytes;
	char **argv; /* argc strings in bytes, then NULL; argv[0] is "goctx" and counted: argc is
			one more than asked */
};

/**
 * Read one request from @p in.
 * @return NULL with *end_ret true at the end of input; ERR_BAD_DATA when the request breaks the
 * protocol
 */
struct err *serve_read(int in, struct serve_request *req, bool *end_ret);
void serve_request_free(struct serve_request *req);

/** Serve until the end of @p in.  @return exit status */
int serve(struct session *s, int in, int out);

#endif
