/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/file.h"
#include "ctl/base/html.h"
#include "ctl/report/outside.h"
#include "ctl/report/page.h"
#include "ctl/report/terms.h"


static void head_add(ctl_buf_t *page, const json_t *record);
static void activities_add(ctl_buf_t *page, const json_t *record);
static void grant_add(ctl_buf_t *page, const json_t *grant);
static void categories_add(ctl_buf_t *page, const json_t *record);
static void storage_add(ctl_buf_t *page, const json_t *kept);
static void fields_add(ctl_buf_t *page, const json_t *fields);
static void measures_add(ctl_buf_t *page, const json_t *record);
static void periods_add(ctl_buf_t *page, const json_t *record);
static void missing_add(ctl_buf_t *page, const json_t *record);
static void member_add(ctl_buf_t *page, const char *tag, const json_t *object,
    const char *name);
static const char *member(const json_t *object, const char *name);


int
ctl_processing_page(const json_t *record, const char *path)
{
    int        rc;
    ctl_buf_t  page;

    ctl_buf_init(&page);
    ctl_buf_text(&page, CTL_HTML_HEAD);
    head_add(&page, record);
    activities_add(&page, record);
    categories_add(&page, record);
    ctl_outside_page(&page, record);
    measures_add(&page, record);
    periods_add(&page, record);
    missing_add(&page, record);
    ctl_buf_text(&page, "</html>\n");

    rc = ctl_file_write(path, page.data, 0644, 0);
    ctl_buf_free(&page);

    return rc;
}


static void
head_add(ctl_buf_t *page, const json_t *record)
{
    const json_t  *controller;

    controller = json_object_get(record, "dpv:hasDataController");

    member_add(page, "title", record, "dct:title");
    member_add(page, "h1", record, "dct:title");
    ctl_buf_text(page, "<p>Controller: ");
    ctl_html_text(page, member(controller, "dct:title"));
    ctl_buf_text(page, ". Of pupils and of members of staff. Made on ");
    ctl_html_text(page, member(record, "dct:created"));
    ctl_buf_text(page, ", by the grants whose SHA-256 is <code>");
    ctl_html_text(page, member(record, "policy"));
    ctl_buf_text(page, "</code>.</p>\n");
}


static void
activities_add(ctl_buf_t *page, const json_t *record)
{
    size_t   i, k;
    json_t  *activity, *grant;

    json_array_foreach(json_object_get(record, "dcat:dataset"), i, activity) {
        member_add(page, "h2", activity, "dct:title");
        member_add(page, "p", activity, "dct:description");
        ctl_buf_text(page, "<table>\n<tr><th>Who</th><th>does</th>"
                           "<th>category</th><th>fields</th>"
                           "<th>legal basis</th></tr>\n");

        json_array_foreach(json_object_get(activity, "grants"), k, grant) {
            grant_add(page, grant);
        }

        ctl_buf_text(page, "</table>\n");
    }
}


static void
grant_add(ctl_buf_t *page, const json_t *grant)
{
    size_t   i;
    json_t  *field;

    ctl_buf_text(page, "<tr>");
    member_add(page, "td", grant, "who");
    member_add(page, "td", grant, "operation");
    member_add(page, "td", grant, "category");
    ctl_buf_text(page, "<td>");

    json_array_foreach(json_object_get(grant, "fields"), i, field) {
        ctl_buf_text(page, i == 0 ? "" : ", ");
        ctl_html_text(page, json_string_value(field));
    }

    ctl_buf_text(page, json_is_true(json_object_get(grant, "coarsened"))
                       ? " (coarsened)</td>" : "</td>");
    member_add(page, "td", grant, "article");
    ctl_buf_text(page, "</tr>\n");
}


static void
categories_add(ctl_buf_t *page, const json_t *record)
{
    size_t   i;
    json_t  *category;

    ctl_buf_text(page, "<h2>Categories of personal data</h2>\n");

    json_array_foreach(json_object_get(record, "dpv:hasPersonalData"), i,
                       category)
    {
        ctl_buf_text(page, "<h3>");
        ctl_html_text(page, member(category, "dct:title"));
        ctl_buf_text(page, " ");
        ctl_html_text(page, member(category, "version"));
        ctl_buf_text(page, json_is_true(json_object_get(category, "accepted"))
                           ? "</h3>\n"
                           : ", whose grants nobody has accepted</h3>\n");
        member_add(page, "p", category, "dct:description");
        ctl_buf_text(page, "<p>From: ");
        ctl_html_text(page, member(json_object_get(category,
                                                   "dpv:hasDataSource"),
                                   "dct:description"));
        ctl_buf_text(page, "<br>To others: ");
        ctl_html_text(page, member(category, "recipients"));
        storage_add(page, json_object_get(category,
                                          "dpv:hasStorageCondition"));
        ctl_buf_text(page, "</p>\n");
        fields_add(page, json_object_get(category, "fields"));
    }
}


static void
storage_add(ctl_buf_t *page, const json_t *kept)
{
    const char    *reference, *held;
    const json_t  *duration;

    duration = json_object_get(kept, "dpv:hasDuration");
    reference = member(kept, "reference");
    held = member(kept, "held");

    ctl_buf_printf(page, "<br>Kept: %lld days ",
        (long long) json_integer_value(json_object_get(duration, "days")));
    ctl_html_text(page, ctl_event_text(member(kept, "from")));
    ctl_buf_text(page, ", ");
    ctl_html_text(page, ctl_expiry_text(member(kept, "then")));

    if (*reference != '\0') {
        ctl_buf_text(page, ", by the decision ");
        ctl_html_text(page, reference);
    }

    if (*held != '\0') {
        ctl_buf_text(page, "; held by ");
        ctl_html_text(page, held);
    }
}


static void
fields_add(ctl_buf_t *page, const json_t *fields)
{
    size_t   i;
    json_t  *field;

    ctl_buf_text(page, "<table>\n<tr><th>Field</th><th>why</th>"
                       "<th>stored</th></tr>\n");

    json_array_foreach(fields, i, field) {
        ctl_buf_text(page, "<tr>");
        member_add(page, "td", field, "name");
        member_add(page, "td", field, "why");
        ctl_buf_text(page, json_is_true(json_object_get(field, "sealed"))
                           ? "<td>sealed</td></tr>\n"
                           : "<td>plain</td></tr>\n");
    }

    ctl_buf_text(page, "</table>\n");
}


static void
measures_add(ctl_buf_t *page, const json_t *record)
{
    size_t   i;
    json_t  *measure;

    ctl_buf_text(page, "<h2>Measures</h2>\n<ul>\n");

    json_array_foreach(json_object_get(record,
                       "dpv:hasTechnicalOrganisationalMeasure"), i, measure)
    {
        member_add(page, "li", measure, "dct:description");
    }

    ctl_buf_text(page, "</ul>\n");
}


/* What no category declares. */
static void
periods_add(ctl_buf_t *page, const json_t *record)
{
    size_t   i;
    json_t  *period;

    ctl_buf_text(page, "<h2>Further periods</h2>\n<table>\n");

    json_array_foreach(json_object_get(record, "periods"), i, period) {
        ctl_buf_text(page, "<tr>");
        member_add(page, "td", period, "name");
        ctl_buf_printf(page, "<td>%lld days</td>",
            (long long) json_integer_value(json_object_get(period, "days")));
        member_add(page, "td", period, "reference");
        ctl_buf_text(page, "</tr>\n");
    }

    ctl_buf_text(page, "</table>\n");
}


static void
missing_add(ctl_buf_t *page, const json_t *record)
{
    size_t   i;
    json_t  *missing;

    ctl_buf_text(page, "<h2>Not in this record</h2>\n<ul>\n");

    json_array_foreach(json_object_get(record, "missing"), i, missing) {
        ctl_buf_text(page, "<li>");
        ctl_html_text(page, json_string_value(missing));
        ctl_buf_text(page, "</li>\n");
    }

    ctl_buf_text(page, "</ul>\n");
}


static void
member_add(ctl_buf_t *page, const char *tag, const json_t *object,
    const char *name)
{
    ctl_buf_printf(page, "<%s>", tag);
    ctl_html_text(page, member(object, name));
    ctl_buf_printf(page, "</%s>\n", tag);
}


static const char *
member(const json_t *object, const char *name)
{
    const char  *text;

    text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}
