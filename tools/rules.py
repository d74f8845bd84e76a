#!/usr/bin/env python3
"""House rules that no compiler checks: banned constructs with their replacement, file length,
file names, links in the documentation. Prints findings; exit status 1 if there are any."""
import os
import re
import subprocess
import sys

FILES = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.split("\n")
SOURCES = [f for f in FILES if re.search(r"\.(cc|h)$", f) and os.path.exists(f)]
findings = []

# (pattern, what to use instead, files that may)
BANS = [
    (r"\bstd::regex\b", "RE2 (std::regex is slow and overflows the stack)", r"^$"),
    (r"std::chrono::\w*_clock::now|\btime\(nullptr\)|\bgettimeofday\(", "qd::Clock",
     r"^src/net/src/server/|_test\.cc|^tests/"),
    (r"\bstd::random_device\b|\brand\(\)", "qd::Random or qd::Entropy", r"^$"),
    (r"\bgetenv\(", "configuration passed in", r"/main/|_test\.cc|^tests/"),
    (r"^\s*throw\b", "an Error value", r"^$"),
    (r"\bsleep\(|\bsleep_for\(|\busleep\(", "a timer or a manual clock", r"_test\.cc|^tests/"),
    (r"#include <(iostream|regex)>", "fmt, stdio or RE2", r"_test\.cc|^tests/|_command\.cc"),
    (r"\"/(home|root|Users|tmp/bash)/", "no path of a particular machine", r"_test\.cc"),
]
NAMES = re.compile(r"(^|/)(\w*_)?(utils?|helpers?|common|manager)\.(cc|h)$")
LENGTH_MAX = 800

for path in SOURCES:
    if NAMES.search(path):
        findings.append(f"{path}: the name says nothing; name the idea")
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    if len(lines) > LENGTH_MAX + 1:
        findings.append(f"{path}: {len(lines) - 1} lines; one idea a file, at most {LENGTH_MAX}")
    if path.endswith(".h") and "#pragma once" not in lines[:3]:
        findings.append(f"{path}: #pragma once must stand first")
    for number, line in enumerate(lines, 1):
        if "NOLINT" in line or line.lstrip().startswith("//"):
            continue
        for pattern, instead, allowed in BANS:
            if re.search(pattern, line.split(" //")[0]) and not re.search(allowed, path):
                findings.append(f"{path}:{number}: use {instead}: {line.strip()[:80]}")

for path in [f for f in FILES if f.endswith(".md") and os.path.exists(f)]:
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        if not os.path.exists(os.path.normpath(os.path.join(os.path.dirname(path), target))):
            findings.append(f"{path}: link to a file that is not there: {target}")

print("\n".join(findings))
sys.exit(1 if findings else 0)
