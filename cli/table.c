/* SPDX-License-Identifier: MIT */
/* table.c: lays out rows for a person, aligned by display columns. It does not know where the rows
 * come from. */
#include "output.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

void table_init(struct table *table, size_t columns)
{
    memset(table, 0, sizeof *table);
    table->columns = columns;
    table->right = zeroed(columns, 1);
    table_row(table);
    table->rows = 0;
}

void table_title(struct table *table, size_t column, const char *title, int right)
{
    table->cells[column] = title;
    table->right[column] = (char)right;
}

void table_row(struct table *table)
{
    table->rows++;
    if (table->rows + 1 > table->room) {
        size_t room = table->room > 0 ? table->room * 2 : 16;
        const char **cells = zeroed(room * table->columns, sizeof *cells);
        if (table->cells != NULL)
            memcpy(cells, table->cells, table->room * table->columns * sizeof *cells);
        free(table->cells);
        table->cells = cells;
        table->room = room;
    }
}

void table_set(struct table *table, size_t column, const char *text)
{
    table->cells[table->rows * table->columns + column] = text;
}

/* The cell as it will be shown. */
static char *shown(const struct table *table, size_t row, size_t column)
{
    const char *text = table->cells[row * table->columns + column];
    struct buffer out = BUFFER_INIT;
    buffer_text(&out, "");
    if (text == NULL)
        buffer_text(&out, "-");
    else
        text_for_terminal(&out, text, strlen(text), 0);
    return out.data;
}

static void add_spaces(struct buffer *out, size_t count)
{
    for (; count > 0; count--)
        buffer_char(out, ' ');
}

void table_print(const struct table *table, struct buffer *out)
{
    size_t *widths = zeroed(table->columns, sizeof *widths);
    size_t total = (table->rows + 1) * table->columns;
    char **cells = zeroed(total, sizeof *cells);
    for (size_t i = 0; i < total; i++) {
        cells[i] = shown(table, i / table->columns, i % table->columns);
        size_t width = text_columns(cells[i]);
        if (width > widths[i % table->columns])
            widths[i % table->columns] = width;
    }
    for (size_t i = 0; i < total; i++) {
        size_t column = i % table->columns;
        size_t gap = widths[column] - text_columns(cells[i]);
        int last = column + 1 == table->columns;
        if (table->right[column])
            add_spaces(out, gap);
        buffer_text(out, cells[i]);
        if (!table->right[column] && !last)
            add_spaces(out, gap);
        buffer_text(out, last ? "\n" : "  ");
        free(cells[i]);
    }
    free(cells);
    free(widths);
}

void table_print_tall(const struct table *table, size_t row, struct buffer *out)
{
    size_t width = 0;
    for (size_t i = 0; i < table->columns; i++) {
        size_t columns = text_columns(table->cells[i]);
        width = columns > width ? columns : width;
    }
    for (size_t i = 0; i < table->columns; i++) {
        char *text = shown(table, row, i);
        buffer_text(out, table->cells[i]);
        add_spaces(out, width - text_columns(table->cells[i]) + 2);
        buffer_format(out, "%s\n", text);
        free(text);
    }
}

void table_free(struct table *table)
{
    free(table->cells);
    free(table->right);
    table->cells = NULL;
    table->right = NULL;
}
