"""What scripts/bench-peers runs: PyTorch beside Millrace, doing the same work in turns
(docs/explanation/performance.md)."""
