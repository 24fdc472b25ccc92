"""Ranks that are not of one run, that wait for what never comes, or that are slow; programs that
one process runs, started as several; and fewer CPU threads than were asked for."""

import json
import signal
import socket
import threading
import time
import unittest

from xxhash import xxh64_hexdigest

from harness import BIN, SystemTest, free_port

SLOW_DISK = BIN.parent / "tests" / "system" / "libslow_disk.so"


class RanksTest(SystemTest):
    def start_rank(self, rank, port, *arguments, environment=None):
        """One rank of two."""
        return self.start(
            "train",
            *self.recipe(),
            "--queue.uri=inproc://",
            "--out_dir=out",
            *arguments,
            environment={
                "WORLD_SIZE": "2",
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port),
                **(environment or {}),
            },
        )

    def start_two(self, of_first=(), of_second=(), environment=None):
        port = free_port()
        return [
            self.start_rank(rank, port, *arguments, environment=environment)
            for rank, arguments in enumerate((of_first, of_second))
        ]

    def finish_both(self, ranks, status=0):
        for rank in ranks:
            self.finish(rank, status)


class AreOfOneRun(RanksTest):
    """A rank with another recipe, or of another job, is refused before the first step."""

    def refused(self, difference, of_first=(), of_second=()):
        with self.subTest(difference):
            ranks = self.start_two(of_first, of_second)
            self.finish_both(ranks, status=2)
            for rank in ranks:
                self.assertIn(f"error: the ranks are not of one run: {difference}; ", rank.errors)
            self.assertFalse((self.folder / "out").exists(), "nothing was begun")

    def test_keys_are_compared(self):
        for key, other, first in (
            ("train.batch_size", "4", "6"),
            ("train.learning_rate", "0.5", "0.002"),
            ("train.max_iters", "13", "12"),
            ("train.eval_interval", "7", "6"),
            ("model.n_layer", "2", "1"),
            ("data.data_seed", "5", "1337"),
            ("provider.block_size", "16", "24"),
        ):
            self.refused(
                f"{key} is {other} on rank 1 and {first} on rank 0",
                of_second=[f"--{key}={other}"],
            )

    def test_what_a_key_stands_for_is_compared(self):
        self.refused(
            "train.dtype is float64 on rank 1 and float32 on rank 0",
            ["--dtype=float32"],
            ["--dtype=float64"],
        )

    def test_keys_of_a_ranks_own_may_differ(self):
        own = ["--out_dir=elsewhere", "--log_interval=5", "--train.threads=2", "--timeout_s=50"]
        self.finish_both(self.start_two(of_second=own))
        self.assertTrue((self.folder / "out/final").exists())

    def test_a_rank_of_another_job_does_not_join(self):
        for variable in ("MILLRACE_JOB_ID", "TORCHELASTIC_RUN_ID", "SLURM_JOB_ID"):
            with self.subTest(variable):
                port, out = free_port(), f"--out_dir=out-{variable}"
                first = self.start_rank(0, port, out, environment={variable: "one"})
                stranger = self.start_rank(1, port, out, environment={variable: "two"})
                self.finish(stranger, status=2)
                self.assertRegex(
                    stranger.errors,
                    rf"error: rank 0 at 127.0.0.1:{port} \(MASTER_ADDR:MASTER_PORT\) belongs to "
                    rf"another job: {variable}=one there and {variable}=two here; ",
                )
                self.assertIsNone(first.poll(), "the first job waits for its own rank")
                self.finish(self.start_rank(1, port, out, environment={variable: "one"}))
                self.finish(first)

    def test_a_port_in_use_is_named(self):
        with socket.socket() as taken:
            taken.bind(("0.0.0.0", 0))
            taken.listen()
            port = taken.getsockname()[1]
            rank = self.start_rank(0, port)
            self.finish(rank, status=2)
            self.assertIn(f"error: MASTER_PORT = {port} is in use on this host", rank.errors)


class WaitNoLongerThanTheySay(RanksTest):
    TIMEOUT_S = 2
    A_LITTLE_S = 6  # to start, and to leave

    def setUp(self):
        super().setUp()
        self.server = socket.socket()
        self.addCleanup(self.server.close)
        self.server.bind(("127.0.0.1", 0))
        self.server.listen()
        self.port = self.server.getsockname()[1]

    def answer(self, words):
        """Sends the words to whoever connects, and keeps the connection."""
        connections = []

        def serve():
            try:
                while True:
                    connections.append(self.server.accept()[0])
                    connections[-1].sendall(words)
            except OSError:
                return

        threading.Thread(target=serve, daemon=True).start()

    def expect_in_time(self, rank, since):
        self.finish(rank, status=1)
        self.assertLess(time.monotonic() - since, self.TIMEOUT_S + self.A_LITTLE_S)
        self.assertRegex(
            rank.errors,
            r"error: rank \d of 2 waited for the other ranks at the start, up to 2 s "
            r"\(train.timeout_s\), at 127.0.0.1:",
        )

    def test_for_a_server_that_does_not_answer(self):
        since = time.monotonic()
        rank = self.start_rank(1, self.port, f"--timeout_s={self.TIMEOUT_S}")
        self.expect_in_time(rank, since)
        self.assertIn("nothing there answers as rank 0's store does", rank.errors)

    def test_for_a_server_of_another_kind(self):
        self.answer(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        since = time.monotonic()
        self.expect_in_time(self.start_rank(1, self.port, f"--timeout_s={self.TIMEOUT_S}"), since)

    def test_for_a_rank_that_does_not_come(self):
        since = time.monotonic()
        rank = self.start_rank(0, free_port(), f"--timeout_s={self.TIMEOUT_S}")
        self.expect_in_time(rank, since)
        self.assertIn("nothing was heard of rank 1", rank.errors)

    def test_a_signal_ends_them_at_once(self):
        for what, rank, port in (
            ("a silent server", 1, self.port),
            ("no server", 1, free_port()),
            ("no other rank", 0, free_port()),
        ):
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                with self.subTest(what, number=number):
                    process = self.start_rank(rank, port, "--timeout_s=600")
                    time.sleep(1.0)
                    since = time.monotonic()
                    self.stop(process, with_signal=number)
                    self.assertLess(time.monotonic() - since, 3.0)
                    self.assertIn("asked to stop before all ranks had come", process.errors)


class AreWaitedForWhileTheyWork(RanksTest):
    """Saving and loading may take longer than train.timeout_s."""

    SHORT = ["--timeout_s=2", "--checkpoint_interval=5", "--max_iters=10", "--eval_interval=100"]

    def test_by_the_others(self):
        slow = {"LD_PRELOAD": str(SLOW_DISK)}
        ranks = self.start_two(self.SHORT, self.SHORT, environment={**slow, "SLOW_FSYNC_S": "1.2"})
        self.finish_both(ranks)
        self.assertIn("waiting for rank 0 (saving a checkpoint)", ranks[1].errors)
        more = [*self.SHORT, "--max_iters=12", "--resume"]
        ranks = self.start_two(more, more, environment={**slow, "SLOW_OPEN_S": "4"})
        self.finish_both(ranks)
        self.assertIn("waiting for rank 0 (looking for a checkpoint)", ranks[1].errors)

    def test_but_not_once_they_are_dead(self):
        environment = {"LD_PRELOAD": str(SLOW_DISK), "SLOW_FSYNC_S": "600"}
        first, second = self.start_two(self.SHORT, self.SHORT, environment=environment)
        self.wait_until((self.folder / "out").exists, "the ranks have met")
        time.sleep(4.0)
        self.assertIsNone(second.poll(), "rank 0 opens its files")
        first.send_signal(signal.SIGSTOP)
        self.finish(second, status=1)
        self.assertIn("waited for the other ranks at", second.errors)


class OneProcessIsEnough(SystemTest):
    def test_for_sample_and_evaluate(self):
        self.run_program("train", *self.recipe(), "--queue.uri=inproc://", "--out_dir=out")
        for program, arguments in (("evaluate", ["--windows", "6"]), ("sample", ["--output", "x"])):
            with self.subTest(program):
                for rank in (1, 0):
                    process = self.start(
                        program,
                        *("--checkpoint", "out", *arguments),
                        environment={
                            "WORLD_SIZE": "2",
                            "RANK": str(rank),
                            "MASTER_ADDR": "127.0.0.1",
                            "MASTER_PORT": str(free_port()),
                        },
                    )
                    output = self.finish(process)
                    if rank == 1:
                        self.assertEqual(output, "")
                        self.assertFalse((self.folder / "x").exists())
                        self.assertIn("rank 1 of 2 has nothing to do", process.errors)
                    else:
                        self.assertTrue(output or (self.folder / "x").read_text())


class CpuThreads(SystemTest):
    # bfloat16, as on a CPU that is fast at it: products in it go wrong if fewer threads come.
    ARGUMENTS = (
        "--dtype=bfloat16",
        "--n_embd=64",
        "--provider.block_size=64",
        "--batch_size=16",
        "--queue.uri=inproc://",
        "--out_dir=out",
    )

    def evaluate(self, environment):
        process = self.start(
            "evaluate",
            *("--checkpoint", "out", "--windows", "32", "--json", "--train.threads=2"),
            environment=environment,
        )
        return json.loads(self.finish(process)), process.errors

    def test_are_as_many_as_come(self):
        self.run_program("train", *self.recipe(), *self.ARGUMENTS)
        plain, errors = self.evaluate({})
        self.assertEqual(plain["computed_on"]["threads"], 2)
        self.assertNotIn("OpenMP", errors)
        for variable, value, threads in (
            ("OMP_DYNAMIC", "true", 2),
            ("OMP_THREAD_LIMIT", "1", 1),
            ("OMP_MAX_ACTIVE_LEVELS", "0", 1),
        ):
            with self.subTest(variable):
                found, errors = self.evaluate({variable: value})
                self.assertEqual(found["computed_on"]["threads"], threads)
                self.assertEqual("of 2 CPU threads OpenMP starts 1" in errors, threads == 1)
                self.assertAlmostEqual(found["loss"]["value"], plain["loss"]["value"], delta=0.01)


class Evaluate(SystemTest):
    def test_a_result_that_is_not_finite_is_an_error(self):
        self.run_program("train", *self.recipe(), "--queue.uri=inproc://", "--out_dir=out")
        folder = (self.folder / "out/final").resolve()
        model = folder / "model.safetensors"
        content = bytearray(model.read_bytes())
        content[-400:] = b"\xff\xff\xff\x7f" * 100  # NaN
        model.write_bytes(content)
        state = json.loads((folder / "trainer.json").read_text())
        del state["xxh64"]
        state["files"]["model.safetensors"]["xxh64"] = xxh64_hexdigest(bytes(content))
        text = json.dumps(state, separators=(",", ":"), ensure_ascii=False)
        state["xxh64"] = xxh64_hexdigest(text.encode())
        (folder / "trainer.json").write_text(json.dumps(state, ensure_ascii=False))
        for arguments in ((), ("--iters", "3"), ("--json", "--show", "1")):
            output, errors = self.run_program(
                "evaluate", "--checkpoint", folder, *arguments, status=1
            )
            self.assertEqual(output, "")
            self.assertIn("error: the result is not finite (", errors)


if __name__ == "__main__":
    unittest.main()
