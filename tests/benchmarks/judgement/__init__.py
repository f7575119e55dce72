"""Labelled trainings, ill in one known way or healthy, that diagnoses are scored on."""
