package Pupil::Roster;

# Copyright (C) the Pupil authors
#
# Rosters of t/roster/cases, each into a tenant of its own, and what is then in
# the database.
#
#     rosters(pupil_up, { name => '01-bom', is => 'a mark', live => [...] });
#
# Of a case, only name and is are needed:
#
#     name     its folder, whose sub-folders are its steps
#     is       what is right, in words
#     format   oneroster, or sds
#     steps    [[step, options ...] ...], else the step 1 alone
#     whole    a step is its folder as it is; else what it does not have is
#              from the folder of the format
#     asis     dates stay; else they are as far from today as they were from
#              the day when the folders were made
#     with     { file => text or undef } in the last step
#     code     of the last step, else 0
#     live     how many are live in the end, in the order of @LIVE
#     says     patterns that the last step says; not: that it does not
#     refused  [file:line ...] of its report, all that there are
#     who      { log-in name => see person() }
#     then     a sub that is called with the tenant and what the last step said

use v5.36;

use Exporter 'import';
use JSON::XS ();
use Pupil::Util;
use Test::More;
use Time::Local qw(timegm);

our @EXPORT = qw(rosters roster_folder);

my $cases = root_dir() . '/t/roster/cases';
my $made = timegm(0, 0, 0, 25, 10, 2026);   # the day of the folders
my $days = int((time - $made) / 86_400);
my @LIVE = ('pupil roles', 'teacher roles', 'administrators',
            'pupils in classes', 'teachers in classes');


sub later_day ($year, $month, $day) {
    my $time = eval { timegm(0, 0, 0, $day, $month - 1, $year) } // return;
    my @day = gmtime($time + $days * 86_400);
    return ($day[5] + 1900, $day[4] + 1, $day[3]);
}

sub iso ($text, @day) {
    @day = later_day(@day) or return $text;
    return sprintf '%04d-%02d-%02d', @day;
}

sub american ($text, $month, $day, $year) {
    my @day = later_day($year, $month, $day) or return $text;
    return "$day[1]/$day[2]/$day[0]";
}

sub dated ($text) {
    return $text =~ s{\b(20\d\d)-(\d\d)-(\d\d)\b}{iso($&, $1, $2, $3)}ger
                 =~ s{\b(\d\d?)/(\d\d?)/(20\d\d)\b}
                     {american($&, $1, $2, $3)}gerx;
}


# A folder with the files of a step; change: { file => text or undef }.
sub roster_folder ($case, $step, %change) {
    state $n = 0;
    my $own = "$cases/$case->{name}/$step";
    return $own if $step =~ /\.zip$/;

    my %text = map { $_ => undef } keys %change;
    for my $from ($case->{whole} ? () : "$cases/$case->{format}", $own) {
        $text{ substr $_, length "$from/" } = slurp($_)
            for -d $from ? files_below(qr/./, $from) : ();
    }
    %text = (%text, %change);

    my $to = tmp_dir() . '/roster' . ++$n;
    mkdir $to or die "$to: $!\n";
    for my $name (grep { defined $text{$_} } sort keys %text) {
        mkdir "$to/$1" if $name =~ m{^([^/]+)/};
        spew("$to/$name", $case->{asis} ? $text{$name} : dated($text{$name}));
    }
    return $to;
}


# A tenant of its own.
sub tenant ($site, $name) {
    return bless { %$site, tenant => $site->another($name) }, ref $site;
}


# How many are live, in the order of @LIVE.
sub live ($school) {
    my %count;
    for my $table (qw(role enrolment)) {
        my $rows = $school->db->selectall_arrayref(<<~"", undef,
            SELECT role, count(*) FROM pupil.$table WHERE tenant = ? AND
            valid_from <= current_date AND coalesce(valid_to, current_date)
            >= current_date GROUP BY 1

            $school->tenant);
        $count{"$table $_->[0]"} = $_->[1] for @$rows;
    }
    return map { $count{$_} // 0 } 'role pupil', 'role teacher',
        'role school_admin', 'enrolment pupil', 'enrolment teacher';
}


# "pupil 1, in pupil 2": how many roles and enrolments of an account are live;
# "nobody": no account logs in with this name.
sub person ($school, $login) {
    my $id = id_of($school, $login) // return 'nobody';
    my ($roles, $classes) = map {
        join ' ', map { "$_->[0] $_->[1]" }
            $school->db->selectall_array(<<~"", undef, $id)
            SELECT role, count(*) FROM pupil.$_ WHERE subject = ? AND
            valid_from <= current_date AND coalesce(valid_to, current_date)
            >= current_date GROUP BY 1 ORDER BY 1

    } qw(role enrolment);
    return join ', ', $roles || 'no role', $classes ? "in $classes" : ();
}

sub id_of ($school, $login) {
    my $run = $school->ctl('user', 'show', $login, '--json',
                           $school->ctl_where);
    return $run->{code} ? undef : JSON::XS::decode_json($run->{out})->{id};
}


# What the last step said; the steps before it have to be taken.
sub steps ($school, $case) {
    my ($run, @steps) = (undef, @{ $case->{steps} // [[1]] });
    while (my $step = shift @steps) {
        my ($name, @options) = @$step;
        my $folder = roster_folder($case, $name =~ s{/.*}{}r,
                                   @steps ? () : %{ $case->{with} // {} });
        $folder .= $1 if $name =~ m{(/.*)};
        $run = $school->ctl('import', $case->{format}, $folder, '--json',
                            @options, $school->ctl_where);
        is($run->{code}, 0, "the step $name") or diag($run->{err}) if @steps;
    }
    $run->{json} = eval { JSON::XS::decode_json($run->{out}) } // {};
    return $run;
}

sub list ($some) { ref $some eq 'ARRAY' ? @$some : $some // () }

sub one ($site, $case) {
    state $n = 0;
    my $school = tenant($site, "$case->{name} " . ++$n);
    my $run = steps($school, $case);
    my $all = $run->{out} . $run->{err};

    is($run->{code}, $case->{code} // 0, 'the exit code') or diag($all);
    if ($case->{live}) {
        my (%got, %want);
        @got{@LIVE} = live($school);
        @want{@LIVE} = @{ $case->{live} };
        is_deeply(\%got, \%want, 'who is live') or diag($all);
    }
    like($all, $_, "says $_") for list($case->{says});
    unlike($all, $_, "does not say $_") for list($case->{not});
    is_deeply([map { "$_->{file}:$_->{line}" } @{ $run->{json}{refused} }],
              $case->{refused}, 'refused, by line') or diag($all)
        if $case->{refused};
    is(person($school, $_), $case->{who}{$_}, "who $_ is")
        for sort keys %{ $case->{who} // {} };
    $case->{then}->($school, $run) if $case->{then};
}


sub rosters ($site, @cases) {
    for my $case (@cases) {
        subtest("$case->{name}: $case->{is}", sub {
            one($site, { format => 'oneroster', %$case });
        });
    }
}

1;
