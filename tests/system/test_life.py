"""Starting, stopping and going on: clean ends, exact resumes."""

import json
import signal
import unittest

from harness import SystemTest


class Ends(SystemTest):
    def test_prepare_leaves_nothing_half_written(self):
        for with_signal in (signal.SIGINT, signal.SIGTERM):
            queue = f"queue-{with_signal}"
            maker = self.start("prepare", *self.recipe(), f"--queue.uri=file://{queue}", "--producer.threads=3")
            self.wait_until(lambda: list(self.folder.glob(f"{queue}/*/train/*.chunk")), "a chunk is there")
            self.stop(maker, with_signal)
            leftovers = [path.name for path in self.folder.glob(f"{queue}/*/*/*") if path.suffix not in (".chunk", ".json")]
            self.assertEqual(leftovers, [])

    def test_prepare_ends_once_its_samples_are_there(self):
        for _ in range(2):  # the second time they are there already
            output, _ = self.run_program("prepare", *self.recipe(), "--queue.uri=file://queue", "--samples", 200, "--json")
            json.loads(output)
        self.assertTrue(list(self.folder.glob("queue/*/train/*.chunk")))

    def test_train_saves_a_checkpoint_and_leaves_with_0(self):
        for with_signal in (signal.SIGINT, signal.SIGTERM):
            out = self.folder / f"out-{with_signal}"
            arguments = [*self.recipe(), "--queue.uri=inproc://", f"--out_dir={out.name}", "--max_iters=1000000"]
            trainer = self.start("train", *arguments)
            self.wait_until(lambda: (out / "metrics.jsonl").exists() and (out / "metrics.jsonl").read_text(), "a step is done")
            self.stop(trainer, with_signal)
            self.assertTrue((out / "latest" / "model.safetensors").exists())

    def test_train_that_waits_for_data_can_be_stopped(self):
        trainer = self.start("train", *self.recipe(), "--queue.uri=file://queue", "--out_dir=out")
        self.assertIn("waiting for data", trainer.stderr.readline() + trainer.stderr.readline())
        self.stop(trainer)

    def test_a_signal_to_one_rank_ends_all_at_the_same_step(self):
        arguments = [*self.recipe(), "--queue.uri=inproc://", "--out_dir=out", "--max_iters=1000000", "--record-stream=record"]
        ranks = self.train_ranks(2, *arguments)
        self.wait_until(lambda: (self.folder / "record").exists() and (self.folder / "record").read_text(), "a step is done")
        self.stop(ranks[1])
        self.finish(ranks[0])
        steps = json.loads((self.folder / "out" / "latest" / "trainer.json").read_text())["step"]
        train = [line for line in self.record("record") if line[1] == "train"]
        self.assertEqual(len(train), steps * 6)
        self.assertEqual(max(line[0] for line in train), steps)


class Resumes(SystemTest):
    """40 steps in one go, and 20, a new process and 20 more, are the same bit by bit."""

    LONG = ["--queue.uri=inproc://", "--train.threads=2", "--dropout=0.1", "--eval_interval=10", "--checkpoint_interval=20"]

    def check(self, *overrides):
        arguments = [*self.recipe(), *self.LONG, *overrides]
        self.run_program("train", *arguments, "--max_iters=40", "--out_dir=once", "--record-stream=once.record")
        self.run_program("train", *arguments, "--max_iters=20", "--out_dir=twice", "--record-stream=twice.record")
        self.run_program("train", *arguments, "--max_iters=40", "--out_dir=twice", "--record-stream=twice.record", "--resume")
        for name in ("model.safetensors", "optimizer.safetensors"):
            once, twice = (self.folder / run / "latest" / name for run in ("once", "twice"))
            self.assertEqual(once.read_bytes(), twice.read_bytes(), name)
        self.assertEqual(self.record("once.record"), self.record("twice.record"))
        self.assertEqual(self.losses("once"), self.losses("twice"))

    def losses(self, out):
        lines = (self.folder / out / "metrics.jsonl").read_text().splitlines()
        return [(line["step"], line["split"], line["loss"]) for line in map(json.loads, lines)]

    def test_float32(self):
        self.check("--dtype=float32")

    def test_bfloat16(self):
        self.check("--dtype=bfloat16")

    def test_after_going_on_beyond_the_checkpoint(self):
        """A run that is killed after its checkpoint: what it did since is cut away, and done again alike."""
        arguments = [*self.recipe(), *self.LONG, "--max_iters=30", "--out_dir=out", "--record-stream=record"]
        self.run_program("train", *arguments)
        whole, losses = self.record("record"), self.losses("out")
        self.run_program("train", *arguments, "--resume=out/step-00000020")
        self.assertEqual(self.record("record"), whole)
        self.assertEqual(self.losses("out"), losses)

    def test_auto_starts_and_goes_on(self):
        arguments = [*self.recipe(), *self.LONG, "--out_dir=out", "--resume=auto"]
        self.run_program("train", *arguments, "--max_iters=20")
        self.run_program("train", *arguments, "--max_iters=40")
        self.assertTrue((self.folder / "out" / "step-00000040").is_dir())


if __name__ == "__main__":
    unittest.main()
