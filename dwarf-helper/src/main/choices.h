/**
 * @file  Options whose value is one of a few words, or several of them: the words, and the value as
 * a number or a set.
 *
 * The parser checks by this list and GDB completes by it (main/table.h).
 */
#ifndef GOCTX_MAIN_CHOICES_H
#define GOCTX_MAIN_CHOICES_H

#include "main/commands.h"

#define CHOICE_NUMBERS 32 /* words have numbers below this */

/** The word of @p o with number @p i, an enumerator of what the option chooses.  NULL: no word has
 * this number. */
const char *choice_word(enum option_id o, unsigned i);

/** May the value be several words, with commas between them? */
bool choice_many(enum option_id o);

/** @return NULL with the word's number in *ret; ERR_USAGE, the hint lists the words */
struct err *choice_one(enum option_id o, const char *value, int *ret);

/**
 * "cancel,timer" as a set of bits by number.  '-' stands for '_', and "cancelled" for "canceled".
 * @return NULL or ERR_USAGE, the hint lists the words
 */
struct err *choice_set(enum option_id o, const char *value, uint32_t *set_ret);

#endif
