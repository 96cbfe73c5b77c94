"""What real servers with an HTTP API have in common: they are started and ended by a `with`, and asked on loopback."""
import http.client
import json

LOOPBACK = "127.0.0.1"


class Server:
    """One says how to `start` and to `close` it, and has its `port`."""

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    def ask(self, method, path, body, headers):
        """One request. Gives (status, headers, bytes)."""
        data = body if body is None or isinstance(body, (bytes, str)) else json.dumps(body)
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=30)
        try:
            connection.request(method, path, data, dict(headers))
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()
