"""Backends and issuers that mean no good, on loopback: silent ones, and ones that drip."""
import multiprocessing
import socket
import threading
import time


class Listener:
    """Accepts, and leaves it to `serve` what each connection gets."""

    def __init__(self, serve):
        self.serve, self.open = serve, []
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.open.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def close(self):
        self.socket.close()
        for connection in self.open:
            connection.close()


def silence(connection):
    """Never says a word."""


def drip(connection):
    """A JWK set that never ends: the head at once, and then a byte a second."""
    try:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{")
        for _ in range(600):
            connection.sendall(b" ")
            time.sleep(1)
    except OSError:
        pass


PASSING, SILENT, DRIPPING = range(3)


class Switch:
    """Passes connections on to a real server, until it is told to keep silent or to drip."""

    def __init__(self, port):
        # Seen by the processes of the attacks too.
        self.port, self.mode = port, multiprocessing.get_context("fork").Value("b", PASSING)
        self.listener = Listener(self.serve)

    def serve(self, connection):
        if self.mode.value == SILENT:
            return
        there = socket.create_connection(("127.0.0.1", self.port))
        for a, b in ((connection, there), (there, connection)):
            threading.Thread(target=self.pump, args=(a, b), daemon=True).start()

    def pump(self, a, b):
        try:
            while data := a.recv(65536):
                if self.mode.value == SILENT:
                    return
                if self.mode.value == PASSING:
                    b.sendall(data)
                    continue
                for place in range(len(data)):
                    b.sendall(data[place:place + 1])
                    time.sleep(0.3)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass
