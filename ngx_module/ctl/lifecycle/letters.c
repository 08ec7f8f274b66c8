/*
 * Copyright (C) the Pupil authors
 */

#include "core/base/text.h"
#include "core/endpoints/login.h"
#include "ctl/lifecycle/letters.h"


static const ctl_letter_t  letters[] = {

    { .kind = PUPIL_MAIL_PASSWORD_CHANGED, .language = "sv",
      .subject = "=?utf-8?Q?Ditt_l=C3=B6senord_har_=C3=A4ndrats?=",
      .text =
        "Hej!\r\n\r\n"
        "Lösenordet till ditt konto på skolans lärplattform har ändrats. Alla"
        " andra inloggningar på kontot har avslutats.\r\n\r\n"
        "Var det du behöver du inte göra något. Var det inte du: kontakta"
        " genast skolans administratör.\r\n\r\n"
        "Det här meddelandet skickas automatiskt och kan inte besvaras.\r\n" },

    { .kind = PUPIL_MAIL_PASSWORD_CHANGED, .language = "da",
      .subject = "=?utf-8?Q?Din_adgangskode_er_blevet_=C3=A6ndret?=",
      .text =
        "Hej!\r\n\r\n"
        "Adgangskoden til din konto på skolens læringsplatform er blevet"
        " ændret. Alle andre log-ind på kontoen er afsluttet.\r\n\r\n"
        "Var det dig, behøver du ikke at gøre noget. Var det ikke dig, så"
        " kontakt straks skolens administrator.\r\n\r\n"
        "Denne besked er sendt automatisk og kan ikke besvares.\r\n" },

    { .kind = PUPIL_MAIL_PASSWORD_CHANGED, .language = "en",
      .subject = "Your password has been changed",
      .text =
        "Hello,\r\n\r\n"
        "the password of your account on the school's learning platform has"
        " been changed. Everything else that was logged in to the account has"
        " been logged out.\r\n\r\n"
        "If it was you, there is nothing to do. If it was not you, tell the"
        " school's administrator at once.\r\n\r\n"
        "This message was sent automatically and cannot be answered.\r\n" }
};


const ctl_letter_t *
ctl_letter_find(pupil_str_t kind, pupil_str_t language)
{
    size_t  i;

    for (i = 0; i < PUPIL_COUNT(letters); i++) {
        if (pupil_str_is(kind, letters[i].kind)
            && pupil_str_is(language, letters[i].language))
        {
            return &letters[i];
        }
    }

    return NULL;
}
