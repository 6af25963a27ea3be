/* SPDX-License-Identifier: MIT */
/* Writes one made-up check-in; does not know the history that it belongs to. */
#include "checkin.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <event2/buffer.h>

#include "json.h"
#include "random.h"
#include "shout.h"
#include "venue.h"

/* Until 2012 a check-in names its time zone, until 2014 it has both, then the offset alone. */
enum { FIRST_OFFSET = 1325376000, LAST_ZONE_NAME = 1388534400 };

static const char *const friends[] = {"Zoë K.", "王小明", "Ana \"Nita\" B.", "João"};

static uint64_t chance(const struct checkin *c, uint64_t salt)
{
    return random_of(c->seed, salt);
}

static void append_user(const char *name, uint64_t id, bool ascii, struct evbuffer *out)
{
    evbuffer_add_printf(out, "{\"id\":\"%" PRIu64 "\",\"firstName\":\"", id);
    json_add_escaped(out, name, ascii);
    evbuffer_add_printf(out, "\",\"gender\":\"none\",\"relationship\":\"friend\"}");
}

/* The shout with its entities, whose indices count UTF-16 units. */
static void append_shout(const struct checkin *c, bool ascii, struct evbuffer *out)
{
    char text[SHOUT_MAX_BYTES] = "";
    char edited[32] = "";
    bool mention = c->ordinal % 15 == 6;
    const char *friend = friends[c->ordinal / 15 % 4];
    if (c->ordinal % 3 == 0 || mention)
        shout_write(c->ordinal / 3, text);
    else if (c->revision == 0)
        return;
    if (c->revision > 0)
        snprintf(edited, sizeof(edited), " (edited %d)", c->revision);
    int start = json_utf16_length(text) + json_utf16_length(" — with ");
    if (mention)
        evbuffer_add_printf(out,
                            "\"entities\":[{\"indices\":[%d,%d],\"type\":\"user\",\"id\":"
                            "\"%" PRIu64 "\"}],",
                            start, start + json_utf16_length(friend), chance(c, 1) >> 4);
    else if (c->ordinal % 2 == 0)
        evbuffer_add_printf(out, "\"entities\":[],");
    evbuffer_add_printf(out, "\"shout\":\"");
    json_add_escaped(out, text, ascii);
    if (mention) {
        json_add_escaped(out, " — with ", ascii);
        json_add_escaped(out, friend, ascii);
    }
    evbuffer_add_printf(out, "%s", edited);
    if (c->hostile && c->ordinal % 9 == 0)
        evbuffer_add_printf(out, "%s", c->ordinal % 2 ? "\\u0000" : "\\ud83d");
    evbuffer_add_printf(out, "\",");
}

static void append_zone(const struct checkin *c, const struct city *city, struct evbuffer *out)
{
    if (c->created_at < LAST_ZONE_NAME)
        evbuffer_add_printf(out, "\"timeZone\":\"%s\",", city->zone);
    if (c->created_at >= FIRST_OFFSET)
        evbuffer_add_printf(out, "\"timeZoneOffset\":%d,", city->offset_min);
}

static void append_people(const struct checkin *c, bool ascii, struct evbuffer *out)
{
    const char *friend = friends[chance(c, 3) % 4];
    if (c->ordinal % 21 == 8) {
        evbuffer_add_printf(out, "\"with\":[");
        append_user(friend, chance(c, 4), ascii, out);
        evbuffer_add_printf(out, "],");
    }
    if (c->ordinal % 31 == 12) {
        evbuffer_add_printf(out, "\"createdBy\":");
        append_user(friend, chance(c, 5), ascii, out);
        evbuffer_add(out, ",", 1);
    }
}

static void append_photos(const struct checkin *c, struct evbuffer *out)
{
    if (c->ordinal % 6 != 2) {
        evbuffer_add_printf(out, "\"photos\":{\"count\":0,\"items\":[]},");
        return;
    }
    evbuffer_add_printf(out,
                        "\"photos\":{\"count\":1,\"items\":[{\"id\":\"%08" PRIx64 "%016" PRIx64
                        "\",\"createdAt\":%" PRId64,
                        (uint64_t)c->created_at + 40, chance(c, 6), c->created_at + 40);
    evbuffer_add_printf(out,
                        ",\"prefix\":\"https:\\/\\/img.example.com\\/general\\/\",\"suffix\":"
                        "\"\\/%" PRIu64 "_x.jpg\",\"width\":1440,\"height\":1920}]},",
                        chance(c, 7) % 100000000);
}

/* What follows the venue since the offset came. */
static void append_tail(const struct checkin *c, bool modern, struct evbuffer *out)
{
    int likes = (int)(chance(c, 8) % 4) + c->revision;
    evbuffer_add_printf(out, "\"likes\":{\"count\":%d,\"groups\":[]},\"like\":false,", likes);
    if (modern && c->ordinal % 14 == 5)
        evbuffer_add_printf(out, "\"sticker\":{\"id\":\"53fe77d24b9048855b3648b4\",\"name\":"
                                 "\"Tasty\",\"points\":2},");
    if (c->ordinal % 43 == 16)
        evbuffer_add_printf(out,
                            "\"event\":{\"id\":\"%" PRIx64 "\",\"name\":\"Open Air \\u2600\","
                            "\"categories\":[]},",
                            chance(c, 9));
    evbuffer_add_printf(out, "\"isMayor\":%s,", c->ordinal % 25 ? "false" : "true");
    append_photos(c, out);
    if (modern)
        evbuffer_add_printf(out, "\"posts\":{\"count\":0,\"textCount\":0},");
    evbuffer_add_printf(out, "\"comments\":{\"count\":0}");
    if (c->ordinal % 13 != 2)
        evbuffer_add_printf(out,
                            ",\"source\":{\"name\":\"%s for iOS\",\"url\":"
                            "\"https:\\/\\/www.example.com\"}",
                            modern ? "Swarm" : "Foursquare");
}

int checkin_append(const struct checkin *c, struct evbuffer *out)
{
    bool legacy = c->created_at < FIRST_OFFSET;
    bool modern = c->created_at >= LAST_ZONE_NAME;
    bool ascii = c->ordinal % 4 == 1; /* both spellings are seen in the wild */
    unsigned venue = (unsigned)(chance(c, 2) % VENUE_COUNT);
    evbuffer_add_printf(out, "{\"id\":\"%s\",\"createdAt\":%" PRId64 ",\"type\":\"checkin\",",
                        c->id, c->created_at);
    if (c->ordinal % 19 == 4)
        evbuffer_add_printf(out, "\"private\":true,\"visibility\":\"private\",");
    append_shout(c, ascii, out);
    append_zone(c, venue_city(venue), out);
    if (!legacy)
        append_people(c, ascii, out);
    if (c->ordinal % 29 != 11) {
        evbuffer_add_printf(out, "\"venue\":");
        venue_append(venue, legacy, ascii, out);
        evbuffer_add(out, ",", 1);
    }
    if (legacy)
        evbuffer_add_printf(out,
                            "\"photos\":{\"count\":0,\"items\":[]},\"comments\":{\"count\":%d,"
                            "\"items\":[]}",
                            c->revision);
    else
        append_tail(c, modern, out);
    return evbuffer_add(out, "}", 1);
}
