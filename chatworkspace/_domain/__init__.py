"""What is decided: pure rules over values. No time, chance, threads, logging or ports."""
