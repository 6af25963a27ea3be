/* SPDX-License-Identifier: MIT */
/* Makes up the venues, the same ones on every run; does not know who checks in there. */
#include "venue.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <event2/buffer.h>

#include "json.h"
#include "random.h"

static const struct city cities[] = {
    {"San Francisco", "CA", "US", "United States", "America/Los_Angeles", -480, 37, -122},
    {"New York", "NY", "US", "United States", "America/New_York", -300, 40, -73},
    {"St. John's", "NL", "CA", "Canada", "America/St_Johns", -210, 47, -52},
    {"London", "Greater London", "GB", "United Kingdom", "Europe/London", 0, 51, 0},
    {"Zürich", "Zürich", "CH", "Schweiz", "Europe/Zurich", 60, 47, 8},
    {"İstanbul", "İstanbul", "TR", "Türkiye", "Europe/Istanbul", 120, 41, 28},
    {"القاهرة", "محافظة القاهرة", "EG", "مصر", "Africa/Cairo", 120, 30, 31},
    {"Москва", "Москва", "RU", "Россия", "Europe/Moscow", 180, 55, 37},
    {"काठमाडौं", NULL, "NP", "Nepal", "Asia/Kathmandu", 345, 27, 85},
    {"Bengaluru", "Karnātaka", "IN", "India", "Asia/Kolkata", 330, 12, 77},
    {"Hà Nội", NULL, "VN", "Việt Nam", "Asia/Ho_Chi_Minh", 420, 21, 105},
    {"上海市", "上海市", "CN", "中国", "Asia/Shanghai", 480, 31, 121},
    {"東京", "東京都", "JP", "日本", "Asia/Tokyo", 540, 35, 139},
    {"Adelaide", "SA", "AU", "Australia", "Australia/Adelaide", 570, -34, 138},
    {"Waitangi", NULL, "NZ", "New Zealand", "Pacific/Chatham", 765, -43, -176},
    {"Kiritimati", NULL, "KI", "Kiribati", "Pacific/Kiritimati", 840, 1, -157},
};

static const char *const first_names[] = {
    "Blue", "The Old",   "Café",    "Müller's", "Golden",
    "新宿", "O'Brien &", "Кофейня", "مقهى",     "☕️",
};

static const char *const second_names[] = {
    "Bottle",           "Station",    "Kitchen", "\"Secret\" Bar", "公園",
    "Museum / Gallery", "Back\\Yard", "Gym",     "Ресторан",       "Bakery",
};

struct category {
    const char *id, *name, *plural, *parent;
};

static const struct category categories[] = {
    {"4bf58dd8d48988d1e0931735", "Coffee Shop", "Coffee Shops", "Food"},
    {"4bf58dd8d48988d1d2941735", "Sushi Restaurant", "Sushi Restaurants", "Food"},
    {"4bf58dd8d48988d1ed931735", "Airport", "Airports", "Travel & Transport"},
    {"4bf58dd8d48988d163941735", "Park", "Parks", "Great Outdoors"},
    {"4bf58dd8d48988d16d941735", "Café", "Cafés", "Food"},
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

const struct city *venue_city(unsigned venue)
{
    return &cities[venue % LENGTH(cities)];
}

static void append_name(unsigned venue, uint64_t r, bool ascii, struct evbuffer *out)
{
    const char *first = first_names[r % LENGTH(first_names)];
    const char *second = second_names[r / 16 % LENGTH(second_names)];
    json_add_escaped(out, first, ascii);
    evbuffer_add(out, " ", 1);
    json_add_escaped(out, second, ascii);
    if (venue % 50 == 13) { /* longer than any sane limit on a name */
        for (int i = 0; i < 60; i++)
            json_add_escaped(out, " — sehr langer Name 東京", ascii);
    }
    evbuffer_add_printf(out, " %u", venue);
}

static void append_coordinates(unsigned venue, uint64_t r, struct evbuffer *out)
{
    const struct city *city = venue_city(venue);
    if (venue % 60 == 17) { /* off the coast of Africa, where missing numbers lead */
        evbuffer_add_printf(out, "\"lat\":0,\"lng\":-1.5E-7");
        return;
    }
    /* 18 decimals are more than a double carries */
    int digits = r % 3 ? 18 : 4;
    uint64_t range = digits == 4 ? 10000u : 1000000000000000000u;
    evbuffer_add_printf(out, "\"lat\":%d.%0*" PRIu64 ",\"lng\":%d.%0*" PRIu64, city->lat, digits,
                        random_mix(r) % range, city->lng, digits, random_mix(r + 1) % range);
}

static void append_text_member(const char *name, const char *value, bool ascii,
                               struct evbuffer *out)
{
    evbuffer_add_printf(out, ",\"%s\":\"", name);
    json_add_escaped(out, value, ascii);
    evbuffer_add(out, "\"", 1);
}

static void append_location(unsigned venue, bool legacy, bool ascii, struct evbuffer *out)
{
    const struct city *city = venue_city(venue);
    uint64_t r = random_of(0x10ca7105, venue);
    evbuffer_add_printf(out, "\"location\":{");
    append_coordinates(venue, r, out);
    if (venue % 11 == 5) { /* a home: no address */
        evbuffer_add_printf(out, ",\"isFuzzed\":true}");
        return;
    }
    char address[64];
    snprintf(address, sizeof(address), "%u Straße / улица", (unsigned)(r % 900) + 1);
    append_text_member("address", address, ascii, out);
    if (r % 3 == 0)
        append_text_member("crossStreet", "at \"Main\" St.", ascii, out);
    append_text_member("city", city->name, ascii, out);
    if (city->state)
        append_text_member("state", city->state, ascii, out);
    if (!legacy) {
        evbuffer_add_printf(out, ",\"postalCode\":\"%05u\"", (unsigned)(r % 100000));
        append_text_member("cc", city->country_code, ascii, out);
        append_text_member("country", city->country, ascii, out);
        evbuffer_add_printf(out, ",\"formattedAddress\":[\"");
        json_add_escaped(out, address, ascii);
        evbuffer_add_printf(out, "\",\"");
        json_add_escaped(out, city->name, ascii);
        evbuffer_add_printf(out, "\"]");
    }
    evbuffer_add(out, "}", 1);
}

static void append_categories(unsigned venue, bool legacy, bool ascii, struct evbuffer *out)
{
    if (venue % 7 == 3) {
        evbuffer_add_printf(out, "\"categories\":[]");
        return;
    }
    const struct category *c = &categories[venue % LENGTH(categories)];
    evbuffer_add_printf(out, "\"categories\":[{\"id\":\"%s\",\"name\":\"", c->id);
    json_add_escaped(out, c->name, ascii);
    evbuffer_add(out, "\"", 1);
    append_text_member("pluralName", c->plural, ascii, out);
    if (legacy)
        evbuffer_add_printf(out,
                            ",\"icon\":\"https://img.example.com/default.png\",\"parents\":[\"%s\"",
                            c->parent);
    else
        evbuffer_add_printf(out, ",\"icon\":{\"prefix\":\"https:\\/\\/img.example.com\\/v2_\","
                                 "\"suffix\":\".png\"");
    evbuffer_add_printf(out, "%s,\"primary\":true}]", legacy ? "]" : "}");
}

void venue_append(unsigned venue, bool legacy, bool ascii, struct evbuffer *out)
{
    uint64_t r = random_of(0x0e0e0e, venue);
    evbuffer_add_printf(out, "{\"id\":\"%08x%016" PRIx64 "\",\"name\":\"",
                        0x40000000u + (unsigned)(r % 0x0fffffff), random_mix(r));
    append_name(venue, r, ascii, out);
    evbuffer_add_printf(out, "\",\"contact\":{");
    if (r % 4 == 1)
        evbuffer_add_printf(out, "\"phone\":\"555%07u\"", (unsigned)(r % 10000000));
    evbuffer_add_printf(out, "},");
    append_location(venue, legacy, ascii, out);
    evbuffer_add(out, ",", 1);
    append_categories(venue, legacy, ascii, out);
    /* 2^53 + 1 is the first integer that a double cannot hold */
    evbuffer_add_printf(out, ",\"verified\":%s,\"stats\":{\"checkinsCount\":%" PRIu64 "",
                        r % 3 ? "false" : "true",
                        venue % 20 == 9 ? 9007199254740993u : (uint64_t)(r % 100000));
    evbuffer_add_printf(out, ",\"usersCount\":%u}", (unsigned)(r % 5000));
    if (!legacy && venue % 20 == 4)
        evbuffer_add_printf(out, ",\"closed\":true,\"beenHere\":{\"lastCheckinExpiredAt\":"
                                 "18446744073709551615}");
    evbuffer_add(out, "}", 1);
}
