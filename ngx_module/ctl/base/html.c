/*
 * Copyright (C) the Pupil authors
 */

#include <stddef.h>

#include "ctl/base/html.h"


void
ctl_html_text(ctl_buf_t *page, const char *text)
{
    const char  *p;

    for (p = text != NULL ? text : ""; *p != '\0'; p++) {
        switch (*p) {
        case '<':
            ctl_buf_text(page, "&lt;");
            break;
        case '>':
            ctl_buf_text(page, "&gt;");
            break;
        case '&':
            ctl_buf_text(page, "&amp;");
            break;
        case '"':
            ctl_buf_text(page, "&quot;");
            break;
        default:
            ctl_buf_add(page, p, 1);
        }
    }
}
