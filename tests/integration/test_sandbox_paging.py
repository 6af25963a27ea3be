# SPDX-License-Identifier: MIT
"""The sandbox pages as the provider does, and serves recorded check-ins byte for byte; a list in Python is the model."""
import json
import os
import random

import testdb
from sandbox import Sandbox
from testdb import done, is_, ok

random.seed(4)


def model(times, limit=20, offset=0, before=None, after=None, sort="newestfirst", inclusive=False):
    """Indices into the list, newest first, that one page must hold."""
    found = [i for i, t in enumerate(times)
             if (before is None or t < before or (inclusive and t == before)) and (after is None or t >= after)]
    if sort == "oldestfirst":
        found.reverse()
    return found[offset:offset + min(limit, 250)]


def random_query(times):
    near = times and random.choice(times) + random.choice([-1, 0, 0, 1])
    query = {}
    if random.random() < 0.8:
        query["limit"] = random.choice([1, 2, 19, 249, 250, 251, 100000])
    if random.random() < 0.5:
        query["offset"] = random.choice([0, 1, 249, 250, 251, len(times), len(times) + 1, random.randrange(len(times) + 9)])
    if times and random.random() < 0.5:
        query["before"] = near
    if times and random.random() < 0.4:
        query["after"] = random.choice(times) + random.choice([-1, 0, 0, 1])
    if random.random() < 0.3:
        query["sort"] = random.choice(["newestfirst", "oldestfirst"])
    return query


def check_random_pages(s, token, texts, n, inclusive=False):
    times = [json.loads(text)["createdAt"] for text in texts]
    wrong = []
    connection = s.connect()
    for _ in range(n):
        query = random_query(times)
        params = {{"before": "beforeTimestamp", "after": "afterTimestamp"}.get(k, k): v for k, v in query.items()}
        got = s.page(token, connection=connection, **params).texts
        if got != [texts[i] for i in model(times, inclusive=inclusive, **query)]:
            wrong.append(query)
    is_(wrong, [], f"{n} random pages of {token} ({len(texts)} check-ins) are those of the model")


def walk_by_time(s, token):
    """As the importer walks: from the oldest second seen + 1 until an empty page."""
    seen = {}
    params = {}
    pages = 0
    while True:
        page = s.page(token, limit=250, **params).texts
        pages += 1
        if not page:
            return list(seen.values()), pages
        for text in page:
            item = json.loads(text)
            seen[item["id"]] = text
        oldest = json.loads(page[-1])["createdAt"] + 1
        if params.get("beforeTimestamp") == oldest:  # only the boundary's own second is left
            params["beforeTimestamp"] = oldest - 1
        else:
            params["beforeTimestamp"] = oldest


# Recorded pages, as odd as their spelling may be: spaces, escapes, numbers, member order, the same second, an item twice.
ODD = [
    '{"id":"5000000a0000000000000001","createdAt":1342177290,"type":"checkin"}',
    '{ "createdAt" : 1342177289 ,\n\t"id":"500000090000000000000002", "n": [1.0, 1e2, -0, 12345678901234567890.10] }',
    '{"id":"500000090000000000000003","createdAt":1342177289,"shout":"a \\"quoted\\" ]}, \\\\","x":{"items":[{}]}}',
    '{"id":"500000080000000000000004","createdAt":1342177288,"shout":"\\ud83d\\ude00 \\u00e9 \\/ \u00e9 \U0001f600"}',
    '{"id":"500000070000000000000005","createdAt":1342177287,"venue":{"id":"9","createdAt":5,"name":"}"},"e":[]}',
]
NEXT = [
    '{"id":"5000000b0000000000000006","createdAt":1342177291,"new":true}',
    '{"id":"500000080000000000000004","createdAt":1342177288,"shout":"edited"}',
]


def write_pages(folder):
    os.makedirs(folder)

    def write(name, items):
        with open(f"{folder}/{name}", "w", encoding="utf-8") as f:
            f.write('{"notifications":[], "response" : {"checkins":{ "items" : [ %s ],"count":77}},"meta":{"code":200}}\n'
                    % " , ".join(items))

    write("checkins-offset-0000.json", ODD[:3])
    write("checkins-offset-0003.json", ODD[2:])  # one check-in twice, as when the list moved between two pages
    write("checkins-next-run.json", NEXT)


data = testdb.tmp("data")
write_pages(data + "/ann")
os.makedirs(data + "/nothing-recorded")
s = Sandbox("--data", data, "--user", f"ben=dir:{data}/ann,next-run", "--user", "none=gen:0", "--user", "one=gen:1",
            "--user", "g249=gen:249", "--user", "g250=gen:250", "--user", "g251=gen:251", "--user", "g777=gen:777,seed=5",
            "--user", "tail==gen:3", "--generate", "500")

is_(s.walk("ann"), ODD, "recorded check-ins keep their exact text, each once, newest first")
is_(s.page("ann").count, 77, "the announced count is the recorded one")
merged = [NEXT[0], *ODD[:3], NEXT[1], ODD[4]]
is_(s.walk("ben"), merged, "the next run adds its check-ins and replaces the edited one")
is_(s.control("POST", "user", token="ann", next_run=1)["size"], 6, "the next run is shown on demand")
is_(s.walk("ann"), merged, "and is served from then on")
s.control("POST", "user", token="ann", next_run=0)
is_(s.walk("ann"), ODD, "and hidden again")
check_random_pages(s, "ann", ODD, 100)
is_(s.page("nothing-recorded").status, 401, "a folder without recorded pages is no user")
is_(len(s.walk("tail=")), 3, "a token may end in an equals sign")

for token, size in ("none", 0), ("one", 1), ("g249", 249), ("g250", 250), ("g251", 251), ("g777", 777), ("gen-x", 500):
    texts = s.walk(token)
    is_(len(texts), size, f"{token} has {size} check-ins")
    ok(s.page(token).count > size, f"the count announced for {token} is larger")
    check_random_pages(s, token, texts, 60)
    walked, pages = walk_by_time(s, token)
    is_(sorted(walked), sorted(texts), f"walking {token} back in time finds every check-in")
is_(len(s.page("g250", limit=250).items), 250, "the last page with check-ins may be full")
is_(s.page("g250", limit=250, offset=250).items, [], "beyond the end the items are empty")
is_(len(s.page("g777").items), 20, "the limit is 20 unless given")

texts = s.walk("g777")
times = [json.loads(text)["createdAt"] for text in texts]
ok(times[249] == times[250], "two check-ins of one second lie on two pages")
s.control("POST", "user", token="g777", before="inclusive")
check_random_pages(s, "g777", texts, 100, inclusive=True)
s.control("POST", "user", token="g777", before="exclusive")
check_random_pages(s, "g777", texts, 30)

for what, params, status, error in (
        ("no version", {"v": None}, 410, "param_error"),
        ("an odd version", {"v": "2024"}, 400, "param_error"),
        ("a negative offset", {"offset": -1}, 400, "param_error"),
        ("limit 0", {"limit": 0}, 400, "param_error"),
        ("a limit that is no number", {"limit": "10x"}, 400, "param_error"),
        ("a time that is no number", {"beforeTimestamp": "now"}, 400, "param_error"),
        ("an unknown order", {"sort": "random"}, 400, "param_error"),
):
    answer = s.page("one", **params)
    is_((answer.status, answer.error, answer.json["response"]), (status, error, {}), f"{what} is refused")
answer = s.request("GET", "/v2/users/self/checkins?v=20240101")
is_((answer.status, answer.error), (400, "invalid_auth"), "a request without token is refused")
answer = s.page("stranger")
is_((answer.status, answer.error), (401, "invalid_auth"), "an unknown token is refused")
answer = s.request("GET", "/v2/users/self/checkins?v=20240101&oauth_token=one")
is_((answer.status, len(answer.items)), (200, 1), "the token may be a parameter")
answer = s.request("GET", "/v2/users/self/tips?v=20240101")
is_((answer.status, answer.error), (404, "endpoint_error"), "another endpoint is not found")
is_(s.request("POST", "/v2/users/self/checkins?v=20240101", body="x=1").status, 405, "check-ins are only read")
page = s.page("one").json
is_((page["meta"]["code"], page["notifications"][0]["type"]), (200, "notificationTray"), "the envelope is the provider's")

# What the provider really sent, where it is at hand.
recorded = os.environ.get("PGQUEUE_RECORDED")
if recorded:
    recorded += "/foursquare"
    s = Sandbox("--data", recorded)
    for token, size, count in ("user-a", 2160, 2206), ("user-b", 1000, 4838), ("legacy-2011", 250, 1448):
        with open(f"{recorded}/{token}/INDEX.json", encoding="utf-8") as f:
            index = json.load(f)
        files = [f["file"] for f in index["files"] if "offset" in f["file"]]
        raw = "".join(open(f"{recorded}/{token}/{f}", encoding="utf-8").read() for f in files)
        texts = s.walk(token)
        is_((len(texts), s.page(token).count), (size, count), f"{token} has the recorded counts")
        ok(all(text in raw for text in texts), f"every check-in of {token} is in its files, byte for byte")
        is_(len({json.loads(text)["id"] for text in texts}), size, f"no check-in of {token} comes twice")
        check_random_pages(s, token, texts, 60)
        is_(sorted(walk_by_time(s, token)[0]), sorted(texts), f"walking {token} back in time finds every check-in")
    s.control("POST", "user", token="legacy-2011", next_run=1)
    is_(s.user("legacy-2011")["size"], 252, "the recorded next run of 2011 adds two check-ins")
done()
