/**
 * @file  Columns of the text answers: styles, tables, cut lines, notes.  Words for numbers, times
 * and sizes: base/text.h.
 */
#ifndef GOCTX_REPORT_TEXT_H
#define GOCTX_REPORT_TEXT_H

#include "base/text.h"
#include "report/report.h"

/** Colours repeat what the words say; no answer needs them. */
enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_RED, STYLE_YELLOW, STYLE_GREEN };

/** Open and close a colour; nothing when the answer has none. */
void text_style(struct buf *out, const struct report *r, enum style s);
void text_style_end(struct buf *out, const struct report *r, enum style s);

/** "…  51 838 more (--limit 0 for all)"; @p what ("contexts", NULL) follows "more".  A line of its
 * own. */
void text_more(struct buf *out, uint64_t n, const char *what);

/** Lists what was damaged, missing or cut, at the end of every text answer.  Writes nothing when
 * all is well. */
void text_notes(struct report *r);

/* ------------------------------------------------------------------ tables */

#define TABLE_COLUMNS 16
#define TABLE_LAST 24 /* least width of a last column that is cut */
/* rows that the widths are measured on; later ones that need more push their line */
#define TABLE_SAMPLE 4096

struct column {
	const char *head; /* NULL: no heading */
	bool right;	  /* numbers */
	bool keep_tail;	  /* a cell that is cut loses its beginning */
	bool path; /* cells begin with a Go name: where lines would be too wide, text_path() is left
		      out, then max counts */
	unsigned max;	/* longer cells are cut to this width, 0: never */
	unsigned width; /* measured; a value given is the least width */
};

struct table_end {
	uint32_t end; /* of the cell in table.text */
	uint8_t style;
};

/**
 * Rows of cells, aligned.  The first TABLE_SAMPLE rows are held back to measure the columns, then
 * everything streams.
 *
 *	table_open(&t, r, columns, n);
 *	buf_hex(table_cell(&t), addr);        one cell after the other, left to right
 *	buf_str(table_styled(&t, STYLE_DIM), "…");
 *	table_row(&t);                        ends the row; cells left out are empty
 *	table_close(&t);                      flushes and frees
 *
 * Cells hold text that is safe for a terminal (text_safe()).  With cut_last set the last column is
 * cut so that the line fits options.width, but never below TABLE_LAST columns.  A row of no cell
 * prints nothing.  Without rows there is no heading either.
 */
struct table {
	struct report *r;
	struct column col[TABLE_COLUMNS];
	unsigned ncols;
	bool cut_last;
	bool streaming;		    /* widths are fixed */
	bool no_paths;		    /* lines would be too wide with them */
	unsigned cells;		    /* of the row at hand */
	struct buf text;	    /* cells of held rows, one after the other */
	VEC(struct table_end) ends; /* ncols a row */
	uint64_t rows;
};

void table_open(struct table *t, struct report *r, const struct column *cols, unsigned n);

/** Start the next cell; append its text to the buffer returned before the next table_*() call. */
struct buf *table_cell(struct table *t);
struct buf *table_styled(struct table *t, enum style s);

void table_row(struct table *t);

/** Print what is held back; the table may go on afterwards (widths stay).  For lines of other kinds
 * between rows. */
void table_flush(struct table *t);
void table_close(struct table *t);

#endif
