"""Errors that end a program with one line on stderr and an exit status (config/errors.h)."""


class Error(RuntimeError):
    """Data, a peer or a folder that cannot be used. Programs end with exit status 1."""

    status = 1


class UsageError(Error):
    """A wrong argument, recipe or provider. Programs end with exit status 2."""

    status = 2
