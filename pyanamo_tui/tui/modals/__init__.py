"""What opens over a screen: questions, progress, results, help."""
