/*
 * Copyright (C) the Pupil authors
 */

#include "core/base/text.h"
#include "core/input/line.h"


#define LINE_SOFT_HYPHEN  0xad
#define LINE_NON_JOINER   0x200c
#define LINE_JOINER       0x200d
#define LINE_FLAG         0x1f3f4
#define LINE_TAG_FIRST    0xe0020
#define LINE_TAG_LAST     0xe007f


typedef struct {
    uint32_t  first, last;
} line_range_t;


/* Categories Cf, Zl and Zp of Unicode, without the exceptions above. */
static const line_range_t  line_formats[] = {
    { 0x600, 0x605 }, { 0x61c, 0x61c }, { 0x6dd, 0x6dd }, { 0x70f, 0x70f },
    { 0x890, 0x891 }, { 0x8e2, 0x8e2 }, { 0x180e, 0x180e },
    { 0x200b, 0x200b }, { 0x200e, 0x200f }, { 0x2028, 0x202e },
    { 0x2060, 0x206f }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb },
    { 0x110bd, 0x110bd }, { 0x110cd, 0x110cd }, { 0x13430, 0x1343f },
    { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0001, 0xe0001 }
};


static int
line_is_format(uint32_t c)
{
    size_t  i;

    for (i = 0; i < sizeof(line_formats) / sizeof(line_formats[0]); i++) {
        if (c >= line_formats[i].first && c <= line_formats[i].last) {
            return 1;
        }
    }

    return 0;
}


/* The character of a sequence of 1 to 4 bytes. */
static uint32_t
line_decode(const uint8_t *s, size_t len)
{
    size_t    i;
    uint32_t  c;

    c = len == 1 ? s[0] : s[0] & (0x7fU >> len);

    for (i = 1; i < len; i++) {
        c = c << 6 | (s[i] & 0x3f);
    }

    return c;
}


int
pupil_line_has_format(const pupil_str_t *text)
{
    int       tagged;
    size_t    i, n;
    uint32_t  c;

    tagged = 0;

    for (i = 0; i < text->len; i += n) {
        n = pupil_utf8_sequence(text->data + i, text->len - i);
        if (n == 0) {
            return 1;
        }

        c = line_decode(text->data + i, n);

        switch (c) {

        case LINE_SOFT_HYPHEN:
        case LINE_NON_JOINER:
        case LINE_JOINER:
            if (i == 0) {
                return 1;
            }

            break;

        default:
            if (c >= LINE_TAG_FIRST && c <= LINE_TAG_LAST) {
                if (!tagged) {
                    return 1;
                }

                continue;
            }

            if (line_is_format(c)) {
                return 1;
            }
        }

        tagged = c == LINE_FLAG;
    }

    return 0;
}


int
pupil_line_has_control(const pupil_str_t *text, int spaces)
{
    size_t   i;
    uint8_t  c;

    for (i = 0; i < text->len; i++) {
        c = text->data[i];

        if (spaces && (c == '\t' || c == '\n' || c == '\r')) {
            continue;
        }

        if (c < 0x20 || c == 0x7f
            || (c == 0xc2 && text->data[i + 1] < 0xa0))
        {
            return 1;
        }
    }

    return 0;
}
