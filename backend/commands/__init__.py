"""The `lockstep` command, one module per group of commands; `backend.cli` puts them together.

A module imports what it drives inside the command, so that `lockstep --help` and the small processes stay fast.
"""
