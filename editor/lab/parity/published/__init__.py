"""Run the published implementations unchanged on checkpoints that they write, one case in each process.

    python -m editor.lab.parity.published CASE FOLDER OUT

None of their code is in this package: it is imported from the folder that the user names.
"""
