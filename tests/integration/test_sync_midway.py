# SPDX-License-Identifier: MIT
"""What the user does to a connection while its import is under way, or between two: new tokens, none, another account."""
import json

import provider
import syncapp
import testdb
from testdb import done, is_, ok

DAY = 86400
NOON = 1400000000
SIZE = 10

p = provider.Provider()
app = syncapp.App()
app.sandbox.url = p.url
app.options(retry_delay=60)
app.start(concurrency=2, provider=f"page_size = {SIZE}")


def history(token, count, newest=NOON):
    p.histories[token] = [(f"{token}-{i}", newest - i * 60) for i in range(count)]


def reconnect(user, token):
    return app.command("sync", "connect", str(user), "foursquare", stdin=json.dumps({"access_token": token}))


def disconnect(connection):
    app.command("sync", "disconnect", str(connection))


def begun(token, number=2):
    """A user whose import waits for the answer to its request of that number: user, connection, the held request."""
    history(token, 25)
    user = app.user(token)
    held = p.hold(token, number)
    app.c.sql("select * from sync.import_now(array[%s])", user)
    held.arrived()
    return user, app.tokens[token], held


def stored(connection, prefix):
    return app.c.one("select count(*) from sync.foursquare_checkin where connection_id = %s and id like %s", connection, prefix + "-%")


REVOKED = provider.refusal(401, "invalid_auth", "OAuth token invalid or revoked.")

# A new token, then the old one is revoked
user, connection, held = begun("old")
p.histories["new"] = p.histories["old"]
reconnect(user, "new")
held.release(REVOKED)
app.wait()
is_(app.last(user), ("completed", 25, None, 1), "an import whose token is replaced and then refused goes on with the new one, no attempt lost")
is_(app.status("old"), ("completed", None), "the connection is whole")
is_([b for t, b in p.asked if t == "new"][0], NOON - 9 * 60 + 1, "from where it was")

# A new token, and the old one still works
user, connection, held = begun("replaced")
p.histories["replacing"] = p.histories["replaced"]
reconnect(user, "replacing")
held.release()
app.wait()
is_(app.last(user), ("completed", 25, None, 1), "nor does it go on with a replaced token that still works")
is_(p.requests("replaced"), 2, "which is not used again")

# The token is refused, and there is no other
user, connection, held = begun("gone")
held.release(REVOKED)
app.wait()
is_(app.status("gone")[0], "needs_reauth", "a refused token that is still the connection's own asks for another")

# Disconnected
user, connection, held = begun("leaver")
disconnect(connection)
held.release()
app.wait()
last = app.last(user)
is_(last[:2] + last[3:], ("failed", 10, 1), "an import whose connection is disconnected ends for good")
ok("disconnected" in last[2], "and says so")
is_((stored(connection, "leaver"), p.requests("leaver")), (10, 2), "nothing is asked for or stored any more")
user, connection, held = begun("revoker")
disconnect(connection)
held.release(REVOKED)
app.wait()
ok("disconnected" in app.last(user)[2], "also when the token is refused by then")

# Another account on the same connection, later
history("anna", 25)
user = app.user("anna")
connection = app.tokens["anna"]
is_(app.now(user)[0][:2], ("completed", 25), "a first account is imported")
disconnect(connection)
history("bert", 25, NOON - 100 * DAY)
is_(reconnect(user, "bert"), str(connection), "another account takes its connection")
is_(app.now(user)[0][:2], ("completed", 25), "and its whole history comes, though older than what the first one saw")
disconnect(connection)
reconnect(user, "anna")
is_(app.now(user)[0][:2], ("completed", 0), "the first account again rewrites nothing")

# Another account while the first one's import runs
for number in (1, 2):
    token = f"first-{number}"
    user, connection, held = begun(token, number)
    disconnect(connection)
    history(token + "-then", 25, NOON - 100 * DAY)
    reconnect(user, token + "-then")
    held.release()
    app.wait()
    is_(app.last(user)[0], "completed", f"an import whose connection changes its account at page {number} completes")
    is_(stored(connection, token + "-then"), 25, "with the other one's whole history")
    is_(app.c.one("select (state ->> 'cursor')::bigint from sync.connection where id = %s", connection), NOON - 100 * DAY,
        "and its place alone")
is_(app.agree(), [], "job, import and connection agree")
app.stop()
done()
