"""The samples that a trainer consumes are the function, over every transport, with any number of
producers and ranks."""

import unittest

from harness import SystemTest, free_port

STEPS, BATCH, ACCUMULATION, EVAL_ITERS, EVALUATIONS = 12, 6, 2, 3, 2


class TheDeliveredStreamIsTheFunction(SystemTest):
    def check(self, uri, producers, ranks):
        overrides = [f"--queue.uri={uri}", f"--gradient_accumulation_steps={ACCUMULATION}"]
        makers = [self.start("prepare", *self.recipe(), *overrides) for _ in range(producers)]
        arguments = [*self.recipe(), *overrides, "--out_dir=out", "--record-stream=record"]
        for rank in (
            self.train_ranks(ranks, *arguments) if ranks > 1 else [self.start("train", *arguments)]
        ):
            self.finish(rank)
        for maker in makers:
            self.stop(maker)

        record = self.record("record")
        global_batch = BATCH * ACCUMULATION
        train = sorted(line for line in record if line[1] == "train")
        self.assertEqual([line[1:] for line in train], self.function("train", STEPS * global_batch))
        self.assertEqual(
            [line[0] for line in train],
            [1 + i // global_batch for i in range(STEPS * global_batch)],
        )
        val = sorted(line for line in record if line[1] == "val")
        self.assertEqual(
            [line[1:] for line in val], self.function("val", BATCH * EVAL_ITERS) * EVALUATIONS
        )
        return record

    def test_inproc(self):
        self.check("inproc://", producers=0, ranks=1)

    def test_inproc_two_ranks(self):
        self.check("inproc://", producers=0, ranks=2)

    def test_tcp(self):
        self.check(f"tcp://127.0.0.1:{free_port()}", producers=1, ranks=1)

    def test_tcp_three_producers(self):
        self.check(f"tcp://127.0.0.1:{free_port()}", producers=3, ranks=1)

    def test_ipc(self):
        self.check("ipc://race.sock", producers=1, ranks=1)

    def test_file(self):
        self.check("file://queue", producers=1, ranks=1)

    def test_file_three_producers(self):
        self.check("file://queue", producers=3, ranks=1)

    def test_file_two_ranks(self):
        self.check("file://queue", producers=1, ranks=2)

    def test_file_three_producers_two_ranks(self):
        self.check("file://queue", producers=3, ranks=2)

    def test_three_ranks_that_do_not_divide_the_batch(self):
        self.check("file://queue", producers=1, ranks=3)


class AQueueOutlivesItsProducers(SystemTest):
    def test_samples_made_before_the_trainer_starts(self):
        uri = "--queue.uri=file://queue"
        self.run_program("prepare", *self.recipe(), uri, "--samples", STEPS * BATCH)
        self.run_program("train", *self.recipe(), uri, "--out_dir=out", "--record-stream=record")
        train = sorted(line for line in self.record("record") if line[1] == "train")
        self.assertEqual([line[1:] for line in train], self.function("train", STEPS * BATCH))

    def test_damaged_files_are_computed_again(self):
        uri = "--queue.uri=file://queue"
        self.run_program("prepare", *self.recipe(), uri, "--samples", STEPS * BATCH)
        chunks = sorted(self.folder.glob("queue/*/train/*.chunk"))
        self.assertTrue(chunks)
        for chunk in chunks:
            content = bytearray(chunk.read_bytes())
            content[len(content) // 2] ^= 1
            chunk.write_bytes(content)
        maker = self.start("prepare", *self.recipe(), uri)
        self.run_program("train", *self.recipe(), uri, "--out_dir=out", "--record-stream=record")
        self.stop(maker)
        train = sorted(line for line in self.record("record") if line[1] == "train")
        self.assertEqual([line[1:] for line in train], self.function("train", STEPS * BATCH))
        self.assertTrue(list(self.folder.glob("queue/*/quarantine/train-*.chunk")))


if __name__ == "__main__":
    unittest.main()
