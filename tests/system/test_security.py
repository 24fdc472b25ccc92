"""Keys, as docs/explanation/security.md says to set them up: its very lines are run here."""

import re
import subprocess
import unittest

from harness import BIN, LONG_ENOUGH_S, SMALL, SOURCE, SystemTest, free_port

WRONG_USAGE = 2
EXAMPLE_ADDRESS = "tcp://10.0.0.1:5555"

RECIPE = f"""include = "{SMALL}"
[data]
path = "text.txt"
[provider]
block_size = 24
[queue]
window_batches = 8
[model]
n_layer = 1
n_head = 2
n_embd = 16
[train]
batch_size = 6
max_iters = 12
eval_interval = 6
eval_iters = 3
threads = 1
device = "cpu"
"""


class Security(SystemTest):
    def setUp(self):
        super().setUp()
        (self.folder / "recipe.toml").write_text(RECIPE)
        (self.folder / "scripts").symlink_to(SOURCE / "scripts")
        (self.folder / "build").mkdir()
        (self.folder / "build" / "bin").symlink_to(BIN)
        self.address = f"tcp://127.0.0.1:{free_port()}"

    def example(self):
        """The shell lines of docs/explanation/security.md; the last two start the programs."""
        page = (SOURCE / "docs/explanation/security.md").read_text()
        blocks = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
        return "".join(blocks).replace(EXAMPLE_ADDRESS, self.address).splitlines()

    def make_keys(self):
        for line in self.example()[:-2]:
            subprocess.run(
                ["bash", "-ec", line],
                cwd=self.folder,
                check=True,
                capture_output=True,
                timeout=LONG_ENOUGH_S,
            )

    def start_line(self, line, *more):
        process = subprocess.Popen(
            ["bash", "-c", f'exec {line} "$@"', "bash", *more],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def secrets(self):
        return [
            line.split('"')[1]
            for file in self.folder.glob("*.key")
            for line in file.read_text().splitlines()
        ]

    def test_the_example_of_the_page_trains(self):
        self.make_keys()
        train_line, prepare_line = self.example()[-2:]
        maker = self.start_line(prepare_line)
        stranger = self.start("prepare", "recipe.toml", f"--queue.uri={self.address}")
        trainer = self.start_line(train_line, "--record-stream=record", "--out_dir=out")
        self.finish(trainer)
        for process in (maker, stranger):
            self.stop(process)
        train = [line[1:] for line in self.record("record") if line[1] == "train"]
        self.assertEqual(train, self.function("train", 12 * 6))
        logged = "".join(process.errors for process in (trainer, maker, stranger))
        for key in self.secrets():
            self.assertNotIn(key, logged)

    def test_a_producer_without_keys_is_turned_away_and_named(self):
        self.make_keys()
        trainer = self.start_line(self.example()[-2], "--out_dir=out")
        stranger = self.start("prepare", "recipe.toml", f"--queue.uri={self.address}")
        for process in (trainer, stranger):
            self.assertIn("queue.key_file", self.first_line_with("keys", process))
        for process in (stranger, trainer):
            self.stop(process)

    def first_line_with(self, part, process):
        for line in process.stderr:
            if part in line:
                return line
        self.fail(f"{process.args} ended without saying '{part}'")

    def test_a_key_file_that_others_can_read_is_refused(self):
        self.make_keys()
        (self.folder / "trainer.key").chmod(0o644)
        trainer = self.start_line(self.example()[-2])
        self.finish(trainer, WRONG_USAGE)
        self.assertIn("chmod 600 trainer.key", trainer.errors)

    def test_an_address_that_others_can_reach_takes_keys(self):
        self.make_keys()
        line = self.example()[-2].replace("127.0.0.1", "0.0.0.0")
        trainer = self.start_line(line, "--out_dir=out")
        self.assertIn(
            "no producer at tcp://0.0.0.0", self.first_line_with("waiting for data", trainer)
        )
        self.stop(trainer)


if __name__ == "__main__":
    unittest.main()
