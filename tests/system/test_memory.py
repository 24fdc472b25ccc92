"""Private memory does not grow with a dataset: a large text is indexed and read in less than 64
MiB."""

import os
import subprocess
import tempfile
import time
import unittest

BIN = os.environ["MILLRACE_BIN"]
TEXT_BYTES = int(os.environ.get("MILLRACE_LARGE_TEXT_BYTES", 512 << 20))
LIMIT_KIB = 64 << 10

LINES = [
    "The wheel turns by night.\n",
    "The race brings water, the miller brings grain.\n",
    "A slow word: {wide}\n",
    "\n",
]


def write_text(path, wide):
    """Lines over and over, TEXT_BYTES of them."""
    block = "".join(
        LINES[i * 7 % 4].replace("{wide}", "wäter 水" if wide else "water") for i in range(40000)
    ).encode()
    with open(path, "wb") as file:
        for _ in range(TEXT_BYTES // len(block) + 1):
            file.write(block)


def private_kib(pid):
    """Memory that no file stands behind, changed copies of a file's pages among it. (Private_Dirty
    also counts pages of the text and of its index that were written, by whomever, and are not on
    the disk yet: the kernel's cache, not the process's memory.)"""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as lines:
        sizes = {
            line.split(":")[0]: int(line.split()[1])
            for line in lines
            if line.rstrip().endswith("kB")
        }
    return sizes["Anonymous"]


class Memory(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def peak_of(self, *words):
        with open(os.path.join(self.folder.name, "err"), "w+", encoding="utf-8") as err:
            with subprocess.Popen(
                [os.path.join(BIN, "inspect"), "stream", *words],
                stdout=subprocess.DEVNULL,
                stderr=err,
            ) as program:
                peak = 0
                while program.poll() is None:
                    try:
                        peak = max(peak, private_kib(program.pid))
                    except (OSError, KeyError):
                        break  # it has just ended
                    time.sleep(0.02)
                program.wait()
            err.seek(0)
            self.assertEqual(program.returncode, 0, err.read())
            err.seek(0)
            return peak, err.read()

    def check(self, wide):
        text = os.path.join(self.folder.name, "text.txt")
        write_text(text, wide)
        recipe = os.path.join(self.folder.name, "r.toml")
        with open(recipe, "w", encoding="utf-8") as file:
            file.write(f'[data]\npath = "{text}"\n[provider]\nblock_size = 256\n')
        made, log = self.peak_of(recipe, "--count=2000", "--digest")
        self.assertIn("indexing it once", log)
        found, log = self.peak_of(recipe, "--count=20000", "--digest")
        self.assertNotIn("indexing", log)
        print(
            f"private: {made / 1024:.1f} MiB while the index is made, "
            f"{found / 1024:.1f} MiB with it",
            flush=True,
        )
        self.assertGreater(found, 0)
        self.assertLess(made, LIMIT_KIB)
        self.assertLess(found, LIMIT_KIB)

    def test_ascii(self):
        self.check(wide=False)

    def test_wide_characters(self):
        self.check(wide=True)


if __name__ == "__main__":
    unittest.main()
