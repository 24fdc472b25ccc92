"""`bench stream` with a trainer: how long a run that was killed takes until its first step after `train --resume`."""

import json
import unittest

from harness import LONG_ENOUGH_S, SystemTest


class Bench(SystemTest):
    def measure(self, *arguments):
        output, _ = self.run_program("bench", "stream", *self.recipe(), "--samples=100", "--repeats=1", "--json", *arguments)
        return {line["bench"]: line for line in map(json.loads, output.splitlines())}

    def test_resuming_is_timed_over_a_socket_a_folder_and_inside(self):
        for uri, producers in ((f"ipc://{self.folder}/race.sock", 1), (f"file://{self.folder}/queue", 1), ("inproc://", 0)):
            with self.subTest(uri=uri):
                lines = self.measure(f"--queue.uri={uri}", "--producers=1")
                self.assertEqual(set(lines), {"stream", "resume"})
                self.assertEqual(lines["resume"]["producers"], producers)
                self.assertGreater(lines["resume"]["first_step_s"], 0)
                self.assertLess(lines["resume"]["first_step_s"], LONG_ENOUGH_S)
                self.assertEqual(lines["resume"]["worst_s"], lines["resume"]["first_step_s"])


if __name__ == "__main__":
    unittest.main()
