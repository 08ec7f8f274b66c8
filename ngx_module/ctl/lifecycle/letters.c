/*
 * Copyright (C) the Pupil authors
 */

#include "core/base/text.h"
#include "core/endpoints/login.h"
#include "core/login/link.h"
#include "core/login/sign_up.h"
#include "core/login/ticket.h"
#include "ctl/lifecycle/letters.h"


#define THREE_DAYS  (3 * 86400)


static const ctl_letter_t  letters[] = {

    { .kind = PUPIL_MAIL_PASSWORD_CHANGED, .language = "sv",
      .seconds = THREE_DAYS,
      .subject = "=?utf-8?Q?Ditt_l=C3=B6senord_har_=C3=A4ndrats?=",
      .text =
        "Hej!\r\n\r\n"
        "Lösenordet till ditt konto på skolans lärplattform har ändrats. Alla"
        " andra inloggningar på kontot har avslutats.\r\n\r\n"
        "Var det du behöver du inte göra något. Var det inte du: kontakta"
        " genast skolans administratör.\r\n\r\n"
        "Det här meddelandet skickas automatiskt och kan inte besvaras.\r\n" },

    { .kind = PUPIL_MAIL_PASSWORD_CHANGED, .language = "da",
      .seconds = THREE_DAYS,
      .subject = "=?utf-8?Q?Din_adgangskode_er_blevet_=C3=A6ndret?=",
      .text =
        "Hej!\r\n\r\n"
        "Adgangskoden til din konto på skolens læringsplatform er blevet"
        " ændret. Alle andre log-ind på kontoen er afsluttet.\r\n\r\n"
        "Var det dig, behøver du ikke at gøre noget. Var det ikke dig, så"
        " kontakt straks skolens administrator.\r\n\r\n"
        "Denne besked er sendt automatisk og kan ikke besvares.\r\n" },

    { .kind = PUPIL_MAIL_PASSWORD_CHANGED, .language = "en",
      .seconds = THREE_DAYS,
      .subject = "Your password has been changed",
      .text =
        "Hello,\r\n\r\n"
        "the password of your account on the school's learning platform has"
        " been changed. Everything else that was logged in to the account has"
        " been logged out.\r\n\r\n"
        "If it was you, there is nothing to do. If it was not you, tell the"
        " school's administrator at once.\r\n\r\n"
        "This message was sent automatically and cannot be answered.\r\n" },

    { .kind = PUPIL_MAIL_FORGOTTEN_KIND, .language = "sv",
      .seconds = PUPIL_LINK_LIFETIME, .link = 1,
      .subject = "=?utf-8?Q?V=C3=A4lj_ett_nytt_l=C3=B6senord?=",
      .text =
        "Hej!\r\n\r\n"
        "Någon, kanske du, har bett om ett nytt lösenord till ditt konto på"
        " skolans lärplattform. Det väljer du här:\r\n\r\n",
      .after =
        "\r\n\r\n"
        "Länken gäller en gång, i en halvtimme. Ge den inte till någon.\r\n\r\n"
        "Var det inte du behöver du inte göra något: ditt lösenord är"
        " detsamma som förut.\r\n\r\n"
        "Det här meddelandet skickas automatiskt och kan inte besvaras.\r\n" },

    { .kind = PUPIL_MAIL_FORGOTTEN_KIND, .language = "da",
      .seconds = PUPIL_LINK_LIFETIME, .link = 1,
      .subject = "=?utf-8?Q?V=C3=A6lg_en_ny_adgangskode?=",
      .text =
        "Hej!\r\n\r\n"
        "Nogen, måske dig, har bedt om en ny adgangskode til din konto på"
        " skolens læringsplatform. Den vælger du her:\r\n\r\n",
      .after =
        "\r\n\r\n"
        "Linket gælder én gang, i en halv time. Giv det ikke til nogen."
        "\r\n\r\n"
        "Var det ikke dig, behøver du ikke at gøre noget: din adgangskode er"
        " den samme som før.\r\n\r\n"
        "Denne besked er sendt automatisk og kan ikke besvares.\r\n" },

    { .kind = PUPIL_MAIL_FORGOTTEN_KIND, .language = "en",
      .seconds = PUPIL_LINK_LIFETIME, .link = 1,
      .subject = "Choose a new password",
      .text =
        "Hello,\r\n\r\n"
        "somebody, perhaps you, has asked for a new password of your account on"
        " the school's learning platform. You choose it here:\r\n\r\n",
      .after =
        "\r\n\r\n"
        "The link counts once, for half an hour. Give it to nobody.\r\n\r\n"
        "If it was not you, there is nothing to do: your password is what it"
        " was.\r\n\r\n"
        "This message was sent automatically and cannot be answered.\r\n" },

    { .kind = PUPIL_MAIL_CODE, .language = "sv",
      .seconds = PUPIL_TICKET_MAILED, .code = 1,
      .subject = "=?utf-8?Q?Din_kod_f=C3=B6r_inloggning?=",
      .text =
        "Hej!\r\n\r\n"
        "Här är koden för inloggningen på skolans lärplattform:\r\n\r\n    ",
      .after =
        "\r\n\r\n"
        "Den gäller en gång, i tio minuter, där du angav lösenordet. Ge den"
        " inte till någon: ingen på skolan frågar efter den.\r\n\r\n"
        "Var det inte du kan någon annan ditt lösenord: byt det genast, och"
        " berätta det för skolans administratör.\r\n\r\n"
        "Det här meddelandet skickas automatiskt och kan inte besvaras.\r\n" },

    { .kind = PUPIL_MAIL_CODE, .language = "da",
      .seconds = PUPIL_TICKET_MAILED, .code = 1,
      .subject = "Din kode til at logge ind",
      .text =
        "Hej!\r\n\r\n"
        "Her er koden til at logge ind på skolens læringsplatform:\r\n\r\n    ",
      .after =
        "\r\n\r\n"
        "Den gælder én gang, i ti minutter, dér hvor du skrev adgangskoden. Giv"
        " den ikke til nogen: ingen på skolen spørger efter den.\r\n\r\n"
        "Var det ikke dig, kender en anden din adgangskode: skift den straks,"
        " og fortæl det til skolens administrator.\r\n\r\n"
        "Denne besked er sendt automatisk og kan ikke besvares.\r\n" },

    { .kind = PUPIL_MAIL_CODE, .language = "en",
      .seconds = PUPIL_TICKET_MAILED, .code = 1,
      .subject = "Your code to log in",
      .text =
        "Hello,\r\n\r\n"
        "here is the code to log in to the school's learning platform:"
        "\r\n\r\n    ",
      .after =
        "\r\n\r\n"
        "It counts once, for ten minutes, where you gave the password. Give it"
        " to nobody: nobody at the school asks for it.\r\n\r\n"
        "If it was not you, somebody else knows your password: change it at"
        " once, and tell the school's administrator.\r\n\r\n"
        "This message was sent automatically and cannot be answered.\r\n" },

    { .kind = PUPIL_MAIL_SIGN_UP, .language = "sv",
      .seconds = PUPIL_SIGN_UP_LIFETIME, .link = 1,
      .subject = "=?utf-8?Q?Bekr=C3=A4fta_din_e-postadress?=",
      .text =
        "Hej!\r\n\r\n"
        "Någon, kanske du, vill öppna ett provkonto för lärare på"
        " lärplattformen med den här e-postadressen. Bekräfta den, och välj ett"
        " lösenord, här:\r\n\r\n",
      .after =
        "\r\n\r\n"
        "Länken gäller en gång, i ett dygn. Ge den inte till någon.\r\n\r\n"
        "Var det inte du behöver du inte göra något: utan länken blir det inget"
        " konto.\r\n\r\n"
        "Det här meddelandet skickas automatiskt och kan inte besvaras.\r\n" },

    { .kind = PUPIL_MAIL_SIGN_UP, .language = "da",
      .seconds = PUPIL_SIGN_UP_LIFETIME, .link = 1,
      .subject = "=?utf-8?Q?Bekr=C3=A6ft_din_e-mailadresse?=",
      .text =
        "Hej!\r\n\r\n"
        "Nogen, måske dig, vil åbne en prøvekonto for lærere på"
        " læringsplatformen med denne e-mailadresse. Bekræft den, og vælg en"
        " adgangskode, her:\r\n\r\n",
      .after =
        "\r\n\r\n"
        "Linket gælder én gang, i et døgn. Giv det ikke til nogen.\r\n\r\n"
        "Var det ikke dig, behøver du ikke at gøre noget: uden linket bliver"
        " der ingen konto.\r\n\r\n"
        "Denne besked er sendt automatisk og kan ikke besvares.\r\n" },

    { .kind = PUPIL_MAIL_SIGN_UP, .language = "en",
      .seconds = PUPIL_SIGN_UP_LIFETIME, .link = 1,
      .subject = "Confirm your e-mail address",
      .text =
        "Hello,\r\n\r\n"
        "somebody, perhaps you, wants to open a trial account for teachers on"
        " the learning platform with this e-mail address. Confirm it, and"
        " choose a password, here:\r\n\r\n",
      .after =
        "\r\n\r\n"
        "The link counts once, for a day. Give it to nobody.\r\n\r\n"
        "If it was not you, there is nothing to do: without the link there will"
        " be no account.\r\n\r\n"
        "This message was sent automatically and cannot be answered.\r\n" },

    { .kind = PUPIL_MAIL_SIGN_UP_KNOWN, .language = "sv",
      .seconds = PUPIL_SIGN_UP_LIFETIME,
      .subject = "=?utf-8?Q?Du_har_redan_ett_konto?=",
      .text =
        "Hej!\r\n\r\n"
        "Någon, kanske du, ville öppna ett provkonto för lärare på"
        " lärplattformen med den här e-postadressen. Det finns redan ett konto"
        " med den, så det blir inget nytt.\r\n\r\n"
        "Logga in som vanligt, eller be om ett nytt lösenord om du har glömt"
        " ditt. Var det inte du behöver du inte göra något.\r\n\r\n"
        "Det här meddelandet skickas automatiskt och kan inte besvaras.\r\n" },

    { .kind = PUPIL_MAIL_SIGN_UP_KNOWN, .language = "da",
      .seconds = PUPIL_SIGN_UP_LIFETIME,
      .subject = "Du har allerede en konto",
      .text =
        "Hej!\r\n\r\n"
        "Nogen, måske dig, ville åbne en prøvekonto for lærere på"
        " læringsplatformen med denne e-mailadresse. Der er allerede en konto"
        " med den, så der bliver ikke en ny.\r\n\r\n"
        "Log ind som du plejer, eller bed om en ny adgangskode, hvis du har"
        " glemt din. Var det ikke dig, behøver du ikke at gøre noget.\r\n\r\n"
        "Denne besked er sendt automatisk og kan ikke besvares.\r\n" },

    { .kind = PUPIL_MAIL_SIGN_UP_KNOWN, .language = "en",
      .seconds = PUPIL_SIGN_UP_LIFETIME,
      .subject = "You have an account already",
      .text =
        "Hello,\r\n\r\n"
        "somebody, perhaps you, wanted to open a trial account for teachers on"
        " the learning platform with this e-mail address. There is an account"
        " with it already, so there will be no new one.\r\n\r\n"
        "Log in as before, or ask for a new password if you have forgotten"
        " yours. If it was not you, there is nothing to do.\r\n\r\n"
        "This message was sent automatically and cannot be answered.\r\n" },

    { .kind = PUPIL_MAIL_TRIAL_ENDS, .language = "sv",
      .seconds = THREE_DAYS,
      .subject = "=?utf-8?Q?Din_provtid_g=C3=A5r_snart_ut?=",
      .text =
        "Hej!\r\n\r\n"
        "Provtiden för ditt konto på lärplattformen går ut om en vecka eller"
        " mindre. Efter det går det inte att logga in, och det som finns om"
        " dig raderas efter en tid.\r\n\r\n"
        "Vill du fortsätta: kontakta lärplattformens administratör innan"
        " dess.\r\n\r\n"
        "Det här meddelandet skickas automatiskt och kan inte besvaras.\r\n" },

    { .kind = PUPIL_MAIL_TRIAL_ENDS, .language = "da",
      .seconds = THREE_DAYS,
      .subject = "=?utf-8?Q?Din_pr=C3=B8vetid_udl=C3=B8ber_snart?=",
      .text =
        "Hej!\r\n\r\n"
        "Prøvetiden for din konto på læringsplatformen udløber om en uge eller"
        " mindre. Derefter kan der ikke logges ind, og det, der er gemt om"
        " dig, slettes efter en tid.\r\n\r\n"
        "Vil du fortsætte, så kontakt læringsplatformens administrator inden"
        " da.\r\n\r\n"
        "Denne besked er sendt automatisk og kan ikke besvares.\r\n" },

    { .kind = PUPIL_MAIL_TRIAL_ENDS, .language = "en",
      .seconds = THREE_DAYS,
      .subject = "Your trial ends soon",
      .text =
        "Hello,\r\n\r\n"
        "the trial of your account on the learning platform ends in a week or"
        " less. Nobody can log in to it after that, and what is held of you is"
        " deleted after some time.\r\n\r\n"
        "If you want to go on, tell the administrator of the learning platform"
        " before.\r\n\r\n"
        "This message was sent automatically and cannot be answered.\r\n" },

    /* whoever changes it has no language */
    { .kind = PUPIL_MAIL_ADDRESS_CHANGED, .language = "mul",
      .seconds = THREE_DAYS, .old = 1,
      .subject = "Ny e-postadress / Ny e-mailadresse / New e-mail address",
      .text =
        "Hej!\r\n\r\n"
        "Ett konto på skolans lärplattform, som hade den här e-postadressen,"
        " har fått en annan. Visste du inte om det: kontakta genast skolans"
        " administratör.\r\n\r\n"
        "En konto på skolens læringsplatform, som havde denne e-mailadresse,"
        " har fået en anden. Vidste du det ikke, så kontakt straks skolens"
        " administrator.\r\n\r\n"
        "An account on the school's learning platform that had this e-mail"
        " address has been given another. If you did not know of it, tell the"
        " school's administrator at once.\r\n\r\n"
        "Det här meddelandet skickas automatiskt och kan inte besvaras.\r\n"
        "Denne besked er sendt automatisk og kan ikke besvares.\r\n"
        "This message was sent automatically and cannot be answered.\r\n" },

    { .kind = PUPIL_MAIL_NAME_CHANGED, .language = "mul",
      .seconds = THREE_DAYS,
      .subject = "Nytt inloggningsnamn / Nyt brugernavn / New log-in name",
      .text =
        "Hej!\r\n\r\n"
        "Namnet, eller ett av namnen, som du loggar in med på skolans"
        " lärplattform har ändrats. Visste du inte om det: kontakta genast"
        " skolans administratör.\r\n\r\n"
        "Navnet, eller et af navnene, som du logger ind med på skolens"
        " læringsplatform, er blevet ændret. Vidste du det ikke, så kontakt"
        " straks skolens administrator.\r\n\r\n"
        "The name, or one of the names, that you log in with on the school's"
        " learning platform has been changed. If you did not know of it, tell"
        " the school's administrator at once.\r\n\r\n"
        "Det här meddelandet skickas automatiskt och kan inte besvaras.\r\n"
        "Denne besked er sendt automatisk og kan ikke besvares.\r\n"
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
