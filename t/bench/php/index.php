<?php
// Copyright (C) the Pupil authors
//
// Plain PHP, as php-fpm runs it: PDO and sodium.

declare(strict_types=1);

require __DIR__ . '/vault.php';
require __DIR__ . '/store.php';
require __DIR__ . '/keys.php';
require __DIR__ . '/handlers.php';

$config = require __DIR__ . '/config.php';
$handlers = new Handlers($config, new Store($config['statements'], $config['database']), new Keys($config));
$path = strtok($_SERVER['REQUEST_URI'], '?');

if ($path === '/v1/homework') {
    [$status, $body] = $handlers->list();
} elseif ($path === '/v1/progress') {
    [$status, $body] = $handlers->submit();
} elseif (preg_match('~^/v1/homework/([0-9a-f-]{36})/progress$~D', $path, $m)) {
    [$status, $body] = $handlers->overview(uuid_text($m[1]));
} else {
    [$status, $body] = $path === '/ready' ? [200, ['status' => 'ok']] : [404, ['status' => 404]];
}

$text = json_encode($body, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR);
http_response_code($status);
header('Content-Type: application/json; charset=utf-8');
header('Content-Length: ' . strlen($text));
header('Cache-Control: no-store');
header('X-Content-Type-Options: nosniff');
echo $text;
