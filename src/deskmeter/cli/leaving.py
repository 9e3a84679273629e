"""How a command ends early through no fault of anybody."""


class PipeClosedError(Exception):
    """The reader of our output has gone (`| head`); there is nothing left to say."""


class InterruptedByUserError(Exception):
    """Ctrl-C."""
