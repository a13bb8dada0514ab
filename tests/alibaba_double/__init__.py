"""A double of Alibaba.com's open platform for tests, over loopback.

It checks what the platform checks: the signature over what has come, the moment, the token, that
every parameter is one of the operation and the required ones are there, and that a product, a tier
or a picture has the form that the documentation gives it. What it does not do is in
docs/channels.md.
"""
