/* SPDX-License-Identifier: MIT */
/* Parameters in PostgreSQL's binary form, against the bytes of its protocol. */
#include "db/param.h"
#include "tap.h"

static int same(const struct params *p, int i, const char *bytes, int len)
{
    return p->length[i] == len && p->values[i] != NULL &&
           memcmp(p->values[i], bytes, (size_t)len) == 0;
}

int main(void)
{
    struct params p;
    pgqi_params_init(&p, 4096);
    for (int round = 0; round < 2; round++) {
        pgqi_params_reset(&p);
        pgqi_param_text(&p, "text");
        pgqi_param_text(&p, NULL);
        pgqi_param_i64(&p, -2);
        pgqi_param_jsonb(&p, "[1]", 3);
        pgqi_param_jsonb(&p, NULL, 0);
        pgqi_param_array(&p, OID_INT8, 2);
        pgqi_element_i64(&p, 7);
        pgqi_element_null(&p);
        pgqi_param_array_end(&p);
        pgqi_param_array(&p, OID_TEXT, 0);
        pgqi_param_array_end(&p);
        ok(pgqi_params_bind(&p), "parameters are bound");
        is_int(p.count, 7, "all of them");
        ok(!p.binary[0] && strcmp(p.values[0], "text") == 0, "a text is a text");
        ok(p.values[1] == NULL && p.values[4] == NULL, "NULL is null, of text and of jsonb");
        ok(same(&p, 2, "\xff\xff\xff\xff\xff\xff\xff\xfe", 8), "an integer is eight bytes");
        ok(same(&p, 3, "\1[1]", 4), "jsonb has its version before it");
        ok(same(&p, 5,
                "\0\0\0\1\0\0\0\1\0\0\0\x14\0\0\0\2\0\0\0\1\0\0\0\x08\0\0\0\0\0\0\0\7\xff\xff\xff"
                "\xff",
                36),
           "an array has dimension, type, elements, nulls");
        ok(same(&p, 6, "\0\0\0\0\0\0\0\1\0\0\0\x19", 12), "an empty one has no dimension");
    }
    pgqi_params_reset(&p);
    pgqi_param_array(&p, OID_FLOAT8, 2);
    pgqi_element_f64(&p, 1.5);
    pgqi_element_i32(&p, -1);
    pgqi_param_array_end(&p);
    pgqi_param_array(&p, OID_JSONB, 2);
    pgqi_element_jsonb(&p, "1", 1);
    pgqi_element_text(&p, "a\0b", 3);
    pgqi_param_array_end(&p);
    ok(pgqi_params_bind(&p), "other elements are bound");
    ok(same(&p, 0,
            "\0\0\0\1\0\0\0\1\0\0\2\xbd\0\0\0\2\0\0\0\1\0\0\0\x08\x3f\xf8\0\0\0\0\0\0\0\0\0\4\xff"
            "\xff\xff\xff",
            40),
       "doubles and integers of four bytes");
    ok(same(&p, 1,
            "\0\0\0\1\0\0\0\1\0\0\x0e\xda\0\0\0\2\0\0\0\1\0\0\0\2\1"
            "1\0\0\0\3"
            "a\0b",
            33),
       "jsonb and text elements");
    pgqi_params_reset(&p);
    char big[5000] = {0};
    pgqi_param_jsonb(&p, big, sizeof big);
    ok(!pgqi_params_bind(&p), "what is over the limit is not bound");
    pgqi_params_reset(&p);
    for (int i = 0; i < 40; i++)
        pgqi_param_i64(&p, i);
    ok(!pgqi_params_bind(&p), "nor are too many");
    pgqi_params_reset(&p);
    ok(pgqi_params_bind(&p), "a reset forgets it");
    pgqi_params_free(&p);
    return done();
}
