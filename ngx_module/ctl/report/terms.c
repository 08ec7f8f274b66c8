/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/plugin/names.h"
#include "ctl/report/terms.h"


typedef struct {
    const char  *term;
    const char  *text;
} term_t;


/* Where DPV has nothing that is wider and no more, it is a purpose. */
static const term_t  purposes[PUPIL_PURPOSE_COUNT] = {
    [PUPIL_PURPOSE_AUTHENTICATION] = {
        "dpv:IdentityAuthentication", "People log in, as who they are." },
    [PUPIL_PURPOSE_TEACHING] = {
        "dpv:ServiceProvision", "Teachers teach the classes that they have." },
    [PUPIL_PURPOSE_LEARNING] = {
        "dpv:ServiceProvision", "Pupils learn, and hand in what they did." },
    [PUPIL_PURPOSE_ROSTERING] = {
        "dpv:RecordManagement",
        "People, schools and classes are those of the school's systems." },
    [PUPIL_PURPOSE_SECURITY] = {
        "dpv:EnforceSecurity", "Accounts are guarded." },
    [PUPIL_PURPOSE_ADMINISTRATION] = {
        "dpv:OrganisationGovernance", "Schools and accounts are administered."
    },
    [PUPIL_PURPOSE_SUBJECT_ACCESS] = {
        "dpv:RightsFulfillment",
        "People see, and where it is theirs to say change, what is held of"
        " them." },
    [PUPIL_PURPOSE_SUPPORT] = {
        "dpv:CustomerCare", "Support helps whoever has let it in." },
    [PUPIL_PURPOSE_STATISTICS] = {
        "dpv:Purpose", "What has expired is counted, of nobody." },
    [PUPIL_PURPOSE_RESEARCH] = {
        "dpv:ResearchAndDevelopment", "Research." },
    [PUPIL_PURPOSE_ACCOUNTABILITY] = {
        "dpv:LegalCompliance",
        "The data protection officer can account for what is done." },
    [PUPIL_PURPOSE_LEGAL_OBLIGATION] = {
        "dpv:LegalCompliance", "The law demands it." },
    [PUPIL_PURPOSE_RECOVERY] = {
        "dpv:Purpose", "What was closed by mistake is opened again." }
};

static const term_t  bases[PUPIL_BASIS_COUNT] = {
    [PUPIL_BASIS_CONSENT] = { "eu-gdpr:A6-1-a", "consent, 6(1)(a)" },
    [PUPIL_BASIS_CONTRACT] = { "eu-gdpr:A6-1-b", "contract, 6(1)(b)" },
    [PUPIL_BASIS_LEGAL_OBLIGATION] = {
        "eu-gdpr:A6-1-c", "legal obligation, 6(1)(c)" },
    [PUPIL_BASIS_VITAL_INTEREST] = {
        "eu-gdpr:A6-1-d", "vital interests, 6(1)(d)" },
    [PUPIL_BASIS_PUBLIC_TASK] = { "eu-gdpr:A6-1-e", "public task, 6(1)(e)" },
    [PUPIL_BASIS_LEGITIMATE_INTEREST] = {
        "eu-gdpr:A6-1-f", "legitimate interests, 6(1)(f)" }
};

static const char *const  operations[PUPIL_OPERATION_COUNT] = {
    [PUPIL_OPERATION_READ] = "dpv:Consult",
    [PUPIL_OPERATION_WRITE] = "dpv:Record"
};

/* No term: no recipient. */
static const term_t  recipients[PUPIL_RELATION_COUNT] = {
    [PUPIL_RELATION_SELF] = { NULL, "the person" },
    [PUPIL_RELATION_TEACHES] = { "teacher", "teachers of the class" },
    [PUPIL_RELATION_TAUGHT_BY] = { "pupil", "pupils whom they teach" },
    [PUPIL_RELATION_SCHOOL_ADMIN] = {
        "school_admin", "administrators of the school" },
    [PUPIL_RELATION_TENANT_ADMIN] = {
        "tenant_admin", "administrators of all schools" },
    [PUPIL_RELATION_DPO] = { "dpo", "the data protection officer" },
    [PUPIL_RELATION_SUPPORT_GRANT] = {
        "support", "support, once the person has let it in" },
    [PUPIL_RELATION_SYSTEM] = {
        NULL, "the program, and the operator by pupilctl" }
};

static const term_t  events[] = {
    { "created", "after it was stored" },
    { "enrolment_ended", "after the school or class was left" },
    { "account_closed", "after recovery of the closed account is over" },
    { "erase", "then erased" },
    { "anonymise", "then counted by groups, and erased" }
};


static const char *event_find(const char *name);


const char *
ctl_term_purpose(uint32_t purpose)
{
    return purposes[purpose].term;
}


const char *
ctl_purpose_text(uint32_t purpose)
{
    return purposes[purpose].text;
}


const char *
ctl_term_basis(uint32_t basis)
{
    return bases[basis].term;
}


const char *
ctl_basis_text(uint32_t basis)
{
    return bases[basis].text;
}


const char *
ctl_term_operation(uint32_t operation)
{
    return operations[operation];
}


const char *
ctl_recipient_name(uint32_t relation)
{
    return recipients[relation].term;
}


const char *
ctl_recipient_text(uint32_t relation)
{
    return recipients[relation].text;
}


const char *
ctl_event_text(const char *event)
{
    return event_find(event);
}


const char *
ctl_expiry_text(const char *then)
{
    return event_find(then);
}


static const char *
event_find(const char *name)
{
    size_t  i;

    for (i = 0; i < PUPIL_COUNT(events); i++) {
        if (strcmp(events[i].term, name) == 0) {
            return events[i].text;
        }
    }

    return name;
}
