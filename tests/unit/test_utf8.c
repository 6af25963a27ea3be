/* SPDX-License-Identifier: MIT */
/* What is text for PostgreSQL: every byte sequence of two, and the edges of UTF-8. */
#include "base/utf8.h"
#include "tap.h"

static void cleans(const char *from, size_t len, size_t max, const char *to, const char *what)
{
    size_t out = 99;
    char *copy =
        malloc(len > 0 ? len : 1); /* of the exact size: a sanitizer sees a byte read too many */
    memcpy(copy, from, len);
    char *clean = pgqi_utf8_clean(copy, len, max, &out);
    is_str(clean, to, "%s", what);
    is_int(out, strlen(to), "and the length is told");
    free(clean);
    free(copy);
}

int main(void)
{
    static const struct {
        const char *bytes;
        size_t len, is;
    } chars[] = {{"a", 1, 1},
                 {"\0", 1, 0},
                 {"\x7f", 1, 1},
                 {"\x80", 1, 0},
                 {"\xc0\x80", 2, 0},
                 {"\xc1\xbf", 2, 0},
                 {"\xc2\x80", 2, 2},
                 {"\xc2", 1, 0},
                 {"\xc2\x41", 2, 0},
                 {"\xdf\xbf", 2, 2},
                 {"\xe0\x9f\xbf", 3, 0},
                 {"\xe0\xa0\x80", 3, 3},
                 {"\xed\x9f\xbf", 3, 3},
                 {"\xed\xa0\x80", 3, 0},
                 {"\xee\x80\x80", 3, 3},
                 {"\xef\xbf\xbf", 3, 3},
                 {"\xe2\x82", 2, 0},
                 {"\xf0\x8f\xbf\xbf", 4, 0},
                 {"\xf0\x90\x80\x80", 4, 4},
                 {"\xf4\x8f\xbf\xbf", 4, 4},
                 {"\xf4\x90\x80\x80", 4, 0},
                 {"\xf5\x80\x80\x80", 4, 0},
                 {"\xf0\x9f\x98", 3, 0},
                 {"\xff", 1, 0},
                 {"\xf0\x90\x80\x41", 4, 0}};
    for (size_t i = 0; i < sizeof chars / sizeof chars[0]; i++)
        is_int(pgqi_utf8_char((const unsigned char *)chars[i].bytes, chars[i].len), chars[i].is,
               "character %zu of the list", i);
    is_int(pgqi_utf8_char((const unsigned char *)"a", 0), 0, "nothing is no character");
    int wrong = 0;
    for (unsigned i = 0; i < 0x10000; i++) {
        unsigned char two[2] = {(unsigned char)(i >> 8), (unsigned char)i};
        size_t want = two[0] == 0                                                   ? 0
                      : two[0] < 0x80                                               ? 1
                      : two[0] >= 0xc2 && two[0] <= 0xdf && (two[1] & 0xc0) == 0x80 ? 2
                                                                                    : 0;
        wrong += pgqi_utf8_char(two, 2) != want;
    }
    is_int(wrong, 0, "of all pairs of bytes the right ones are characters");
    cleans("", 0, 10, "", "nothing stays nothing");
    cleans("plain \xc3\xbc \xf0\x9f\x98\x80", 13, 100, "plain \xc3\xbc \xf0\x9f\x98\x80",
           "valid text stays as it is");
    cleans("a\0b\xff\xc3", 5, 100, "a?b??", "each invalid byte is one question mark");
    cleans("\xf0\x9f\x98", 3, 100, "???", "so is each of a character cut off");
    cleans("abcdef", 6, 3, "abc", "it is cut at the limit");
    cleans("ab\xc3\xbc", 4, 3, "ab", "never within a character");
    cleans("ab\xff\xff\xff", 5, 4, "ab??", "counting what it became");
    return done();
}
