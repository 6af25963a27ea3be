# SPDX-License-Identifier: MIT
"""A provider whose answers the test words itself, byte by byte; knows no history of its own but lists it is given.

    p = provider.Provider()
    p.histories["anna"] = [("id", 1400000000), ...]    # newest first; answered as the sandbox does
    p.on("anna", 2, lambda: provider.refusal(401, "invalid_auth", "revoked"))   # her second request
    held = p.hold("anna", 2)                           # ... waits: held.arrived(), held.release()
    p.asked                                            # (token, beforeTimestamp or None) of each request
"""
import http.server
import json
import threading
import urllib.parse

import testdb


def page(items):
    return 200, {}, json.dumps({"meta": {"code": 200}, "response": {"checkins": {"count": len(items), "items": items}}})


def refusal(status, type, detail, **headers):
    meta = {"code": status, "errorType": type, "errorDetail": detail}
    return status, {k.replace("_", "-"): v for k, v in headers.items()}, json.dumps({"meta": meta, "response": {}})


class Held:
    def __init__(self):
        self._arrived, self._released = threading.Event(), threading.Event()
        self.answer = None

    def arrived(self):
        testdb.wait(self._arrived.is_set, 20, "the request arrived")

    def release(self, answer=None):
        """Lets it be answered: as worded here, else as ever."""
        self.answer = answer
        self._released.set()

    def __call__(self):
        self._arrived.set()
        self._released.wait(60)
        return self.answer


class Provider:
    def __init__(self):
        self.asked = []
        self.histories = {}
        self.special = {}
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                status, headers, body = provider.answer(self.headers["Authorization"].split(" ", 1)[1], self.path)
                body = body.encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}"

    def answer(self, token, path):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)
        before = int(query["beforeTimestamp"][0]) if "beforeTimestamp" in query else None
        self.asked.append((token, before))
        special = self.special.get((token, self.requests(token))) or self.special.get((token, None))
        worded = special() if special else None
        if worded:
            return worded
        items = [{"id": i, "createdAt": at} for i, at in self.histories[token] if before is None or at < before]
        return page(items[:int(query["limit"][0])])

    def requests(self, token):
        return sum(t == token for t, _ in self.asked)

    def on(self, token, number, answer):
        """answer() words the answer to that request of the token, None: to each."""
        self.special[token, number] = answer

    def hold(self, token, number):
        held = Held()
        self.on(token, number, held)
        return held
