"""What is drawn on more than one screen, and what is large enough to stand alone: tables, logs, charts, lines."""
