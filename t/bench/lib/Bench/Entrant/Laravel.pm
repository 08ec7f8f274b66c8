package Bench::Entrant::Laravel;

# The same PHP with Debian's Laravel components.

use v5.36;

use parent 'Bench::Entrant::Php';

sub packages ($class) {
    return ($class->SUPER::packages, map { "php-illuminate-$_" }
            qw(database events http routing));
}

sub script ($class) { 'laravel.php' }
sub name ($self) { 'laravel' }
sub title ($self) { 'PHP, Laravel\'s components' }

1;
