/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl report processing: as text, as JSON-LD by --json, and as a page by
 * --html.  It is of nobody: no person's data is read for it.
 */

#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/recipient/register.h"
#include "ctl/report/activities.h"
#include "ctl/report/outside.h"
#include "ctl/report/page.h"
#include "ctl/report/processing.h"
#include "ctl/report/terms.h"
#include "ctl/retention/kept.h"
#include "ctl/retention/period.h"
#include "ctl/store/plugins.h"


static json_t *processing_read(ctl_t *ctl);
static void processing_print(const json_t *record);
static void activity_print(const json_t *activity);
static void category_print(const json_t *category);
static const char *text_of(const json_t *object, const char *name);


int
ctl_cmd_report_processing(ctl_t *ctl)
{
    int      rc;
    json_t  *record;

    if (ctl_plugins_open(ctl) != 0 || ctl_open_data(ctl) != 0
        || ctl_open_keys(ctl) != 0 || ctl_open_tenant(ctl) != 0)
    {
        return CTL_FAILED;
    }

    record = processing_read(ctl);
    if (record == NULL) {
        return CTL_FAILED;
    }

    rc = ctl->opt.html == NULL ? 0
         : ctl_processing_page(record, ctl->opt.html);

    if (ctl->opt.json) {
        ctl_json_print(record);
        return rc == 0 ? CTL_DONE : CTL_FAILED;
    }

    if (ctl->opt.html == NULL) {
        processing_print(record);
    }

    json_decref(record);

    return rc == 0 ? CTL_DONE : CTL_FAILED;
}


/* NULL with the error said. */
static json_t *
processing_read(ctl_t *ctl)
{
    json_t            *record, *periods, *outside;
    ctl_kept_t         kept = { 0 };
    const char        *params[1];
    ctl_processing_t   of;

    params[0] = ctl->tenant_text;
    record = NULL;
    periods = NULL;
    outside = ctl_register_read(ctl);

    of.accepted = ctl_plugins_accepted(ctl, ctl->data);

    if (outside != NULL && of.accepted.data != NULL
        && ctl_query_text(ctl, ctl->data, "SELECT name FROM pupil.tenant"
                          " WHERE tenant = $1::uuid", 1, params, &of.tenant)
           == 0
        && ctl_periods_read(ctl, &periods) == 0
        && ctl_kept_read(ctl, &kept) == 0)
    {
        of.tenant = of.tenant != NULL ? of.tenant : "";
        of.periods = periods;
        of.held = kept.categories;
        of.outside = outside;
        record = ctl_activities(ctl, &of);

        if (record == NULL) {
            (void) ctl_error("out of memory, or a plugin's text is no UTF-8");
        }
    }

    ctl_kept_free(&kept);
    json_decref(periods);
    json_decref(outside);

    return record;
}


static void
processing_print(const json_t *record)
{
    size_t   i;
    json_t  *entry;

    printf("%s\n%s, %s\n", text_of(record, "dct:title"),
           text_of(json_object_get(record, "dpv:hasDataController"),
                   "dct:title"),
           text_of(record, "dct:created"));

    json_array_foreach(json_object_get(record, "dcat:dataset"), i, entry) {
        activity_print(entry);
    }

    puts("\nCategories");

    json_array_foreach(json_object_get(record, "dpv:hasPersonalData"), i,
                       entry)
    {
        category_print(entry);
    }

    puts("\nRecipients outside of this system");
    ctl_outside_print(record);

    puts("\nNot in this record");

    json_array_foreach(json_object_get(record, "missing"), i, entry) {
        printf("  %s\n", json_string_value(entry));
    }
}


static void
activity_print(const json_t *activity)
{
    size_t   i, k;
    json_t  *grant, *field;

    printf("\n%s: %s\n", text_of(activity, "dct:title"),
           text_of(activity, "dct:description"));

    json_array_foreach(json_object_get(activity, "grants"), i, grant) {
        printf("  %s, %s%s by %s, %s:", text_of(grant, "category"),
               text_of(grant, "operation"),
               json_is_true(json_object_get(grant, "coarsened"))
               ? " coarsened" : "", text_of(grant, "who"),
               text_of(grant, "article"));

        json_array_foreach(json_object_get(grant, "fields"), k, field) {
            printf(" %s", json_string_value(field));
        }

        putchar('\n');
    }
}


static void
category_print(const json_t *category)
{
    json_t      *kept;
    json_int_t   days;
    const char  *reference, *held;

    kept = json_object_get(category, "dpv:hasStorageCondition");
    days = json_integer_value(json_object_get(json_object_get(kept,
                              "dpv:hasDuration"), "days"));
    reference = json_string_value(json_object_get(kept, "reference"));
    held = json_string_value(json_object_get(kept, "held"));

    printf("  %s %s%s: kept %lld day%s %s, %s", text_of(category, "dct:title"),
           text_of(category, "version"),
           json_is_true(json_object_get(category, "accepted"))
           ? "" : ", not accepted", (long long) days,
           ctl_plural((size_t) days), ctl_event_text(text_of(kept, "from")),
           ctl_expiry_text(text_of(kept, "then")));

    if (reference != NULL) {
        printf(", by %s", reference);
    }

    if (held != NULL) {
        printf(", held by %s", held);
    }

    putchar('\n');
}


static const char *
text_of(const json_t *object, const char *name)
{
    const char  *text;

    text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}
