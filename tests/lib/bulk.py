# SPDX-License-Identifier: Apache-2.0
"""An answer of some megabytes, by way of a text file."""
from pathlib import Path

LINE = 'bulk{number="%06d",text="' + "x" * 100 + '"} 1\n'


def bulky(folder, lines=60_000):
    """Options of a daemon that answers with that many series; `folder` receives the text file."""
    Path(folder, "bulk.prom").write_text("# HELP bulk Much.\n# TYPE bulk gauge\n" + "".join(LINE % n for n in range(lines)))
    return ["--collector.disable-defaults", "--collector.loadavg", "--collector.textfile", f"--collector.textfile.directory={folder}",
            "--collector.textfile.max-file-size=16777216", "--collector.textfile.max-total-size=33554432"]
