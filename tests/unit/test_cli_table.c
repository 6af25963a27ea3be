/* SPDX-License-Identifier: MIT */
/* Tables for a person; knows no database. */
#include "../../cli/output.h"
#include "tap.h"

static void test_rows(void)
{
    struct table table;
    struct buffer out = BUFFER_INIT;
    table_init(&table, 3);
    table_title(&table, 0, "id", 1);
    table_title(&table, 1, "name", 0);
    table_title(&table, 2, "note", 0);
    table_print(&table, &out);
    is_str(out.data, "id  name  note\n", "a table without rows has its titles");
    buffer_clear(&out);
    table_row(&table);
    table_set(&table, 0, "7");
    table_set(&table, 1, "\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0");
    table_row(&table);
    table_set(&table, 0, "1234");
    table_set(&table, 1, "a\x1b[0m");
    table_set(&table, 2, "x\ny");
    table_print(&table, &out);
    is_str(out.data,
           "  id  name      note\n"
           "   7  \xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0    -\n"
           "1234  a\\x1b[0m  x\\ny\n",
           "columns are aligned by what is seen, numbers to the right, nothing is obeyed");
    buffer_clear(&out);
    table_print_tall(&table, 2, &out);
    is_str(out.data, "id    1234\nname  a\\x1b[0m\nnote  x\\ny\n", "a row can stand on its side");
    buffer_free(&out);
    table_free(&table);
}

static void test_many(void)
{
    struct table table;
    struct buffer out = BUFFER_INIT;
    size_t lines = 0;
    table_init(&table, 2);
    table_title(&table, 0, "a", 0);
    table_title(&table, 1, "b", 0);
    for (int i = 0; i < 1000; i++) {
        table_row(&table);
        table_set(&table, 0, "x");
        table_set(&table, 1, i == 999 ? "last" : "y");
    }
    table_print(&table, &out);
    for (size_t i = 0; i < out.len; i++)
        lines += out.data[i] == '\n';
    is_int((long long)lines, 1001, "a table grows");
    ok(out.len > 8 && strcmp(out.data + out.len - 8, "x  last\n") == 0, "its last row is the last");
    buffer_free(&out);
    table_free(&table);
}

int main(void)
{
    test_rows();
    test_many();
    return done();
}
