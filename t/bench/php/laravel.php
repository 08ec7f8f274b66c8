<?php
// Copyright (C) the Pupil authors
//
// The same handlers with Debian's Laravel components: its router, requests and
// answers, and its database connection.

declare(strict_types=1);

error_reporting(E_ALL & ~E_DEPRECATED);     // older than this PHP

require 'Illuminate/Database/autoload.php';
require 'Illuminate/Events/autoload.php';
require 'Illuminate/Http/autoload.php';
require 'Illuminate/Routing/autoload.php';
require __DIR__ . '/vault.php';
require __DIR__ . '/store.php';
require __DIR__ . '/keys.php';
require __DIR__ . '/handlers.php';

use Illuminate\Container\Container;
use Illuminate\Database\Events\StatementPrepared;
use Illuminate\Database\PostgresConnection;
use Illuminate\Events\Dispatcher;
use Illuminate\Http\JsonResponse;
use Illuminate\Http\Request;
use Illuminate\Routing\Router;

class LaravelStore extends Store
{
    private PostgresConnection $connection;

    public function __construct(array $statements, array $to, Dispatcher $events)
    {
        parent::__construct($statements, $to);
        $this->connection = new PostgresConnection($this->pdo, 'pupil');
        $this->connection->setEventDispatcher($events);
        $events->listen(StatementPrepared::class,
            fn ($event) => $event->statement->setFetchMode(PDO::FETCH_NUM));
    }

    protected function query(string $sql): array
    {
        return self::bytes($this->connection->select($sql));
    }
}

function answer(array $made): JsonResponse
{
    $response = new JsonResponse($made[1], $made[0], ['Cache-Control' => 'no-store',
        'Content-Type' => 'application/json; charset=utf-8', 'X-Content-Type-Options' => 'nosniff'],
        JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
    $response->headers->set('Content-Length', (string) strlen($response->getContent()));
    return $response;
}

$config = require __DIR__ . '/config.php';
$container = new Container();
$events = new Dispatcher($container);
$handlers = new Handlers($config, new LaravelStore($config['statements'], $config['database'],
    $events), new Keys($config));

$router = new Router($events, $container);
$router->get('/v1/homework', fn () => answer($handlers->list()));
$router->post('/v1/progress', fn () => answer($handlers->submit()));
$router->get('/v1/homework/{id}/progress', fn (string $id) => answer($handlers->overview(
    uuid_text($id))))->where('id', '[0-9a-f-]{36}');
$router->get('/ready', fn () => answer([200, ['status' => 'ok']]));
$router->dispatch(Request::capture())->send();
