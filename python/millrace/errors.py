"""What ends a program of ours with one line, by its exit status: as config/errors.h has it."""


class Error(RuntimeError):
    """Data, a peer or a folder that cannot be used (exit status 1)."""

    status = 1


class UsageError(Error):
    """A recipe or a provider that cannot be (exit status 2)."""

    status = 2
