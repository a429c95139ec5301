# SPDX-License-Identifier: Apache-2.0
"""One line per case, one line for all of them.

A test program makes a Cases object, gives it functions (or tells it verdicts one by one) and ends with
`sys.exit(cases.finish())`. Words on the command line are parts of names: only such cases run. NG_TEST_SHUFFLE=SEED runs them in another
order.
"""
import os
import random
import sys
import traceback


class Skip(Exception):
    """This case cannot be tried here; the text says why."""


class Failure(Exception):
    """The product does not do what the case demands."""


def demand(condition, why):
    if not condition:
        raise Failure(why() if callable(why) else why)


def demand_equal(got, wanted, what):
    if got != wanted:
        raise Failure(f"{what} is {got!r}, not {wanted!r}")


def need_root():
    if os.geteuid() != 0:
        raise Skip("needs root")


class Cases:
    def __init__(self, words=None):
        self.words = sys.argv[1:] if words is None else words
        self.counts = {"ok": 0, "FAIL": 0, "skip": 0}
        self.functions = []

    def wanted(self, name):
        return not self.words or any(word in name for word in self.words)

    def verdict(self, word, name, why=""):
        self.counts[word] += 1
        why = " ".join(str(why).split())
        print(f"{word} {name}: {why}" if why else f"{word} {name}", flush=True)

    def note(self, text):
        print(f"# {text}", flush=True)

    def case(self, function):
        """Decorator: the function is a case; its name, with blanks for underscores, is the case's name."""
        self.functions.append(function)
        return function

    def run(self, name, function, *arguments):
        if not self.wanted(name):
            return
        try:
            why = function(*arguments)
        except Skip as skip:
            self.verdict("skip", name, skip)
        except Failure as failure:
            self.verdict("FAIL", name, failure)
        except Exception as error:  # whatever else goes wrong is a failure of this case and of no other
            where = traceback.extract_tb(error.__traceback__)[-1]
            self.verdict("FAIL", name, f"{type(error).__name__}: {error} ({os.path.basename(where.filename)}:{where.lineno})")
        else:
            self.verdict("ok", name, why or "")

    def run_all(self, afterwards=None, before=None):
        """`before` is called before each case that runs, as a part of it."""
        functions = self.functions
        if seed := os.environ.get("NG_TEST_SHUFFLE"):
            functions = random.Random(seed).sample(functions, len(functions))

        def prepared(function):
            if before:
                before()
            return function()

        for function in functions:
            self.run(function.__name__.replace("_", " "), prepared, function)
        if afterwards:
            afterwards()
        return self.finish()

    def adopt(self, result):
        """Counts and prints the cases of another test program, given as its CompletedProcess."""
        for line in result.stdout.splitlines():
            word = line.split(" ", 1)[0]
            if word in self.counts:
                self.counts[word] += 1
            if word in self.counts or word == "#":
                print(line, flush=True)
        if result.returncode not in (0, 1) or " passed, " not in result.stdout:
            self.verdict("FAIL", "program", f"status {result.returncode}: {result.stderr[-600:]}")

    def finish(self):
        counts = self.counts
        print(f"{counts['ok']} passed, {counts['FAIL']} failed, {counts['skip']} skipped", flush=True)
        return 1 if counts["FAIL"] else 0
