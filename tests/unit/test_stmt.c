/* SPDX-License-Identifier: MIT */
/* Statements with the schema put in, and which names are schemas. */
#include "db/stmt.h"
#include "tap.h"

/* A handy form of the check. */
static int valid(const char *schema)
{
    pgqueue_error error;
    return pgqi_schema_check(schema, &error) == PGQUEUE_OK;
}

int main(void)
{
    char *text =
        pgqi_stmt_expand("select /*schema*/f('/*schema*/t'::regclass) /* schema */", "Odd Name");
    is_str(text, "select \"Odd Name\".f('\"Odd Name\".t'::regclass) /* schema */",
           "each marker becomes the quoted schema and a dot");
    free(text);
    text = pgqi_stmt_expand("", "x");
    is_str(text != NULL ? text : "", "", "an empty text stays empty");
    free(text);
    text = pgqi_stmt_expand("/*schema*/", "x");
    is_str(text, "\"x\".", "a marker alone");
    free(text);
    ok(valid("pgqueue") && valid("Odd Name") && valid("\xc3\xbc"), "names may be odd");
    char long_name[65];
    memset(long_name, 'x', 64);
    long_name[64] = '\0';
    ok(!valid(long_name), "64 bytes are too many");
    ok(valid(long_name + 1), "63 are not");
    for (const char *const *bad = (const char *const[]){"", "a\"b", "a'b", "a\\b", "a%b", "a$b",
                                                        "a\nb", "\xff", "a\x1f", NULL};
         *bad; bad++)
        ok(!valid(*bad), "a quote, backslash, control character or invalid byte is refused");
    struct stmt_texts texts;
    is_int(pgqi_stmt_texts_init(&texts, "s"), PGQUEUE_OK, "all statements are expanded");
    for (int i = 0; i < STMT_COUNT; i++) {
        const struct stmt_spec *spec = pgqi_stmt_spec((enum stmt)i);
        int most = 0;
        for (const char *p = texts.text[i]; (p = strchr(p, '$')) != NULL; p++)
            most = (int)strtol(p + 1, NULL, 10) > most ? (int)strtol(p + 1, NULL, 10) : most;
        if (!ok(strstr(texts.text[i], "/*schema*/") == NULL && most == spec->params &&
                    strncmp(spec->name, "pgqueue_", 8) == 0,
                "statement %d has its name and as many parameters as it says", i))
            diag("%s: %s", spec->name, texts.text[i]);
    }
    pgqi_stmt_texts_free(&texts);
    return done();
}
