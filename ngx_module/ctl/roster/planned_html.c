/*
 * Copyright (C) the Pupil authors
 *
 * A report as a page for who decides: counts, schools, pseudonyms, lines of
 * files and rules, as the report has them.
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/base/file.h"
#include "ctl/base/html.h"
#include "ctl/roster/planned_note.h"


static const struct {
    const char  *name;
    const char  *text;
} words[] = {
    { "joins", "join" },
    { "leaves", "leave" },
    { "returns", "come back" },
    { "renamed", "have another name" },
    { "logins", "have another log-in name" },
    { "schools", "go to another school" },
    { "roles", "have other roles" },
    { "classes", "have other classes" }
};


static void
cell_add(ctl_buf_t *page, const json_t *value)
{
    ctl_buf_text(page, "<td>");

    if (json_is_integer(value)) {
        ctl_buf_printf(page, "%lld", (long long) json_integer_value(value));
    } else {
        ctl_html_text(page, json_string_value(value));
    }

    ctl_buf_text(page, "</td>");
}


/* Rows of a list of objects: NULL ends the names of their members. */
static void
table_add(ctl_buf_t *page, const char *title, const json_t *list,
    const char *const *names)
{
    size_t              i;
    json_t             *row;
    const char *const  *name;

    if (json_array_size(list) == 0) {
        return;
    }

    ctl_buf_printf(page, "<h2>%s</h2>\n<table>\n<tr>", title);

    for (name = names; *name != NULL; name++) {
        ctl_buf_printf(page, "<th>%s</th>", *name);
    }

    ctl_buf_text(page, "</tr>\n");

    json_array_foreach(list, i, row) {
        ctl_buf_text(page, "<tr>");

        for (name = names; *name != NULL; name++) {
            cell_add(page, json_object_get(row, *name));
        }

        ctl_buf_text(page, "</tr>\n");
    }

    ctl_buf_text(page, "</table>\n");
}


static void
changes_add(ctl_buf_t *page, const json_t *report)
{
    size_t   k, i;
    json_t  *counts, *people, *id;

    counts = json_object_get(report, "changes");
    ctl_buf_text(page, "<h2>Changes</h2>\n<table>\n");

    for (k = 0; counts != NULL && k < PUPIL_COUNT(words); k++) {
        people = json_object_get(json_object_get(report, "people"),
                                 words[k].name);

        ctl_buf_printf(page, "<tr><td>%s</td>", words[k].text);
        cell_add(page, json_object_get(counts, words[k].name));
        ctl_buf_text(page, "<td>");

        json_array_foreach(people, i, id) {
            ctl_buf_text(page, i == 0 ? "" : "<br>");
            ctl_html_text(page, json_string_value(id));
        }

        ctl_buf_text(page, "</td></tr>\n");
    }

    ctl_buf_text(page, "</table>\n");
}


int
roster_plan_html(const json_t *report, const char *path)
{
    int          rc;
    ctl_buf_t    page;
    const char  *plan;

    static const char *const  held[] = { "reason", NULL };
    static const char *const  schools[] = { "school", "file", "line", "joins",
                                            "leaves", "comes", "goes", NULL };
    static const char *const  changed[] = { "what", "id", "file", "line",
                                            NULL };
    static const char *const  refused[] = { "file", "line", "what", "reason",
                                            NULL };
    static const char *const  rules[] = { "rows", "what", "reason", NULL };

    plan = json_string_value(json_object_get(report, "apply"));
    plan = plan != NULL ? plan
           : json_string_value(json_object_get(report, "plan"));

    ctl_buf_init(&page);
    ctl_buf_text(&page, CTL_HTML_HEAD);
    ctl_buf_printf(&page, "<title>Plan %s</title>\n<h1>Plan %s</h1>\n",
                   plan != NULL ? plan : "", plan != NULL ? plan : "");
    table_add(&page, "Held", json_object_get(report, "held"), held);
    table_add(&page, "Changed since", json_object_get(report, "changed"),
              changed);
    changes_add(&page, report);
    table_add(&page, "Schools", json_object_get(report, "schools"), schools);
    table_add(&page, "Refused, by rule", json_object_get(report, "rules"),
              rules);
    table_add(&page, "Refused", json_object_get(report, "refused"), refused);

    ctl_buf_text(&page, "<h2>Signed</h2>\n<pre>");
    ctl_html_text(&page, json_string_value(json_object_get(report, "signed")));
    ctl_buf_text(&page, "</pre>\n</html>\n");

    rc = ctl_file_write(path, page.data, 0600, 0);
    ctl_buf_free(&page);

    return rc;
}
