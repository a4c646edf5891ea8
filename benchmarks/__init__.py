"""
What is measured against whom. README.md tells how to run it.
"""
