/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/audit/numbers.h"


#define numbers_state(numbers, number)                                        \
    (numbers)->states[(number) % PUPIL_NUMBERS_WINDOW]


static void numbers_open(pupil_numbers_t *numbers, uint64_t number,
    uint8_t state);


void
pupil_numbers_init(pupil_numbers_t *numbers)
{
    memset(numbers, 0, sizeof(pupil_numbers_t));
    numbers->base = 1;
    numbers->next = 1;
}


uint64_t
pupil_numbers_take(pupil_numbers_t *numbers, uint32_t count, uint32_t reserve)
{
    uint64_t  first;

    first = numbers->next;

    if (first + count - numbers->base > PUPIL_NUMBERS_WINDOW - reserve) {
        return 0;
    }

    numbers->next += count;

    return first;
}


void
pupil_numbers_unsent(pupil_numbers_t *numbers, uint64_t first, uint32_t count)
{
    uint32_t  i;

    if (first + count == numbers->next) {
        numbers->next = first;
        return;
    }

    for (i = 0; i < count; i++) {
        pupil_numbers_absent(numbers, first + i);
    }
}


void
pupil_numbers_settle(pupil_numbers_t *numbers, uint64_t number)
{
    uint8_t  *state;

    if (number < numbers->base) {
        return;
    }

    state = &numbers_state(numbers, number);

    if (*state >= PUPIL_NUMBER_ABSENT) {
        numbers->open--;
    }

    *state = PUPIL_NUMBER_SETTLED;

    while (numbers->base < numbers->next) {
        state = &numbers_state(numbers, numbers->base);

        if (*state != PUPIL_NUMBER_SETTLED) {
            return;
        }

        *state = PUPIL_NUMBER_FLYING;
        numbers->base++;
    }
}


void
pupil_numbers_absent(pupil_numbers_t *numbers, uint64_t number)
{
    numbers_open(numbers, number, PUPIL_NUMBER_ABSENT);
}


void
pupil_numbers_chosen(pupil_numbers_t *numbers, uint64_t number,
    uint32_t choice)
{
    if (choice == 0) {
        pupil_numbers_settle(numbers, number);
        return;
    }

    numbers_open(numbers, number,
                 (uint8_t) (PUPIL_NUMBER_OTHER + choice - 1));
}


static void
numbers_open(pupil_numbers_t *numbers, uint64_t number, uint8_t state)
{
    uint8_t  *stored;

    if (number < numbers->base) {
        return;
    }

    stored = &numbers_state(numbers, number);

    if (*stored == PUPIL_NUMBER_FLYING) {
        *stored = state;
        numbers->open++;
    }
}


void
pupil_numbers_end(pupil_numbers_t *numbers)
{
    uint64_t  number;

    for (number = numbers->base; number < numbers->next; number++) {
        pupil_numbers_absent(numbers, number);
    }
}


pupil_rc_t
pupil_numbers_find(const pupil_numbers_t *numbers, uint64_t from,
    pupil_numbers_range_t *range)
{
    uint8_t   state;
    uint64_t  number;

    number = from > numbers->base ? from : numbers->base;

    while (number < numbers->next
           && numbers_state(numbers, number) < PUPIL_NUMBER_ABSENT)
    {
        number++;
    }

    if (number >= numbers->next) {
        return PUPIL_NOT_FOUND;
    }

    state = numbers_state(numbers, number);
    range->first = number;
    range->choice = (uint32_t) (state - PUPIL_NUMBER_ABSENT);

    while (number + 1 < numbers->next
           && numbers_state(numbers, number + 1) == state)
    {
        number++;
    }

    range->last = number;

    return PUPIL_OK;
}
