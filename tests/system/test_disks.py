"""Disks that are full or may not be written: one clear line, nothing lost. Mounts small disks of
its own, where it may."""

import json
import resource
import subprocess
import unittest

from harness import BIN, LONG_ENOUGH_S, SystemTest

FULL = "No space left on device"


class SmallDisk(SystemTest):
    """The queue folder is a disk of its own, which the program alone sees and which goes with
    it."""

    def setUp(self):
        super().setUp()
        self.queue = self.folder / "queue"
        self.queue.mkdir()
        if subprocess.run(self.on_disk("size=1m", "true"), capture_output=True).returncode != 0:
            self.skipTest("mounting a disk needs root")

    def on_disk(self, options, *command):
        script = f'mount -t tmpfs -o {options} none "$0" && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", script, self.queue, *command]

    def start_prepare(self, options):
        arguments = [*self.recipe(), "--queue.uri=file://queue", "--samples", 40000, "--json"]
        return self.start_command(self.on_disk(options, BIN / "prepare", *arguments))

    def enlarge(self, process, size):
        subprocess.run(
            [
                "nsenter",
                f"--target={process.pid}",
                "--mount",
                "mount",
                "-o",
                f"remount,size={size}",
                str(self.queue),
            ],
            check=True,
        )

    def line_with(self, words, process):
        for line in process.stderr:
            if words in line:
                return line
        self.fail(f"it ended without a line with '{words}'")

    def test_prepare_waits_for_room_and_says_so_once(self):
        process = self.start_prepare("size=2m")
        self.assertIn("trying again", self.line_with(FULL, process))
        with self.assertRaises(subprocess.TimeoutExpired):  # several tries later it still waits
            process.wait(timeout=3)
        self.enlarge(process, "64m")
        self.finish(process)
        self.assertNotIn(FULL, process.errors)
        self.assertIn("can be written again", process.errors)

    def test_prepare_can_be_stopped_while_it_waits(self):
        process = self.start_prepare("size=1m")
        self.line_with(FULL, process)
        self.stop(process)

    def test_prepare_refuses_a_disk_that_may_not_be_written(self):
        process = self.start_prepare("ro")
        self.finish(process, status=1)
        errors = [line for line in process.errors.splitlines() if line.startswith("error:")]
        self.assertEqual(len(errors), 1, process.errors)
        self.assertIn("Read-only file system", errors[0])


@unittest.skipUnless((BIN / "train").exists(), "built without the trainer")
class SmallOutDir(SystemTest):
    def test_train_on_a_full_disk_says_so_and_leaves_the_older_checkpoints(self):
        (self.folder / "out").mkdir()
        script = (
            'mount -t tmpfs -o size=300k none out || exit 77; "$@"; echo "train: $?"; '
            f'"{BIN}/inspect" checkpoint out --json; ls out'
        )
        arguments = [
            *self.recipe(),
            "--queue.uri=inproc://",
            "--out_dir=out",
            "--max_iters=2000",
            "--checkpoint_interval=1",
            "--keep_checkpoints=10000",
            "--eval_interval=10000",
            "--log_interval=10000",
        ]
        process = self.start_command(
            [*("unshare", "--mount", "sh", "-c", script, "sh", BIN / "train"), *arguments]
        )
        output, errors = process.communicate(timeout=LONG_ENOUGH_S)
        if process.returncode != 0:
            self.skipTest("mounting a disk needs root")
        status, whole, *names = output.splitlines()
        self.assertEqual(status, "train: 1", errors)
        last = json.loads(whole)["trainer"]["step"]
        last_line = errors.splitlines()[-1]
        self.assertRegex(last_line, f"out/step-{last + 1:08}.*: {FULL}; the checkpoints in out")
        self.assertIn(f"step-{last:08}", names)
        self.assertNotIn(f"step-{last + 1:08}", names)


@unittest.skipUnless((BIN / "train").exists(), "built without the trainer")
class Checkpoints(SystemTest):
    def train(self, *arguments):
        return [
            str(BIN / "train"),
            *map(str, [*self.recipe(), "--queue.uri=inproc://", "--out_dir=out", *arguments]),
        ]

    def test_a_checkpoint_that_cannot_be_written_ends_train_and_leaves_the_older_one(self):
        subprocess.run(
            self.train("--max_iters=6"), cwd=self.folder, check=True, capture_output=True
        )
        before = {
            path.name: path.read_bytes() for path in (self.folder / "out" / "latest").iterdir()
        }
        limit = len(before["model.safetensors"])  # the optimizer's file is twice as long

        def may_not_write_more():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        failed = subprocess.run(
            self.train("--max_iters=12", "--resume"),
            cwd=self.folder,
            capture_output=True,
            text=True,
            preexec_fn=may_not_write_more,
            timeout=LONG_ENOUGH_S,
        )
        self.assertEqual(failed.returncode, 1, failed.stderr)
        last_line = failed.stderr.splitlines()[-1]
        self.assertIn(
            "out/step-00000012/optimizer.safetensors: cannot write: File too large", last_line
        )
        self.assertIn("the checkpoints in out are as they were", last_line)
        after = {
            path.name: path.read_bytes() for path in (self.folder / "out" / "latest").iterdir()
        }
        self.assertEqual(after, before)
        subprocess.run(
            self.train("--max_iters=12", "--resume"),
            cwd=self.folder,
            check=True,
            capture_output=True,
        )
        self.assertTrue((self.folder / "out" / "step-00000012").is_dir())


if __name__ == "__main__":
    unittest.main()
