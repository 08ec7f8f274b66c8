#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# UNI-Login: the small export of each institution that there is an agreement
# for, as one roster: whoever is at several is one person, groups have days, and
# nothing but what a roster needs is kept or shown.  How answers are signed is
# in unilogin-signed.t.

use lib 't/lib';
use utf8;
use Pupil::Test;
use Pupil::Roster;
use Pupil::UniLogin;

my ($how, $after) = (\%Pupil::UniLogin::HOW, \%Pupil::UniLogin::AFTER);
my $ec = 'http://www.w3.org/2001/10/xml-exc-c14n#';
my %same = (
    # as servers of Java write it: spaces of names are said at the top, and
    # one of them is listed although nothing uses it
    'from the top' => sub ($m) {
        $m->{inherit} = [qw(c ex k s wsa wsu)];
        $m->{transform} = [['ds:Transform', { Algorithm => $ec },
            ['ec:InclusiveNamespaces', { PrefixList => '' }]]] },
    'a header of its own' => sub ($m) { push @{ $m->{signed} }, 'Extra' },
);
$how->{$_} = $same{$_} for keys %same;
# comments, which no signature is over, CDATA, and white space in tags
$after->{otherwise} = sub ($text, $m) {
    $text =~ s/Elev1</El<!-- x -->ev1</r =~ s{<soap:Body}{<!-- y --><soap:Body}r
          =~ s/>Elev2</><![CDATA[Elev2]]></r
          =~ s{<s:InstitutionPerson source="Tabulex">}
              {<s:InstitutionPerson\n   source='&#84;abulex' >}gr };

my $site = pupil_up(schools => 1);
my $peer = Pupil::UniLogin->new(tls => 1);
my $ca = test_ca();
my $key = Pupil::UniLogin::credentials();
my $school;

sub fresh { $school = Pupil::Roster::tenant($site, 'unilogin ' . ++state $n) }

sub import (@options) {
    my $run = $school->ctl('import', 'unilogin', $peer->url, '--json', '--ca',
        $ca->{ca}, '--credentials', $key, @options, $school->ctl_where);
    $run->{json} = eval { JSON::XS::decode_json($run->{out}) } // {};
    $run->{all} = $run->{out} . $run->{err};
    return $run;
}

sub imported ($world, @options) {
    $peer->tell($world);
    return import(@options);
}

sub taken ($run, $name) {
    is $run->{code}, 0, $name or diag $run->{all};
}

sub live (@want) {
    is_deeply [Pupil::Roster::live($school)], \@want,
        'live: pupils, teachers, heads, in classes, teaching';
}
my @all = (14, 4, 1, 21, 5);

sub who ($login) { Pupil::Roster::person($school, $login) }

sub refused ($run) {
    return [sort map { "$_->{file}:$_->{line}: $_->{reason}" }
            @{ $run->{json}{refused} }];
}

# The schools, changed.
sub schools ($change = sub { }) {
    local $_ = Pupil::UniLogin::schools();
    $change->();
    return $_;
}

sub day ($days) { POSIX::strftime('%Y-%m-%d', gmtime(time + 86_400 * $days)) }


subtest 'two schools' => sub {
    fresh();
    my $run = imported(schools());
    taken($run, 'they are taken');
    live(@all);
    is_deeply refused($run), [], 'nothing is refused';
    is who('elev1'), 'pupil 1, in pupil 2', 'a pupil';
    is who('tina0001'), 'teacher 2, in teacher 3', 'a teacher of both';
    is who('rut00001'), 'school_admin 1 teacher 1, in teacher 1',
        'a head who teaches';
    is who('sia00001'), 'teacher 1, in teacher 1',
        'who teaches at one, and is in the office of the other';
    is who('eva00001'), 'nobody', 'who is from elsewhere';
    is $run->{json}{users}{not_taken}, 1, 'is counted';

    my %column = map { ("$_->{file} $_->{column}" => $_->{values}) }
        @{ $run->{json}{columns_not_taken} };
    is $column{'persons StudentNumber'}, 14, 'what is not taken is counted';
    ok $column{"persons $_"}, "so is $_" for qw(Level Location Occupation);
    unlike $run->{all}, qr/Elev|Bygning|Lind|elev\d|tina/,
        'no value is shown';

    my @asked = $peer->asked;
    is_deeply [map { [$_->[0], $_->[1]{instnr}] } @asked],
        [['hentDataAftalerLille', undef], ['eksporterXmlLille', '101001'],
         ['eksporterXmlLille', '101002']], 'one question each';
    is_deeply [grep { ($_->[1]{wrong} // '') || $_->[1]{system} ne 'AB123456'
        || $_->[1]{to} ne $peer->url } @asked], [], 'which are signed';
    is scalar(keys %{{ map { $_->[1]{id} => 1 } @asked }}), 3,
        'each with an id of its own';
    is $asked[1][2]{'content-type'}, 'application/soap+xml; charset=UTF-8; action'
        . '="https://brugerdatabasen.stil.dk/bpi/wsieksport/7'
        . '/eksporterXmlLille"', 'and says what it is';

    taken($run = imported(schools()), 'once more');
    is $run->{json}{$_}{changed}, 0, "no change of $_"
        for qw(institutions classes users roles enrolments);

    taken($run = imported(schools(sub {
        pop @{ $_->{101002}{persons} }; pop @{ $_->{101002}{persons} };
    }), '--close-absent', '--confirm-removal'), 'one leaves a school');
    is who('tina0001'), 'teacher 1, in teacher 2', 'and stays at the other';
    is who('sia00001'), 'no role', 'who has none left is gone';
};

subtest 'what is written otherwise is the same' => sub {
    fresh();
    for my $name ('', sort(keys %same), 'otherwise') {
        $peer->tell(schools());
        $peer->faults(eksporterXmlLille => [({ how => $name }) x 2]);
        my $run = import();
        taken($run, $name || 'as it is');
        live(@all);
        is $run->{json}{users}{unchanged}, $name ? 17 : 0,
            'and nobody is called otherwise';
    }
};

subtest 'what is larger than it has to be' => sub {
    fresh();
    my $run = imported(schools(sub {
        my $one = $_->{101001}{persons}[0];
        push @{ $one->[2] },
            ['c:CivilRegistrationNumber', {}, '010113-1234'],
            ['c:BirthDate', {}, '2013-01-01'],
            ['c:Address', {}, ['c:StreetAddress', {}, 'Elevvej 1']],
            ['c:MobilePhoneNumber', {}, '12345678'],
            ['c:Annabella', {}, 'x'], ['x:Photo', {}, 'AAAA'];
        push @{ $one->[3] }, ['c:ContactPerson', {},
            ['c:FirstName', {}, 'Vera'], ['c:UserId', {}, 'vera0001']];
        push @{ $_->{101001}{persons} }, ['c:Annabella', {}, 'x'];
    }));
    taken($run, 'a number, an address, a photograph and a mother');
    live(@all);
    unlike $run->{all}, qr/0101|Elevvej|12345678|Annabella|Vera|vera|AAAA/,
        'none is shown';
    my @columns = map { "$_->{file} $_->{column} $_->{values}" }
        @{ $run->{json}{columns_not_taken} };
    for my $want ('persons CivilRegistrationNumber 1', 'persons Address 1',
                  'persons ContactPerson 1', 'persons another 1',
                  'institutions another 1')
    {
        is scalar(grep { $_ eq $want } @columns), 1, "counted: $want"
            or diag "@columns";
    }
    is who('vera0001'), 'nobody', 'nor taken';
};

subtest 'days of groups' => sub {
    fresh();
    my @days = (
        ['the last day is a day of it', day(-30), day(0), 'pupil 1, in pupil 2'],
        ['it ended yesterday', day(-30), day(-1), 'pupil 1, in pupil 1'],
        ['it begins today, in a zone', day(0) . '+02:00', undef,
         'pupil 1, in pupil 2'],
        ['it begins tomorrow', day(1) . 'Z', day(9), 'pupil 1, in pupil 1']);
    taken(imported(schools(sub {
        for my $i (0 .. $#days) {
            my (undef, $from, $to) = @{ $days[$i] };
            push @{ $_->{101001}{groups} }, Pupil::UniLogin::group("D$i",
                "D $i", 'Hold', ['c:FromDate', {}, $from],
                defined $to ? ['c:ToDate', {}, $to] : ());
            push @{ $_->{101001}{persons}[8 + $i][3] },
                ['k:GroupId', {}, "D$i"];
        } })), 'groups with days');
    is who('elev' . (9 + $_)), $days[$_][3], $days[$_][0] for 0 .. $#days;
};

subtest 'schools and classes that are chosen' => sub {
    fresh();
    my $list = spew(tmp_dir() . '/schools', "101002\n");
    my $run = imported(schools(), '--schools', $list);
    taken($run, 'one school');
    live(2, 2, 0, 3, 2);
    is_deeply [map { $_->[1]{instnr} // () } $peer->asked], ['101002'],
        'the other one is not asked for';
    is $run->{json}{institutions}{not_taken}, 1, 'and is counted';

    spew($list, "101002\n101003\n");
    $run = imported(schools(), '--schools', $list, '--close-absent');
    is $run->{code}, 1, 'one without an agreement';
    like $run->{err}, qr/--schools, line 2: there is no agreement/, 'is said';
    live(2, 2, 0, 3, 2);

    fresh();
    taken(imported(schools(), '--classes', spew(tmp_dir() . '/classes',
        "101001/M\n")), 'one class');
    is((Pupil::Roster::live($school))[3], 6, 'of the school that it is of');

    $run = imported({});
    is $run->{code}, 1, 'no agreement at all';
    like $run->{err}, qr/no agreement with any institution/, 'is said';

    $peer->tell(schools());
    $peer->faults(eksporterXmlLille => [{ of => '101002' }]);
    $run = import();
    is $run->{code}, 1, 'another institution';
    like $run->{err}, qr/the answer is of another institution/, 'is said';
};

# Each of another person, or group, all at once; persons:N is the number of the
# person in all answers.
my $person = sub ($n) { $_->{101001}{persons}[$n - 1] };
my $protected = 'its identity is protected: such a person is added by hand';
my @odd = (
    ['a protected identity', sub {
        push @{ $person->(1)[2] }, ['c:AddressProtection', {}, 'true'] },
     "persons/protected:1: $protected"],
    ['one that is marked otherwise', sub {
        $person->(2)[2][1]{protected} = '1' },
     "persons/protected:2: $protected"],
    ['one that is not', sub {
        push @{ $person->(3)[2] }, ['c:AddressProtection', {}, 'false'] }],
    ['one that is marked at another school', sub {
        push @{ $_->{101002}{persons}[3][2] }, ['c:NameProtection', {}, 'x'] },
     "persons/protected:20: $protected",
     'persons:15: its id is there already, in line 20'],
    ['a role that nobody knows', sub { $person->(4)[3][2][2] = 'Trold' },
     'persons/roles:4: its Role is none that is known',
     'persons:4: has a role that is not understood',
     ('students/groups:4: its Role is none that is known') x 2],
    ['a role of somebody else', sub { $person->(7)[3][2][2] = 'Lærer' },
     'persons/roles:7: its Role is none that is known',
     'persons:7: has a role that is not understood',
     'students/groups:7: its Role is none that is known'],
    ['no role', sub { splice @{ $person->(8)[3] }, 2, 1 },
     'persons/roles:8: its Role is missing',
     'persons:8: has a role that is not understood',
     'students/groups:8: its Role is missing'],
    ['a pupil who is staff as well', sub {
        push @{ $person->(9) }, ['c:Employee', {}, ['c:Role', {}, 'Lærer']] },
     'persons/roles:9: is more than one of Student, Employee and Extern',
     'persons:9: is more than one of Student, Employee and Extern'],
    ['another name at another school', sub {
        $_->{101002}{persons}[2][2][2][2] = 'Anna' },
     'persons:19: its id is there already, in line 13'],
    ['an id that is none', sub { $person->(10)[2][4][2] = ['x:a', {}] },
     'persons/roles:10: its user is empty',
     'persons:10: its id is empty, longer than 255 bytes or no UTF-8',
     'students/groups:10: its user is empty'],
    ['a name twice', sub {
        push @{ $person->(11)[2] }, ['c:FirstName', {}, 'Anna'] },
     'persons:11: its FirstName is there twice'],
    ['a group that is not there', sub {
        push @{ $person->(12)[3] }, ['k:GroupId', {}, '9X'] },
     'students/groups:12: its class is not in the roster'],
    ['a type of group that nobody knows', sub {
        $_->{101001}{groups}[1] = Pupil::UniLogin::group('M', 'M', 'Trold') },
     'groups:2: its GroupType is none that is known'],
    ['a day that is none', sub {
        push @{ $_->{101001}{groups}[2] }, ['c:ToDate', {}, '2027-02-30'] },
     'groups:3: its last day is no date'],
    ['a day with a time', sub {
        push @{ $_->{101002}{groups}[1] },
            ['c:ToDate', {}, '2027-02-03T00:00:00'] },
     'groups:5: its ToDate is no date'],
);

subtest 'what is not understood is refused by line, and keeps what was there'
    => sub {
    fresh();
    # and as many of whom nothing is odd
    my $more = sub { push @{ $_->{101002}{persons} },
                         map { Pupil::UniLogin::pupil($_, '7A') } 31 .. 60 };
    taken(imported(schools($more)), 'schools');
    my $run = imported(schools(sub {
        $more->();
        my $world = $_;
        for my $odd (@odd) { local $_ = $world; $odd->[1]->() }
    }), '--close-absent');
    is $run->{code}, 0, 'much that is odd' or diag $run->{all};
    my @refused = @{ refused($run) };
    for my $odd (@odd) {
        my ($name, undef, @want) = @$odd;
        my %want = map { $_ => 1 } @want;
        is_deeply [grep { $want{$_} } @refused], [sort @want], $name;
        @refused = grep { !$want{$_} } @refused;
    }
    is_deeply \@refused, [], 'and nothing else is refused';
    unlike $run->{all}, qr/Elev|Anna|Trold/, 'no value is shown';
    is $run->{json}{ended}{$_}, 0, "no $_ ended" for qw(roles enrolments);
    live(44, 4, 1, 51, 5);
};

subtest 'planned, and from a timer' => sub {
    fresh();
    my $run = imported(schools(), '--plan');
    live(0, 0, 0, 0, 0);
    is $run->{json}{changes}{joins}, 17, 'seventeen would join';
    taken(imported(schools(), '--apply', $run->{json}{apply}), 'applied');
    live(@all);

    my $conf = spew(tmp_dir() . '/sync', "source = unilogin\n"
        . "kind = unilogin\nfrom = " . $peer->url . "\nca = $ca->{ca}\n"
        . "credentials = $key\n");
    $peer->tell(schools());
    my $sync = $school->ctl('sync', $conf, '--json', $school->ctl_where);
    is $sync->{code}, 0, 'a timer' or diag $sync->{err};
    is import($_ => 10)->{code}, 2, "$_ is not for it"
        for '--limit', '--state';
    $peer->tell(schools(sub { @{ $_->{101001}{persons} } = () }));
    is import('--close-absent')->{code}, 3, 'a school without people is held';
    live(@all);
};

done_testing;
