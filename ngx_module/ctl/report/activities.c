/*
 * Copyright (C) the Pupil authors
 *
 * Names without a prefix are Pupil's own (@vocab).  Nothing here knows a
 * category: one that was written tomorrow is in the record by its descriptor.
 */

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "core/plugin/accepted.h"
#include "core/plugin/names.h"
#include "ctl/base/clock.h"
#include "ctl/report/activities.h"
#include "ctl/report/outside.h"
#include "ctl/report/terms.h"
#include "ctl/retention/period.h"
#include "ctl/setup/plugin_show.h"


#define CATEGORY   "urn:pupil:category:"
#define ACTIVITY   "urn:pupil:activity:"
#define PURPOSE    "urn:pupil:purpose:"
#define RECIPIENT  "urn:pupil:recipient:"

#define IRI_SIZE  (64 + PUPIL_MAX_NAME)


static json_t *context_json(void);
static json_t *controller_json(const ctl_t *ctl, const ctl_processing_t *of);
static json_t *measures_json(void);
static json_t *missing_json(const ctl_processing_t *of);
static json_t *own_json(const ctl_processing_t *of);
static json_t *recipients_json(const ctl_processing_t *of);
static json_t *categories_json(const ctl_t *ctl, const ctl_processing_t *of);
static json_t *category_json(const pupil_category_t *category,
    const ctl_processing_t *of);
static json_t *storage_json(const pupil_plugin_t *plugin, json_t *kept,
    const ctl_processing_t *of);
static json_t *activities_json(const ctl_t *ctl, const ctl_processing_t *of);
static json_t *activity_json(const ctl_t *ctl, const ctl_processing_t *of,
    uint32_t purpose);
static void grant_add(json_t *activity, const pupil_plugin_t *plugin,
    const pupil_grant_t *grant);
static void set_add(json_t *activity, const char *name, const char *iri);
static json_t *id_of(const char *space, const char *name);
static json_t *reference_of(const json_t *periods, const char *name);


/* What is done about all of it, whatever the category. */
static const struct {
    const char  *term;
    const char  *text;
} measures[] = {
    { "dpv:EncryptionAtRest",
      "Sealed fields are encrypted under a key of the person, class or school"
      " that they belong to; keys are in a database of their own." },
    { "dpv:EncryptionInTransfer",
      "Every location refuses plain HTTP, unless TLS ends in front of it;"
      " databases over a network are reached by verified TLS." },
    { "dpv:Pseudonymisation",
      "People are random ids in every table and in the audit." },
    { "dpv:AccessControlMethod",
      "What no grant of this record names is refused, for each field, by"
      " purpose and relation, which are confirmed from live enrolments." },
    { "dpv:ActivityMonitoring",
      "No answer leaves before the record of its access is committed; the log"
      " is sealed, and people see who looked at what is theirs." }
};

/* What article 30(1) asks for and nobody has told this program. */
static const char *const  missing[] = {
    "how to reach the controller, its representative and the data protection"
    " officer (30(1)(a))",
    "recipients outside of this system whom nobody has entered into the"
    " register, and where they are (30(1)(d), (e))",
    "which version of a plugin the configuration of nginx loads: this is of"
    " the newest that is installed; and what it denies of these grants"
    " (pupil_deny)",
    "categories whose plugin is not installed any more",
    "a legal basis other than the plugin's, where the controller has another",
    "what is held beside categories: accounts, roles, sessions, notices,"
    " support grants, the audit (docs/privacy.md)",
    "risks, and how likely they are"
};

/* What no plugin declares. */
static const char *const  own[] = {
    CTL_PERIOD_RECOVERY, CTL_PERIOD_LEGAL, CTL_PERIOD_AUDIT
};


json_t *
ctl_activities(const ctl_t *ctl, const ctl_processing_t *of)
{
    char  id[IRI_SIZE];
    char  now[PUPIL_TIME_TEXT_MAX + 1] = { 0 };
    char  hash[2 * sizeof(ctl->policy_hash) + 1] = { 0 };

    (void) snprintf(id, sizeof(id), "urn:pupil:tenant:%s:processing",
                    ctl->tenant_text);
    (void) pupil_time_format(ctl_now(), (uint8_t *) now);
    (void) pupil_hex_encode(ctl->policy_hash, sizeof(ctl->policy_hash),
                            (uint8_t *) hash);

    return json_pack("{s:o,s:s,s:s,s:s,s:s,s:s,s:o,s:[s,s],s:o,s:o,s:o,s:o,"
                     "s:o,s:o}",
        "@context", context_json(),
        "@id", id,
        "@type", "dpcat:ROPA",
        "dct:title", "Record of processing activities",
        "dct:created", now,
        "policy", hash,
        "dpv:hasDataController", controller_json(ctl, of),
        "dpv:hasDataSubject", "dpv:Student", "dpv:Employee",
        "dpv:hasTechnicalOrganisationalMeasure", measures_json(),
        "recipients", recipients_json(of),
        "dpv:hasPersonalData", categories_json(ctl, of),
        "dcat:dataset", activities_json(ctl, of),
        "periods", own_json(of),
        "missing", missing_json(of));
}


static json_t *
context_json(void)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:{s:s},s:{s:s},s:{s:s},"
                     "s:{s:s},s:{s:s}}",
        "@vocab", "urn:pupil:term:",
        "dpv", "https://w3id.org/dpv#",
        "eu-gdpr", "https://w3id.org/dpv/legal/eu/gdpr#",
        "dpcat", "https://w3id.org/dpcat#",
        "dcat", "http://www.w3.org/ns/dcat#",
        "dct", "http://purl.org/dc/terms/",
        "skos", "http://www.w3.org/2004/02/skos/core#",
        "dpv:hasDataSubject", "@type", "@id",
        "dpv:hasLegalBasis", "@type", "@id",
        "dpv:hasPersonalData", "@type", "@id",
        "dpv:hasProcessing", "@type", "@id",
        "dpv:hasRecipient", "@type", "@id");
}


static json_t *
controller_json(const ctl_t *ctl, const ctl_processing_t *of)
{
    char  id[IRI_SIZE];

    (void) snprintf(id, sizeof(id), "urn:uuid:%s", ctl->tenant_text);

    return json_pack("{s:s,s:s,s:s}", "@id", id, "@type",
                     "dpv:DataController", "dct:title", of->tenant);
}


static json_t *
measures_json(void)
{
    size_t   i;
    json_t  *list;

    list = json_array();

    for (i = 0; i < PUPIL_COUNT(measures); i++) {
        json_array_append_new(list, json_pack("{s:s,s:s}", "@type",
            measures[i].term, "dct:description", measures[i].text));
    }

    return list;
}


static json_t *
missing_json(const ctl_processing_t *of)
{
    size_t   i;
    json_t  *list;

    list = json_array();

    if (!ctl_outside_hosted(of->outside)) {
        json_array_append_new(list, json_string(
            "who runs the machines that the data are on, and where: the"
            " register has no recipient of kind hosting that the controller has"
            " instructed (30(1)(d), (e))"));
    }

    for (i = 0; i < PUPIL_COUNT(missing); i++) {
        json_array_append_new(list, json_string(missing[i]));
    }

    return list;
}


static json_t *
own_json(const ctl_processing_t *of)
{
    size_t   i;
    json_t  *list;

    list = json_array();

    for (i = 0; i < PUPIL_COUNT(own); i++) {
        json_array_append_new(list, json_pack("{s:s,s:I,s:o}",
            "name", own[i],
            "days", (json_int_t) ctl_period_own(of->periods, own[i]),
            "reference", reference_of(of->periods, own[i])));
    }

    return list;
}


static json_t *
recipients_json(const ctl_processing_t *of)
{
    json_t      *list;
    uint32_t     i;
    const char  *name;

    list = json_array();

    for (i = 1; i < PUPIL_RELATION_COUNT; i++) {
        name = ctl_recipient_name(i);

        if (name != NULL) {
            json_array_append_new(list, json_pack("{s:o,s:s,s:s,s:s}",
                "@id", id_of(RECIPIENT, name),
                "@type", "dpv:Recipient",
                "dct:title", ctl_recipient_text(i),
                "relation", pupil_relation_name(i)));
        }
    }

    ctl_outside_add(of->outside, list);

    return list;
}


static json_t *
categories_json(const ctl_t *ctl, const ctl_processing_t *of)
{
    json_t    *list;
    uint32_t   i;

    list = json_array();

    for (i = 0; i < ctl->policy.count; i++) {
        json_array_append_new(list, category_json(ctl->policy.categories[i],
                                                  of));
    }

    return list;
}


/* As plugin show has it: its grants are in the activities. */
static json_t *
category_json(const pupil_category_t *category, const ctl_processing_t *of)
{
    int                    accepted;
    json_t                *record;
    pupil_error_t          wider;
    const pupil_plugin_t  *plugin;

    plugin = category->plugin;
    record = ctl_plugin_record(plugin);
    accepted = pupil_accepted_covers(of->accepted, category, &wider)
               == PUPIL_OK;

    json_object_set_new(record, "@id", id_of(CATEGORY, plugin->name));
    json_object_set_new(record, "@type", json_string("dpv:PersonalData"));
    json_object_set_new(record, "dct:title", json_string(plugin->name));
    json_object_set_new(record, "dct:description",
                        json_string(plugin->summary));
    json_object_set_new(record, "dpv:hasDataSource",
                        json_pack("{s:s,s:s}", "@type", "dpv:DataSource",
                                  "dct:description", plugin->source));
    json_object_set_new(record, "dpv:hasStorageCondition",
                        storage_json(plugin,
                                     json_object_get(record, "retention"),
                                     of));
    json_object_set_new(record, "accepted", json_boolean(accepted));

    json_object_del(record, "category");
    json_object_del(record, "summary");
    json_object_del(record, "source");
    json_object_del(record, "retention");
    json_object_del(record, "grants");

    return record;
}


/* For as long as the tenant keeps it: as declared, or shorter by a decision. */
static json_t *
storage_json(const pupil_plugin_t *plugin, json_t *kept,
    const ctl_processing_t *of)
{
    json_t  *held;

    held = json_object_get(of->held, plugin->name);

    return json_pack("{s:s,s:{s:s,s:I},s:i,s:O,s:O,s:o,s:O?}",
        "@type", "dpv:StorageCondition",
        "dpv:hasDuration",
            "@type", "dpv:StorageDuration",
            "days", (json_int_t) ctl_period_days(of->periods, plugin),
        "declared", (int) plugin->retention->days,
        "from", json_object_get(kept, "from"),
        "then", json_object_get(kept, "then"),
        "reference", reference_of(of->periods, plugin->name),
        "held", held);
}


static json_t *
activities_json(const ctl_t *ctl, const ctl_processing_t *of)
{
    json_t    *list, *activity;
    uint32_t   purpose;

    list = json_array();

    for (purpose = 1; purpose < PUPIL_PURPOSE_COUNT; purpose++) {
        activity = activity_json(ctl, of, purpose);

        if (activity != NULL) {
            json_array_append_new(list, activity);
        }
    }

    return list;
}


/* NULL: nobody is granted anything for it. */
static json_t *
activity_json(const ctl_t *ctl, const ctl_processing_t *of, uint32_t purpose)
{
    json_t                *activity;
    uint32_t               i, k;
    const char            *name;
    const pupil_plugin_t  *plugin;

    name = pupil_purpose_name(purpose);

    activity = json_pack("{s:o,s:s,s:s,s:s,s:{s:o,s:s,s:s,s:{s:s}},s:[],s:[],"
                         "s:[],s:[],s:[]}",
        "@id", id_of(ACTIVITY, name),
        "@type", "dpcat:ROPARecord",
        "dct:title", name,
        "dct:description", ctl_purpose_text(purpose),
        "dpv:hasPurpose",
            "@id", id_of(PURPOSE, name),
            "@type", "dpv:Purpose",
            "dct:title", name,
            "skos:broader",
                "@id", ctl_term_purpose(purpose),
        "dpv:hasLegalBasis", "dpv:hasProcessing", "dpv:hasRecipient",
        "dpv:hasPersonalData", "grants");

    for (i = 0; i < ctl->policy.count; i++) {
        plugin = ctl->policy.categories[i]->plugin;

        for (k = 0; k < plugin->grants_count; k++) {
            if (plugin->grants[k].purpose == purpose) {
                grant_add(activity, plugin, &plugin->grants[k]);
            }
        }
    }

    if (json_array_size(json_object_get(activity, "grants")) == 0) {
        json_decref(activity);
        return NULL;
    }

    ctl_outside_serving(ctl, of->outside, purpose,
                        json_object_get(activity, "dpv:hasRecipient"));

    return activity;
}


static void
grant_add(json_t *activity, const pupil_plugin_t *plugin,
    const pupil_grant_t *grant)
{
    char          iri[IRI_SIZE];
    json_t       *fields;
    const char   *p, *recipient;
    pupil_str_t   name;

    (void) snprintf(iri, sizeof(iri), CATEGORY "%s", plugin->name);
    set_add(activity, "dpv:hasPersonalData", iri);
    set_add(activity, "dpv:hasLegalBasis", ctl_term_basis(grant->basis));
    set_add(activity, "dpv:hasProcessing",
            ctl_term_operation(grant->operation));

    recipient = ctl_recipient_name(grant->relation);

    if (recipient != NULL) {
        (void) snprintf(iri, sizeof(iri), RECIPIENT "%s", recipient);
        set_add(activity, "dpv:hasRecipient", iri);
    }

    fields = json_array();

    for (p = grant->fields; pupil_name_next(&p, &name); ) {
        json_array_append_new(fields, json_stringn((const char *) name.data,
                                                   name.len));
    }

    json_array_append_new(json_object_get(activity, "grants"),
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:o}",
            "category", plugin->name,
            "relation", pupil_relation_name(grant->relation),
            "who", ctl_recipient_text(grant->relation),
            "operation", pupil_operation_name(grant->operation),
            "basis", pupil_basis_name(grant->basis),
            "article", ctl_basis_text(grant->basis),
            "coarsened", (grant->flags & PUPIL_GRANT_PROJECTED) != 0,
            "fields", fields));
}


/* Each once, in the order of the grants. */
static void
set_add(json_t *activity, const char *name, const char *iri)
{
    size_t   i;
    json_t  *list, *entry;

    list = json_object_get(activity, name);

    json_array_foreach(list, i, entry) {
        if (strcmp(json_string_value(entry), iri) == 0) {
            return;
        }
    }

    json_array_append_new(list, json_string(iri));
}


static json_t *
id_of(const char *space, const char *name)
{
    return json_sprintf("%s%s", space, name);
}


/* By which decision of the tenant's; null: there is none. */
static json_t *
reference_of(const json_t *periods, const char *name)
{
    json_t  *reference;

    reference = json_object_get(json_object_get(periods, name), "reference");

    return reference != NULL ? json_incref(reference) : json_null();
}
