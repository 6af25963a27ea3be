# SPDX-License-Identifier: MIT
"""Prints source files as FILE:LINE:CODE with comments and the insides of strings blanked; judges nothing.

usage: code.py [--sql] FILE...     the markers of line comments (// in C) stay, so that they can be searched for.
In SQL the schema marker is no comment and is printed as @@; function bodies between dollar quotes are code."""
import re
import sys

C = re.compile(r"""/\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' """, re.S | re.X)
SQL = re.compile(r"""/\*(?!schema\*/).*?\*/ | --[^\n]* | '(?:''|[^'])*' """, re.S | re.X)


def blank(text, keep):
    return keep + re.sub(r"[^\n]", " ", text[len(keep):])


def c_code(m):
    text = m.group(0)
    if text.startswith("/*"):
        return blank(text, "")
    if text.startswith("//"):
        return blank(text, "//")
    return text[0] + " " * (len(text) - 2) + text[-1]


def sql_code(m):
    text = m.group(0)
    if text.startswith("'"):
        # A quoted name of ours is code as well: '/*schema*/job'::regclass.
        return text if "/*schema*/" in text else "'" + blank(text[1:-1], "") + "'"
    return blank(text, "")


def main(args):
    sql = args[:1] == ["--sql"]
    for path in args[1:] if sql else args:
        with open(path, encoding="utf-8", errors="replace") as f:
            text = f.read()
        if sql:
            text = SQL.sub(sql_code, text).replace("/*schema*/", "@@")
        else:
            text = C.sub(c_code, text)
        for n, line in enumerate(text.split("\n"), 1):
            if line.strip():
                print(f"{path}:{n}:{line.rstrip()}")


main(sys.argv[1:])
