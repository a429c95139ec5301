#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Text files, right and wrong, given to our textfile collector and to node_exporter's: the same verdict, the same series."""
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

import cases as harness
import collectors
import compare
import daemon
import exposition
import packages
import wire

cases = harness.Cases()
versions = collectors.version_scopes()

FILES = {
    "empty": b"",
    "line feed only": b"\n\n\n",
    "plain": b"one 1\n",
    "no last line feed": b"one 1",
    "metadata": b"# HELP one Some text.\n# TYPE one counter\none 1\n",
    "type only": b"# TYPE one gauge\none 1\n",
    "help only": b"# HELP one Text\none 1\n",
    "metadata without samples": b"# HELP one Text\n# TYPE one gauge\n",
    "metadata behind the sample": b"one 1\n# TYPE one gauge\n",
    "second type": b"# TYPE one gauge\n# TYPE one counter\none 1\n",
    "second help": b"# HELP one a\n# HELP one b\none 1\n",
    "type unknown": b"# TYPE one thing\none 1\n",
    "type untyped": b"# TYPE one untyped\none 1\n",
    "type in capitals": b"# TYPE one GAUGE\none 1\n",
    "help empty": b"# HELP one\n# TYPE one gauge\none 1\n",
    "help with escapes": b"# HELP one a\\\\b\\nc \"d\"\n# TYPE one gauge\none 1\n",
    "help with bad escape": b"# HELP one a\\qb\none 1\n",
    "comments": b"# a comment\n#another\n#\n# \none 1\n# EOF\n",
    "labels": b'one{a="b",c="d"} 1\none{a="b",c="e"} 2\n',
    "labels with blanks": b'one { a = "b" , c = "d" } 1\n',
    "label without blank behind": b'one{a="b"}1\n',
    "trailing comma": b'one{a="b",} 1\n',
    "empty braces": b"one{} 1\n",
    "label values escaped": b'one{a="b\\\\c\\"d\\ne"} 1\n',
    "label value with bad escape": b'one{a="\\q"} 1\n',
    "label value not closed": b'one{a="b} 1\n',
    "label value without quotes": b"one{a=b} 1\n",
    "label value with line feed": b'one{a="b\nc"} 1\n',
    "label value in UTF-8": 'one{a="äöü€😀"} 1\n'.encode(),
    "label value not UTF-8": b'one{a="\xff\xfe"} 1\n',
    "label value with NUL": b'one{a="\0"} 1\n',
    "label twice": b'one{a="b",a="c"} 1\n',
    "label name with digit first": b'one{1a="b"} 1\n',
    "label name with colon": b'one{a:b="c"} 1\n',
    "label name empty": b'one{="c"} 1\n',
    "labels that differ": b'one{a="b"} 1\none{c="d"} 2\none 3\n',
    "metric name with colon": b"one:two:three 1\n",
    "metric name with digit first": b"1one 1\n",
    "metric name with dash": b"one-two 1\n",
    "metric name in UTF-8": "öne 1\n".encode(),
    "leading blank": b" one 1\n",
    "trailing blank": b"one 1 \n",
    "tab between": b"one\t1\n",
    "blanks between": b"one   1\n",
    "value missing": b"one\n",
    "value missing behind labels": b'one{a="b"}\n',
    "value no number": b"one abc\n",
    "values": b"a 1\nb -1\nc 1.5\nd 1e3\ne 1E-3\nf .5\ng 5.\nh +7\ni 0\nj 18446744073709551615\nk 9007199254740993\nl 5e-324\nm 1.7976931348623157e308\n",
    "value NaN": b"a NaN\nb nan\n",
    "value infinite": b"a +Inf\nb -Inf\nc inf\nd Infinity\ne -infinity\n",
    "value too large": b"one 1e400\n",
    "value hexadecimal": b"one 0x10\n",
    "value with underscores": b"one 1_000\n",
    "value with two points": b"one 1.2.3\n",
    "time stamp": b"one 1 1000\n",
    "time stamp of one sample": b"one 1\ntwo 2 1000\n",
    "something behind the value": b"one 1 x\n",
    "series twice": b"one 1\none 2\n",
    "series twice with labels": b'one{a="b",c="d"} 1\none{c="d",a="b"} 2\n',
    "families interleaved": b'one{a="1"} 1\ntwo 2\none{a="2"} 3\n',
    "byte order mark": b"\xef\xbb\xbfone 1\n",
    "carriage returns": b"one 1\r\n",
    "NUL": b"one 1\n\0\n",
    "error in the last line": b"one 1\ntwo 2\nthree three\n",
    "histogram": b'# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n',
    "histogram with labels": b'# TYPE h histogram\nh_bucket{a="x",le="1"} 1\nh_bucket{a="x",le="+Inf"} 2\nh_sum{a="x"} 3\nh_count{a="x"} 2\n'
                             b'h_bucket{a="y",le="1"} 4\nh_bucket{a="y",le="+Inf"} 5\nh_sum{a="y"} 6\nh_count{a="y"} 5\n',
    "histogram without +Inf": b'# TYPE h histogram\nh_bucket{le="1"} 1\nh_sum 3\nh_count 2\n',
    "histogram with plain sample": b"# TYPE h histogram\nh 1\n",
    "histogram with bad bound": b'# TYPE h histogram\nh_bucket{le="x"} 1\nh_sum 3\nh_count 2\n',
    "histogram with odd bounds": b'# TYPE h histogram\nh_bucket{le="1.0"} 1\nh_bucket{le="1e1"} 2\nh_bucket{le="Inf"} 2\nh_sum 3\nh_count 2\n',
    "histogram of a count only": b"# TYPE h histogram\nh_count 2\n",
    "summary": b'# TYPE s summary\ns{quantile="0.5"} 1\ns{quantile="0.99"} 2\ns_sum 3\ns_count 2\n',
    "summary without quantiles": b"# TYPE s summary\ns_sum 3\ns_count 2\n",
    "summary with NaN": b'# TYPE s summary\ns{quantile="0.5"} NaN\ns_sum 0\ns_count 0\n',
    "suffixes without type": b'h_bucket{le="1"} 1\nh_sum 3\nh_count 2\n',
    "counter without suffix": b"# TYPE one counter\none 1\n",
    "name of another collector": b"# HELP node_textfile_sample X\n# TYPE node_textfile_sample gauge\nnode_textfile_sample 1\n",
    "many labels": ("one{" + ",".join(f'l{n}="v{n}"' for n in range(200)) + "} 1\n").encode(),
    "long label value": b'one{a="' + b"x" * 100_000 + b'"} 1\n',
    "long line that is wrong": b"x" * 100_000 + b"\n",
    "many series": "".join(f'one{{n="{n}"}} {n}\n' for n in range(3000)).encode(),
    "open metrics": b"# TYPE one counter\n# UNIT one seconds\n# HELP one X\none_total 1\n# EOF\n",
    "exemplar": b'# TYPE one counter\none 1 # {a="b"} 1\n',
    "quoted name": b'{"one"} 1\n',
    "quoted name in UTF-8": b'{"one.two"} 1\n',
}


class Pair:
    """Both exporters with one folder of text files."""

    def __init__(self, folder, program):
        self.options = ["--collector.disable-defaults", "--collector.textfile", f"--collector.textfile.directory={folder}"]
        self.folder, self.program = Path(folder), program
        self.ours = daemon.nodegauge(*self.options)
        self.theirs = self.start_theirs()

    def start_theirs(self):
        port = daemon.free_port()
        theirs = daemon.Daemon([self.program, f"--web.listen-address=127.0.0.1:{port}", *self.options], ("127.0.0.1", port))
        try:
            return theirs.wait_ready()
        except BaseException:
            theirs.__exit__()
            self.ours.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ours.__exit__()
        self.theirs.__exit__()

    def put(self, files):
        for old in self.folder.iterdir():
            old.unlink()
        for name, content in files.items():
            (self.folder / name).write_bytes(content)

    def answer_of_theirs(self):
        """None when it ends over the files; it is started anew then, without them."""
        try:
            return exposition.read(wire.fetch(self.theirs.address, timeout=20).text())
        except (OSError, wire.Malformed):
            if self.theirs.wait(5) is None:
                raise
        self.put({})
        self.theirs.__exit__()
        self.theirs = self.start_theirs()
        return None

    def same(self, name, files):
        self.put(files)
        ours = exposition.read(wire.fetch(self.ours.address, timeout=20).text())
        harness.demand(not ours.errors, lambda: f"malformed: {ours.errors[:3]}")
        theirs = self.answer_of_theirs()
        found = compare.compare(theirs, ours) if theirs else [compare.Difference("crash", name, name)]
        left = compare.load("textfile", f"textfile:{name}", *versions).unexplained(found)
        harness.demand(not left, lambda: compare.describe(left))
        return "" if theirs else "node_exporter ends over it"


def main():
    if "textfile" not in collectors.ours():
        cases.verdict("skip", "textfile", "this build has no textfile collector")
        return cases.finish()
    try:
        program = packages.need("prometheus-node-exporter", "prometheus-node-exporter")
    except harness.Skip as why:
        cases.verdict("skip", "textfile", why)
        return cases.finish()
    with tempfile.TemporaryDirectory(prefix="nodegauge-textfiles-") as folder, Pair(folder, program) as pair:
        for name, content in FILES.items():
            cases.run(f"textfile {name}", pair.same, name, {"a.prom": content})
        right = b"# HELP right X\n# TYPE right gauge\nright 1\n"
        for name, files in {
            "beside a broken one": {"a.prom": b"broken", "b.prom": right},
            "two with the same family": {"a.prom": b'# HELP one X\n# TYPE one gauge\none{f="a"} 1\n', "b.prom": b'# HELP one X\n# TYPE one gauge\none{f="b"} 2\n'},
            "two with the same series": {"a.prom": b"# HELP one X\n# TYPE one gauge\none 1\n", "b.prom": b"# HELP one X\n# TYPE one gauge\none 2\n"},
            "two with other type": {"a.prom": b'# TYPE one gauge\none{f="a"} 1\n', "b.prom": b'# TYPE one counter\none{f="b"} 2\n'},
            "two with other help": {"a.prom": b'# HELP one X\none{f="a"} 1\n', "b.prom": b'# HELP one Y\none{f="b"} 2\n'},
            "other names": {"a.txt": right, "b.prom.tmp": right, ".hidden.prom": right, "c.PROM": right},
        }.items():
            cases.run(f"textfile {name}", pair.same, name, files)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
