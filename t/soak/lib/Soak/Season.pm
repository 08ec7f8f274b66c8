package Soak::Season;

# Copyright (C) the Pupil authors
#
# A soak from its beginning to its end: a process for the people of each
# school and one for its rude clients; then the books of all of them.
#
#     my $season = Soak::Season->new(seed => 1);
#     $season->begin; ...; $season->end;
#     my %wrong = $season->wrong;         # what was compared => lines

use v5.36;

use JSON::XS ();
use POSIX ();
use Pupil::Test ();
use Pupil::Util;
use Soak::Books;
use Soak::People;
use Soak::Rude;
use Soak::School;
use Time::HiRes qw(sleep);

my $json = JSON::XS->new->utf8;


# Options: seed, and those of Soak::School->up.
sub new ($class, %opt) {
    my $seed = delete $opt{seed};
    my ($nginx, @schools) = Soak::School->up(%opt);
    my $self = bless { nginx => $nginx, schools => \@schools, seed => $seed,
                       dir => tmp_dir() . '/soak' }, $class;

    mkdir $self->{dir} or die "$self->{dir}: $!\n";
    $self->{since} = $self->db->selectrow_array('SELECT clock_timestamp()');
    return $self;
}

sub nginx ($self) { $self->{nginx} }
sub schools ($self) { @{ $self->{schools} } }
sub db ($self) { $self->{schools}[0]{site}->db }


# ---- load

sub begin ($self) {
    my $over = sub () { -e "$self->{dir}/stop" };
    for my $school ($self->schools) {
        my $rude = $self->rude($school);
        push @{ $self->{pids} }, map { my $actor = $_;
            $self->fork_one($actor, sub { $actor->run($over) }) }
            Soak::People->new($school), $rude;
    }
}

# With a homework of their own.
sub rude ($self, $school) {
    my $content = $school->homework(Pupil::Test::uuid(), 'for leavers');
    my $res = $school->client($school->{teacher})->post('/v1/homework',
                                                        json => $content);
    die 'homework: ', $res->text if $res->status != 201;
    $school->{theirs} = $content;
    return Soak::Rude->new($school, $res->json);
}

sub fork_one ($self, $actor, $code) {
    my $name = ref($actor) =~ s/.*:://r . ".$actor->{school}{number}";
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;

    srand $self->{seed} + 1 + unpack '%32C*', $name;
    my $done = eval {
        spew("$self->{dir}/$name", $json->encode($code->()));
        1;
    };
    print STDERR "# $name died: $@" if !$done;
    POSIX::_exit($done ? 0 : 1);
}

# Then all is quiet, and everything serves again.
sub end ($self) {
    spew("$self->{dir}/stop", '');
    my @bad = grep { !process_ends($_, 60) || $? } @{ $self->{pids} };
    $self->{ended} = @bad ? ["processes that did not end well: @bad"] : [];

    wait_until(30, 'nginx to be ready', sub {
        my $res = eval { $self->nginx->http->get('/status/ready') };
        $res && $res->status == 200 });
    for my $school ($self->schools) {
        for my $name (qw(People Rude)) {
            my $file = "$self->{dir}/$name.$school->{number}";
            $school->{ledger}{$name} = -f $file ? $json->decode(slurp($file))
                                                : {};
        }
    }
}


# ---- the books

sub all ($self, $what) {
    return map { @{ $_->{ledger}{People}{$what} // [] } } $self->schools;
}

sub statuses ($self) {
    my %sum;
    for my $school ($self->schools) {
        my $of = $school->{ledger}{People}{statuses};
        for my $kind (keys %$of) {
            $sum{$_}{$kind} += $of->{$kind}{$_} for keys %{ $of->{$kind} };
        }
    }
    return \%sum;
}

# The shape that records of each kind of answer have in common.
sub calm ($answers, $records) {
    my (%count, %calm);
    for (@$answers) {
        my $shape = ($records->{ $_->{request} } // {})->{shape} // next;
        $count{ $_->{kind} }{$shape}++;
    }
    for my $kind (keys %count) {
        my $of = $count{$kind};
        ($calm{$kind}) = sort { $of->{$b} <=> $of->{$a} } keys %$of;
    }
    return \%calm;
}

# What was compared => what did not fit.
sub wrong ($self) {
    my @answers = $self->all('answers');
    my $records = Soak::Books::records($self->db, $self->{since});
    my (@placed, @changed, @assigned);

    for my $school ($self->schools) {
        my ($people, $rude) = @{ $school->{ledger} }{qw(People Rude)};
        my %sent = (%{ $people->{sent} // {} }, %{ $rude->{sent} // {} });
        push @placed, Soak::Books::misplaced(\%sent, $people->{acked} // {},
                                             $self->stored($school));
        push @changed, $self->history($school, \%sent);
        push @assigned, $self->homework($school);
    }
    return (
        'every process ended well' => $self->{ended},
        'no answer was wrong, or of another' => [$self->all('faults')],
        'each answer has its records' => [Soak::Books::unrecorded(\@answers,
            $records, calm(\@answers, $records))],
        'each submission is stored once' => \@placed,
        'with what was sent' => \@changed,
        'homework that has an id is assigned once' => \@assigned,
    );
}

sub stored ($self, $school, $table = 'progress') {
    return $self->db->selectall_arrayref("SELECT record::text, owner::text"
        . " FROM data.$table WHERE tenant = ?", {}, $school->{site}->tenant);
}

# All that pupils are shown in the end, by the gateway.
sub history ($self, $school, $sent) {
    my @wrong;
    for my $person (@{ $school->{pupils} }, $school->{leaver}) {
        my @shown = Soak::Books::pages($school->client($person),
                                       '/v1/progress', 'submissions');
        my @stored = grep { $_->[1] eq $person->{id} }
                     @{ $self->stored($school) };
        push @wrong, Soak::Books::changed($sent, @shown);
        push @wrong, "$person->{login} is shown " . @shown . ' of ' . @stored
            if @shown != @stored;
    }
    return @wrong;
}

sub homework ($self, $school) {
    my $works = $school->{ledger}{People}{works} // {};
    my %sent = map { $_ => [$school->{class}, $works->{$_}{content}] }
               keys %$works;
    $sent{ $school->{theirs}{id} } = [$school->{class}, $school->{theirs}];
    my %acked = map { $works->{$_}{acked} ? ($_ => 1) : () } keys %$works;
    my @shown = Soak::Books::pages($school->client($school->{teacher}),
                                   '/v1/homework?status=all', 'homework');

    return Soak::Books::misplaced(\%sent, \%acked,
                                  $self->stored($school, 'homework')),
        Soak::Books::changed(\%sent, map { +{ %$_,
            due_at => $sent{ $_->{id} } && $sent{ $_->{id} }[1]{due_at} } }
            @shown);
}

# pupilctl audit verify of each tenant; what dead workers left is declared by
# the living within seconds, when they serve.
sub verify ($self) {
    my @bad;
    for my $school ($self->schools) {
        my $site = $school->{site};
        my $run;
        for (1 .. 30) {
            $school->client($_)->get('/v1/session')
                for @{ $school->{pupils} }, $school->{teacher};
            $run = $site->ctl(qw(audit verify), $site->ctl_where);
            last if $run->{code} == 0;
            sleep 0.5;
        }
        push @bad, "$run->{out}$run->{err}" if $run->{code};
    }
    return @bad;
}

1;
