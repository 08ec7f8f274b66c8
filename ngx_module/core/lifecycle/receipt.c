/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "core/lifecycle/receipt.h"


static int line_next(pupil_str_t *text, pupil_str_t *line);
static int line_value(pupil_str_t line, const char *head, pupil_str_t *value);


pupil_rc_t
pupil_receipt_parse(pupil_str_t text, pupil_receipt_t *receipt)
{
    pupil_str_t   line, entry;
    pupil_uuid_t  id;

    memset(receipt, 0, sizeof(pupil_receipt_t));
    receipt->backups.data = (const uint8_t *) PUPIL_RECEIPT_UNKNOWN;
    receipt->backups.len = sizeof(PUPIL_RECEIPT_UNKNOWN) - 1;

    if (!line_next(&text, &line) || line.len < PUPIL_UUID_TEXT_LEN
        || pupil_uuid_parse(line.data, PUPIL_UUID_TEXT_LEN, &id) != PUPIL_OK)
    {
        return PUPIL_INVALID;
    }

    receipt->subject.data = line.data;
    receipt->subject.len = PUPIL_UUID_TEXT_LEN;

    line.data += PUPIL_UUID_TEXT_LEN;
    line.len -= PUPIL_UUID_TEXT_LEN;

    if (!line_value(line, PUPIL_RECEIPT_ERASED, &entry)) {
        return PUPIL_INVALID;
    }

    while (line_next(&text, &line)) {
        if (!line_value(line, PUPIL_RECEIPT_DESTROYED, &receipt->destroyed)) {
            (void) line_value(line, PUPIL_RECEIPT_BACKUPS, &receipt->backups);
        }
    }

    return receipt->destroyed.len != 0 ? PUPIL_OK : PUPIL_INVALID;
}


/* Takes one off the text. */
static int
line_next(pupil_str_t *text, pupil_str_t *line)
{
    const uint8_t  *end;

    end = text->len != 0 ? memchr(text->data, '\n', text->len) : NULL;
    if (end == NULL) {
        return 0;
    }

    line->data = text->data;
    line->len = (size_t) (end - text->data);

    text->len -= line->len + 1;
    text->data = end + 1;

    return 1;
}


static int
line_value(pupil_str_t line, const char *head, pupil_str_t *value)
{
    size_t  len;

    len = strlen(head);

    if (line.len < len || memcmp(line.data, head, len) != 0) {
        return 0;
    }

    value->data = line.data + len;
    value->len = line.len - len;

    return 1;
}
