"""Stable forms of whole lets (stage 4), which are differentiated afterwards.

Those of expressions are the rules of `objc.passes.rewrites`.
"""
