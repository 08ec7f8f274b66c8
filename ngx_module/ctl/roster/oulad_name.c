/*
 * Copyright (C) the Pupil authors
 *
 * Names of people whom the dataset knows by a number.
 */

#include <sodium.h>

#include "ctl/base/text.h"
#include "ctl/roster/oulad.h"


#define NAME_SEED  "pupil oulad 1 "
#define NAME_HASH  16           /* bytes */

#define name_count(names)  (sizeof(names) / sizeof((names)[0]))


static const char *const  given_names[] = {
    "Ada", "Alva", "Anton", "Astrid", "Axel", "Bertil", "Bo", "Cecilia",
    "Dag", "Ebba", "Edvin", "Elin", "Elsa", "Emil", "Erik", "Ester",
    "Eva", "Filip", "Folke", "Frida", "Greta", "Gunnar", "Hanna", "Hedda",
    "Hugo", "Ida", "Ines", "Ivar", "Jakob", "Johan", "Karin", "Klara",
    "Knut", "Lars", "Lea", "Linnea", "Love", "Lova", "Magnus", "Maja",
    "Malte", "Maria", "Mats", "Melker", "Moa", "Nils", "Nora", "Olle",
    "Olof", "Otto", "Pia", "Rasmus", "Rut", "Saga", "Selma", "Signe",
    "Sixten", "Sofia", "Stina", "Sven", "Tage", "Tova", "Vera", "Ylva"
};

static const char *const  family_names[] = {
    "Alm", "Almgren", "Berg", "Bergman", "Blom", "Blomkvist", "Boman",
    "Dahl", "Dahlberg", "Edlund", "Ekberg", "Ekdahl", "Eklund", "Engberg",
    "Englund", "Fors", "Forsberg", "Forsman", "Grahn", "Granberg",
    "Grankvist", "Hagberg", "Hagman", "Hallberg", "Hedberg", "Hedlund",
    "Hellman", "Holm", "Holmberg", "Holmgren", "Kullberg", "Lindberg",
    "Lindgren", "Lindholm", "Lindkvist", "Lindstedt", "Lund", "Lundberg",
    "Lundgren", "Lundin", "Malm", "Malmborg", "Malmgren", "Nyberg", "Nyborg",
    "Nylund", "Rosenlund", "Rosman", "Sandberg", "Sandin", "Sandstedt",
    "Solberg", "Stenberg", "Stenlund", "Stenman", "Sundberg", "Sundin",
    "Sundman", "Tallberg", "Vallin", "Vikberg", "Viklund", "Vikman", "Zander"
};


static uint32_t
name_number(const uint8_t *p)
{
    return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16
           | (uint32_t) p[2] << 8 | p[3];
}


void
oulad_name(pupil_str_t id, pupil_str_t *given, pupil_str_t *family)
{
    uint8_t                    hash[NAME_HASH];
    crypto_generichash_state   state;

    crypto_generichash_init(&state, NULL, 0, NAME_HASH);
    crypto_generichash_update(&state, (const uint8_t *) NAME_SEED,
                              sizeof(NAME_SEED) - 1);
    crypto_generichash_update(&state, id.data, id.len);
    crypto_generichash_final(&state, hash, NAME_HASH);

    *given = ctl_str(given_names[name_number(hash) % name_count(given_names)]);
    *family = ctl_str(family_names[name_number(hash + 4)
                                   % name_count(family_names)]);
}
