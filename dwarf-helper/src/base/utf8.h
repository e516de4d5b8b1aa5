/**
 * @file  UTF-8 of a target that may lie: one decoder, and what must never reach a terminal.
 */
#ifndef GOCTX_BASE_UTF8_H
#define GOCTX_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Length of the well-formed sequence (RFC 3629: shortest form, no surrogates) at the head of the @p
 * n bytes at @p s, its code point into *code_ret.  @return 1 … 4; 0, *code_ret untouched, when
 * there is none
 */
unsigned utf8_decode(const unsigned char *s, size_t n, uint32_t *code_ret);

/** Does the character move a terminal's cursor, break the line or turn the writing direction? */
bool utf8_is_control(uint32_t code);

#endif
