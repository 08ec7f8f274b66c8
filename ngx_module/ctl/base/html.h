/*
 * Copyright (C) the Pupil authors
 *
 * Pages that pupilctl writes.
 */

#ifndef PUPIL_CTL_HTML_H
#define PUPIL_CTL_HTML_H

#include "ctl/base/buf.h"


/* How a page begins, up to its title. */
#define CTL_HTML_HEAD                                                         \
    "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"         \
    "<style>body{font:16px/1.4 sans-serif;margin:2em}td,th{padding:.2em 1em"  \
    ";text-align:left;border-bottom:1px solid #ccc}</style>\n"

/* Text as it is, whatever is in it; nothing for NULL. */
void ctl_html_text(ctl_buf_t *page, const char *text);

#endif /* PUPIL_CTL_HTML_H */
