#!/usr/bin/perl

# I16: a bad body gets a 4xx that names the member and the rule, never the
# value, and changes nothing.  I1: it is counted and not audited.
# Pupil::BadInput has what holds for every case.

use lib 't/lib';
use Pupil::Test;
use Pupil::BadInput;

my $school = Pupil::BadInput->new;
my $nginx = $school->nginx;

# Where bodies are taken: who sends, how, where to, a member that is known
# there, and a whole body that is fine.
my @endpoints = (
    [anon => POST => '/v1/login', 'identifier',
     '{"identifier":"a","password":"b"}'],
    [pupil => POST => '/v1/session/institution', 'institution_id',
     '{"institution_id":"<id>"}'],
    [pupil => POST => '/v1/me/support-grants', 'minutes', '{"minutes":1}'],
    [teacher => POST => '/v1/homework', 'title',
     '{"class_id":"<class>","title":"t","due_at":"<tomorrow>",'
     . '"exercises":[{"title":"e","max_score":1}]}'],
    [teacher => PATCH => '/v1/homework/<homework>', 'title',
     '{"title":"t"}'],
    [pupil => POST => '/v1/progress', 'answer',
     '{"id":"<id>","homework_id":"<homework>","exercise_id":"<exercise>",'
     . '"answer":1}'],
    [pupil => PATCH => '/v1/data/example', 'favourite_subjects',
     '{"favourite_subjects":"Music"}'],
);


# ---- what no endpoint takes

for my $endpoint (@endpoints) {
    my ($who, $method, $path, $member, $good) = @$endpoint;
    my $list = $path eq '/v1/progress';

    $school->bodies($who, $method, $path,
        ['no byte', '', 400, '', 'malformed'],
        ['white space', " \t\r\n", 400, '', 'malformed'],
        ['cut off', substr($good, 0, -1), 400, undef, 'malformed'],
        ['cut in a string', qq({"$member":"<mark>), 400, undef, 'malformed'],
        ['a comma too many', qq({"$member":"<mark>",}), 400, undef,
         'malformed'],
        ['single quotes', qq({'$member':'<mark>'}), 400, undef, 'malformed'],
        ['a bare word', qq({"$member":<mark>}), 400, undef, 'malformed'],
        ['a comment', "$good/*<mark>*/", 400, '', 'malformed'],
        ['two values', "$good $good", 400, '', 'malformed'],
        ['a byte order mark', "\xef\xbb\xbf$good", 400, '', 'malformed'],
        ['UTF-16', join("\0", split(//, '{"a":1}'), ''), 400, undef, undef],
        ['a form', "$member=<mark>", 400, '', 'malformed'],
        ['a raw line feed', qq({"$member":"<mark>\n"}), 400, undef,
         'malformed'],
        ['a raw NUL', qq({"$member":"<mark><nul>"}), 400, "/$member", 'nul'],
        ['NUL after the value', "$good<nul>", 400, undef, undef],
        ['an escaped NUL', qq({"$member":"<mark>\\u0000"}), 400, "/$member",
         'nul'],
        ['no UTF-8', qq({"$member":"<mark><ff>"}), 400, "/$member", 'utf8'],
        ['an overlong form', qq({"$member":"<mark>\xc0\xaf"}), 400,
         "/$member", 'utf8'],
        ['a surrogate in UTF-8', qq({"$member":"<mark>\xed\xa0\x80"}), 400,
         "/$member", 'utf8'],
        ['half a surrogate pair', qq({"$member":"<mark>\\ud83d"}), 400,
         "/$member", 'utf8'],
        ['an escape that is none', qq({"$member":"<mark>\\x41"}), 400, undef,
         'malformed'],
        ['a key twice', qq({"$member":"<mark>","$member":"<mark>"}), 400,
         "/$member", 'duplicate-key'],
        ['a key twice, once escaped', sprintf('{"%s":1,"\u%04x%s":"<mark>"}',
         $member, ord $member, substr $member, 1), 400, "/$member",
         'duplicate-key'],
        ['a key twice, deeper', qq({"$member":{"a":1,"a":"<mark>"}}), 400,
         "/$member/a", 'duplicate-key'],
        ['depth 17', qq({"$member":) . '[' x 16 . ']' x 16 . '}', 400, undef,
         'depth'],
        ['depth 15000', '[' x 15000, 400, undef, 'depth'],
        ['null', 'null', 422, '', 'type'],
        ['a number', '42', 422, '', 'type'],
        ['a string', '"<mark>"', 422, '', 'type'],
        ['true', 'true', 422, '', 'type'],
        ['an empty list', '[]', 422, '', $list ? 'minItems' : 'type'],
        ($list ? () : ['a list', "[$good]", 422, '', 'type']),
        ['an unknown member', $good =~ s/\}\z/,"hobby":"<mark>"}/r, 422,
         '/hobby', 'additionalProperties'],
        ['a member in capitals', $good =~ s/\}\z/,"\U$member\E":"<mark>"}/r,
         422, "/\U$member", 'additionalProperties'],
        ['__proto__', $good =~ s/\}\z/,"__proto__":{"a":"<mark>"}}/r, 422,
         '/__proto__', 'additionalProperties'],
    );
}


# ---- a name is the client's text, too

my $odd = $school->case('the name of an unknown member is made harmless',
    pupil => POST => '/v1/progress', { body => '{"a&b\"\u001b/~\u003c":1}' },
    422, 'invalid', { rule => 'additionalProperties' });
unlike $odd->json->{errors}[0]{field}, qr{[<>&"\e]|/.*/},
    'nothing that means something elsewhere';

my $long = '{"' . 'n' x 5000 . '":1}';
my $cut = $school->case('a name of 5000 bytes', pupil => POST =>
    '/v1/progress', { body => $long }, 422, 'invalid',
    { rule => 'additionalProperties' });
cmp_ok length $cut->body, '<', 700, 'it is cut';



# ---- what the cases look for is found

my $fine = '{"id":"<id>","homework_id":"<homework>","exercise_id":'
    . '"<exercise>","answer":"<mark>"}';
my (undef, @faults) = $school->faults(pupil => POST => '/v1/progress',
    { body => $fine }, 422, 'invalid', { field => '/id', rule => 'uuid' });
my $faults = join "\n", @faults;
like $faults, qr/^$_/m, "a case that is none: $_" for
    'status: 201, not 422', 'Content-Type', 'type: missing', 'errors: ',
    'names no rule', '1 audit records, not 0',
    'the tables changed: data.progress', '/status: 4xx grew by 0',
    '/status: bad_request grew by 0';

(undef, @faults) = $school->faults(pupil => GET => '/v1/homework?<mark>=1',
    {}, 422, 'invalid', { field => '<mark>', rule => 'enum' });
like join("\n", @faults), qr/^the value is shown/m, 'a value that is shown';

(undef, @faults) = $school->faults(anon => GET => '/nothing/<mark>', {}, 404,
                                   'not-found', { nginx => 1 });
like join("\n", @faults), qr/^the value is logged/m, 'a value that is logged';

my ($worker) = $nginx->workers;
$nginx->kill_worker($worker);
wait_until(60, 'a new worker', sub { grep { $_ != $worker } $nginx->workers });
(undef, @faults) = $school->faults(anon => GET => '/v1/homework', {}, 401,
                                   'no-session');
like join("\n", @faults), qr/^workers \d+, not $worker/m,
    'a worker that is another';

done_testing;
