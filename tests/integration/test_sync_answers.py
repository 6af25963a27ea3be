# SPDX-License-Identifier: MIT
"""Answers of a provider that no sandbox gives: what they do to a connection, and what of them is told."""
import provider
import syncapp
from testdb import done, is_, ok

p = provider.Provider()
app = syncapp.App()
app.sandbox.url = p.url
app.options(retry_limit=0)
app.start(concurrency=2)


def answered(token, answer, number=None):
    """The last import of a user whose requests (that one, or all) are answered so."""
    p.histories[token] = [(f"{token}-{i}", 1400000000 - i) for i in range(3)]
    p.on(token, number, lambda: answer)
    return app.now(app.user(token))[0]


# Words that repeat the token
token = "SECRET-" + "x" * 60
for before in (100, 130, 159, 0):
    last = answered(token + str(before), provider.refusal(400, "param_error", "y" * before + token + str(before) + " and more"))
    ok("SECRET" not in last[2] and f": {'y' * before}*" in last[2], f"a token that begins {before} bytes into the provider's words is not told")
last = answered(token + "type", provider.refusal(400, "kind-of-" + token + "type", "no"))
ok("SECRET" not in last[2] and "kind-of-*" in last[2], "nor one in the name of the error")
last = answered("*", provider.refusal(400, "param_error", "** is wrong"))
ok("** is wrong" in last[2], "a token that looks like its replacement does no harm")
ok("SECRET" not in app.daemon.log(), "nor is any of it in the log")

# A block page of a firewall on the way
for what, body in (("page", "<html>Request blocked</html>"), ("JSON", '{"message": "Forbidden"}')):
    token = "blocked-" + what
    is_(answered(token, (403, {}, body), 1), ("completed", 3, None, 1), f"a block {what} with 403 is tried again")
last = answered("withdrawn", (403, {}, '{"meta": {"code": 403}, "response": {}}'))
is_((last[0], app.status("withdrawn")[0]), ("failed", "needs_reauth"), "the provider's own 403 ends the connection")
app.stop()
done()
