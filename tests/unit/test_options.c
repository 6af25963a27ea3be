/* SPDX-License-Identifier: MIT */
/* Option structs that grow, and send options as JSON. */
#include "core/options.h"
#include "tap.h"

#include <math.h>

static pgqueue_error error;

static void gives(const pgqueue_send_options *o, int rc, const char *json)
{
    struct buf b;
    pgqi_buf_init(&b, 64 * 1024);
    is_int(pgqi_send_options_json(o, &b, &error), rc, "options are turned into JSON");
    if (rc == PGQUEUE_OK)
        is_str(b.data, json, "%s", json);
    else if (!ok(strstr(error.message, json) != NULL, "refused, with %s", json))
        diag("%s", error.message);
    pgqi_buf_free(&b);
}

int main(void)
{
    pgqueue_send_options o = PGQUEUE_SEND_OPTIONS_INIT;
    gives(NULL, PGQUEUE_OK, "{}");
    gives(&o, PGQUEUE_OK, "{}");
    o.priority = 0;
    o.retry_backoff = 0;
    o.expire_in_s = -5;
    gives(&o, PGQUEUE_OK, "{\"priority\":0,\"expire_in\":-5,\"retry_backoff\":false}");
    o = (pgqueue_send_options)PGQUEUE_SEND_OPTIONS_INIT;
    o.delay_s = 1.25;
    o.singleton_key = "a\"b";
    o.dead_letter = "\xc3\xbc";
    gives(
        &o, PGQUEUE_OK,
        "{\"start_after\":1.250000,\"singleton_key\":\"a\\u0022b\",\"dead_letter\":\"\xc3\xbc\"}");
    o.start_after = "tomorrow";
    gives(&o, PGQUEUE_OK,
          "{\"start_after\":\"tomorrow\",\"singleton_key\":\"a\\u0022b\",\"dead_letter\":"
          "\"\xc3\xbc\"}");
    o.start_after = NULL;
    o.delay_s = INFINITY;
    gives(&o, PGQUEUE_EINVAL, "delay_s");
    o.delay_s = -0.5;
    gives(&o, PGQUEUE_EINVAL, "delay_s");
    o.delay_s = 0;
    o.group_id = "a\xff";
    gives(&o, PGQUEUE_EINVAL, "\"group_id\" is not valid UTF-8 at byte 1");

    /* A program built with an older header has a shorter struct, one built with a newer a longer
     * one. */
    struct {
        size_t size;
        int32_t a, b;
    } to = {sizeof to, 1, 2}, from = {sizeof from, 3, 4};
    is_int(pgqi_options_copy(&to, sizeof to, NULL, "x", &error), PGQUEUE_OK,
           "no struct leaves the defaults");
    ok(to.a == 1 && to.b == 2, "all of them");
    from.size = offsetof(__typeof__(from), b);
    is_int(pgqi_options_copy(&to, sizeof to, &from, "x", &error), PGQUEUE_OK,
           "a shorter struct is taken");
    ok(to.a == 3 && to.b == 2 && to.size == sizeof to, "what it does not have keeps its default");
    struct {
        size_t size;
        int32_t a, b;
        int64_t c;
    } newer = {sizeof newer, 5, 6, 7};
    struct {
        __typeof__(to) to;
        int32_t guard;
    } guarded = {{sizeof to, 1, 2}, 99};
    is_int(pgqi_options_copy(&guarded.to, sizeof guarded.to, &newer, "x", &error), PGQUEUE_OK,
           "a longer one, too");
    ok(guarded.to.a == 5 && guarded.to.b == 6 && guarded.guard == 99, "as far as it is known");
    newer.size = 0;
    is_int(pgqi_options_copy(&to, sizeof to, &newer, "name", &error), PGQUEUE_EINVAL,
           "a size of 0 is refused");
    ok(strstr(error.message, "name") != NULL, "by name");
    newer.size = 1u << 20;
    is_int(pgqi_options_copy(&to, sizeof to, &newer, "name", &error), PGQUEUE_EINVAL,
           "so is one that cannot be");
    return done();
}
