"""The quiz: seven questions on what the lesson has shown, and a result to print or hand in."""
