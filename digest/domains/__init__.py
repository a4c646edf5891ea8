"""
What receivers of bulk mail want of a sender's domain: DKIM keys, and the records in its DNS.
"""
