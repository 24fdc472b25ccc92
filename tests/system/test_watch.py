"""What prepare and train show at their HTTP port: the numbers are those of the record, and the
state says what is waited for."""

import json
import re
import socket
import unittest
import urllib.error
import urllib.request

from harness import SystemTest, free_port

BATCH = 6
ANY_PORT = "--watch.address=127.0.0.1:0"


class Watched(SystemTest):
    def url(self, process):
        """Where the process says that it listens."""
        for line in process.stderr:
            if found := re.search(r"watch at (http://127\.0\.0\.1:\d+)/metrics", line):
                return found[1]
        self.fail(f"{process.args} names no port")

    def get(self, url):
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read().decode()

    def metrics(self, url):
        """Values by name and labels, as they stand in the text."""
        lines = self.get(url + "/metrics").splitlines()
        return {
            key: float(value)
            for key, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        }

    def state(self, url):
        health = json.loads(self.get(url + "/healthz"))
        self.assertEqual(health["status"], "ok")
        return health["state"]


class TheNumbersAreTrue(Watched):
    def waited_for_nobody(self, url):
        return self.metrics(url)[
            'millrace_consumer_wait_seconds_total{cause="no_producer",rank="0"}'
        ]

    def test_prepare_counts_what_it_delivers(self):
        uri = f"--queue.uri=tcp://127.0.0.1:{free_port()}"
        maker = self.start("prepare", *self.recipe(), uri, ANY_PORT, "--json")
        url = self.url(maker)
        self.wait_until(
            lambda: "waiting for a trainer" in self.state(url), "prepare says what it waits for"
        )
        self.run_program("train", *self.recipe(), uri, "--out_dir=out", "--record-stream=record")
        self.wait_until(
            lambda: "waiting for a trainer" in self.state(url),
            "prepare has heard that the trainer left",
        )
        numbers = self.metrics(url)
        delivered = {
            split: numbers[f'millrace_producer_samples_total{{split="{split}"}}']
            for split in ("train", "val", "test")
        }
        record = self.record("record")
        for split in delivered:
            self.assertGreaterEqual(
                delivered[split], len({line[2] for line in record if line[1] == split}), split
            )
        self.assertGreater(numbers["millrace_producer_fill_seconds_total"], 0)
        self.assertEqual(json.loads(self.stop(maker))["samples"], sum(delivered.values()))

    def test_train_counts_what_it_records(self):
        uri = f"--queue.uri=tcp://127.0.0.1:{free_port()}"
        trainer = self.start(
            "train",
            *self.recipe(),
            uri,
            ANY_PORT,
            "--out_dir=out",
            "--record-stream=record",
            "--max_iters=1000000",
        )
        url = self.url(trainer)
        self.wait_until(lambda: "no producer" in self.state(url), "train says what it waits for")
        maker = self.start("prepare", *self.recipe(), uri)
        self.wait_until(
            lambda: self.metrics(url).get('millrace_train_step{rank="0"}', 0) >= 20,
            "train has done 20 steps",
        )
        self.stop(maker)
        self.wait_until(
            lambda: "no producer" in self.state(url), "train says that its producer has left"
        )
        before = self.waited_for_nobody(url)
        self.wait_until(
            lambda: self.waited_for_nobody(url) > before,
            "the wait is blamed on nobody's being there",
        )
        numbers = self.metrics(url)
        train = [line for line in self.record("record") if line[1] == "train"]
        self.assertEqual(numbers['millrace_train_samples_total{rank="0"}'], len(train))
        self.assertEqual(numbers['millrace_train_step{rank="0"}'], len(train) / BATCH)
        self.assertGreater(numbers['millrace_train_step_seconds_total{rank="0"}'], 0)
        self.assertGreater(numbers['millrace_train_loss{rank="0"}'], 0)
        self.assertEqual(numbers['millrace_queue_producers{rank="0"}'], 0)
        self.assertGreaterEqual(
            numbers['millrace_consumer_samples_total{rank="0",split="train"}'], len(train)
        )
        gets = numbers['millrace_consumer_gets_total{rank="0"}']
        self.assertLess(numbers['millrace_consumer_gets_ready_total{rank="0"}'], gets)
        self.stop(trainer)

    def test_every_rank_has_a_port(self):
        arguments = [
            *self.recipe(),
            "--queue.uri=inproc://",
            ANY_PORT,
            "--out_dir=out",
            "--max_iters=1000000",
        ]
        ranks = self.train_ranks(2, *arguments)
        for rank, url in enumerate([self.url(process) for process in ranks]):
            key = f'millrace_train_samples_total{{rank="{rank}"}}'
            self.wait_until(
                lambda: self.metrics(url).get(key, 0) > 0, f"rank {rank} has done a step"
            )
            produced = self.metrics(url)[
                f'millrace_producer_samples_total{{rank="{rank}",split="train"}}'
            ]
            self.assertGreater(produced, 0)
        for process in ranks:
            process.terminate()
        for process in ranks:
            self.finish(process)


class ThePortIsChecked(Watched):
    def test_a_request_under_another_sites_name_is_refused(self):
        maker = self.start("prepare", *self.recipe(), "--queue.uri=file://q", ANY_PORT)
        url = self.url(maker)
        for host, status in (("attacker.example:80", 421), ("localhost", 200)):
            request = urllib.request.Request(url + "/metrics", headers={"Host": host})
            if status == 200:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    self.assertNotIn("Access-Control-Allow-Origin", answer.headers)
                continue
            with self.assertRaises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request, timeout=10)
            self.assertEqual(refused.exception.code, status)
            self.assertIn("use its IP address, localhost, or", refused.exception.read().decode())
        self.stop(maker)

    def test_other_paths_and_methods(self):
        url = self.url(self.start("prepare", *self.recipe(), "--queue.uri=file://queue", ANY_PORT))
        for request, status in (
            (url + "/", 404),
            (urllib.request.Request(url + "/metrics", data=b"x"), 405),
        ):
            with self.assertRaises(urllib.error.HTTPError) as refused:
                self.get(request)
            self.assertEqual(refused.exception.code, status)
            refused.exception.close()

    def test_a_port_in_use(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            address = f"127.0.0.1:{other.getsockname()[1]}"
            for program in ("prepare", "train"):
                _, errors = self.run_program(
                    program, *self.recipe(), f"--watch.address={address}", status=1
                )
                self.assertIn(f"cannot listen at watch.address {address}", errors)

    def test_an_address_that_others_can_reach(self):
        for program in ("prepare", "train"):
            _, errors = self.run_program(
                program, *self.recipe(), "--watch.address=0.0.0.0:0", status=2
            )
            self.assertIn("watch.exposed = true", errors)


if __name__ == "__main__":
    unittest.main()
