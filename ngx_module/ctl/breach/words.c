/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/breach/words.h"


typedef struct {
    const char  *name;
    const char  *words[BREACH_LANGUAGES];
} name_t;


static const char *name_word(const name_t *names, const char *name,
    size_t language);


const char *const  breach_languages[BREACH_LANGUAGES] = { "en", "sv", "da" };

const char *const  breach_words[BREACH_LANGUAGES][WORD_COUNT] = {
    {
        [WORD_AUTHORITY] =
            "Notification of a personal data breach (GDPR article 33) - "
              "DRAFT",
        [WORD_CONTROLLER] =
            "Controller",
        [WORD_REFERENCE] =
            "Our reference",
        [WORD_NATURE] =
            "1. What happened (33(3)(a))",
        [WORD_BEGAN] =
            "It began",
        [WORD_ENDED] =
            "It ended",
        [WORD_GOES_ON] =
            "it goes on",
        [WORD_NOTICED] =
            "It was noticed",
        [WORD_PEOPLE] =
            "People concerned, about",
        [WORD_ERASED] =
            "of whom erased since",
        [WORD_RECORDS] =
            "Records concerned, a category of a person each, about",
        [WORD_SHOWN] =
            "Was shown, by the log",
        [WORD_CHANGED] =
            "Was changed, by the log",
        [WORD_COULD] =
            "Could have been read",
        [WORD_CONTACT] =
            "2. Contact (33(3)(b)): [name and contact of the data protection "
              "officer]",
        [WORD_CONSEQUENCES] =
            "3. Likely consequences (33(3)(c)): [what it may mean for the "
              "people concerned]",
        [WORD_MEASURES] =
            "4. Measures (33(3)(d)): [what was done and will be, also "
              "against its consequences]",
        [WORD_LATE] =
            "5. Why this comes later than 72 hours after it was noticed "
              "(33(1)): [the reasons]",
        [WORD_TITLE] =
            "About data of yours - DRAFT",
        [WORD_WHY] =
            "We write to you because somebody may have seen data about you "
              "without being allowed to.",
        [WORD_WHAT] =
            "What happened",
        [WORD_WHEN] =
            "When",
        [WORD_WHICH] =
            "Which data",
        [WORD_SEEN] =
            "of some were seen or changed",
        [WORD_MAYBE] =
            "may have been read",
        [WORD_MEANS] =
            "What it may mean for you: [in plain words]",
        [WORD_DONE] =
            "What we do: [what was done and will be]",
        [WORD_YOU] =
            "What you can do: [if there is anything]",
        [WORD_PASSWORD] =
            "Choose a new password, and if you use the old one elsewhere, "
              "choose another there, too.",
        [WORD_ASK] =
            "Ask us: [name, telephone and e-mail of the data protection "
              "officer]",
        [WORD_COMPLAIN] =
            "You can also complain to the data protection authority of your "
              "country."
    },
    {
        [WORD_AUTHORITY] =
            "Anmälan av en personuppgiftsincident (GDPR artikel 33) - UTKAST",
        [WORD_CONTROLLER] =
            "Personuppgiftsansvarig",
        [WORD_REFERENCE] =
            "Vår referens",
        [WORD_NATURE] =
            "1. Vad som hände (33.3 a)",
        [WORD_BEGAN] =
            "Det började",
        [WORD_ENDED] =
            "Det slutade",
        [WORD_GOES_ON] =
            "det pågår",
        [WORD_NOTICED] =
            "Det upptäcktes",
        [WORD_PEOPLE] =
            "Berörda personer, ungefär",
        [WORD_ERASED] =
            "varav raderade sedan dess",
        [WORD_RECORDS] =
            "Berörda poster, en kategori per person, ungefär",
        [WORD_SHOWN] =
            "Har visats, enligt loggen",
        [WORD_CHANGED] =
            "Har ändrats, enligt loggen",
        [WORD_COULD] =
            "Kan ha lästs",
        [WORD_CONTACT] =
            "2. Kontakt (33.3 b): [dataskyddsombudets namn och "
              "kontaktuppgifter]",
        [WORD_CONSEQUENCES] =
            "3. Sannolika konsekvenser (33.3 c): [vad det kan betyda för de "
              "berörda]",
        [WORD_MEASURES] =
            "4. Åtgärder (33.3 d): [vad som har gjorts och kommer att göras, "
              "även mot följderna]",
        [WORD_LATE] =
            "5. Varför detta kommer senare än 72 timmar efter upptäckten "
              "(33.1): [skälen]",
        [WORD_TITLE] =
            "Om dina uppgifter - UTKAST",
        [WORD_WHY] =
            "Vi skriver till dig för att någon kan ha sett uppgifter om dig "
              "utan att få göra det.",
        [WORD_WHAT] =
            "Vad som hände",
        [WORD_WHEN] =
            "När",
        [WORD_WHICH] =
            "Vilka uppgifter",
        [WORD_SEEN] =
            "har för några setts eller ändrats",
        [WORD_MAYBE] =
            "kan ha lästs",
        [WORD_MEANS] =
            "Vad det kan betyda för dig: [med enkla ord]",
        [WORD_DONE] =
            "Vad vi gör: [vad som har gjorts och kommer att göras]",
        [WORD_YOU] =
            "Vad du kan göra: [om det finns något]",
        [WORD_PASSWORD] =
            "Välj ett nytt lösenord, och om du använder det gamla någon "
              "annanstans: byt där också.",
        [WORD_ASK] =
            "Fråga oss: [dataskyddsombudets namn, telefon och e-post]",
        [WORD_COMPLAIN] =
            "Du kan också klaga hos Integritetsskyddsmyndigheten, imy.se."
    },
    {
        [WORD_AUTHORITY] =
            "Anmeldelse af et brud på persondatasikkerheden (GDPR artikel "
              "33) - UDKAST",
        [WORD_CONTROLLER] =
            "Dataansvarlig",
        [WORD_REFERENCE] =
            "Vores reference",
        [WORD_NATURE] =
            "1. Hvad der skete (33, stk. 3, litra a)",
        [WORD_BEGAN] =
            "Det begyndte",
        [WORD_ENDED] =
            "Det sluttede",
        [WORD_GOES_ON] =
            "det fortsætter",
        [WORD_NOTICED] =
            "Det blev opdaget",
        [WORD_PEOPLE] =
            "Berørte personer, omkring",
        [WORD_ERASED] =
            "heraf slettet siden",
        [WORD_RECORDS] =
            "Berørte registreringer, én kategori pr. person, omkring",
        [WORD_SHOWN] =
            "Er blevet vist, ifølge loggen",
        [WORD_CHANGED] =
            "Er blevet ændret, ifølge loggen",
        [WORD_COULD] =
            "Kan være blevet læst",
        [WORD_CONTACT] =
            "2. Kontakt (33, stk. 3, litra b): [databeskyttelsesrådgiverens "
              "navn og kontaktoplysninger]",
        [WORD_CONSEQUENCES] =
            "3. Sandsynlige konsekvenser (33, stk. 3, litra c): [hvad det "
              "kan betyde for de berørte]",
        [WORD_MEASURES] =
            "4. Foranstaltninger (33, stk. 3, litra d): [hvad der er gjort "
              "og vil blive gjort, også mod følgerne]",
        [WORD_LATE] =
            "5. Hvorfor dette kommer senere end 72 timer efter opdagelsen "
              "(33, stk. 1): [begrundelsen]",
        [WORD_TITLE] =
            "Om dine oplysninger - UDKAST",
        [WORD_WHY] =
            "Vi skriver til dig, fordi nogen kan have set oplysninger om dig "
              "uden at måtte det.",
        [WORD_WHAT] =
            "Hvad der skete",
        [WORD_WHEN] =
            "Hvornår",
        [WORD_WHICH] =
            "Hvilke oplysninger",
        [WORD_SEEN] =
            "er for nogle blevet set eller ændret",
        [WORD_MAYBE] =
            "kan være blevet læst",
        [WORD_MEANS] =
            "Hvad det kan betyde for dig: [med enkle ord]",
        [WORD_DONE] =
            "Hvad vi gør: [hvad der er gjort og vil blive gjort]",
        [WORD_YOU] =
            "Hvad du kan gøre: [hvis der er noget]",
        [WORD_PASSWORD] =
            "Vælg en ny adgangskode, og hvis du bruger den gamle andre "
              "steder, så skift den også dér.",
        [WORD_ASK] =
            "Spørg os: [databeskyttelsesrådgiverens navn, telefon og e-mail]",
        [WORD_COMPLAIN] =
            "Du kan også klage til Datatilsynet, datatilsynet.dk."
    }
};

static const name_t  categories[] = {
    { "assessment",
      { "what teachers wrote and gave for answers",
        "lärares bedömningar av svar",
        "læreres vurderinger af svar" } },
    { "audit",
      { "who looked at data of yours",
        "vem som har sett dina uppgifter",
        "hvem der har set dine oplysninger" } },
    { "contact",
      { "e-mail address",
        "e-postadress",
        "e-mailadresse" } },
    { "credential",
      { "what you log in with",
        "det du loggar in med",
        "det, du logger ind med" } },
    { "enrolment",
      { "school, class and role",
        "skola, klass och roll",
        "skole, klasse og rolle" } },
    { "homework",
      { "homework",
        "läxor",
        "lektier" } },
    { "identity",
      { "name",
        "namn",
        "navn" } },
    { "network",
      { "from which network you logged in",
        "från vilket nätverk du har loggat in",
        "fra hvilket netværk du har logget ind" } },
    { "notice",
      { "notices of your account",
        "meddelanden om ditt konto",
        "beskeder om din konto" } },
    { "progress",
      { "answers and results",
        "svar och resultat",
        "svar og resultater" } },
    { "request",
      { "what you asked for of your data",
        "det du har begärt om dina uppgifter",
        "det, du har bedt om for dine oplysninger" } },
    { "session",
      { "where you are logged in",
        "var du är inloggad",
        "hvor du er logget ind" } },
    { "support_grant",
      { "whom of support you have let in",
        "vem på supporten du har släppt in",
        "hvem fra supporten du har lukket ind" } },
    { NULL, { NULL } }
};

static const name_t  roles[] = {
    { "pupil",
      { "pupils",
        "elever",
        "elever" } },
    { "teacher",
      { "teachers",
        "lärare",
        "lærere" } },
    { "school_admin",
      { "administrators of schools",
        "skoladministratörer",
        "skoleadministratorer" } },
    { "tenant_admin",
      { "administrators",
        "administratörer",
        "administratorer" } },
    { "dpo",
      { "data protection officers",
        "dataskyddsombud",
        "databeskyttelsesrådgivere" } },
    { "support",
      { "support",
        "support",
        "support" } },
    { "",
      { "without a role",
        "utan roll",
        "uden rolle" } },
    { NULL, { NULL } }
};


const char *
breach_category_word(const char *category, size_t language)
{
    return name_word(categories, category, language);
}


const char *
breach_role_word(const char *role, size_t language)
{
    return name_word(roles, role, language);
}


static const char *
name_word(const name_t *names, const char *name, size_t language)
{
    for ( ; names->name != NULL; names++) {
        if (strcmp(names->name, name) == 0) {
            return names->words[language];
        }
    }

    return name;
}
