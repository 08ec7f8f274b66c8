package Pupil::Ss12000;

# Copyright (C) the Pupil authors
#
# A server that speaks SS 12000, version 2.1, as a school's system does: pages
# of what it is told that there is, filters of what was changed, and deletions.
# It takes what the OpenAPI of the standard takes and nothing else.
#
#     my $peer = Pupil::Ss12000->new(tls => 1);
#     $peer->tell(Pupil::Ss12000::school());
#     $peer->faults(persons => [{}, { status => 429 }]);
#
# Of a fault, token is what pageToken is; again: the first page.

use v5.36;
use utf8;

use parent 'Pupil::RosterServer';

sub _base { 'ss12000/v2' }


# ---- a school

sub id ($kind, $n) { sprintf '%08x-0000-4000-8000-%012x', ord $kind, $n }

sub ref_to ($kind, $n) { { id => id($kind, $n) } }

sub meta { { created => '2026-08-01T08:00:00+02:00',
             modified => $_[0] // '2026-08-01T08:00:00+02:00' } }

sub person ($n, $given, $family, %more) {
    return { id => id('p', $n), meta => meta(), givenName => $given,
             familyName => $family, middleName => 'Mellan',
             eduPersonPrincipalNames => [lc "$given\@skola.example"],
             civicNo => { value => '201301012384', nationality => 'SE' },
             emails => [{ value => lc "$given\@hemma.example",
                          type => 'Privat' },
                        { value => lc "$given.work\@skola.example",
                          type => 'Skola personal' }],
             securityMarking => 'Ingen', enrolments => [], %more };
}

sub enrolled ($school) { { enroledAt => ref_to('o', $school),
                           schoolYear => 7, schoolType => 'GR' } }

sub duty ($n, $person, $role, %more) {
    return { id => id('d', $n), meta => meta(), dutyAt => ref_to('o', 1),
             person => ref_to('p', $person), dutyRole => $role, %more };
}

sub group ($n, $name, $type, @members) {
    return { id => id('g', $n), meta => meta(), displayName => $name,
             groupType => $type, schoolType => 'GR',
             organisation => ref_to('o', 1),
             groupMemberships => [map { { person => ref_to('p', $_) } }
                                  @members] };
}

# Twelve pupils in a class, six of them taught in a group, a teacher, a head, a
# nurse and a guardian.
sub school () {
    return {
        organisations => [map { { id => id('o', $_), meta => meta(),
            displayName => "Skola $_", schoolUnitCode => "1234567$_" } } 1, 2],
        duties => [duty(1, 20, 'Lärare'), duty(2, 21, 'Rektor'),
                   duty(3, 22, 'Skolsköterska')],
        persons => [
            (map { person($_, "Elev$_", 'Ek', enrolments => [enrolled(1)]) }
                1 .. 12),
            person(20, 'Tina', 'Lind'), person(21, 'Rut', 'Rask'),
            person(22, 'Sia', 'Syster'), person(30, 'Vera', 'Vuxen')],
        groups => [group(1, '7A', 'Klass', 1 .. 12),
                   group(2, 'Matematik', 'Undervisning', 1 .. 6),
                   group(3, 'Kollegiet', 'Personalgrupp', 20, 21)],
        activities => [
            { id => id('a', 1), meta => meta(), displayName => 'Ma 7',
              activityType => 'Undervisning', organisation => ref_to('o', 1),
              groups => [ref_to('g', 1), ref_to('g', 2), ref_to('g', 3)],
              teachers => [{ duty => ref_to('d', 1) }] },
            { id => id('a', 2), meta => meta(), displayName => 'Rast',
              activityType => 'Övrigt', organisation => ref_to('o', 1),
              groups => [ref_to('g', 1)],
              teachers => [{ duty => ref_to('d', 3) }] }],
        deletedEntities => {},
    };
}


# ---- what it answers

sub _answer ($self, $world, $path, $query, $fault) {
    return 404, {} if !exists $world->{$path};
    my %left = %$query;
    my ($limit, $token) = delete @left{qw(limit pageToken)};
    my $after = $path eq 'deletedEntities' ? 'after' : 'meta.modified.after';
    my $since = delete $left{$after};
    return 400, { code => 'INVALID_FILTER', message => 'x' }
        if %left || (defined $token && defined $since)
            || ($limit // 1) !~ /^[1-9][0-9]*$/
            || (defined $since
                && $since !~ /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    return 200, { data => $world->{$path}, pageToken => undef }
        if $path eq 'deletedEntities';

    my @all = grep { !defined $since || $_->{meta}{modified} ge $since }
        @{ $world->{$path} };
    my $from = defined $token && $token =~ /^t\+(\d+)=$/ ? $1 : 0;
    $from = 0 if $fault->{again};
    my $to = $from + ($limit // 1000);
    my @page = @all[$from .. ($to > @all ? @all : $to) - 1];
    my $list = $path eq 'organisations' ? 'organisations' : 'data';
    return 200, { $list => \@page,
                  pageToken => $to < @all ? "t+$to=" : undef };
}

1;
