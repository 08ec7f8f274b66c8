#!/usr/bin/python3

# Copyright (C) the Pupil authors
#
# A mail relay that is no good: says yes to as much as MODE says, and then
# nothing for as long as anybody waits.
#
#     relay.py PORT greeting|data|quit
#
# It ends with the process that started it, and tells on stdout, a line for
# each: who came, and which mail it said yes to.

import os
import socketserver
import sys
import threading
import time

parent = os.getppid()
port, mode = sys.argv[1:3]


class Relay(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def hang(self):
        time.sleep(3600)

    def handle(self):
        print("came", flush=True)
        if mode == "greeting":
            self.hang()
        self.say("220 relay.example")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"DATA":
                self.say("354 Go on")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                if mode == "data":
                    self.hang()
                print("yes", flush=True)
            elif verb == b"QUIT":
                self.hang()
            self.say("250 OK")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


server = Server(("127.0.0.1", int(port)), Relay)
threading.Thread(target=server.serve_forever, daemon=True).start()
while os.getppid() == parent:
    time.sleep(0.2)
