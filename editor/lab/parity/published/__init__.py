"""The published implementations, run unchanged on checkpoints that they write themselves, one case a process.

    python -m editor.lab.parity.published CASE FOLDER OUT

Nothing of theirs is in this package: it is imported from the folder that the user names.
"""
