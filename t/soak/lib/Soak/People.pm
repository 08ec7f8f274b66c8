package Soak::People;

# Copyright (C) the Pupil authors
#
# All people of a school in one process: what each asks, and what every answer
# has to be, by what was sent and acknowledged until then.  The ledger:
#
#     sent, acked     submissions by id: [owner, content], 1
#     works           homework by id: content, exercises, acked, ending, gone
#     answers         of what shows personal data: request, kind, actor, shown
#     statuses        kind => status => how often
#     faults          what was wrong

use v5.36;

use JSON::XS ();
use Pupil::Test ();
use Pupil::Util;
use Soak::Books;
use Soak::Client;
use IO::Select;
use Time::HiRes qw(sleep time);

use constant { WORKS => 6, THINK => 0.25, PATIENCE => 30 };

my $path = '/v1/progress';


sub new ($class, $school) {
    my $self = bless { school => $school, works => {}, answers => [],
        sent => {}, acked => {}, statuses => {}, faults => [], tried => {},
        done => {}, last => 0, n => 0, slowest => 0 }, $class;
    my @pupils = @{ $school->{pupils} };

    # pupils begin when there is homework
    $self->{seats} = [map { my ($what, $who) = @$_;
        { what => $what, person => $who,
          at => time + ($what eq 'pupil' ? 1 + rand : 0),
          http => $school->client($who, 'Soak::Client') } }
        (map { [pupil => $_] } @pupils, @pupils),
        (map { [teacher => $school->{teacher}] } 1 .. 3),
        [roamer => $school->{roamer}]];
    return $self;
}

sub fault ($self, $text) { push @{ $self->{faults} }, $text }

# Until $over is true; then what is under way is waited for.
sub run ($self, $over) {
    while (1) {
        my $ends = $over->();
        my @waiting = grep { $_->{ask} } @{ $self->{seats} };
        last if $ends && !@waiting;
        if (!$ends) {
            $self->begin($_) for grep { !$_->{ask} && $_->{at} <= time }
                                 @{ $self->{seats} };
        }
        $self->hear(grep { $_->{ask} } @{ $self->{seats} });
    }
    return { map { $_ => $self->{$_} }
             qw(works answers sent acked statuses faults slowest) };
}

sub hear ($self, @waiting) {
    my $select = IO::Select->new(map { $_->{http}->socket } @waiting);
    my %ready = map { $_ => 1 } $select->can_read(0.01);

    sleep 0.01 if !@waiting;
    for my $seat (@waiting) {
        my $res = $ready{ $seat->{http}->socket } ? $seat->{http}->pump
                                                  : undef;
        if (!$res && time - $seat->{since} > PATIENCE) {
            $self->fault("$seat->{ask}{kind}: no answer");
            $res = $seat->{http}->broken;
        }
        $self->answered($seat, $res) if $res;
    }
}

sub begin ($self, $seat) {
    my $method = "ask_$seat->{what}";
    my $ask = $self->$method($seat) or return;

    @$seat{qw(ask since)} = ($ask, time);
    $seat->{http}->ask($ask->{method} // 'GET', $ask->{path},
                       $ask->{json} ? (json => $ask->{json}) : ())
        or $self->answered($seat, $seat->{http}->broken);
}

sub answered ($self, $seat, $res) {
    my $ask = delete $seat->{ask};
    my ($kind, $status) = ("$seat->{what} $ask->{kind}", $res->status);
    my $took = time - $seat->{since};

    $seat->{at} = time + rand THINK;
    $self->{slowest} = $took if $took > $self->{slowest};
    $self->{statuses}{$kind}{$status}++;
    my $text = "$status: " . substr $res->body, 0, 300;
    if ($status == 0 || $status == 429 || $status == 503) {
        $self->fault("$kind: $text") if $status && !$res->header('retry-after');
    } elsif (!grep { $_ == $status } @{ $ask->{want} // [200] }) {
        $self->fault("$kind: $text");
    } elsif ($status < 300 || $status == 409) {
        my $person = $ask->{actor} // $seat->{person}{id};
        my @wrong = eval { $ask->{check} ? $ask->{check}->($res) : () };
        $self->fault("$kind: $_ ($text)") for grep { $_ } @wrong, $@;
        push @{ $self->{answers} }, { request => $res->request_id,
            kind => "$kind $status", actor => $person,
            shown => $ask->{shown} ? $ask->{shown}->($res) : [] }
            if !$ask->{silent};
    }
    $ask->{then}->($res) if $ask->{then};
}


# ---- what is known

sub open_works ($self) {
    return grep { $_->{acked} && !$_->{ending} } values %{ $self->{works} };
}

# Exercises that were acknowledged before, and those that were tried.
sub bounds ($self, $pupil, $homework, $since) {
    my $done = $self->{done}{$pupil}{$homework} // {};
    return scalar(grep { $_ < $since } values %$done),
           scalar(keys %{ $self->{tried}{$pupil}{$homework} // {} });
}

sub progress ($self, $pupil, $homework, $progress, $since) {
    my $wrong = Soak::Books::astray($progress,
        $self->bounds($pupil, $homework, $since), 3);
    return $wrong ? "$pupil in $homework: $wrong" : ();
}

# A list: each item is a homework of ours, and none is missing.
sub listed ($self, $res, $since, $each) {
    my @items = @{ $res->json->{homework} };
    my %there = map { $_->{id} => 1 } @items;
    my %sent = map { $_ => ['', $self->{works}{$_}{content}] }
               keys %{ $self->{works} };
    my $theirs = $self->{school}{theirs};
    $sent{ $theirs->{id} } = ['', $theirs];
    my @wrong = Soak::Books::changed(\%sent, map { +{ %$_,
        due_at => $sent{ $_->{id} } && $sent{ $_->{id} }[1]{due_at} } }
        @items);

    for my $work (values %{ $self->{works} }) {
        my $id = $work->{content}{id};
        push @wrong, "$id is missing" if !$there{$id} && $work->{acked}
                     && $work->{acked} < $since && !$work->{gone};
        push @wrong, "$id is taken back" if $there{$id} && $work->{away}
                                            && $work->{away} < $since;
    }
    return @wrong, map { $each->($_) } grep { $sent{ $_->{id} } } @items;
}

# Pupils of the class between so many and so many have completed it.
sub summed ($self, $item, $since) {
    my @bounds = map { [$self->bounds($_->{id}, $item->{id}, $since)] }
                 @{ $self->{school}{pupils} };
    my $summary = $item->{summary} or return "$item->{id}: no summary";
    my $least = grep { $_->[0] == 3 } @bounds;
    my $most = grep { $_->[1] == 3 } @bounds;
    my $leaver = 1;             # who may have completed it, too
    return $summary->{completed} < $least
           || $summary->{completed} > $most + $leaver
           ? "$item->{id}: completed by $summary->{completed},"
             . " not $least to $most" : ();
}


# ---- pupils

sub ask_pupil ($self, $seat) {
    my $person = $seat->{person};
    my $id = $person->{id};
    my $since = time;
    my $each = sub ($item) {
        $self->progress($id, $item->{id}, $item->{progress}, $since) };
    my @open = $self->open_works;
    my $work = $open[rand @open];
    my $which = rand;

    return $self->submit($person, $work) if @open && $which < 0.45;
    return $self->batch($person, $work) if @open && $which < 0.5;
    return { kind => 'one', path => "/v1/homework/$work->{content}{id}",
             check => sub ($res) { $each->($res->json) } }
        if @open && $which < 0.6;
    my @reads = (
        { kind => 'session', path => '/v1/session', check => sub ($res) {
            my $data = $res->json;
            $data->{user}{id} ne $id
            || $data->{user}{display_name} ne $person->{name}
            || $data->{session}{csrf_token} ne $person->{csrf}
                ? 'the session of another' : () } },
        { kind => 'identity', path => '/v1/data/identity',
          check => sub ($res) {
            my $name = join ' ', map { "$_->{given_name} $_->{family_name}" }
                                 @{ $res->json->{records} };
            $res->json->{subject} ne $id || $name ne $person->{name}
                ? 'the name of another' : () } },
        { kind => 'history', path => "$path?limit=20",
          check => sub ($res) { $self->own($person,
                                           @{ $res->json->{submissions} }) } },
        map { { kind => $_ ? 'all' : 'list',
                path => '/v1/homework' . ($_ ? '?status=all' : ''),
                check => sub ($res) { $self->listed($res, $since, $each) } } }
            0, 1,
    );
    return $reads[rand @reads];
}

# Submissions that were shown to somebody.
sub own ($self, $person, @shown) {
    return Soak::Books::changed($self->{sent}, @shown),
        map { "$_->{id} is of another" }
        grep { my $sent = $self->{sent}{ $_->{id} };
               $sent && $sent->[0] ne $person->{id} } @shown;
}

sub new_item ($self, $person, $work) {
    my $n = int rand 3;
    my $item = $self->{school}->submission($person, $work, $n,
        Pupil::Test::uuid(), ++$self->{n});
    $self->{sent}{ $item->{id} } = [$person->{id}, $item];
    $self->{tried}{ $person->{id} }{ $item->{homework_id} }
        { $item->{exercise_id} } = 1;
    return $item;
}

sub acked ($self, $person, $item) {
    $self->{acked}{ $item->{id} } = 1;
    $self->{done}{ $person->{id} }{ $item->{homework_id} }
        { $item->{exercise_id} } //= time;
}

# A new one, one that is open, or one that is known, perhaps with another
# answer, which is a conflict.
sub submit ($self, $person, $work) {
    my $open = $self->{open}{ $person->{id} } //= {};
    my @again = grep { !$self->{works}{ $_->{homework_id} }{gone} }
                values %$open;
    my $known = $self->{known}{ $person->{id} };
    my $which = rand;
    my $item = @again && $which < 0.5 ? $again[rand @again]
             : $known && $which > 0.9 ? $known
             : $self->new_item($person, $work);
    my $replay = $self->{acked}{ $item->{id} };

    if ($replay && $which > 0.95) {
        return { kind => 'conflict', method => 'POST', path => $path,
                 want => [409], json => { %$item, answer => 'another' } };
    }
    $open->{ $item->{id} } = $item if !$replay;
    return { kind => 'submit', method => 'POST', path => $path,
        want => $replay ? [200] : [200, 201], json => $item,
        check => sub ($res) {
            $self->acked($person, $item);
            delete $open->{ $item->{id} };
            $self->{known}{ $person->{id} } = $item
                if !$self->{works}{ $item->{homework_id} }{ending};
            $res->json->{id} eq $item->{id} ? () : 'the answer of another' } };
}

sub batch ($self, $person, $work) {
    my @items = map { $self->new_item($person, $work) } 1 .. 4;
    my $open = $self->{open}{ $person->{id} } //= {};
    $open->{ $_->{id} } = $_ for @items;

    return { kind => 'batch', method => 'POST', path => $path,
        json => \@items, check => sub ($res) {
            my @results = @{ $res->json->{results} };
            my @wrong = map { $results[$_]{id} eq $items[$_]{id}
                && $results[$_]{status} =~ /^(?:stored|replayed)$/ ? ()
                : "result $_: " . Pupil::Test::json_of($results[$_]) }
                0 .. $#items;
            return @wrong if @wrong;
            for (@items) {
                $self->acked($person, $_);
                delete $open->{ $_->{id} };
            }
            return } };
}


# ---- the teacher

sub ask_teacher ($self, $seat) {
    my $since = time;
    my @open = $self->open_works;
    my $work = $open[rand @open];

    return $self->assign if @open < 2 || $since - $self->{last} > 3;
    my ($away) = grep { $_->{ending} && $_->{ending} < $since - 40
                        && !$_->{away} && !$_->{asked} }
                 values %{ $self->{works} };
    return $self->take_back($away) if $away;
    return $self->overview($work, $since) if rand() < 0.5;
    return { kind => 'list', path => '/v1/homework', check => sub ($res) {
        $self->listed($res, $since,
                      sub ($item) { $self->summed($item, $since) }) } };
}

# A homework with an id: a new one, or one that is not acknowledged yet.
sub assign ($self) {
    my ($work) = grep { !$_->{acked} && !$_->{asked} }
                 values %{ $self->{works} };
    my $id = $work ? $work->{content}{id} : Pupil::Test::uuid();
    $work //= { content => $self->{school}->homework($id, ++$self->{n}) };

    $self->{last} = time;
    $self->{works}{$id} = $work;
    $work->{asked} = 1;
    return { kind => 'assign', method => 'POST', path => '/v1/homework',
        want => [200, 201], json => $work->{content},
        check => sub ($res) {
            my @old = sort { $a->{acked} <=> $b->{acked} } $self->open_works;
            $old[0]{ending} = time if @old >= WORKS;
            @$work{qw(acked id exercises)} = (time, $id,
                                              $res->json->{exercises});
            return $res->json->{id} eq $id ? () : 'another homework' },
        then => sub ($res) { delete $work->{asked} } };
}

sub take_back ($self, $work) {
    my $again = $work->{gone};          # which may have come through
    $work->{gone} = $work->{asked} = time;
    return { kind => 'take back', method => 'DELETE',
        want => $again ? [204, 404] : [204],
        path => "/v1/homework/$work->{content}{id}",
        then => sub ($res) {
            $work->{away} = time if $res->status =~ /^[24]04$/;
            delete $work->{asked} } };
}

sub overview ($self, $work, $since) {
    my $id = $work->{content}{id};
    my %known = map { $_->{id} => $_ } @{ $self->{school}{pupils} };

    return { kind => 'overview', path => "/v1/homework/$id/progress",
        shown => sub ($res) { [map { $_->{id} } @{ $res->json->{pupils} }] },
        check => sub ($res) {
            my @pupils = grep { $known{ $_->{id} } } @{ $res->json->{pupils} };
            return (@pupils == keys %known ? () : 'a pupil is missing'),
                map { $_->{display_name} eq $known{ $_->{id} }{name} ? ()
                          : "the name of $_->{id}",
                      $self->progress($_->{id}, $id, $_, $since) } @pupils;
        } };
}


# ---- who logs in, looks, and logs out: the session is dead a second later

sub ask_roamer ($self, $seat) {
    my $person = $seat->{person};
    my $http = $seat->{http};
    my $step = $seat->{step} //= 'in';

    if ($step eq 'in') {
        $http->{cookies} = {};
        $http->csrf(undef);
        return { kind => 'log-in', method => 'POST', path => '/v1/login',
            json => { identifier => $person->{login},
                      password => $person->{password} },
            check => sub ($res) { $seat->{step} = 'look';
                $res->json->{user}{id} eq $person->{id} ? () : 'another' } };
    }
    if ($step eq 'look') {
        $seat->{step} = 'out';
        return { kind => 'session', path => '/v1/session',
            check => sub ($res) {
                $res->json->{user}{id} eq $person->{id} ? () : 'another' } };
    }
    if ($step eq 'out') {
        $seat->{old} = { %{ $http->{cookies} } };
        $seat->{step} = 'in';
        return { kind => 'log-out', method => 'DELETE', silent => 1,
            path => '/v1/session', want => [204],
            check => sub ($res) { $seat->{step} = 'ended'; return },
            then => sub ($res) { $seat->{at} += 1.5 } };
    }
    $seat->{step} = 'in';
    $http->{cookies} = $seat->{old};
    return { kind => 'ended session', path => '/v1/session', want => [401],
             silent => 1 };
}

1;
