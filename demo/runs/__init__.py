"""Training as the app runs it: jobs and their folders, the process that trains, what it reports."""
