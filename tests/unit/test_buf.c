/* SPDX-License-Identifier: MIT */
/* The growing buffer: limits, formats, JSON strings, network order. */
#include "base/buf.h"
#include "tap.h"

int main(void)
{
    struct buf b;
    pgqi_buf_init(&b, 1000);
    ok(b.data == NULL && b.len == 0, "a new buffer is empty");
    pgqi_buf_add(&b, "a\0b", 3);
    is_int(b.len, 3, "bytes are added as they are");
    is_int(b.data[3], 0, "and a NUL stands behind them");
    pgqi_buf_text(&b, "cd");
    pgqi_buf_printf(&b, "%d-%s", 42, "x");
    ok(b.len == 9 && memcmp(b.data, "a\0bcd42-x", 10) == 0, "texts and formats follow");
    pgqi_buf_reset(&b);
    is_int(b.len, 0, "a reset empties it");
    pgqi_buf_json(&b, "a\"b\\c\n\x01 \xc3\xbc/\x7f");
    is_str(b.data, "\"a\\u0022b\\u005cc\\u000a\\u0001 \xc3\xbc/\x7f\"",
           "a JSON string escapes what it must, and nothing else");
    pgqi_buf_reset(&b);
    pgqi_buf_json(&b, "");
    is_str(b.data, "\"\"", "an empty one, too");
    pgqi_buf_reset(&b);
    pgqi_buf_u32(&b, 0x01020304u);
    pgqi_buf_u64(&b, 0x0102030405060708u);
    ok(b.len == 12 && memcmp(b.data, "\1\2\3\4\1\2\3\4\5\6\7\x08", 12) == 0,
       "integers are in network order");
    pgqi_buf_reset(&b);
    char big[600];
    memset(big, 'x', sizeof big);
    pgqi_buf_add(&b, big, 600);
    pgqi_buf_add(&b, big, 400);
    ok(b.len == 1000 && !b.failed, "it can be filled to its limit");
    pgqi_buf_add(&b, "y", 1);
    is_int(b.failed, BUF_FULL, "not beyond");
    is_int(b.len, 1000, "what does not fit is not added");
    pgqi_buf_add(&b, "", 0);
    pgqi_buf_reset(&b);
    is_int(b.failed, 0, "a reset forgets the failure");
    pgqi_buf_add(&b, big, SIZE_MAX);
    is_int(b.failed, BUF_FULL, "a length that overflows is refused");
    pgqi_buf_text(&b, "later");
    is_int(b.len, 0, "nothing is added after a failure");
    pgqi_buf_free(&b);
    ok(b.data == NULL && b.max == 1000, "freed it can be used again");
    pgqi_buf_text(&b, "again");
    is_str(b.data, "again", "and is");
    pgqi_buf_free(&b);
    return done();
}
