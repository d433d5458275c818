"""Checks only real hardware can answer (tier `hardware`): silicon, supplies, generations, a model that runs."""
