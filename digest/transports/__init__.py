"""
Ways out: SMTP, a folder of .eml files, or a list for tests.
"""
