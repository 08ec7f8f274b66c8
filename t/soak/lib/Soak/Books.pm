package Soak::Books;

# Copyright (C) the Pupil authors
#
# What was sent and answered against what is stored.  Each of these gives what
# does not fit, a line each; nothing: all is well.

use v5.36;

use JSON::XS ();
use Pupil::HTTP;

my $json = JSON::XS->new->utf8->canonical->allow_nonref;


# What the audit says, by request: its actor, who else it is about, and what
# was shown or written.
sub records ($db, $since) {
    my %of;
    for my $row (@{ $db->selectall_arrayref('SELECT request::text,'
        . ' actor::text, operation, category, fields::text, outcome,'
        . ' relation, subjects::text[] FROM pupil.audit_event WHERE at >= ?',
        {}, $since) })
    {
        my ($request, $actor, @shape) = @$row;
        my $subjects = pop @shape;
        my $of = $of{$request} //= {};
        push @{ $of->{shapes} }, join ' ', map { $_ // '-' } @shape;
        $of->{actors}{ $actor // 'nobody' } = 1;
        $of->{subjects}{$_} = 1 for @{ $subjects // [] };
    }
    for my $of (values %of) {
        $of->{shape} = join '; ', sort @{ $of->{shapes} };
    }
    return \%of;
}

# I1: each answer has its record, by its actor, which says what answers of this
# kind do when all is calm, and names each person that the answer showed.
# An answer is { request, kind, actor, shown }; calm is kind => shape.
sub unrecorded ($answers, $records, $calm) {
    my @wrong;
    for my $answer (@$answers) {
        my $what = "$answer->{kind} $answer->{request}";
        my $of = $records->{ $answer->{request} };
        if (!$of) {
            push @wrong, "$what: no record";
            next;
        }
        my $by = join ' ', sort keys %{ $of->{actors} };
        push @wrong, "$what: by $by" if $by ne $answer->{actor};
        push @wrong, "$what: $of->{shape}"
            if $of->{shape} ne ($calm->{ $answer->{kind} } // '');
        push @wrong, map { "$what: does not name $_" }
            grep { !$of->{subjects}{$_} } @{ $answer->{shown} };
    }
    return @wrong;
}


# I2, I15: what was acknowledged is stored once, as its sender's; what is stored
# was sent.  sent is id => [owner, content], stored is [id, owner], ...
sub misplaced ($sent, $acked, $stored) {
    my (%count, @wrong);
    for (@$stored) {
        my ($id, $owner) = @$_;
        push @wrong, "$id is stored twice" if $count{$id}++ == 1;
        push @wrong, "$id was never sent" if !$sent->{$id};
        push @wrong, "$id is stored as that of $owner"
            if $sent->{$id} && $sent->{$id}[0] ne $owner;
    }
    push @wrong, map { "$_ is lost" } grep { !$count{$_} } sort keys %$acked;
    return @wrong;
}

# What is shown is what was sent: members of the content alone are compared.
sub changed ($sent, @shown) {
    my @wrong;
    for my $item (@shown) {
        my $content = ($sent->{ $item->{id} } // [])->[1];
        push(@wrong, "$item->{id} was never sent"), next if !$content;
        for my $member (grep { $_ ne 'exercises' && $_ ne 'class_id' }
                        sort keys %$content) {
            my ($was, $is) = map { $json->encode($_->{$member}) } $content,
                                                                  $item;
            push @wrong, "$item->{id}: $member is $is" if $was ne $is;
        }
    }
    return @wrong;
}

# All pages of a list.
sub pages ($http, $path, $list) {
    my (@all, $cursor);
    do {
        my $res = $http->get($path . ($path =~ /\?/ ? '&' : '?') . 'limit=100'
                             . ($cursor ? "&cursor=$cursor" : ''));
        die "$path: ", $res->text if $res->status != 200;
        push @all, @{ $res->json->{$list} };
        $cursor = $res->json->{next};
    } while $cursor;
    return @all;
}


# How far somebody is with a homework of so many exercises: from what was
# acknowledged before the request to what was tried until its answer.
sub astray ($progress, $least, $most, $all) {
    my ($status, $done) = @$progress{qw(status exercises_done)};
    my $is = $done == 0 ? 'not_started' : $done < $all ? 'in_progress'
                                                       : 'completed';
    return "$done done, not $least to $most"
        if $done < $least || $done > $most;
    return "$status with $done of $all" if $status ne $is;
    my $score = $done ? $done * 10 : undef;
    return 'score ' . ($progress->{score} // 'null') . " with $done of $all"
        if ($progress->{score} // 'null') ne ($score // 'null');
    return '';
}

1;
