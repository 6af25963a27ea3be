# SPDX-License-Identifier: MIT
"""The provider's sandbox for Python tests: starts pgqueue-sandbox, asks it and steers it; knows no importer.

    import sandbox
    s = sandbox.Sandbox("--user", "anna=gen:500")      # gone at exit
    s.url                                              # what [provider foursquare] base_url is set to
    s.page("anna", limit=250).items                    # the check-ins as Python values
    s.fault(kind="429", token="anna", count=1, seconds=2)
    s.stats("anna")["requests"]
"""
import http.client
import json
import urllib.parse

import testdb


class Answer:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = response.headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def items(self):
        return self.json["response"]["checkins"]["items"]

    @property
    def count(self):
        return self.json["response"]["checkins"]["count"]

    @property
    def error(self):
        """errorType of the provider's envelope."""
        return self.json["meta"].get("errorType")

    @property
    def texts(self):
        """The exact bytes of each check-in: cut out of the body by a decoder that is not the sandbox's."""
        text = self.body.decode("utf-8")
        at = text.index('"items":[') + len('"items":[')
        found = []
        decoder = json.JSONDecoder()
        while text[at] != "]":
            _, end = decoder.raw_decode(text, at)
            found.append(text[at:end])
            at = end + (text[end] == ",")
        return found


class Sandbox:
    def __init__(self, *args):
        self.process = testdb.start("pgqueue-sandbox", *args)

        def ready():
            if not self.process.running():
                testdb.bail("pgqueue-sandbox: " + self.process.log())
            return "\n" in self.process.output()

        testdb.wait(ready, 10, "pgqueue-sandbox is listening")
        self.url = self.process.output().split()[-1]
        self.port = int(self.url.rsplit(":", 1)[1])

    def connect(self, timeout=60):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def request(self, method, path, headers=None, body=None, connection=None, timeout=60):
        c = connection or self.connect(timeout)
        c.request(method, path, body=body, headers=headers or {})
        response = c.getresponse()
        answer = Answer(response, response.read())
        if not connection:
            c.close()
        return answer

    def page(self, token, v="20240101", connection=None, timeout=60, **params):
        """One request for check-ins as the importer makes it; v=None leaves the version out."""
        if v:
            params["v"] = v
        return self.request("GET", "/v2/users/self/checkins?" + urllib.parse.urlencode(params),
                            {"Authorization": "Bearer " + token}, connection=connection, timeout=timeout)

    def walk(self, token, limit=250):
        """The exact texts of all check-ins, by offset."""
        found = []
        connection = self.connect()
        while True:
            texts = self.page(token, connection=connection, limit=limit, offset=len(found)).texts
            if not texts:
                return found
            found += texts

    def control(self, method, what, **params):
        answer = self.request(method, f"/_sandbox/{what}?" + urllib.parse.urlencode(params))
        if answer.status != 200:
            testdb.bail(f"sandbox {what}: {answer.body!r}")
        return answer.json

    def fault(self, **params):
        return self.control("POST", "fault", **params)

    def no_faults(self):
        return self.control("POST", "fault", kind="none")

    def grow(self, token, count):
        return self.control("POST", "grow", token=token, count=count)

    def edit(self, token, index):
        return self.control("POST", "edit", token=token, index=index)

    def user(self, token):
        return self.control("GET", "user", token=token)

    def stats(self, token=None):
        if not token:
            return self.control("GET", "stats")
        return self.control("GET", "stats", token=token)["users"][token]

    def reset(self):
        return self.control("POST", "reset")
