"""Strangers who open more connections than a trainer may have descriptors: it goes on, and its
producer with it."""

import contextlib
import pathlib
import resource
import socket
import unittest

from harness import BIN, free_port
from test_watch import ANY_PORT, Watched

FEW_DESCRIPTORS = 300
STRANGERS = 1000


class Floods(Watched):
    def start_with(self, soft, hard, *words):
        """Starts a program with these limits of descriptors."""
        limits = f'ulimit -Sn {soft} && ulimit -Hn {hard} && exec "$@"'
        return self.start_command(["bash", "-c", limits, "bash", *words])

    def test_of_silent_connections_end_neither_trainer_nor_producer(self):
        port = free_port()
        uri = f"--queue.uri=tcp://127.0.0.1:{port}"
        maker = self.start("prepare", *self.recipe(), uri)
        words = [*self.recipe(), uri, "--out_dir=out", "--record-stream=record", ANY_PORT]
        # Nobody reads the log meanwhile, and the pipe would fill.
        quiet = ["--log_interval=100000", "--eval_interval=100000"]
        more = [*quiet, "--max_iters=100000", "--checkpoint_interval=20"]
        trainer = self.start_with(FEW_DESCRIPTORS, FEW_DESCRIPTORS, BIN / "train", *words, *more)
        url = self.url(trainer)
        self.wait_until(lambda: self.steps(url) > 0, "the first step is done")
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        with contextlib.ExitStack() as strangers:
            for _ in range(STRANGERS):
                strangers.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            before = self.steps(url)
            self.wait_until(lambda: self.steps(url) > before + 40, "two checkpoints are written")
            ended = self.metrics(url)[
                'millrace_queue_connections_total{rank="0",what="over_limit"}'
            ]
            self.assertGreater(ended, STRANGERS - FEW_DESCRIPTORS)
            self.assertEqual(self.metrics(url)['millrace_queue_producers{rank="0"}'], 1)
            self.assertEqual(self.metrics(url)['millrace_queue_leases_gone_total{rank="0"}'], 0)
        self.stop(trainer)
        self.stop(maker)
        self.assertEqual(trainer.errors.count("the oldest that are no producer's are ended"), 1)
        train = [line[1:] for line in self.record("record") if line[1] == "train"]
        self.assertEqual(train, self.function("train", len(train)))

    def steps(self, url):
        return self.metrics(url).get('millrace_train_step{rank="0"}', 0)

    def test_meet_as_many_descriptors_as_the_process_may_have(self):
        uri = f"--queue.uri=tcp://127.0.0.1:{free_port()}"
        maker = self.start_with(256, 512, BIN / "prepare", *self.recipe(), uri, ANY_PORT)
        self.url(maker)
        limits = pathlib.Path(f"/proc/{maker.pid}/limits").read_text()
        self.assertRegex(limits, r"Max open files\s+512\s+512")
        self.stop(maker)


if __name__ == "__main__":
    unittest.main()
