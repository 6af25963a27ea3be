/* SPDX-License-Identifier: MIT */
/* Texts that people might shout; does not know how they are escaped on the way out. */
#include "shout.h"

#include <stdio.h>
#include <string.h>

static const char *const shouts[] = {
    "Best flat white in town",
    "Finally ☕️ after three hours of meetings 😴😴😴",
    "Family day out 👨‍👩‍👧‍👦 and 🏳️‍🌈 flags everywhere 🇯🇵🇳🇵",
    "今日はラーメン🍜。並んだけど、美味しかった！",
    "在这里吃了最好的小笼包 𠮷野家旁边",
    "مرحبا من القاهرة — جلسة قهوة مع الأصدقاء",
    "שלום מתל אביב, mixed with English and 123",
    "Привет из Москвы, мороз и солнце",
    "Xin chào Hà Nội, phở bò ngon tuyệt",
    "Zalgo: H\u0335\u0323\u034ee\u0337\u0301\u0330l\u0336\u0307l\u0334\u0302o\u0338\u0329",
    "cafe\u0301 and caf\u00e9 look alike, e\u0301 is two code points",
    "line one\nline two\n\nline four\n",
    "tab\tbetween, carriage\r\nreturn, bell\a, escape\033[31m",
    "She said \"two, please\" and he said 'three'",
    "C:\\Users\\me\\Desktop \\n is not a newline, \\u0041 is not an A",
    "</script><b>bold</b> &amp; &lt; a/b/c",
    "'); drop table checkins; --",
    "$1 %s {0} ${HOME} `id` \\x41",
    "right to left: \u202etxet desrever\u202c and an isolate \u2068\u05d0\u2069",
    "zero\u200bwidth\u200dand\ufeffmarks\u2028line separator\u2029paragraph",
    "ﬁrst ligature, ＦＵＬＬＷＩＤＴＨ, ½ price, Ⅻ, ℌ",
    "İstanbul'da ışıl ışıl bir gün, Straße, ΌΣΟΣ όσος",
    " leading and trailing spaces \t ",
    "नमस्ते काठमांडू, दाल भात 🙏🏽",
    "ไม่มีช่องว่างระหว่างคำในภาษาไทย",
    "한글 조합: 한 \u1112\u1161\u11ab",
    "math 𝒳 ≠ 𝔜, plane 16 \U0010fffd, noncharacter \ufffe, replacement \ufffd",
    "null true false 1e400 -0 0.1",
    "x",
};

enum { SHOUTS = sizeof(shouts) / sizeof(shouts[0]) };

void shout_write(unsigned n, char out[SHOUT_MAX_BYTES])
{
    n %= SHOUTS + 1;
    if (n < SHOUTS) {
        snprintf(out, SHOUT_MAX_BYTES, "%s", shouts[n]);
        return;
    }
    /* as long as the provider allows: 200 characters of four bytes each */
    for (int i = 0; i < 200; i++)
        memcpy(out + 4 * i, i % 2 ? "🍕" : "🚀", 4);
    out[800] = '\0';
}
