/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/recipient/terms.h"
#include "pupil_plugin.h"


#define FOR(purpose)  (UINT32_C(1) << (purpose))


const ctl_recipient_kind_t  ctl_recipient_kinds[] = {
    { .name = "hosting", .text = "runs what the data are on",
      .term = "dpv:DataProcessor" },
    { .name = "sync", .text = "has a part in the exchange of rosters",
      .term = "dpv:DataProcessor",
      .purposes = FOR(PUPIL_PURPOSE_ROSTERING) },
    { .name = "mail", .text = "delivers mail to staff",
      .term = "dpv:DataProcessor", .staff = 1,
      .purposes = FOR(PUPIL_PURPOSE_AUTHENTICATION) },
    { .name = "analytics", .text = "makes statistics",
      .term = "dpv:DataProcessor",
      .purposes = FOR(PUPIL_PURPOSE_STATISTICS) },
    { .name = "monitoring", .text = "watches for faults",
      .term = "dpv:DataProcessor",
      .purposes = FOR(PUPIL_PURPOSE_SECURITY) },
    { .name = "support", .text = "helps whoever has let it in",
      .term = "dpv:DataProcessor",
      .purposes = FOR(PUPIL_PURPOSE_SUPPORT) },
    { .name = "relations", .text = "writes to members of staff",
      .term = "dpv:DataProcessor", .staff = 1,
      .purposes = FOR(PUPIL_PURPOSE_ADMINISTRATION) },
    { .name = "application", .text = "an application that pupil_access guards",
      .term = "dpv:Recipient", .applications = 1,
      .purposes = FOR(PUPIL_PURPOSE_AUTHENTICATION)
                  | FOR(PUPIL_PURPOSE_TEACHING)
                  | FOR(PUPIL_PURPOSE_LEARNING)
                  | FOR(PUPIL_PURPOSE_ADMINISTRATION) },
    { .name = NULL }
};

/* There are no such purposes, so that there is nobody to receive for them. */
static const char *const  never[] = {
    "sale", "sales", "broker", "advertising", "ads", "marketing", "profiling",
    "scoring", "tracking", NULL
};

/* As a roster's import has it: of pupils it takes none. */
static const char *const  staff[] = {
    "contact", NULL
};

/* GDPR articles 45, 46(2) and 49. */
static const struct {
    const char  *name;
    const char  *article;
} transfers[] = {
    { "adequacy", "45" },
    { "public_instrument", "46(2)(a)" },
    { "binding_rules", "46(2)(b)" },
    { "contractual_clauses", "46(2)(c)" },
    { "code_of_conduct", "46(2)(e)" },
    { "certification", "46(2)(f)" },
    { "derogation", "49" }
};

static const char  countries[] =
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI"
    " BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN"
    " CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK"
    " FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM"
    " HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN"
    " KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK"
    " ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP"
    " NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW"
    " SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF"
    " TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI"
    " VN VU WF WS YE YT ZA ZM ZW";

/* The second line: of Finland and France, by TFEU article 355. */
static const char  eea[] =
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL"
    " PT RO SE SI SK"
    " AX GF GP MF MQ RE YT";


static int listed(const char *const *list, const char *name);
static int code_in(const char *codes, const char *code);


const ctl_recipient_kind_t *
ctl_recipient_kind(const char *name)
{
    const ctl_recipient_kind_t  *kind;

    for (kind = ctl_recipient_kinds; kind->name != NULL; kind++) {
        if (strcmp(kind->name, name) == 0) {
            return kind;
        }
    }

    return NULL;
}


int
ctl_recipient_never(const char *kind)
{
    return listed(never, kind);
}


int
ctl_recipient_serves(const ctl_recipient_kind_t *kind, uint32_t purpose)
{
    return kind->purposes == 0 || (kind->purposes & FOR(purpose)) != 0;
}


int
ctl_recipient_staff(const char *category)
{
    return listed(staff, category);
}


static int
listed(const char *const *list, const char *name)
{
    for (/* void */; *list != NULL; list++) {
        if (strcmp(*list, name) == 0) {
            return 1;
        }
    }

    return 0;
}


int
ctl_country_is(const char *code)
{
    return code_in(countries, code);
}


int
ctl_country_eea(const char *code)
{
    return code_in(eea, code);
}


static int
code_in(const char *codes, const char *code)
{
    const char  *p;

    if (strlen(code) != 2) {
        return 0;
    }

    for (p = codes; ; p += 3) {
        if (memcmp(p, code, 2) == 0) {
            return 1;
        }

        if (p[2] == '\0') {
            return 0;
        }
    }
}


const char *
ctl_transfer_article(const char *basis)
{
    size_t  i;

    for (i = 0; i < PUPIL_COUNT(transfers); i++) {
        if (strcmp(transfers[i].name, basis) == 0) {
            return transfers[i].article;
        }
    }

    return NULL;
}


const char *
ctl_recipient_kind_names(void)
{
    return "hosting, sync, mail, analytics, monitoring, support, relations,"
           " application";
}


const char *
ctl_transfer_names(void)
{
    return "adequacy, public_instrument, binding_rules, contractual_clauses,"
           " code_of_conduct, certification, derogation";
}
