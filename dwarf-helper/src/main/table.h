/**
 * @file  The tables of commands.h as lines of text, for GDB's help and completion: `goctx
 *@options`.
 *
 * `make` keeps them in gdb/goctx/options.tsv, since loading the package into GDB starts no helper.
 *Fields are parted by tabs, and may be empty:
 *
 *	option	<name>	<what its value is called>	<words that it can be>	<"many" where
 *several can be given>	<help> command	<name>	<options of its own>
 *	rule	<command>	<name>	<the question it answers>
 */
#ifndef GOCTX_MAIN_TABLE_H
#define GOCTX_MAIN_TABLE_H

#include "main/commands.h"

/** Append all lines: options of commands in the order of enum option_id, then commands and
 * requests, then rules. */
void table_print(struct buf *out);

#endif
