/**
 * @file  The arguments CTX and ADDR of commands, with errors that say what to try.
 */
#ifndef GOCTX_REPORT_ARG_H
#define GOCTX_REPORT_ARG_H

#include <regex.h>

#include "report/report.h"

/** "0xc000126000" to a number.  @return NULL or ERR_USAGE. */
struct err *arg_address(const char *arg, taddr *ret);

/**
 * The context that @p arg names: an address, "background" or "todo".
 * @return NULL, or ERR_USAGE: not an address, or no context is there.  Where the address is a done
 * channel, or lies inside a context, the hint names that context.
 */
struct err *arg_context(struct report *r, const char *arg, uint32_t *ret);

/** The value of @p option ("--func"), a regular expression; free with regfree().  @return NULL or
 * ERR_USAGE. */
struct err *arg_regex(const char *option, const char *value, regex_t *ret);

#endif
