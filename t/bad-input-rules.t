#!/usr/bin/perl

# I16: each rule of each member of each body, at its edge, named with its JSON
# pointer.  Pupil::BadInput has what holds for every case.

use lib 't/lib';
use Pupil::Test;
use Pupil::BadInput;

my $school = Pupil::BadInput->new;

# A body from parts: member => JSON text, undef leaves it out.
sub object ($base, %change) {
    my %member = (%$base, %change);
    return '{' . join(',', map { qq("$_":$member{$_}) }
                      grep { defined $member{$_} } sort keys %member) . '}';
}

# Rows of [member, JSON text or undef, pointer, rule].
sub members ($who, $method, $path, $base, @rows) {
    $school->bodies($who, $method, $path, map {
        my ($member, $json, $field, $rule) = @$_;
        my $shown = $json // 'missing';
        $shown = substr($shown, 0, 40) . '...' if length $shown > 43;
        ["$member: $shown", object($base, $member => $json), 422, $field,
         $rule];
    } @rows);
}

# What is no UUID as these paths and bodies write them.
my @no_uuid = ('"<mark>"', '""', '"00000000-0000-0000-0000-000000000000"',
    '"6F1C2C4E-7D1F-4A53-9D2E-0F5A3A1B9C77"',
    '"{6f1c2c4e-7d1f-4a53-9d2e-0f5a3a1b9c77}"',
    '"6f1c2c4e7d1f4a539d2e0f5a3a1b9c77"',
    '"6f1c2c4e-7d1f-4a53-9d2e-0f5a3a1b9c77 "',
    '"6f1c2c4e-7d1f-4a53-9d2e-0f5a3a1b9c7g"');

# What is no time of RFC 3339, and times that are absurd here.
my @no_time = ('"<mark>"', '""', '"2026-02-30T08:00:00Z"',
    '"2027-02-29T08:00:00Z"', '"2026-13-01T08:00:00Z"',
    '"2026-00-01T08:00:00Z"', '"2026-01-00T08:00:00Z"',
    '"2026-01-01T24:00:00Z"', '"2026-01-01T23:60:00Z"',
    '"2026-06-29T23:59:60Z"', '"2026-01-01T08:00:00"', '"2026-01-01"',
    '"2026-01-01 08:00:00Z"', '"2026-01-01T08:00:00+24:00"',
    '"2026-01-01T08:00:00.1234567"', '"9999-12-31T23:59:59Z"',
    '"0000-01-01T00:00:00Z"', '"1969-12-31T23:59:59Z"',
    '"-001-01-01T00:00:00Z"', '"99999999999-01-01T00:00:00Z"');
my @absurd = ('"1970-01-01T00:00:00Z"', '"2999-12-31T23:59:59Z"');

# Numbers that are no fit score, and the rule each breaks.
my @no_score = (['-1', 'minimum'], ['-0.000001', 'minimum'],
    ['1000001', 'maximum'], ['1000000.000001', 'maximum'],
    ['1e2', 'exponent'], ['1E400', 'exponent'],
    ['0.1234567', 'decimals'], ['12345678901234567890', 'digits'],
    ['99999999999999', 'range'], ['"7"', 'type'], ['true', 'type'],
    ['null', 'type'], ['[1]', 'type']);

my @no_number = ('01', '+1', '.5', '1.', '0x10', 'NaN', 'Infinity',
    '-Infinity', '1_000', '1,5', '--1', '-');


# ---- log-in

my %login = (identifier => '"<mark>"', password => '"<mark>"');
members(anon => POST => '/v1/login', \%login,
    (map { my $member = $_;
        [$member, undef, "/$member", 'required'],
        (map { [$member, $_, "/$member", 'type'] }
         'null', '1', 'false', '["<mark>"]', '{"a":"<mark>"}'),
        [$member, '""', "/$member", 'minLength'],
    } qw(identifier password)),
    [identifier => '"' . 'i' x 255 . '"', '/identifier', 'maxLength'],
    [identifier => '"' . "\xc3\xa5" x 128 . '"', '/identifier', 'maxLength'],
    [password => '"' . 'p' x 1025 . '"', '/password', 'maxLength'],
    [identifier => '"<mark>\n"', '/identifier', 'control-character'],
    [identifier => '"<mark>\u001b[2J"', '/identifier', 'control-character'],
    [identifier => '"<mark>\u007f"', '/identifier', 'control-character'],
    [identifier => '"<mark>\u0085"', '/identifier', 'control-character']);

# Log-in attempts are audited, whoever they name (I1, I13).
my $unknown = $school->case('an account that nobody has', anon => POST =>
    '/v1/login', { body => object(\%login) }, 401, 'invalid-credentials',
    { audit => 1 });
my $wrong = $school->case('a wrong password', anon => POST => '/v1/login',
    { body => '{"identifier":"OKlein","password":"<mark>"}' },
    401, 'invalid-credentials', { audit => 1 });
is $wrong->body =~ s/$_//gr, $unknown->body =~ s/${\$unknown->request_id}//gr,
    'the same bytes but for the request id' for $wrong->request_id;


# ---- another institution

members(pupil => POST => '/v1/session/institution', {},
    [institution_id => undef, '/institution_id', 'required'],
    (map { [institution_id => $_, '/institution_id', 'type'] }
     '7', '["<mark>"]'),
    (map { [institution_id => $_, '/institution_id', 'uuid'] } @no_uuid));
members(pupil => POST => '/v1/session/institution',
    { institution_id => 'null' },
    [role => '7', '/role', 'type'], [role => 'null', '/role', 'type'],
    [role => '""', '/role', 'minLength'],
    [role => '"<mark>"', '/role', 'enum'],
    [role => '"' . 'a' x 33 . '"', '/role', 'maxLength']);
# Two records: one's own roles were read, and this one was not among them.
$school->case('an institution of nobody', pupil => POST =>
    '/v1/session/institution', { body => '{"institution_id":"<id>"}' },
    404, 'not-found', { audit => 1 });


# ---- homework

my %homework = (class_id => '"<class>"', title => '"<mark>"',
    due_at => '"<tomorrow>"',
    exercises => '[{"title":"<mark>","max_score":1}]');
my @text = (['title', 'null', '/title', 'type'],
    ['title', '5', '/title', 'type'], ['title', '""', '/title', 'minLength'],
    ['title', '"' . 't' x 201 . '"', '/title', 'maxLength'],
    ['title', '"' . "\xf0\x9f\x99\x82" x 201 . '"', '/title', 'maxLength'],
    ['title', '"<mark>\n"', '/title', 'control-character'],
    ['title', '"<mark>\u009f"', '/title', 'control-character'],
    ['description', '5', '/description', 'type'],
    ['description', '{"a":"<mark>"}', '/description', 'type'],
    ['description', '"<mark>\u0000"', '/description', 'nul'],
    ['description', '"<mark>\u0007"', '/description', 'control-character'],
    ['description', '"' . 'd' x 20001 . '"', '/description', 'maxLength']);
my @dates = map { my $member = $_;
    (map { [$member, $_, "/$member", 'type'] } 'null', '1795248000', '{}'),
    (map { [$member, $_, "/$member", 'date-time'] } @no_time),
    (map { [$member, $_, "/$member", 'date-range'] } @absurd),
} qw(due_at);

# An escaped NUL is no JSON text that is taken anywhere: 400.
my ($nul) = grep { $_->[3] eq 'nul' } @text;
@text = grep { $_ != $nul } @text;

sub exercise ($json) { ['exercises', "[{\"title\":\"<mark>\",\"max_score\":1},"
                                     . "$json]"] }

members(teacher => POST => '/v1/homework', \%homework, @text, @dates,
    (map { [$_, undef, "/$_", 'required'] }
     qw(class_id title due_at exercises)),
    (map { ['class_id', $_, '/class_id', 'uuid'] } @no_uuid),
    ['class_id', '1', '/class_id', 'type'],
    ['assigned_at', 'null', '/assigned_at', 'type'],
    ['assigned_at', '"tomorrow <mark>"', '/assigned_at', 'date-time'],
    ['assigned_at', $absurd[0], '/assigned_at', 'date-range'],
    ['due_at', '"<past>"', '/due_at', 'after-assigned_at'],
    ['assigned_at', '"<tomorrow>"', '/due_at', 'after-assigned_at'],
    ['exercises', '{}', '/exercises', 'type'],
    ['exercises', 'null', '/exercises', 'type'],
    ['exercises', '[]', '/exercises', 'minItems'],
    ['exercises', '[' . join(',', ('{"title":"e","max_score":1}') x 101)
     . ']', '/exercises', 'maxItems'],
    [@{ exercise('7') }, '/exercises/1', 'type'],
    [@{ exercise('[]') }, '/exercises/1', 'type'],
    [@{ exercise('{"max_score":1}') }, '/exercises/1/title', 'required'],
    [@{ exercise('{"title":"x"}') }, '/exercises/1/max_score', 'required'],
    [@{ exercise('{"title":"","max_score":1}') }, '/exercises/1/title',
     'minLength'],
    [@{ exercise('{"title":"x","max_score":1,"id":"<mark>"}') },
     '/exercises/1/id', 'additionalProperties'],
    [@{ exercise('{"title":"x","max_score":0}') }, '/exercises/1/max_score',
     'exclusiveMinimum'],
    [@{ exercise('{"title":"x","max_score":-0.0}') },
     '/exercises/1/max_score', 'exclusiveMinimum'],
    (map { [@{ exercise('{"title":"x","max_score":' . $_->[0] . '}') },
            '/exercises/1/max_score',
            $_->[1] eq 'minimum' ? 'exclusiveMinimum' : $_->[1]] }
     @no_score));

$school->bodies(teacher => POST => '/v1/homework',
    ['an escaped NUL', object(\%homework, $nul->[0] => $nul->[1]), 400,
     '/description', 'nul'],
    map { ["max_score $_", object(\%homework,
           exercises => "[{\"title\":\"x\",\"max_score\":$_}]"), 400, undef,
           'malformed'] } @no_number);

$school->case('a class that is not there', teacher => POST => '/v1/homework',
    { body => object(\%homework, class_id => '"<id>"') }, 404, 'not-found',
    { audit => 1 });
$school->case('a pupil assigns', pupil => POST => '/v1/homework',
    { body => object(\%homework) }, 403, 'not-granted', { audit => 1 });

members(teacher => PATCH => '/v1/homework/<homework>', {}, @text,
    (grep { $_->[1] !~ /^"(?:2999|1970)/ } @dates),
    ['due_at', $absurd[1], '/due_at', 'date-range'],
    ['class_id', '"<class>"', '/class_id', 'additionalProperties'],
    ['assigned_at', '"<past>"', '/assigned_at', 'additionalProperties'],
    ['exercises', '[]', '/exercises', 'minItems'],
    ['exercises', '[{"id":"<mark>","title":"x","max_score":1}]',
     '/exercises/0/id', 'uuid'],
    ['id', '"<homework>"', '/id', 'additionalProperties']);
$school->bodies(teacher => PATCH => '/v1/homework/<homework>',
    ['nothing to change', '{}', 422, '', 'minProperties']);
# When it was assigned is stored: who is told is on record.
$school->case('due before it was assigned', teacher => PATCH =>
    '/v1/homework/<homework>', { body => '{"due_at":"<past>"}' }, 422,
    'invalid', { field => '/due_at', rule => 'after-assigned_at', audit => 1 });


# ---- progress

my %submission = (id => '"<id>"', homework_id => '"<homework>"',
    exercise_id => '"<exercise>"', answer => '"<mark>"');
my @submission = (
    (map { my $member = $_;
        [$member, undef, "/$member", 'required'],
        ['' . $member, 'null', "/$member", $member eq 'answer' ? undef
                                                              : 'type'],
        (map { [$member, $_, "/$member", 'uuid'] }
         $member eq 'answer' ? () : @no_uuid),
    } qw(id homework_id exercise_id answer)),
    ['answer', '"' . 'a' x 59_999 . '"', '/answer', 'maxLength'],
    ['answer', '["<mark>","' . 'a' x 60_000 . '"]', '/answer',
     'maxLength'],
    ['score', 'null', '/score', 'type'], ['score', '5', '/score', 'type'],
    ['score', '[1,2]', '/score', 'type'],
    ['score', '{}', '/score/raw', 'required'],
    ['score', '{"raw":1}', '/score/max', 'required'],
    ['score', '{"max":1}', '/score/raw', 'required'],
    ['score', '{"raw":2,"max":1}', '/score/raw', 'maximum'],
    ['score', '{"raw":1.000001,"max":1}', '/score/raw', 'maximum'],
    ['score', '{"raw":0,"max":0}', '/score/max', 'exclusiveMinimum'],
    ['score', '{"raw":1,"max":2,"scaled":"<mark>"}', '/score/scaled',
     'additionalProperties'],
    (map { ['score', '{"raw":' . $_->[0] . ',"max":10}', '/score/raw',
            $_->[1]] } @no_score),
    (map { my $flag = $_;
        map { [$flag, $_, "/$flag", 'type'] } '"true"', '1', 'null', '[]'
    } qw(success completion)),
    (map { ['duration', $_, '/duration', 'type'] } 'null', '34', '{}'),
    (map { ['duration', $_, '/duration', 'duration'] } '""', '"<mark>"',
     '"P"', '"PT"', '"34S"', '"P1S"', '"PT1H1H"', '"-PT1S"', '"PT1.S"',
     '"PT1.5H1S"', '"pt34s"', '"PT1234567890S"', '"PT' . '1' x 70 . 'S"'),
    ['timestamp', 'null', '/timestamp', 'type'],
    ['timestamp', '1795248000', '/timestamp', 'type'],
    (map { ['timestamp', $_, '/timestamp', 'date-time'] } @no_time),
    (map { ['timestamp', $_, '/timestamp', 'date-range'] } @absurd),
);
# null is an answer like any other
@submission = grep { $_->[0] ne 'answer' || ($_->[1] // '') ne 'null' }
              @submission;
members(pupil => POST => '/v1/progress', \%submission, @submission);
$school->bodies(pupil => POST => '/v1/progress',
    (map { ["raw $_", object(\%submission,
            score => "{\"raw\":$_,\"max\":10}"), 400, undef, 'malformed'] }
     @no_number),
    ['101 submissions', '[' . join(',', (object(\%submission)) x 101) . ']',
     422, '', 'maxItems'],
    ['an escaped NUL in the answer', object(\%submission,
     answer => '{"a":["<mark>\u0000"]}'), 400, '/answer/a/0', 'nul'],
    ['33000 values', '[' . join(',', (1) x 33000) . ']', 400, undef,
     'too-many-nodes']);

for my $case ([homework_id => '"<id>"'], [exercise_id => '"<id>"'],
              [homework_id => '"<class>"'])
{
    $school->case("a $case->[0] that is not there", pupil => POST =>
        '/v1/progress', { body => object(\%submission, @$case) },
        404, 'not-found', { audit => 1 });
}
$school->case('homework of another school', other => POST => '/v1/progress',
    { body => object(\%submission) }, 404, 'not-found', { audit => 1 });
$school->case('a teacher submits', teacher => POST => '/v1/progress',
    { body => object(\%submission) }, 403, 'not-granted', { audit => 1 });
$school->case('an id of yours with other content', pupil => POST =>
    '/v1/progress', { body => object(\%submission, id => '"<stored>"') },
    409, 'id-conflict', { audit => 1 });
$school->case('an id of another pupil is not compared', other => POST =>
    '/v1/progress', { body => object(\%submission, id => '"<stored>"') },
    404, 'not-found', { audit => 1 });

# In an array each stands on its own: all faults at once, nothing stored.
my @batch = grep { ($_->[2] // '') ne '' } @submission;
while (my @some = splice @batch, 0, 40) {
    my $mark = 'MARKbatch' . uuid();
    my $before = $school->digest;
    my $body = '[' . join(',', map { object(\%submission, @$_[0, 1]) } @some)
               . ']';
    my $res = $school->http->post('/v1/progress',
                                  body => $school->fill($body, $mark));
    is_status $res, 200, scalar(@some) . ' bad submissions in an array';
    my @results = @{ (eval { $res->json } // {})->{results} // [] };
    my @faults;
    for my $i (0 .. $#some) {
        my ($member, $json, $field, $rule) = @{ $some[$i] };
        my $error = ($results[$i]{problem}{errors} // [])->[0] // {};
        push @faults, "$i $member: " . json_of($results[$i] // 'none')
            if ($results[$i]{status} // '') ne 'refused'
            || ($error->{field} // '') ne "/$i$field"
            || ($error->{rule} // '') ne $rule;
    }
    is join("\n", @faults), '', 'each is refused by its own rule';
    is index($res->body, $mark), -1, 'no value is shown';
    is $school->digest, $before, 'nothing is stored';
    is index($school->nginx->log_text, $mark), -1, 'or logged';
}
delete $school->{before};


# ---- any category

members(pupil => PATCH => '/v1/data/example', {},
    (map { ['favourite_subjects', $_, '/favourite_subjects', 'type'] }
     '1', 'true', '["<mark>"]', '{"a":"<mark>"}'),
    ['favourite_subjects', '"<mark>;"', '/favourite_subjects', 'pattern'],
    ['favourite_subjects', '"<mark>\n"', '/favourite_subjects', undef],
    ['favourite_subjects', '"' . 'x' x 201 . '"', '/favourite_subjects',
     'maxLength'],
    ['favourite_subjects', '"a,b,c,d,e,f"', '/favourite_subjects',
     'max_subjects'],
    ['favourite_subjects', '""', '/favourite_subjects', 'minLength'],
    ['favourite_subjects', '"   "', '/favourite_subjects', 'minLength'],
    ['favourite_subjects', 'null', '/favourite_subjects', undef],
    (map { ['chosen_on', $_, '/chosen_on', 'type'] } '1', '{}', 'false'),
    (map { ['chosen_on', $_, '/chosen_on', undef] } '"<mark>"', '""',
     '"2026-02-30"', '"2026-2-3"', '"10000-01-01"', '"1899-12-31"',
     '"2026-01-01T00:00:00Z"'),
    (map { ['id', $_, '/id', 'uuid'] } @no_uuid),
    (map { [$_, '"<mark>"', "/$_", 'additionalProperties'] }
     qw(tenant owner record key_version source updated_at Favourite_subjects
        given_name)));
$school->bodies(pupil => PATCH => '/v1/data/example',
    ['nothing to change', '{}', 422, '', 'minProperties'],
    ['65 members', '{' . join(',', map { "\"m$_\":1" } 1 .. 65) . '}', 422,
     '', 'maxProperties']);

done_testing;
